//! The registry of providers: the built-in ones, then those of the configuration file.

pub(super) mod table;

use std::path::PathBuf;

pub(crate) use self::table::Protocol;
use self::table::{BUILT_IN, CachePlace, LoginPlace, OF_CONFIGURATION, ProviderFacts};
use super::config::{Config, ProviderConfig, TokenKey};
use super::{Overrides, SettingsError};
use crate::endpoint::Endpoint;
use crate::repo::{Commit, Revision};
use crate::settings::env::{self, Env};

/// A provider, resolved: where it answers, which tokens are for it, where its files go.
#[derive(Debug, Clone)]
pub(crate) struct ProviderSettings {
    /// The name that stands before the colon of a reference.
    pub(crate) name: String,
    /// What is known of it in any case.
    pub(crate) facts: &'static ProviderFacts,
    /// Where it is asked.
    pub(crate) endpoint: Endpoint,
    /// Where people read about a repository and accept its terms. For `hf` that is huggingface.co also behind a mirror,
    /// because the gate is there; for others it is their endpoint.
    pub(crate) pages: Endpoint,
    /// The hub that the endpoint may be a mirror of: links that a listing forwards name it.
    pub(crate) upstream: Endpoint,
    /// Another address where the same provider answers with the same numbers, if its own is asked.
    pub(crate) second: Option<Endpoint>,
    /// The variables that may hold its token, in order.
    pub(crate) token_variables: Vec<String>,
    /// What the configuration file says about its token.
    pub(crate) token_key: Option<TokenKey>,
    /// The root of its cache.
    pub(crate) cache: PathBuf,
    /// Where its logins are stored; nowhere, if the user's configuration folder is not known.
    pub(crate) login: Option<LoginStore>,
}

/// Where the logins of a provider are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LoginStore {
    /// huggingface_hub's own files: this one holds the token in use, `stored_tokens` beside it all of them by name.
    HuggingFace(PathBuf),
    /// gatedl's own file for all other providers.
    Credentials(PathBuf),
}

impl ProviderSettings {
    /// The addresses under which its repositories are known, for reading pasted links: those of the hub itself also where
    /// a mirror is asked.
    #[must_use]
    pub(crate) fn addresses(&self) -> Vec<Endpoint> {
        let own = [&self.endpoint, &self.pages, &self.upstream].into_iter().cloned();
        own.chain(self.facts.other_addresses.iter().map(|text| address(text))).collect()
    }

    /// The same provider, asked at another of its addresses. A token for it is then bound to that one.
    #[must_use]
    pub(crate) fn at(&self, address: &Endpoint) -> Self {
        Self { endpoint: address.clone(), pages: address.clone(), ..self.clone() }
    }

    /// The other address, for what is not published at the first: `site` if one is named, else the endpoint. Tokens are
    /// bound to whichever is asked.
    #[must_use]
    pub(crate) fn elsewhere(&self, site: Option<&Endpoint>) -> Option<Endpoint> {
        let second = self.second.as_ref()?;
        Some(if site.is_some() { self.endpoint.clone() } else { second.clone() })
    }

    /// The page on which its users make tokens, where that is known.
    #[must_use]
    pub(crate) fn token_page(&self) -> Option<String> {
        let parts = self.facts.token_page;
        (!parts.is_empty()).then(|| self.pages.join(parts.iter().copied()).to_string())
    }

    /// The page on which a token for downloads is made.
    #[must_use]
    pub(crate) fn new_token_page(&self) -> Option<String> {
        Some(self.token_page()? + self.facts.new_token)
    }

    /// The commit of a revision that can never move: a full hash, or a numbered version.
    #[must_use]
    pub(crate) fn fixed(&self, revision: &Revision) -> Option<Commit> {
        self.facts.spelling.fixed(revision)
    }

    /// Whether another provider's repositories are written like this one's.
    #[must_use]
    pub(crate) const fn is_written_like(&self, other: &Self) -> bool {
        self.facts.spelling.is_numbered == other.facts.spelling.is_numbered
    }
}

/// The provider of references that name none.
pub(super) fn default() -> &'static str {
    BUILT_IN[0].name
}

/// All providers, in the order in which they are listed to a user.
pub(super) fn resolve(
    env: &Env,
    config: &Config,
    overrides: &Overrides,
) -> Result<Vec<ProviderSettings>, SettingsError> {
    let built_in = BUILT_IN.iter().map(|built_in| built_in.resolve(env, config.provider(built_in.name)));
    let named = |config: &&ProviderConfig| BUILT_IN.iter().all(|built_in| built_in.name != config.name);
    let configured = config.providers.iter().filter(named).map(|config| configured(env, config));
    let mut providers = built_in.chain(configured).collect::<Result<Vec<_>, _>>()?;
    for provider in &mut providers {
        if let Some(folder) = &overrides.cache_dir {
            provider.cache.clone_from(folder);
        }
        if let Some(text) = &overrides.endpoint {
            provider.endpoint = parse(text, "--endpoint")?;
            provider.second = None;
        }
    }
    Ok(providers)
}

