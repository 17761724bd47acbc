//! Tokens: a secret that cannot be printed, where it came from, and the one endpoint that it is for.
//!
//! Promise 1 has its address here. [`Credential::secret_for`] is the only way from a credential to its secret, and it
//! takes the link that the secret is about to travel to. aria2 leaks bearers on redirects since 2018 (aria2#1176), and
//! reqwest keeps custom headers (spiceai#12495); here the question "may it go there?" cannot be forgotten.

mod problem;
mod renewal;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use self::renewal::Renewal;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use url::Url;

use crate::endpoint::Endpoint;

pub(crate) use self::problem::SecretProblem;
pub(crate) use self::renewal::{Renew, Renewed, Renewing};

/// Why a value cannot be sent as a token. The value is never part of the message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the token from {source_name} {problem}")]
pub(crate) struct SecretError {
    /// Where the value came from.
    pub(crate) source_name: String,
    /// What is wrong with it.
    pub(crate) problem: SecretProblem,
}

/// A token. It has no `Display`, its `Debug` is redacted, and its memory is wiped when it is dropped.
#[derive(Clone)]
pub(crate) struct Secret(SecretString);

/// For telling the tokens of one run apart, where no timing tells anybody anything.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

impl Secret {
    /// Takes a token as people store it: the first line that is not empty, without the blanks around it; nothing at all
    /// counts as no token. What stands below it is no part of it: password managers keep notes and logins there. Beyond
    /// that any visible ASCII is accepted: hubs issue `hf_…`, `hf_oauth_…`, `hf_jwt_…`, and other providers what they like.
    ///
    /// # Errors
    /// When the value could not stand in a header, or is a token in the wrapping of something else.
    pub(crate) fn parse(raw: &str, source: &CredentialSource) -> Result<Option<Self>, SecretError> {
        let Some(value) = raw.split(['\r', '\n']).map(str::trim).find(|line| !line.is_empty()) else { return Ok(None) };
        match SecretProblem::of(value) {
            Some(problem) => Err(SecretError { source_name: source.to_string(), problem }),
            None => Ok(Some(Self(SecretString::from(value)))),
        }
    }

    /// The same for bytes of a file or a command, which may be in an encoding that no token is in.
    ///
    /// # Errors
    /// As [`Secret::parse`], and when the bytes are no UTF-8.
    pub(crate) fn parse_bytes(raw: &[u8], source: &CredentialSource) -> Result<Option<Self>, SecretError> {
        match SecretProblem::of_encoding(raw) {
            Ok(text) => Self::parse(text, source),
            Err(problem) => Err(SecretError { source_name: source.to_string(), problem }),
        }
    }

    /// The value itself, for the header that carries it and nothing else.
    #[must_use]
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// A text of somebody else's without this token: servers name the one that they refuse, and errors end in logs. What is
    /// shorter than any token is a part of other words.
    #[must_use]
    pub(crate) fn hidden_in(&self, text: &str) -> String {
        const SHORTEST: usize = 8;
        if self.expose().len() < SHORTEST { text.to_owned() } else { text.replace(self.expose(), "****") }
    }

    /// Enough to tell one token from another, and no more.
    #[must_use]
    pub(crate) fn masked(&self) -> String {
        crate::text::masked(self.expose())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// Where a token came from, in the words that a user would use for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CredentialSource {
    /// `--token-stdin`.
    Stdin,
    /// Typed where it was asked for.
    Prompt,
    /// `--token-file`.
    TokenFile(PathBuf),
    /// A link that was pasted with a token in its query.
    Link,
    /// An environment variable.
    Variable(String),
    /// A `[tokens.NAME]` entry of the configuration file.
    Bound(String),
    /// A key of a `[provider.NAME]` entry of the configuration file.
    Config {
        /// The provider's name.
        provider: String,
        /// The key that gave it: `token_file`, `token_command`, `token`.
        key: &'static str,
    },
    /// The exchange of a CI job's identity for a token.
    Exchange {
        /// What the token is asked for: a repository, or a user's name.
        resource: String,
    },
    /// A stored login: huggingface_hub's own token file.
    Login(PathBuf),
    /// A stored login of gatedl's own credentials file.
    Stored {
        /// The name that it was stored under.
        name: String,
        /// The file.
        path: PathBuf,
    },
}

impl fmt::Display for CredentialSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => formatter.write_str("standard input"),
            Self::Prompt => formatter.write_str("the prompt"),
            Self::Link => formatter.write_str("the pasted link"),
            Self::TokenFile(path) | Self::Login(path) => write!(formatter, "{}", path.display()),
            Self::Variable(name) => formatter.write_str(name),
            Self::Bound(name) => write!(formatter, "[tokens.{name}] of the configuration file"),
            Self::Config { provider, key } => {
                write!(formatter, "`{key}` of [provider.{provider}] in the configuration file")
            }
            Self::Exchange { resource } => {
                write!(formatter, "the exchange of this job's identity (HF_OIDC_RESOURCE is `{resource}`)")
            }
            Self::Stored { name, path } => write!(formatter, "the login `{name}` in {}", path.display()),
        }
    }
}

/// A token together with where it came from and the one endpoint that may see it.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    secret: Secret,
    source: CredentialSource,
    endpoint: Endpoint,
    /// Shared by all clones: what one request has renewed, every other sends.
    renewal: Option<Arc<Renewal>>,
}

