//! The server's pace: when it says how long to stay away, every request of this process stays away, and of what is left of
//! its quota no more is asked than there is.
//!
//! One process has one quota; so one answer is a lesson for all connections, where huggingface_hub lets each of its threads
//! find out for itself. A hub counts its API and its links to files apart, and says with every answer what is left; but an
//! answer is known later than the requests that were sent meanwhile, so those count as well.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use tokio::sync::Notify;
use tokio::time::timeout;
use url::Url;

use super::quota::{Quota, retry_after};
use super::retry::LONGEST_ORDERED;
use crate::endpoint::Origin;

/// What a server counts together: its API, or its links to files.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct QuotaKey {
    origin: Origin,
    of_files: bool,
}

impl QuotaKey {
    fn of(url: &Url) -> Self {
        let mut parts = url.path_segments().into_iter().flatten();
        let of_files = parts.any(|part| matches!(part, "resolve" | "resolve-cache"));
        Self { origin: Origin::of(url), of_files }
    }
}

/// What is known of an account.
#[derive(Debug, Default)]
struct QuotaState {
    /// Requests that have no answer yet.
    in_flight: u64,
    /// How many requests are left in the window; none where that is not known.
    remaining: Option<u64>,
    limit: Option<u64>,
    /// When the window ends.
    until: Option<Instant>,
    /// The number of answers that had come when `remaining` was said.
    said: u64,
}

/// Whether a request may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Permission {
    Go,
    /// Not before an answer that is under way says more.
    AfterAnAnswer,
    At(Instant),
}

#[derive(Debug, Default)]
struct Books {
    /// Until when an origin wants no requests at all.
    away: HashMap<Origin, Instant>,
    /// Origins that say what is left of a quota.
    counting: HashSet<Origin>,
    accounts: HashMap<QuotaKey, QuotaState>,
    answers: u64,
}

impl Books {
    fn turn(&mut self, account: &QuotaKey, now: Instant) -> Permission {
        if let Some(until) = self.away.get(&account.origin).filter(|until| **until > now) {
            return Permission::At(*until);
        }
        let standing = self.accounts.entry(account.clone()).or_default();
        if standing.until.is_some_and(|until| until <= now) {
            // a new window; how much it has, is known only where the server says how much each has
            (standing.remaining, standing.until) = (standing.limit.filter(|limit| *limit > 0), None);
        }
        match (standing.remaining, standing.until) {
            // one goes ahead to find out
            (None, _) if standing.in_flight > 0 && self.counting.contains(&account.origin) => Permission::AfterAnAnswer,
            (Some(remaining), _) if remaining <= standing.in_flight && standing.in_flight > 0 => {
                Permission::AfterAnAnswer
            }
            // a window longer than any wait: the server may say so itself
            (Some(0), Some(until)) if until - now <= LONGEST_ORDERED => Permission::At(until),
            _ => Permission::Go,
        }
    }

    /// Takes note of what is left, in a window that is over after `renewal`.
    fn answered(
        &mut self,
        account: &QuotaKey,
        sent_after: u64,
        quota: &Quota,
        renewal: Option<Duration>,
        now: Instant,
    ) {
        self.answers += 1;
        self.counting.insert(account.origin.clone());
        let standing = self.accounts.entry(account.clone()).or_default();
        // who was asked before the last answer came may have answered before it, too
        let known = standing.remaining.filter(|_| sent_after < standing.said);
        standing.limit = quota.limit;
        standing.until = renewal.map(|renewal| now + renewal);
        standing.remaining = Some(known.map_or(quota.remaining, |known| known.min(quota.remaining)));
        if known.is_none() {
            standing.said = self.answers;
        }
    }
}

/// The pace of every server that a process asks.
#[derive(Debug, Default)]
pub(super) struct Pace {
    books: Mutex<Books>,
    changed: Notify,
}

impl Pace {
    /// Waits until the server of `url` wants a request, within bounds, and counts it as under way. `tell` hears of
    /// each wait that the server ordered, from every request that waits.
    pub(super) async fn admit(&self, url: &Url, tell: impl Fn(&Origin, Duration)) -> Ticket<'_> {
        let (account, since) = (QuotaKey::of(url), Instant::now());
        loop {
            let changed = self.changed.notified();
            let now = Instant::now();
            let turn = self.books().turn(&account, now);
            let until = match turn {
                _ if now - since >= LONGEST_ORDERED => return self.ticket(account),
                Permission::Go => return self.ticket(account),
                Permission::AfterAnAnswer => since + LONGEST_ORDERED,
                Permission::At(until) => {
                    tell(&account.origin, until - now);
                    until
                }
            };
            // woken or not, the state is looked at again
            let _ = timeout(until - now, changed).await;
        }
    }

    fn ticket(&self, account: QuotaKey) -> Ticket<'_> {
        let mut books = self.books();
        books.accounts.entry(account.clone()).or_default().in_flight += 1;
        Ticket { pace: self, account, sent_after: books.answers, is_answered: false }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request under way.
pub(super) struct Ticket<'a> {
    pace: &'a Pace,
    account: QuotaKey,
    sent_after: u64,
    is_answered: bool,
}

