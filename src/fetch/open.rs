//! A file that is being fetched: its partial file, who fetches which of its bytes, which are here, how far it is hashed.

use std::ops::Range;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::leases::{Lease, LeaseId, Leases};
use crate::store::cache::{CacheError, Partial, Ranges};

/// What the streams of one file share.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) partial: Arc<Partial>,
    leases: Mutex<Leases>,
    here: Mutex<Ranges>,
    received: AtomicU64,
    /// Bytes were written: there may be something to hash.
    pub(super) written: Notify,
    /// A stream lost what it had still to bring.
    taken_away: Notify,
}

impl OpenFile {
    pub(super) fn new(partial: Partial, here: Ranges, size: u64) -> Self {
        Self {
            partial: Arc::new(partial),
            leases: Mutex::new(Leases::new(here.missing(size))),
            here: Mutex::new(here),
            received: AtomicU64::new(0),
            written: Notify::new(),
            taken_away: Notify::new(),
        }
    }

    pub(super) fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a stream, whatever it waits for; what it had still to bring goes to the next one.
    pub(super) fn take_away(&self, id: LeaseId) {
        self.leases().take_away(id);
        self.taken_away.notify_waiters();
    }

    /// How many bytes came over the network for this file.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Bytes are written.
    pub(super) fn arrived(&self, range: Range<u64>) {
        self.here.lock().unwrap_or_else(PoisonError::into_inner).insert(range);
        self.written.notify_one();
    }

    /// Whether everything that is here without a gap from the beginning on is hashed.
    pub(super) fn is_hashed(&self) -> bool {
        self.partial.hashed() >= self.frontier()
    }

    /// Hashes that. Blocks.
    pub(super) fn hash(&self) -> Result<(), CacheError> {
        while !self.is_hashed() {
            self.partial.hash_up_to(self.frontier())?;
        }
        Ok(())
    }

    fn frontier(&self) -> u64 {
        self.here.lock().unwrap_or_else(PoisonError::into_inner).frontier()
    }
}

/// A lease in the hands of a stream: given back when it is dropped, less what was written.
#[derive(Debug)]
pub(super) struct HeldLease {
    open: Arc<OpenFile>,
    id: LeaseId,
    /// Up to where bytes are written.
    pub(super) written: u64,
}

impl HeldLease {
    pub(super) fn new(open: &Arc<OpenFile>, lease: &Lease) -> Self {
        Self { open: Arc::clone(open), id: lease.id, written: lease.range.start }
    }

    /// How many of the next `length` bytes this stream may keep.
    pub(super) fn claim(&self, length: u64) -> u64 {
        let kept = self.open.leases().claim(self.id, length);
        self.open.received.fetch_add(kept, Ordering::Relaxed);
        kept
    }

    /// Whether this stream has all of its bytes, or none to bring any more.
    pub(super) fn is_spent(&self) -> bool {
        self.open.leases().is_spent(self.id)
    }

    /// Waits for `work`, unless what this stream has still to bring is taken away meanwhile. `work` is dropped then.
    pub(super) async fn unless_spent<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        loop {
            // made before the look, so that no word after it is missed
            let taken_away = self.open.taken_away.notified();
            if self.is_spent() {
                return None;
            }
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                () = taken_away => {}
            }
        }
    }

    /// Bytes up to `end` are written.
    pub(super) fn advance(&mut self, end: u64) {
        self.open.arrived(self.written..end);
        self.written = end;
    }
}

impl Drop for HeldLease {
    fn drop(&mut self) {
        self.open.leases().release(self.id, self.written);
    }
}
