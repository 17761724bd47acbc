//! Waiting for something another process or thread does, without guessing how long it takes.

use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything in the suite takes on a busy machine; only a failure waits this long.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Returns as soon as `condition` holds.
///
/// # Panics
/// When it does not hold within the limit.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < deadline, "gave up waiting until {what}");
        thread::park_timeout(Duration::from_millis(2));
    }
}
