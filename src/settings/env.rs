//! The outside world as one value, and every environment variable that gatedl knows.
//!
//! The environment is captured once, in `main`, and handed down; nothing else in the program reads it (`.clippy.toml`
//! bans the calls). The same table that the code reads by is printed by `gatedl help environment`, so the two cannot
//! drift apart. An empty or blank value counts as unset everywhere: `HF_TOKEN=""` in a container has broken even public
//! downloads elsewhere (vllm#20350).

mod file;
mod path;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use thiserror::Error;

use crate::system::process;

pub(crate) use self::path::{path_problem, typed_path};

/// What a group of variables is about; the order is the order of the help page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// Which token is sent.
    Tokens,
    /// Which server is asked.
    Servers,
    /// Which folders are used.
    Folders,
    /// How the network is reached, and how long gatedl waits.
    Network,
    /// What is shown.
    Output,
}

impl Group {
    /// The heading on the help page.
    #[must_use]
    pub(crate) const fn heading(self) -> &'static str {
        match self {
            Self::Tokens => "Tokens (the first that is set wins)",
            Self::Servers => "Servers",
            Self::Folders => "Folders",
            Self::Network => "Network",
            Self::Output => "Output",
        }
    }
}

/// One environment variable that gatedl reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub(crate) group: Group,
    /// What it does, in one line.
    pub meaning: &'static str,
}

macro_rules! variables {
    ($($name:ident in $group:ident: $meaning:literal;)*) => {
        $(
            #[doc = $meaning]
            pub(crate) const $name: Variable =
                Variable { name: stringify!($name), group: Group::$group, meaning: $meaning };
        )*

        /// Every variable, in the order of the help page.
        pub const VARIABLES: &[Variable] = &[$($name),*];
    };
}

variables! {
    HF_OIDC_RESOURCE in Tokens: "repository or user that trusts this CI job: its identity is exchanged for a token";
    HF_OIDC_ID_TOKEN in Tokens: "identity of this CI job, where GitHub Actions is not asked for it";
    HF_OIDC_ID_TOKEN_FILE in Tokens: "file with that identity, which may be replaced while gatedl runs";
    ACTIONS_ID_TOKEN_REQUEST_URL in Tokens: "where GitHub Actions gives a job its identity";
    ACTIONS_ID_TOKEN_REQUEST_TOKEN in Tokens: "what GitHub Actions wants to see for that";
    HF_AUTH_TOKEN in Tokens: "token for Hugging Face (the name that Visionatrix uses)";
    HF_TOKEN in Tokens: "token for Hugging Face";
    HUGGING_FACE_HUB_TOKEN in Tokens: "token for Hugging Face (older name)";
    HF_ACCESS_TOKEN in Tokens: "token for Hugging Face (the name that Transformers.js uses)";
    BA_ACCESS_TOKEN in Tokens: "token for BOINC AI";
    BA_TOKEN in Tokens: "token for BOINC AI (short name)";
    CA_API_KEY in Tokens: "key for CivitAI";
    CA_AUTH_TOKEN in Tokens: "key for CivitAI (the name that Visionatrix uses)";
    CIVITAI_API_TOKEN in Tokens: "key for CivitAI (the name that comfy-cli uses)";
    CIVITAI_TOKEN in Tokens: "key for CivitAI (the name of CivitAI's own program)";
    CIVITAI_API_KEY in Tokens: "key for CivitAI (another name in use)";
    HF_TOKEN_PATH in Tokens: "file with the token for Hugging Face; default: $HF_HOME/token";
    HF_HUB_DISABLE_IMPLICIT_TOKEN in Tokens: "1: send no token unless --token-file or --token-stdin gives one";

    HF_ENDPOINT in Servers: "base address of the Hugging Face hub or of its mirror; default: https://huggingface.co";
    BA_ENDPOINT in Servers: "base address of the BOINC AI hub; default: https://boincai.com";
    CIVITAI_ENDPOINT in Servers: "base address of CivitAI; default: https://civitai.com";
    MODELS_CATALOG_URL in Servers: "catalogs of models for gatedl vix, addresses or files with ; between; default: Visionatrix's own";
    GATEDL_CONFIG in Servers: "configuration file; default: gatedl/config.toml in the user's configuration folder";

    HF_HOME in Folders: "folder of Hugging Face's tools; default: huggingface in the user's cache folder";
    HF_HUB_CACHE in Folders: "cache of Hugging Face repositories; default: $HF_HOME/hub";
    HUGGINGFACE_HUB_CACHE in Folders: "the same (older name)";
    XDG_CACHE_HOME in Folders: "the user's cache folder; default: ~/.cache";
    COMFYUI_DIR in Folders: "root of ComfyUI, for --into comfyui and for gatedl vix; default: ./ComfyUI";
    BASE_DATA_DIR in Folders: "folder of Visionatrix's data; default: ./ComfyUI-Data";
    MODELS_DIR in Folders: "folder of Visionatrix's models; default: $BASE_DATA_DIR/models";
    OUTPUT_DIR in Folders: "folder of Visionatrix's results, with models that ComfyUI saved; default: $BASE_DATA_DIR/output";
    HF_HUB_DISABLE_SYMLINKS in Folders: "1: write caches without symbolic links";

    HF_HUB_OFFLINE in Network: "1: use what is in the cache and open no connection";
    TRANSFORMERS_OFFLINE in Network: "the same";
    HF_HUB_DOWNLOAD_TIMEOUT in Network: "seconds without a byte after which a connection is given up; default: 20";
    HF_HUB_ETAG_TIMEOUT in Network: "seconds to wait for the beginning of an answer; default: 30";
    HTTPS_PROXY in Network: "proxy for https";
    HTTP_PROXY in Network: "proxy for http";
    ALL_PROXY in Network: "proxy for both";
    NO_PROXY in Network: "hosts that are reached without a proxy, as .example.org, 10.*, 10.0.0.0/8, host:port; * for all";
    SSL_CERT_FILE in Network: "certificates to trust, instead of the system's";
    REQUESTS_CA_BUNDLE in Network: "the same, where SSL_CERT_FILE is not set";
    CURL_CA_BUNDLE in Network: "the same, where neither is set";

    NO_COLOR in Output: "set: no colours";
    HF_HUB_DISABLE_PROGRESS_BARS in Output: "1: no progress, only why it waits where it does";
    BROWSER in Output: "program that --open opens pages with; several are separated as in PATH, the first that starts is used";
    TERM in Output: "dumb: lines instead of bars, no colours";
}

