//! `gatedl auth`: the commands around tokens.

mod login;
mod logins;
mod status;
mod token;

use super::args::Auth;
use super::diagnose;
use super::terminal::Terminal;
use crate::env::Env;
use crate::error::{Error, ExitStatus};

/// Runs the command.
pub(super) fn run(command: &Auth, env: &Env, terminal: &Terminal) -> ExitStatus {
    let (ended, json) = match command {
        Auth::Status(arguments) => return status::run(arguments, env, terminal),
        Auth::Login(arguments) => (login::run(arguments, env, terminal), false),
        Auth::Logout(arguments) => (logins::logout(arguments, env, terminal), false),
        Auth::Switch(arguments) => (logins::switch(arguments, env, terminal), false),
        Auth::List(arguments) => (logins::list(arguments, env, terminal), arguments.output.is_json()),
        Auth::Token(arguments) => (token::run(arguments, env, terminal), false),
    };
    match ended {
        Ok(()) => ExitStatus::Done,
        Err(error) => diagnose::end(&error, json, terminal),
    }
}

/// Writes the result, or says why that was impossible.
fn answer(text: &str) -> Result<(), Error> {
    Terminal::answer(text).map_err(|source| Error::Stream { action: "write to standard output", source })
}

/// Says what the user should know, a line each.
fn warn(terminal: &Terminal, warnings: impl IntoIterator<Item = String>) {
    for warning in warnings {
        Terminal::say(&format!("{} {warning}", terminal.label("warning")));
    }
}
