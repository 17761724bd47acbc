//! Which failures pass, and how long to wait for them.
//!
//! One layer of retries, decided by a pure function over the failure; xet-core shows where eight booleans lead. The
//! budget is time without progress, not a count: a line that is down for a minute at 99 % of 9 GB must not cost the file
//! (huggingface_hub#3648), and a server that answers 503 for ever must not cost the night. Two kinds of failure have a
//! count as well, because waiting seldom mends them: a host that was never reached (a typing mistake in an endpoint) and
//! an answer that makes no sense.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use super::{Answerer, Failure, NetworkKind};

/// How often in a row something that waiting seldom mends is tried.
const FEW_TRIES: u32 = 3;
/// The longest wait between two tries that gatedl chooses itself.
const LONGEST_BACKOFF: Duration = Duration::from_secs(15);
/// The longest wait that a server may order; a hub's window has 5 minutes.
pub(super) const LONGEST_ORDERED: Duration = Duration::from_secs(15 * 60);

/// What one try may take beyond the budget, which bounds each wait in it: the hops of a redirect, a busy machine.
const SLACK: Duration = Duration::from_secs(3);

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryVerdict {
    /// It will not pass.
    Final,
    /// It may pass, but after a few tries it will not.
    FewTries,
    /// It will pass; the server may have said when.
    Passing(Option<Duration>),
}

/// Judges a failure by itself.
#[must_use]
pub(crate) fn verdict(failure: &Failure) -> RetryVerdict {
    match failure {
        Failure::Refused(refused) => match refused.status.as_u16() {
            408 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=530 => RetryVerdict::Passing(refused.wait),
            404 if refused.from == Answerer::Hub && refused.may_pass => RetryVerdict::FewTries,
            // behind a redirect: the signed link has expired, and the next try gets another one
            400..=499 if refused.from == Answerer::Storage => RetryVerdict::FewTries,
            _ => RetryVerdict::Final,
        },
        Failure::LoginPage { .. } | Failure::Network { kind: NetworkKind::Certificate, .. } => RetryVerdict::Final,
        Failure::Network { kind: NetworkKind::Connect, .. } | Failure::Broken { .. } => RetryVerdict::FewTries,
        Failure::Network { .. } => RetryVerdict::Passing(None),
    }
}

/// What is left of the time without progress.
#[derive(Debug)]
pub(crate) struct Patience {
    budget: Duration,
    last_progress: Instant,
    /// When the last try began.
    tried: Instant,
    tries: u32,
    reached: bool,
    obeyed: bool,
    stopped: bool,
}

impl Patience {
    /// Patience that lasts for `budget` without progress.
    #[must_use]
    pub(crate) fn new(budget: Duration) -> Self {
        let now = Instant::now();
        Self { budget, last_progress: now, tried: now, tries: 0, reached: false, obeyed: false, stopped: false }
    }

    /// Bytes advanced a file: everything begins anew.
    pub(crate) fn progress(&mut self) {
        *self = Self { reached: true, ..Self::new(self.budget) };
    }

    /// How long to wait after `failure` before the next try; none when it will not pass, or patience is spent.
    ///
    /// A wait that the server orders is granted once between two pieces of progress even if it is longer than the budget,
    /// and does not count: the windows of hubs are longer than anybody's patience. A wait of our own ends with the budget
    /// at the latest, and then there is one more try.
    pub(crate) fn after(&mut self, failure: &Failure) -> Option<Duration> {
        self.after_at(failure, Instant::now())
    }

    fn after_at(&mut self, failure: &Failure, now: Instant) -> Option<Duration> {
        self.leave_out_a_stop(now);
        let wait = self.grant(failure, now)?;
        self.tried = now + wait;
        Some(wait)
    }

    /// Where one try took longer than a try can, this process did not run meanwhile: it was stopped (`Ctrl-Z`, a batch
    /// system that makes room), or the machine slept. That says nothing of the server, so once between two pieces of
    /// progress it does not count.
    fn leave_out_a_stop(&mut self, now: Instant) {
        let took = now.saturating_duration_since(self.tried);
        if !self.stopped && took > self.budget.saturating_add(SLACK) {
            self.stopped = true;
            self.last_progress += took;
        }
    }

