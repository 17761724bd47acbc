//! The rows of the page: what is downloaded, by whom, and what must come of it.

mod large;
mod rated;
mod resume;
mod small;

use crate::Problem;
use crate::bench::Bench;
use crate::measure::Outcome;
use crate::report::{Bar, Section};

pub struct Row {
    pub name: &'static str,
    pub about: &'static str,
    pub run: fn(&Bench) -> Result<Section, Problem>,
}

pub const ALL: [Row; 9] = [
    Row { name: "shards", about: "4 × 512 MB, http", run: large::shards },
    Row { name: "shards-tls", about: "4 × 512 MB, https", run: large::shards_over_tls },
    Row { name: "single", about: "1 × 1 GB, http", run: large::single },
    Row { name: "rated", about: "2 × 64 MB, 8 MB/s a connection", run: rated::free },
    Row { name: "rated-bound", about: "the same, links bound to their range", run: rated::bound },
    Row { name: "small", about: "2,000 files of 1–20 KB", run: small::near },
    Row { name: "small-distant", about: "the same, 50 ms before each answer of the hub", run: small::distant },
    Row { name: "noop", about: "a branch of 2,000 files that is here already", run: small::noop },
    Row { name: "resume", about: "4 × 512 MB, killed at 50 %, run again", run: resume::run },
];

/// Wall of `ours` ÷ wall of `theirs` must not be above `limit`.
fn at_most(ours: &Outcome, limit: f64, theirs: &Outcome) -> Bar {
    let ratio = ours.wall().zip(theirs.wall()).map(|(ours, theirs)| ours / theirs);
    Bar::at_most(format!("{} ÷ {}", ours.label, theirs.label), ratio, limit)
}

/// Wall of `theirs` ÷ wall of `ours` must not be below `limit`.
fn times_faster(ours: &Outcome, limit: f64, theirs: &Outcome) -> Bar {
    let ratio = ours.wall().zip(theirs.wall()).map(|(ours, theirs)| theirs / ours);
    Bar::at_least(format!("{} faster than {}", ours.label, theirs.label), ratio, limit)
}
