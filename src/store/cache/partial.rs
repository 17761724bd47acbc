//! Content on its way: a private file that is written at any offset, hashed in order, and named only once it is verified.
//!
//! Promise 2 is a type here: [`Verified`] is made by [`Partial::verify`] alone, which compares the hash of every byte
//! that was read back or written in order with the publisher's, and only a `Verified` can be published.
//!
//! Bytes go to their offset, never to the end. On Lustre, GPFS and some NFS `flock` succeeds for everyone, and two
//! processes that appended to one file made corrupt models (huggingface_hub#4228); two that write the same bytes to the
//! same places waste bandwidth and nothing else.
//!
//! Two that do not write the same bytes, because one of them has them from a bad mirror, are why a hash of what went
//! through memory is not enough. Whoever opens the file marks its journal first, and each write sees
//! whether the file has changed since the one before. Before the verdict the file is taken away under another name, where a
//! rival finds out at its next write that it has lost it; if there was any, the file is hashed once more, from the disk.
//!
//! The gap that is left: a program that is no gatedl, marks nothing, and writes into the file during one of our writes, or
//! within the tick of the file system's clock in which it ended, is not seen; only hashing every file twice would find it.

pub(crate) use self::judge::{Judgement, Mismatch, Verified};

mod judge;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::TempPath;

use super::journal::{self, Journal};
use super::lock::{BlobLock, is_at, is_of};
use super::ranges::Ranges;
use super::stamp::Stamp;
use super::{CacheError, place};
use crate::digest::ContentHasher;
use crate::manifest::RepoFile;
use crate::system::files::{allocated, read_at, write_all_at};

/// How much is read at once for hashing, in bytes.
const READ: usize = 256 << 10;
/// Where a partial file and its journal stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartialPlace {
    /// The file.
    pub(crate) path: PathBuf,
    /// Its journal.
    pub(crate) journal: PathBuf,
}

impl PartialPlace {
    /// Which bytes of `file` earlier runs left here.
    #[must_use]
    pub(crate) fn finished(&self, file: &RepoFile) -> Ranges {
        let Ok(found) = fs::metadata(&self.path) else { return Ranges::default() };
        let Some(ranges) = journal::read(&self.journal, file) else { return without_journal(&found, file) };
        // without its bytes (swept by `hf cache prune`) a journal says nothing
        let end = ranges.iter().last().map_or(0, |range| range.end);
        if found.is_file() && found.len() >= end { ranges } else { Ranges::default() }
    }

    /// Where the file stands while it is judged, out of the reach of others.
    fn aside(&self) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let stem = name.strip_suffix(SUFFIX).unwrap_or(&name);
        self.path.with_file_name(format!("{stem}.verify{SUFFIX}"))
    }
}

/// Names that `hf cache prune` sweeps, should a kill leave one behind.
pub(super) const SUFFIX: &str = ".gatedl.incomplete";

/// What is worth a look where no journal tells: a file of the right length without a hole may be whole, and hashing it
/// costs less than fetching it.
fn without_journal(found: &fs::Metadata, file: &RepoFile) -> Ranges {
    let is_dense = allocated(found) >= file.size;
    let mut ranges = Ranges::default();
    if found.is_file() && found.len() == file.size && is_dense {
        ranges.insert(0..file.size);
    }
    ranges
}

/// Content on its way. All calls block; several threads may write at once.
#[derive(Debug)]
pub(crate) struct Partial {
    place: PartialPlace,
    wanted: RepoFile,
    file: File,
    /// None for a file that nobody else knows the name of.
    journal: Option<Mutex<Journal>>,
    hasher: Mutex<ContentHasher>,
    /// How the last write left the file.
    stamp: Mutex<Stamp>,
    /// Whether somebody else has had a hand in it.
    rivals: AtomicBool,
    /// What earlier runs left of it.
    resumed: Ranges,
    /// Removes a file that nobody else knows.
    temporary: Option<TempPath>,
    /// Held as long as anything here may still write.
    _lock: Option<Arc<BlobLock>>,
}

