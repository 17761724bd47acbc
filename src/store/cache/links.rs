//! Blobs that an application has as hard links: the note about one is renewed when it gets a link, and the application's
//! files are remembered.
//!
//! The trap: a hard link shares the bytes. A program that appends to its model (`curl -C -`, a worker that resumes)
//! grows the blob too, and every tool that trusts the snapshot reads it. The note no longer fits then, and what was
//! remembered here tells the user which file it was. A blob that is fetched again is a new file: the application keeps
//! what it wrote.

use std::fs::{self, Metadata, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::notes::{ContentState, WriteState};
use super::{RepoCache, place};
use crate::digest::Digest;
use crate::manifest::RepoFile;
use crate::regular_file;
use crate::store::scan;
use crate::system::files::{FileIdentity, has_more_names};

/// More than this, in bytes, is not read: then nobody is told which file it was.
const MOST: u64 = 8 << 20;

/// Content in the cache that was known to be right before it got another link.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrustedContent(WriteState);

impl RepoCache {
    /// The state of a file's content at `path` in this cache; none where it is not known to be right.
    #[must_use]
    pub(crate) fn hold(&self, file: &RepoFile, path: &Path) -> Option<TrustedContent> {
        let written = WriteState::of(path)?;
        (self.notes.judge(file, path) == ContentState::Right).then_some(TrustedContent(written))
    }

    /// The content at `path` has become a hard link at `at` too. Both notes are a help and no promise: without the first
    /// the content is hashed again, without the second a later message names no file.
    pub(crate) fn note_link(&self, held: TrustedContent, file: &RepoFile, path: &Path, at: &Path) {
        self.notes.add_moved(&file.digest, Some(held.0), path);
        let _ = self.keep_notes();
        let Some(line) = line(&file.digest, at) else { return };
        let notes = self.layout.installed();
        if !read(&notes).lines().any(|known| known == line.trim_end()) {
            let opened = place::remove_unless_regular(&notes)
                .ok()
                .and_then(|()| OpenOptions::new().append(true).create(true).open(&notes).ok());
            let _ = opened.map(|mut file| file.write_all(line.as_bytes()));
        }
    }

    /// Whether two paths are names of one file, other than by a symbolic link.
    #[must_use]
    pub(crate) fn shares(blob: &Path, at: &Path) -> bool {
        matches!((FileIdentity::of(blob), FileIdentity::of_name(at)), (Ok(blob), Ok(at)) if blob == at)
    }

    /// The files of applications that share their bytes with the content at `path`.
    #[must_use]
    pub(crate) fn sharers(&self, digest: &Digest, path: &Path) -> Vec<PathBuf> {
        let Ok(blob) = FileIdentity::of(path) else { return Vec::new() };
        let notes = read(&self.layout.installed());
        let places = notes.lines().filter_map(|line| line.strip_prefix(&digest.hex())?.strip_prefix(' '));
        let places = places.filter_map(|place| serde_json::from_str::<PathBuf>(place).ok());
        places.filter(|place| FileIdentity::of(place).is_ok_and(|found| found == blob)).collect()
    }
}

/// How many blobs of a cache have another name somewhere, and how many bytes those are; zeros where the system does not
/// tell. Two repositories that share a blob count like an application that has it.
#[must_use]
pub(crate) fn shared_blobs(root: &Path) -> (u64, u64) {
    let blobs = scan::repositories(root).into_iter().flat_map(|folder| scan::blobs(&folder.layout));
    let shared =
        blobs.filter(|blob| has_more_names(&blob.path)).filter_map(|blob| fs::symlink_metadata(blob.path).ok());
    let shared = shared.filter(Metadata::is_file);
    shared.fold((0, 0), |(count, bytes), found| (count + 1, bytes + found.len()))
}

fn line(digest: &Digest, at: &Path) -> Option<String> {
    Some(format!("{} {}\n", digest.hex(), serde_json::to_string(at).ok()?))
}

fn read(path: &Path) -> String {
    regular_file::read_text(path, MOST).unwrap_or_default()
}
