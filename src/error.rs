//! Everything that can end a pull, joined over the layers: what to say, what to try next, which exit status.
//!
//! No formatting here: an error is data (`Display` is its headline, `source()` its causes), its hints are data, and
//! `cli/diagnose.rs` alone decides how they look. Exit statuses are an API: scripts branch on them, so they are listed
//! once, here, and a test holds README and `--help` to the list.

mod hint;

use std::path::PathBuf;

use thiserror::Error as ThisError;

use crate::auth::AuthError;
use crate::cache::CacheError;
use crate::credential::CredentialSource;
use crate::fetch::FetchError;
use crate::http::{ClientError, Failure};
use crate::pattern::{PatternError, Unmatched};
use crate::provider::{Account, ProviderError, Refusal, RefusalKind};
use crate::reference::ReferenceError;
use crate::repo::{Repo, RepoPath, Revision};
use crate::settings::SettingsError;

/// Why a pull did not end well.
#[derive(Debug, ThisError)]
pub enum Error {
    /// The command line asks for two things at once, or for half of one.
    #[error("{0}")]
    Usage(String),
    /// A setting is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The reference is none.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A pattern cannot be used.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// The credential could not be read.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// There is no client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The provider said no.
    #[error(transparent)]
    Refused(Box<RefusedPull>),
    /// The provider gave no usable answer.
    #[error("could not ask {host} about `{repo}`")]
    Provider {
        /// The repository.
        repo: Repo,
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
    /// The transfer failed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The disk or the cache refused.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// Standard input or output failed.
    #[error("could not {action}")]
    Stream {
        /// What was tried: "read the token from standard input".
        action: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// Ctrl-C or SIGTERM.
    #[error("interrupted; what has arrived is kept")]
    Interrupted,
}

/// A refusal, with everything that explains it.
#[derive(Debug, ThisError)]
#[error("{}", self.headline())]
pub struct RefusedPull {
    /// The repository.
    pub repo: Repo,
    /// The revision that was asked for.
    pub revision: Revision,
    /// The file that was asked for, if it came to that.
    pub path: Option<RepoPath>,
    /// The reason, in the user's terms.
    pub refusal: Refusal,
    /// The answer that said so.
    #[source]
    pub failure: Failure,
    /// Whether the repository is public, so that it could be had without a token.
    pub public: bool,
    /// The flag or variable that kept tokens from being looked for.
    pub withheld: Option<&'static str>,
    /// Where the token came from, if one was sent.
    pub token: Option<CredentialSource>,
    /// Whose token it is, if the provider says.
    pub account: Option<Account>,
    /// The variables that would have been read.
    pub token_variables: Vec<String>,
    /// Variables that hold a token for another provider, with that provider's name.
    pub other_tokens: Vec<(String, String)>,
    /// Where a login is stored, for providers that have one.
    pub login: Option<PathBuf>,
    /// Near names of a repository that was not found.
    pub similar: Vec<String>,
}

/// The exit status of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// Everything asked for is verified and in place.
    Done = 0,
    /// Another failure.
    Other = 1,
    /// Wrong usage, reference or configuration.
    Usage = 2,
    /// No token, or a bad one.
    Credential = 3,
    /// Access refused.
    Refused = 4,
    /// Not found.
    NotFound = 5,
    /// Content did not verify.
    Corrupt = 6,
    /// Network or server.
    Network = 7,
    /// Disk, cache or lock.
    Disk = 8,
    /// Interrupted.
    Interrupted = 130,
}

impl ExitStatus {
    /// Every status, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::Other,
        Self::Usage,
        Self::Credential,
        Self::Refused,
        Self::NotFound,
        Self::Corrupt,
        Self::Network,
        Self::Disk,
        Self::Interrupted,
    ];

    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// What it means, in one line.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done: everything asked for is verified and in place (--dry-run: shown)",
            Self::Other => "another failure",
            Self::Usage => "wrong usage, reference or configuration",
            Self::Credential => "no token, or a bad one",
            Self::Refused => "access refused: not asked for, pending, rejected, token too narrow, disabled",
            Self::NotFound => "not found: repository (missing or private), revision or file; offline and not here",
            Self::Corrupt => "the content did not verify",
            Self::Network => "network or server, after retries",
            Self::Disk => "disk, cache or lock",
            Self::Interrupted => "interrupted by Ctrl-C or SIGTERM; what has arrived is kept",
        }
    }
}

