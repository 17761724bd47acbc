//! Stored logins: tokens by name, one of which is in use for each provider.
//!
//! One token for each use, as the pages about access tokens advise, is only practical if switching is one command. For
//! Hugging Face the files are huggingface_hub's own, so that every tool sees the same logins: `token` is what is sent,
//! `stored_tokens` beside it knows all by name. For the rest there is `credentials.toml`.

mod browser;
mod secret_file;
mod stored_tokens;

use std::path::{Path, PathBuf};

use super::AuthError;
use super::credentials::Credentials;
use super::token_file::read_if_there;
use crate::credential::{CredentialSource, Secret};
use crate::settings::env::{Env, HF_OIDC_RESOURCE, Variable};
use crate::settings::{LoginStore, ProviderSettings, TokenKey, others_can_read};
pub(crate) use browser::{BrowserLogin, RenewalRight, RenewalTurn};
use stored_tokens::{DEFAULT, StoredTokens};

/// A login as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredLogin {
    /// Its name; none for a token in use that was stored without one.
    pub(crate) name: Option<String>,
    /// The token, with all but its ends hidden.
    pub(crate) masked: String,
    /// Whether it is in use.
    pub(crate) is_active: bool,
}

/// A token and the name that it is stored under.
type NamedToken = (String, Secret);

/// The logins of one provider.
#[derive(Debug)]
pub(crate) struct Store<'a> {
    provider: &'a str,
    login: &'a LoginStore,
}

impl<'a> Store<'a> {
    /// The logins of a provider.
    ///
    /// # Errors
    /// When the user's configuration folder is not known.
    pub(crate) fn of(provider: &'a ProviderSettings) -> Result<Self, AuthError> {
        let login = provider.login.as_ref().ok_or(AuthError::NoPlace)?;
        Ok(Self { provider: &provider.name, login })
    }

    /// The file that holds the token in use.
    #[must_use]
    pub(crate) fn file(&self) -> &Path {
        match self.login {
            LoginStore::HuggingFace(path) | LoginStore::Credentials(path) => path,
        }
    }

    /// The files with tokens in them that others can read. One of ours is refused instead.
    #[must_use]
    pub(crate) fn exposed(&self) -> Vec<PathBuf> {
        let files = match self.login {
            LoginStore::HuggingFace(token) => vec![token.clone(), stored_path(token)],
            LoginStore::Credentials(_) => Vec::new(),
        };
        files.into_iter().filter(|path| others_can_read(path)).collect()
    }

    /// Every login, by name.
    ///
    /// # Errors
    /// When a file of logins cannot be read, or others can read it.
    pub(crate) fn list(&self) -> Result<Vec<StoredLogin>, AuthError> {
        let (logins, active) = self.read()?;
        let mut list: Vec<StoredLogin> = logins
            .iter()
            .map(|(name, secret)| StoredLogin {
                name: Some(name.clone()),
                masked: secret.masked(),
                is_active: active.as_ref().is_some_and(|active| active.expose() == secret.expose()),
            })
            .collect();
        if let Some(active) = active.filter(|_| list.iter().all(|login| !login.is_active)) {
            list.push(StoredLogin { name: None, masked: active.masked(), is_active: true });
        }
        Ok(list)
    }

    /// Whether a login can have this name: every file of logins must be able to hold it.
    ///
    /// # Errors
    /// When it cannot.
    pub(crate) fn check_name(name: &str) -> Result<(), AuthError> {
        if name.trim() != name || name.is_empty() || name == DEFAULT || name.chars().any(char::is_control) {
            return Err(AuthError::Name { name: crate::repo::printable(name) });
        }
        Ok(())
    }

    /// Stores a token under a name and puts it to use.
    ///
    /// # Errors
    /// When the name cannot be one, or a file cannot be read or written.
    pub(crate) fn save(&self, name: &str, secret: &Secret) -> Result<(), AuthError> {
        Self::check_name(name)?;
        match self.login {
            LoginStore::HuggingFace(token) => {
                let (path, _lock) = stored_beside(token)?;
                let mut stored = read_stored(&path)?;
                stored.set(name, secret.expose());
                secret_file::write(&path, &stored.render())?;
                secret_file::write(token, secret.expose())
            }
            LoginStore::Credentials(path) => self.change(path, |logins| {
                logins.tokens.insert(name.to_owned(), secret.expose().to_owned());
                logins.active = Some(name.to_owned());
            }),
        }
    }

