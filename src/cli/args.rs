//! What can be typed. Environment variables are not read here: settings own them, so that one place knows which wins.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::repo::RepoKind;

/// Download gated models: the right token to the right host, every byte verified, no work lost.
#[derive(Debug, Parser)]
#[command(
    name = "gatedl",
    version,
    about,
    disable_help_subcommand = true,
    after_help = after_help(),
    max_term_width = 100,
)]
pub(super) struct CommandLine {
    /// Say nothing but errors and warnings
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Output")]
    pub(super) quiet: bool,
    /// Show every request (never a token)
    #[arg(short, long, global = true, help_heading = "Output")]
    pub(super) verbose: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Bring a model, dataset or space to this machine
    Pull(Box<Pull>),
    /// Print help; `gatedl help environment` lists every variable
    Help {
        /// A command, or `environment`
        topic: Option<String>,
    },
}

/// `gatedl pull`.
#[derive(Debug, Args)]
#[command(after_help = PULL_EXAMPLES)]
pub(super) struct Pull {
    /// What to pull: org/model, org/model@revision, datasets/org/name, PROVIDER:org/model, or a pasted link
    pub(super) reference: String,
    /// Only these files: exact names, or a folder with a closing slash
    pub(super) files: Vec<String>,

    /// Branch, tag, refs/pr/N or commit
    #[arg(long, help_heading = "What to pull")]
    pub(super) revision: Option<String>,
    /// Kind of the repository
    #[arg(long, visible_alias = "type", value_name = "KIND", help_heading = "What to pull")]
    pub(super) repo_type: Option<Kind>,
    /// Provider of a reference that names none: hf, ba, or one of the configuration file
    #[arg(long, value_name = "NAME", help_heading = "What to pull")]
    pub(super) provider: Option<String>,
    /// Ask this address instead of the provider's; the provider's token goes there
    #[arg(long, value_name = "URL", help_heading = "What to pull")]
    pub(super) endpoint: Option<String>,
    /// Only files that match this pattern (repeatable); * crosses folders
    #[arg(long, value_name = "PATTERN", help_heading = "What to pull")]
    pub(super) include: Vec<String>,
    /// No files that match this pattern (repeatable)
    #[arg(long, value_name = "PATTERN", help_heading = "What to pull")]
    pub(super) exclude: Vec<String>,

    /// Root of the cache
    #[arg(long, value_name = "DIR", help_heading = "Where and how")]
    pub(super) cache_dir: Option<PathBuf>,
    /// Put the files into this folder instead of the cache
    #[arg(long, value_name = "DIR", help_heading = "Where and how")]
    pub(super) local_dir: Option<PathBuf>,
    /// Fetch again what is here
    #[arg(long, visible_alias = "force-download", conflicts_with = "offline", help_heading = "Where and how")]
    pub(super) force: bool,
    /// Show what would be done, and write nothing
    #[arg(long, help_heading = "Where and how")]
    pub(super) dry_run: bool,
    /// Open no connection; use what is in the cache
    #[arg(long, help_heading = "Where and how")]
    pub(super) offline: bool,

    /// Send no token
    #[arg(long, conflicts_with_all = ["token_stdin", "token_file"], help_heading = "Token")]
    pub(super) anonymous: bool,
    /// Read the token from standard input
    #[arg(long, conflicts_with = "token_file", help_heading = "Token")]
    pub(super) token_stdin: bool,
    /// Read the token from this file
    #[arg(long, value_name = "FILE", help_heading = "Token")]
    pub(super) token_file: Option<PathBuf>,
    /// Send the token over plain http beyond this machine too
    #[arg(long, help_heading = "Token")]
    pub(super) allow_insecure_http: bool,

    /// Files fetched at once
    #[arg(long, value_name = "N", visible_alias = "max-workers", value_parser = clap::value_parser!(u16).range(1..=64), help_heading = "Network")]
    pub(super) jobs: Option<u16>,
    /// Connections that all large files have together
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Network")]
    pub(super) connections: u16,
    /// At most so many bytes a second, as in 20M
    #[arg(long, value_name = "RATE", value_parser = rate, help_heading = "Network")]
    pub(super) limit_rate: Option<u64>,
    /// Give up after this time without progress: seconds, or as in 2m
    #[arg(long, value_name = "TIME", default_value = "120", value_parser = time, help_heading = "Network")]
    pub(super) timeout: Duration,
    /// What standard output carries: the path alone, or one document
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Output")]
    pub(super) output: Output,
    /// The same as --output json
    #[arg(long, conflicts_with = "output", help_heading = "Output")]
    pub(super) json: bool,
}

impl Pull {
    /// Whether standard output carries one JSON document.
    pub(super) fn is_json(&self) -> bool {
        self.json || self.output == Output::Json
    }
}

/// The form of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    Text,
    Json,
}

/// The kind of a repository, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    Model,
    Dataset,
    Space,
}

impl From<Kind> for RepoKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Model => Self::Model,
            Kind::Dataset => Self::Dataset,
            Kind::Space => Self::Space,
        }
    }
}

const PULL_EXAMPLES: &str = "\
Examples:
  gatedl pull org/model
  gatedl pull org/model@v1.0 config.json tokenizer/
  gatedl pull org/model --include '*.safetensors' --exclude 'original/*'
  DIR=$(gatedl pull org/model)";

fn after_help() -> String {
    let mut text = "Exit status:\n".to_owned();
    for status in crate::error::ExitStatus::ALL {
        text += &format!("  {:>3}  {}\n", status.code(), status.meaning());
    }
    text + "\nEvery environment variable: gatedl help environment"
}

/// Seconds as a number, or a time with units.
fn time(text: &str) -> Result<Duration, String> {
    let parsed = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            humantime::parse_duration(text).map_err(|error| format!("{error}; write seconds, or as in 90s, 2m, 1h"))?
        }
    };
    if parsed.is_zero() { Err("it must be more than 0".to_owned()) } else { Ok(parsed) }
}

/// Bytes a second: a number, perhaps with K, M or G for thousands, millions, billions.
fn rate(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.strip_suffix(['k', 'K', 'm', 'M', 'g', 'G']) {
        Some(digits) => (
            digits,
            match text.chars().last().map(|unit| unit.to_ascii_uppercase()) {
                Some('K') => 1_000,
                Some('M') => 1_000_000,
                _ => 1_000_000_000,
            },
        ),
        None => (text, 1),
    };
    let number: f64 = digits.parse().map_err(|_| "write bytes a second, as in 500K, 20M, 1.5G".to_owned())?;
    let bytes = number * f64::from(unit);
    if !(1_000.0..1e15).contains(&bytes) {
        return Err("it must be at least 1K".to_owned());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range just checked")]
    Ok(bytes as u64)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn times_are_seconds_or_have_units() {
        assert_eq!(time("120"), Ok(Duration::from_secs(120)));
        assert_eq!(time("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "0", "-1", "soon", "0s"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rates_have_decimal_units() {
        assert_eq!(
            [rate("20M"), rate("1.5g"), rate("500k"), rate("2000")],
            [Ok(20_000_000), Ok(1_500_000_000), Ok(500_000), Ok(2_000)]
        );
        for bad in ["", "M", "fast", "-1M", "0", "999", "NaN", "inf"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }
}