impl Partial {
    /// Opens the partial file of `file` and says which of its bytes are there already.
    ///
    /// # Errors
    /// Where it cannot be created, or is something else than a regular file.
    pub(crate) fn open(place: PartialPlace, file: &RepoFile) -> Result<(Self, Ranges), CacheError> {
        place::remove_unless_regular(&place.path)?;
        if place::regular_size(&place.path).is_none() {
            // a run that was killed between the last byte and the verdict
            if fs::rename(place.aside(), &place.path).is_err() {
                journal::forget(&place.journal)?;
            }
        }
        let finished = place.finished(file);
        let journal = Journal::open(&place.journal, file)?;
        // Never truncated: where locks lie, another process may be writing here, and what it has written (and hashed on
        // its way) must not become a hole. Bytes that no journal vouches for are written again, at the same place.
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let (opened, is_new) = match options.clone().create_new(true).open(&place.path) {
            Ok(made) => (made, true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match options.open(&place.path) {
                Ok(opened) => (opened, false),
                // a rival has taken it away in between
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(CacheError::Replaced { path: place.path });
                }
                Err(error) => return Err(CacheError::at("open", &place.path)(error)),
            },
            Err(error) => return Err(CacheError::at("create", &place.path)(error)),
        };
        if !is_at(&opened, &place.path).map_err(CacheError::at("look at", &place.path))? {
            return Err(CacheError::Replaced { path: place.path });
        }
        let finished = if is_new { Ranges::default() } else { finished };
        // a file without its journal, or a journal without its file, says that somebody else is at work or may be
        let rivals = journal.had_rivals || is_new != journal.is_new;
        let stamp = Stamp::of(&opened).map_err(CacheError::at("look at", &place.path))?;
        let partial = Self {
            journal: Some(Mutex::new(journal)),
            rivals: AtomicBool::new(rivals),
            resumed: finished.clone(),
            ..Self::of(place, file, opened, stamp)
        };
        Ok((partial, finished))
    }

    /// A file for the content of `file` that nobody else knows, in the folder of its place. It is not gone on from.
    ///
    /// # Errors
    /// Where it cannot be created.
    pub(crate) fn private(place: &PartialPlace, file: &RepoFile) -> Result<Self, CacheError> {
        let folder = place.path.parent().unwrap_or(&place.path);
        let name = place.path.file_name().unwrap_or_default().to_string_lossy();
        let prefix = format!("{}.", name.strip_suffix(SUFFIX).unwrap_or(&name));
        let (opened, temporary) = place::temporary(folder, &prefix, SUFFIX)?.into_parts();
        let place = PartialPlace { path: temporary.to_path_buf(), journal: place.journal.clone() };
        Ok(Self { temporary: Some(temporary), ..Self::of(place, file, opened, Stamp::default()) })
    }

    fn of(place: PartialPlace, file: &RepoFile, opened: File, stamp: Stamp) -> Self {
        Self {
            place,
            wanted: file.clone(),
            file: opened,
            journal: None,
            hasher: Mutex::new(ContentHasher::like(&file.digest, file.size)),
            stamp: Mutex::new(stamp),
            rivals: AtomicBool::new(false),
            resumed: Ranges::default(),
            temporary: None,
            _lock: None,
        }
    }

    /// Lets the lock live as long as the last write.
    #[must_use]
    pub(crate) fn under(self, lock: Arc<BlobLock>) -> Self {
        Self { _lock: Some(lock), ..self }
    }

    /// Writes bytes to their place, and hashes them on the way if they are the next to be hashed.
    ///
    /// # Errors
    /// Where they cannot be written, or where the file's name has gone to another file: another process has published
    /// the content, and what is written now would go into a named file unverified.
    pub(crate) fn write(&self, offset: u64, pieces: &[impl AsRef<[u8]>]) -> Result<(), CacheError> {
        {
            // the file system lets one of us write at a time anyway
            let mut stamp = self.stamp.lock().unwrap_or_else(PoisonError::into_inner);
            if self.is_shared() {
                self.look(*stamp)?;
            }
            let mut position = offset;
            for piece in pieces.iter().map(AsRef::as_ref) {
                write_all_at(&self.file, piece, position).map_err(CacheError::at("write", &self.place.path))?;
                position += piece.len() as u64;
            }
            if self.is_shared() {
                *stamp = Stamp::of(&self.file).map_err(CacheError::at("look at", &self.place.path))?;
            }
        }
        if let Ok(mut hasher) = self.hasher.try_lock()
            && hasher.position() == offset
        {
            for piece in pieces {
                hasher.update(piece.as_ref());
            }
        }
        Ok(())
    }

