//! The streams of one file: how many, what each fetches, what becomes of one that fails.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::open::OpenFile;
use super::share::Job;
use super::stream::{Interruption, Stream};
use super::tempo::{FileProgress, Tempo};
use super::transport::FileLink;
use super::{Engine, FetchError};
use crate::file_thread::Lost;
use crate::hub::http::{Failure, Patience};
use crate::store::cache::CacheError;

/// How often the number of connections is thought over.
const BEAT: Duration = Duration::from_millis(10);
/// How often the streams are compared with each other.
const COMPARE_EVERY: Duration = Duration::from_secs(1);
/// What has come is brought to the disk after so many bytes and at least a second, or after so much time: a power cut costs
/// what came since. On a thread of its own, since a disk may take long for it.
const SYNC_EVERY: u64 = 64 << 20;
const SYNC_PAUSE: Duration = Duration::from_secs(1);
const SYNC_EVERY_TIME: Duration = Duration::from_secs(10);
/// Files up to this size, in bytes, get one connection: they end before a second one would have helped.
pub(super) const SMALL: u64 = 2 << 20;

/// Conducts the streams of one file until all of its bytes are here.
pub(super) struct Conductor<'a> {
    engine: &'a Arc<Engine>,
    job: &'a Arc<Job>,
    open: Arc<OpenFile>,
    link: Arc<FileLink>,
    tempo: Tempo,
    streams: JoinSet<Result<(), Interruption>>,
    hashing: Option<JoinHandle<Result<(), CacheError>>>,
    syncing: Option<JoinHandle<Result<(), CacheError>>>,
    /// How much had come when what had come was last brought to the disk, and when that was.
    synced: u64,
    synced_at: Instant,
    patience: Patience,
    /// How much had come when patience last counted progress.
    counted: u64,
    /// After a failure: when the next stream may begin.
    not_before: Option<Instant>,
    compared: Instant,
}

/// The right to a connection: one of those of the run, and of a large file's server.
pub(super) struct Permit {
    _run: OwnedSemaphorePermit,
    _server: Option<OwnedSemaphorePermit>,
}

impl<'a> Conductor<'a> {
    pub(super) fn new(engine: &'a Arc<Engine>, job: &'a Arc<Job>, open: Arc<OpenFile>) -> Self {
        let most = engine.options.connections.min(job.share.transport.most_connections());
        let most = if job.file.size <= SMALL { 1 } else { most };
        Self {
            engine,
            job,
            open,
            link: Arc::default(),
            tempo: Tempo::new(most),
            streams: JoinSet::new(),
            hashing: None,
            syncing: None,
            synced: 0,
            synced_at: Instant::now(),
            patience: Patience::new(engine.options.patience),
            counted: 0,
            not_before: None,
            compared: Instant::now(),
        }
    }

    /// Fetches every missing byte.
    ///
    /// # Errors
    /// When a failure does not pass, or the disk refuses.
    pub(super) async fn run(mut self) -> Result<(), FetchError> {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.open.leases().is_complete() {
            self.start_streams().await?;
            let open = Arc::clone(&self.open);
            tokio::select! {
                Some(ended) = self.streams.join_next() => self.ended(ended.map_err(Lost::from)?)?,
                () = open.written.notified(), if self.hashing.is_none() => self.hash(),
                hashed = wait_for(&mut self.hashing), if self.hashing.is_some() => hashed?,
                synced = wait_for(&mut self.syncing), if self.syncing.is_some() => synced?,
                _ = beat.tick() => self.observe(),
            }
        }
        // the last bytes are there; what brought them has still to end before the file can be verified
        while let Some(ended) = self.streams.join_next().await {
            self.ended(ended.map_err(Lost::from)?)?;
        }
        wait_for(&mut self.syncing).await?;
        wait_for(&mut self.hashing).await
    }

    /// Starts as many streams as the file deserves and connections are to be had for. The first one waits for its turn;
    /// more are a favour.
    async fn start_streams(&mut self) -> Result<(), FetchError> {
        if let Some(not_before) = self.not_before.take() {
            if self.streams.is_empty() {
                sleep_until(not_before).await;
            } else if Instant::now() < not_before {
                self.not_before = Some(not_before);
                return Ok(());
            }
        }
        while self.streams.len() < self.tempo.target() {
            let Some(permit) = self.permit().await else { return Ok(()) };
            let may_split = self.link.may_resolve(&self.job.file);
            let Some(lease) = self.open.leases().take(may_split) else { return Ok(()) };
            self.link.book();
            let stream = Stream {
                engine: Arc::clone(self.engine),
                job: Arc::clone(self.job),
                open: Arc::clone(&self.open),
                link: Arc::clone(&self.link),
                lease,
                _permit: permit,
            };
            self.streams.spawn(stream.run());
        }
        Ok(())
    }

