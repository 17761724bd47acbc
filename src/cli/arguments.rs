//! What can be typed. Environment variables are not read here: settings own them, so that one place knows which wins.

use clap::{Parser, Subcommand};

use super::access::Access;
use super::auth::{Auth, GIT_SETUP};
use super::cache::Cache;
use super::doctor::Doctor;
use super::flags::Output;
use super::pull::Pull;
use super::verify::Verify;
use super::vix::Vix;

/// Download gated models: the right token to the right host, every byte verified, no work lost.
#[derive(Debug, Parser)]
#[command(
    name = "gatedl",
    version,
    about,
    disable_help_subcommand = true,
    after_help = after_help(),
    arg_required_else_help = true,
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
    #[command(alias = "download")]
    Pull(Box<Pull>),
    /// Ask whether models may be read, before anything is written
    Access(Access),
    /// Log in, and see which token is used and what it may do
    Auth {
        #[command(subcommand)]
        command: Auth,
    },
    /// Show what is on this machine, and make room
    Cache {
        #[command(subcommand)]
        command: Cache,
    },
    /// Find out what is wrong with the network, the tokens or the cache
    Doctor(Doctor),
    /// Give git the token for a provider's host, as a credential helper
    #[command(after_help = GIT_SETUP)]
    GitCredential {
        /// What git wants: `get`; `store` and `erase` do nothing
        operation: String,
    },
    /// Hash what is on this machine, and fetch again what is wrong
    Verify(Box<Verify>),
    /// Bring the models of a Visionatrix worker to its folders
    Vix {
        #[command(subcommand)]
        command: Vix,
    },
    /// Print help; `gatedl help environment` lists every variable
    Help {
        /// A command, `environment` or `exit`
        topic: Vec<String>,
    },
}

impl Command {
    /// What standard output carries.
    pub(super) const fn output(&self) -> Output {
        match self {
            Self::Pull(pull) => pull.output.form(),
            Self::Access(access) => access.output.form(),
            Self::Auth { command: Auth::List(list) } => list.output.form(),
            Self::Auth { command: Auth::Status(status) } => status.output.form(),
            Self::Cache { command } => command.output().form(),
            Self::Doctor(doctor) => doctor.output.form(),
            Self::Verify(verify) => verify.output.form(),
            Self::Vix { command: Vix::Pull(pull) } => pull.output.form(),
            Self::Vix { command: Vix::List(list) } => list.output.form(),
            // these ask, answer another program, or print what is no document
            Self::Auth { .. } | Self::GitCredential { .. } | Self::Help { .. } => Output::Text,
        }
    }
}

fn after_help() -> String {
    exit_statuses() + "\nEvery environment variable: gatedl help environment"
}

/// The table of exit statuses.
pub(super) fn exit_statuses() -> String {
    let mut text = "Exit status:\n".to_owned();
    for status in crate::error::ExitStatus::ALL {
        text += &format!("  {:>3}  {}\n", status.code(), status.meaning());
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }
}