    /// Notes in the journal that a range is there.
    ///
    /// # Errors
    /// Where the journal cannot be written.
    pub(crate) fn note(&self, range: &Range<u64>) -> Result<(), CacheError> {
        self.journal().map_or(Ok(()), |mut journal| journal.note(range))
    }

    /// Brings what the journal names to the disk and says so there, so that it is believed after a power cut, too. Others
    /// may write meanwhile.
    ///
    /// # Errors
    /// Where the system cannot do it: some of what was written may be lost then.
    pub(crate) fn sync(&self) -> Result<(), CacheError> {
        let Some(named) = self.journal().map(|journal| journal.length()) else { return Ok(()) };
        self.file.sync_data().map_err(CacheError::at("write", &self.place.path))?;
        let noted = self.journal().map(|mut journal| journal.note_synced(named)).transpose()?;
        noted.map_or(Ok(()), |journal| journal.sync_data()).map_err(CacheError::at("write", &self.place.journal))
    }

    /// How many bytes, from the first on, are hashed.
    #[must_use]
    pub(crate) fn hashed(&self) -> u64 {
        self.hasher().position()
    }

    /// Hashes what is there from the last hashed byte up to `end`. The bytes were written moments ago, so they come from
    /// the system's memory, not from the disk.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub(crate) fn hash_up_to(&self, end: u64) -> Result<(), CacheError> {
        let mut hasher = self.hasher();
        let behind = end.saturating_sub(hasher.position());
        let mut buffer = vec![0; usize::try_from(behind).unwrap_or(READ).min(READ)];
        while hasher.position() < end {
            let wanted = usize::try_from(end - hasher.position()).unwrap_or(READ).min(READ);
            let read = read_at(&self.file, &mut buffer[..wanted], hasher.position());
            match read.map_err(CacheError::at("read", &self.place.path))? {
                0 => return Err(CacheError::at("read", &self.place.path)(io::ErrorKind::UnexpectedEof.into())),
                read => hasher.update(&buffer[..read]),
            }
        }
        Ok(())
    }

    /// Removes the file and its journal, unless they are another process's by now.
    ///
    /// # Errors
    /// Where they cannot be removed.
    pub(crate) fn discard(&self) -> Result<(), CacheError> {
        self.journal().map_or(Ok(()), |journal| journal.discard())?;
        if is_at(&self.file, &self.place.path).unwrap_or(false) { journal::forget(&self.place.path) } else { Ok(()) }
    }

    /// Whether somebody else has had a hand in the file.
    fn has_rivals(&self) -> bool {
        self.rivals.load(Ordering::Relaxed) || self.journal().is_some_and(|journal| journal.has_rivals())
    }

    /// Whether others know the name of the file.
    const fn is_shared(&self) -> bool {
        self.journal.is_some()
    }

    /// Sees that the name is still that of this file, and remembers it where the file has changed since this process last
    /// wrote into it.
    fn look(&self, before: Stamp) -> Result<(), CacheError> {
        let found = self.file.metadata().map_err(CacheError::at("look at", &self.place.path))?;
        if !is_of(&self.file, &found, &self.place.path) {
            return Err(CacheError::Replaced { path: self.place.path.clone() });
        }
        self.compare(before, Stamp::from(&found));
        Ok(())
    }

    fn compare(&self, before: Stamp, now: Stamp) {
        if now != before {
            self.rivals.store(true, Ordering::Relaxed);
        }
    }

    fn stamp(&self) -> Stamp {
        *self.stamp.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn journal(&self) -> Option<MutexGuard<'_, Journal>> {
        self.journal.as_ref().map(|journal| journal.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn hasher(&self) -> MutexGuard<'_, ContentHasher> {
        self.hasher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
