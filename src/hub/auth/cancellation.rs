//! Nobody waits for a token any more: a command that was started for it has to end too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by who waits for a token and the thread that looks for it. The default is never cancelled.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Cancels when the guard is dropped, as a future is when the run is interrupted.
    pub(crate) fn on_drop(&self) -> CancelOnDrop {
        CancelOnDrop(self.clone())
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Cancels a search for a token.
#[must_use]
#[derive(Debug)]
pub(crate) struct CancelOnDrop(Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}
