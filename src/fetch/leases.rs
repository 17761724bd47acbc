//! Who fetches which bytes of a file. Pure: no clock, no I/O; the conductor asks, the streams report.
//!
//! Missing bytes are handed out in order, in segments of at most 64 MiB, so that the hash, which reads in order, is never
//! far behind the last byte. A stream that is alone asks for everything up to the next byte that is here and simply goes
//! on from segment to segment; once others have taken what lies ahead, it ends there. When nothing is left to hand out,
//! an idle connection takes half of the largest remainder, which is how the tail gets short (ollama's users were told to
//! press Ctrl-C "to find a faster connection": ollama#1736).

use std::ops::Range;

/// The most that is handed out at once, in bytes. Every lease may cost a request to the hub, which allows some thousand
/// in five minutes.
const SEGMENT: u64 = 64 << 20;
/// Remainders smaller than twice this are not worth another connection.
const SMALLEST_SPLIT: u64 = 1 << 20;

/// The name of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct LeaseId(u64);

#[cfg(test)]
impl LeaseId {
    /// The lease of a made-up stream.
    pub(super) const fn of_number(number: u64) -> Self {
        Self(number)
    }
}

/// Bytes for one stream to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) id: LeaseId,
    /// What to ask the server for. Perhaps more than will be wanted in the end: [`Leases::claim`] decides.
    pub(super) range: Range<u64>,
}

/// A lease as it stands.
#[derive(Debug)]
struct Active {
    id: LeaseId,
    /// Where the next byte goes.
    position: u64,
    /// Up to where the bytes are this stream's.
    end: u64,
    /// Up to where the server was asked.
    asked: u64,
    /// Where the next byte went at the last look.
    looked: Option<u64>,
}

/// What a stream brought since the last look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) id: LeaseId,
    pub(super) bytes: u64,
    /// What it has still to bring.
    pub(super) remaining: u64,
}

/// The state of a file's missing bytes.
#[derive(Debug)]
pub(super) struct Leases {
    /// Handed out to nobody; in order, not empty, apart.
    free: Vec<Range<u64>>,
    active: Vec<Active>,
    next_id: u64,
}

impl Leases {
    /// All of `missing` is free. The ranges are in order and apart.
    pub(super) const fn new(missing: Vec<Range<u64>>) -> Self {
        Self { free: missing, active: Vec::new(), next_id: 0 }
    }

    /// The next bytes to fetch: the first that are free, or else, where `may_split`, the second half of the largest
    /// remainder of another stream.
    pub(super) fn take(&mut self, may_split: bool) -> Option<Lease> {
        let (start, end, asked) = match self.free.first().cloned() {
            Some(run) => {
                let end = run.end.min(run.start + SEGMENT);
                // alone, a stream may go on for as long as it flows
                let asked = if self.active.is_empty() { run.end } else { end };
                self.keep_free(end..run.end);
                (run.start, end, asked)
            }
            None if may_split => {
                let range = self.split()?;
                (range.start, range.end, range.end)
            }
            None => return None,
        };
        let id = LeaseId(self.next_id);
        self.next_id += 1;
        self.active.push(Active { id, position: start, end, asked, looked: None });
        Some(Lease { id, range: start..asked })
    }

    /// A stream has the next `length` bytes: how many of them it may keep. Fewer than that, or a lease that
    /// [`Leases::is_spent`] then, means that the stream is over.
    pub(super) fn claim(&mut self, id: LeaseId, length: u64) -> u64 {
        let Some(at) = self.active.iter().position(|active| active.id == id) else { return 0 };
        let Active { position, end, asked, .. } = self.active[at];
        let mut end = end;
        while position + length >= end && end < asked && self.free.first().is_some_and(|run| run.start == end) {
            let run = self.free[0].clone();
            let further = run.end.min(end + SEGMENT).min(asked);
            self.keep_free(further..run.end);
            end = further;
        }
        let kept = length.min(end - position);
        self.active[at].position += kept;
        self.active[at].end = end;
        kept
    }

    /// Whether a stream has all of its bytes.
    pub(super) fn is_spent(&self, id: LeaseId) -> bool {
        self.active.iter().find(|active| active.id == id).is_none_or(|active| active.position == active.end)
    }

