//! `credentials.toml`: the logins of every provider but Hugging Face, whose own files have room for theirs only.
//!
//! ```toml
//! [ba]
//! active = "laptop"
//! [ba.tokens]
//! laptop = "…"
//! ```
//!
//! The file is refused where others can read it, and as a whole where anything in it is unknown: a rewrite would lose
//! what it does not understand. Messages of the parser lose their quoted values, because those may be tokens.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::AuthError;
use super::token_file::{Holding, read_if_there};
use crate::credential::{CredentialSource, Secret};
use crate::settings::{line_at, others_can_read, without_values};

/// The file, by provider.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Credentials(pub(super) BTreeMap<String, Logins>);

/// The logins of one provider.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Logins {
    /// The one in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) active: Option<String>,
    /// The tokens by name.
    #[serde(default)]
    pub(super) tokens: BTreeMap<String, String>,
}

impl Credentials {
    /// Reads the file; one that is not there holds nothing.
    pub(super) fn read(path: &Path) -> Result<Self, AuthError> {
        let Some(text) = read_if_there(path)? else { return Ok(Self::default()) };
        if others_can_read(path) {
            return Err(AuthError::Readable { path: path.to_owned() });
        }
        toml::from_str(&text).map_err(|error| AuthError::Malformed {
            path: path.to_owned(),
            line: line_at(&text, error.span().map_or(0, |span| span.start)),
            problem: without_values(error.message()),
        })
    }

    /// The text of the file.
    pub(super) fn render(&self) -> String {
        let text = toml::to_string(&self.0).expect("maps of texts can be written as TOML");
        format!("# Logins of `gatedl auth login`. For your eyes only.\n{text}")
    }
}

/// The login in use for a provider.
pub(super) fn active(path: &Path, provider: &str) -> Result<Option<Holding>, AuthError> {
    let mut credentials = Credentials::read(path)?;
    let Some(Logins { active: Some(name), mut tokens }) = credentials.0.remove(provider) else { return Ok(None) };
    let Some(token) = tokens.remove(&name) else { return Ok(None) };
    let source = CredentialSource::Stored { name, path: path.to_owned() };
    Ok(Secret::parse(&token, &source)?.map(|secret| (secret, source)))
}
