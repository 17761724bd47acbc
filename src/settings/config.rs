//! The configuration file: `config.toml` in the user's configuration folder, or what `GATEDL_CONFIG` names.
//!
//! An unknown key or a bad value is an error that names the line; a file that holds a token and that others can read is
//! refused. Messages of the TOML parser are shown without the quoted values in them, because the value next to a typing
//! mistake may be a token.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use crate::credential::{CredentialSource, Secret};
use crate::endpoint::Endpoint;
use crate::env::{self, Env};
use crate::pattern::Pattern;

/// Why the configuration file cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// It could not be read.
    #[error("could not read the configuration file `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of it is wrong.
    #[error("`{}`, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, without any value in it.
        problem: String,
    },
    /// An entry of it is wrong.
    #[error("`{}`, [{entry}]: {problem}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// The entry, such as `provider.corp`.
        entry: String,
        /// What is wrong, without any secret in it.
        problem: String,
    },
    /// It holds a token and others can read it.
    #[error("`{}` holds a token and other users can read it", path.display())]
    Readable {
        /// The file.
        path: PathBuf,
    },
}

/// Where the configuration file says a token is.
#[derive(Debug, Clone)]
pub enum TokenKey {
    /// `token_env`: in this environment variable.
    Variable(String),
    /// `token_file`: in this file.
    File(PathBuf),
    /// `token_command`: printed by this command.
    Command(Vec<String>),
    /// `token`: right there.
    Literal(Secret),
}

/// A token for some repositories of a provider: `[tokens.NAME]`.
#[derive(Debug, Clone)]
pub struct BoundToken {
    /// Its name.
    pub name: String,
    /// The provider that it is for.
    pub provider: String,
    /// The repositories that it is for, such as `acme/*`.
    pub only: Vec<Pattern>,
    /// Where it is.
    pub token: TokenKey,
}

/// `[provider.NAME]`, checked.
#[derive(Debug)]
pub(super) struct ProviderConfig {
    pub(super) name: String,
    pub(super) endpoint: Option<Endpoint>,
    pub(super) token: Option<TokenKey>,
    pub(super) cache: Option<PathBuf>,
}

impl ProviderConfig {
    pub(super) fn token_variable(&self) -> Option<&str> {
        match &self.token {
            Some(TokenKey::Variable(name)) => Some(name),
            _ => None,
        }
    }
}

/// The file, checked.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) default_provider: Option<String>,
    pub(super) providers: Vec<ProviderConfig>,
    pub(super) bound_tokens: Vec<BoundToken>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default_provider: Option<String>,
    #[serde(default)]
    provider: BTreeMap<String, ProviderEntry>,
    #[serde(default)]
    tokens: BTreeMap<String, TokenEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderEntry {
    protocol: Option<Protocol>,
    endpoint: Option<String>,
    cache: Option<String>,
    token_env: Option<String>,
    token_file: Option<String>,
    token_command: Option<Vec<String>>,
    token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Protocol {
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

impl Config {
    /// Reads the file; one that `GATEDL_CONFIG` names must exist, the default one need not.
    pub(super) fn load(env: &Env) -> Result<Self, ConfigError> {
        let named = env.path(&env::GATEDL_CONFIG);
        let Some(path) = named.clone().or_else(|| Some(env.config()?.join("gatedl").join("config.toml"))) else {
            return Ok(Self::default());
        };
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, &path, env),
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => Ok(Self::default()),
            Err(source) => Err(ConfigError::Read { path, source }),
        }
    }

    fn parse(text: &str, path: &Path, env: &Env) -> Result<Self, ConfigError> {
        let file: File = toml::from_str(text).map_err(|error| line_error(&error, text, path))?;
        let holds_token = file.provider.values().any(|entry| entry.token.is_some())
            || file.tokens.values().any(|entry| entry.token.is_some());
        if holds_token && others_can_read(path) {
            return Err(ConfigError::Readable { path: path.to_owned() });
        }
        let reader = Reader { path, env };
        Ok(Self {
            default_provider: file.default_provider,
            providers: file
                .provider
                .into_iter()
                .map(|(name, entry)| reader.provider(name, entry))
                .collect::<Result<_, _>>()?,
            bound_tokens: file
                .tokens
                .into_iter()
                .map(|(name, entry)| reader.bound(name, entry))
                .collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn provider(&self, name: &str) -> Option<&ProviderConfig> {
        self.providers.iter().find(|provider| provider.name == name)
    }
}

/// Turns entries as written into entries as meant.
struct Reader<'a> {
    path: &'a Path,
    env: &'a Env,
}

impl Reader<'_> {
    fn provider(&self, name: String, entry: ProviderEntry) -> Result<ProviderConfig, ConfigError> {
        let place = format!("provider.{name}");
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c)) {
            return Err(self.problem(&place, "a provider's name is made of a-z, 0-9, `-` and `_`"));
        }
        let built_in = ["hf", "ba"].contains(&name.as_str());
        if !built_in && (entry.protocol.is_none() || entry.endpoint.is_none()) {
            return Err(self.problem(&place, "a new provider needs `protocol = \"huggingface\"` and an `endpoint`"));
        }
        let endpoint = entry.endpoint.as_deref().map(str::parse::<Endpoint>).transpose();
        let keys = (entry.token_env, entry.token_file, entry.token_command, entry.token);
        Ok(ProviderConfig {
            endpoint: endpoint.map_err(|error| self.problem(&place, &error.to_string()))?,
            token: self.token(&place, keys)?,
            cache: entry.cache.as_deref().map(|folder| self.env.expand(folder)),
            name,
        })
    }

    fn bound(&self, name: String, entry: TokenEntry) -> Result<BoundToken, ConfigError> {
        let place = format!("tokens.{name}");
        let keys = (entry.token_env, entry.token_file, entry.token_command, entry.token);
        let token = self.token(&place, keys)?;
        let token =
            token.ok_or_else(|| self.problem(&place, "it needs a token_env, token_file, token_command or token"))?;
        let only = entry.only.iter().map(|pattern| Pattern::new(pattern)).collect::<Result<_, _>>();
        let only = only.map_err(|error| self.problem(&place, &error.to_string()))?;
        Ok(BoundToken { name, provider: entry.provider, only, token })
    }

    fn token(
        &self,
        place: &str,
        keys: (Option<String>, Option<String>, Option<Vec<String>>, Option<String>),
    ) -> Result<Option<TokenKey>, ConfigError> {
        Ok(Some(match keys {
            (None, None, None, None) => return Ok(None),
            (Some(name), None, None, None) => TokenKey::Variable(name),
            (None, Some(file), None, None) => TokenKey::File(self.env.expand(&file)),
            (None, None, Some(command), None) if !command.is_empty() => TokenKey::Command(command),
            (None, None, Some(_), None) => return Err(self.problem(place, "`token_command` is empty")),
            (None, None, None, Some(value)) => {
                let source = CredentialSource::Config { provider: place.to_owned(), key: "token" };
                let secret = Secret::parse(&value, &source).map_err(|error| self.problem(place, &error.to_string()))?;
                TokenKey::Literal(secret.ok_or_else(|| self.problem(place, "`token` is empty"))?)
            }
            _ => {
                return Err(
                    self.problem(place, "only one of token_env, token_file, token_command and token can be given")
                );
            }
        }))
    }

    fn problem(&self, entry: &str, problem: &str) -> ConfigError {
        ConfigError::Entry { path: self.path.to_owned(), entry: entry.to_owned(), problem: problem.to_owned() }
    }
}

