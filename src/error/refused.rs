//! A refusal with everything that explains it: what was asked for, with which token, and what the user could do instead.

use thiserror::Error as ThisError;

use super::ExitStatus;
use crate::credential::CredentialSource;
use crate::http::Failure;
use crate::provider::{Account, Refusal, RefusalKind};
use crate::repo::{Repo, RepoPath, Revision};

/// A refusal, with everything that explains it.
#[derive(Debug, ThisError)]
#[error("{}", self.headline())]
pub struct RefusedPull {
    /// What was asked for, as it may be typed again.
    pub reference: String,
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
    /// The name of the provider, as `gatedl auth login` takes it.
    pub provider: String,
    /// The page on which tokens are made, where that is known.
    pub token_page: Option<String>,
    /// Near names of a repository that was not found.
    pub similar: Vec<String>,
}

impl RefusedPull {
    pub(super) fn status(&self) -> ExitStatus {
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
