//! Waiting for gates to open: the same question again, soon at first and then once a minute.
//!
//! Owners answer after minutes or after days, and no hub tells anybody when; so people ask by hand, or write a loop that
//! asks every second until the hub limits them. An answer of a person does not come faster than a minute.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};

use super::{AT_ONCE, AccessCheck, AskedRepo, Checked};
use crate::error::Error;
use crate::event::{Event, Wait};
use crate::hub::http::Failure;

/// The first pause between two questions.
const SHORTEST_PAUSE: Duration = Duration::from_secs(2);
/// The longest pause that gatedl chooses itself.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl AccessCheck<'_> {
    /// Asks again and again until every gate is open, one is closed for good, or the time is up.
    pub(crate) async fn wait(&mut self, limit: Duration) {
        let since = Instant::now();
        for round in 0.. {
            let left = limit.saturating_sub(since.elapsed());
            let closed = self.closed();
            if closed.is_empty() || left.is_zero() || self.is_settled() {
                return;
            }
            let ordered =
                closed.iter().filter_map(|place| ordered(&self.repos[*place].checked)).max().unwrap_or_default();
            let wait = pause(round).max(ordered).min(left);
            let repos = closed.iter().map(|place| self.repos[*place].checked.reference.clone()).collect();
            let gates = Wait::Gates { repos, wait, left: whole_seconds(left) };
            self.session.listener().event(&Event::Wait(gates));
            tokio::time::sleep(wait).await;
            self.ask_again(closed).await;
        }
    }

    /// The repositories whose gates may still open.
    fn closed(&self) -> Vec<usize> {
        let repos = self.repos.iter().enumerate();
        repos.filter(|(_, asked)| may_open(&asked.checked)).map(|(place, _)| place).collect()
    }

    /// Whether something was refused that waiting does not mend, so that the user should know at once.
    fn is_settled(&self) -> bool {
        self.repos.iter().any(|AskedRepo { checked, .. }| checked.outcome.is_err() && !may_open(checked))
    }

    async fn ask_again(&mut self, closed: Vec<usize>) {
        let repos = &self.repos;
        let questions = closed.into_iter().map(|place| async move {
            let AskedRepo { connection, checked } = &repos[place];
            let outcome = match &checked.resolved {
                Some(resolved) => connection.ask_again(checked.wanted.subject(), resolved).await,
                None => Ok(()),
            };
            (place, outcome)
        });
        let answers: Vec<(usize, Result<(), Error>)> = stream::iter(questions).buffered(AT_ONCE).collect().await;
        for (place, outcome) in answers {
            self.repos[place].checked.outcome = outcome;
        }
    }
}

/// Whether waiting may mend it: somebody still has to accept or to decide, or the network is down in the middle.
fn may_open(checked: &Checked) -> bool {
    checked.resolved.is_some()
        && match &checked.outcome {
            Err(Error::Refused(refused)) => refused.refusal.kind.may_pass(),
            Err(Error::Provider { .. }) => true,
            _ => false,
        }
}

/// How long the server asks to stay away.
fn ordered(checked: &Checked) -> Option<Duration> {
    match checked.outcome.as_ref().err()?.failure()? {
        Failure::Refused(refused) => refused.wait,
        _ => None,
    }
}

/// Rounded up, as people read times: a day that has just begun is a day.
fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs() + u64::from(time.subsec_nanos() > 0))
}

/// 2 s, half as much again with every question, up to a minute; each up to a tenth longer at random, so that the jobs of
/// a night do not all ask at once.
fn pause(round: u32) -> Duration {
    let grown = SHORTEST_PAUSE.mul_f64(1.5_f64.powi(round.min(20).cast_signed())).min(LONGEST_PAUSE);
    let random = u32::try_from(RandomState::new().hash_one(round) % 100).unwrap_or_default();
    grown + grown / 1_000 * random
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_from_two_seconds_to_a_minute() {
        for (round, least) in [(0, 2.0), (1, 3.0), (2, 4.5), (8, 51.2), (9, 60.0), (1_000_000, 60.0)] {
            let pause = pause(round).as_secs_f64();
            assert!((least..=least * 1.1 + 0.2).contains(&pause), "{round}: {pause}");
        }
    }
}
