//! How many connections a file deserves. Pure: fed with times and counts, answers with a number.
//!
//! One is enough where it flows well: more would only cost the server and the processor. Where each connection is slow
//! there may be a limit for each (CDNs, mirrors), and then many are many times as fast; or the line itself is full, and
//! then more change nothing. The only way to know is to try: grow by a factor, look whether the file got faster, stop
//! when it did not. Growing has a price: a stream whose bytes are taken over by others ends early, and what the server
//! has sent ahead of that is lost; so nothing grows that flows well already.

use std::time::{Duration, Instant};

/// A connection that brings this many bytes a second is left alone.
const FLOWS_WELL: u64 = 64_000_000;
/// And so is every connection of a process that gets this many bytes a second in all: 2 gigabits.
const ALL_FLOWS_WELL: u64 = 256_000_000;
/// A file that ends within this time at its present pace needs no more connections.
const SOON: Duration = Duration::from_millis(500);
/// How long a rate is measured before it counts, and how long growth gets to show its effect.
const LOOK: Duration = Duration::from_millis(20);
const PROOF: Duration = Duration::from_millis(400);
/// Each time the connections are multiplied by this.
const GROWTH: usize = 8;

/// The number of connections for one file, as it develops.
#[derive(Debug)]
pub(super) struct Tempo {
    target: usize,
    most: usize,
    window: Option<Window>,
    /// The rate in bytes a second before the last growth.
    before: Option<u64>,
    /// The rate at the last look: as long as it rises by itself, nothing need be done.
    last: Option<u64>,
}

/// Where the counts stood when the present measurement began.
#[derive(Debug)]
struct Window {
    since: Instant,
    file: u64,
    process: u64,
}

/// How far a file is.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileProgress {
    /// Bytes of the file that have come.
    pub(super) received: u64,
    /// Bytes of all files that have come.
    pub(super) process: u64,
    /// Bytes of the file still to come.
    pub(super) remaining: u64,
    /// Connections that bring them.
    pub(super) active: usize,
}

impl Tempo {
    /// Begins with one connection; never more than `most`.
    pub(super) const fn new(most: usize) -> Self {
        Self { target: 1, most, window: None, before: None, last: None }
    }

    /// How many connections the file should have now.
    pub(super) const fn target(&self) -> usize {
        self.target
    }

    /// Takes in how far the file is.
    pub(super) fn observe(&mut self, now: Instant, standing: FileProgress) {
        let FileProgress { received, process, remaining, active } = standing;
        if self.target >= self.most || active < self.target {
            self.window = None;
            return;
        }
        // the clock starts with the first byte: connecting is not flowing
        let begun = (received > 0).then_some(Window { since: now, file: received, process });
        let Some(window) = &self.window else {
            self.window = begun;
            return;
        };
        let elapsed = now.duration_since(window.since);
        if elapsed < LOOK {
            return;
        }
        let a_second =
            |bytes: u64| u64::try_from(u128::from(bytes) * 1_000_000 / elapsed.as_micros().max(1)).unwrap_or(u64::MAX);
        let (rate, in_all) = (a_second(received - window.file), a_second(process - window.process));
        let faster = self.before.is_none_or(|before| rate > before + before / 3);
        if !faster {
            // perhaps the new connections are still speeding up
            if elapsed >= PROOF {
                self.settle();
            }
            return;
        }
        let rising = self.last.replace(rate).is_none_or(|last| rate > last + last / 3);
        let soon = u128::from(remaining) * 1_000 < u128::from(rate) * SOON.as_millis();
        let flows_well = rate / active.max(1) as u64 >= FLOWS_WELL || in_all >= ALL_FLOWS_WELL;
        self.window = begun;
        if !rising && !flows_well && !soon {
            (self.before, self.last) = (Some(rate), None);
            self.target = (self.target * GROWTH).min(self.most);
        }
    }

    /// The disk is busy with what has come, and whoever brings more waits for it: how fast bytes come meanwhile says nothing
    /// about the connections.
    pub(super) fn pause(&mut self) {
        (self.window, self.last) = (None, None);
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
    /// a second, while other files bring `others`; answers with the connections after every 10 ms.
    fn play(most: usize, size: u64, each: u64, line: u64, others: u64) -> Vec<usize> {
        let (mut tempo, start, mut received) = (Tempo::new(most), Instant::now(), 1);
        let mut history = Vec::new();
        for tick in 0..200 {
            let active = tempo.target();
            let (process, remaining) = (received + others / 100 * tick, size.saturating_sub(received));
            let now = start + Duration::from_millis(10 * tick);
            tempo.observe(now, FileProgress { received, process, remaining, active });
            history.push(tempo.target());
            received += (each * active as u64).min(line) / 100;
        }
        history
    }

    #[test]
    fn a_limit_for_each_connection_calls_for_many_within_a_tenth_of_a_second() {
        let history = play(16, GIGABYTE, 8_000_000, GIGABYTE, 0);
        assert_eq!([history[0], history[4], history[10]], [1, 8, 16], "{history:?}");
    }

    #[test]
    fn what_flows_well_stays_alone() {
        assert_eq!(play(16, 4 * GIGABYTE, 500_000_000, GIGABYTE, 0).last(), Some(&1));
        assert_eq!(play(16, 4 * GIGABYTE, 50_000_000, GIGABYTE, 300_000_000).last(), Some(&1), "in all it is enough");
        assert_eq!(play(16, 4 * GIGABYTE, 60_000_000, GIGABYTE, 0).last(), Some(&8));
    }

    #[test]
    fn a_full_line_gets_no_more_connections_than_it_takes_to_see_that_it_is_full() {
        assert_eq!(play(64, GIGABYTE, 10_000_000, 10_000_000, 0).last(), Some(&8));
    }

    #[test]
    fn a_stream_that_waits_for_the_disk_is_not_slow() {
        for is_told in [true, false] {
            let (mut tempo, start, mut received) = (Tempo::new(16), Instant::now(), 1);
            for tick in 0..60 {
                let is_busy = (20..40).contains(&tick);
                if is_busy && is_told {
                    tempo.pause();
                } else {
                    let standing =
                        FileProgress { received, process: received, remaining: GIGABYTE, active: tempo.target() };
                    tempo.observe(start + Duration::from_millis(10 * tick), standing);
                }
                received += if is_busy { 0 } else { 2_000_000 };
            }
            assert_eq!(tempo.target() == 1, is_told, "{}", tempo.target());
        }
    }

    #[test]
    fn what_ends_soon_is_left_alone_and_the_limit_is_kept() {
        assert_eq!(play(16, 3_500_000, 8_000_000, GIGABYTE, 0).last(), Some(&1));
        assert_eq!(play(3, GIGABYTE, 8_000_000, GIGABYTE, 0).last(), Some(&3));
        let mut tempo = Tempo::new(16);
        tempo.shrink(0);
        assert_eq!(tempo.target(), 1);
    }
}
