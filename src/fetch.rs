//! The transfer engine: from a plan to verified files in their place.
//!
//! It knows blobs, ranges and a [`Transport`] that opens a stream of bytes; not which provider serves them, nor how they
//! will be shown. For each blob: take the lock, look again (somebody may have been faster), open the partial file, stream
//! what is missing, verify, publish. A failure that may pass costs a wait and never the bytes that are here.

mod blob;
mod plan;
mod stream;
mod transport;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use thiserror::Error;
use tokio::task::JoinSet;

pub use self::plan::{FileState, Job, Plan};
pub use self::transport::Transport;

use crate::cache::{CacheError, Destination, Mismatch};
use crate::http::Failure;
use crate::repo::RepoPath;
use crate::report::Reporter;

/// Why the files are not all in their place.
#[derive(Debug, Error)]
pub enum FetchError {
    /// A file could not be transferred.
    #[error("could not fetch `{path}`")]
    Transfer {
        /// The file.
        path: RepoPath,
        /// Why.
        source: Failure,
    },
    /// A file arrived whole, but is not what the publisher lists.
    #[error("`{path}` did not verify and was deleted")]
    Corrupt {
        /// The file.
        path: RepoPath,
        /// Both hashes.
        source: Mismatch,
    },
    /// The disk or the cache refused.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// A task of ours ended without an answer: a bug.
    #[error("a part of the download ended without an answer")]
    Lost(#[source] tokio::task::JoinError),
}

/// How the engine works.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How many files are fetched at once.
    pub jobs: usize,
    /// How long a file may go on without progress.
    pub patience: Duration,
    /// Fetch also what seems to be here.
    pub force: bool,
}

/// What all parts of one run share.
struct Engine {
    transport: Transport,
    destination: Arc<Destination>,
    reporter: Arc<dyn Reporter>,
    options: Options,
    received: AtomicU64,
}

/// Brings every job of a plan to its end and says how many bytes came over the network. The first failure that does not
/// pass ends the others; what they wrote stays for the next run.
///
/// # Errors
/// That failure.
pub async fn fetch(
    jobs: Vec<Job>,
    destination: Arc<Destination>,
    transport: Transport,
    reporter: Arc<dyn Reporter>,
    options: Options,
) -> Result<u64, FetchError> {
    let engine = Arc::new(Engine { transport, destination, reporter, options, received: AtomicU64::new(0) });
    let mut waiting = jobs.into_iter();
    let mut running = JoinSet::new();
    loop {
        while running.len() < options.jobs
            && let Some(job) = waiting.next()
        {
            running.spawn(blob::bring(Arc::clone(&engine), job));
        }
        match running.join_next().await {
            None => return Ok(engine.received.load(Ordering::Relaxed)),
            Some(Ok(outcome)) => outcome?,
            Some(Err(error)) => return Err(FetchError::Lost(error)),
        }
    }
}

/// Runs file work, which blocks, on a thread of its own.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, FetchError> {
    tokio::task::spawn_blocking(work).await.map_err(FetchError::Lost)
}
