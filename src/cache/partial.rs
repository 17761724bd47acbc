//! Content that has no name yet. A stand-in: the transfer engine's side of this module replaces it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::digest::Digest;

/// Proof that a partial file holds exactly the content of its digest.
#[derive(Debug)]
pub struct Verified {
    path: PathBuf,
    journal: PathBuf,
    digest: Digest,
    size: u64,
    handle: File,
}

impl Verified {
    #[cfg(test)]
    pub(super) fn for_tests(path: PathBuf, journal: PathBuf, digest: Digest, size: u64) -> Self {
        let handle = File::open(&path).expect("the partial file exists");
        Self { path, journal, digest, size, handle }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn journal(&self) -> &Path {
        &self.journal
    }

    pub(super) const fn digest(&self) -> &Digest {
        &self.digest
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Whether the path still names the file that was verified.
    pub(super) fn still_in_place(&self) -> io::Result<bool> {
        super::lock::is_at(&self.handle, &self.path)
    }
}
