//! `gatedl auth`: the commands around tokens.

mod status;

use super::args::Auth;
use super::terminal::Terminal;
use crate::env::Env;
use crate::error::ExitStatus;

/// Runs the command.
pub(super) fn run(command: &Auth, env: &Env, terminal: &Terminal) -> ExitStatus {
    match command {
        Auth::Status(arguments) => status::run(arguments, env, terminal),
    }
}
