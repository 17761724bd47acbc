//! The page: one table over all rows, and under each row its bars.

use crate::Problem;
use crate::bench::Bench;
use crate::files::MEGABYTE;
use crate::measure::{Outcome, float};
use crate::rows::Row;
use std::fmt::Write as _;

/// Something a row must show.
#[derive(Clone, Debug)]
pub struct Bar {
    what: String,
    /// `None` where a peer is missing or a client failed.
    measured: Option<f64>,
    limit: f64,
    is_least: bool,
}

impl Bar {
    pub fn at_most(what: impl Into<String>, measured: Option<f64>, limit: f64) -> Self {
        Self { what: what.into(), measured, limit, is_least: false }
    }

    pub fn at_least(what: impl Into<String>, measured: Option<f64>, limit: f64) -> Self {
        Self { what: what.into(), measured, limit, is_least: true }
    }

    fn is_met(&self) -> Option<bool> {
        self.measured.map(|measured| if self.is_least { measured >= self.limit } else { measured <= self.limit })
    }

    fn line(&self) -> String {
        let verdict = match self.is_met() {
            Some(true) => "met",
            Some(false) => "MISSED",
            None => "open",
        };
        let measured = self.measured.map_or("—".to_owned(), |measured| format!("{measured:.2}"));
        let sign = if self.is_least { "≥" } else { "≤" };
        format!("  {verdict:<7} {measured:>8} {sign} {:<6.2} {}\n", self.limit, self.what)
    }
}

/// What a row came to.
pub struct Section {
    outcomes: Vec<Outcome>,
    bars: Vec<Bar>,
    notes: Vec<String>,
}

impl Section {
    /// With the bars given, and those on memory that the outcomes bring.
    pub fn new(outcomes: Vec<Outcome>, mut bars: Vec<Bar>) -> Self {
        bars.extend(outcomes.iter().filter_map(|outcome| {
            let limit = float(outcome.memory_bar?) / float(1 << 20);
            let peak = outcome.peak().map(|peak| float(peak) / float(1 << 20));
            Some(Bar::at_most(format!("{}: peak MiB", outcome.label), peak, limit))
        }));
        Self { outcomes, bars, notes: Vec::new() }
    }

    pub fn skipped(why: &str) -> Self {
        Self { outcomes: Vec::new(), bars: Vec::new(), notes: vec![format!("skipped: {why}")] }
    }

    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }
}

/// Grows row by row, so that an interrupted bench still has something to show.
pub struct Page {
    text: String,
    met: usize,
    missed: usize,
    open: usize,
}

impl Page {
    pub fn new(bench: &Bench, machine: &str) -> Self {
        let place = if bench.place().is_memory { "in memory" } else { "on disk" };
        let runs = bench.runs();
        let peers = bench.peers().line();
        let mut text =
            format!("{machine}\n{peers}\nfiles {place}; medians of {runs}, peak memory the greatest of {runs}\n\n");
        let _ = writeln!(
            text,
            "{:<40} {:>8} {:>8} {:>9} {:>8} {:>8} {:>8}",
            "", "wall s", "CPU s", "peak MiB", "hub req", "CDN req", "MB"
        );
        Self { text, met: 0, missed: 0, open: 0 }
    }

    pub fn add(&mut self, row: &Row, section: Result<Section, Problem>) {
        let _ = writeln!(self.text, "{} — {}", row.name, row.about);
        let section = section.unwrap_or_else(|problem| Section::skipped(&problem.to_string()));
        for outcome in &section.outcomes {
            self.text += &line(outcome);
        }
        for note in &section.notes {
            let _ = writeln!(self.text, "  {note}");
        }
        for bar in &section.bars {
            self.text += &bar.line();
            match bar.is_met() {
                Some(true) => self.met += 1,
                Some(false) => self.missed += 1,
                None => self.open += 1,
            }
        }
        self.text.push('\n');
    }

    #[allow(clippy::print_stdout, reason = "the page is what a bench is run for")]
    pub fn print(&self) {
        println!("{}{} bars met, {} missed, {} open", self.text, self.met, self.missed, self.open);
    }
}

fn line(outcome: &Outcome) -> String {
    let label = &outcome.label;
    if let Some(failure) = &outcome.failure {
        return format!("  {label:<38} {failure}\n");
    }
    let median = |measure: &dyn Fn(&crate::measure::Sample) -> f64| outcome.median(measure).unwrap_or_default();
    let peak = float(outcome.peak().unwrap_or_default()) / float(1 << 20);
    format!(
        "  {label:<38} {:8.3} {:8.3} {peak:9.1} {:8.0} {:8.0} {:8.1}\n",
        outcome.wall().unwrap_or_default(),
        median(&|sample| sample.usage.processor),
        median(&|sample| float(sample.hub.requests)),
        median(&|sample| float(sample.content.requests)),
        median(&|sample| Outcome::bytes(sample) / float(MEGABYTE)),
    )
}
