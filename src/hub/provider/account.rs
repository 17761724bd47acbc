//! Whose token it is and what it may do, as the provider tells the token's owner.
//!
//! Everything but the name may be missing: a mirror answers less than the hub, and each provider knows its own part. What
//! is missing is not known; it is never taken for a no.

/// An account, seen through one of its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// The account's name, safe to print.
    pub(crate) name: String,
    /// The organizations that it is a member of.
    pub(crate) organizations: Vec<String>,
    /// What the provider says of the account, where it has a word for it: `active`, `muted`, `banned`.
    pub(crate) standing: Option<String>,
    /// The token that asked.
    pub(crate) token: TokenFacts,
}

/// What a provider says about a token; never the token itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TokenFacts {
    /// The name that its owner gave it.
    pub(crate) name: Option<String>,
    /// Its role.
    pub(crate) role: Option<Role>,
    /// When it ends, as the provider writes it (RFC 3339).
    pub(crate) expires: Option<String>,
    /// Whether it may read gated repositories that the account has access to.
    pub(crate) reads_gated: Option<bool>,
    /// What a fine-grained token is limited to.
    pub(crate) scopes: Vec<Scope>,
}

/// The role of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It may read.
    Read,
    /// It may change repositories too: more than a download needs.
    Write,
    /// It may do what its scopes say.
    FineGrained,
}

impl Role {
    /// The word of the provider's own pages.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::FineGrained => "fine-grained",
        }
    }
}

/// Permissions on one thing: a user, an organization, a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// What kind of thing it is: `user`, `org`, `model`, `dataset`, `space`; `global` for permissions on everything.
    pub(crate) kind: String,
    /// Its name; empty for `global`.
    pub(crate) name: String,
    /// What may be done with it, in the provider's words: `repo.content.read`.
    pub(crate) permissions: Vec<String>,
}
