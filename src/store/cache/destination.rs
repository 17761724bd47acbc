//! Where a pull puts its files: a snapshot of the shared cache, or a folder of the user's. The transfer engine works for
//! both without knowing which it is.

pub(crate) use self::presence::{Damage, LocalContent, Presence};

mod presence;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::notes::ContentState;
use super::partial::{PartialPlace, Verified};
use super::{BlobLock, CacheError, Folder, RepoCache, content};
use crate::digest::Digest;
use crate::manifest::{Listing, RepoFile};
use crate::regular_file;
use crate::repo::{Commit, RepoPath};

/// The place for the files of one commit.
#[derive(Debug)]
pub(crate) struct Destination {
    commit: Commit,
    cache: RepoCache,
    kind: DestinationKind,
    expect: Option<Digest>,
}

/// Where the files of a pull are in the end.
#[derive(Debug, Clone)]
pub(crate) enum DestinationKind {
    /// The snapshot of the commit in the cache.
    Snapshot,
    /// A folder of the user's, by `--local-dir`. The cache then only lends its blobs.
    Folder(Folder),
}

impl DestinationKind {
    /// The folder of the user's, where it is one.
    #[must_use]
    pub(crate) const fn folder(&self) -> Option<&Folder> {
        match self {
            Self::Snapshot => None,
            Self::Folder(folder) => Some(folder),
        }
    }
}

impl Destination {
    /// The place for the files of `commit`.
    #[must_use]
    pub(crate) const fn new(commit: Commit, cache: RepoCache, kind: DestinationKind) -> Self {
        Self { commit, cache, kind, expect: None }
    }

    /// The same, where content must have this SHA-256 whatever its name in the cache says.
    #[must_use]
    pub(crate) fn expecting(self, expect: Option<Digest>) -> Self {
        Self { expect, ..self }
    }

    /// Holds a file in its place to the hash that is expected.
    ///
    /// # Errors
    /// [`CacheError::Unexpected`] if it has another; where it cannot be read.
    pub(crate) fn hold(&self, file: &RepoFile) -> Result<(), CacheError> {
        self.hold_at(file, &self.path(&file.path))
    }

    /// A git id says nothing about a SHA-256: only the content does.
    fn hold_at(&self, file: &RepoFile, path: &Path) -> Result<(), CacheError> {
        match self.expect {
            Some(expected) if expected != file.digest => match content::sha256(path, file.size)? {
                found if found == expected => Ok(()),
                found => Err(CacheError::Unexpected { path: file.path.clone(), found, expected }),
            },
            _ => Ok(()),
        }
    }

    /// The commit.
    #[must_use]
    pub(crate) const fn commit(&self) -> &Commit {
        &self.commit
    }

    /// The folder that holds the files in the end.
    #[must_use]
    pub(crate) fn root(&self) -> PathBuf {
        self.kind.folder().map_or_else(|| self.cache.snapshot_folder(&self.commit), |folder| folder.root().to_owned())
    }

    /// Where a file is in the end.
    #[must_use]
    pub(crate) fn path(&self, path: &RepoPath) -> PathBuf {
        self.root().join(path.to_path())
    }

    /// Whether a file is the text that git keeps in the place of a large file's content (Git LFS, specification 1:
    /// `version` comes first, and at most 1,024 bytes in all).
    #[must_use]
    pub(crate) fn is_lfs_pointer(&self, path: &RepoPath) -> bool {
        let text = regular_file::read(&self.path(path), 1_024);
        text.is_ok_and(|text| text.starts_with(b"version https://git-lfs.github.com/spec/"))
    }

    /// What is known about a file in its place.
    #[must_use]
    pub(crate) fn verdict(&self, file: &RepoFile) -> ContentState {
        match &self.kind {
            DestinationKind::Folder(folder) => folder.verdict(file),
            DestinationKind::Snapshot => self.cache.verdict_at_name(&self.commit, file),
        }
    }

    /// Whether a file is in its place already, and known to be right.
    #[must_use]
    pub(crate) fn is_in_place(&self, file: &RepoFile) -> bool {
        self.verdict(file) == ContentState::Right
    }

    /// Brings what was put in place to the disk, and notes what was hashed.
    ///
    /// # Errors
    /// Where it cannot be brought to the disk, or the notes cannot be written.
    pub(crate) fn keep_notes(&self) -> Result<(), CacheError> {
        self.kind.folder().map_or_else(|| self.cache.keep_notes(), Folder::keep_notes)
    }

    /// Uses content that is on this machine; `false` where it is not what its name says.
    ///
    /// # Errors
    /// [`CacheError::Unexpected`], as for [`Self::hold`]; where it cannot be read, linked or copied.
    pub(crate) fn take(&self, file: &RepoFile, here: &LocalContent) -> Result<bool, CacheError> {
        match here {
            LocalContent::Blob => self.hold_at(file, &self.cache.layout().blob(&file.digest))?,
            LocalContent::Elsewhere(path) => self.hold_at(file, path)?,
        }
        let taken = match (here, &self.kind) {
            (LocalContent::Blob, _) => true,
            (LocalContent::Elsewhere(own), DestinationKind::Snapshot)
                if own.starts_with(self.cache.layout().folder()) =>
            {
                self.cache.examine(file, own, &|_| {})?
            }
            (LocalContent::Elsewhere(blob), DestinationKind::Snapshot) => self.cache.adopt(file, blob)?,
            (LocalContent::Elsewhere(blob), DestinationKind::Folder(folder)) => folder.place_copy(blob, file)?,
        };
        if taken {
            self.settle(file)?;
        }
        Ok(taken)
    }

