//! Threads for what blocks: the disk, hashing, a user's command.
//!
//! The reason: a future that hashes 40 GB hears no Ctrl-C until it is done, and the bars stand still meanwhile.

use thiserror::Error;
use tokio::task::{JoinError, spawn_blocking};

/// A task ended without an answer: a bug of ours, or the end of the run.
#[derive(Debug, Error)]
#[error("a part of the work ended without an answer")]
pub(crate) struct Lost(#[from] JoinError);

/// Runs work that blocks on a thread of its own.
///
/// # Errors
/// When the thread was lost.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Lost> {
    spawn_blocking(work).await.map_err(Lost)
}
