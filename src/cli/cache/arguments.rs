//! The arguments of `gatedl cache` and its commands.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::filter::{Filter, size};
use crate::cli::flags::OutputArguments;
use crate::cli::flags::place;

/// `gatedl cache`.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Cache {
    /// Show what is here, what it takes, when it was last used, and who works in it
    #[command(visible_alias = "list")]
    Ls(CacheLs),
    /// Remove repositories, revisions or files
    Rm(CacheRm),
    /// Remove what is of use to nobody: dead partial files, and revisions and blobs without a name
    Prune(CachePrune),
    /// Remove revisions, the least recently used first, until no more than so much is here
    Gc(CacheGc),
    /// Print where a repository, a revision or a file is
    Path(CachePath),
}

impl Cache {
    /// How it answers.
    pub(in crate::cli) const fn output(&self) -> &OutputArguments {
        match self {
            Self::Ls(CacheLs { cache, .. }) | Self::Path(CachePath { cache, .. }) => &cache.output,
            Self::Rm(CacheRm { removal, .. })
            | Self::Prune(CachePrune { removal })
            | Self::Gc(CacheGc { removal, .. }) => &removal.cache.output,
        }
    }
}

/// Which caches.
#[derive(Debug, Args)]
pub(in crate::cli) struct CacheArguments {
    /// Root of the cache; default: those of all providers
    #[arg(long, value_name = "DIR", value_parser = place())]
    pub(in crate::cli) cache_dir: Option<PathBuf>,
    /// Provider of a reference that names none
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) provider: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArguments,
}

/// How something goes.
#[derive(Debug, Args)]
pub(in crate::cli) struct RemovalArguments {
    /// Show what would go, and remove nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,
    #[command(flatten)]
    pub(in crate::cli) cache: CacheArguments,
}

/// `gatedl cache ls`.
#[derive(Debug, Args)]
#[command(after_help = LS_EXAMPLES)]
pub(in crate::cli) struct CacheLs {
    /// Only what fits (repeatable): size, used, type or provider, as in 'size>1GB', 'used>30d', 'type=dataset'
    #[arg(long, short, value_name = "EXPRESSION")]
    pub(in crate::cli) filter: Vec<Filter>,
    /// A row for each revision
    #[arg(long)]
    pub(in crate::cli) revisions: bool,
    #[command(flatten)]
    pub(in crate::cli) cache: CacheArguments,
}

/// `gatedl cache rm`.
#[derive(Debug, Args)]
pub(in crate::cli) struct CacheRm {
    /// What: org/model, org/model@revision, hf://org/model@revision/path
    #[arg(value_name = "REF", required = true)]
    pub(in crate::cli) references: Vec<String>,
    #[command(flatten)]
    pub(in crate::cli) removal: RemovalArguments,
}

/// `gatedl cache prune`.
#[derive(Debug, Args)]
pub(in crate::cli) struct CachePrune {
    #[command(flatten)]
    pub(in crate::cli) removal: RemovalArguments,
}

/// `gatedl cache gc`.
#[derive(Debug, Args)]
pub(in crate::cli) struct CacheGc {
    /// How much may stay in all caches, as in 500G
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(in crate::cli) max_size: u64,
    #[command(flatten)]
    pub(in crate::cli) removal: RemovalArguments,
}

/// `gatedl cache path`.
#[derive(Debug, Args)]
pub(in crate::cli) struct CachePath {
    /// What: org/model, org/model@revision, hf://org/model@revision/path
    #[arg(value_name = "REF")]
    pub(in crate::cli) reference: String,
    #[command(flatten)]
    pub(in crate::cli) cache: CacheArguments,
}

const LS_EXAMPLES: &str = "\
Examples:
  gatedl cache ls
  gatedl cache ls --filter 'size>1GB' --filter 'used>30d'
  gatedl cache gc --max-size 500G --dry-run";
