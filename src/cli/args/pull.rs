//! The arguments of `gatedl pull`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{IntoArguments, OutputArguments, ServerArguments, TokenArguments};
use crate::error::Error;
use crate::repo::RepoKind;
use crate::weights::{Choice, Format};

/// `gatedl pull`.
#[derive(Debug, Args)]
#[command(after_help = PULL_EXAMPLES)]
pub(in crate::cli) struct Pull {
    /// What to pull: org/model, org/model@revision, datasets/org/name, PROVIDER:org/model, or a pasted link
    pub(in crate::cli) reference: String,
    /// Only these files: exact names, or a folder with a closing slash
    pub(in crate::cli) files: Vec<String>,

    /// Branch, tag, refs/pr/N or commit
    #[arg(long, help_heading = "What to pull")]
    pub(in crate::cli) revision: Option<String>,
    /// Kind of the repository
    #[arg(long, visible_alias = "type", value_name = "KIND", help_heading = "What to pull")]
    pub(in crate::cli) repo_type: Option<Kind>,
    #[command(flatten)]
    pub(in crate::cli) server: ServerArguments,
    /// Only files that match this pattern (repeatable); * crosses folders
    #[arg(long, value_name = "PATTERN", help_heading = "What to pull")]
    pub(in crate::cli) include: Vec<String>,
    /// No files that match this pattern (repeatable)
    #[arg(long, value_name = "PATTERN", help_heading = "What to pull")]
    pub(in crate::cli) exclude: Vec<String>,
    /// One set of weights instead of all: auto takes a complete one, safetensors first
    #[arg(long, value_name = "FORMAT", help_heading = "What to pull")]
    pub(in crate::cli) weights: Option<Weights>,
    /// Only the GGUF files of this quantization, as in Q4_K_M
    #[arg(long, value_name = "NAME", help_heading = "What to pull")]
    pub(in crate::cli) quant: Option<String>,

    /// Root of the cache
    #[arg(long, value_name = "DIR", help_heading = "Where and how")]
    pub(in crate::cli) cache_dir: Option<PathBuf>,
    /// Put the files into this folder instead of the cache
    #[arg(long, value_name = "DIR", help_heading = "Where and how")]
    pub(in crate::cli) local_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) into: IntoArguments,
    /// Fetch again what is here
    #[arg(long, visible_alias = "force-download", conflicts_with = "offline", help_heading = "Where and how")]
    pub(in crate::cli) force: bool,
    /// Show what would be done, and write nothing
    #[arg(long, help_heading = "Where and how")]
    pub(in crate::cli) dry_run: bool,
    /// Open no connection; use what is in the cache
    #[arg(long, help_heading = "Where and how")]
    pub(in crate::cli) offline: bool,

    #[command(flatten)]
    pub(in crate::cli) token: TokenArguments,

    /// Files fetched at once
    #[arg(long, value_name = "N", visible_alias = "max-workers", value_parser = clap::value_parser!(u16).range(1..=64), help_heading = "Network")]
    pub(in crate::cli) jobs: Option<u16>,
    /// Connections that all large files have together
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Network")]
    pub(in crate::cli) connections: u16,
    /// At most so many bytes a second, as in 20M
    #[arg(long, value_name = "RATE", value_parser = rate, help_heading = "Network")]
    pub(in crate::cli) limit_rate: Option<u64>,
    /// Give up after this time without progress: seconds, or as in 2m
    #[arg(long, value_name = "TIME", default_value = "120", value_parser = super::groups::time, help_heading = "Network")]
    pub(in crate::cli) timeout: Duration,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArguments,
}

/// The kind of a repository, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Kind {
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

/// The value of `--weights`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Weights {
    Auto,
    Safetensors,
    Gguf,
    Onnx,
    Pytorch,
}

impl Pull {
    /// What `--weights` and `--quant` say together.
    pub(in crate::cli) fn choice(&self) -> Result<Option<Choice>, Error> {
        match (self.weights, &self.quant) {
            (None | Some(Weights::Auto | Weights::Gguf), Some(quant)) => Ok(Some(Choice::Quant(quant.clone()))),
            (Some(_), Some(_)) => {
                Err(Error::Usage("--quant is about GGUF files, and --weights says another".to_owned()))
            }
            (None, None) => Ok(None),
            (Some(Weights::Auto), None) => Ok(Some(Choice::Auto)),
            (Some(Weights::Safetensors), None) => Ok(Some(Choice::Only(Format::Safetensors))),
            (Some(Weights::Gguf), None) => Ok(Some(Choice::Only(Format::Gguf))),
            (Some(Weights::Onnx), None) => Ok(Some(Choice::Only(Format::Onnx))),
            (Some(Weights::Pytorch), None) => Ok(Some(Choice::Only(Format::Pytorch))),
        }
    }
}

const PULL_EXAMPLES: &str = "\
Examples:
  gatedl pull org/model
  gatedl pull org/model@v1.0 config.json tokenizer/
  gatedl pull org/model --include '*.safetensors' --exclude 'original/*'
  gatedl pull org/model --weights auto
  gatedl pull org/model --into comfyui --comfyui-type loras
  DIR=$(gatedl pull org/model)";

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
    use super::*;

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
