//! What was hashed, and in which state: how "known to be right" is kept on the disk.
//!
//! A name and a length say nothing about content: a bit that the disk turned, a program that appends to a hard link of a
//! blob, a cache that a CI system restored. So whatever is called right here was hashed by this program, from the file,
//! at its place, and a line notes the file's inode, its time of change (`ctime`, which no program can set) and its
//! length. Where one of them differs the note no longer fits, and the file is hashed again.
//!
//! One file holds the notes of a repository, since two thousand would cost more than the look at the blobs. Lines are
//! only ever appended, a batch in one write, so processes need no lock; the newest does not matter, because a line that
//! no longer fits says nothing:
//!
//! ```text
//! <digest in hexadecimal> <length> <inode> <time of change in nanoseconds since 1970>
//! ```
//!
//! The trap: a note must not reach the disk before the content does, or a power cut leaves a file of zeros that is
//! believed. [`Notes::add`] keeps it in memory, and [`Notes::keep`] writes it after the content is on the disk.

use std::collections::HashSet;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{CacheError, content, durable, place};
use crate::digest::Digest;
use crate::manifest::RepoFile;
use crate::regular_file;
use crate::system::files;

/// Notes beyond this length, in bytes, begin anew: half a million lines, and everything is hashed once more.
const MOST: u64 = 64 << 20;
/// Clocks of file systems go in ticks, up to this long: a file that changed just now could change again within the same
/// one. As git does it with its index, such a file is not believed by its time.
const TICK: Duration = Duration::from_millis(50);
/// How often a file is hashed that changes while it is read.
const MOST_TRIES: usize = 3;

/// The state of a regular file that was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct HashedState {
    inode: u64,
    changed: i128,
    size: u64,
}

impl HashedState {
    /// The state of what a path leads to, through links; none for anything but a regular file.
    pub(super) fn of(path: &Path) -> Option<Self> {
        Self::from(&fs::metadata(path).ok()?)
    }

    pub(super) fn of_open(file: &File) -> Option<Self> {
        Self::from(&file.metadata().ok()?)
    }

    fn from(found: &Metadata) -> Option<Self> {
        if !found.is_file() {
            return None;
        }
        Some(Self { inode: files::number(found), changed: files::changed(found), size: found.len() })
    }

    /// Whether a change would have moved the time: the last one is longer ago than a tick, and not in the future.
    fn is_settled(&self) -> bool {
        let now = SystemTime::now().checked_sub(TICK).and_then(|then| then.duration_since(UNIX_EPOCH).ok());
        !files::TELLS_CHANGES
            || now.is_some_and(|now| i128::try_from(now.as_nanos()).is_ok_and(|now| self.changed < now))
    }
}

/// The state of a file as far as it stays the same when the file gets another name or another link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WriteState {
    inode: u64,
    modified: SystemTime,
    size: u64,
}

impl WriteState {
    pub(super) fn of(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        let HashedState { inode, size, .. } = HashedState::from(&found)?;
        Some(Self { inode, modified: found.modified().ok()?, size })
    }
}

/// What is known about content at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentState {
    /// No regular file is there.
    Absent,
    /// Something of the right length is there that was not hashed in this state.
    Unknown,
    /// It is something else, by its length or its hash.
    Wrong,
    /// It was hashed, and is the content.
    Right,
}

/// The notes of a repository's cache, or of a folder.
#[derive(Debug)]
pub(super) struct Notes {
    path: PathBuf,
    state: Mutex<NotesState>,
}

#[derive(Debug, Default)]
struct NotesState {
    /// How much of the file was read.
    read: u64,
    right: HashSet<(Digest, HashedState)>,
    wrong: HashSet<(Digest, HashedState)>,
    /// What will be noted once it is on the disk.
    pending: Vec<(Digest, HashedState, PathBuf)>,
    /// Whether something was put in place that may not be on the disk.
    unsynced: bool,
}