    fn grant(&mut self, failure: &Failure, now: Instant) -> Option<Duration> {
        self.tries += 1;
        let left = self.budget.saturating_sub(now.saturating_duration_since(self.last_progress));
        let ordered = match verdict(failure) {
            RetryVerdict::Final => return None,
            RetryVerdict::FewTries if self.tries >= FEW_TRIES && !(self.reached && is_network(failure)) => return None,
            RetryVerdict::FewTries => None,
            // a server that asks for no pause at all gets one all the same
            RetryVerdict::Passing(ordered) => ordered.map(|wait| wait.max(backoff(self.tries))),
        };
        match ordered {
            Some(wait) if wait > LONGEST_ORDERED => None,
            Some(wait) if !self.obeyed => {
                self.obeyed = true;
                self.last_progress += wait;
                Some(wait)
            }
            Some(wait) => (wait <= left).then_some(wait),
            None if left.is_zero() => None,
            None => Some(backoff(self.tries).min(left)),
        }
    }
}

const fn is_network(failure: &Failure) -> bool {
    matches!(failure, Failure::Network { .. })
}

/// 0.25 s, doubled with every try, up to 15 s; each shortened by up to a half at random, so that the nodes of a cluster
/// do not come back all at once.
fn backoff(tries: u32) -> Duration {
    let full = Duration::from_millis(250).saturating_mul(1 << tries.saturating_sub(1).min(10)).min(LONGEST_BACKOFF);
    let random = RandomState::new().hash_one(tries) % 1_000;
    full / 2 + full / 2 * u32::try_from(random).unwrap_or(0) / 1_000
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use url::Url;

    use super::super::Refused;
    use super::*;

    fn status(code: u16, wait: Option<u64>) -> Failure {
        let url = Url::parse("https://hub/x").unwrap();
        let status = StatusCode::from_u16(code).unwrap();
        let mut refused =
            Refused::of(&url, Answerer::Hub, status, &reqwest::header::HeaderMap::new(), b"", &str::to_owned);
        refused.wait = wait.map(Duration::from_secs);
        Failure::Refused(Box::new(refused))
    }

    fn expired_link() -> Failure {
        match status(403, None) {
            Failure::Refused(refused) => Failure::Refused(Box::new(Refused { from: Answerer::Storage, ..*refused })),
            other => other,
        }
    }

    fn passing(failure: Failure) -> Failure {
        match failure {
            Failure::Refused(refused) => Failure::Refused(Box::new(Refused { may_pass: true, ..*refused })),
            other => other,
        }
    }

    fn network(kind: NetworkKind) -> Failure {
        Failure::Network { url: String::new(), kind, what: String::new(), source: None }
    }

    #[test]
    fn verdicts() {
        for (failure, expected) in [
            (status(400, None), RetryVerdict::Final),
            (status(401, None), RetryVerdict::Final),
            (status(403, None), RetryVerdict::Final),
            (status(404, None), RetryVerdict::Final),
            (passing(status(404, None)), RetryVerdict::FewTries),
            (Failure::LoginPage { url: String::new() }, RetryVerdict::Final),
            (status(416, None), RetryVerdict::Final),
            (status(501, None), RetryVerdict::Final),
            (expired_link(), RetryVerdict::FewTries),
            (status(408, None), RetryVerdict::Passing(None)),
            (status(429, Some(42)), RetryVerdict::Passing(Some(Duration::from_secs(42)))),
            (status(500, None), RetryVerdict::Passing(None)),
            (status(520, None), RetryVerdict::Passing(None)),
            (status(525, None), RetryVerdict::Passing(None)),
            (status(529, None), RetryVerdict::Passing(None)),
            (status(530, None), RetryVerdict::Passing(None)),
            (status(531, None), RetryVerdict::Final),
            (status(503, Some(1)), RetryVerdict::Passing(Some(Duration::from_secs(1)))),
            (network(NetworkKind::Connect), RetryVerdict::FewTries),
            (network(NetworkKind::Certificate), RetryVerdict::Final),
            (network(NetworkKind::Stalled), RetryVerdict::Passing(None)),
            (network(NetworkKind::Broken), RetryVerdict::Passing(None)),
            (Failure::Broken { url: String::new(), problem: String::new() }, RetryVerdict::FewTries),
        ] {
            assert_eq!(verdict(&failure), expected, "{failure:?}");
        }
    }

    #[test]
    fn a_host_that_was_never_reached_is_tried_three_times_and_a_lost_one_until_patience_is_spent() {
        let mut fresh = Patience::new(Duration::from_secs(3_600));
        let tries = (0..10).take_while(|_| fresh.after(&network(NetworkKind::Connect)).is_some()).count();
        assert_eq!(tries, 2);
        let mut lost = Patience::new(Duration::from_secs(3_600));
        lost.progress();
        assert!((0..10).all(|_| lost.after(&network(NetworkKind::Connect)).is_some()));
    }

    #[test]
    fn the_server_may_order_one_long_wait_between_two_pieces_of_progress() {
        let mut patience = Patience::new(Duration::from_secs(2));
        assert_eq!(patience.after(&status(429, Some(300))), Some(Duration::from_secs(300)));
        assert_eq!(patience.after(&status(429, Some(300))), None);
        patience.progress();
        assert_eq!(patience.after(&status(429, Some(300))), Some(Duration::from_secs(300)));
        for hopeless in [901, 3_600, u64::MAX] {
            let mut patience = Patience::new(Duration::MAX);
            assert_eq!(patience.after(&status(429, Some(hopeless))), None, "an hour is no pace but a refusal");
            patience.obeyed = true;
            assert_eq!(patience.after(&status(503, Some(hopeless))), None);
        }
    }

    #[test]
    fn a_server_that_asks_for_no_pause_gets_one() {
        let mut patience = Patience::new(Duration::from_secs(60));
        assert!(patience.after(&status(503, Some(0))).unwrap() >= Duration::from_millis(100));
    }

    #[test]
    fn the_last_wait_ends_with_the_budget_and_one_more_try_is_made() {
        for budget in [1, 5, 20, 120].map(Duration::from_secs) {
            let mut patience = Patience::new(budget);
            let (begun, mut now) = (patience.last_progress, patience.last_progress);
            while let Some(wait) = patience.after_at(&status(503, None), now) {
                assert!(!wait.is_zero());
                now += wait;
            }
            assert_eq!(now - begun, budget, "the last try is when the time is up, and none comes after it");
        }
    }

    /// As after `kill -STOP`, and `kill -CONT` an hour later: in a try, and in the wait before one.
    #[test]
    fn the_time_for_which_the_process_was_stopped_does_not_count_once() {
        let (budget, hour) = (Duration::from_secs(120), Duration::from_secs(3_600));
        let stalled = network(NetworkKind::Stalled);
        let mut patience = Patience::new(budget);
        let mut now = patience.last_progress + Duration::from_secs(20);
        now += patience.after_at(&stalled, now).unwrap() + hour;
        now += patience.after_at(&stalled, now).expect("a try after the stop");
        // what was waited before and is waited after still counts
        let resumed = now;
        while let Some(wait) = patience.after_at(&stalled, now) {
            now += wait + Duration::from_secs(20);
        }
        assert!((budget / 2..budget).contains(&(now - resumed)), "{:?}", now - resumed);
        patience.progress();
        let woken = patience.tried + hour;
        assert!(patience.after_at(&stalled, woken).is_some(), "anew after progress");
        assert_eq!(patience.after_at(&stalled, woken + hour), None, "a second one counts");
    }

    #[test]
    fn a_try_that_is_only_slow_counts() {
        let mut patience = Patience::new(Duration::from_secs(30));
        let late = patience.tried + Duration::from_secs(31);
        assert_eq!(patience.after_at(&network(NetworkKind::Stalled), late), None);
        let mut endless = Patience::new(Duration::MAX);
        let late = endless.tried + Duration::from_secs(1 << 20);
        assert!(endless.after_at(&network(NetworkKind::Stalled), late).is_some());
    }

    #[test]
    fn spent_patience_ends_the_tries() {
        let mut patience = Patience::new(Duration::ZERO);
        assert_eq!(patience.after(&status(503, None)), None);
    }

    #[test]
    fn backoff_grows_stays_bounded_and_differs() {
        for (tries, least, most) in [(1, 125, 250), (2, 250, 500), (3, 500, 1_000), (40, 7_500, 15_000)] {
            let wait = backoff(tries).as_millis();
            assert!((least..=most).contains(&wait), "{tries}: {wait}");
        }
        assert!((0..50).map(|_| backoff(20)).collect::<std::collections::HashSet<_>>().len() > 1);
    }
}
