//! The places that may hold a token for a provider, in the order in which they win, and how each is read.
//!
//! An empty value is no value: `HF_TOKEN=""` in a container must not hide the login behind it. A place that cannot be
//! read is an error and not an empty one, because the next place may hold somebody else's token.

use super::token_file::{Holding, login, read, required};
use super::{AuthError, Cancellation, command, credentials};
use crate::credential::{CredentialSource, Secret};
use crate::repo::RepoId;
use crate::settings::env::Env;
use crate::settings::{BoundToken, LoginStore, ProviderSettings, Settings, TokenKey};

/// A place that may hold a token for a provider.
pub(super) enum TokenPlace<'a> {
    Variable(&'a str),
    Bound(&'a BoundToken),
    Config(&'a TokenKey),
    Login(&'a LoginStore),
}

/// The places, in the order in which they win.
pub(super) fn places<'a>(
    settings: &'a Settings,
    provider: &'a ProviderSettings,
    repo: Option<&RepoId>,
) -> Vec<TokenPlace<'a>> {
    let variables = provider.token_variables.iter().map(|name| TokenPlace::Variable(name));
    let bound = repo.and_then(|repo| narrowest(&settings.bound_tokens, provider, repo)).map(TokenPlace::Bound);
    let config = provider.token_key.as_ref().map(TokenPlace::Config);
    let login = provider.login.as_ref().map(TokenPlace::Login);
    variables.chain(bound).chain(config).chain(login).collect()
}

/// The bound token whose pattern says most about the repository: the one with the most characters that are not wild.
pub(super) fn narrowest<'a>(
    tokens: &'a [BoundToken],
    provider: &ProviderSettings,
    repo: &RepoId,
) -> Option<&'a BoundToken> {
    let literal = |text: &str| text.chars().filter(|character| !"*?[]".contains(*character)).count();
    let width = |token: &BoundToken| {
        let matching = token.only.iter().filter(|pattern| pattern.matches(repo.as_str()));
        matching.map(|pattern| literal(pattern.as_str())).max()
    };
    let candidates = tokens.iter().filter(|token| token.provider == provider.name);
    candidates.filter_map(|token| Some((width(token)?, token))).max_by_key(|(width, _)| *width).map(|(_, token)| token)
}

impl TokenPlace<'_> {
    /// The name of the place. A login of ours has one only once it was read.
    pub(super) fn source(&self, provider: &ProviderSettings) -> CredentialSource {
        match self {
            Self::Variable(name) => CredentialSource::Variable((*name).to_owned()),
            Self::Bound(token) => CredentialSource::Bound(token.name.clone()),
            Self::Config(token) => CredentialSource::Config { provider: provider.name.clone(), key: token.name() },
            Self::Login(LoginStore::HuggingFace(path) | LoginStore::Credentials(path)) => {
                CredentialSource::Login(path.clone())
            }
        }
    }

    pub(super) fn read(
        &self,
        env: &Env,
        provider: &ProviderSettings,
        cancellation: &Cancellation,
    ) -> Result<Option<Holding>, AuthError> {
        let source = self.source(provider);
        match self {
            Self::Variable(name) => Ok(variable(env, name)?.map(|secret| (secret, source))),
            Self::Bound(bound) => Ok(key(&bound.token, env, &source, cancellation)?.map(|secret| (secret, source))),
            Self::Config(token) => Ok(key(token, env, &source, cancellation)?.map(|secret| (secret, source))),
            Self::Login(LoginStore::HuggingFace(path)) => login(path, source),
            Self::Login(LoginStore::Credentials(path)) => credentials::active(path, &provider.name),
        }
    }
}

fn key(
    token: &TokenKey,
    env: &Env,
    source: &CredentialSource,
    cancellation: &Cancellation,
) -> Result<Option<Secret>, AuthError> {
    match token {
        TokenKey::Variable(name) => variable(env, name),
        TokenKey::File(path) => required(&read(path)?, source).map(Some),
        TokenKey::Command(command) => required(&command::output(command, cancellation)?, source).map(Some),
        TokenKey::Literal(secret) => Ok(Some(secret.clone())),
    }
}

fn variable(env: &Env, name: &str) -> Result<Option<Secret>, AuthError> {
    let Some(text) = env.text(name)? else { return Ok(None) };
    Ok(Secret::parse(text, &CredentialSource::Variable(name.to_owned()))?)
}
