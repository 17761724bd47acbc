//! The arguments of `gatedl doctor`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::flags::OutputArguments;
use crate::cli::flags::place;

/// `gatedl doctor`.
#[derive(Debug, Args)]
#[command(after_help = DOCTOR_EXAMPLES)]
pub(in crate::cli) struct Doctor {
    /// Only this provider (hf, ba, civitai, or one of the configuration file), or this repository too
    #[arg(value_name = "PROVIDER|REFERENCE")]
    pub(in crate::cli) about: Option<String>,
    /// Look at this machine only; open no connection
    #[arg(long)]
    pub(in crate::cli) offline: bool,
    /// Root of the cache
    #[arg(long, value_name = "DIR", value_parser = place())]
    pub(in crate::cli) cache_dir: Option<PathBuf>,
    /// Send the token over plain http beyond this machine too
    #[arg(long)]
    pub(in crate::cli) allow_insecure_http: bool,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArguments,
}

const DOCTOR_EXAMPLES: &str = "\
What it prints has no token, no password and no name of your home folder in it: paste it into an issue as it is.

Examples:
  gatedl doctor
  gatedl doctor civitai
  gatedl doctor org/model
  gatedl doctor --offline --json";
