//! `gatedl auth token`: the one command that prints a token, because programs such as curl need it as text.

use std::io::{self, IsTerminal as _};

use super::arguments::Token;
use crate::cli::runner::Runner;
use crate::cli::terminal::Terminal;
use crate::cli::wording;
use crate::error::Error;
use crate::hub::auth::TokenChoice;
use crate::settings::env::Env;
use crate::settings::{Overrides, Settings};

/// Runs the command.
pub(super) fn run(arguments: &Token, env: &Env, terminal: &Terminal) -> Result<(), Error> {
    let settings = Settings::resolve(env, &Overrides::default())?;
    let provider = settings.provider(arguments.provider.as_deref().unwrap_or(&settings.default_provider))?;
    let running = Runner::new(terminal);
    let session = running.session(settings.clone(), env, TokenChoice::Search);
    let found = running.finish(session.find_credential(provider, None, None))?;
    for warning in &found.warnings {
        terminal.warn(&wording::token(warning));
    }
    let home = provider.endpoint.join([]);
    let Some(secret) = found.credential.as_ref().and_then(|credential| credential.secret_for(&home)) else {
        let name = &provider.name;
        return Err(Error::NoToken(format!("there is no token for {name}; `gatedl auth login {name}` stores one")));
    };
    if io::stdout().is_terminal() {
        terminal.warn("this is your token: whoever sees it can use it");
    }
    Terminal::answer(secret.expose())
}
