//! `--limit-rate`: so many bytes a second over the whole process.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes may come this much ahead of their time, so that many connections do not wait for each other's timers.
const AHEAD: Duration = Duration::from_millis(50);

/// The rate, and until when it is used up.
#[derive(Debug)]
pub(super) struct Limit(Option<(u64, Mutex<Instant>)>);

impl Limit {
    /// A limit of so many bytes a second, or none.
    pub(super) fn new(rate: Option<u64>) -> Self {
        Self(rate.map(|rate| (rate, Mutex::new(Instant::now()))))
    }

    /// Waits until `bytes` that have just come were due.
    pub(super) async fn take(&self, bytes: u64) {
        if let Some(wait) = self.book(bytes, Instant::now()) {
            tokio::time::sleep(wait).await;
        }
    }

    fn book(&self, bytes: u64, now: Instant) -> Option<Duration> {
        let (rate, until) = self.0.as_ref()?;
        let mut until = until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(now) + Duration::from_nanos(bytes.saturating_mul(1_000_000_000) / rate);
        until.duration_since(now).checked_sub(AHEAD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_holds_over_all_streams_and_unused_time_is_not_saved_up() {
        let limit = Limit::new(Some(1_000_000));
        let start = Instant::now() + Duration::from_secs(1);
        assert_eq!(limit.book(40_000, start), None);
        assert_eq!(limit.book(1_000_000, start), Some(Duration::from_millis(990)));
        assert_eq!(limit.book(1_000_000, start), Some(Duration::from_millis(1_990)));
        let later = start + Duration::from_secs(100);
        assert_eq!(limit.book(1_050_000, later), Some(Duration::from_secs(1)));
        assert_eq!(Limit::new(None).book(u64::MAX, start), None);
    }
}
