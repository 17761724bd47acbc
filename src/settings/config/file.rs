//! The configuration file as it is written, and how its entries become what they mean.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::{BoundToken, Config, ConfigError, ProviderConfig, TokenKey, line_at};
use crate::credential::{CredentialSource, Secret};
use crate::endpoint::Endpoint;
use crate::pattern::Pattern;
use crate::settings::env::{Env, path_problem};
use crate::settings::provider::table::built_in;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigFile {
    default_provider: Option<Spanned<String>>,
    #[serde(default)]
    provider: BTreeMap<String, Spanned<ProviderEntry>>,
    #[serde(default)]
    tokens: BTreeMap<String, Spanned<TokenEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderEntry {
    protocol: Option<ConfigProtocol>,
    endpoint: Option<String>,
    cache: Option<String>,
    token_env: Option<String>,
    token_file: Option<String>,
    token_command: Option<Vec<String>>,
    token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ConfigProtocol {
    HuggingFace,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenEntry {
    provider: String,
    only: Vec<String>,
    token_env: Option<String>,
    token_file: Option<String>,
    token_command: Option<Vec<String>>,
    token: Option<String>,
}

impl ConfigFile {
    /// Whether a token itself is written in it.
    pub(super) fn holds_token(&self) -> bool {
        self.provider.values().any(|entry| entry.get_ref().token.is_some())
            || self.tokens.values().any(|entry| entry.get_ref().token.is_some())
    }

    /// The meaning of the file, whose text is needed to name lines.
    pub(super) fn read(self, text: &str, path: &Path, env: &Env) -> Result<Config, ConfigError> {
        let known = |name: &str| built_in(name).is_some() || self.provider.contains_key(name);
        let reader =
            |entry: String, span: Range<usize>| ConfigReader { path, env, entry, line: line_at(text, span.start) };
        if let Some(name) = self.default_provider.as_ref().filter(|name| !known(name.get_ref())) {
            return Err(reader("default_provider".to_owned(), name.span()).unknown_provider(name.get_ref()));
        }
        for (name, entry) in &self.tokens {
            let provider = &entry.get_ref().provider;
            if !known(provider) {
                return Err(reader(format!("[tokens.{name}]"), entry.span()).unknown_provider(provider));
            }
        }
        let providers = self
            .provider
            .into_iter()
            .map(|(name, entry)| reader(format!("[provider.{name}]"), entry.span()).provider(name, entry.into_inner()));
        let bound_tokens = self
            .tokens
            .into_iter()
            .map(|(name, entry)| reader(format!("[tokens.{name}]"), entry.span()).bound(name, entry.into_inner()));
        Ok(Config {
            default_provider: self.default_provider.map(Spanned::into_inner),
            providers: providers.collect::<Result<_, _>>()?,
            bound_tokens: bound_tokens.collect::<Result<_, _>>()?,
        })
    }
}

/// Turns one entry as written into the entry as meant.
struct ConfigReader<'a> {
    path: &'a Path,
    env: &'a Env,
    entry: String,
    line: usize,
}

impl ConfigReader<'_> {
    fn provider(&self, name: String, entry: ProviderEntry) -> Result<ProviderConfig, ConfigError> {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c)) {
            return Err(self.problem("a provider's name is made of a-z, 0-9, `-` and `_`"));
        }
        let built_in = built_in(&name);
        if let Some(facts) = built_in.filter(|facts| !facts.speaks_as_configured() && entry.protocol.is_some()) {
            return Err(self.problem(&format!("its protocol is {}'s own and cannot be another", facts.title)));
        }
        if built_in.is_none() && (entry.protocol.is_none() || entry.endpoint.is_none()) {
            return Err(self.problem("a new provider needs `protocol = \"huggingface\"` and an `endpoint`"));
        }
        let endpoint = entry.endpoint.as_deref().map(str::parse::<Endpoint>).transpose();
        Ok(ProviderConfig {
            endpoint: endpoint.map_err(|error| self.problem(&error.to_string()))?,
            token: self.token(entry.token_env, entry.token_file, entry.token_command, entry.token)?,
            cache: entry.cache.as_deref().map(|folder| self.place("cache", folder)).transpose()?,
            name,
        })
    }

    fn place(&self, key: &str, text: &str) -> Result<PathBuf, ConfigError> {
        match path_problem(text) {
            Some(problem) => Err(self.problem(&format!("`{key}` is not usable: {problem}"))),
            None => Ok(self.env.expand(text)),
        }
    }

    fn bound(&self, name: String, entry: TokenEntry) -> Result<BoundToken, ConfigError> {
        let token = self.token(entry.token_env, entry.token_file, entry.token_command, entry.token)?;
        let token = token.ok_or_else(|| self.problem("it needs a token_env, token_file, token_command or token"))?;
        let only = entry.only.iter().map(|pattern| Pattern::new(pattern)).collect::<Result<_, _>>();
        let only = only.map_err(|error| self.problem(&error.to_string()))?;
        Ok(BoundToken { name, provider: entry.provider, only, token })
    }

    fn token(
        &self,
        variable: Option<String>,
        file: Option<String>,
        command: Option<Vec<String>>,
        value: Option<String>,
    ) -> Result<Option<TokenKey>, ConfigError> {
        Ok(Some(match (variable, file, command, value) {
            (None, None, None, None) => return Ok(None),
            (Some(name), None, None, None) => TokenKey::Variable(name),
            (None, Some(file), None, None) => TokenKey::File(self.place("token_file", &file)?),
            (None, None, Some(command), None) if !command.is_empty() => TokenKey::Command(command),
            (None, None, Some(_), None) => return Err(self.problem("`token_command` is empty")),
            (None, None, None, Some(value)) => {
                let source = CredentialSource::Config { provider: self.entry.clone(), key: "token" };
                let secret = Secret::parse(&value, &source);
                let secret = secret.map_err(|error| self.problem(&format!("`token` {}", error.problem)))?;
                TokenKey::Literal(secret.ok_or_else(|| self.problem("`token` is empty"))?)
            }
            _ => {
                return Err(self.problem("only one of token_env, token_file, token_command and token can be given"));
            }
        }))
    }

    fn unknown_provider(&self, name: &str) -> ConfigError {
        self.problem(&format!("there is no provider `{}`", crate::repo::printable(name)))
    }

    fn problem(&self, problem: &str) -> ConfigError {
        let problem = format!("{}: {problem}", self.entry);
        ConfigError::Line { path: self.path.to_owned(), line: self.line, problem }
    }
}
