//! Everything that can end a pull, joined over the layers: what to say, what to try next, which exit status.
//!
//! No formatting here: an error is data (`Display` is its headline, `source()` its causes), its hints are data, and
//! `cli/diagnose.rs` alone decides how they look. Exit statuses are an API: scripts branch on them, so they are listed
//! once, here, and a test holds README and `--help` to the list.

mod file;
mod hint;
mod refused;
mod status;
mod token;

use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error as ThisError;

pub(crate) use self::file::{FileError, Numbered};
pub(crate) use self::refused::{OtherToken, RefusedPull};
pub use self::status::ExitStatus;
pub(crate) use self::token::BadToken;

use crate::apps::comfyui::ComfyuiError;
use crate::apps::visionatrix::catalog::CatalogError;
use crate::apps::visionatrix::flow::FlowError;
use crate::apps::weights::{DtypeError, WeightsError};
use crate::fetch::{FetchError, Unverifiable};
use crate::file_thread::Lost;
use crate::hub::auth::{AuthError, IdentityError};
use crate::hub::http::{ClientError, Failure};
use crate::hub::provider::{ProviderError, RefusalKind};
use crate::pattern::{PatternError, Unmatched};
use crate::reference::ReferenceError;
use crate::repo::{Repo, RepoPath, Revision};
use crate::settings::SettingsError;
use crate::store::archive::ArchiveError;
use crate::store::cache::CacheError;

/// Why a pull did not end well.
#[derive(Debug, ThisError)]
pub(crate) enum Error {
    /// The command line asks for two things at once, or for half of one.
    #[error("{0}")]
    Usage(String),
    /// A line of a list asks for what cannot be.
    #[error("{place}: {error}")]
    InList {
        /// Which line: "`models.txt`, line 3".
        place: String,
        /// Why not.
        error: Box<Error>,
    },
    /// The command line is none of ours: what is wrong, and the command that was meant.
    #[error("{0}")]
    CommandLine(String, Vec<String>),
    /// A token stands among the arguments.
    #[error("{what}, and no token is taken as an argument: others see it in the process list and the shell's history")]
    TokenArgument {
        /// The token, masked, or the flag that there is not.
        what: String,
    },
    /// A setting is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The text is not a reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A pattern cannot be used.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// The credential could not be read.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The identity of a CI job brought no token.
    #[error(transparent)]
    Identity(IdentityError),
    /// There is no client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The provider said no.
    #[error(transparent)]
    Refused(Box<RefusedPull>),
    /// There is no token where one is needed.
    #[error("{0}")]
    NoToken(String),
    /// The provider does not know the token, or knows it no longer.
    #[error(transparent)]
    BadToken(Box<BadToken>),
    /// The provider could not be asked whose token it is.
    #[error("could not ask {host} whose token it is")]
    Whose {
        /// The host that was asked.
        host: String,
        /// Why.
        source: Arc<ProviderError>,
    },
    /// The provider gave no usable answer.
    #[error("could not ask {host} about `{reference}`")]
    Provider {
        /// What was asked about, as it may be typed again.
        reference: String,
        /// The host that was asked.
        host: String,
        /// Why.
        source: Box<ProviderError>,
    },
    /// A name or pattern matches nothing.
    #[error("`{repo}` has not all of the files that were asked for")]
    Selection {
        /// The repository.
        repo: Repo,
        /// What matches nothing.
        source: Unmatched,
    },
    /// The listing hides the hash of a file, so nothing could hold its bytes to account.
    #[error("the hub hides the hash of `{path}`, so what it sends could not be verified")]
    Masked {
        /// The file.
        path: RepoPath,
    },
    /// The file that is meant cannot be told, or must not be fetched.
    #[error(transparent)]
    File(#[from] FileError),
    /// Offline, and not all of it is here.
    #[error("`{repo}` at `{revision}` is not {}in the cache, and gatedl is offline", if missing.is_empty() { "" } else { "complete " })]
    Offline {
        /// The repository.
        repo: Repo,
        /// The revision.
        revision: Revision,
        /// Files that are missing; none where nothing at all is known of the revision.
        missing: Vec<RepoPath>,
    },
    /// What was named is not in the cache.
    #[error("`{what}` is not in the cache")]
    NotCached {
        /// What was named, as it was typed.
        what: String,
    },
    /// The transfer failed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The disk or the cache refused.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// There are no such weights, or nothing says which.
    #[error("`{repo}` {problem}")]
    Weights {
        repo: Repo,
        /// As it may be typed, with its revision.
        reference: String,
        problem: WeightsError,
    },
    /// There is no such precision.
    #[error("`{repo}` {problem}")]
    Dtype { repo: Repo, problem: DtypeError },
    /// There is no place for a model in a ComfyUI.
    #[error(transparent)]
    Comfyui(#[from] ComfyuiError),
    /// A file that the user names cannot be read.
    #[error("could not read `{}`", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A catalog of models cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A catalog of models could not be fetched.
    #[error("could not fetch the catalog `{url}`")]
    CatalogUnreachable {
        /// Its address.
        url: String,
        /// Why.
        source: Box<Failure>,
    },
    /// A catalog is to be fetched, and no connection may be opened.
    #[error("the catalog `{url}` is not on this machine, and gatedl is offline")]
    CatalogOffline {
        /// Its address.
        url: String,
    },
    /// A flow cannot be used, or a part of it.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// An archive cannot be unpacked.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// What a model's address yields is not what its catalog says.
    #[error("it is not what the catalog promises: {problem}")]
    Promise {
        /// What is different.
        problem: String,
    },
    /// Standard input or output failed.
    #[error("could not {action}")]
    Stream {
        /// What was tried: "read the token from standard input".
        action: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A task of ours ended without an answer.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// Ctrl-C or SIGTERM.
    #[error("interrupted; what has arrived is kept")]
    Interrupted,
}

impl From<IdentityError> for Error {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Auth(error) => Self::Auth(error),
            error => Self::Identity(error),
        }
    }
}

impl From<Unverifiable> for Error {
    fn from(Unverifiable(path): Unverifiable) -> Self {
        Self::Masked { path }
    }
}

impl Error {
    /// The exit status.
    #[must_use]
    pub(crate) fn status(&self) -> ExitStatus {
        match self {
            Self::Usage(_)
            | Self::CommandLine(..)
            | Self::InList { .. }
            | Self::TokenArgument { .. }
            | Self::Settings(_)
            | Self::Reference(_)
            | Self::Pattern(_) => ExitStatus::Usage,
            Self::File(error) => error.status(),
            Self::Client(ClientError::Certificates { .. } | ClientError::Proxy(_)) => ExitStatus::Usage,
            Self::Auth(AuthError::Command { .. } | AuthError::Empty { .. } | AuthError::Secret(_)) => {
                ExitStatus::Credential
            }
            Self::BadToken(_) => ExitStatus::Credential,
            Self::NoToken(_) => ExitStatus::Credential,
            Self::Identity(error) => status::of_identity(error),
            Self::Auth(AuthError::Write { .. } | AuthError::Locked { .. }) => ExitStatus::Disk,
            Self::Auth(_) | Self::Comfyui(_) => ExitStatus::Usage,
            Self::Weights { problem: WeightsError::Ambiguous { .. }, .. } => ExitStatus::Usage,
            Self::Weights { .. } | Self::Dtype { .. } => ExitStatus::NotFound,
            Self::Refused(refused) => refused.status(),
            Self::Catalog(CatalogError::Unknown { .. }) | Self::Flow(FlowError::Unmatched { .. }) => {
                ExitStatus::NotFound
            }
            Self::Catalog(_) | Self::Flow(_) | Self::Input { .. } => ExitStatus::Usage,
            Self::CatalogOffline { .. } => ExitStatus::NotFound,
            Self::CatalogUnreachable { source, .. } => match source.as_ref() {
                Failure::Refused(refused) if refused.status.as_u16() == 404 => ExitStatus::NotFound,
                _ => ExitStatus::Network,
            },
            Self::Archive(ArchiveError::Occupied { .. } | ArchiveError::Disk { .. }) => ExitStatus::Disk,
            Self::Archive(_) | Self::Promise { .. } => ExitStatus::Corrupt,
            Self::Selection { .. } | Self::Offline { .. } | Self::NotCached { .. } => ExitStatus::NotFound,
            Self::Fetch(FetchError::Corrupt { .. }) | Self::Cache(CacheError::Damaged { .. }) => ExitStatus::Corrupt,
            Self::Provider { .. } | Self::Whose { .. } => ExitStatus::Network,
            Self::Masked { .. } | Self::Fetch(FetchError::Transfer { .. }) => ExitStatus::Network,
            Self::Cache(_) | Self::Fetch(FetchError::Cache(_) | FetchError::Full { .. }) => ExitStatus::Disk,
            Self::Client(_) | Self::Stream { .. } | Self::Lost(_) | Self::Fetch(FetchError::Lost(_)) => {
                ExitStatus::Other
            }
            Self::Interrupted => ExitStatus::Interrupted,
        }
    }

