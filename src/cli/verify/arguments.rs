//! The arguments of `gatedl verify`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::flags::place;
use crate::cli::flags::{NetworkArguments, OutputArguments, ServerArguments, TokenArguments};

/// `gatedl verify`.
#[derive(Debug, Args)]
#[command(after_help = VERIFY_EXAMPLES)]
pub(in crate::cli) struct Verify {
    /// Only these: org/model, org/model@revision, hf://org/model@revision/path; without any, all that is in the caches
    #[arg(value_name = "REF")]
    pub(in crate::cli) references: Vec<String>,
    /// What a pull put into this folder; with --repair name the repository too
    #[arg(long, value_name = "DIR", value_parser = place())]
    pub(in crate::cli) local_dir: Option<PathBuf>,
    /// Fetch again what is wrong, and nothing else
    #[arg(long)]
    pub(in crate::cli) repair: bool,
    /// Files that no listing names are an error
    #[arg(long)]
    pub(in crate::cli) extra: bool,
    /// Root of the cache
    #[arg(long, value_name = "DIR", value_parser = place())]
    pub(in crate::cli) cache_dir: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) server: ServerArguments,
    #[command(flatten)]
    pub(in crate::cli) token: TokenArguments,
    #[command(flatten)]
    pub(in crate::cli) network: NetworkArguments,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArguments,
}

const VERIFY_EXAMPLES: &str = "\
Every file is read from the disk and hashed; no connection is opened but by --repair.

Examples:
  gatedl verify
  gatedl verify org/model
  gatedl verify org/model@v1.0 --repair
  gatedl verify --local-dir ./model --extra";