impl Credential {
    /// Binds a secret to an endpoint, for good.
    #[must_use]
    pub(crate) const fn new(secret: Secret, source: CredentialSource, endpoint: Endpoint) -> Self {
        Self { secret, source, endpoint, renewal: None }
    }

    /// The same credential, renewed by `source` when it is due or refused.
    #[must_use]
    pub(crate) fn renewed_by(self, source: impl Renew + 'static, due: Option<Instant>) -> Self {
        let renewal = Renewal::new(self.secret.clone(), Box::new(source), due);
        Self { renewal: Some(Arc::new(renewal)), ..self }
    }

    /// The secret, if `url` is below the endpoint that it is bound to: its origin, and its path. One server with many
    /// tenants (Artifactory, an ingress) gives each a path.
    #[must_use]
    pub(crate) fn secret_for(&self, url: &Url) -> Option<Secret> {
        let newest = || self.renewal.as_ref().map_or_else(|| self.secret.clone(), |renewal| renewal.newest());
        self.endpoint.path_within(url).map(|_| newest())
    }

    /// Every secret that it has had, the newest last: what must not be shown.
    #[must_use]
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        self.renewal.as_ref().map_or_else(|| vec![self.secret.clone()], |renewal| renewal.all())
    }

    /// Renews it, if it ends soon. A renewal that fails has been said; the secret is then what it was.
    pub(crate) async fn renew_if_due(&self) {
        if let Some(renewal) = &self.renewal {
            renewal.if_due().await;
        }
    }

    /// Renews it after `refused` was not taken. Whether there is another secret now.
    pub(crate) async fn renew_after(&self, refused: &Secret) -> bool {
        match &self.renewal {
            Some(renewal) => renewal.after_refusal(refused).await,
            None => false,
        }
    }

    /// Where the token came from.
    #[must_use]
    pub(crate) const fn source(&self) -> &CredentialSource {
        &self.source
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(raw: &str) -> Option<Secret> {
        Secret::parse(raw, &CredentialSource::Stdin).unwrap()
    }

    #[test]
    fn blanks_and_newlines_around_a_token_do_not_count() {
        for raw in ["hf_x", " hf_x\r\n", "\r\n\thf_x\r\n", "hf_x\nlogin: bob\nurl: https://x\n", "hf_x\rhf_y"] {
            assert_eq!(secret(raw).unwrap().expose(), "hf_x", "{raw:?}");
            assert_eq!(Secret::parse_bytes(raw.as_bytes(), &CredentialSource::Stdin).unwrap(), secret(raw));
        }
        for raw in ["", " ", "\r\n", "\t \n"] {
            assert!(secret(raw).is_none(), "{raw:?}");
        }
    }

    #[test]
    fn a_value_that_no_header_can_carry_is_refused_without_being_shown() {
        for raw in ["hunter two", "hunter\0two", "hüntertwo"] {
            let error = Secret::parse(raw, &CredentialSource::Variable("HF_TOKEN".into())).unwrap_err().to_string();
            assert!(error.contains("HF_TOKEN") && !error.contains("two"), "{error}");
        }
    }

    #[test]
    fn a_masked_token_shows_its_ends_only_if_enough_is_left_between() {
        for (raw, masked) in [
            ("hf_abcdefghijklmnopqrstuvwxyz", "hf_****wxyz"),
            ("0123456789abcdef0123456789abcdef", "****cdef"),
            ("very-long_prefix-of-a-token", "****oken"),
            ("hf_short", "****"),
        ] {
            assert_eq!(secret(raw).unwrap().masked(), masked);
        }
    }

    #[test]
    fn a_credential_answers_to_its_own_endpoint_only() {
        let bound = |endpoint: &str| {
            let endpoint = endpoint.parse().expect("an endpoint");
            Credential::new(secret("hf_canary").unwrap(), CredentialSource::Stdin, endpoint)
        };
        let home = Url::parse("https://huggingface.co").unwrap();
        let credential = bound("https://huggingface.co");
        assert!(credential.secret_for(&home.join("/api/whoami-v2").unwrap()).is_some());
        for other in
            ["http://huggingface.co", "https://cdn.huggingface.co", "https://huggingface.co:8443", "https://x.example"]
        {
            assert!(credential.secret_for(&Url::parse(other).unwrap()).is_none(), "{other}");
        }
        assert!(!format!("{credential:?}").contains("canary"));
        let tenant = bound("https://host.example/api/hf");
        for (path, is_own) in [
            ("/api/hf", true),
            ("/api/hf/org/m/resolve/refs%2Fpr%2F1/a..b?x=../..", true),
            ("/api/hf-evil/org/m", false),
            ("/api/hf/../other/org/m", false),
            ("/api/hf/%2e%2e/other", false),
            ("/api/hf/..%2fother", false),
            ("/api/hf/x%5C..%5C..%5cother", false),
            ("/api/hf/..;/other", false),
            ("/api/HF/org/m", false),
            ("/", false),
            ("/other/api/hf", false),
        ] {
            let url = Url::parse("https://host.example").unwrap().join(path).unwrap();
            assert_eq!(tenant.secret_for(&url).is_some(), is_own, "{path}");
        }
    }
}
