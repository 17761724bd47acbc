//! What a provider says a repository holds: first as listed, then as something that can be fetched and verified.
//!
//! The two are different types because of one fact (hub-protocol §0.2): for a caller without access a hub lists every
//! file with its real size but masks the SHA-256 of the large ones. Such an entry may be shown in a plan; it must never
//! be fetched, since nothing could hold the bytes to account.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::repo::{Commit, Repo, RepoPath};

/// Whether a repository's content is behind a gate, as the listing says without any token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Gate {
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
    /// The provider does not say; the first file that is asked for tells.
    Unsaid,
}

impl Gate {
    /// The hub's own word for it, for programs.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Gated { automatic: true } => "auto",
            Self::Gated { automatic: false } => "manual",
            Self::Private => "private",
            Self::Unsaid => "unsaid",
        }
    }
}

/// A commit that a revision points to, and what guards its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// The commit that the revision names at this moment.
    pub(crate) commit: Commit,
    /// What guards the content.
    pub(crate) gate: Gate,
    /// The repository by the id that it is kept under, where it was asked for by another: a version by its number alone.
    pub(crate) repo: Option<Repo>,
    /// The number of the file that is meant, where it was asked for by its hash.
    pub(crate) file: Option<u64>,
    /// A file that only those get who may read the content, where the same answer names one.
    pub(crate) telling: Option<RepoPath>,
}

/// One file of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedFile {
    /// Where it stands in the repository.
    pub(crate) path: RepoPath,
    /// Length in bytes.
    pub(crate) size: u64,
    /// The hash of its content; none where the listing masks it.
    pub(crate) digest: Option<Digest>,
    /// The id of the git object: the content itself for a small file, the pointer for an LFS file.
    pub(crate) blob_id: Option<String>,
    /// The Xet file id, where the hub stores the file that way and does not mask it.
    pub(crate) xet_hash: Option<String>,
    /// What a provider that numbers its files says about it besides.
    pub(crate) published: Option<Box<Published>>,
}

/// A file as a provider publishes it that numbers its files: several of one version may bear the same name, and its length
/// may be told rounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Published {
    /// The file's number.
    pub(crate) id: u64,
    /// The name that the provider gives it, safe to print; never a path.
    pub(crate) name: String,
    /// Whether it is the one that is meant where none is named.
    pub(crate) primary: bool,
    /// What tells it from others of its name, safe to print: `fp8, SafeTensor`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) form: String,
    /// What it is like, in the provider's words, by the keys that its links use.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) traits: BTreeMap<String, String>,
    /// What came of the scans of it, by their names.
    pub(crate) scans: BTreeMap<String, Scan>,
    /// Whether its length is exact rather than rounded.
    pub(crate) measured: bool,
    /// As [`ProviderFileId::asked_as`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) asked_as: Option<String>,
}

/// Traits that others than the provider know the meaning of.
pub(crate) mod traits {
    /// What kind of file it is: `Model`, `VAE`, `Training Data`.
    pub(crate) const OF_FILE: &str = "type";
    /// What kind of model it belongs to: `Checkpoint`, `LORA`.
    pub(crate) const OF_MODEL: &str = "modelType";
}

/// What a provider that numbers its files knows a file by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProviderFileId {
    /// Its number.
    pub(crate) number: u64,
    /// How it is asked for where that is not the number alone: the provider wrote this, and nobody else reads it.
    pub(crate) asked_as: Option<String>,
}

/// What came of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scan {
    /// Nothing was found.
    Passed,
    /// It is not over.
    Pending,
    /// It did not come to an end, or says something new.
    Unclear,
    /// Something was found.
    Danger,
}

impl ListedFile {
    /// The file in a form that can be fetched, where its hash is known.
    #[must_use]
    pub(crate) fn to_file(&self) -> Option<RepoFile> {
        let id = self.file_id();
        Some(RepoFile { path: self.path.clone(), size: self.size, digest: self.digest?, id })
    }

