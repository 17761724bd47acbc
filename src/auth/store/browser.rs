//! A browser's login of `hf auth login`: it ends after a month, and huggingface_hub stores beside its token what a newer
//! one is asked for with.
//!
//! The hub takes each of those once (it rotates them), so two programs must never ask at the same time: the lock of the
//! store is held from the look at what is stored until the answer is written down, as huggingface_hub holds it
//! (`_refresh_oauth_token_if_needed` of its `utils/_auth.py`).

use std::path::{Path, PathBuf};

use super::super::AuthError;
use super::super::place::read_if_there;
use super::stored_tokens::Browser;
use super::{read_stored, secret_file, stored_beside, stored_path};
use crate::credential::{Credential, CredentialSource, Secret};
use crate::settings::{Login, Provider};

/// The login that is in use, if a browser made it.
#[derive(Debug, Clone)]
pub struct BrowserLogin {
    token_file: PathBuf,
    /// Its name.
    pub name: String,
    /// When its token ends, in seconds since 1970, where that is known.
    pub expires_at: Option<u64>,
}

/// What is to be done about a token that ends.
#[derive(Debug)]
pub enum Turn {
    /// Another program has renewed it already.
    Renewed(Secret, Option<u64>),
    /// The hub is to be asked.
    Ask(Box<Asking>),
    /// There is no such login any more, or nothing to ask with.
    Over,
}

/// The right to ask the hub, while nobody else does.
#[derive(Debug)]
pub struct Asking {
    /// What the hub wants to see.
    pub refresh_token: Secret,
    stale: Secret,
    stored: PathBuf,
    _lock: secret_file::Lock,
}

impl BrowserLogin {
    /// The login that a credential came from; none for a token that somebody made for good. A list of logins that cannot be
    /// read is no reason to send nothing.
    #[must_use]
    pub fn of(provider: &Provider, credential: &Credential) -> Option<Self> {
        let (Some(Login::HuggingFace(_)), CredentialSource::Login(token_file)) = (&provider.login, credential.source())
        else {
            return None;
        };
        let stored = read_stored(&stored_path(token_file)).ok()?;
        let secret = credential.secrets().pop()?;
        let (name, browser) = stored.browsers().find(|(_, browser)| browser.token == secret.expose())?;
        browser.refresh_token?;
        Some(Self { token_file: token_file.clone(), name: name.to_owned(), expires_at: browser.expires_at })
    }

    /// Takes the lock and looks whether anything is left to do. Blocks, for half a minute at most.
    ///
    /// # Errors
    /// When another process holds the lock, or the store cannot be read or written: an answer that could not be written down
    /// would be lost, and the login with it.
    pub fn begin(&self, stale: &Secret) -> Result<Turn, AuthError> {
        let (path, lock) = stored_beside(&self.token_file)?;
        let mut stored = read_stored(&path)?;
        let source = CredentialSource::Login(self.token_file.clone());
        let secret = |text: &str| Ok::<_, AuthError>(Secret::parse(text, &source)?);
        let Some((_, browser)) = stored.browsers().find(|(name, _)| *name == self.name) else { return Ok(Turn::Over) };
        let Browser { token, refresh_token, expires_at } = browser;
        if token != stale.expose() {
            return Ok(secret(token)?.map_or(Turn::Over, |token| Turn::Renewed(token, expires_at)));
        }
        let Some(refresh_token) = refresh_token.map(secret).transpose()?.flatten() else { return Ok(Turn::Over) };
        secret_file::write(&path, &stored.render())?;
        Ok(Turn::Ask(Box::new(Asking { refresh_token, stale: stale.clone(), stored: path, _lock: lock })))
    }

    /// Writes down what the hub answered, and puts the token to use unless another login is in use by now.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn finish(
        &self,
        asking: &Asking,
        token: &Secret,
        refresh_token: &Secret,
        expires_at: Option<u64>,
    ) -> Result<(), AuthError> {
        let mut stored = read_stored(&asking.stored)?;
        stored.renew(&self.name, token.expose(), refresh_token.expose(), expires_at);
        secret_file::write(&asking.stored, &stored.render())?;
        if is_in_use(&self.token_file, &asking.stale)? {
            secret_file::write(&self.token_file, token.expose())?;
        }
        Ok(())
    }
}

fn is_in_use(token_file: &Path, stale: &Secret) -> Result<bool, AuthError> {
    Ok(read_if_there(token_file)?.is_some_and(|text| text.trim() == stale.expose()))
}