impl Notes {
    /// The notes at `path`. Touches nothing.
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path, state: Mutex::default() }
    }

    /// What is known about the content of `file` at `path`.
    pub(super) fn judge(&self, file: &RepoFile, path: &Path) -> ContentState {
        match HashedState::of(path) {
            Some(stamp) if stamp.size == file.size => self.verdict(&file.digest, stamp),
            Some(_) => ContentState::Wrong,
            None => ContentState::Absent,
        }
    }

    fn verdict(&self, digest: &Digest, stamp: HashedState) -> ContentState {
        let (mut state, key) = (self.state(), (*digest, stamp));
        match state.known(&key) {
            ContentState::Unknown => {
                state.read_on(&self.path);
                state.known(&key)
            }
            known => known,
        }
    }

    /// Hashes what stands at `path`; `told` hears of each piece that was read.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(super) fn examine(
        &self,
        digest: &Digest,
        size: u64,
        path: &Path,
        told: &dyn Fn(u64),
    ) -> Result<bool, CacheError> {
        for _ in 0..MOST_TRIES {
            let before = HashedState::of(path);
            let settled = before.is_some_and(|stamp| stamp.is_settled());
            let right = content::matches_telling(path, digest, size, told)?;
            // a file that changed meanwhile, if only by another link, is not the one that was hashed
            let Some(stamp) = HashedState::of(path).filter(|after| before == Some(*after)) else { continue };
            let known = self.verdict(digest, stamp);
            match (right, known) {
                (true, ContentState::Right) => {}
                (true, _) if settled => self.add(digest, Some(stamp), path),
                // right for this run; the next one hashes it again
                (true, _) => drop(self.state().right.insert((*digest, stamp))),
                (false, known) => self.state().strike(&self.path, (*digest, stamp), known == ContentState::Right),
            }
            return Ok(right);
        }
        Err(CacheError::Replaced { path: path.to_path_buf() })
    }

    /// Content that was just hashed and put at `path`; without a stamp it will be hashed again.
    pub(super) fn add(&self, digest: &Digest, stamp: Option<HashedState>, path: &Path) {
        let mut state = self.state();
        state.unsynced = true;
        let Some(stamp) = stamp else { return };
        if state.right.insert((*digest, stamp)) {
            state.pending.push((*digest, stamp, path.to_path_buf()));
        }
    }

    /// As [`Self::add`], for content that is on the disk: noted at once, so that it is not hashed again where this run
    /// is killed. A note that cannot be written now is tried again by [`Self::keep`].
    pub(super) fn add_synced(&self, digest: &Digest, stamp: Option<HashedState>, path: &Path) {
        let mut state = self.state();
        state.unsynced = true;
        let Some(stamp) = stamp else { return };
        state.right.insert((*digest, stamp));
        if state.append(&self.path, &[(*digest, stamp)]).is_err() {
            state.pending.push((*digest, stamp, path.to_path_buf()));
        }
    }

    /// Content that was known to be right when it was `written`, and has since got another name or another link: both
    /// move the time of change, and neither the time of the last write.
    pub(super) fn add_moved(&self, digest: &Digest, written: Option<WriteState>, path: &Path) {
        self.add(digest, HashedState::of(path).filter(|_| written.is_some() && WriteState::of(path) == written), path);
    }

    /// Brings what was put in place to the disk, below `folder`, and then notes it.
    ///
    /// # Errors
    /// Where it cannot be brought to the disk, or the notes cannot be written.
    pub(super) fn keep(&self, folder: &Path) -> Result<(), CacheError> {
        let mut state = self.state();
        if std::mem::take(&mut state.unsynced) {
            durable::to_disk(folder, state.pending.iter().map(|(_, _, path)| path.as_path()))?;
        }
        let lines: Vec<_> = state.pending.iter().map(|(digest, stamp, _)| (*digest, *stamp)).collect();
        state.append(&self.path, &lines)?;
        state.pending.clear();
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, NotesState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NotesState {
    fn known(&self, key: &(Digest, HashedState)) -> ContentState {
        if self.right.contains(key) {
            ContentState::Right
        } else if self.wrong.contains(key) {
            ContentState::Wrong
        } else {
            ContentState::Unknown
        }
    }

    /// Content that is something else, though it may have been noted in this very state: a bit that the disk turned moves no
    /// time. The note goes then. What another process notes at this moment may go with it, and is hashed again; where the
    /// notes cannot be written, it is this run alone that knows.
    fn strike(&mut self, path: &Path, key: (Digest, HashedState), is_noted: bool) {
        self.right.remove(&key);
        self.wrong.insert(key);
        if let (true, Ok(text), Some(folder)) = (is_noted, regular_file::read_text(path, MOST), path.parent()) {
            let left = text.lines().filter(|line| parse(line) != Some(key)).map(|line| format!("{line}\n"));
            let _ = place::write_whole(path, folder, left.collect::<String>().as_bytes());
            self.read = 0;
        }
    }

    /// Reads what was added since the last look, by whomever.
    fn read_on(&mut self, path: &Path) {
        let Ok(mut file) = regular_file::open(path) else { return };
        let length = file.metadata().map_or(0, |found| found.len());
        if length < self.read {
            self.read = 0;
        }
        if length == self.read || length > MOST {
            return;
        }
        let mut bytes = Vec::new();
        let begun = file.seek(SeekFrom::Start(self.read));
        if begun.and_then(|_| file.take(MOST).read_to_end(&mut bytes)).is_err() {
            return;
        }
        // a line without its end is still being written, or was torn by a kill
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let text = String::from_utf8_lossy(&bytes[..whole]);
        // gathered first, so that the set grows once
        let notes: Vec<_> = text.lines().filter_map(parse).collect();
        self.right.extend(notes);
        self.read += whole as u64;
    }

    fn append(&mut self, path: &Path, notes: &[(Digest, HashedState)]) -> Result<(), CacheError> {
        if notes.is_empty() {
            return Ok(());
        }
        place::remove_unless_regular(path)?;
        if let Some(parent) = path.parent() {
            place::make_folder(parent)?;
        }
        if fs::metadata(path).is_ok_and(|found| found.len() > MOST) {
            fs::remove_file(path).map_err(CacheError::at("remove", path))?;
        }
        self.read_on(path);
        let mut file = OpenOptions::new().append(true).create(true).open(path).map_err(CacheError::at("open", path))?;
        let torn = file.metadata().is_ok_and(|found| found.len() != self.read);
        let lines: String = notes.iter().map(render).collect();
        let text = if torn { format!("\n{lines}") } else { lines };
        file.write_all(text.as_bytes()).map_err(CacheError::at("write", path))
    }
}

fn render((digest, stamp): &(Digest, HashedState)) -> String {
    format!("{} {} {} {}\n", digest.hex(), stamp.size, stamp.inode, stamp.changed)
}

fn parse(line: &str) -> Option<(Digest, HashedState)> {
    let mut fields = line.split(' ');
    let digest = Digest::from_hex(fields.next()?)?;
    let mut number = || fields.next()?.parse().ok();
    let (size, inode) = (number()?, number()?);
    let changed = fields.next()?.parse().ok()?;
    fields.next().is_none().then_some((digest, HashedState { inode, changed, size }))
}
