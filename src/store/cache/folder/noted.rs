//! What stands in a folder of the user's, and what the notes beside it say it should be: for who looks at all of it.

use std::path::{Path, PathBuf};

use super::{Folder, NOTES, SidecarRecord};
use crate::digest::Digest;
use crate::regular_file;
use crate::repo::{Commit, RepoPath};
use crate::store::scan;

/// A file that a pull of any tool noted, whatever became of it since.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NotedFile {
    /// Its path below the folder.
    pub(crate) path: RepoPath,
    /// The commit that it is of.
    pub(crate) commit: Option<Commit>,
    /// The hash that it had.
    pub(crate) digest: Option<Digest>,
    /// When it was noted, in seconds since 1970.
    pub(crate) noted: f64,
}

impl Folder {
    /// The files that are noted, by path. One with a name too long for a note of its own is left out: its listing has it.
    #[must_use]
    pub(crate) fn noted(&self) -> Vec<NotedFile> {
        let notes = scan::files_below(&self.notes("download")).unwrap_or_default().into_iter();
        let noted = notes.filter_map(|(name, at)| {
            let path: RepoPath = name.strip_suffix(".metadata")?.parse().ok()?;
            // the hash in place of a long name
            if path.file_name().len() == 28 && path.file_name().ends_with('=') && !self.file(&path).exists() {
                return None;
            }
            let record = SidecarRecord::parse(&regular_file::read_text(&at, regular_file::NOTE).ok()?)?;
            let (commit, digest) = (record.commit.parse().ok(), Digest::from_hex(&record.etag));
            Some(NotedFile { path, commit, digest, noted: record.timestamp })
        });
        noted.collect()
    }

    /// Every file of the folder but the notes, by its path below it as far as it can be shown.
    #[must_use]
    pub(crate) fn files(&self) -> Vec<(String, PathBuf)> {
        let (mut files, notes) = (scan::files_below(self.root()).unwrap_or_default(), self.root().join(NOTES));
        files.retain(|(_, at)| !at.starts_with(&notes));
        files
    }

    /// Hashes what stands at a path of the folder; `told` hears of each piece that was read.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) fn examine_content(
        &self,
        digest: &Digest,
        size: u64,
        path: &Path,
        told: &dyn Fn(u64),
    ) -> Result<bool, super::CacheError> {
        self.notes.examine(digest, size, path, told)
    }
}
