//! Content on its way: a private file that is written at any offset, hashed in order, and named only once it is verified.
//!
//! Promise 2 is a type here: [`Verified`] is made by [`Partial::verify`] alone, which compares the hash of every byte
//! that was read back or written in order with the publisher's, and only a `Verified` can be published.
//!
//! Bytes go to their offset, never to the end. On Lustre, GPFS and some NFS `flock` succeeds for everyone, and two
//! processes that appended to one file made corrupt models (huggingface_hub#4228); two that write the same bytes to the
//! same places waste bandwidth and nothing else.

use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use thiserror::Error;

use super::journal::{self, Journal};
use super::lock::is_at;
use super::ranges::Ranges;
use super::{CacheError, place};
use crate::digest::{ContentHasher, Digest};
use crate::manifest::RepoFile;

/// How much is read at once for hashing, in bytes.
const READ: usize = 256 << 10;
/// From this size on a file is forced to the disk before it gets its name. Smaller ones are not worth the wait: if a
/// power cut empties one, its length tells, and it is fetched again.
const SYNC_FROM: u64 = 1 << 20;

/// Where a partial file and its journal stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialPlace {
    /// The file.
    pub path: PathBuf,
    /// Its journal.
    pub journal: PathBuf,
}

impl PartialPlace {
    /// Which bytes of `file` earlier runs left here.
    #[must_use]
    pub fn finished(&self, file: &RepoFile) -> Ranges {
        let ranges = journal::read(&self.journal, file);
        let Some(end) = ranges.iter().last().map(|range| range.end) else { return ranges };
        // without its bytes (swept by `hf cache prune`) a journal says nothing
        if place::regular_size(&self.path).is_some_and(|length| length >= end) { ranges } else { Ranges::default() }
    }
}

/// The content is not what the publisher's listing says.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the content has the hash {actual}, the publisher lists {expected}")]
pub struct Mismatch {
    /// The publisher's hash.
    pub expected: Digest,
    /// The content's.
    pub actual: Digest,
}

/// Content on its way. All calls block; several threads may write at once.
#[derive(Debug)]
pub struct Partial {
    place: PartialPlace,
    digest: Digest,
    size: u64,
    file: File,
    journal: Mutex<Journal>,
    hasher: Mutex<ContentHasher>,
}

impl Partial {
    /// Opens the partial file of `file` and says which of its bytes are there already.
    ///
    /// # Errors
    /// Where it cannot be created, or is something else than a regular file.
    pub fn open(place: PartialPlace, file: &RepoFile) -> Result<(Self, Ranges), CacheError> {
        let finished = place.finished(file);
        // Never truncated: where locks lie, another process may be writing here, and what it has written (and hashed on
        // its way) must not become a hole. Bytes that no journal vouches for are written again, at the same place.
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        place::remove_unless_regular(&place.path)?;
        let opened = options.open(&place.path).map_err(CacheError::at("create", &place.path))?;
        if !is_at(&opened, &place.path).map_err(CacheError::at("look at", &place.path))? {
            return Err(CacheError::Replaced { path: place.path });
        }
        let journal = Journal::open(&place.journal, file, finished.total() > 0)?;
        let partial = Self {
            digest: file.digest,
            size: file.size,
            file: opened,
            journal: Mutex::new(journal),
            hasher: Mutex::new(ContentHasher::like(&file.digest, file.size)),
            place,
        };
        Ok((partial, finished))
    }

    /// Writes bytes to their place, and hashes them on the way if they are the next to be hashed.
    ///
    /// # Errors
    /// Where they cannot be written, or where the file's name has gone to another file: another process has published
    /// the content, and what is written now would go into a named file unverified.
    pub fn write(&self, offset: u64, pieces: &[impl AsRef<[u8]>]) -> Result<(), CacheError> {
        if !is_at(&self.file, &self.place.path).map_err(CacheError::at("look at", &self.place.path))? {
            return Err(CacheError::Replaced { path: self.place.path.clone() });
        }
        let mut at = offset;
        for piece in pieces.iter().map(AsRef::as_ref) {
            write_all_at(&self.file, piece, at).map_err(CacheError::at("write", &self.place.path))?;
            at += piece.len() as u64;
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
    pub fn note(&self, range: &Range<u64>) -> Result<(), CacheError> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).note(range)
    }

    /// How many bytes, from the first on, are hashed.
    #[must_use]
    pub fn hashed(&self) -> u64 {
        self.hasher().position()
    }

    /// Hashes what is there from the last hashed byte up to `end`. The bytes were written moments ago, so they come from
    /// the system's memory, not from the disk.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn hash_up_to(&self, end: u64) -> Result<(), CacheError> {
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

    /// Compares the hash of everything with the publisher's.
    ///
    /// # Errors
    /// Where the file cannot be read or brought to the disk. The inner error is the verdict that the content is wrong;
    /// the bytes are gone then.
    pub fn verify(self) -> Result<Result<Verified, Mismatch>, CacheError> {
        self.hash_up_to(self.size)?;
        let actual = self.hasher().clone().finish();
        if actual != self.digest {
            let mismatch = Mismatch { expected: self.digest, actual };
            self.discard()?;
            return Ok(Err(mismatch));
        }
        // bytes beyond the end, left by whatever wrote here before, are not part of what was hashed
        let at = CacheError::at("write", &self.place.path);
        self.file.set_len(self.size).map_err(at)?;
        if self.size >= SYNC_FROM {
            self.file.sync_data().map_err(CacheError::at("write", &self.place.path))?;
        }
        Ok(Ok(Verified { place: self.place, digest: self.digest, size: self.size, handle: self.file }))
    }

    /// Removes the file and its journal.
    ///
    /// # Errors
    /// Where they cannot be removed.
    pub fn discard(&self) -> Result<(), CacheError> {
        journal::forget(&self.place.journal)?;
        journal::forget(&self.place.path)
    }

    fn hasher(&self) -> MutexGuard<'_, ContentHasher> {
        self.hasher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Proof that a partial file holds exactly the content of its digest.
#[derive(Debug)]
pub struct Verified {
    place: PartialPlace,
    digest: Digest,
    size: u64,
    handle: File,
}

impl Verified {
    #[cfg(test)]
    pub(super) fn for_tests(path: PathBuf, journal: PathBuf, digest: Digest, size: u64) -> Self {
        let handle = File::open(&path).expect("the partial file exists");
        Self { place: PartialPlace { path, journal }, digest, size, handle }
    }

    pub(super) fn path(&self) -> &Path {
        &self.place.path
    }

    pub(super) fn journal(&self) -> &Path {
        &self.place.journal
    }

    pub(super) const fn digest(&self) -> &Digest {
        &self.digest
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Whether the path still names the file that was verified.
    pub(super) fn still_in_place(&self) -> io::Result<bool> {
        is_at(&self.handle, &self.place.path)
    }
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, bytes, offset)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => {
                bytes = &bytes[written..];
                offset += written as u64;
            }
        }
    }
    Ok(())
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