    /// Those of the files whose places hold something that no pull left there.
    pub(crate) fn strange<'a>(&self, files: impl Iterator<Item = &'a RepoFile>) -> Vec<&'a RepoPath> {
        let Some(folder) = self.kind.folder() else { return Vec::new() };
        let is_strange = |file: &&RepoFile| folder.is_strange(&file.path) || folder.is_spoilt(file);
        files.filter(is_strange).map(|file| &file.path).collect()
    }

    /// Makes what a pull needs before its first byte.
    ///
    /// # Errors
    /// Where a folder cannot be made or something is in the way of a file.
    pub(crate) fn prepare<'a>(&self, files: impl Iterator<Item = &'a RepoFile>) -> Result<(), CacheError> {
        match &self.kind {
            DestinationKind::Folder(folder) => {
                folder.prepare()?;
                let files: Vec<&RepoFile> = files.collect();
                files.iter().try_for_each(|file| folder.prepare_file(&file.path))?;
                folder.sweep(files.into_iter());
                Ok(())
            }
            DestinationKind::Snapshot => {
                self.cache.prepare()?;
                // one file stands for all of its folder
                let mut seen = HashSet::new();
                let mut first = files.filter(|file| seen.insert(file.path.to_path().parent().map(Path::to_path_buf)));
                first.try_for_each(|file| self.cache.check_parents(&self.commit, &file.path).map(drop))
            }
        }
    }

    /// Where the unfinished content of a file stands.
    #[must_use]
    pub(crate) fn partial(&self, file: &RepoFile) -> PartialPlace {
        match &self.kind {
            DestinationKind::Folder(folder) => {
                PartialPlace { path: folder.partial(file), journal: folder.journal(file) }
            }
            DestinationKind::Snapshot => {
                let layout = self.cache.layout();
                PartialPlace { path: layout.partial(&file.digest), journal: layout.journal(&file.digest) }
            }
        }
    }

    /// The lock that one writer of a file holds.
    #[must_use]
    pub(crate) fn lock(&self, file: &RepoFile) -> PathBuf {
        match &self.kind {
            DestinationKind::Folder(folder) => folder.lock(&file.path),
            DestinationKind::Snapshot => self.cache.layout().lock(&file.digest),
        }
    }

    /// Whether files of one content share their unfinished bytes and their lock.
    #[must_use]
    pub(crate) const fn shares_content(&self) -> bool {
        self.kind.folder().is_none()
    }

    /// Gives verified content the name of a file.
    ///
    /// # Errors
    /// [`CacheError::Unexpected`], as for [`Self::hold`]: then it is deleted. Where it cannot be put in its place.
    pub(crate) fn publish(&self, verified: Verified, file: &RepoFile) -> Result<(), CacheError> {
        if let Err(error) = self.hold_at(file, verified.path()) {
            verified.discard()?;
            return Err(error);
        }
        match &self.kind {
            DestinationKind::Folder(folder) => folder.publish(verified, &file.path)?,
            DestinationKind::Snapshot => self.cache.publish(verified)?,
        }
        self.settle(file)
    }

    /// Notes that a file is in its place: the pointer of a snapshot, the metadata of a folder.
    ///
    /// # Errors
    /// Where the note cannot be written.
    pub(crate) fn settle(&self, file: &RepoFile) -> Result<(), CacheError> {
        match &self.kind {
            DestinationKind::Folder(folder) => folder.write_metadata(&self.commit, file),
            DestinationKind::Snapshot => self.cache.link(&self.commit, &file.path, &file.digest),
        }
    }

    /// Brings the notes about files that are in their place up to this commit, so that neither this program nor
    /// `huggingface_hub` has to look into them again. To be called right after that look. A note that cannot be written
    /// costs another look and nothing else, so it is no error; what another process works on is left to it.
    pub(crate) fn note_in_place(&self, files: impl Iterator<Item = RepoFile>) {
        let Some(folder) = self.kind.folder() else { return };
        for file in files.filter(|file| !folder.is_noted(&self.commit, file)) {
            let _ = folder.prepare_file(&file.path).and_then(|()| {
                let lock = BlobLock::try_acquire(&folder.lock(&file.path))?;
                lock.map_or(Ok(()), |_held| folder.write_metadata(&self.commit, &file))
            });
        }
    }

    /// Keeps the listing of the commit.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn write_listing(&self, listing: &Listing) -> Result<bool, CacheError> {
        match &self.kind {
            DestinationKind::Folder(folder) => folder.write_listing(&self.commit, listing),
            DestinationKind::Snapshot => self.cache.write_listing(&self.commit, listing),
        }
    }
}
