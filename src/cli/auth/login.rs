//! `gatedl auth login`: a token is asked for, checked, and only then stored.
//!
//! It never stands in an argument: shell histories and process lists are public. A token that its provider does not know
//! is not stored, because a stored bad token breaks even public downloads later (huggingface_hub#1124).

use std::io::{self, IsTerminal as _};

use super::arguments::Login;
use super::warn_of_shadows;
use crate::cli::flags::token_from_stdin;
use crate::cli::runner::Runner;
use crate::cli::terminal::Terminal;
use crate::cli::{token_facts, wording};
use crate::credential::{CredentialSource, Secret};
use crate::error::Error;
use crate::hub::auth::{self, FoundCredential, Store, TokenChoice};
use crate::hub::provider::Account;
use crate::settings::env::Env;
use crate::settings::{Overrides, ProviderSettings, Settings};
use crate::system::console::TerminalModes;

/// Runs the command.
pub(super) fn run(arguments: &Login, env: &Env, terminal: &Terminal) -> Result<(), Error> {
    let overrides = Overrides { allow_insecure_http: arguments.allow_insecure_http, ..Overrides::default() };
    let settings = Settings::resolve(env, &overrides)?;
    let provider = settings.provider(arguments.provider.as_deref().unwrap_or(&settings.default_provider))?;
    let store = Store::of(provider)?;
    // whatever is wrong with the name or the files of logins is said before anything is typed
    arguments.name.as_deref().map_or(Ok(()), Store::check_name)?;
    store.list()?;
    if settings.offline {
        return Err(Error::Usage("a token is checked before it is stored, and gatedl is offline".to_owned()));
    }
    let (secret, source) = read(arguments, env, provider, terminal)?;
    let FoundCredential { credential, warnings } = auth::bind((secret.clone(), source.clone()), &settings, provider);
    for warning in &warnings {
        terminal.warn(&wording::token(warning));
    }
    let Some(credential) = credential else {
        return Err(Error::Usage("the token was not checked, so it was not stored".to_owned()));
    };
    let running = Runner::new(terminal);
    let session = running.session(settings.clone(), env, TokenChoice::Search);
    let account = running.finish(async {
        let connection = session.connect(provider, Some(credential))?;
        connection.whoami().await.map(Option::<&Account>::cloned)
    })?;
    let name = arguments.name.clone().unwrap_or_else(|| name_of(account.as_ref()));
    store.save(&name, &secret)?;
    if terminal.summary {
        let facts = account.as_ref().map(token_facts::line).unwrap_or_default();
        Terminal::say(&format!("logged in to {} as {facts}", provider.name));
        Terminal::say(&format!("stored as `{name}` in {}", store.file().display()));
    }
    for warning in account.iter().flat_map(|account| token_facts::warnings(account, &source)) {
        terminal.warn(&warning);
    }
    warn_of_shadows(terminal, &auth::shadows(env, provider, Some(&secret)));
    Ok(())
}

/// The name that the provider knows the token by, else the account's.
fn name_of(account: Option<&Account>) -> String {
    let name = account.map(|account| account.token.name.clone().unwrap_or_else(|| account.name.clone()));
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "default".to_owned())
}

fn read(
    arguments: &Login,
    env: &Env,
    provider: &ProviderSettings,
    terminal: &Terminal,
) -> Result<(Secret, CredentialSource), Error> {
    let parse = |text: &str, source: &CredentialSource| Secret::parse(text, source).map_err(auth::AuthError::from);
    let (secret, source) = match &arguments.from_env {
        Some(name) => {
            let text = env.text(name).map_err(auth::AuthError::from)?.unwrap_or_default();
            let source = CredentialSource::Variable(name.clone());
            (parse(text, &source)?, source)
        }
        None if arguments.token_stdin => (token_from_stdin()?, CredentialSource::Stdin),
        None => (parse(&typed(provider, terminal)?, &CredentialSource::Prompt)?, CredentialSource::Prompt),
    };
    match secret {
        Some(secret) => Ok((secret, source)),
        None if source == CredentialSource::Prompt => Err(Error::NoToken("no token was typed".to_owned())),
        None => Err(Error::NoToken(format!("there is no token in {source}"))),
    }
}

/// Asks on the terminal, without an echo. It runs beside the handler of Ctrl-C and SIGTERM.
fn typed(provider: &ProviderSettings, terminal: &Terminal) -> Result<String, Error> {
    if !io::stdin().is_terminal() {
        let ways = "give it with --token-stdin or --from-env VAR";
        return Err(Error::Usage(format!("there is no terminal to ask for the token; {ways}")));
    }
    if let Some(page) = provider.new_token_page() {
        Terminal::say(&format!("make a token at {page}"));
    }
    let prompt = format!("token for {} (not shown as you type or paste): ", provider.name);
    let _modes = TerminalModes::save();
    Runner::new(terminal).finish(async {
        let asked = tokio::task::spawn_blocking(|| rpassword::prompt_password(prompt)).await;
        let asked = asked.unwrap_or_else(|error| Err(io::Error::other(error)));
        match asked {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(Error::Interrupted),
            asked => asked.map_err(|source| Error::Stream { action: "ask for the token", source }),
        }
    })
}
