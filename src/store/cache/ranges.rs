//! Which bytes of a file are here: a set of ranges, kept sorted and merged. Pure; the journal stores it, the scheduler
//! works from it.

use std::ops::Range;

/// A set of bytes as ranges that neither touch nor overlap, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ranges(Vec<Range<u64>>);

impl Ranges {
    /// Adds bytes, some of which may be there already. An empty range adds nothing.
    pub(crate) fn insert(&mut self, added: Range<u64>) {
        if added.is_empty() {
            return;
        }
        let first = self.0.partition_point(|range| range.end < added.start);
        let last = self.0.partition_point(|range| range.start <= added.end);
        let merged = self.0[first..last]
            .iter()
            .fold(added, |merged, range| merged.start.min(range.start)..merged.end.max(range.end));
        self.0.splice(first..last, [merged]);
    }

    /// How many bytes are in the set.
    #[must_use]
    pub(crate) fn total(&self) -> u64 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// How many bytes are there from the very first on without a gap.
    #[must_use]
    pub(crate) fn frontier(&self) -> u64 {
        self.0.first().filter(|range| range.start == 0).map_or(0, |range| range.end)
    }

    /// The ranges of a file of `size` bytes that are not in the set, in order.
    #[must_use]
    pub(crate) fn missing(&self, size: u64) -> Vec<Range<u64>> {
        let starts = std::iter::once(0).chain(self.0.iter().map(|range| range.end));
        let ends = self.0.iter().map(|range| range.start).chain(std::iter::once(size));
        starts.zip(ends).map(|(start, end)| start..end.min(size)).filter(|range| !range.is_empty()).collect()
    }

    /// The ranges, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Range<u64>> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_set_of_ranges_is_a_set_of_bytes(ranges in prop::collection::vec((0u64..40, 0u64..12), 0..12)) {
            let mut set = Ranges::default();
            let mut bytes = [false; 52];
            for (start, length) in ranges {
                set.insert(start..start + length);
                bytes[usize::try_from(start).unwrap()..usize::try_from(start + length).unwrap()].fill(true);
            }
            let here = |byte: u64| set.iter().any(|range| range.contains(&byte));
            let gone = |byte: u64| set.missing(52).iter().any(|range| range.contains(&byte));
            for (byte, expected) in (0u64..).zip(bytes) {
                prop_assert_eq!(here(byte), expected);
                prop_assert_eq!(gone(byte), !expected);
            }
            prop_assert_eq!(set.total(), bytes.iter().filter(|byte| **byte).count() as u64);
            prop_assert_eq!(set.frontier(), bytes.iter().take_while(|byte| **byte).count() as u64);
            prop_assert!(set.0.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
    }

    #[test]
    fn bytes_beyond_the_file_are_not_missing() {
        let mut set = Ranges::default();
        set.insert(5..20);
        assert_eq!(set.missing(10).first(), Some(&(0..5)));
        assert_eq!(Ranges::default().missing(0), []);
    }
}
