//! The shared cache on this machine, in the layout that every tool of the ecosystem reads, and the folder of
//! `--local-dir`.
//!
//! The room keeps the second promise: only verified bytes get a name. [`RepoCache::publish`] and [`Folder::publish`] take
//! a [`partial::Verified`] by value, and nothing but a finished hash makes one; whatever comes from another tool's hands
//! ([`RepoCache::adopt`], [`Folder::place_copy`]) is hashed here first, because other tools compare at most the length
//! (hub-protocol §0.7). Everything gets its final name by a rename within one file system, so a kill at any moment leaves
//! either the old state or the new one.
//!
//! | module | holds |
//! |---|---|
//! | [`layout`] | where everything stands in the cache (pure), with the tree drawn |
//! | [`lock`], `soft_lock` | one writer for each blob, shared with Python's filelock |
//! | [`partial`], `journal`, `ranges`, `stamp`, `holes` | bytes that have no name yet, and what is known of them |
//! | `store` | one repository's cache: preparing it, its refs, its listings |
//! | `blob` | what is here already, what another repository has, publishing |
//! | `snapshot` | the links that give a blob a file name, or what replaces them where there are no links |
//! | [`folder`], `sidecar` | `--local-dir` and `huggingface_hub`'s notes about it |
//! | [`delivery`] | from the cache into an application's folder |
//! | `debris` | what killed runs left |
//! | `abilities`, `unfinished` | for `gatedl doctor`: what the file system can do, what was left behind |
//! | `notes` | what was hashed, and in which state: the meaning of "verified" on the disk |
//! | `durable` | bringing to the disk what a ref is about to promise |
//! | `links` | which files of applications share their bytes with a blob |
//! | `marks` | refs that hold a commit while its pull is not done |
//! | `listing` | the JSON of `trees/<commit>.json` |
//! | [`space`] | room on the disk |
//! | `process`, `activity` | who writes, as a mark that others can read; whether somebody gets on |
//! | `content`, `place`, `inside` | hashing and copying; renames and whole-file writes; folders of the user |
//!
//! Nothing here knows about HTTP, the environment or a terminal, and all calls block: async callers use a thread.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::digest::Digest;
use crate::repo::RepoPath;

mod abilities;
mod activity;
mod blob;
mod content;
mod debris;
pub(crate) mod delivery;
mod destination;
mod durable;
pub(crate) mod folder;
mod holes;
mod inside;
mod journal;
pub(crate) mod layout;
mod links;
mod listing;
pub(crate) mod lock;
mod marks;
mod notes;
pub(crate) mod partial;
mod place;
mod process;
mod ranges;
mod sidecar;
mod snapshot;
mod soft_lock;
pub(crate) mod space;
mod stamp;
mod store;
#[cfg(test)]
mod tests;
mod unfinished;

pub(crate) use abilities::{Abilities, Locks, abilities};
pub(crate) use activity::Activity;
pub(crate) use destination::{Damage, Destination, DestinationKind, LocalContent, Presence};
pub(crate) use folder::Folder;
pub(crate) use layout::RepoLayout;
pub(crate) use links::shared_blobs;
pub(crate) use lock::BlobLock;
pub(crate) use marks::has_marks;
pub(crate) use notes::ContentState;
pub(crate) use partial::{Judgement, Mismatch, Partial, PartialPlace};
pub(crate) use place::resolve;
pub(crate) use ranges::Ranges;
pub(in crate::store) use store::commit_in;
pub(crate) use store::{Links, RepoCache, holder_of};
pub(crate) use unfinished::{Unfinished, of as unfinished_of, unfinished};

