//! The arguments of `gatedl vix pull` and `gatedl vix list`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::flags::LinkArgument;
use crate::cli::flags::place;
use crate::cli::flags::{NetworkArguments, OutputArguments};

/// `gatedl vix`.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Vix {
    /// Bring models of a catalog, or all that a flow needs, to the worker's folders
    Pull(Box<VixPull>),
    /// Show which models are there, which are missing or gated, and which token each would take
    List(Box<VixList>),
}

/// Which models, of which catalogs, into which folders.
#[derive(Debug, Args)]
pub(in crate::cli) struct WorkerArguments {
    /// Models by the names that the catalog gives them
    #[arg(value_name = "NAME")]
    pub(in crate::cli) names: Vec<String>,
    /// Every model that takes a token, by what the catalog says
    #[arg(long, help_heading = "Which models")]
    pub(in crate::cli) gated: bool,
    /// Every model that this ComfyUI flow in API format needs (repeatable)
    #[arg(long, value_name = "FILE", value_parser = place(), help_heading = "Which models")]
    pub(in crate::cli) flow: Vec<PathBuf>,
    /// Catalog, a file or an address (repeatable, later ones override); default: MODELS_CATALOG_URL, then Visionatrix's own
    #[arg(long, value_name = "FILE|URL", help_heading = "Which models")]
    pub(in crate::cli) catalog: Vec<String>,

    /// Folder of ComfyUI; default: COMFYUI_DIR, then ./ComfyUI
    #[arg(long, value_name = "DIR", value_parser = place(), help_heading = "Where and how")]
    pub(in crate::cli) comfyui_dir: Option<PathBuf>,
    /// Folder of the models; default: MODELS_DIR, then BASE_DATA_DIR/models, then ./ComfyUI-Data/models
    #[arg(long, value_name = "DIR", value_parser = place(), help_heading = "Where and how")]
    pub(in crate::cli) models_dir: Option<PathBuf>,
    /// File that ComfyUI reads by --extra-model-paths-config (repeatable)
    #[arg(long, value_name = "FILE", value_parser = place(), help_heading = "Where and how")]
    pub(in crate::cli) extra_paths: Vec<PathBuf>,
    /// Variables of this file count where they are not set, as a worker's .env
    #[arg(long, value_name = "FILE", value_parser = place(), help_heading = "Where and how")]
    pub(in crate::cli) env_file: Option<PathBuf>,
    /// Open no connection; use what is in the cache
    #[arg(long, help_heading = "Where and how")]
    pub(in crate::cli) offline: bool,
}

/// `gatedl vix pull`.
#[derive(Debug, Args)]
#[command(after_help = PULL_EXAMPLES)]
pub(in crate::cli) struct VixPull {
    #[command(flatten)]
    pub(in crate::cli) worker: WorkerArguments,
    /// Every model of the catalog
    #[arg(long, help_heading = "Which models")]
    pub(in crate::cli) all: bool,

    /// How models get from the cache to their folders; auto takes a reflink, else a hard link, else a copy
    #[arg(long, value_name = "WAY", default_value = "auto", help_heading = "Where and how")]
    pub(in crate::cli) link: LinkArgument,
    /// Replace files of other content that are in the way
    #[arg(long, help_heading = "Where and how")]
    pub(in crate::cli) force: bool,
    /// Show what would be done, and write nothing
    #[arg(long, help_heading = "Where and how")]
    pub(in crate::cli) dry_run: bool,
    /// Root of the cache that models come through
    #[arg(long, value_name = "DIR", value_parser = place(), help_heading = "Where and how")]
    pub(in crate::cli) cache_dir: Option<PathBuf>,
    /// Send tokens over plain http beyond this machine too
    #[arg(long, help_heading = "Token")]
    pub(in crate::cli) allow_insecure_http: bool,

    #[command(flatten)]
    pub(in crate::cli) network: NetworkArguments,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArguments,
}

/// `gatedl vix list`.
#[derive(Debug, Args)]
pub(in crate::cli) struct VixList {
    #[command(flatten)]
    pub(in crate::cli) worker: WorkerArguments,
    /// Hash what is there, instead of believing its name and length
    #[arg(long, help_heading = "Where and how")]
    pub(in crate::cli) verify: bool,
    #[command(flatten)]
    pub(in crate::cli) output: OutputArguments,
}

const PULL_EXAMPLES: &str = "\
Examples:
  gatedl vix pull SD3.5-Medium Flux1-Lora-PencilBox
  gatedl vix pull --gated --env-file .env
  gatedl vix pull --flow sd3_5_medium.json --models-dir /data/models";
