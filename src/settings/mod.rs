//! Every knob, resolved once: command line over environment over configuration file over default.
//!
//! After [`Settings::resolve`] nobody asks again whether something is "automatic": each value is there, and where a user
//! may wonder about its origin, the origin is there too. The lesson is ripgrep's `HiArgs`; the warning is every client
//! whose function from arguments to a run grew to 600 lines.

mod config;
pub(crate) mod env;
mod local;
mod provider;
mod proxy;

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;
use url::Url;

pub(crate) use self::config::{BoundToken, ConfigError, TokenKey, line_at, without_values};
pub(crate) use self::local::LocalNames;
pub(crate) use self::provider::{LoginStore, Protocol, ProviderSettings};
pub(crate) use self::proxy::{Proxies, ProxyError};
pub(crate) use crate::system::files::{others_can_read, others_can_write};

use self::config::Config;
use self::env::{Env, EnvError};
use crate::endpoint::{Endpoint, EndpointError, is_loopback};
use crate::reference::KnownProvider;
use crate::text::shown;

/// How many small files are fetched at once.
const SMALL_JOBS: usize = 64;
/// What a process needs beside what it fetches: the standard streams, the event loop, names, certificates, a listing.
const OTHER_FILES: u64 = 24;

/// Why settings could not be resolved. All of these are usage errors: nothing was asked of any server yet.
#[derive(Debug, Error)]
pub(crate) enum SettingsError {
    /// An environment variable holds something unusable.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// The configuration file is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What must be an address is not one.
    #[error("{from} is not usable")]
    Endpoint {
        /// The flag, variable or key that gave it.
        from: String,
        /// What is wrong with it.
        source: EndpointError,
    },
    /// No home folder, so no default place for a cache.
    #[error("the home folder is not known, so there is no default place for the cache")]
    NoHome,
    /// `--provider` or `default_provider` names nothing.
    #[error("there is no provider `{name}`")]
    UnknownProvider {
        /// The name.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
}

/// What a command line may say about settings; everything absent is left to the environment, the file, the default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    /// `--endpoint`: the address to ask instead of the provider's.
    pub(crate) endpoint: Option<String>,
    /// `--provider`: the provider of references that name none.
    pub(crate) provider: Option<String>,
    /// `--cache-dir`.
    pub(crate) cache_dir: Option<PathBuf>,
    /// `--offline`.
    pub(crate) offline: bool,
    /// `--allow-insecure-http`.
    pub(crate) allow_insecure_http: bool,
    /// `--timeout`: how long to go on without progress.
    pub(crate) patience: Option<Duration>,
    /// `--jobs`: how many files at once.
    pub(crate) jobs: Option<usize>,
    /// `--connections`: how many connections for large files.
    pub(crate) connections: Option<usize>,
    /// `--limit-rate`: bytes a second.
    pub(crate) limit_rate: Option<u64>,
}

/// However little time there is in all, one try has this much.
const SHORTEST_TRY: Duration = Duration::from_secs(2);

/// How the network is used.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    /// How long to go on without progress before the run is given up.
    pub(crate) patience: Duration,
    /// How long a connection may stay without a byte.
    pub(crate) stall: Duration,
    /// How long an answer may take to begin.
    pub(crate) answer: Duration,
    /// Certificates to trust instead of the system's, and the variable that named the file.
    pub(crate) certificates: Option<(PathBuf, &'static str)>,
    /// The proxies that the environment names, and what is reached without one.
    pub(crate) proxies: Proxies,
    /// Names below `localhost` that lead to this machine.
    pub(crate) local_names: LocalNames,
    /// How many large files are fetched at once.
    pub(crate) jobs: usize,
    /// How many small files are fetched at once: a number of requests in flight rather than of bytes.
    pub(crate) small_jobs: usize,
    /// How many connections all large files have together.
    pub(crate) connections: usize,
    /// How many bytes a second may come at most.
    pub(crate) limit_rate: Option<u64>,
}

/// Everything resolved.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The provider of references that name none.
    pub(crate) default_provider: String,
    /// All providers, the built-in ones first.
    pub(crate) providers: Vec<ProviderSettings>,
    /// Tokens bound to repositories by the configuration file.
    pub(crate) bound_tokens: Vec<BoundToken>,
    /// No connection may be opened.
    pub(crate) offline: bool,
    /// Whether caches are written with symbolic links (where the file system has them).
    pub(crate) symlinks: bool,
    /// Whether tokens from the environment, the configuration and stored logins may be used.
    pub(crate) implicit_tokens: bool,
    /// Whether a token may travel over plain `http` beyond this machine.
    pub(crate) allow_insecure_http: bool,
    /// How the network is used.
    pub(crate) network: Network,
}

