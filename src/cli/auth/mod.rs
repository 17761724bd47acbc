//! `gatedl auth`: the commands around tokens.

mod arguments;
mod document;
mod login;
mod logins;
mod status;
mod token;

pub(super) use self::arguments::{Auth, GIT_SETUP};
use crate::cli::diagnose;
use crate::cli::terminal::Terminal;
use crate::credential::CredentialSource;
use crate::error::ExitStatus;
use crate::settings::env::Env;

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

/// Says what wins over a stored login.
fn warn_of_shadows(terminal: &Terminal, shadows: &[CredentialSource]) {
    for shadow in shadows {
        terminal.warn(&format!("{shadow} wins over this login as long as it is set"));
    }
}
