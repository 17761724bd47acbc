//! Why a provider says no, in the user's terms: each reason is a case of its own, because each has another way out.
//!
//! `hf` prints one line for five of these (hub-protocol §0.4) and its users guess; one issue after the other ends with a
//! maintainer who guesses too (huggingface_hub#2844).

use std::fmt;

/// A reason to say no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusalKind {
    /// Gated or private, and no token was sent.
    NoToken,
    /// The token is invalid.
    BadToken,
    /// The token has expired.
    ExpiredToken,
    /// The token is good, but its permissions do not cover this.
    TokenTooNarrow,
    /// Gated, and this account never asked.
    NotRequested,
    /// Gated; the request waits for a review.
    Pending,
    /// Gated; the request was rejected.
    Rejected,
    /// Gated; access was reset, a new request is needed.
    Reset,
    /// Gated, for a reason that the provider words in its own way.
    Gated,
    /// An organization or the provider forbids it: a policy, a revoked token, a blocked region.
    Forbidden,
    /// Missing, or private and invisible to this caller.
    NotFoundOrPrivate,
    /// The repository is there, the revision is not.
    RevisionMissing,
    /// The revision is there, the file is not.
    FileMissing,
    /// The provider has disabled the repository.
    Disabled,
    /// Only for those who are logged in; a bad token is taken for none.
    LoginRequired,
    /// The creator lets nobody download it.
    DownloadsDisabled,
    /// For those who pay, until a day or for good.
    EarlyAccess,
    /// This account has no right to it.
    NotEntitled,
    /// Its files are gone for good.
    Archived,
    /// Not served where the caller is.
    RegionBlocked,
    /// There is no such thing, or nobody may see it yet.
    NotPublished,
    /// The provider takes the number for none.
    Malformed,
}

impl RefusalKind {
    /// Whether it depends on whose token was sent, so that the account is worth a request.
    #[must_use]
    pub(crate) const fn is_about_the_account(self) -> bool {
        match self {
            Self::NoToken | Self::BadToken | Self::ExpiredToken => false,
            Self::RevisionMissing | Self::FileMissing | Self::Disabled => false,
            Self::TokenTooNarrow | Self::NotRequested | Self::Pending | Self::Rejected | Self::Reset => true,
            Self::Gated | Self::Forbidden | Self::NotFoundOrPrivate => true,
            Self::LoginRequired | Self::EarlyAccess | Self::NotEntitled => true,
            Self::DownloadsDisabled | Self::Archived | Self::RegionBlocked => false,
            Self::NotPublished | Self::Malformed => false,
        }
    }

    /// Whether it may turn into a yes while one waits: somebody still has to ask, to accept or to decide.
    #[must_use]
    pub(crate) const fn may_pass(self) -> bool {
        matches!(self, Self::NotRequested | Self::Pending | Self::Reset | Self::Gated | Self::EarlyAccess)
    }

    /// Whether its page lets the user do something about it: accept terms, ask again, make a token.
    #[must_use]
    pub(crate) const fn has_a_page_that_helps(self) -> bool {
        matches!(self, Self::NoToken | Self::NotRequested | Self::Reset | Self::Gated | Self::EarlyAccess)
            || matches!(self, Self::TokenTooNarrow | Self::BadToken | Self::ExpiredToken)
    }

    /// The word for machines: `error.kind` of the JSON document.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::BadToken => "bad_token",
            Self::ExpiredToken => "expired_token",
            Self::TokenTooNarrow => "token_too_narrow",
            Self::NotRequested => "not_requested",
            Self::Pending => "pending",
            Self::Rejected => "rejected",
            Self::Reset => "reset",
            Self::Gated => "gated",
            Self::Forbidden => "forbidden",
            Self::NotFoundOrPrivate => "not_found_or_private",
            Self::RevisionMissing => "revision_missing",
            Self::FileMissing => "file_missing",
            Self::Disabled => "disabled",
            Self::LoginRequired => "login_required",
            Self::DownloadsDisabled => "downloads_disabled",
            Self::EarlyAccess => "early_access",
            Self::NotEntitled => "not_entitled",
            Self::Archived => "archived",
            Self::RegionBlocked => "region_blocked",
            Self::NotPublished => "not_published",
            Self::Malformed => "malformed",
        }
    }
}

impl fmt::Display for RefusalKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A refusal: the reason, what the server said, and where the user can do something about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The reason.
    pub(crate) kind: RefusalKind,
    /// The server's own words, safe to print.
    pub(crate) server_message: Option<String>,
    /// The page that leads on: the repository's, or that of the tokens.
    pub(crate) page: String,
    /// When it will be open to everybody, as the provider writes it.
    pub(crate) deadline: Option<String>,
}
