//! The hub a test holds in its hand: starts the listeners in a thread of their own, stops them when dropped, and then
//! fails the test if nobody called, a route panicked, or a token went where none belongs.

use super::account::{Access, Account};
use super::fault::{At, Fault, Rule, Times};
use super::options::Options;
use super::record::{Origin, Place, Recorded};
use super::repository::{Repository, Tree};
use super::server::{self, Shared};
use super::state::{Roots, State};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A running hub. Methods that take `self` are for setting it up, methods that take `&self` for any time.
#[must_use]
pub struct Hub {
    shared: Shared<State>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    may_be_unused: bool,
    may_leak: bool,
}

impl Hub {
    /// # Panics
    /// When loopback has no free port.
    pub fn start(repositories: Vec<Repository>) -> Self {
        let [hub, cdn, foreign, other_port] =
            [1, 2, 3, 1].map(|host| server::bind(host).expect("loopback has a free port"));
        let shared = Shared::<State>::default();
        {
            let mut state = shared.lock();
            state.roots = Roots {
                hub: server::root(&hub),
                cdn: server::root(&cdn),
                foreign: server::root(&foreign),
                other_port: server::root(&other_port),
            };
            state.repositories = repositories;
            state.repositories.iter_mut().for_each(Repository::seal);
        }
        let (stop, stopped) = oneshot::channel();
        let listeners =
            vec![(hub, Origin::Hub), (cdn, Origin::Cdn), (foreign, Origin::Foreign), (other_port, Origin::Foreign)];
        let for_thread = shared.clone();
        let thread = std::thread::spawn(move || server::run(listeners, &for_thread, stopped));
        Self { shared, stop: Some(stop), thread: Some(thread), may_be_unused: false, may_leak: false }
    }

    pub fn account(self, account: Account) -> Self {
        self.shared.lock().accounts.push(account);
        self
    }

    /// A CI job that proves its identity gets this account's token for `resource`.
    pub fn trust(self, resource: &str, account: &str) -> Self {
        self.shared.lock().trusted.push((resource.to_owned(), account.to_owned()));
        self
    }

    pub fn access(self, account: &str, repository: &str, access: Access) -> Self {
        self.set_access(account, repository, access);
        self
    }

    /// Changes [`Options`]; the prefix only before [`url`](Self::url) is asked for.
    pub fn with(self, change: impl FnOnce(&mut Options)) -> Self {
        self.configure(change);
        self
    }

    pub fn allow_unused(mut self) -> Self {
        self.may_be_unused = true;
        self
    }

    /// For tests of the hub itself: a token at the CDN is not the end.
    pub fn allow_leaks(mut self) -> Self {
        self.may_leak = true;
        self
    }

    pub fn configure(&self, change: impl FnOnce(&mut Options)) {
        change(&mut self.shared.lock().options);
    }

    /// The endpoint as a client is told it: with the prefix, without a trailing slash.
    pub fn url(&self) -> String {
        self.shared.lock().hub_url("")
    }

    pub fn cdn_url(&self) -> String {
        self.shared.lock().roots.cdn.clone()
    }

    /// A host no token may reach, and the hub's own host at another port.
    pub fn foreign_urls(&self) -> [String; 2] {
        let state = self.shared.lock();
        [state.roots.foreign.clone(), state.roots.other_port.clone()]
    }

    /// `repository` is a key: `org/model`, `datasets/org/name`.
    pub fn set_access(&self, account: &str, repository: &str, access: Access) {
        self.shared.lock().access.insert((account.to_owned(), repository.to_owned()), access);
    }

    /// A new commit on `main` of a repository while the hub runs; returns its id.
    ///
    /// # Panics
    /// When there is no such repository.
    pub fn push(&self, repository: &str, change: impl FnOnce(Tree) -> Tree) -> String {
        let mut state = self.shared.lock();
        let found = state.repositories.iter_mut().find(|candidate| candidate.key() == repository);
        let slot = found.unwrap_or_else(|| panic!("the hub has no {repository}"));
        *slot = slot.clone().commit(change);
        slot.seal();
        slot.resolve("main").map(|commit| commit.hash.clone()).unwrap_or_default()
    }

    /// The commit id a revision of a repository means.
    ///
    /// # Panics
    /// When there is no such repository or revision.
    pub fn commit(&self, repository: &str, revision: &str) -> String {
        let state = self.shared.lock();
        let commit = state.repository(repository).and_then(|found| found.resolve(revision));
        commit.unwrap_or_else(|| panic!("the hub has no {repository}@{revision}")).hash.clone()
    }

    /// The etag (blob name) of a file on `main`.
    ///
    /// # Panics
    /// When there is no such file.
    pub fn etag(&self, repository: &str, path: &str) -> String {
        let state = self.shared.lock();
        let commit = state.repository(repository).and_then(|found| found.resolve("main"));
        let entry = commit.and_then(|commit| commit.tree.0.get(path));
        entry.unwrap_or_else(|| panic!("the hub has no {path} in {repository}")).etag().to_owned()
    }

    pub fn fault(&self, at: At, fault: Fault, times: Times) {
        self.shared.lock().faults.push(Rule { at, fault, times });
    }

    pub fn clear_faults(&self) {
        self.shared.lock().faults.clear();
    }

    /// Closes every connection, whatever it is at.
    pub fn close_connections(&self) {
        self.shared.lock().closing.notify_waiters();
    }

    /// Every link signed so far answers 403 from now on.
    pub fn expire_links(&self) {
        self.shared.lock().links.values_mut().for_each(|link| link.is_expired = true);
    }

    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.lock().record.requests.clone()
    }

    /// The requests since the start or the last call.
    pub fn take_requests(&self) -> Vec<Recorded> {
        std::mem::take(&mut self.shared.lock().record.requests)
    }

    /// The requests as sorted lines, because files are fetched in any order.
    pub fn log(&self) -> String {
        lines(&self.requests())
    }

    /// As [`log`](Self::log), for the requests since the last call.
    pub fn take_log(&self) -> String {
        lines(&self.take_requests())
    }

    pub fn count(&self, place: Place) -> usize {
        self.requests().iter().filter(|request| request.place == place).count()
    }

    pub fn count_all(&self) -> usize {
        self.shared.lock().record.requests.len()
    }

    /// Requests to the hub itself: without the CDN and without foreign hosts.
    pub fn count_hub(&self) -> usize {
        self.requests().iter().filter(|request| request.origin == Origin::Hub).count()
    }

    /// Waits until the requests so far are as wanted.
    ///
    /// # Panics
    /// When they are not within the time limit.
    pub fn until(&self, what: &str, mut wanted: impl FnMut(&[Recorded]) -> bool) {
        super::patience::until(what, || wanted(&self.shared.lock().record.requests));
    }

    fn verdict(&self) -> Vec<String> {
        let state = self.shared.lock();
        let record = &state.record;
        let mut complaints = Vec::new();
        if record.arrived == 0 && !self.may_be_unused {
            complaints.push("the hub was never asked anything".to_owned());
        }
        complaints.extend(record.panics.iter().map(|request| format!("a route of the hub panicked: {request}")));
        if !self.may_leak {
            complaints.extend(record.leaks.iter().map(|leak| format!("a token went to {leak}")));
        }
        complaints
    }
}

fn lines(requests: &[Recorded]) -> String {
    let mut lines: Vec<String> = requests.iter().map(|request| format!("{request}\n")).collect();
    lines.sort();
    lines.concat()
}

impl Drop for Hub {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if std::thread::panicking() {
            return;
        }
        assert!(!matches!(ended, Some(Err(_))), "the hub's thread panicked");
        let complaints = self.verdict();
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}