    /// The word for machines: `error.kind` of the JSON document.
    #[must_use]
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.refusal.kind.as_str(),
            Self::BadToken(token) => token.kind(),
            Self::Offline { .. } => "offline",
            Self::Selection { .. } => "file_missing",
            Self::File(error) => error.kind(),
            _ => match self.status() {
                ExitStatus::Done | ExitStatus::Other => "other",
                ExitStatus::Usage => "usage",
                ExitStatus::Credential => "credential",
                ExitStatus::Refused => "refused",
                ExitStatus::NotFound => "not_found",
                ExitStatus::Corrupt => "corrupt",
                ExitStatus::Network => "network",
                ExitStatus::Disk => "disk",
                ExitStatus::Interrupted => "interrupted",
            },
        }
    }

    /// Whether the provider has no such thing at the address that was asked.
    #[must_use]
    pub(crate) fn is_unpublished(&self) -> bool {
        matches!(self, Self::Refused(refused) if refused.refusal.kind == RefusalKind::NotPublished)
    }

    /// The provider's own words, if it said any.
    #[must_use]
    pub(crate) fn server_message(&self) -> Option<&str> {
        match self {
            Self::Refused(refused) => refused.refusal.server_message.as_deref(),
            _ => match self.failure()? {
                Failure::Refused(refused) => refused.message.as_deref(),
                _ => None,
            },
        }
    }

    /// The page that leads on, if there is one.
    #[must_use]
    pub(crate) fn page(&self) -> Option<&str> {
        match self {
            Self::Refused(refused) => Some(&refused.refusal.page),
            Self::BadToken(token) => token.page.as_deref(),
            _ => None,
        }
    }

    /// The failed request behind it, if one is.
    #[must_use]
    pub(crate) fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Refused(refused) => refused.failure.as_ref(),
            Self::BadToken(token) => token.failure(),
            Self::Identity(error) => error.failure(),
            Self::Provider { source, .. } => source.failure(),
            Self::Whose { source, .. } => source.failure(),
            Self::Fetch(FetchError::Transfer { source: failure, .. }) => Some(failure),
            Self::CatalogUnreachable { source, .. } => Some(source),
            _ => None,
        }
    }
}
