//! The arguments of `gatedl auth`.

use clap::{Args, Subcommand};

use crate::cli::flags::OutputArguments;

/// `gatedl auth`.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Auth {
    /// Store a token under a name and use it from now on
    #[command(after_help = LOGIN_EXAMPLES)]
    Login(Login),
    /// Forget a stored token; without a name the one in use
    Logout(Logout),
    /// Use another stored token
    Switch(Switch),
    /// List the stored tokens
    List(List),
    /// Show every place where a token may be, which one is used, and what that token may do
    Status(Status),
    /// Print the token that is used, for programs such as curl
    Token(Token),
}

/// `gatedl auth login`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Login {
    /// What the token is for: hf, ba, civitai, or a provider of the configuration file
    pub(in crate::cli) provider: Option<String>,
    /// Name to store it under, such as its use; default: the name that it has at the provider
    #[arg(long)]
    pub(in crate::cli) name: Option<String>,
    /// Read the token from standard input
    #[arg(long)]
    pub(in crate::cli) token_stdin: bool,
    /// Take the token from this environment variable
    #[arg(long, value_name = "VAR", conflicts_with = "token_stdin")]
    pub(in crate::cli) from_env: Option<String>,
    /// Send the token over plain http beyond this machine too
    #[arg(long)]
    pub(in crate::cli) allow_insecure_http: bool,
}

/// `gatedl auth logout`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Logout {
    /// Name of the stored token
    pub(in crate::cli) name: Option<String>,
    /// Only among the logins of this provider
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) provider: Option<String>,
}

/// `gatedl auth switch`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Switch {
    /// Name of the stored token
    pub(in crate::cli) name: String,
    /// Only among the logins of this provider
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) provider: Option<String>,
}

/// `gatedl auth list`.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    pub(in crate::cli) output: OutputArguments,
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

/// `gatedl auth token`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Token {
    /// What the token is for: hf, ba, civitai, or a provider of the configuration file
    pub(in crate::cli) provider: Option<String>,
}

const LOGIN_EXAMPLES: &str = "\
Examples:
  gatedl auth login
  gatedl auth login hf --name laptop-read
  pass show huggingface | gatedl auth login --token-stdin
  gatedl auth login civitai --from-env CIVITAI_TOKEN";

pub(in crate::cli) const GIT_SETUP: &str = "\
Setup, once for each host:
  git config --global credential.https://huggingface.co.helper '!gatedl git-credential'";