    async fn permit(&self) -> Option<Permit> {
        if self.job.file.size <= SMALL {
            return Some(Permit { _run: self.right_to(&self.engine.small).await?, _server: None });
        }
        let server = self.right_to(&self.job.share.transport.connections).await?;
        Some(Permit { _run: self.right_to(&self.engine.bulk).await?, _server: Some(server) })
    }

    async fn right_to(&self, connections: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        let connections = Arc::clone(connections);
        // nobody closes them
        if self.streams.is_empty() {
            connections.acquire_owned().await.ok()
        } else {
            connections.try_acquire_owned().ok()
        }
    }

    /// A stream is over.
    fn ended(&mut self, outcome: Result<(), Interruption>) -> Result<(), FetchError> {
        let received = self.open.received();
        if received > self.counted {
            self.counted = received;
            self.patience.progress();
        }
        if self.link.is_whole_only() {
            self.tempo.shrink(1);
        }
        match outcome {
            Ok(()) => Ok(()),
            Err(Interruption::Fatal(error)) => Err(error),
            Err(Interruption::Failure(failure)) => self.failed(failure),
        }
    }

    fn failed(&mut self, failure: Failure) -> Result<(), FetchError> {
        let crowded = matches!(&failure, Failure::Refused(refused) if matches!(refused.status.as_u16(), 429 | 503));
        if crowded {
            self.tempo.shrink(self.streams.len());
        }
        let Some(wait) = self.patience.after(&failure) else {
            return Err(FetchError::Transfer { path: self.job.file.path.clone(), source: failure });
        };
        self.engine.tell(failure.to_event(wait));
        self.not_before = Some(Instant::now() + wait);
        Ok(())
    }

    fn observe(&mut self) {
        self.replace_straggler();
        self.sync();
        if self.engine.syncing.load(Ordering::Relaxed) > 0 {
            return self.tempo.pause();
        }
        let standing = FileProgress {
            received: self.open.received(),
            process: self.engine.received.load(Ordering::Relaxed),
            remaining: self.open.leases().remaining(),
            active: self.streams.len(),
        };
        self.tempo.observe(std::time::Instant::now(), standing);
    }

    /// Has the bytes of a stream that is far slower than others are brought by another one.
    fn replace_straggler(&mut self) {
        let since = self.compared.elapsed();
        if since < COMPARE_EVERY {
            return;
        }
        self.compared = Instant::now();
        let steps = self.open.leases().steps();
        let straggler = self.engine.rates().straggler(&steps, since);
        if let Some(straggler) = straggler.filter(|_| self.link.may_replace(&self.job.file)) {
            self.open.take_away(straggler);
        }
    }

    /// Lets a thread bring to the disk what has come since it last did.
    fn sync(&mut self) {
        let received = self.open.received();
        let (unsynced, since) = (received - self.synced, self.synced_at.elapsed());
        let is_due = unsynced >= SYNC_EVERY && since >= SYNC_PAUSE || unsynced > 0 && since >= SYNC_EVERY_TIME;
        if !is_due || self.syncing.is_some() {
            return;
        }
        (self.synced, self.synced_at) = (received, Instant::now());
        let (partial, engine) = (Arc::clone(&self.open.partial), Arc::clone(self.engine));
        self.syncing = Some(tokio::task::spawn_blocking(move || {
            engine.syncing.fetch_add(1, Ordering::Relaxed);
            let synced = partial.sync();
            engine.syncing.fetch_sub(1, Ordering::Relaxed);
            synced
        }));
    }

    /// Lets a thread hash what has come out of order. What came in order was hashed as it was written.
    fn hash(&mut self) {
        if self.open.is_hashed() {
            return;
        }
        let open = Arc::clone(&self.open);
        self.hashing = Some(tokio::task::spawn_blocking(move || open.hash()));
    }
}

/// The end of file work that is under way.
async fn wait_for(work: &mut Option<JoinHandle<Result<(), CacheError>>>) -> Result<(), FetchError> {
    let Some(running) = work else { return Ok(()) };
    let done = running.await;
    *work = None;
    Ok(done.map_err(Lost::from)??)
}
