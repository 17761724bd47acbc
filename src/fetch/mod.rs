//! The transfer engine: from the plans of some pulls to verified files in their places.
//!
//! It knows blobs, ranges and a [`Transport`] that opens a stream of bytes; not which provider serves them, nor how they
//! will be shown. For each blob: take the lock, look again (somebody may have been faster), open the partial file, stream
//! what is missing, verify, publish. A failure that may pass costs a wait and never the bytes that are here.
//!
//! | module | decides |
//! |---|---|
//! | `plan` | what is here and what is to be fetched |
//! | `share` | what of it is whose, and how it ends |
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
mod share;
mod straggler;
mod stream;
mod tempo;
mod tiny;
mod transport;
mod watch;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::sync::oneshot::Receiver;
use tokio::task::JoinSet;

use self::limit::Limit;
pub(crate) use self::plan::{FileState, Need, Plan, Planned, Unverifiable};
use self::share::Job;
pub(crate) use self::share::TransferPart;
use self::straggler::Rates;
pub(crate) use self::transport::Transport;

use crate::event::{Event, FileId, Listener};
use crate::file_thread::Lost;
use crate::hub::http::Failure;
use crate::repo::RepoPath;
use crate::store::cache::{CacheError, Mismatch};

/// Why the files are not all in their place.
#[derive(Debug, Error)]
pub(crate) enum FetchError {
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
    /// A task of ours ended without an answer.
    #[error(transparent)]
    Lost(#[from] Lost),
}

/// How the engine works.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// How many large files of one server are fetched at once.
    pub(crate) jobs: usize,
    /// How many small files are fetched at once, beside the large ones.
    pub(crate) small_jobs: usize,
    /// How many connections all large files have together.
    pub(crate) connections: usize,
    /// How many bytes a second may come at most.
    pub(crate) limit_rate: Option<u64>,
    /// How long a file may go on without progress.
    pub(crate) patience: Duration,
}

/// What all parts of one transfer share.
struct Engine {
    listener: Arc<dyn Listener>,
    options: Options,
    limit: Limit,
    bulk: Arc<Semaphore>,
    small: Arc<Semaphore>,
    received: AtomicU64,
    /// How many files are being brought to the disk.
    syncing: AtomicUsize,
    rates: Mutex<Rates>,
}

impl Engine {
    fn tell(&self, event: impl Into<Event>) {
        self.listener.event(&event.into());
    }

    /// What streams of the run brought lately.
    fn rates(&self) -> MutexGuard<'_, Rates> {
        self.rates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of a job came over the network.
    fn received(&self, job: &Job, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
        job.share.received(bytes);
    }
}

/// Shares on their way. Dropped, it puts down what it holds; what was written stays for the next run.
pub(crate) struct Transfer {
    ends: FuturesUnordered<BoxFuture<'static, (usize, Result<u64, FetchError>)>>,
    _lanes: JoinSet<()>,
}

impl Transfer {
    /// The next share that ends, by its place, and how many bytes came over the network for it. Its first failure that
    /// does not pass ends a share, and no other one.
    pub(crate) async fn next(&mut self) -> Option<(usize, Result<u64, FetchError>)> {
        self.ends.next().await
    }
}

/// Begins to bring all shares: one pool of connections, one limit, one account of progress. Content that several of them
/// need is fetched once.
#[must_use]
pub(crate) fn fetch(shares: Vec<TransferPart>, listener: Arc<dyn Listener>, options: Options) -> Transfer {
    let (mut jobs, ends): (Vec<Job>, FuturesUnordered<_>) = (Vec::new(), FuturesUnordered::new());
    let (mut bytes, mut resumed, mut first) = (0, 0, HashMap::new());
    for (place, share) in shares.into_iter().enumerate() {
        let (share, needs, ended) = share.start();
        ends.push(end(place, ended).boxed());
        for need in needs {
            let (missing, have) = (need.bytes(), need.have);
            let mut job = Job::new(FileId(jobs.len()), need, &share);
            match first.get(&job.file.digest) {
                // two files of one folder have no content in common
                Some(&(earlier, of)) if job.is_missing() && of != place => job.follow(&jobs[earlier]),
                _ if job.is_missing() => {
                    first.insert(job.file.digest, (jobs.len(), place));
                    bytes += missing;
                    resumed += have;
                }
                _ => {}
            }
            jobs.push(job);
        }
    }
    if !jobs.is_empty() {
        listener.event(&Event::Plan { files: jobs.len(), bytes, resumed });
    }
    let engine = Arc::new(Engine {
        listener,
        options,
        limit: Limit::new(options.limit_rate),
        bulk: Arc::new(Semaphore::new(options.connections)),
        small: Arc::new(Semaphore::new(options.small_jobs)),
        received: AtomicU64::new(0),
        syncing: AtomicUsize::new(0),
        rates: Mutex::default(),
    });
    Transfer { ends, _lanes: lanes(&engine, jobs) }
}

/// The end of a share, by its place.
async fn end(place: usize, ended: Receiver<Result<u64, FetchError>>) -> (usize, Result<u64, FetchError>) {
    (place, ended.await.expect("a lane tells the end of each job that it is given"))
}

/// Small files have a lane, and the large ones of each server: none waits for a connection that another server's hold.
fn lanes(engine: &Arc<Engine>, jobs: Vec<Job>) -> JoinSet<()> {
    let (small, mut large): (Vec<Job>, Vec<Job>) =
        jobs.into_iter().partition(|job: &Job| job.file.size <= conductor::SMALL);
    let mut lanes = JoinSet::new();
    lanes.spawn(lane(Arc::clone(engine), small, engine.options.small_jobs));
    while let Some(first) = large.first() {
        let server = Arc::clone(&first.share.transport);
        let of_server = |job: &Job| Arc::ptr_eq(&job.share.transport, &server);
        let (own, others) = large.into_iter().partition(of_server);
        large = others;
        let connections = engine.options.connections.min(server.most_connections());
        lanes.spawn(lane(Arc::clone(engine), own, engine.options.jobs.min(connections)));
    }
    lanes
}

/// Works through jobs in their order, so many at once.
async fn lane(engine: Arc<Engine>, jobs: Vec<Job>, at_once: usize) {
    let mut waiting = jobs.into_iter();
    let mut running = JoinSet::new();
    let mut shares = HashMap::new();
    loop {
        while running.len() < at_once
            && let Some(job) = waiting.next()
        {
            let share = Arc::clone(&job.share);
            if share.has_failed() {
                share.ended(Ok(()));
                continue;
            }
            let id = running.spawn(work(Arc::clone(&engine), job)).id();
            shares.insert(id, share);
        }
        let Some(ended) = running.join_next_with_id().await else { return };
        let (id, outcome) = match ended {
            Ok((id, outcome)) => (id, outcome),
            Err(error) => (error.id(), Err(Lost::from(error).into())),
        };
        if let Some(share) = shares.remove(&id) {
            share.ended(outcome);
        }
    }
}

/// Brings a job to its end, or puts it down where another one of its share has failed.
async fn work(engine: Arc<Engine>, job: Job) -> Result<(), FetchError> {
    let share = Arc::clone(&job.share);
    tokio::select! {
        ended = blob::bring(engine, job) => ended,
        () = share.failure() => Ok(()),
    }
}
