//! The arguments of `gatedl access`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::flags::place;
use crate::cli::flags::{OutputArguments, ServerArguments, TokenArguments};

/// `gatedl access`.
#[derive(Debug, Args)]
#[command(after_help = ACCESS_EXAMPLES)]
pub(in crate::cli) struct Access {
    /// What to ask about: org/model, org/model@revision, datasets/org/name, PROVIDER:org/model, or a pasted link
    #[arg(required_unless_present = "file")]
    pub(in crate::cli) references: Vec<String>,

    /// Also what the lines of this list pull (`gatedl pull --file`; `-` is standard input), or the models of a
    /// Visionatrix catalog
    #[arg(long, value_name = "LIST", value_parser = place(), help_heading = "What to ask")]
    pub(in crate::cli) file: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) server: ServerArguments,

    /// Open the pages on which something can be done: accept terms, ask again, make a token
    #[arg(long, help_heading = "A closed gate")]
    pub(in crate::cli) open: bool,
    /// Ask again until every gate is open, for this long at most: seconds, or as in 24h
    #[arg(long, value_name = "TIME", value_parser = crate::cli::flags::time, help_heading = "A closed gate")]
    pub(in crate::cli) wait: Option<Duration>,

    #[command(flatten)]
    pub(in crate::cli) token: TokenArguments,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArguments,
}

const ACCESS_EXAMPLES: &str = "\
Examples:
  gatedl access org/model datasets/org/name
  gatedl access --file models.txt --json
  gatedl access --open --wait 24h org/model && gatedl pull org/model";
