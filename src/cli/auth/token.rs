//! `gatedl auth token`: the one command that prints a token, because programs such as curl need it as text.

use std::io::{self, IsTerminal as _};

use super::super::args::Token;
use super::super::running;
use super::super::terminal::Terminal;
use crate::auth::TokenChoice;
use crate::env::Env;
use crate::error::Error;
use crate::http::Client;
use crate::identity;
use crate::settings::{Overrides, Settings};

/// Runs the command.
pub(super) fn run(arguments: &Token, env: &Env, terminal: &Terminal) -> Result<(), Error> {
    let settings = Settings::resolve(env, &Overrides::default())?;
    let provider = settings.provider(arguments.provider.as_deref().unwrap_or(&settings.default_provider))?;
    let found = running::to_its_end(terminal, async |reporter| {
        let client = Client::new(&settings.network, reporter)?;
        Ok(identity::find(&settings, env, provider, None, &TokenChoice::Search, &client).await?)
    })?;
    for warning in &found.warnings {
        terminal.warn(warning);
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
