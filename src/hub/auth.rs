//! Finding a credential: an ordered list of places, the first that holds a token wins.
//!
//! Nothing here makes a request but [`Exchange`] and what [`renewable`] asks, both for a token; whether a token is good is
//! for the hub to say. What this room decides is which one is sent and to which origin, because the field's loudest token
//! trouble is a stale variable that shadows a fresh login (lemonade-sdk/lemonade#58) and a token for one hub that reaches
//! another.

mod cancellation;
mod command;
mod credentials;
mod identity;
mod place;
mod problem;
mod store;
mod survey;
mod token_file;

use std::path::PathBuf;

pub(crate) use self::cancellation::Cancellation;
pub(crate) use self::identity::{Exchange, IdentityError, renewable};
pub(crate) use self::problem::AuthError;
pub(crate) use self::store::{BrowserLogin, RenewalRight, RenewalTurn, Store, StoredLogin, shadows};
pub(crate) use self::survey::{PlaceState, Survey, Surveyed, survey};

use self::token_file::Holding;
use crate::credential::{Credential, CredentialSource, Secret};
use crate::event::TokenTrouble;
use crate::repo::RepoId;
use crate::settings::env::{Env, HF_HUB_DISABLE_IMPLICIT_TOKEN};
use crate::settings::{ProviderSettings, Settings, others_can_read};

/// What the command line says about the token.
#[derive(Debug, Clone, Default)]
pub(crate) enum TokenChoice {
    /// The ordered places.
    #[default]
    Search,
    /// `--token-stdin`: this one.
    Stdin(Secret),
    /// `--token-file`.
    File(PathBuf),
    /// The one that a pasted link had in its query.
    Link(Secret),
    /// `--anonymous`: none at all.
    Anonymous,
}

impl TokenChoice {
    /// The choice for one reference: the token in its link, where the command line says nothing.
    #[must_use]
    pub(crate) fn or_link(self, link: Option<Secret>) -> Self {
        match (self, link) {
            (Self::Search, Some(secret)) => Self::Link(secret),
            (choice, _) => choice,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub(crate) struct FoundCredential {
    /// The credential, bound to the provider's origin.
    pub(crate) credential: Option<Credential>,
    /// What the user should know about it.
    pub(crate) warnings: Vec<TokenTrouble>,
}

/// Finds the credential for a repository; without one, for what is bound to none. A command that is run for it ends when
/// the search is cancelled.
///
/// # Errors
/// When the place that comes first cannot be read: a broken source must not silently fall through to another identity.
pub(crate) fn find(
    settings: &Settings,
    env: &Env,
    provider: &ProviderSettings,
    repo: Option<&RepoId>,
    choice: &TokenChoice,
    cancellation: &Cancellation,
) -> Result<FoundCredential, AuthError> {
    Ok(choose(settings, env, provider, repo, choice, cancellation)?
        .map(|holding| bind(holding, settings, provider))
        .unwrap_or_default())
}

/// The token in a file that somebody names.
///
/// # Errors
/// When it cannot be read, or holds none.
pub(crate) fn read_token(path: &std::path::Path) -> Result<Secret, AuthError> {
    token_file::required(&token_file::read(path)?, &CredentialSource::TokenFile(path.to_owned()))
}

/// Binds what was found to the provider's origin, unless anyone on the way there could read it.
#[must_use]
pub(crate) fn bind(
    (secret, source): (Secret, CredentialSource),
    settings: &Settings,
    provider: &ProviderSettings,
) -> FoundCredential {
    let (mut warnings, endpoint) = (Vec::new(), provider.endpoint.to_string());
    if source == CredentialSource::Link {
        warnings.push(TokenTrouble::InLink);
    }
    if let Some((prefix, whose)) =
        provider.facts.foreign_tokens.filter(|(prefix, _)| secret.expose().starts_with(prefix))
    {
        warnings.push(TokenTrouble::OfAnother { source: source.to_string(), prefix, whose, endpoint });
        return FoundCredential { credential: None, warnings };
    }
    if settings.network.exposes(provider.endpoint.url()) && !settings.allow_insecure_http {
        warnings.push(TokenTrouble::Exposed { source: source.to_string(), endpoint });
        return FoundCredential { credential: None, warnings };
    }
    if let CredentialSource::Login(path) = &source
        && others_can_read(path)
    {
        warnings.push(TokenTrouble::Readable { file: path.display().to_string() });
    }
    FoundCredential { credential: Some(Credential::new(secret, source, provider.endpoint.clone())), warnings }
}

/// What kept every token from being looked for, in the words of whoever set it; none where tokens are looked for.
#[must_use]
pub(crate) const fn withheld(settings: &Settings, choice: &TokenChoice) -> Option<&'static str> {
    match choice {
        TokenChoice::Anonymous => Some("--anonymous"),
        TokenChoice::Search if !settings.implicit_tokens => Some(HF_HUB_DISABLE_IMPLICIT_TOKEN.name),
        _ => None,
    }
}

/// The bound token that is looked for a repository, by its name in the configuration file. Repositories of one provider
/// with the same answer have the same credential.
#[must_use]
pub(crate) fn bound_token<'a>(settings: &'a Settings, provider: &ProviderSettings, repo: &RepoId) -> Option<&'a str> {
    place::narrowest(&settings.bound_tokens, provider, repo).map(|token| token.name.as_str())
}

