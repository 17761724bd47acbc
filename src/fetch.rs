//! The transfer engine: from a plan to verified files in their place.
//!
//! It knows blobs, ranges and a [`Transport`] that opens a stream of bytes; not which provider serves them, nor how they
//! will be shown. For each blob: take the lock, look again (somebody may have been faster), open the partial file, stream
//! what is missing, verify, publish. A failure that may pass costs a wait and never the bytes that are here.
//!
//! | module | decides |
//! |---|---|
//! | `plan` | what is here and what is to be fetched |
//! | `blob` | the steps of one blob |
//! | `conductor` | how many streams a file has, and what becomes of one that fails |
//! | `leases` | who fetches which bytes (pure) |
//! | `tempo` | how many connections a file deserves (pure) |
//! | `straggler` | which stream is far slower than streams usually are (pure) |
//! | `stream` | from the network to the disk |
//! | `tiny` | the short way for files of one piece |
//! | `transport` | how the bytes of a range arrive |
//! | `watch` | how long another process is waited for |

mod blob;
mod conductor;
mod leases;
mod limit;
mod open;
mod plan;
mod straggler;
mod stream;
mod tempo;
mod tiny;
mod transport;
mod watch;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use self::limit::Limit;
pub use self::plan::{FileState, Job, Plan};
use self::straggler::Rates;
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
    /// The disk filled up.
    #[error("the disk is full, {missing} bytes before the end")]
    Full {
        /// How many bytes are still to be fetched.
        missing: u64,
        /// What could not be written.
        source: CacheError,
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
    /// How many large files are fetched at once.
    pub jobs: usize,
    /// How many small files are fetched at once, beside the large ones.
    pub small_jobs: usize,
    /// How many connections all large files have together.
    pub connections: usize,
    /// How many bytes the plan says are to be fetched.
    pub bytes: u64,
    /// How many bytes a second may come at most.
    pub limit_rate: Option<u64>,
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
    limit: Limit,
    bulk: Arc<Semaphore>,
    small: Arc<Semaphore>,
    received: AtomicU64,
    rates: Mutex<Rates>,
}

impl Engine {
    /// What streams of the run brought lately.
    fn rates(&self) -> MutexGuard<'_, Rates> {
        self.rates.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
    let engine = Arc::new(Engine {
        transport,
        destination,
        reporter,
        options,
        limit: Limit::new(options.limit_rate),
        bulk: Arc::new(Semaphore::new(options.connections)),
        small: Arc::new(Semaphore::new(options.small_jobs)),
        received: AtomicU64::new(0),
        rates: Mutex::default(),
    });
    let (small, large) = jobs.into_iter().partition(|job: &Job| job.file.size <= conductor::SMALL);
    let large_at_once = options.jobs.min(options.connections);
    let ended = tokio::try_join!(lane(&engine, small, options.small_jobs), lane(&engine, large, large_at_once));
    let received = engine.received.load(Ordering::Relaxed);
    match ended {
        Ok(_) => Ok(received),
        Err(FetchError::Cache(source)) if source.is_disk_full() => {
            Err(FetchError::Full { missing: options.bytes.saturating_sub(received), source })
        }
        Err(error) => Err(error),
    }
}

/// Works through jobs in their order, so many at once.
async fn lane(engine: &Arc<Engine>, jobs: Vec<Job>, at_once: usize) -> Result<(), FetchError> {
    let mut waiting = jobs.into_iter();
    let mut running = JoinSet::new();
    loop {
        while running.len() < at_once
            && let Some(job) = waiting.next()
        {
            running.spawn(blob::bring(Arc::clone(engine), job));
        }
        match running.join_next().await {
            None => return Ok(()),
            Some(ended) => ended.map_err(FetchError::Lost)??,
        }
    }
}

/// Runs file work, which blocks, on a thread of its own, so that progress moves and Ctrl-C is heard meanwhile.
///
/// # Errors
/// When the thread was lost.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, FetchError> {
    tokio::task::spawn_blocking(work).await.map_err(FetchError::Lost)
}
