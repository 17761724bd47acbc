//! The arguments of `gatedl pull`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::apps::weights::{Choice, Format};
use crate::cli::flags::place;
use crate::cli::flags::{IntoArguments, NetworkArguments, OutputArguments, ServerArguments, TokenArguments};
use crate::digest::Digest;
use crate::error::Error;
use crate::repo::RepoKind;

/// What says which files of one pull are meant, and where they go: what a line of a list may say.
pub(in crate::cli) const OF_ONE_PULL: [&str; 16] = [
    "reference",
    "files",
    "revision",
    "repo_type",
    "include",
    "exclude",
    "weights",
    "quant",
    "expect",
    "local_dir",
    "into",
    "comfyui_type",
    "models_dir",
    "extra_paths",
    "dtype",
    "link",
];

/// `gatedl pull`.
#[derive(Debug, Args)]
#[command(after_help = PULL_EXAMPLES)]
pub(in crate::cli) struct Pull {
    /// What to pull: org/model, org/model@revision, datasets/org/name, PROVIDER:org/model,
    /// civitai:MODEL@VERSION, or a pasted link
    #[arg(required_unless_present = "file")]
    pub(in crate::cli) reference: Option<String>,
    /// Only these files: exact names, or a folder with a closing slash
    pub(in crate::cli) files: Vec<String>,

    /// Pull every line of this file, written as behind `gatedl pull`; `-` is standard input (repeatable)
    #[arg(long, value_name = "LIST", value_parser = place(), conflicts_with_all = OF_ONE_PULL, help_heading = "What to pull")]
    pub(in crate::cli) file: Vec<PathBuf>,

    /// Branch, tag, refs/pr/N or commit
    #[arg(long, help_heading = "What to pull")]
    pub(in crate::cli) revision: Option<String>,
    /// Kind of the repository
    #[arg(long, visible_alias = "type", value_name = "KIND", help_heading = "What to pull")]
    pub(in crate::cli) repo_type: Option<KindArgument>,
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
    /// Only the GGUF files of this quantization, as in Q4_K_M; org/model:Q4_K_M says the same
    #[arg(long, value_name = "NAME", help_heading = "What to pull")]
    pub(in crate::cli) quant: Option<String>,
    /// The SHA-256 that the one file must have; it is chosen by that, and nothing else gets its name
    #[arg(long, value_name = "HASH", value_parser = sha256, help_heading = "What to pull")]
    pub(in crate::cli) expect: Option<Digest>,

    /// Root of the cache
    #[arg(long, value_name = "DIR", value_parser = place(), help_heading = "Where and how")]
    pub(in crate::cli) cache_dir: Option<PathBuf>,
    /// Put the files into this folder instead of the cache
    #[arg(long, value_name = "DIR", value_parser = place(), help_heading = "Where and how")]
    pub(in crate::cli) local_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) into: IntoArguments,
    /// Fetch again what is here; with --into, replace what is in the way
    #[arg(long, visible_alias = "force-download", conflicts_with = "offline", help_heading = "Where and how")]
    pub(in crate::cli) force: bool,
    /// Take files in which the provider's scan found a danger
    #[arg(long, help_heading = "Where and how")]
    pub(in crate::cli) allow_unsafe: bool,
    /// Show what would be done, and write nothing
    #[arg(long, help_heading = "Where and how")]
    pub(in crate::cli) dry_run: bool,
    /// Open no connection; use what is in the cache
    #[arg(long, help_heading = "Where and how")]
    pub(in crate::cli) offline: bool,

    #[command(flatten)]
    pub(in crate::cli) token: TokenArguments,

    #[command(flatten)]
    pub(in crate::cli) network: NetworkArguments,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArguments,
}

/// A SHA-256 as sites and `sha256sum` write it: in either case, perhaps with its name before it.
fn sha256(text: &str) -> Result<Digest, String> {
    let lower = text.trim().to_ascii_lowercase();
    match Digest::from_hex(lower.strip_prefix("sha256:").unwrap_or(&lower)) {
        Some(digest @ Digest::Sha256(_)) => Ok(digest),
        _ => Err("a SHA-256 has 64 hexadecimal digits".to_owned()),
    }
}

/// The kind of a repository, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum KindArgument {
    Model,
    Dataset,
    Space,
    Kernel,
}

impl From<KindArgument> for RepoKind {
    fn from(kind: KindArgument) -> Self {
        match kind {
            KindArgument::Model => Self::Model,
            KindArgument::Dataset => Self::Dataset,
            KindArgument::Space => Self::Space,
            KindArgument::Kernel => Self::Kernel,
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
    /// What `--weights` and a quantization, of `--quant` or behind the reference, say together.
    pub(in crate::cli) fn choice(&self, quant: Option<String>) -> Result<Option<Choice>, Error> {
        match (self.weights, quant) {
            (None | Some(Weights::Auto | Weights::Gguf), Some(quant)) => Ok(Some(Choice::Quant(quant))),
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
  gatedl pull --file models.txt
  DIR=$(gatedl pull org/model)";