impl ProviderFacts {
    fn resolve(&'static self, env: &Env, config: Option<&ProviderConfig>) -> Result<ProviderSettings, SettingsError> {
        let own = address(self.endpoint);
        let variable = self.endpoint_variable.as_ref().map(|variable| variable.name);
        let named = variable.map(|name| env.text(name)).transpose()?.flatten().zip(variable);
        let endpoint = match (named, config.and_then(|config| config.endpoint.clone())) {
            (Some((text, name)), _) => parse(text, name)?,
            (None, Some(endpoint)) => endpoint,
            (None, None) => own.clone(),
        };
        let variables = match config.and_then(|config| config.token_variable()) {
            Some(name) => vec![name.to_owned()],
            None => self.token_variables.iter().map(|variable| variable.name.to_owned()).collect(),
        };
        let cache = config.and_then(|config| config.cache.clone());
        Ok(ProviderSettings {
            name: self.name.to_owned(),
            facts: self,
            pages: if self.has_own_pages { own.clone() } else { endpoint.clone() },
            second: self.second.filter(|_| endpoint == own).map(address),
            upstream: own,
            token_variables: variables,
            token_key: config
                .and_then(|config| config.token.clone())
                .filter(|key| !matches!(key, TokenKey::Variable(_))),
            cache: match cache {
                Some(folder) => folder,
                None => self.cache.resolve(env, self.name)?,
            },
            login: self.login.resolve(env)?,
            endpoint,
        })
    }
}

impl CachePlace {
    fn resolve(self, env: &Env, name: &str) -> Result<PathBuf, SettingsError> {
        match self {
            Self::OfHuggingFaceHub => huggingface_cache(env),
            Self::Below(folders) => Ok(folders.iter().fold(user_cache(env)?, |below, folder| below.join(folder))),
            Self::Own => own_cache(env, name),
        }
    }
}

impl LoginPlace {
    fn resolve(self, env: &Env) -> Result<Option<LoginStore>, SettingsError> {
        match self {
            Self::OfHuggingFaceHub => Ok(Some(LoginStore::HuggingFace(login_file(env)?))),
            Self::Own => Ok(credentials_file(env)),
        }
    }
}

fn configured(env: &Env, config: &ProviderConfig) -> Result<ProviderSettings, SettingsError> {
    let facts = &OF_CONFIGURATION;
    let endpoint = config.endpoint.clone().unwrap_or_else(|| address(facts.endpoint));
    Ok(ProviderSettings {
        name: config.name.clone(),
        facts,
        pages: endpoint.clone(),
        upstream: address(facts.endpoint),
        second: None,
        endpoint,
        token_variables: config.token_variable().map(str::to_owned).into_iter().collect(),
        token_key: config.token.clone().filter(|key| !matches!(key, TokenKey::Variable(_))),
        cache: match &config.cache {
            Some(folder) => folder.clone(),
            None => facts.cache.resolve(env, &config.name)?,
        },
        login: facts.login.resolve(env)?,
    })
}

/// The cache of a provider whose files no other tool keeps.
fn own_cache(env: &Env, name: &str) -> Result<PathBuf, SettingsError> {
    let folder = env.cache().ok_or(SettingsError::NoHome)?;
    Ok(folder.join("gatedl").join(name))
}

/// Python's tools use `~/.cache` on every system, also where the platform has another folder for caches.
fn user_cache(env: &Env) -> Result<PathBuf, SettingsError> {
    let fallback = || env.home().map(|home| home.join(".cache"));
    env.path(&env::XDG_CACHE_HOME).or_else(fallback).ok_or(SettingsError::NoHome)
}

fn huggingface_home(env: &Env) -> Result<PathBuf, SettingsError> {
    match env.path(&env::HF_HOME) {
        Some(home) => Ok(home),
        None => Ok(user_cache(env)?.join("huggingface")),
    }
}

fn huggingface_cache(env: &Env) -> Result<PathBuf, SettingsError> {
    match env.path(&env::HF_HUB_CACHE).or_else(|| env.path(&env::HUGGINGFACE_HUB_CACHE)) {
        Some(cache) => Ok(cache),
        None => Ok(huggingface_home(env)?.join("hub")),
    }
}

fn login_file(env: &Env) -> Result<PathBuf, SettingsError> {
    match env.path(&env::HF_TOKEN_PATH) {
        Some(file) => Ok(file),
        None => Ok(huggingface_home(env)?.join("token")),
    }
}

fn credentials_file(env: &Env) -> Option<LoginStore> {
    Some(LoginStore::Credentials(env.config()?.join("gatedl").join("credentials.toml")))
}

fn parse(text: &str, from: &str) -> Result<Endpoint, SettingsError> {
    text.parse().map_err(|source| SettingsError::Endpoint { from: from.to_owned(), source })
}

/// An address that is written in the table.
fn address(text: &'static str) -> Endpoint {
    text.parse().expect("addresses in the source are well-formed")
}
