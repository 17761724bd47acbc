//! The verdict on a partial file, and what follows from it.

use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use thiserror::Error;

use super::super::journal::{self, Journal};
use super::super::lock::{is_at, is_of};
use super::super::ranges::Ranges;
use super::super::stamp::Stamp;
use super::super::{CacheError, content, holes, notes, place};
use super::Partial;
use crate::digest::{ContentHasher, Digest};

/// From this size on a file is forced to the disk before it gets its name. Smaller ones are brought there together, before
/// anything promises them (see `durable`).
const SYNC_FROM: u64 = 1 << 20;
/// Up to this size, in bytes, a file that had a rival is copied while it is hashed once more, since a write that the rival
/// had begun can land after so short a hash. Beyond it the hash takes longer than any write.
const COPY_UP_TO: u64 = 64 << 20;

/// The content is not what the publisher's listing says.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the content has the hash {actual}, the publisher lists {expected}")]
pub(crate) struct Mismatch {
    /// The publisher's hash.
    pub(crate) expected: Digest,
    /// The content's.
    pub(crate) actual: Digest,
}

/// What [`Partial::verify`] finds.
#[derive(Debug)]
pub(crate) enum Judgement {
    /// It is the content.
    Right(Verified),
    /// It is not, and the bytes are gone.
    Wrong {
        /// Both hashes.
        mismatch: Mismatch,
        /// Whether somebody else wrote into the file, so that its fault need not be the server's.
        rivals: bool,
    },
    /// What an earlier run left has holes, as a power cut leaves them: these bytes are to be fetched again.
    Holes(Partial, Ranges),
}

impl Partial {
    /// Compares the hash of everything with the publisher's.
    ///
    /// # Errors
    /// Where the file cannot be read or brought to the disk.
    pub(crate) fn verify(mut self) -> Result<Judgement, CacheError> {
        self.hash_up_to(self.wanted.size)?;
        let actual = self.hasher().clone().finish();
        if actual != self.wanted.digest {
            return self.mend_or_discard(actual);
        }
        // bytes beyond the end, left by whatever wrote here before, are not part of what was hashed
        let write = || CacheError::at("write", &self.place.path);
        let mut found = Stamp::of(&self.file).map_err(write())?;
        if self.is_shared() {
            self.compare(self.stamp(), found);
        }
        if found.length != self.wanted.size {
            self.file.set_len(self.wanted.size).map_err(write())?;
            found = Stamp::of(&self.file).map_err(write())?;
        }
        self.stamp = Mutex::new(found);
        if self.wanted.size >= SYNC_FROM {
            self.file.sync_data().map_err(write())?;
        }
        self.take_aside()?;
        if self.has_rivals()
            && let Err(actual) = self.hash_again()?
        {
            let mismatch = Mismatch { expected: self.wanted.digest, actual };
            self.discard()?;
            return Ok(Judgement::Wrong { mismatch, rivals: true });
        }
        Ok(Judgement::Right(Verified(self)))
    }

    /// What is wrong with content of the wrong hash: holes in what was left, or everything.
    fn mend_or_discard(mut self, actual: Digest) -> Result<Judgement, CacheError> {
        let rivals = self.has_rivals();
        let resumed = std::mem::take(&mut self.resumed);
        let holes = holes::find(&self.file, &resumed).map_err(CacheError::at("read", &self.place.path))?;
        if rivals || holes.total() == 0 || holes.total() == self.wanted.size {
            self.discard()?;
            return Ok(Judgement::Wrong { mismatch: Mismatch { expected: self.wanted.digest, actual }, rivals });
        }
        let mut here = Ranges::default();
        holes.missing(self.wanted.size).into_iter().for_each(|range| here.insert(range));
        // the old journal vouches for the holes
        journal::forget(&self.place.journal)?;
        let mut journal = Journal::open(&self.place.journal, &self.wanted)?;
        here.iter().try_for_each(|range| journal.note(range))?;
        self.journal = Some(Mutex::new(journal));
        self.hasher = Mutex::new(ContentHasher::like(&self.wanted.digest, self.wanted.size));
        Ok(Judgement::Holes(self, here))
    }

    /// Takes the file out of the reach of others: their next write finds it gone.
    fn take_aside(&mut self) -> Result<(), CacheError> {
        if !self.is_shared() {
            return Ok(());
        }
        let (aside, before) = (self.place.aside(), self.stamp());
        let replaced = || CacheError::Replaced { path: self.place.path.clone() };
        if !is_at(&self.file, &self.place.path).unwrap_or(false) {
            return Err(replaced());
        }
        place::rename_over(&self.place.path, &aside)?;
        if !is_at(&self.file, &aside).unwrap_or(false) {
            return Err(replaced());
        }
        let now = Stamp::of(&self.file).map_err(CacheError::at("look at", &aside))?;
        if !now.has_content_of(&before) {
            self.rivals.store(true, Ordering::Relaxed);
        }
        self.stamp = Mutex::new(now);
        self.place.path = aside;
        Ok(())
    }

