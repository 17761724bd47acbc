//! A CivitAI on loopback: the site with its API on one origin, the storage with its signed links on another.
//!
//! ```text
//! mod       what a test holds: start, change, count; fails the test when it is dropped
//! catalog   models, versions, files as a test describes them, and the door of each version
//! site      the routes of the API and of the download
//! reception each request: recorded, answered, searched for a key that is astray
//! storage   signed links that expire, and no patience for a key
//! ```
//!
//! Facts from CivitAI's own source (providers §1.4): a key that nobody has is treated like none; the bare download link
//! yields the file that the account prefers; storage answers 400 to an `Authorization` header.

mod catalog;
mod reception;
mod site;
mod storage;

#[allow(unused_imports, reason = "each test binary and example uses its own part of this")]
pub use catalog::{Door, File, Model, Paid, Version};

use super::account::Account;
use super::record::{Origin, Place, Record, Recorded};
use super::server::{self, Shared};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Everything the site knows. Tests change it with [`CivitAi::configure`].
#[derive(Default)]
pub struct State {
    pub models: Vec<Model>,
    pub accounts: Vec<Account>,
    /// What `/api/v1/me` says of an account instead of `active`.
    pub standings: BTreeMap<String, String>,
    /// Accounts that are treated as if they were not logged in, though they are.
    pub bans: BTreeSet<String>,
    /// As before April 2026: `fileId` is not understood, and the preferred file comes.
    pub ignores_file_id: bool,
    /// What storage answers to an expired link: 403 (R2), 401 or 400 (B2).
    pub expired_status: Option<u16>,
    /// Where signed links lead, if not to the listener itself.
    pub storage_root: Option<String>,
    /// How often each signed link works.
    pub link_uses: Option<u32>,
    /// Bytes a second for each answer of the storage.
    pub storage_rate: Option<u64>,
    /// Connections to the storage that are open, and the most that ever were.
    pub(self) connections: (usize, usize),
    /// The offset in the file at which each answer of the storage breaks off, so many times.
    pub cuts: Option<(u64, u32)>,
    /// The door of every version after so many questions for a download: what closes between a probe and a transfer.
    pub later: Option<(u32, Door)>,
    /// What every route of the API answers, with 200, in place of what is asked for.
    pub odd: Option<String>,
    /// How many answers of the download are a transient 404 before the truth comes.
    pub transient: u32,
    pub(self) links: HashMap<String, storage::Link>,
    pub(self) roots: [String; 2],
    pub(self) record: Record,
    /// Programs that call themselves a browser get login pages instead of reasons.
    pub(self) browsers: Vec<String>,
}

/// A running site. Methods that take `self` are for setting it up, methods that take `&self` for any time.
#[must_use]
pub struct CivitAi {
    shared: Shared<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    may_be_unused: bool,
}

impl CivitAi {
    /// # Panics
    /// When loopback has no free port.
    pub fn start(models: Vec<Model>) -> Self {
        let [site, storage] = [1, 2].map(|host| server::bind(host).expect("loopback has a free port"));
        let shared = Shared::<State>::default();
        {
            let mut state = shared.lock();
            state.models = models;
            state.roots = [server::root(&site), server::root(&storage)];
        }
        let (stop, stopped) = oneshot::channel();
        let for_thread = shared.clone();
        let listeners = vec![(site, Origin::Hub), (storage, Origin::Cdn)];
        let thread = std::thread::spawn(move || server::run(listeners, &for_thread, stopped));
        Self { shared, stop: Some(stop), thread: Some(thread), may_be_unused: false }
    }

    pub fn account(self, account: Account) -> Self {
        self.shared.lock().accounts.push(account);
        self
    }

    pub fn with(self, change: impl FnOnce(&mut State)) -> Self {
        self.configure(change);
        self
    }

    pub fn allow_unused(mut self) -> Self {
        self.may_be_unused = true;
        self
    }

    pub fn configure(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.shared.lock());
    }

    /// Changes a version while the site runs.
    ///
    /// # Panics
    /// When there is no such version.
    pub fn change(&self, version: u64, change: impl FnOnce(&mut Version)) {
        let mut state = self.shared.lock();
        let mut versions = state.models.iter_mut().flat_map(|model| &mut model.versions);
        change(versions.find(|candidate| candidate.id == version).expect("the site has this version"));
    }

    /// The endpoint as a client is told it.
    pub fn url(&self) -> String {
        self.shared.lock().roots[0].clone()
    }

    pub fn storage_url(&self) -> String {
        self.shared.lock().roots[1].clone()
    }

    /// Every link signed so far is refused from now on.
    pub fn expire_links(&self) {
        self.shared.lock().links.values_mut().for_each(|link| link.is_expired = true);
    }

    /// The most connections that the storage had at once.
    pub fn most_connections(&self) -> usize {
        self.shared.lock().connections.1
    }

    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.lock().record.requests.clone()
    }

    pub fn take_requests(&self) -> Vec<Recorded> {
        std::mem::take(&mut self.shared.lock().record.requests)
    }

    /// The requests since the last call, as sorted lines.
    pub fn take_log(&self) -> String {
        let mut lines: Vec<String> = self.take_requests().iter().map(|request| format!("{request}\n")).collect();
        lines.sort();
        lines.concat()
    }

    pub fn count(&self, place: Place) -> usize {
        self.requests().iter().filter(|request| request.place == place).count()
    }

    pub fn count_all(&self) -> usize {
        self.shared.lock().record.requests.len()
    }

    fn verdict(&self) -> Vec<String> {
        let state = self.shared.lock();
        let record = &state.record;
        let mut complaints = Vec::new();
        if record.arrived == 0 && !self.may_be_unused {
            complaints.push("the site was never asked anything".to_owned());
        }
        complaints.extend(record.panics.iter().map(|request| format!("a route of the site panicked: {request}")));
        complaints.extend(record.leaks.iter().map(|leak| format!("a key went to {leak}")));
        complaints.extend(state.browsers.iter().map(|agent| format!("a program called itself {agent}")));
        complaints
    }
}

impl Drop for CivitAi {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if std::thread::panicking() {
            return;
        }
        assert!(!matches!(ended, Some(Err(_))), "the site's thread panicked");
        let complaints = self.verdict();
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}