    /// A stream is over; what lies beyond `written` is free again.
    pub(super) fn release(&mut self, id: LeaseId, written: u64) {
        let Some(at) = self.active.iter().position(|active| active.id == id) else { return };
        let Active { end, .. } = self.active.remove(at);
        if written < end {
            self.set_free(written..end);
        }
    }

    /// What each stream brought since the last call, if it was there then.
    pub(super) fn steps(&mut self) -> Vec<Step> {
        let step = |active: &mut Active| {
            let Active { id, position, end, .. } = *active;
            let before = active.looked.replace(position)?;
            Some(Step { id, bytes: position - before, remaining: end - position })
        };
        self.active.iter_mut().filter_map(step).collect()
    }

    /// Takes its remainder away from a stream and hands it to the next one: a new connection often finds a better way to
    /// the server.
    pub(super) fn take_away(&mut self, id: LeaseId) {
        let Some(active) = self.active.iter_mut().find(|active| active.id == id) else { return };
        let remainder = active.position..active.end;
        active.end = active.position;
        if !remainder.is_empty() {
            self.set_free(remainder);
        }
    }

    /// Whether there is one stream, and nobody else may have these bytes.
    pub(super) const fn is_alone(&self) -> bool {
        self.active.len() == 1
    }

    /// Whether every byte has been handed out and has come.
    pub(super) const fn is_complete(&self) -> bool {
        self.free.is_empty() && self.active.is_empty()
    }

    /// How many bytes are still to come.
    pub(super) fn remaining(&self) -> u64 {
        let free: u64 = self.free.iter().map(|run| run.end - run.start).sum();
        free + self.active.iter().map(|active| active.end - active.position).sum::<u64>()
    }

    fn set_free(&mut self, run: Range<u64>) {
        let place = self.free.partition_point(|other| other.start < run.start);
        self.free.insert(place, run);
        self.merge(place);
    }

    /// Replaces the first free run by what is left of it.
    fn keep_free(&mut self, rest: Range<u64>) {
        if rest.is_empty() {
            self.free.remove(0);
        } else {
            self.free[0] = rest;
        }
    }

    /// Cuts the largest remainder in two and returns the second half.
    fn split(&mut self) -> Option<Range<u64>> {
        let victim = self.active.iter_mut().max_by_key(|active| active.end - active.position)?;
        let remainder = victim.end - victim.position;
        if remainder < 2 * SMALLEST_SPLIT {
            return None;
        }
        let middle = victim.position + remainder.div_ceil(2);
        let range = middle..victim.end;
        victim.end = middle;
        Some(range)
    }