impl Ticket<'_> {
    /// Takes note of what the answer says about the pace.
    pub(super) fn answered(mut self, status: StatusCode, headers: &HeaderMap) {
        self.is_answered = true;
        let (mut books, now) = (self.pace.books(), Instant::now());
        let refused = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let ordered = retry_after(headers).filter(|_| refused);
        if let Some(quota) = Quota::of(headers) {
            // a refusal that says when to come back means it
            let renewal = ordered.or_else(|| quota.renewal());
            books.answered(&self.account, self.sent_after, &quota, renewal, now);
        }
        if let Some(wait) = ordered.filter(|wait| *wait <= LONGEST_ORDERED) {
            let until = books.away.entry(self.account.origin.clone()).or_insert(now);
            *until = (*until).max(now + wait);
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut books = self.pace.books();
        let standing = books.accounts.entry(self.account.clone()).or_default();
        standing.in_flight = standing.in_flight.saturating_sub(1);
        if !self.is_answered {
            // the server may have counted it
            standing.remaining = standing.remaining.map(|remaining| remaining.saturating_sub(1));
        }
        drop(books);
        self.pace.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(url: &str) -> QuotaKey {
        QuotaKey::of(&url.parse().unwrap())
    }

    fn quota(remaining: u64, limit: Option<u64>, seconds: u64) -> Quota {
        Quota { bucket: String::new(), remaining, limit, resets: Some(Duration::from_secs(seconds)) }
    }

    fn answered(books: &mut Books, account: &QuotaKey, sent_after: u64, quota: &Quota, now: Instant) {
        books.answered(account, sent_after, quota, quota.renewal(), now);
    }

    #[test]
    fn a_refusal_that_says_when_to_come_back_means_that_time() {
        let (pace, files) = (Pace::default(), account("https://hub/o/m/resolve/main/f"));
        let pairs = [("retry-after", "3"), ("ratelimit", "\"resolvers\";r=0;t=172")];
        let headers = pairs.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let before = Instant::now();
        pace.ticket(files.clone()).answered(StatusCode::TOO_MANY_REQUESTS, &headers);
        let (after, ordered) = (Instant::now(), Duration::from_secs(3));
        let until = pace.books().accounts[&files].until.expect("a time");
        assert!((before + ordered..=after + ordered).contains(&until), "{:?}", until - before);
        assert_eq!(pace.books().turn(&files, until), Permission::Go);
    }

    #[test]
    fn the_api_and_the_links_to_files_are_counted_apart() {
        let (api, files) = (account("https://hub/api/models/o/m"), account("https://hub/o/m/resolve/main/f"));
        assert_ne!(api, files);
        assert_eq!(account("https://hub/api/resolve-cache/models/o/m/f"), files);
        let (mut books, now) = (Books::default(), Instant::now());
        answered(&mut books, &api, 0, &quota(0, None, 60), now);
        assert_eq!(books.turn(&api, now), Permission::At(now + Duration::from_secs(61)));
        assert_eq!(books.turn(&files, now), Permission::Go);
        assert_eq!(books.turn(&account("https://cdn/x"), now), Permission::Go);
    }

    #[test]
    fn no_more_is_sent_than_is_left_with_what_is_under_way() {
        let (files, now) = (account("https://hub/o/m/resolve/main/f"), Instant::now());
        let mut books = Books::default();
        books.counting.insert(files.origin.clone());
        assert_eq!(books.turn(&files, now), Permission::Go, "one finds out");
        books.accounts.get_mut(&files).unwrap().in_flight = 1;
        assert_eq!(books.turn(&files, now), Permission::AfterAnAnswer);
        answered(&mut books, &files, 0, &quota(2, Some(3), 60), now);
        assert_eq!(books.turn(&files, now), Permission::Go);
        books.accounts.get_mut(&files).unwrap().in_flight = 2;
        assert_eq!(books.turn(&files, now), Permission::AfterAnAnswer);
        answered(&mut books, &files, 0, &quota(9, Some(3), 60), now);
        assert_eq!(books.accounts[&files].remaining, Some(2), "an answer from before the last one");
        answered(&mut books, &files, 1, &quota(0, Some(3), 60), now);
        books.accounts.get_mut(&files).unwrap().in_flight = 0;
        let anew = now + Duration::from_secs(61);
        assert_eq!(books.turn(&files, now), Permission::At(anew));
        assert_eq!(books.turn(&files, anew), Permission::Go);
        assert_eq!(books.accounts[&files].remaining, Some(3), "as much as each window has");
    }

    #[test]
    fn a_window_longer_than_any_wait_is_not_waited_for() {
        let (api, now) = (account("https://hub/api"), Instant::now());
        let mut books = Books::default();
        answered(&mut books, &api, 0, &quota(0, None, 31_536_000), now);
        assert_eq!(books.turn(&api, now), Permission::Go);
        answered(&mut books, &api, 1, &Quota { resets: None, ..quota(0, Some(0), 0) }, now);
        assert_eq!(books.turn(&api, now), Permission::Go);
    }

    #[tokio::test]
    async fn one_answer_holds_back_every_request_to_its_origin_and_no_other() {
        let url = |text: &str| -> Url { text.parse().unwrap() };
        let (pace, told) = (Pace::default(), Mutex::new(0));
        let tell = |_: &Origin, _: Duration| *told.lock().unwrap() += 1;
        let headers = [("retry-after".parse().unwrap(), "60".parse().unwrap())].into_iter().collect();
        pace.admit(&url("https://hub/a"), tell).await.answered(StatusCode::OK, &headers);
        pace.admit(&url("https://hub/a"), tell).await.answered(StatusCode::TOO_MANY_REQUESTS, &headers);
        for path in ["https://hub/a", "https://hub/o/m/resolve/main/f"] {
            let (hub, soon) = (url(path), Duration::from_millis(1));
            assert!(timeout(soon, pace.admit(&hub, tell)).await.is_err());
        }
        drop(pace.admit(&url("https://cdn/a"), tell).await);
        assert_eq!(*told.lock().unwrap(), 2, "once for each that waits");
        let endless = [("retry-after".parse().unwrap(), "18446744073709551615".parse().unwrap())].into_iter().collect();
        pace.admit(&url("https://other/a"), tell).await.answered(StatusCode::TOO_MANY_REQUESTS, &endless);
        drop(pace.admit(&url("https://other/a"), tell).await);
    }
}