/// The variables that hold a token for another provider than `provider`: never sent, but worth a hint.
#[must_use]
pub(crate) fn set_for_others<'a>(
    settings: &'a Settings,
    env: &Env,
    provider: &ProviderSettings,
) -> Vec<(&'a str, &'a str)> {
    let others = settings.providers.iter().filter(|other| other.name != provider.name);
    let variables =
        others.flat_map(|other| other.token_variables.iter().map(|name| (name.as_str(), other.name.as_str())));
    variables
        .filter(|(name, _)| !provider.token_variables.iter().any(|own| own == name))
        .filter(|(name, _)| matches!(env.text(name), Ok(Some(_))))
        .collect()
}

fn choose(
    settings: &Settings,
    env: &Env,
    provider: &ProviderSettings,
    repo: Option<&RepoId>,
    choice: &TokenChoice,
    cancellation: &Cancellation,
) -> Result<Option<Holding>, AuthError> {
    match choice {
        TokenChoice::Anonymous => Ok(None),
        TokenChoice::Stdin(secret) => Ok(Some((secret.clone(), CredentialSource::Stdin))),
        TokenChoice::File(path) => Ok(Some((read_token(path)?, CredentialSource::TokenFile(path.clone())))),
        TokenChoice::Link(secret) => Ok(Some((secret.clone(), CredentialSource::Link))),
        TokenChoice::Search if !settings.implicit_tokens => Ok(None),
        TokenChoice::Search => {
            for place in place::places(settings, provider, repo) {
                if let Some(found) = place.read(env, provider, cancellation)? {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::settings::Overrides;

    fn found(
        home: &Path,
        pairs: &[(&str, &str)],
        provider: &str,
        repo: &str,
        choice: &TokenChoice,
    ) -> Result<Option<(String, String)>, String> {
        let env = Env::of(home.to_str().unwrap(), pairs.iter().copied());
        let settings = Settings::resolve(&env, &Overrides::default()).map_err(|error| error.to_string())?;
        let provider = settings.provider(provider).unwrap();
        let found = find(&settings, &env, provider, Some(&repo.parse().unwrap()), choice, &Cancellation::default())
            .map_err(|error| error.to_string())?;
        Ok(found.credential.map(|credential| {
            let url = provider.endpoint.join(["x"]);
            (credential.secret_for(&url).unwrap().expose().to_owned(), credential.source().to_string())
        }))
    }

    fn write(home: &Path, path: &str, text: &str) {
        let path = home.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    #[test]
    fn the_first_place_that_holds_a_token_wins() {
        let home = tempfile::tempdir().unwrap();
        write(home.path(), ".cache/huggingface/token", "login\n");
        write(
            home.path(),
            ".config/gatedl/config.toml",
            "[provider.hf]\ntoken = 'config'\n[tokens.acme]\nprovider = 'hf'\nonly = ['acme/*']\ntoken = 'acme'\n[tokens.one]\nprovider = 'hf'\nonly = ['acme/one']\ntoken = 'one'\n",
        );
        let find = |pairs: &[(&str, &str)], repo| {
            found(home.path(), pairs, "hf", repo, &TokenChoice::Search).unwrap().unwrap()
        };
        assert_eq!(
            find(&[("HF_TOKEN", "second"), ("HF_AUTH_TOKEN", "first")], "o/m"),
            ("first".into(), "HF_AUTH_TOKEN".into())
        );
        assert_eq!(
            find(&[("HF_TOKEN", "second"), ("HF_AUTH_TOKEN", " ")], "o/m"),
            ("second".into(), "HF_TOKEN".into())
        );
        assert_eq!(find(&[], "acme/two").0, "acme");
        assert_eq!(find(&[], "acme/one").0, "one");
        assert_eq!(find(&[], "o/m").0, "config");
        fs::remove_file(home.path().join(".config/gatedl/config.toml")).unwrap();
        assert_eq!(find(&[], "o/m").0, "login");
    }

    #[test]
    fn a_token_of_another_provider_is_never_taken() {
        let home = tempfile::tempdir().unwrap();
        write(home.path(), ".cache/huggingface/token", "login");
        let pairs = [("HF_TOKEN", "for-hf")];
        assert_eq!(found(home.path(), &pairs, "ba", "o/m", &TokenChoice::Search), Ok(None));
        let pairs = [("BA_ACCESS_TOKEN", "for-ba"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")];
        assert_eq!(found(home.path(), &pairs, "hf", "o/m", &TokenChoice::Search), Ok(None));
    }

    #[test]
    fn flags_beat_everything_and_must_hold_a_token() {
        let home = tempfile::tempdir().unwrap();
        write(home.path(), "t", "from-file\r\n");
        let pairs = [("HF_TOKEN", "variable")];
        let find = |choice| found(home.path(), &pairs, "hf", "o/m", &choice);
        let piped = Secret::parse("piped\n", &CredentialSource::Stdin).unwrap().unwrap();
        assert_eq!(find(TokenChoice::Stdin(piped)).unwrap().unwrap().0, "piped");
        assert_eq!(find(TokenChoice::File(home.path().join("t"))).unwrap().unwrap().0, "from-file");
        assert_eq!(find(TokenChoice::Anonymous), Ok(None));
        assert!(
            find(TokenChoice::File(home.path().join("none"))).unwrap_err().contains("could not read the token file")
        );
    }

    #[test]
    fn a_token_stays_at_home_when_the_way_is_plain_http() {
        let env = Env::of("/h", [("HF_TOKEN", "canary"), ("HF_ENDPOINT", "http://mirror.example")]);
        for (allow, sent) in [(false, false), (true, true)] {
            let overrides = Overrides { allow_insecure_http: allow, ..Overrides::default() };
            let settings = Settings::resolve(&env, &overrides).unwrap();
            let provider = settings.provider("hf").unwrap();
            let found = find(&settings, &env, provider, None, &TokenChoice::Search, &Cancellation::default()).unwrap();
            assert_eq!(found.credential.is_some(), sent);
            assert_eq!(found.warnings.is_empty(), sent);
            assert!(!format!("{:?}", found.warnings).contains("canary"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_configuration_with_a_token_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        write(home.path(), ".config/gatedl/config.toml", "[provider.hf]\ntoken = 'canary'\n");
        let file = home.path().join(".config/gatedl/config.toml");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let error = found(home.path(), &[], "hf", "o/m", &TokenChoice::Search).unwrap_err();
        assert!(error.contains("other users can read it") && !error.contains("canary"), "{error}");
    }
}