fn line_error(error: &toml::de::Error, text: &str, path: &Path) -> ConfigError {
    let start = error.span().map_or(0, |span| span.start).min(text.len());
    let line = text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1;
    ConfigError::Line { path: path.to_owned(), line, problem: without_values(error.message()) }
}

/// Replaces everything between double quotes: `invalid type: string "hf_…"` must not repeat the token.
fn without_values(message: &str) -> String {
    let parts: Vec<&str> = message.trim().split('"').collect();
    let shown: Vec<&str> = parts.iter().enumerate().map(|(at, part)| if at % 2 == 0 { *part } else { "…" }).collect();
    shown.join("\"").replace('\n', " ")
}

/// Whether users other than the owner can read a file. Where the system has no such bits, nobody can tell.
#[must_use]
pub fn others_can_read(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o044 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/etc/gatedl.toml";

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new(PATH), &Env::of("/home/bob", [])).map_err(|error| error.to_string())
    }

    #[test]
    fn the_documented_example_is_understood() {
        let config = parse(
            r#"
default_provider = "corp"
[provider.corp]
protocol = "huggingface"
endpoint = "https://hub.corp.example/api/huggingfaceml/models"
token_env = "CORP_TOKEN"
cache = "~/.cache/corp"
[tokens.acme]
provider = "hf"
only = ["acme/*"]
token_command = ["pass", "acme"]
"#,
        )
        .unwrap();
        assert_eq!(config.default_provider.as_deref(), Some("corp"));
        let corp = config.provider("corp").unwrap();
        assert_eq!(corp.token_variable(), Some("CORP_TOKEN"));
        assert_eq!(corp.cache, Some(PathBuf::from("/home/bob/.cache/corp")));
        assert!(config.bound_tokens[0].only[0].matches("acme/model"));
        assert!(matches!(&config.bound_tokens[0].token, TokenKey::Command(command) if command[0] == "pass"));
    }

    #[test]
    fn mistakes_are_named_with_their_line_and_without_values() {
        for (text, expected) in [
            ("default_provider = 'hf'\nendpiont = 1", "line 2: unknown field `endpiont`"),
            ("\n\n[provider.corp]\nprotocol = 'gopher'", "line 4: unknown variant `gopher`"),
            ("[provider.hf]\ntoken = ['hf_canary']", "line 2: invalid type"),
            ("tokens = \"hf_canary\"", "line 1: invalid type: string \"…\""),
            ("[provider.hf]\ntoken = \"hf_canary", "line 2"),
            ("[provider.corp]\nprotocol = 'huggingface'", "[provider.corp]: a new provider needs"),
            ("[provider.hf]\ntoken = 'a'\ntoken_env = 'B'", "[provider.hf]: only one of"),
            ("[provider.hf]\nendpoint = 'ftp://x'", "[provider.hf]: `ftp://x` is not an endpoint"),
            ("[provider.'X Y']\nprotocol = 'huggingface'\nendpoint = 'https://x'", "a provider's name is made of"),
            ("[tokens.a]\nprovider = 'hf'\nonly = ['a/*']", "[tokens.a]: it needs a token_env"),
            ("[provider.hf]\ntoken = 'hf canary'", "cannot be sent"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(expected) && error.contains(PATH), "{text}: {error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
