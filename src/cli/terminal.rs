//! How to speak: where text goes, whether it may have colours, whether progress may draw. Decided once.

use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::document::{self, ResultLine};
use super::flags::Output;
use crate::error::Error;
use crate::settings::env::{self, Env};
use crate::system::console::obeys_escapes;
use crate::text::visible;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProgressStyle {
    /// Bars that are drawn over.
    Bars,
    /// A plain line now and then: logs of CI jobs.
    Lines,
    /// No progress, but the reason where nothing moves.
    Waits,
    /// Nothing.
    Hidden,
}

/// The streams of the program.
#[derive(Debug, Clone)]
pub(super) struct Terminal {
    /// How progress is shown.
    pub(super) progress: ProgressStyle,
    /// Whether the summary line is wanted.
    pub(super) summary: bool,
    /// What standard output carries.
    pub(super) output: Output,
    colors: bool,
    verbose: bool,
}

impl Terminal {
    pub(super) fn of(quiet: bool, verbose: bool, output: Output, env: &Env) -> Self {
        let drawable = io::stderr().is_terminal() && !matches!(env.text(env::TERM.name), Ok(Some("dumb")));
        let progress = if quiet {
            ProgressStyle::Hidden
        } else if env.flag(&env::HF_HUB_DISABLE_PROGRESS_BARS) {
            ProgressStyle::Waits
        } else if verbose || !drawable {
            // log lines and bars would tear each other
            ProgressStyle::Lines
        } else {
            ProgressStyle::Bars
        };
        let colors = drawable && !env.is_set(&env::NO_COLOR) && obeys_escapes();
        Self { progress, summary: !quiet, output, colors, verbose }
    }

    /// Starts the log of `--verbose`: our own events only, since other crates' may show headers.
    pub(super) fn start_log(&self) {
        if self.verbose {
            let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(self.colors).without_time();
            let ours = Targets::new().with_target("gatedl", LevelFilter::DEBUG);
            // a second start in one process (tests) keeps the first log
            let _ = tracing_subscriber::registry().with(layer).with(ours).try_init();
        }
    }

    /// How many columns standard output has; none where it is no terminal, and lines are as long as they are.
    pub(super) fn columns() -> Option<usize> {
        terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0))
    }

    /// Writes a line for people.
    pub(super) fn say(text: &str) {
        // nobody is left to be told when standard error is closed
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Writes a warning for people.
    pub(super) fn warn(&self, text: &str) {
        Self::say(&format!("{} {}", self.label("warning"), visible(text)));
    }

    /// Writes the result for programs: the document, or with events before it the line that holds it.
    pub(super) fn document(&self, document: &impl Serialize) -> Result<(), Error> {
        match self.output {
            Output::Text | Output::Json => document::write(document),
            Output::Ndjson => document::write(&ResultLine::of(document)),
        }
    }

    /// Writes the result.
    pub(super) fn answer(text: &str) -> Result<(), Error> {
        let mut stdout = io::stdout().lock();
        match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
            // `gatedl pull … | head -0`: the reader has what it wanted
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            outcome => outcome.map_err(|source| Error::Stream { action: "write to standard output", source }),
        }
    }

    /// `error`, `warning` or `hint`, coloured where that is possible.
    pub(super) fn label(&self, label: &str) -> String {
        let color = match label {
            "error" => "1;31",
            "warning" => "1;33",
            _ => "1;36",
        };
        if self.colors { format!("\u{1b}[{color}m{label}:\u{1b}[0m") } else { format!("{label}:") }
    }
}
