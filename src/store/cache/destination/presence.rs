//! What is here of a file before it is fetched.

use std::path::{Path, PathBuf};

use super::super::CacheError;
use super::super::notes::ContentState;
use super::{Destination, DestinationKind};
use crate::manifest::RepoFile;

/// Content that is on this machine, though not yet under the name that it will have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LocalContent {
    /// A blob of this repository: it lacks a file name only.
    Blob,
    /// Content of this repository or another one that must be hashed before it can be used.
    Elsewhere(PathBuf),
}

/// What one look at a file's name and at its blob finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It is in its place, and known to be right.
    InPlace,
    /// This is here by its name and its length and was not hashed as it is: the file in its place, or its blob.
    Unhashed(PathBuf),
    /// Something else stands in the place of its content in the cache.
    Wrong,
    /// Its content is elsewhere on this machine.
    Local(LocalContent),
    /// Nothing is here.
    Absent,
}

/// Content of this destination that is not what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Where it stands.
    pub(crate) at: PathBuf,
    /// Files of applications that share its bytes.
    pub(crate) sharers: Vec<PathBuf>,
}

impl Destination {
    /// Looks at a file's name and, unless something of the right length is there, at its blob. Once each: of thousands of
    /// small files such looks are what a pull costs.
    #[must_use]
    pub(crate) fn look(&self, file: &RepoFile) -> Presence {
        let at_name = self.verdict(file);
        match at_name {
            ContentState::Right => return Presence::InPlace,
            ContentState::Unknown => return Presence::Unhashed(self.path(&file.path)),
            ContentState::Absent | ContentState::Wrong => {}
        }
        let at_blob = self.cache.verdict_on_blob(file);
        match (&self.kind, at_blob) {
            (DestinationKind::Snapshot, ContentState::Unknown) => {
                Presence::Unhashed(self.cache.layout().blob(&file.digest))
            }
            (DestinationKind::Snapshot, _) if [at_name, at_blob] != [ContentState::Absent; 2] => match at_blob {
                ContentState::Right => Presence::Local(LocalContent::Blob),
                _ => Presence::Wrong,
            },
            _ => self.local(file, at_blob).map_or(Presence::Absent, Presence::Local),
        }
    }

    /// Hashes what [`Self::look`] found; `told` hears of each piece that was read.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) fn examine(&self, file: &RepoFile, found: &Path, told: &dyn Fn(u64)) -> Result<bool, CacheError> {
        match &self.kind {
            DestinationKind::Folder(folder) => folder.examine(file, told),
            DestinationKind::Snapshot => self.cache.examine(file, found, told),
        }
    }

    /// What stands in the place of a file's content in the cache, though it is something else. Of a folder of the user's
    /// see [`Self::strange`].
    #[must_use]
    pub(crate) fn damage(&self, file: &RepoFile) -> Option<Damage> {
        if self.kind.folder().is_some() {
            return None;
        }
        let at = match (self.cache.verdict_on_blob(file), self.verdict(file)) {
            (ContentState::Right, _) | (_, ContentState::Right) => return None,
            (ContentState::Wrong, _) => self.cache.layout().blob(&file.digest),
            (_, ContentState::Wrong) => self.path(&file.path),
            _ => return None,
        };
        Some(Damage { sharers: self.cache.sharers(&file.digest, &at), at })
    }

    /// Content of a file that is on this machine already.
    #[must_use]
    pub(crate) fn find(&self, file: &RepoFile) -> Option<LocalContent> {
        self.local(file, self.cache.verdict_on_blob(file))
    }

    /// Where content of a file is besides in its place, given what is known about its blob.
    fn local(&self, file: &RepoFile, at_blob: ContentState) -> Option<LocalContent> {
        let blob = || self.cache.layout().blob(&file.digest);
        match (at_blob, &self.kind) {
            (ContentState::Right, DestinationKind::Snapshot) => Some(LocalContent::Blob),
            // what leaves the cache is hashed on its way
            (ContentState::Right | ContentState::Unknown, DestinationKind::Folder(_)) => {
                Some(LocalContent::Elsewhere(blob()))
            }
            (ContentState::Unknown, DestinationKind::Snapshot) => Some(LocalContent::Elsewhere(blob())),
            (ContentState::Absent | ContentState::Wrong, _) => {
                self.cache.find_elsewhere(file).map(LocalContent::Elsewhere)
            }
        }
    }
}