impl Settings {
    /// Resolves every knob.
    ///
    /// # Errors
    /// When a variable, the configuration file or a flag holds something unusable.
    pub(crate) fn resolve(env: &Env, overrides: &Overrides) -> Result<Self, SettingsError> {
        env.check_paths()?;
        let config = Config::load(env)?;
        let providers = provider::resolve(env, &config, overrides)?;
        let default_provider =
            overrides.provider.clone().or(config.default_provider).unwrap_or_else(|| provider::default().to_owned());
        let settings = Self {
            bound_tokens: config.bound_tokens,
            offline: overrides.offline || env.flag(&env::HF_HUB_OFFLINE) || env.flag(&env::TRANSFORMERS_OFFLINE),
            symlinks: !env.flag(&env::HF_HUB_DISABLE_SYMLINKS),
            implicit_tokens: !env.flag(&env::HF_HUB_DISABLE_IMPLICIT_TOKEN),
            allow_insecure_http: overrides.allow_insecure_http,
            network: Network::resolve(env, overrides, providers.iter().map(|provider| &provider.endpoint))?,
            default_provider,
            providers,
        };
        settings.provider(&settings.default_provider)?;
        Ok(settings)
    }

    /// The provider of a name.
    ///
    /// # Errors
    /// When no provider has that name.
    pub(crate) fn provider(&self, name: &str) -> Result<&ProviderSettings, SettingsError> {
        self.providers.iter().find(|provider| provider.name == name).ok_or_else(|| SettingsError::UnknownProvider {
            name: shown(name).into_owned(),
            known: self.providers.iter().map(|provider| provider.name.clone()).collect(),
        })
    }

    /// The providers as far as reading a reference needs to know them.
    #[must_use]
    pub(crate) fn known(&self) -> Vec<KnownProvider<'_>> {
        self.providers
            .iter()
            .map(|provider| KnownProvider {
                name: &provider.name,
                spelling: provider.facts.spelling,
                addresses: provider.addresses(),
                second: provider.second.clone(),
            })
            .collect()
    }
}

impl Network {
    /// How long a document or a page may take from its first byte to its last: as long as anything without progress.
    #[must_use]
    pub(crate) fn whole(&self) -> Duration {
        self.patience.max(SHORTEST_TRY)
    }

    /// Whether a link leads to this machine: nothing on the way can read what is sent there, and no proxy should.
    #[must_use]
    pub(crate) fn is_this_machine(&self, url: &Url) -> bool {
        is_loopback(url) || self.local_names.contains(url)
    }

    /// Whether what is sent to a link can be read on its way: plain `http` to anything but this machine.
    #[must_use]
    pub(crate) fn exposes(&self, url: &Url) -> bool {
        url.scheme() == "http" && !self.is_this_machine(url)
    }

    fn resolve<'a>(
        env: &Env,
        overrides: &Overrides,
        endpoints: impl Iterator<Item = &'a Endpoint>,
    ) -> Result<Self, SettingsError> {
        let identity = env.text(env::ACTIONS_ID_TOKEN_REQUEST_URL.name)?.and_then(|url| Url::parse(url.trim()).ok());
        let seconds =
            |variable, default| Ok::<_, EnvError>(Duration::from_secs(env.seconds(variable)?.unwrap_or(default)));
        let at_most = AtOnce::fitting(env.open_files());
        let patience = overrides.patience.unwrap_or(Duration::from_secs(120));
        // no single wait is longer than all of them may be together
        let bounded = |time: Duration| time.min(patience.max(SHORTEST_TRY));
        let bundles = [&env::SSL_CERT_FILE, &env::REQUESTS_CA_BUNDLE, &env::CURL_CA_BUNDLE];
        Ok(Self {
            patience,
            stall: bounded(seconds(&env::HF_HUB_DOWNLOAD_TIMEOUT, 20)?),
            answer: bounded(seconds(&env::HF_HUB_ETAG_TIMEOUT, 30)?),
            certificates: bundles.into_iter().find_map(|variable| Some((env.path(variable)?, variable.name))),
            proxies: Proxies::resolve(env)?,
            local_names: LocalNames::resolve(endpoints.map(|endpoint| endpoint.url().clone()).chain(identity)),
            jobs: overrides.jobs.unwrap_or(8).min(at_most.files),
            small_jobs: overrides.jobs.unwrap_or(SMALL_JOBS).min(at_most.files),
            connections: overrides.connections.unwrap_or(16).min(at_most.connections),
            limit_rate: overrides.limit_rate,
        })
    }
}

/// What may be done at once within the files that may be open.
struct AtOnce {
    files: usize,
    connections: usize,
}

