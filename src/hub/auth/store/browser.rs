//! A browser's login of `hf auth login`: it ends after a month, and huggingface_hub stores beside its token what a newer
//! one is asked for with.
//!
//! The hub takes each of those once (it rotates them), so two programs must never ask at the same time: the lock of the
//! store is held from the look at what is stored until the answer is written down, as huggingface_hub holds it
//! (`_refresh_oauth_token_if_needed` of its `utils/_auth.py`).

use std::path::{Path, PathBuf};

use super::super::{AuthError, token_file};
use super::stored_tokens::{Browser, StoredTokens};
use super::{read_stored, secret_file, stored_beside, stored_path};
use crate::credential::{Credential, CredentialSource, Secret};
use crate::settings::{LoginStore, ProviderSettings};

/// The login that is in use, if a browser made it.
#[derive(Debug, Clone)]
pub(crate) struct BrowserLogin {
    token_file: PathBuf,
    /// Its name.
    pub(crate) name: String,
    /// When its token ends, in seconds since 1970, where that is known.
    pub(crate) expires_at: Option<u64>,
}

/// What is to be done about a token that ends.
#[derive(Debug)]
pub(crate) enum RenewalTurn {
    /// Another program has renewed it already.
    Renewed(Secret, Option<u64>),
    /// The hub is to be asked.
    Ask(Box<RenewalRight>),
    /// There is no such login any more, or nothing to ask with.
    Over,
}

/// The right to ask the hub, while nobody else does.
#[derive(Debug)]
pub(crate) struct RenewalRight {
    /// What the hub wants to see.
    pub(crate) refresh_token: Secret,
    stale: Secret,
    stored: PathBuf,
    _lock: secret_file::Lock,
}

impl BrowserLogin {
    /// The login that a credential came from; none for a token that somebody made for good. A list of logins that cannot be
    /// read is no reason to send nothing. Blocks while another program renews it, for half a minute at most.
    #[must_use]
    pub(crate) fn of(provider: &ProviderSettings, credential: &Credential) -> Option<Self> {
        let (Some(LoginStore::HuggingFace(_)), CredentialSource::Login(token_file)) =
            (&provider.login, credential.source())
        else {
            return None;
        };
        let secret = credential.secrets().pop()?;
        let stored = read_stored(&stored_path(token_file)).ok()?;
        if stored.logins().any(|(_, token)| token == secret.expose()) {
            return Self::among(&stored, token_file, &secret);
        }
        let can_be_renewed = stored.browsers().any(|(_, browser)| browser.refresh_token.is_some());
        can_be_renewed.then(|| Self::renewed_since(token_file, &secret)).flatten()
    }

    fn among(stored: &StoredTokens, token_file: &Path, secret: &Secret) -> Option<Self> {
        let (name, browser) = stored.browsers().find(|(_, browser)| browser.token == secret.expose())?;
        browser.refresh_token?;
        Some(Self { token_file: token_file.to_owned(), name: name.to_owned(), expires_at: browser.expires_at })
    }

    /// The login that another program was renewing while its token was read here: the list has its next token first, the
    /// file of the token in use a moment later, and whoever holds the lock sees both. The old token is due at once.
    fn renewed_since(token_file: &Path, old: &Secret) -> Option<Self> {
        let (path, _lock) = stored_beside(token_file).ok()?;
        let in_use = in_use(token_file).ok()?.filter(|secret| secret != old)?;
        let login = Self::among(&read_stored(&path).ok()?, token_file, &in_use)?;
        Some(Self { expires_at: Some(0), ..login })
    }

    /// Takes the lock and looks whether anything is left to do. Blocks, for half a minute at most.
    ///
    /// # Errors
    /// When another process holds the lock, or the store cannot be read or written: an answer that could not be written down
    /// would be lost, and the login with it.
    pub(crate) fn begin(&self, stale: &Secret) -> Result<RenewalTurn, AuthError> {
        let (path, lock) = stored_beside(&self.token_file)?;
        let mut stored = read_stored(&path)?;
        let source = CredentialSource::Login(self.token_file.clone());
        let secret = |text: &str| Ok::<_, AuthError>(Secret::parse(text, &source)?);
        let Some((_, browser)) = stored.browsers().find(|(name, _)| *name == self.name) else {
            return Ok(RenewalTurn::Over);
        };
        let Browser { token, refresh_token, expires_at } = browser;
        if token != stale.expose() {
            return Ok(secret(token)?.map_or(RenewalTurn::Over, |token| RenewalTurn::Renewed(token, expires_at)));
        }
        let Some(refresh_token) = refresh_token.map(secret).transpose()?.flatten() else {
            return Ok(RenewalTurn::Over);
        };
        secret_file::write(&path, &stored.render())?;
        Ok(RenewalTurn::Ask(Box::new(RenewalRight { refresh_token, stale: stale.clone(), stored: path, _lock: lock })))
    }

