//! The configuration file: `config.toml` in the user's configuration folder, or what `GATEDL_CONFIG` names.
//!
//! An unknown key or a bad value is an error that names the line; a file that holds a token and that others can read is
//! refused. Messages of the TOML parser are shown without the quoted values in them, because the value next to a typing
//! mistake may be a token.

mod file;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use thiserror::Error;

use self::file::ConfigFile;
use crate::credential::Secret;
use crate::endpoint::Endpoint;
use crate::pattern::Pattern;
use crate::regular_file;
use crate::settings::env::{self, Env};
use crate::system::files::{others_can_read, others_can_write};

/// Why the configuration file cannot be used.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
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
    /// Others can write it, and it says where tokens go.
    #[error("other users can write `{}`, and it says where tokens are sent", path.display())]
    Writable {
        /// The file.
        path: PathBuf,
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
pub(crate) enum TokenKey {
    /// `token_env`: in this environment variable.
    Variable(String),
    /// `token_file`: in this file.
    File(PathBuf),
    /// `token_command`: printed by this command.
    Command(Vec<String>),
    /// `token`: right there.
    Literal(Secret),
}

impl TokenKey {
    /// The key as it is written.
    #[must_use]
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Variable(_) => "token_env",
            Self::File(_) => "token_file",
            Self::Command(_) => "token_command",
            Self::Literal(_) => "token",
        }
    }
}

/// A token for some repositories of a provider: `[tokens.NAME]`.
#[derive(Debug, Clone)]
pub(crate) struct BoundToken {
    /// Its name.
    pub(crate) name: String,
    /// The provider that it is for.
    pub(crate) provider: String,
    /// The repositories that it is for, such as `acme/*`.
    pub(crate) only: Vec<Pattern>,
    /// Where it is.
    pub(crate) token: TokenKey,
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

impl Config {
    /// Reads the file; one that `GATEDL_CONFIG` names must exist, the default one need not.
    pub(super) fn load(env: &Env) -> Result<Self, ConfigError> {
        let named = env.path(&env::GATEDL_CONFIG);
        let Some(path) = named.clone().or_else(|| Some(env.config()?.join("gatedl").join("config.toml"))) else {
            return Ok(Self::default());
        };
        match regular_file::read_text(&path, regular_file::TEXT) {
            Ok(_) if others_can_write(&path) => Err(ConfigError::Writable { path }),
            Ok(text) => Self::parse(&text, &path, env),
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => Ok(Self::default()),
            Err(source) => Err(ConfigError::Read { path, source }),
        }
    }

    fn parse(text: &str, path: &Path, env: &Env) -> Result<Self, ConfigError> {
        let file: ConfigFile = toml::from_str(text).map_err(|error| line_error(&error, text, path))?;
        if file.holds_token() && others_can_read(path) {
            return Err(ConfigError::Readable { path: path.to_owned() });
        }
        file.read(text, path, env)
    }

    pub(super) fn provider(&self, name: &str) -> Option<&ProviderConfig> {
        self.providers.iter().find(|provider| provider.name == name)
    }
}

fn line_error(error: &toml::de::Error, text: &str, path: &Path) -> ConfigError {
    let line = line_at(text, error.span().map_or(0, |span| span.start));
    ConfigError::Line { path: path.to_owned(), line, problem: without_values(error.message()) }
}

/// The line of a place in a text, from 1.
#[must_use]
pub(crate) fn line_at(text: &str, start: usize) -> usize {
    text.as_bytes()[..start.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Replaces everything between double quotes: `invalid type: string "hf_…"` must not repeat the token. A quote that is
/// itself what the message is about is spelled out first.
#[must_use]
pub(crate) fn without_values(message: &str) -> String {
    let message = message.trim().replace("`\"`", "a closing quote");
    let parts: Vec<&str> = message.split('"').collect();
    let shown: Vec<&str> = parts.iter().enumerate().map(|(at, part)| if at % 2 == 0 { *part } else { "…" }).collect();
    shown.join("\"").replace('\n', " ")
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
            ("[provider.corp]\nprotocol = 'huggingface'", "line 1: [provider.corp]: a new provider needs"),
            ("[provider.hf]\ntoken = 'a'\ntoken_env = 'B'", "line 1: [provider.hf]: only one of"),
            ("[provider.hf]\nendpoint = 'ftp://x'", "line 1: [provider.hf]: `ftp://x` is not an endpoint"),
            ("[provider.'X Y']\nprotocol = 'huggingface'\nendpoint = 'https://x'", "a provider's name is made of"),
            ("[tokens.a]\nprovider = 'hf'\nonly = ['a/*']", "line 1: [tokens.a]: it needs a token_env"),
            (
                "\n[tokens.a]\nprovider = 'nope'\nonly = []\ntoken_env = 'A'",
                "line 2: [tokens.a]: there is no provider `nope`",
            ),
            ("\n\ndefault_provider = 'nope'", "line 3: default_provider: there is no provider `nope`"),
            ("[provider.hf]\ntoken = 'hf canary'", "cannot be sent"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(expected) && error.contains(PATH), "{text}: {error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