    /// Hashes the file from the disk; a small one is copied to where no rival's write can land any more. The inner error
    /// is the hash of other content.
    fn hash_again(&mut self) -> Result<Result<(), Digest>, CacheError> {
        let mut hasher = ContentHasher::like(&self.wanted.digest, self.wanted.size);
        let copy = match self.wanted.size {
            ..=COPY_UP_TO => Some(Self::private(&self.place, &self.wanted)?),
            _ => None,
        };
        // opened anew: over a network, that is when others' writes are seen
        let read = content::read(&self.place.path, self.wanted.size, |piece| {
            let position = hasher.position();
            hasher.update(piece);
            copy.as_ref().map_or(Ok(()), |copy| copy.write(position, &[piece]))
        });
        let is_ours = is_at(&self.file, &self.place.path).unwrap_or(false);
        match read {
            Ok(true) if hasher.position() == self.wanted.size => {}
            Err(error) if is_ours && !is_absence(&error) => return Err(error),
            // a rival has taken it back, or is writing at this moment
            _ => return Err(CacheError::Replaced { path: self.place.path.clone() }),
        }
        let actual = hasher.finish();
        if actual != self.wanted.digest {
            return Ok(Err(actual));
        }
        if let Some(copy) = copy {
            if self.wanted.size >= SYNC_FROM {
                copy.file.sync_data().map_err(CacheError::at("write", &copy.place.path))?;
            }
            if is_ours {
                journal::forget(&self.place.path)?;
            }
            self.stamp = Mutex::new(Stamp::of(&copy.file).map_err(CacheError::at("look at", &copy.place.path))?);
            (self.file, self.temporary, self.place.path) = (copy.file, copy.temporary, copy.place.path);
        } else {
            let now = Stamp::of(&self.file).map_err(CacheError::at("look at", &self.place.path))?;
            if now != self.stamp() {
                return Err(CacheError::Replaced { path: self.place.path.clone() });
            }
        }
        Ok(Ok(()))
    }
}

/// Whether a file was not there: a rival that takes it back, and gives it up again, has it for a moment.
fn is_absence(error: &CacheError) -> bool {
    matches!(error, CacheError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
}

/// Proof that a partial file holds exactly the content of its digest.
#[derive(Debug)]
pub(crate) struct Verified(Partial);

impl Verified {
    #[cfg(test)]
    pub(in crate::store::cache) fn for_tests(
        path: std::path::PathBuf,
        journal_path: std::path::PathBuf,
        file: &crate::manifest::RepoFile,
    ) -> Self {
        let opened = std::fs::File::open(&path).expect("the partial file exists");
        let stamp = Stamp::of(&opened).expect("an open file");
        let journal = Some(Mutex::new(Journal::open(&journal_path, file).expect("a journal")));
        let place = super::PartialPlace { path, journal: journal_path };
        Self(Partial { journal, ..Partial::of(place, file, opened, stamp) })
    }

    pub(in crate::store::cache) fn path(&self) -> &Path {
        &self.0.place.path
    }

    pub(in crate::store::cache) const fn digest(&self) -> &Digest {
        &self.0.wanted.digest
    }

    pub(in crate::store::cache) const fn size(&self) -> u64 {
        self.0.wanted.size
    }

    /// Deletes the content: it gets no name.
    pub(in crate::store::cache) fn discard(self) -> Result<(), CacheError> {
        self.0.discard()
    }

    /// Whether the bytes are on the disk.
    pub(in crate::store::cache) const fn is_synced(&self) -> bool {
        self.size() >= SYNC_FROM
    }

    /// The state of the file, for the notes.
    pub(in crate::store::cache) fn noted(&self) -> Option<notes::HashedState> {
        notes::HashedState::of_open(&self.0.file)
    }

    /// Whether the path still names the file that was verified, as it was then.
    pub(in crate::store::cache) fn still_in_place(&self) -> io::Result<bool> {
        let found = self.0.file.metadata()?;
        Ok(is_of(&self.0.file, &found, &self.0.place.path) && Stamp::from(&found) == self.0.stamp())
    }

    /// The file has got its name: nothing is left under the one that it had.
    pub(in crate::store::cache) fn was_renamed(&mut self) {
        let _ = self.0.temporary.take().map(place::forget);
    }

    /// Ends a proof that gave a name: it is good for one. The journal goes with it; where that fails it is no error, since
    /// a journal without its partial file says nothing.
    pub(in crate::store::cache) fn spend(self) {
        let _ = self.0.journal().map_or(Ok(()), |journal| journal.discard());
    }
}
