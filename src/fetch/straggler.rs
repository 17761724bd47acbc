//! Which stream is far slower than streams usually are. Pure: fed with counts and times, answers with a stream.
//!
//! The trap: a slow stream may be the only one left. Two files of 64 MiB at 8 MB/s a connection were done after 1.5 s but
//! for one connection at 50 kB/s, and nothing was there to compare it with; it took 43 s. So what streams of the whole
//! run did a moment ago is remembered, and a lone one is held against that. It enters the memory as well: on a line that
//! has become slow for everybody, slow becomes usual after a few looks, and nothing is replaced any more.

use std::collections::VecDeque;
use std::time::Duration;

use super::leases::{LeaseId, Step};

/// How many rates are remembered.
const REMEMBERED: usize = 16;
/// Fewer say nothing.
const FEWEST: usize = 3;
/// A stream that is so many times slower than the middle of them is replaced.
const FAR_SLOWER: u64 = 5;
/// What a new connection costs: a stream that ends sooner is left alone.
const SOON: Duration = Duration::from_secs(1);
/// Streams that brought fewer bytes say more about the way to the server than about its rate.
const TELLING: u64 = 256 << 10;

/// What streams brought lately, in bytes a second.
#[derive(Debug, Default)]
pub(super) struct Rates(VecDeque<u64>);

impl Rates {
    /// A stream that lasted so long brought so many bytes.
    pub(super) fn note(&mut self, bytes: u64, lasted: Duration) {
        if bytes >= TELLING {
            self.remember(a_second(bytes, lasted));
        }
    }

    /// The stream to replace, from what each brought since the last look.
    pub(super) fn straggler(&mut self, steps: &[Step], since: Duration) -> Option<LeaseId> {
        for step in steps {
            self.remember(a_second(step.bytes, since));
        }
        let usual = self.usual()?;
        let slowest = steps.iter().min_by_key(|step| step.bytes)?;
        let rate = a_second(slowest.bytes, since);
        let is_far_slower = rate.saturating_mul(FAR_SLOWER) < usual;
        (is_far_slower && slowest.remaining > rate.saturating_mul(SOON.as_secs())).then_some(slowest.id)
    }

    fn remember(&mut self, rate: u64) {
        self.0.truncate(REMEMBERED - 1);
        self.0.push_front(rate);
    }

    /// The middle rate.
    fn usual(&self) -> Option<u64> {
        let mut rates: Vec<u64> = self.0.iter().copied().collect();
        rates.sort_unstable();
        rates.get(rates.len() / 2).copied().filter(|_| rates.len() >= FEWEST)
    }
}

fn a_second(bytes: u64, time: Duration) -> u64 {
    u64::try_from(u128::from(bytes) * 1_000_000 / time.as_micros().max(1)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Duration = Duration::from_secs(1);
    const MEGABYTE: u64 = 1_000_000;

    /// Streams that each brought so many bytes since the last look and have so many to go.
    fn steps(brought: &[(u64, u64)]) -> Vec<Step> {
        let named = (0..).map(LeaseId::of_number).zip(brought);
        named.map(|(id, (bytes, remaining))| Step { id, bytes: *bytes, remaining: *remaining }).collect()
    }

    /// What sixteen streams at 8 MB/s left behind.
    fn fast() -> Rates {
        let mut rates = Rates::default();
        (0..16).for_each(|_| rates.note(8 * MEGABYTE, LOOK));
        rates
    }

    fn judge(rates: &mut Rates, brought: &[(u64, u64)]) -> Option<usize> {
        let steps = steps(brought);
        let found = rates.straggler(&steps, LOOK);
        found.map(|found| steps.iter().position(|step| step.id == found).expect("one of them"))
    }

    #[test]
    fn a_lone_slow_stream_is_held_against_what_others_did_however_little_remains() {
        assert_eq!(judge(&mut fast(), &[(50_000, 4 * MEGABYTE)]), Some(0));
        assert_eq!(judge(&mut fast(), &[(5_000, 20_000)]), Some(0));
        assert_eq!(judge(&mut fast(), &[(0, 1)]), Some(0));
    }

    #[test]
    fn one_among_others_is_held_against_them() {
        assert_eq!(
            judge(&mut Rates::default(), &[(8 * MEGABYTE, 9), (MEGABYTE, 5 * MEGABYTE), (7 * MEGABYTE, 9)]),
            Some(1)
        );
        assert_eq!(
            judge(&mut fast(), &[(8 * MEGABYTE, 9 * MEGABYTE), (1_700_000, 9 * MEGABYTE)]),
            None,
            "not five times"
        );
    }

    #[test]
    fn two_are_no_measure_and_what_ends_soon_is_left_alone() {
        assert_eq!(judge(&mut Rates::default(), &[(8 * MEGABYTE, MEGABYTE), (10, MEGABYTE)]), None);
        assert_eq!(judge(&mut fast(), &[(50_000, 50_000)]), None);
    }

    #[test]
    fn a_line_that_became_slow_for_everybody_is_taken_for_what_it_is() {
        let mut rates = fast();
        let replaced = (0..100).filter(|_| judge(&mut rates, &[(50_000, 99 * MEGABYTE)]).is_some()).count();
        assert_eq!(replaced, 8);
    }

    #[test]
    fn numbers_at_the_edge_of_their_type_do_not_wrap() {
        let mut rates = Rates::default();
        (0..16).for_each(|_| rates.note(u64::MAX, Duration::ZERO));
        assert_eq!(judge(&mut rates, &[(u64::MAX, u64::MAX)]), None);
        assert_eq!(judge(&mut rates, &[(0, u64::MAX)]), Some(0));
    }

    #[test]
    fn a_stream_of_few_bytes_says_nothing_about_rates() {
        let mut rates = Rates::default();
        (0..16).for_each(|_| rates.note(TELLING - 1, Duration::from_millis(1)));
        assert_eq!(judge(&mut rates, &[(1, MEGABYTE)]), None);
    }
}
