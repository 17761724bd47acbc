//! What a provider says a repository holds: first as listed, then as something that can be fetched and verified.
//!
//! The two are different types because of one fact (hub-protocol §0.2): for a caller without access a hub lists every
//! file with its real size but masks the SHA-256 of the large ones. Such an entry may be shown in a plan; it must never
//! be fetched, since nothing could hold the bytes to account.

use crate::digest::Digest;
use crate::repo::{Commit, Repo, RepoPath};

/// Whether a repository's content is behind a gate, as the listing says without any token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gate {
    /// Anyone may read the content.
    #[default]
    Open,
    /// A gate: the terms must be accepted first; `automatic` gates let everybody in who does.
    Gated {
        /// Whether acceptance alone opens it, without a review.
        automatic: bool,
    },
    /// Only members may see that the repository exists.
    Private,
}

impl Gate {
    /// The hub's own word for it, for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Gated { automatic: true } => "auto",
            Self::Gated { automatic: false } => "manual",
            Self::Private => "private",
        }
    }
}

/// A commit that a revision points to, and what guards its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The commit that the revision names at this moment.
    pub commit: Commit,
    /// What guards the content.
    pub gate: Gate,
    /// A file that only those get who may read the content, where the same answer names one.
    pub telling: Option<RepoPath>,
}

/// One file of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands in the repository.
    pub path: RepoPath,
    /// Length in bytes.
    pub size: u64,
    /// The hash of its content; none where the listing masks it.
    pub digest: Option<Digest>,
    /// The id of the git object: the content itself for a small file, the pointer for an LFS file.
    pub blob_id: Option<String>,
    /// The Xet file id, where the hub stores the file that way and does not mask it.
    pub xet_hash: Option<String>,
}

impl Entry {
    /// The file in a form that can be fetched, where its hash is known.
    #[must_use]
    pub fn to_file(&self) -> Option<RepoFile> {
        Some(RepoFile { path: self.path.clone(), size: self.size, digest: self.digest? })
    }
}

/// A file that can be fetched: the bytes that arrive can be held to its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoFile {
    /// Where it stands in the repository.
    pub path: RepoPath,
    /// Length in bytes.
    pub size: u64,
    /// The hash that its content must have.
    pub digest: Digest,
}

/// Every file of a repository at one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The repository, by the id that was asked for (a renamed one keeps its old folder).
    pub repo: Repo,
    /// The commit that was listed.
    pub commit: Commit,
    /// All its files, sorted by path, each path once.
    pub entries: Vec<Entry>,
}
