//! What one run came to, and what several runs come to together.

use super::Usage;
use crate::serve::Traffic;

#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub usage: Usage,
    pub hub: Traffic,
    pub content: Traffic,
}

/// All runs of one contender in one row.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub label: String,
    pub samples: Vec<Sample>,
    /// Why there are no samples, or no more of them.
    pub failure: Option<String>,
    /// The most memory it may use, where there is a bar for that.
    pub memory_bar: Option<u64>,
}

impl Outcome {
    /// The middle one of a measure over all runs (the upper one of two), if no run failed.
    pub fn median(&self, measure: impl Fn(&Sample) -> f64) -> Option<f64> {
        let mut values: Vec<f64> = self.samples.iter().map(measure).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().filter(|_| self.failure.is_none())
    }

    pub fn wall(&self) -> Option<f64> {
        self.median(|sample| sample.usage.wall)
    }

    /// The greatest of all runs: memory is a promise about each of them.
    pub fn peak(&self) -> Option<u64> {
        self.samples.iter().map(|sample| sample.usage.peak).max().filter(|_| self.failure.is_none())
    }

    pub fn bytes(sample: &Sample) -> f64 {
        float(sample.hub.bytes + sample.content.bytes)
    }
}

/// A count as a measure; the counts here are far below the 2^53 that are exact.
#[allow(clippy::cast_precision_loss, reason = "as said above")]
pub fn float(count: u64) -> f64 {
    count as f64
}