    /// Puts a stored token to use, and returns it.
    ///
    /// # Errors
    /// When there is none of that name, or a file cannot be read or written.
    pub(crate) fn switch(&self, name: &str) -> Result<Secret, AuthError> {
        let (logins, _) = self.read()?;
        let found = logins.into_iter().find(|(other, _)| other == name);
        let (_, secret) = found.ok_or_else(|| AuthError::NoSuchLogin { name: crate::repo::printable(name) })?;
        match self.login {
            LoginStore::HuggingFace(token) => {
                let _lock = stored_beside(token)?;
                secret_file::write(token, secret.expose())?;
            }
            LoginStore::Credentials(path) => self.change(path, |logins| logins.active = Some(name.to_owned()))?,
        }
        Ok(secret)
    }

    /// Removes a login. If it is in use, none is in use afterwards.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub(crate) fn remove(&self, login: &StoredLogin) -> Result<(), AuthError> {
        match self.login {
            LoginStore::HuggingFace(token) => {
                let (path, _lock) = stored_beside(token)?;
                let mut stored = read_stored(&path)?;
                if login.name.as_ref().is_some_and(|name| stored.remove(name)) {
                    secret_file::write(&path, &stored.render())?;
                }
                if login.is_active { secret_file::remove(token) } else { Ok(()) }
            }
            LoginStore::Credentials(path) => self.change(path, |logins| {
                if let Some(name) = &login.name {
                    logins.tokens.remove(name);
                }
                logins.active.take_if(|_| login.is_active);
            }),
        }
    }

    /// The logins by name, and the token in use.
    fn read(&self) -> Result<(Vec<NamedToken>, Option<Secret>), AuthError> {
        let source = CredentialSource::Login(self.file().to_owned());
        let parse = |token: &str| Secret::parse(token, &source);
        let (logins, active): (Vec<(String, String)>, Option<String>) = match self.login {
            LoginStore::HuggingFace(token) => {
                let stored = read_stored(&stored_path(token))?;
                let logins = stored.logins().map(|(name, token)| (name.to_owned(), token.to_owned())).collect();
                (logins, read_if_there(token)?)
            }
            LoginStore::Credentials(path) => {
                let logins = Credentials::read(path)?.0.remove(self.provider).unwrap_or_default();
                let active = logins.active.and_then(|name| logins.tokens.get(&name).cloned());
                (logins.tokens.into_iter().collect(), active)
            }
        };
        let mut read = Vec::new();
        for (name, token) in logins {
            read.extend(parse(&token)?.map(|secret| (name, secret)));
        }
        Ok((read, active.as_deref().map(parse).transpose()?.flatten()))
    }

    fn change(&self, path: &Path, change: impl FnOnce(&mut super::credentials::Logins)) -> Result<(), AuthError> {
        let _lock = secret_file::lock(path)?;
        let mut credentials = Credentials::read(path)?;
        change(credentials.0.entry(self.provider.to_owned()).or_default());
        credentials.0.retain(|_, logins| !logins.tokens.is_empty());
        secret_file::write(path, &credentials.render())
    }
}

/// Whatever wins over a stored login of this provider: the exchange of a CI job's identity, variables that are set to
/// another token than that login's, and what the configuration file says.
#[must_use]
pub(crate) fn shadows(env: &Env, provider: &ProviderSettings, login: Option<&Secret>) -> Vec<CredentialSource> {
    let other = |name: &&String| match env.text(name) {
        Ok(Some(text)) => login.is_none_or(|login| text.trim() != login.expose()),
        Ok(None) => false,
        Err(_) => true,
    };
    let is_set = |variable: &Variable| matches!(env.text(variable.name), Ok(Some(_)));
    let exchange = Some(HF_OIDC_RESOURCE).filter(|variable| provider.facts.exchanges_identity && is_set(variable));
    let exchange = exchange.map(|variable| variable.name.to_owned());
    let variables = exchange.into_iter().chain(provider.token_variables.iter().filter(other).cloned());
    let variables = variables.map(CredentialSource::Variable);
    let key = provider.token_key.as_ref().map(TokenKey::name);
    let config = key.map(|key| CredentialSource::Config { provider: provider.name.clone(), key });
    variables.chain(config).collect()
}

/// `stored_tokens` beside the file of the token in use.
fn stored_path(token: &Path) -> PathBuf {
    token.with_file_name("stored_tokens")
}

fn stored_beside(token: &Path) -> Result<(PathBuf, secret_file::Lock), AuthError> {
    let path = stored_path(token);
    let lock = secret_file::lock(&path)?;
    Ok((path, lock))
}

fn read_stored(path: &Path) -> Result<StoredTokens, AuthError> {
    match read_if_there(path)? {
        Some(text) => StoredTokens::parse(&text, path),
        None => Ok(StoredTokens::default()),
    }
}
