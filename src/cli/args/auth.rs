//! The arguments of `gatedl auth`.

use clap::{Args, Subcommand};

use super::OutputArguments;

/// `gatedl auth`.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Auth {
    /// Show every place where a token may be, which one is used, and what that token may do
    Status(Status),
}

/// `gatedl auth status`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Status {
    /// Only this provider: hf, ba, civitai, or one of the configuration file
    pub(in crate::cli) provider: Option<String>,
    /// Ask nobody whose token it is
    #[arg(long)]
    pub(in crate::cli) offline: bool,
    /// Send the token over plain http beyond this machine too
    #[arg(long)]
    pub(in crate::cli) allow_insecure_http: bool,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArguments,
}
