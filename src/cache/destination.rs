//! Where a pull puts its files: a snapshot of the shared cache, or a folder of the user's. The transfer engine works for
//! both without knowing which it is.

use std::borrow::Borrow;
use std::path::PathBuf;

use super::partial::{PartialPlace, Verified};
use super::{BlobLock, CacheError, Folder, RepoCache};
use crate::manifest::{Entry, RepoFile};
use crate::repo::{Commit, RepoPath};

/// The place for the files of one commit.
#[derive(Debug)]
pub struct Destination {
    commit: Commit,
    cache: RepoCache,
    folder: Option<Folder>,
}

/// Content that is on this machine, though not yet under the name that it will have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Here {
    /// A blob of this repository: it lacks a file name only.
    Blob,
    /// A blob of this repository or another one that must be hashed before it can be used.
    Elsewhere(PathBuf),
}

impl Destination {
    /// The snapshot of `commit` in the cache, or, where a folder is given, that folder. The cache then only lends blobs.
    #[must_use]
    pub const fn new(commit: Commit, cache: RepoCache, folder: Option<Folder>) -> Self {
        Self { commit, cache, folder }
    }

    /// The commit.
    #[must_use]
    pub const fn commit(&self) -> &Commit {
        &self.commit
    }

    /// The folder that holds the files in the end.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.folder.as_ref().map_or_else(|| self.cache.snapshot_folder(&self.commit), |folder| folder.root().to_owned())
    }

    /// Where a file is in the end.
    #[must_use]
    pub fn path(&self, path: &RepoPath) -> PathBuf {
        self.root().join(path.to_path())
    }

    /// Whether a file is in its place already.
    #[must_use]
    pub fn is_in_place(&self, file: &RepoFile) -> bool {
        match &self.folder {
            Some(folder) => folder.is_current(&self.commit, file),
            None => self.cache.is_complete(&self.commit, file),
        }
    }

    /// Content of a file that is on this machine already.
    #[must_use]
    pub fn find(&self, file: &RepoFile) -> Option<Here> {
        let own = self.cache.has_blob(file);
        match (own, &self.folder) {
            (true, None) => Some(Here::Blob),
            // other tools verify nothing, so what leaves the cache is hashed on its way
            (true, Some(_)) => Some(Here::Elsewhere(self.cache.layout().blob(&file.digest))),
            (false, _) => self.cache.find_elsewhere(file).map(Here::Elsewhere),
        }
    }

    /// Uses content that is on this machine; `false` where it is not what its name says.
    ///
    /// # Errors
    /// Where it cannot be read, linked or copied.
    pub fn take(&self, file: &RepoFile, here: &Here) -> Result<bool, CacheError> {
        let taken = match (here, &self.folder) {
            (Here::Blob, _) => true,
            (Here::Elsewhere(blob), None) => self.cache.adopt(file, blob)?,
            (Here::Elsewhere(blob), Some(folder)) => folder.place_copy(blob, file)?,
        };
        if taken {
            self.settle(file)?;
        }
        Ok(taken)
    }

    /// Those of the files whose places hold something that no pull left there.
    pub fn strange<'a>(&self, files: impl Iterator<Item = &'a RepoFile>) -> Vec<&'a RepoPath> {
        let Some(folder) = &self.folder else { return Vec::new() };
        files.map(|file| &file.path).filter(|path| folder.is_strange(path)).collect()
    }

    /// Makes what a pull needs before its first byte.
    ///
    /// # Errors
    /// Where a folder cannot be made or something is in the way of a file.
    pub fn prepare<'a>(&self, files: impl Iterator<Item = &'a RepoFile>) -> Result<(), CacheError> {
        match &self.folder {
            Some(folder) => {
                folder.prepare()?;
                let files: Vec<&RepoFile> = files.collect();
                files.iter().try_for_each(|file| folder.prepare_file(&file.path))?;
                folder.sweep(files.into_iter());
                Ok(())
            }
            None => self.cache.prepare(),
        }
    }

    /// Where the unfinished content of a file stands.
    #[must_use]
    pub fn partial(&self, file: &RepoFile) -> PartialPlace {
        match &self.folder {
            Some(folder) => PartialPlace { path: folder.partial(file), journal: folder.journal(file) },
            None => {
                let layout = self.cache.layout();
                PartialPlace { path: layout.partial(&file.digest), journal: layout.journal(&file.digest) }
            }
        }
    }

    /// The lock that one writer of a file holds.
    #[must_use]
    pub fn lock(&self, file: &RepoFile) -> PathBuf {
        match &self.folder {
            Some(folder) => folder.lock(&file.path),
            None => self.cache.layout().lock(&file.digest),
        }
    }

    /// Whether files of one content share their unfinished bytes and their lock.
    #[must_use]
    pub const fn shares_content(&self) -> bool {
        self.folder.is_none()
    }

    /// Gives verified content the name of a file.
    ///
    /// # Errors
    /// Where it cannot be put in its place.
    pub fn publish(&self, verified: Verified, file: &RepoFile) -> Result<(), CacheError> {
        match &self.folder {
            Some(folder) => folder.publish(verified, &file.path)?,
            None => self.cache.publish(verified)?,
        }
        self.settle(file)
    }

    /// Notes that a file is in its place: the pointer of a snapshot, the metadata of a folder.
    ///
    /// # Errors
    /// Where the note cannot be written.
    pub fn settle(&self, file: &RepoFile) -> Result<(), CacheError> {
        match &self.folder {
            Some(folder) => folder.write_metadata(&self.commit, file),
            None => self.cache.link(&self.commit, &file.path, &file.digest),
        }
    }

    /// Brings the notes about files that are in their place up to this commit, so that neither this program nor
    /// `huggingface_hub` has to look into them again. To be called right after that look. A note that cannot be written
    /// costs another look and nothing else, so it is no error; what another process works on is left to it.
    pub fn note_in_place<'a>(&self, files: impl Iterator<Item = &'a RepoFile>) {
        let Some(folder) = &self.folder else { return };
        for file in files.filter(|file| !folder.is_noted(&self.commit, file)) {
            let noted = folder.prepare_file(&file.path).and_then(|()| {
                let lock = BlobLock::try_acquire(&folder.lock(&file.path))?;
                lock.map_or(Ok(()), |_held| folder.write_metadata(&self.commit, file))
            });
            drop(noted);
        }
    }

    /// Keeps the listing of the commit.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write_listing(&self, entries: &[impl Borrow<Entry>]) -> Result<bool, CacheError> {
        match &self.folder {
            Some(folder) => folder.write_listing(&self.commit, entries),
            None => self.cache.write_listing(&self.commit, entries),
        }
    }
}