/// What went wrong in the cache or in a destination folder.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum CacheError {
    /// The system refused an operation.
    #[error("could not {action} `{}`", path.display())]
    Io {
        /// What was tried, to be read after "could not": "create the folder".
        action: &'static str,
        /// What it was tried on.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The disk, or the user's share of it, filled up during the work.
    #[error("could not {action} `{}`: the disk is full", path.display())]
    Full {
        /// What was tried, as in [`CacheError::Io`].
        action: &'static str,
        /// What it was tried on.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The cache can be read only, and something is to be written into it.
    #[error("the cache can only be read: could not {action} `{}`", path.display())]
    ReadOnly {
        /// What was tried, as in [`CacheError::Io`].
        action: &'static str,
        /// What it was tried on.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The work does not fit on the disk; known before its first byte.
    #[error("not enough space for `{}`: {needed} bytes needed, {available} available", path.display())]
    NoSpace {
        /// Where the bytes would go.
        path: PathBuf,
        /// Bytes that the work needs.
        needed: u64,
        /// Bytes that this user may still write there.
        available: u64,
    },
    /// A folder stands where a file belongs.
    #[error("a folder stands in the way of the file `{}`", path.display())]
    FolderInTheWay {
        /// The folder.
        path: PathBuf,
    },
    /// A file stands where a folder belongs.
    #[error("`{}` is in the way: a folder is needed there", path.display())]
    FileInTheWay {
        /// The file.
        path: PathBuf,
    },
    /// A link to nothing stands where a folder belongs.
    #[error("`{}` is a link to `{}`, which is not there; is its disk mounted?", path.display(), target.display())]
    LeadsNowhere {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// Something that is neither a regular file nor absent stands where a lock belongs.
    #[error("`{}` is not a regular file, so it cannot serve as a lock", path.display())]
    ForeignLock {
        /// What was found.
        path: PathBuf,
    },
    /// A link inside a destination folder leads out of it.
    #[error("`{}` is a link out of the destination folder (to `{}`)", path.display(), target.display())]
    LeadsOutside {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// The repository has a file in the folder that holds the notes about downloads.
    #[error("the repository's file `{path}` would overwrite the notes about downloads in `.cache/huggingface`")]
    ReservedPath {
        /// The file's path in the repository.
        path: String,
    },
    /// Another file has the name that a delivery would give.
    #[error("`{}` is there already, with other content", path.display())]
    Occupied {
        /// The file's path.
        path: PathBuf,
    },
    /// Content of the cache is not what its name says.
    #[error("`{}` is damaged: its content is not what its name in the cache says", path.display())]
    Damaged {
        /// The file's path.
        path: PathBuf,
    },
    /// Content is what its name says, and not what the caller expects.
    #[error("`{path}` is {found}, but {expected} is expected")]
    Unexpected {
        /// The file's path in the repository.
        path: RepoPath,
        /// The hash of the content.
        found: Digest,
        /// The hash that was expected.
        expected: Digest,
    },
    /// Between verification and publication somebody else put another file at the path.
    #[error("`{}` was replaced by another program while it was verified", path.display())]
    Replaced {
        /// The file's path.
        path: PathBuf,
    },
    /// A file was here, and another program removed it before the pull could end.
    #[error("another program removes `{}` while it is pulled", path.display())]
    Removed {
        /// The file's path.
        path: PathBuf,
    },
    /// A link was asked for before its blob was published.
    #[error("the content `{}` is not in the cache", path.display())]
    MissingBlob {
        /// Where the blob would be.
        path: PathBuf,
    },
}

impl CacheError {
    /// Turns the system's answer into an error that names what was tried and on what: `.map_err(CacheError::at(…))`.
    /// A full disk and a spent quota become [`CacheError::Full`].
    pub(crate) fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { action, path, source },
            _ => Self::Io { action, path, source },
        }
    }

    /// The same, where the cache at `root` turns out to be one that can only be read.
    #[must_use]
    pub(crate) fn in_cache(self, root: &Path) -> Self {
        let root = [root.to_path_buf(), resolve(root)];
        match self {
            Self::Io { action, path, source }
                if matches!(source.kind(), io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
                    && root.iter().any(|root| path.starts_with(root)) =>
            {
                Self::ReadOnly { action, path, source }
            }
            other => other,
        }
    }

    /// What another program took away while it was needed: a file, or a folder that was to hold one.
    #[must_use]
    pub(crate) fn removed(&self) -> Option<&Path> {
        match self {
            Self::Removed { path } | Self::MissingBlob { path } => Some(path),
            Self::Io { path, source, .. } if source.kind() == io::ErrorKind::NotFound => Some(path),
            _ => None,
        }
    }

    /// Whether more room on the disk would cure it.
    #[must_use]
    pub(crate) const fn is_disk_full(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::NoSpace { .. })
    }
}

#[cfg(test)]
mod error_tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn an_error_names_the_deed_and_the_path_and_keeps_its_cause() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let error = CacheError::at("create the folder", Path::new("/models"))(denied);
        assert_eq!(error.to_string(), "could not create the folder `/models`");
        assert!(error.source().is_some() && !error.is_disk_full());
    }

    #[test]
    fn a_full_disk_and_a_spent_quota_can_be_told_from_the_rest() {
        for kind in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded] {
            let error = CacheError::at("write", Path::new("/x"))(kind.into());
            assert!(error.is_disk_full(), "{kind}");
            assert_eq!(error.to_string(), "could not write `/x`: the disk is full");
        }
    }
}
