//! The registry of providers: the built-in ones, then those of the configuration file.

use std::path::PathBuf;

use super::config::{Config, ProviderConfig, TokenKey};
use super::{Overrides, SettingsError};
use crate::endpoint::{Endpoint, Protocol};
use crate::settings::env::{self, Env, Variable};

/// A provider, resolved: where it answers, which tokens are for it, where its files go.
#[derive(Debug, Clone)]
pub(crate) struct ProviderSettings {
    /// The name that stands before the colon of a reference.
    pub(crate) name: String,
    /// How it is spoken to.
    pub(crate) protocol: Protocol,
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

const HUGGING_FACE_UNREAD: [&str; 13] = [
    "HUGGINGFACE_TOKEN",
    "HUGGINGFACE_HUB_TOKEN",
    "HUGGINGFACEHUB_API_TOKEN",
    "HUGGINGFACE_API_TOKEN",
    "HUGGINGFACE_API_KEY",
    "HUGGINGFACE_ACCESS_TOKEN",
    "HUGGING_FACE_TOKEN",
    "HUGGING_FACE_API_KEY",
    "HF_API_TOKEN",
    "HF_API_KEY",
    "HF_HUB_TOKEN",
    "HF_READ_TOKEN",
    "HF_KEY",
];
const CIVITAI_UNREAD: [&str; 4] = ["CIVITAI_KEY", "CIVIT_API_KEY", "CIVIT_TOKEN", "CIVITAI_AUTH_TOKEN"];

impl ProviderSettings {
    /// The addresses under which its repositories are known, for reading pasted links: those of the hub itself also where
    /// a mirror is asked.
    #[must_use]
    pub(crate) fn addresses(&self) -> Vec<Endpoint> {
        let mut addresses = vec![self.endpoint.clone(), self.pages.clone(), self.upstream.clone()];
        let others: &[&str] = match self.protocol {
            Protocol::HuggingFace if self.name == "hf" => &["https://hf.co"],
            Protocol::HuggingFace => &[],
            Protocol::CivitAi => &CIVITAI_ADDRESSES,
        };
        addresses.extend(others.iter().map(|text| address(text)));
        addresses
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

    /// The page on which a token for downloads is made: where that can be asked for, with the box for gated repositories
    /// ticked, which its users miss otherwise (huggingface_hub#2844).
    #[must_use]
    pub(crate) fn new_token_page(&self) -> Option<String> {
        let page = self.token_page()?;
        Some(if self.name == "hf" { format!("{page}/new?canReadGatedRepos=true&tokenType=fineGrained") } else { page })
    }

    /// Names of variables that hold its token for other programs, and that people set for every program. They are not read:
    /// a token that nobody meant for gatedl would be sent. That one is set is worth a hint.
    #[must_use]
    pub(crate) fn unread_variables(&self) -> &'static [&'static str] {
        match self.name.as_str() {
            "hf" => &HUGGING_FACE_UNREAD,
            "civitai" => &CIVITAI_UNREAD,
            _ => &[],
        }
    }

    /// The page on which its users make tokens, where that is known.
    #[must_use]
    pub(crate) fn token_page(&self) -> Option<String> {
        match self.name.as_str() {
            "hf" | "ba" => Some(self.pages.join(["settings", "tokens"]).to_string()),
            "civitai" => Some(self.pages.join(["user", "account"]).to_string()),
            _ => None,
        }
    }
}

/// Where CivitAI's pages are and were; only the first and `.red` have an API (providers §1.7).
const CIVITAI_ADDRESSES: [&str; 5] = [
    "https://civitai.com",
    "https://www.civitai.com",
    "https://civitai.red",
    "https://civitai.green",
    "https://civitai.blue",
];

/// What is built in about a provider.
struct BuiltIn {
    name: &'static str,
    protocol: Protocol,
    endpoint: &'static str,
    endpoint_variable: Variable,
    token_variables: &'static [Variable],
}

const BUILT_IN: [BuiltIn; 3] = [
    BuiltIn {
        name: "hf",
        protocol: Protocol::HuggingFace,
        endpoint: "https://huggingface.co",
        endpoint_variable: env::HF_ENDPOINT,
        token_variables: &[env::HF_AUTH_TOKEN, env::HF_TOKEN, env::HUGGING_FACE_HUB_TOKEN, env::HF_ACCESS_TOKEN],
    },
    BuiltIn {
        name: "ba",
        protocol: Protocol::HuggingFace,
        endpoint: "https://boincai.com",
        endpoint_variable: env::BA_ENDPOINT,
        token_variables: &[env::BA_ACCESS_TOKEN, env::BA_TOKEN],
    },
    BuiltIn {
        name: "civitai",
        protocol: Protocol::CivitAi,
        endpoint: "https://civitai.com",
        endpoint_variable: env::CIVITAI_ENDPOINT,
        token_variables: &[
            env::CA_API_KEY,
            env::CA_AUTH_TOKEN,
            env::CIVITAI_API_TOKEN,
            env::CIVITAI_TOKEN,
            env::CIVITAI_API_KEY,
        ],
    },
];

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

impl BuiltIn {
    fn resolve(&self, env: &Env, config: Option<&ProviderConfig>) -> Result<ProviderSettings, SettingsError> {
        let own = address(self.endpoint);
        let endpoint = match (env.text(self.endpoint_variable.name)?, config.and_then(|config| config.endpoint.clone()))
        {
            (Some(text), _) => parse(text, self.endpoint_variable.name)?,
            (None, Some(endpoint)) => endpoint,
            (None, None) => own.clone(),
        };
        let is_hf = self.name == "hf";
        let variables = match config.and_then(|config| config.token_variable()) {
            Some(name) => vec![name.to_owned()],
            None => self.token_variables.iter().map(|variable| variable.name.to_owned()).collect(),
        };
        let cache = config.and_then(|config| config.cache.clone());
        Ok(ProviderSettings {
            name: self.name.to_owned(),
            protocol: self.protocol,
            pages: if is_hf { own.clone() } else { endpoint.clone() },
            second: (self.protocol == Protocol::CivitAi && endpoint == own).then(|| address("https://civitai.red")),
            upstream: own,
            token_variables: variables,
            token_key: config
                .and_then(|config| config.token.clone())
                .filter(|key| !matches!(key, TokenKey::Variable(_))),
            cache: match cache {
                Some(folder) => folder,
                None if is_hf => huggingface_cache(env)?,
                None if self.protocol == Protocol::CivitAi => own_cache(env, self.name)?,
                None => user_cache(env)?.join("boincai").join("hub"),
            },
            login: if is_hf { Some(LoginStore::HuggingFace(login_file(env)?)) } else { credentials_file(env) },
            endpoint,
        })
    }
}

fn configured(env: &Env, config: &ProviderConfig) -> Result<ProviderSettings, SettingsError> {
    let endpoint = config.endpoint.clone().unwrap_or_else(|| address("https://huggingface.co"));
    Ok(ProviderSettings {
        name: config.name.clone(),
        protocol: Protocol::HuggingFace,
        pages: endpoint.clone(),
        upstream: address("https://huggingface.co"),
        second: None,
        endpoint,
        token_variables: config.token_variable().map(str::to_owned).into_iter().collect(),
        token_key: config.token.clone().filter(|key| !matches!(key, TokenKey::Variable(_))),
        cache: match &config.cache {
            Some(folder) => folder.clone(),
            None => own_cache(env, &config.name)?,
        },
        login: credentials_file(env),
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

/// An address that is written in this file.
fn address(text: &'static str) -> Endpoint {
    text.parse().expect("addresses in the source are well-formed")
}
