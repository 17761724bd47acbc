//! `gatedl auth list`, `switch` and `logout`: stored tokens by name, whichever provider they are for.

use std::path::PathBuf;

use super::arguments::{List, Logout, Switch};
use super::document::{LoginObject, LoginsDocument};
use super::warn_of_shadows;
use crate::cli::terminal::Terminal;
use crate::error::Error;
use crate::hub::auth::{self, AuthError, Store, StoredLogin};
use crate::repo::printable;
use crate::settings::env::Env;
use crate::settings::{Overrides, ProviderSettings, Settings};

/// A stored login, and where it is stored.
struct Stored<'a> {
    provider: &'a ProviderSettings,
    store: Store<'a>,
    login: StoredLogin,
}

/// `gatedl auth list`.
pub(super) fn list(arguments: &List, env: &Env, terminal: &Terminal) -> Result<(), Error> {
    let settings = Settings::resolve(env, &Overrides::default())?;
    let stored = all(&settings, None)?;
    let mut exposed: Vec<PathBuf> = stored.iter().flat_map(|stored| stored.store.exposed()).collect();
    exposed.dedup();
    let way = |path: &PathBuf| format!("other users can read `{0}`; `chmod 600 {0}` mends it", path.display());
    for path in &exposed {
        terminal.warn(&way(path));
    }
    if arguments.output.is_json() {
        let logins = stored.iter().map(|Stored { provider, login, .. }| {
            let (provider, name) = (provider.name.as_str(), login.name.as_deref());
            LoginObject { provider, name, token: &login.masked, active: login.is_active }
        });
        return terminal.document(&LoginsDocument::of(logins.collect()));
    }
    if stored.is_empty() {
        let way = "`gatedl auth login` stores one";
        Terminal::say(&format!("{} no token is stored; {way}", terminal.label("hint")));
        return Ok(());
    }
    let name = |login: &StoredLogin| login.name.as_deref().map_or_else(|| "(no name)".to_owned(), printable);
    let width = |text: String| text.chars().count();
    let names = stored.iter().map(|stored| width(name(&stored.login))).max().unwrap_or_default();
    let providers = stored.iter().map(|stored| width(stored.provider.name.clone())).max().unwrap_or_default();
    let lines = stored.iter().map(|Stored { provider, login, .. }| {
        let mark = if login.is_active { '*' } else { ' ' };
        format!("{mark} {:names$}  {:providers$}  {}", name(login), provider.name, login.masked)
    });
    Terminal::answer(&lines.collect::<Vec<_>>().join("\n"))
}

/// `gatedl auth switch`.
pub(super) fn switch(arguments: &Switch, env: &Env, terminal: &Terminal) -> Result<(), Error> {
    let settings = Settings::resolve(env, &Overrides::default())?;
    let Stored { provider, store, .. } = named(&settings, &arguments.name, arguments.provider.as_deref())?;
    let secret = store.switch(&arguments.name)?;
    if terminal.summary {
        Terminal::say(&format!("{} uses the token `{}` from now on", provider.name, printable(&arguments.name)));
    }
    warn_of_shadows(terminal, &auth::shadows(env, provider, Some(&secret)));
    Ok(())
}

/// `gatedl auth logout`.
pub(super) fn logout(arguments: &Logout, env: &Env, terminal: &Terminal) -> Result<(), Error> {
    let settings = Settings::resolve(env, &Overrides::default())?;
    let Stored { provider, store, login } = match &arguments.name {
        Some(name) => named(&settings, name, arguments.provider.as_deref())?,
        None => in_use(&settings, arguments.provider.as_deref())?,
    };
    store.remove(&login)?;
    if terminal.summary {
        let name = login.name.as_deref().map_or_else(String::new, |name| format!(" `{}`", printable(name)));
        let page = provider.token_page().map(|page| format!(" at {page}")).unwrap_or_default();
        Terminal::say(&format!("forgot the token{name} for {}; it is good until it is revoked{page}", provider.name));
    }
    let shadows = if login.is_active { auth::shadows(env, provider, None) } else { Vec::new() };
    for shadow in shadows {
        terminal.warn(&format!("{shadow} is still set, and is used as before"));
    }
    Ok(())
}

/// Every login of every provider, or of one.
fn all<'a>(settings: &'a Settings, provider: Option<&str>) -> Result<Vec<Stored<'a>>, Error> {
    let providers: Vec<&ProviderSettings> = match provider {
        Some(name) => vec![settings.provider(name)?],
        None => settings.providers.iter().filter(|provider| provider.login.is_some()).collect(),
    };
    let mut stored = Vec::new();
    for provider in providers {
        for login in Store::of(provider)?.list()? {
            stored.push(Stored { provider, store: Store::of(provider)?, login });
        }
    }
    Ok(stored)
}

fn named<'a>(settings: &'a Settings, name: &str, provider: Option<&str>) -> Result<Stored<'a>, Error> {
    let mut stored = all(settings, provider)?;
    stored.retain(|stored| stored.login.name.as_deref() == Some(name));
    match stored.len() {
        0 => Err(AuthError::NoSuchLogin { name: printable(name) }.into()),
        1 => Ok(stored.remove(0)),
        _ => {
            let providers: Vec<&str> = stored.iter().map(|stored| stored.provider.name.as_str()).collect();
            let name = printable(name);
            Err(Error::Usage(format!(
                "{} have a token `{name}` each; say which with --provider",
                providers.join(" and ")
            )))
        }
    }
}

fn in_use<'a>(settings: &'a Settings, provider: Option<&str>) -> Result<Stored<'a>, Error> {
    let provider = provider.unwrap_or(&settings.default_provider);
    let active = all(settings, Some(provider))?.into_iter().find(|stored| stored.login.is_active);
    active.ok_or_else(|| Error::NoToken(format!("no stored token is in use for {provider}")))
}