impl Error {
    /// The exit status.
    #[must_use]
    pub fn status(&self) -> ExitStatus {
        match self {
            Self::Usage(_) | Self::Settings(_) | Self::Reference(_) | Self::Pattern(_) => ExitStatus::Usage,
            Self::Client(ClientError::Certificates { .. }) => ExitStatus::Usage,
            Self::Auth(AuthError::Command { .. } | AuthError::Empty { .. }) => ExitStatus::Credential,
            Self::Auth(_) => ExitStatus::Usage,
            Self::Refused(refused) => refused.status(),
            Self::Selection { .. } | Self::Offline { .. } => ExitStatus::NotFound,
            Self::Fetch(FetchError::Corrupt { .. }) => ExitStatus::Corrupt,
            Self::Provider { .. } | Self::Masked { .. } | Self::Fetch(FetchError::Transfer { .. }) => {
                ExitStatus::Network
            }
            Self::Cache(_) | Self::Fetch(FetchError::Cache(_) | FetchError::Full { .. }) => ExitStatus::Disk,
            Self::Client(_) | Self::Stream { .. } | Self::Fetch(FetchError::Lost(_)) => ExitStatus::Other,
            Self::Interrupted => ExitStatus::Interrupted,
        }
    }

    /// The word for machines: `error.kind` of the JSON document.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.refusal.kind.as_str(),
            Self::Offline { .. } => "offline",
            Self::Selection { .. } => "file_missing",
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

    /// The provider's own words, if it said any.
    #[must_use]
    pub fn server_message(&self) -> Option<&str> {
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
    pub fn page(&self) -> Option<&str> {
        match self {
            Self::Refused(refused) => Some(&refused.refusal.page),
            _ => None,
        }
    }

    /// The failed request behind it, if one is.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Refused(refused) => Some(&refused.failure),
            Self::Provider { source, .. } => match source.as_ref() {
                ProviderError::Failure(failure) => Some(failure),
                _ => None,
            },
            Self::Fetch(FetchError::Transfer { source: failure, .. }) => Some(failure),
            _ => None,
        }
    }
}

impl RefusedPull {
    fn status(&self) -> ExitStatus {
        match self.refusal.kind {
            RefusalKind::NoToken | RefusalKind::BadToken | RefusalKind::ExpiredToken => ExitStatus::Credential,
            RefusalKind::NotFoundOrPrivate | RefusalKind::RevisionMissing | RefusalKind::FileMissing => {
                ExitStatus::NotFound
            }
            RefusalKind::TokenTooNarrow
            | RefusalKind::NotRequested
            | RefusalKind::Pending
            | RefusalKind::Rejected
            | RefusalKind::Reset
            | RefusalKind::Gated
            | RefusalKind::Forbidden
            | RefusalKind::Disabled => ExitStatus::Refused,
        }
    }

    fn headline(&self) -> String {
        let repo = &self.repo;
        match self.refusal.kind {
            RefusalKind::NoToken => format!("access to `{repo}` is gated and no token was sent"),
            RefusalKind::BadToken => format!("the token for `{repo}` is not valid"),
            RefusalKind::ExpiredToken => format!("the token for `{repo}` has expired"),
            RefusalKind::TokenTooNarrow => format!("the token's permissions do not cover `{repo}`"),
            RefusalKind::NotRequested => format!("access to `{repo}` is gated and this account has not asked for it"),
            RefusalKind::Pending => {
                format!("access to `{repo}` is gated and the request of this account awaits a review")
            }
            RefusalKind::Rejected => {
                format!("access to `{repo}` is gated and the request of this account was rejected")
            }
            RefusalKind::Reset => format!("access to `{repo}` is gated and was reset: it must be asked for again"),
            RefusalKind::Gated => format!("access to `{repo}` is gated"),
            RefusalKind::Forbidden if self.token.is_some() => format!("access to `{repo}` is forbidden to this token"),
            RefusalKind::Forbidden => format!("access to `{repo}` is forbidden"),
            RefusalKind::NotFoundOrPrivate if self.token.is_some() => {
                format!("`{repo}` does not exist, or is private and this token may not see it")
            }
            RefusalKind::NotFoundOrPrivate => format!("`{repo}` does not exist, or is private and needs a token"),
            RefusalKind::RevisionMissing => format!("`{repo}` has no revision `{}`", self.revision),
            RefusalKind::FileMissing => match &self.path {
                Some(path) => format!("`{repo}` lists `{path}`, but the hub does not have it"),
                None => format!("`{repo}` lists a file that the hub does not have"),
            },
            RefusalKind::Disabled => format!("the hub has disabled `{repo}`"),
        }
    }
}