    /// What the provider knows it by, where it numbers its files.
    #[must_use]
    pub(crate) fn file_id(&self) -> Option<ProviderFileId> {
        let published = self.published.as_ref()?;
        Some(ProviderFileId { number: published.id, asked_as: published.asked_as.clone() })
    }

    /// Whether the size is exact.
    #[must_use]
    pub(crate) fn is_measured(&self) -> bool {
        self.published.as_ref().is_none_or(|published| published.measured)
    }

    /// The exact length has become known.
    pub(crate) fn set_size(&mut self, size: u64) {
        self.size = size;
        if let Some(published) = &mut self.published {
            published.measured = true;
        }
    }

    /// Whether what is said about it is the last word: a hash or a scan may still be on its way.
    #[must_use]
    pub(crate) fn is_settled(&self) -> bool {
        self.published.as_ref().is_none_or(|published| {
            self.digest.is_some() && published.scans.values().all(|scan| *scan != Scan::Pending)
        })
    }

    /// Whether a file has a trait that a link asks for, in any case.
    #[must_use]
    pub(crate) fn has_trait(&self, key: &str, value: &str) -> bool {
        self.published_trait(key).is_some_and(|own| own.eq_ignore_ascii_case(value))
    }

    /// A trait of the file, in the provider's words.
    #[must_use]
    pub(crate) fn published_trait(&self, key: &str) -> Option<&str> {
        self.published.as_ref()?.traits.get(key).map(String::as_str)
    }

    /// The name by which its publisher knows it; the path where there is no other.
    #[must_use]
    pub(crate) fn published_name(&self) -> &str {
        self.published.as_ref().map_or(self.path.as_str(), |published| &published.name)
    }
}

/// A file that can be fetched: the bytes that arrive can be held to its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RepoFile {
    /// Where it stands in the repository.
    pub(crate) path: RepoPath,
    /// Length in bytes.
    pub(crate) size: u64,
    /// The hash that its content must have.
    pub(crate) digest: Digest,
    /// What the provider knows it by, where it numbers its files.
    pub(crate) id: Option<ProviderFileId>,
}

/// Every file of a repository at one commit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Listing {
    /// The files, sorted by path, each path once.
    pub(crate) entries: Vec<Arc<ListedFile>>,
    /// The files that cannot be had here, because of their names. They are kept apart so that they do not stand in the
    /// way of the others.
    pub(crate) odd: Vec<Odd>,
}

/// A file under a name that a repository may have and a folder here may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Odd {
    /// The name, as the repository spells it: never a path, and not safe to print.
    pub(crate) name: String,
    /// Which rule it breaks, to be read after "it": "it contains a backslash".
    pub(crate) reason: &'static str,
    /// Length in bytes, where it is known.
    pub(crate) size: Option<u64>,
    /// As [`ListedFile::digest`].
    pub(crate) digest: Option<Digest>,
    /// As [`ListedFile::blob_id`].
    pub(crate) blob_id: Option<String>,
    /// As [`ListedFile::xet_hash`].
    pub(crate) xet_hash: Option<String>,
}

/// The endings for which the `.gitattributes` of every new repository asks for Git LFS, and `.gguf`.
const KEPT_IN_LFS: [&str; 33] = [
    "7z",
    "arrow",
    "bin",
    "bz2",
    "ckpt",
    "ftz",
    "gguf",
    "gz",
    "h5",
    "joblib",
    "mlmodel",
    "model",
    "msgpack",
    "npy",
    "npz",
    "onnx",
    "onnx_data",
    "ot",
    "parquet",
    "pb",
    "pickle",
    "pkl",
    "pt",
    "pth",
    "rar",
    "safetensors",
    "tar",
    "tflite",
    "tgz",
    "wasm",
    "xz",
    "zip",
    "zst",
];

/// Whether a hub keeps files of such a name in Git LFS, as a rule.
#[must_use]
pub(crate) fn is_kept_in_lfs(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| KEPT_IN_LFS.contains(&ending))
}
