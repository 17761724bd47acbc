//! A refusal with everything that explains it: what was asked for, with which token, and what the user could do instead.

use thiserror::Error as ThisError;

use super::ExitStatus;
use crate::credential::CredentialSource;
use crate::hub::http::Failure;
use crate::hub::provider::{Account, Refusal, RefusalKind};
use crate::repo::{Repo, RepoKind, RepoPath, Revision};

/// A refusal, with everything that explains it.
#[derive(Debug, ThisError)]
#[error("{}", self.headline())]
pub(crate) struct RefusedPull {
    /// What was asked for, as it may be typed again.
    pub(crate) reference: String,
    /// The repository.
    pub(crate) repo: Repo,
    /// The revision that was asked for.
    pub(crate) revision: Revision,
    /// The file that was asked for, if it came to that.
    pub(crate) path: Option<RepoPath>,
    /// The reason, in the user's terms.
    pub(crate) refusal: Refusal,
    /// The answer that said so; none where a description did.
    #[source]
    pub(crate) failure: Option<Failure>,
    /// Whether the repository is public, so that it could be had without a token.
    pub(crate) public: bool,
    /// The flag or variable that kept tokens from being looked for.
    pub(crate) withheld: Option<&'static str>,
    /// Where the token came from, if one was sent.
    pub(crate) token: Option<CredentialSource>,
    /// Whose token it is, if the provider says.
    pub(crate) account: Option<Account>,
    /// The variables that would have been read.
    pub(crate) token_variables: Vec<String>,
    /// A variable that is set to a token by a name that is not read.
    pub(crate) unread_variable: Option<&'static str>,
    /// Tokens that are there, but for other providers.
    pub(crate) other_tokens: Vec<OtherToken>,
    /// The name of the provider, as `gatedl auth login` takes it.
    pub(crate) provider: String,
    /// The page on which tokens are made, where that is known.
    pub(crate) token_page: Option<String>,
    /// What else to try where the provider does not take a token.
    pub(crate) bad_token_hint: Option<&'static str>,
    /// Near names of a repository that was not found.
    pub(crate) similar: Vec<String>,
    /// The kind of which there is a repository with the same id, and how that one is written.
    pub(crate) other_kind: Option<(RepoKind, String)>,
}

/// A token for another provider than the one that refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OtherToken {
    /// The variable that holds it.
    pub(crate) variable: String,
    /// The provider that it is for.
    pub(crate) provider: String,
    /// Whether that provider names its repositories in the same way, so that this one may be meant to be there.
    pub(crate) is_alike: bool,
}

impl RefusedPull {
    pub(super) fn status(&self) -> ExitStatus {
        match self.refusal.kind {
            RefusalKind::NoToken | RefusalKind::BadToken | RefusalKind::ExpiredToken => ExitStatus::Credential,
            RefusalKind::LoginRequired if self.account.is_none() => ExitStatus::Credential,
            RefusalKind::NotFoundOrPrivate | RefusalKind::RevisionMissing | RefusalKind::FileMissing => {
                ExitStatus::NotFound
            }
            RefusalKind::NotPublished | RefusalKind::Malformed => ExitStatus::NotFound,
            RefusalKind::TokenTooNarrow
            | RefusalKind::NotRequested
            | RefusalKind::Pending
            | RefusalKind::Rejected
            | RefusalKind::Reset
            | RefusalKind::Gated
            | RefusalKind::Forbidden
            | RefusalKind::Disabled
            | RefusalKind::LoginRequired
            | RefusalKind::DownloadsDisabled
            | RefusalKind::EarlyAccess
            | RefusalKind::NotEntitled
            | RefusalKind::Archived
            | RefusalKind::RegionBlocked => ExitStatus::Refused,
        }
    }

    fn headline(&self) -> String {
        let (repo, what) = (&self.repo, &self.reference);
        match self.refusal.kind {
            RefusalKind::NoToken if self.token.is_some() => {
                format!("access to `{repo}` is gated and the hub answers as if no token had been sent")
            }
            RefusalKind::NoToken => format!("access to `{repo}` is gated and no token was sent"),
            RefusalKind::BadToken => format!("the token for `{what}` is not valid"),
            RefusalKind::ExpiredToken => format!("the token for `{what}` has expired"),
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
            RefusalKind::LoginRequired => match (&self.token, &self.account) {
                (None, _) => format!("`{what}` is only for those who are logged in, and no token was sent"),
                (Some(_), None) => format!("`{what}` is only for those who are logged in, and the token did not help"),
                (Some(_), Some(account)) => {
                    format!("`{what}` is refused to the account `{}` as if it were not logged in", account.name)
                }
            },
            RefusalKind::DownloadsDisabled => format!("the creator of `{what}` has disabled downloads"),
            RefusalKind::EarlyAccess => match &self.refusal.deadline {
                Some(deadline) => format!("`{what}` is in early access until {deadline}: only for those who have paid"),
                None => format!("`{what}` is only for those who have paid"),
            },
            RefusalKind::NotEntitled => format!("this account has no right to download `{what}`"),
            RefusalKind::Archived => format!("`{what}` is archived: its files can no longer be downloaded"),
            RefusalKind::RegionBlocked => format!("`{what}` is not served in the region of this machine"),
            RefusalKind::NotPublished => format!("there is nothing published as `{what}`"),
            RefusalKind::Malformed => format!("the provider knows no such number: `{what}`"),
        }
    }
}