    /// Joins the free run at `place` with its neighbours where they touch.
    fn merge(&mut self, place: usize) {
        for at in [place + 1, place] {
            if at > 0 && at < self.free.len() && self.free[at - 1].end == self.free[at].start {
                let run = self.free.remove(at);
                self.free[at - 1].end = run.end;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(size: u64) -> Leases {
        Leases::new(std::iter::once(0..size).filter(|range| !range.is_empty()).collect())
    }

    #[test]
    fn a_stream_alone_goes_on_through_all_segments() {
        let mut leases = whole(3 * SEGMENT);
        let lease = leases.take(true).unwrap();
        assert_eq!(lease.range, 0..3 * SEGMENT);
        assert_eq!(leases.claim(lease.id, 3 * SEGMENT), 3 * SEGMENT);
        assert!(leases.is_spent(lease.id));
        leases.release(lease.id, 3 * SEGMENT);
        assert!(leases.is_complete());
    }

    #[test]
    fn others_take_the_next_segments_in_order_and_the_first_ends_before_them() {
        let mut leases = whole(3 * SEGMENT);
        let [first, second, third] = [(); 3].map(|()| leases.take(true).unwrap());
        assert_eq!([second.range, third.range], [SEGMENT..2 * SEGMENT, 2 * SEGMENT..3 * SEGMENT]);
        assert_eq!(leases.claim(first.id, SEGMENT + 7), SEGMENT);
        assert!(leases.is_spent(first.id));
    }

    #[test]
    fn an_idle_connection_takes_half_of_the_largest_remainder() {
        let mut leases = whole(SEGMENT);
        let first = leases.take(true).unwrap();
        assert_eq!(leases.take(false), None);
        let second = leases.take(true).unwrap();
        assert_eq!(second.range, SEGMENT / 2..SEGMENT);
        leases.claim(second.id, SEGMENT / 4);
        assert_eq!(leases.take(true).unwrap().range, SEGMENT / 4..SEGMENT / 2);
        assert_eq!(leases.claim(first.id, SEGMENT), SEGMENT / 4);
        let mut small = whole(2 * SMALLEST_SPLIT - 1);
        small.take(true).unwrap();
        assert_eq!(small.take(true), None);
    }

    #[test]
    fn steps_are_counted_from_look_to_look() {
        let mut leases = whole(SEGMENT);
        let first = leases.take(true).unwrap();
        leases.claim(first.id, 7);
        assert_eq!(leases.steps(), [], "where it stood before is not known");
        leases.claim(first.id, 100);
        let second = leases.take(true).unwrap();
        let remaining = second.range.start - 107;
        assert_eq!(leases.steps(), [Step { id: first.id, bytes: 100, remaining }]);
        assert_eq!(leases.steps().len(), 2);
    }

    #[test]
    fn what_is_taken_away_is_handed_to_the_next_stream() {
        let mut leases = whole(3 * SEGMENT);
        let [_, second, _] = [(); 3].map(|()| leases.take(true).unwrap());
        leases.claim(second.id, SEGMENT - 10);
        leases.take_away(second.id);
        assert!(leases.is_spent(second.id));
        assert_eq!(leases.take(false).unwrap().range, 2 * SEGMENT - 10..2 * SEGMENT, "however little it is");
        leases.take_away(second.id);
        assert_eq!(leases.take(false), None, "once");
    }

    #[test]
    fn what_a_stream_leaves_is_handed_out_again() {
        let mut leases = whole(SEGMENT);
        let first = leases.take(true).unwrap();
        assert_eq!(leases.claim(first.id, 100), 100);
        leases.release(first.id, 60);
        assert_eq!(leases.remaining(), SEGMENT - 60);
        assert_eq!(leases.take(true).unwrap().range, 60..SEGMENT);
        assert_eq!(leases.claim(first.id, 1), 0, "a released lease owns nothing");
    }

    proptest! {
        /// Whatever streams do, every byte is owned by one of them exactly once, and all of it comes in the end.
        #[test]
        fn every_byte_comes_exactly_once(
            size in 0..5 * SEGMENT,
            steps in prop::collection::vec((0u8..5, 0usize..8, 0u64..SEGMENT), 0..60),
        ) {
            let mut leases = whole(size);
            let mut streams: Vec<(LeaseId, u64)> = Vec::new();
            let mut come = crate::store::cache::Ranges::default();
            let mut total = 0;
            let mut claim = |leases: &mut Leases, stream: &mut (LeaseId, u64), length| {
                let kept = leases.claim(stream.0, length);
                come.insert(stream.1..stream.1 + kept);
                total += kept;
                stream.1 += kept;
            };
            for (action, which, length) in steps {
                match action {
                    0 => if let Some(lease) = leases.take(true) { streams.push((lease.id, lease.range.start)) },
                    1 if !streams.is_empty() => {
                        let (id, written) = streams.swap_remove(which % streams.len());
                        leases.release(id, written);
                    }
                    2 if !streams.is_empty() => leases.take_away(streams[which % streams.len()].0),
                    _ if !streams.is_empty() => {
                        let at = which % streams.len();
                        claim(&mut leases, &mut streams[at], length);
                    }
                    _ => {}
                }
                prop_assert!(leases.free.windows(2).all(|pair| pair[0].end < pair[1].start));
            }
            for mut stream in streams.drain(..) {
                claim(&mut leases, &mut stream, size);
                leases.release(stream.0, stream.1);
            }
            while let Some(lease) = leases.take(true) {
                let mut stream = (lease.id, lease.range.start);
                claim(&mut leases, &mut stream, size);
                leases.release(stream.0, stream.1);
            }
            prop_assert!(leases.is_complete());
            prop_assert_eq!(leases.remaining(), 0);
            prop_assert_eq!(total, size, "no byte twice");
            prop_assert_eq!(come.total(), size, "no byte missing");
        }
    }
}