    /// Writes down what the hub answered, and puts the token to use unless another login is in use by now.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(crate) fn finish(
        &self,
        asking: &RenewalRight,
        token: &Secret,
        refresh_token: &Secret,
        expires_at: Option<u64>,
    ) -> Result<(), AuthError> {
        let mut stored = read_stored(&asking.stored)?;
        stored.renew(&self.name, token.expose(), refresh_token.expose(), expires_at);
        secret_file::write(&asking.stored, &stored.render())?;
        if in_use(&self.token_file)?.as_ref() == Some(&asking.stale) {
            secret_file::write(&self.token_file, token.expose())?;
        }
        Ok(())
    }
}

fn in_use(token_file: &Path) -> Result<Option<Secret>, AuthError> {
    let source = CredentialSource::Login(token_file.to_owned());
    Ok(token_file::login(token_file, source)?.map(|(secret, _)| secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::env::Env;
    use crate::settings::{Overrides, Settings};
    use std::fs;

    const NEW: &str = "[oauth-bob]\nhf_token = hf_new\nrefresh_token = hf_r\nexpires_at = 4000000000\n\n";

    fn secret(text: &str) -> Secret {
        Secret::parse(text, &CredentialSource::Stdin).unwrap().unwrap()
    }

    /// What is found for somebody who read `hf_old`, where the file of the token in use has this by now.
    fn found(in_use: &str, stored: &str) -> Option<(BrowserLogin, tempfile::TempDir)> {
        let root = tempfile::tempdir().unwrap();
        let token_file = root.path().join("token");
        fs::write(&token_file, in_use).unwrap();
        fs::write(root.path().join("stored_tokens"), stored).unwrap();
        let env = Env::of("/home/bob", std::iter::empty::<(&str, &str)>());
        let settings = Settings::resolve(&env, &Overrides::default()).unwrap();
        let provider = settings.provider("hf").unwrap();
        let source = CredentialSource::Login(token_file);
        let credential = Credential::new(secret("hf_old"), source, provider.endpoint.clone());
        Some((BrowserLogin::of(provider, &credential)?, root))
    }

    #[test]
    fn a_login_that_was_renewed_after_its_token_was_read_is_due_and_renewed_already() {
        let (login, _root) = found("hf_new\n", NEW).expect("a login");
        assert_eq!((login.name.as_str(), login.expires_at), ("oauth-bob", Some(0)));
        let turn = login.begin(&secret("hf_old")).unwrap();
        assert!(
            matches!(turn, RenewalTurn::Renewed(token, Some(4_000_000_000)) if token == secret("hf_new")),
            "the next token is there"
        );
    }

    #[test]
    fn a_token_in_use_that_no_browser_made_is_no_login_to_renew() {
        for (in_use, stored) in [
            ("hf_old", NEW),
            ("hf_new", "[oauth-bob]\nhf_token = hf_new\n\n"),
            ("hf_other", NEW),
            ("", NEW),
            ("hf_old", "[a]\nhf_token = hf_old\n\n[b]\nhf_token = hf_b\nrefresh_token = hf_r\n\n"),
        ] {
            assert!(found(in_use, stored).is_none(), "{in_use} {stored}");
        }
    }

    #[test]
    fn a_note_below_the_token_in_use_does_not_keep_the_next_one_from_its_place() {
        let (login, root) = found("hf_old\nmy login\n", &NEW.replace("hf_new", "hf_old")).expect("a login");
        let RenewalTurn::Ask(asking) = login.begin(&secret("hf_old")).unwrap() else { panic!("nobody has renewed it") };
        login.finish(&asking, &secret("hf_new"), &secret("hf_s"), Some(7)).unwrap();
        assert_eq!(fs::read_to_string(root.path().join("token")).unwrap(), "hf_new");
        let expected = NEW.replace("hf_r", "hf_s").replace("4000000000", "7");
        assert_eq!(fs::read_to_string(root.path().join("stored_tokens")).unwrap(), expected);
    }
}