/// Why the environment could not be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnvError {
    /// A value that must be text is not.
    #[error("the environment variable {name} is not valid Unicode")]
    Encoding {
        /// The variable.
        name: String,
    },
    /// A value that must be a number of seconds is not.
    #[error("the environment variable {name} must be a number of seconds above 0, not `{value}`")]
    Seconds {
        /// The variable.
        name: &'static str,
        /// What it holds.
        value: String,
    },
    /// A value that must be a path cannot be used as one.
    #[error("the environment variable {name} is not usable: {problem}")]
    Path {
        /// The variable.
        name: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// A file of variables has a line that sets none.
    #[error("the line {line} of `{path}` is not NAME=VALUE")]
    Line {
        /// The file.
        path: String,
        /// The line, counted from 1. What stands in it may be a secret.
        line: usize,
    },
}

fn home_folder() -> Option<PathBuf> {
    dirs::home_dir()
}

/// The environment and the folders of the user, as they were when the program began.
#[derive(Debug, Clone, Default)]
pub struct Env {
    arguments: Vec<OsString>,
    values: BTreeMap<String, OsString>,
    home: Option<PathBuf>,
    cache: Option<PathBuf>,
    config: Option<PathBuf>,
    open_files: Option<u64>,
}

impl Env {
    /// Captures the world of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn capture() -> Self {
        let values = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect();
        let arguments = std::env::args_os().collect();
        let (home, cache, config) = (home_folder(), dirs::cache_dir(), dirs::config_dir());
        Self { arguments, values, home, cache, config, open_files: process::raise_open_files() }
    }

    /// A world made of these variables and this home folder.
    #[must_use]
    pub fn of<'a>(home: &str, values: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let home = PathBuf::from(home);
        Self {
            arguments: Vec::new(),
            values,
            cache: Some(home.join(".cache")),
            config: Some(home.join(".config")),
            home: Some(home),
            open_files: None,
        }
    }

    /// The same world with this command line.
    #[must_use]
    pub fn with_arguments<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.arguments = arguments.into_iter().map(OsString::from).collect();
        self
    }

    /// The command line, the program's name first.
    #[must_use]
    pub fn arguments(&self) -> &[OsString] {
        &self.arguments
    }

    /// The text of a variable by any name, if it is set to more than blanks.
    ///
    /// # Errors
    /// When the value is not Unicode.
    pub fn text(&self, name: &str) -> Result<Option<&str>, EnvError> {
        match self.values.get(name).map(|value| value.to_str()) {
            None => Ok(None),
            Some(None) => Err(EnvError::Encoding { name: name.to_owned() }),
            Some(Some(value)) => Ok(Some(value).filter(|value| !value.trim().is_empty())),
        }
    }

    /// A variable that holds a path, with a leading `~` and any `$NAME` expanded as Python's tools do.
    #[must_use]
    pub fn path(&self, variable: &Variable) -> Option<PathBuf> {
        let value = self.values.get(variable.name).filter(|value| !value.is_empty())?;
        Some(value.to_str().map_or_else(|| PathBuf::from(value), |text| self.expand(text)))
    }

    /// Whether a variable is switched on: `1`, `ON`, `YES` or `TRUE`, in any case, as in huggingface_hub.
    #[must_use]
    pub fn flag(&self, variable: &Variable) -> bool {
        let on = |value: &OsStr| ["1", "on", "yes", "true"].iter().any(|word| value.eq_ignore_ascii_case(word));
        self.values.get(variable.name).is_some_and(|value| on(value))
    }

    /// Whether a variable is set to anything but the empty text, as `NO_COLOR` asks.
    #[must_use]
    pub fn is_set(&self, variable: &Variable) -> bool {
        self.values.get(variable.name).is_some_and(|value| !value.is_empty())
    }

    /// A variable that holds a number of seconds above 0.
    ///
    /// # Errors
    /// When it is set to something else.
    pub fn seconds(&self, variable: &Variable) -> Result<Option<u64>, EnvError> {
        let Some(text) = self.text(variable.name)? else { return Ok(None) };
        match text.trim().parse() {
            Ok(seconds) if seconds > 0 => Ok(Some(seconds)),
            _ => Err(EnvError::Seconds { name: variable.name, value: crate::repo::printable(text) }),
        }
    }

    /// The user's home folder.
    #[must_use]
    pub fn home(&self) -> Option<&PathBuf> {
        self.home.as_ref()
    }

    /// The system's folder for caches (`~/.cache`, `~/Library/Caches`, …).
    #[must_use]
    pub fn cache(&self) -> Option<&PathBuf> {
        self.cache.as_ref()
    }

    /// The system's folder for configuration.
    #[must_use]
    pub fn config(&self) -> Option<&PathBuf> {
        self.config.as_ref()
    }

    /// How many files and connections may be open at once; none where there is no limit.
    #[must_use]
    pub const fn open_files(&self) -> Option<u64> {
        self.open_files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_values_count_as_unset() {
        let env = Env::of("/h", [("HF_TOKEN", ""), ("BA_TOKEN", " \n"), ("HF_AUTH_TOKEN", "x")]);
        assert_eq!(env.text("HF_TOKEN"), Ok(None));
        assert_eq!(env.text("BA_TOKEN"), Ok(None));
        assert_eq!(env.text("HF_AUTH_TOKEN"), Ok(Some("x")));
        assert_eq!(env.text("UNKNOWN"), Ok(None));
    }

    #[test]
    fn switches_are_read_as_huggingface_hub_reads_them() {
        for (value, on) in
            [("1", true), ("True", true), ("yes", true), ("ON", true), ("0", false), ("2", false), ("", false)]
        {
            assert_eq!(Env::of("/h", [("HF_HUB_OFFLINE", value)]).flag(&HF_HUB_OFFLINE), on, "{value}");
        }
    }

    #[test]
    fn paths_are_expanded_as_python_expands_them() {
        let env =
            Env::of("/home/bob", [("DATA", "/data"), ("HF_HOME", "~/hf"), ("HF_HUB_CACHE", "$DATA/${DATA}x/$NOPE/a$")]);
        assert_eq!(env.path(&HF_HOME), Some(PathBuf::from("/home/bob/hf")));
        assert_eq!(env.path(&HF_HUB_CACHE), Some(PathBuf::from("/data//datax/$NOPE/a$")));
        assert_eq!(env.expand("~"), PathBuf::from("/home/bob"));
        assert_eq!(env.expand("~other/x"), PathBuf::from("~other/x"));
        assert_eq!(env.expand("${OPEN"), PathBuf::from("${OPEN"));
    }

    #[test]
    fn a_time_that_is_not_a_number_is_an_error_that_names_the_variable() {
        let env = Env::of("/h", [("HF_HUB_ETAG_TIMEOUT", "soon"), ("HF_HUB_DOWNLOAD_TIMEOUT", "7")]);
        assert_eq!(env.seconds(&HF_HUB_DOWNLOAD_TIMEOUT), Ok(Some(7)));
        let error = env.seconds(&HF_HUB_ETAG_TIMEOUT).unwrap_err().to_string();
        assert!(error.contains("HF_HUB_ETAG_TIMEOUT") && error.contains("soon"), "{error}");
    }
}