impl AtOnce {
    /// A file needs a socket, a lock and what it is written to, and small and large ones are fetched side by side.
    fn fitting(open_files: Option<u64>) -> Self {
        let room = open_files.map_or(u64::MAX, |open_files| open_files.saturating_sub(OTHER_FILES));
        let share = |share: u64| usize::try_from(room / share).unwrap_or(usize::MAX).max(1);
        Self { files: share(8), connections: share(4) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_open_files_mean_fewer_at_once_and_never_none() {
        for (open_files, files, connections) in [
            (None, usize::MAX / 8, usize::MAX / 4),
            (Some(1_024), 125, 250),
            (Some(64), 5, 10),
            (Some(24), 1, 1),
            (Some(0), 1, 1),
        ] {
            let at_once = AtOnce::fitting(open_files);

            assert_eq!((at_once.files, at_once.connections), (files, connections), "{open_files:?}");
        }
    }

    fn resolve(pairs: &[(&str, &str)], overrides: &Overrides) -> Result<Settings, SettingsError> {
        Settings::resolve(&Env::of("/home/bob", pairs.iter().copied()), overrides)
    }

    #[test]
    fn built_in_providers_have_the_documented_defaults() {
        let settings = resolve(&[], &Overrides::default()).unwrap();
        let hf = settings.provider("hf").unwrap();
        assert_eq!(hf.endpoint.to_string(), "https://huggingface.co");
        assert_eq!(hf.token_variables, ["HF_AUTH_TOKEN", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_ACCESS_TOKEN"]);
        assert_eq!(hf.cache, PathBuf::from("/home/bob/.cache/huggingface/hub"));
        assert_eq!(hf.login, Some(LoginStore::HuggingFace("/home/bob/.cache/huggingface/token".into())));
        let ba = settings.provider("ba").unwrap();
        assert_eq!(ba.endpoint.to_string(), "https://boincai.com");
        assert_eq!(ba.token_variables, ["BA_ACCESS_TOKEN", "BA_TOKEN"]);
        let civitai = settings.provider("civitai").unwrap();
        assert_eq!(civitai.endpoint.to_string(), "https://civitai.com");
        assert!(civitai.facts.spelling.is_numbered);
        assert_eq!(civitai.token_variables[..2], ["CA_API_KEY", "CA_AUTH_TOKEN"]);
        assert_eq!(civitai.cache, PathBuf::from("/home/bob/.cache/gatedl/civitai"));
        assert_eq!(ba.cache, PathBuf::from("/home/bob/.cache/boincai/hub"));
        assert_eq!(ba.login, Some(LoginStore::Credentials("/home/bob/.config/gatedl/credentials.toml".into())));
        assert!(matches!(settings.provider("nope"), Err(SettingsError::UnknownProvider { .. })));
    }

    #[test]
    fn folders_follow_the_variables_of_huggingface_hub() {
        for (pairs, cache) in [
            (vec![("XDG_CACHE_HOME", "/x")], "/x/huggingface/hub"),
            (vec![("XDG_CACHE_HOME", "/x"), ("HF_HOME", "~/h")], "/home/bob/h/hub"),
            (vec![("HF_HOME", "/h"), ("HUGGINGFACE_HUB_CACHE", "/old")], "/old"),
            (vec![("HUGGINGFACE_HUB_CACHE", "/old"), ("HF_HUB_CACHE", "/new")], "/new"),
        ] {
            let settings = resolve(&pairs, &Overrides::default()).unwrap();
            assert_eq!(settings.provider("hf").unwrap().cache, PathBuf::from(cache), "{pairs:?}");
        }
        let overrides = Overrides { cache_dir: Some("/flag".into()), ..Overrides::default() };
        let settings = resolve(&[("HF_HUB_CACHE", "/new")], &overrides).unwrap();
        assert_eq!(settings.provider("hf").unwrap().cache, PathBuf::from("/flag"));
    }

    #[test]
    fn an_endpoint_variable_belongs_to_its_own_provider() {
        let settings = resolve(&[("HF_ENDPOINT", "https://mirror.example/p/")], &Overrides::default()).unwrap();
        let hf = settings.provider("hf").unwrap();
        assert_eq!(hf.endpoint.to_string(), "https://mirror.example/p");
        assert_eq!(hf.pages.to_string(), "https://huggingface.co");
        assert_eq!(settings.provider("ba").unwrap().endpoint.to_string(), "https://boincai.com");
        let error = resolve(&[("BA_ENDPOINT", "nonsense")], &Overrides::default()).unwrap_err();
        assert!(error.to_string().contains("BA_ENDPOINT"), "{error}");
    }

    #[test]
    fn the_first_certificate_variable_wins() {
        let settings =
            resolve(&[("CURL_CA_BUNDLE", "/c"), ("REQUESTS_CA_BUNDLE", "/r")], &Overrides::default()).unwrap();
        assert_eq!(settings.network.certificates, Some((PathBuf::from("/r"), "REQUESTS_CA_BUNDLE")));
    }

    #[test]
    fn exposed_means_plain_http_beyond_this_machine() {
        let settings = resolve(&[], &Overrides::default()).unwrap();
        for (text, exposed) in [
            ("https://hub.example", false),
            ("http://hub.example", true),
            ("http://127.0.0.1:8", false),
            ("http://[::1]:8", false),
            ("http://[::ffff:127.0.0.1]", false),
            ("http://localhost", false),
            ("http://localhost.:8", false),
            ("http://127.0.0.1.evil.example", true),
            ("http://other.localhost", true),
        ] {
            assert_eq!(settings.network.exposes(&Url::parse(text).unwrap()), exposed, "{text}");
        }
    }
}
