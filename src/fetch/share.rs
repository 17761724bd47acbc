//! One pull's share of a transfer: where its files go, how their bytes come, and how it ends. A share that fails ends its
//! own files and nobody else's.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{oneshot, watch};
use url::Url;

use super::plan::Need;
use super::{FetchError, Transport};
use crate::event::FileId;
use crate::manifest::RepoFile;
use crate::store::cache::{Destination, LocalContent};

/// Where a file's bytes are asked for.
pub(crate) type LinkOf = Box<dyn Fn(&RepoFile) -> Url + Send + Sync>;

/// What a transfer is to bring for one pull.
pub(crate) struct TransferPart {
    /// What is not in its place yet.
    pub(crate) needs: Vec<Need>,
    /// Where it goes.
    pub(crate) destination: Arc<Destination>,
    /// How its bytes arrive. Shares of one server have one transport, and its connections, together.
    pub(crate) transport: Arc<Transport>,
    /// Where they are asked for.
    pub(crate) link: LinkOf,
    /// Fetch also what seems to be here.
    pub(crate) force: bool,
}

/// A share on its way.
pub(super) struct ActiveShare {
    pub(super) destination: Arc<Destination>,
    pub(super) transport: Arc<Transport>,
    pub(super) link: LinkOf,
    pub(super) force: bool,
    bytes: u64,
    received: AtomicU64,
    failed: watch::Sender<bool>,
    rest: Mutex<Rest>,
}

/// What a share still waits for.
struct Rest {
    jobs: usize,
    failure: Option<FetchError>,
    ended: Option<oneshot::Sender<Result<u64, FetchError>>>,
}

/// One blob on its way to its place, or places.
pub(super) struct Job {
    /// How reports call it.
    pub(super) id: FileId,
    /// The file, by the first of its paths.
    pub(super) file: RepoFile,
    /// Other files of the same content.
    pub(super) also: Vec<RepoFile>,
    pub(super) share: Arc<ActiveShare>,
    here: Option<LocalContent>,
    /// An earlier job of the transfer that brings the same content.
    earlier: Option<Earlier>,
    done: watch::Sender<bool>,
}

struct Earlier {
    done: watch::Receiver<bool>,
    path: PathBuf,
}

impl TransferPart {
    /// The share on its way, what it needs, and where its end will be told.
    pub(super) fn start(self) -> (Arc<ActiveShare>, Vec<Need>, oneshot::Receiver<Result<u64, FetchError>>) {
        let (ended, told) = oneshot::channel();
        let running = ActiveShare {
            destination: self.destination,
            transport: self.transport,
            link: self.link,
            force: self.force,
            bytes: self.needs.iter().map(Need::bytes).sum(),
            received: AtomicU64::new(0),
            failed: watch::Sender::new(false),
            rest: Mutex::new(Rest { jobs: self.needs.len(), failure: None, ended: Some(ended) }),
        };
        if self.needs.is_empty() {
            running.tell(&mut running.rest.lock().unwrap_or_else(PoisonError::into_inner));
        }
        (Arc::new(running), self.needs, told)
    }
}

impl ActiveShare {
    /// Bytes came over the network for it.
    pub(super) fn received(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether there is no use in what is left of it.
    pub(super) fn has_failed(&self) -> bool {
        *self.failed.borrow()
    }

    /// Waits until that is so.
    pub(super) async fn failure(&self) {
        // the sender lives as long as this
        let _ = self.failed.subscribe().wait_for(|failed| *failed).await;
    }

    /// One of its jobs has ended, or will not begin. The first failure is the one that is told.
    pub(super) fn ended(&self, outcome: Result<(), FetchError>) {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = outcome {
            rest.failure.get_or_insert(error);
            self.failed.send_replace(true);
        }
        rest.jobs -= 1;
        if rest.jobs == 0 {
            self.tell(&mut rest);
        }
    }

    fn tell(&self, rest: &mut Rest) {
        let received = self.received.load(Ordering::Relaxed);
        let outcome = match rest.failure.take() {
            None => Ok(received),
            Some(FetchError::Cache(source)) if source.is_disk_full() => {
                Err(FetchError::Full { missing: self.bytes.saturating_sub(received), source })
            }
            Some(error) => Err(error),
        };
        // nobody listens where the transfer was given up
        let _ = rest.ended.take().map(|ended| ended.send(outcome));
    }
}

impl Job {
    pub(super) fn new(id: FileId, need: Need, share: &Arc<ActiveShare>) -> Self {
        let Need { file, also, here, .. } = need;
        Self { id, file, also, share: Arc::clone(share), here, earlier: None, done: watch::Sender::new(false) }
    }

    /// Leaves the fetching to an earlier job of the same content, unless that one fails.
    pub(super) fn follow(&mut self, earlier: &Self) {
        let path = earlier.share.destination.path(&earlier.file.path);
        self.earlier = Some(Earlier { done: earlier.done.subscribe(), path });
    }

    /// Whether its bytes have to come over the network, as far as is known.
    pub(super) const fn is_missing(&self) -> bool {
        self.here.is_none() && self.earlier.is_none()
    }

    /// Where its content is on this machine, if it is; first an earlier job may have to bring it.
    pub(super) async fn here(&self) -> Option<LocalContent> {
        let Some(earlier) = &self.earlier else { return self.here.clone() };
        earlier.done.clone().wait_for(|done| *done).await.ok()?;
        Some(LocalContent::Elsewhere(earlier.path.clone()))
    }

    /// It is in its place.
    pub(super) fn done(&self) {
        self.done.send_replace(true);
    }

    pub(super) fn link(&self) -> Url {
        (self.share.link)(&self.file)
    }
}
