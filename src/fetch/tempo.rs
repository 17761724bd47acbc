//! How many connections a file deserves. Pure: fed with times and counts, answers with a number.
//!
//! One is enough where it flows well: more would only cost the server and the processor. Where each connection is slow
//! there may be a limit for each (CDNs, mirrors), and then many are many times as fast; or the line itself is full, and
//! then more change nothing. The only way to know is to try: grow by a factor, look whether the file got faster, stop
//! when it did not.

use std::time::{Duration, Instant};

/// A connection that brings this many bytes a second is left alone.
const FLOWS_WELL: u64 = 64_000_000;
/// A file that ends within this time at its present pace needs no more connections.
const SOON: Duration = Duration::from_millis(500);
/// How long a rate is measured before it counts, and how long growth gets to show its effect.
const LOOK: Duration = Duration::from_millis(50);
const PROOF: Duration = Duration::from_millis(400);
/// Each time the connections are multiplied by this.
const GROWTH: usize = 4;

/// The number of connections for one file, as it develops.
#[derive(Debug)]
pub(super) struct Tempo {
    target: usize,
    most: usize,
    window: Option<(Instant, u64)>,
    /// The rate in bytes a second before the last growth.
    before: Option<u64>,
}

impl Tempo {
    /// Begins with one connection; never more than `most`.
    pub(super) const fn new(most: usize) -> Self {
        Self { target: 1, most, window: None, before: None }
    }

    /// How many connections the file should have now.
    pub(super) const fn target(&self) -> usize {
        self.target
    }

    /// Takes in how far the file is: `received` bytes so far, `remaining` to come, over `active` connections.
    pub(super) fn observe(&mut self, now: Instant, received: u64, remaining: u64, active: usize) {
        if self.target >= self.most || active < self.target {
            self.window = None;
            return;
        }
        let Some((since, start)) = self.window else {
            // the clock starts with the first byte: connecting is not flowing
            self.window = (received > 0).then_some((now, received));
            return;
        };
        let elapsed = now.duration_since(since);
        if elapsed < LOOK {
            return;
        }
        let rate = u64::try_from(u128::from(received - start) * 1_000 / elapsed.as_millis().max(1)).unwrap_or(u64::MAX);
        let faster = self.before.is_none_or(|before| rate > before + before / 3);
        if !faster {
            // perhaps the new connections are still speeding up
            if elapsed >= PROOF {
                self.settle();
            }
            return;
        }
        let soon = u128::from(remaining) * 1_000 < u128::from(rate) * SOON.as_millis();
        if rate / active.max(1) as u64 >= FLOWS_WELL || soon {
            self.window = Some((now, received));
            return;
        }
        self.before = Some(rate);
        self.target = (self.target * GROWTH).min(self.most);
        self.window = None;
    }

    /// The server dislikes so many: no more than `active`, from now on.
    pub(super) fn shrink(&mut self, active: usize) {
        self.most = active.max(1);
        self.target = self.target.min(self.most);
    }

    fn settle(&mut self) {
        self.most = self.target;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIGABYTE: u64 = 1_000_000_000;

    /// Plays a file of `size` bytes over a line where each connection brings `each` and all together at most `line` bytes
    /// a second; answers with the connections after every 50 ms.
    fn play(most: usize, size: u64, each: u64, line: u64) -> Vec<usize> {
        let (mut tempo, start, mut received) = (Tempo::new(most), Instant::now(), 1);
        let mut history = Vec::new();
        for tick in 0..40 {
            let active = tempo.target();
            tempo.observe(start + Duration::from_millis(50 * tick), received, size.saturating_sub(received), active);
            history.push(tempo.target());
            received += (each * active as u64).min(line) / 20;
        }
        history
    }

    #[test]
    fn a_limit_for_each_connection_calls_for_many_within_a_quarter_of_a_second() {
        let history = play(16, GIGABYTE, 8_000_000, GIGABYTE);
        assert_eq!(history[0], 1);
        assert_eq!(history[5], 16, "{history:?}");
    }

    #[test]
    fn one_connection_that_flows_well_stays_alone() {
        assert_eq!(play(16, 4 * GIGABYTE, 500_000_000, GIGABYTE).last(), Some(&1));
    }

    #[test]
    fn a_full_line_gets_no_more_connections_than_it_takes_to_see_that_it_is_full() {
        assert_eq!(play(64, GIGABYTE, 10_000_000, 10_000_000).last(), Some(&4));
    }

    #[test]
    fn what_ends_soon_is_left_alone_and_the_limit_is_kept() {
        assert_eq!(play(16, 3_500_000, 8_000_000, GIGABYTE).last(), Some(&1));
        assert_eq!(play(3, GIGABYTE, 8_000_000, GIGABYTE).last(), Some(&3));
        let mut tempo = Tempo::new(16);
        tempo.shrink(0);
        assert_eq!(tempo.target(), 1);
    }
}
