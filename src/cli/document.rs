//! What programs read on standard output: one document, or with `--output ndjson` a line for each event as it happens and
//! the document in the last line.
//!
//! Documents are an API. Fields are added and never renamed; `version` grows when one changes its meaning or goes.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::terminal::Terminal;
use super::wording;
use crate::error::Error;
use crate::event::{Event, Listener};

/// The version of every document and of every event.
pub(super) const VERSION: u32 = 1;
/// How often a line says how far the run is.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// One document, as a line. Writing it to a text fails for nothing that a document holds.
pub(super) fn write(document: &impl Serialize) -> Result<(), Error> {
    Terminal::answer(&serde_json::to_string(document).expect("documents have texts for keys"))
}

/// The last line of a run that tells its events.
#[derive(Serialize)]
pub(super) struct ResultLine<'a, T> {
    version: u32,
    event: &'static str,
    result: &'a T,
}

impl<'a, T> ResultLine<'a, T> {
    pub(super) const fn of(result: &'a T) -> Self {
        Self { version: VERSION, event: "result", result }
    }
}

/// A line about something that happened.
#[derive(Serialize)]
struct EventLine<'a> {
    version: u32,
    #[serde(flatten)]
    event: &'a Event,
    /// The sentences that people read about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<String>,
}

/// How far the run is.
#[derive(Serialize)]
struct ProgressLine {
    version: u32,
    event: &'static str,
    #[serde(flatten)]
    counts: ProgressCounts,
}

/// What is known about the plan that is under way.
#[derive(Clone, Default, Serialize)]
struct ProgressCounts {
    files_done: usize,
    files: usize,
    bytes_done: u64,
    bytes: u64,
}

/// Writes events as lines.
#[derive(Default)]
pub(super) struct EventWriter {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    counts: ProgressCounts,
    told: Option<Instant>,
    is_closed: bool,
}

impl EventWriter {
    /// Ends the events: behind the last line of a run there is none.
    pub(super) fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_closed = true;
    }
}

impl Listener for EventWriter {
    fn event(&self, event: &Event) {
        // held while a line is written, so that lines stand in the order in which things happened
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_closed {
            return;
        }
        state.count(event);
        let messages = match event {
            Event::Advance { .. } | Event::Discard { .. } => return state.tell_progress(),
            Event::Warning(warning) => wording::warning(warning),
            Event::Note(note) => vec![wording::note(note)],
            _ => Vec::new(),
        };
        line(&EventLine { version: VERSION, event, messages });
    }
}

impl State {
    fn count(&mut self, event: &Event) {
        let counts = &mut self.counts;
        match event {
            Event::Plan { files, bytes, resumed } => {
                *counts = ProgressCounts { files: *files, bytes: bytes + resumed, bytes_done: *resumed, files_done: 0 };
            }
            Event::Hash { files, bytes } => {
                *counts = ProgressCounts { files: *files, bytes: *bytes, ..ProgressCounts::default() }
            }
            Event::Advance { bytes, .. } => counts.bytes_done = counts.bytes_done.saturating_add(*bytes),
            Event::Discard { bytes, .. } => counts.bytes_done = counts.bytes_done.saturating_sub(*bytes),
            Event::Verified { .. } | Event::Unverified { .. } => counts.files_done += 1,
            _ => {}
        }
    }

    fn tell_progress(&mut self) {
        if self.told.is_none_or(|told| told.elapsed() >= PROGRESS_EVERY) {
            self.told = Some(Instant::now());
            line(&ProgressLine { version: VERSION, event: "progress", counts: self.counts.clone() });
        }
    }
}

/// A line, written whole. A reader that has gone, or a disk that is full, ends no pull; the last line tells.
fn line(line: &impl Serialize) {
    let _: Result<(), Error> = write(line);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{FileId, Warning};

    #[test]
    fn counts_are_of_the_plan_under_way_and_never_overflow() {
        let mut state = State::default();
        let file = FileId(0);
        state.count(&Event::Plan { files: 2, bytes: 10, resumed: 5 });
        state.count(&Event::Advance { file, bytes: u64::MAX });
        state.count(&Event::Discard { file, bytes: u64::MAX });
        state.count(&Event::Discard { file, bytes: 1 });
        state.count(&Event::Verified { file, path: "a".to_owned() });
        let ProgressCounts { files_done, files, bytes_done, bytes } = state.counts;
        assert_eq!((files_done, files, bytes_done, bytes), (1, 2, 0, 15));
    }

    #[test]
    fn a_warning_has_its_data_and_its_sentence() {
        let event = Warning::Removed { at: "/c/x".to_owned() }.into();
        let line = EventLine { version: VERSION, event: &event, messages: vec!["gone".to_owned()] };
        let expected = r#"{"version":1,"event":"warning","kind":"removed","at":"/c/x","messages":["gone"]}"#;
        assert_eq!(serde_json::to_string(&line).unwrap(), expected);
    }
}
