//! Whether the process that holds a lock gets on with what it fetches. One that was stopped, or that hangs on a dead mount,
//! holds its locks for ever; one that fetches for an hour is worth waiting for.

use std::time::{Duration, Instant};

use super::FetchError;
use crate::file_thread;
use crate::store::cache::{Activity, PartialPlace};

/// How often its files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What was seen of another process.
pub(super) struct Watch {
    place: PartialPlace,
    patience: Duration,
    seen: Option<Activity>,
    looked: Option<Instant>,
    /// When it last got on.
    moved: Instant,
}

impl Watch {
    pub(super) fn new(place: PartialPlace, patience: Duration) -> Self {
        Self { place, patience, seen: None, looked: None, moved: Instant::now() }
    }

    /// Whether nothing has moved for as long as patience lasts.
    pub(super) async fn has_stalled(&mut self) -> Result<bool, FetchError> {
        let every = LOOK_EVERY.min(self.patience / 4);
        if self.looked.is_some_and(|looked| looked.elapsed() < every) {
            return Ok(false);
        }
        self.looked = Some(Instant::now());
        let place = self.place.clone();
        let now = file_thread::run(move || Activity::at(&place)).await?;
        if self.seen.as_ref() != Some(&now) {
            self.moved = Instant::now();
        }
        self.seen = Some(now);
        Ok(self.moved.elapsed() >= self.patience)
    }
}
