//! Why a text is not a reference.

use thiserror::Error;

use crate::credential::SecretError;
use crate::repo::NameError;

/// Why a reference could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum ReferenceError {
    /// A part of it breaks the rules for its kind.
    #[error(transparent)]
    Name(#[from] NameError),
    /// `NAME:` is no provider.
    #[error("there is no provider `{name}`")]
    UnknownProvider {
        /// The name before the colon.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },
    /// A link to a host that no provider has.
    #[error("`{host}` is not the address of a known provider")]
    UnknownHost {
        /// The link's host.
        host: String,
    },
    /// A link to where a provider's files lie, which names none of its models.
    #[error("`{host}` is a storage of CivitAI, and its links name no model")]
    Storage {
        /// The link's host.
        host: String,
    },
    /// A link to a known host, but not to a repository.
    #[error("`{text}` does not lead to a repository")]
    NotARepository {
        /// The link, without its query.
        text: String,
    },
    /// Something else that a hub has, or a page about a repository that holds none of its files.
    #[error("`{text}` is {what}, not a repository")]
    Elsewhere {
        /// The link, without its query.
        text: String,
        /// What it is.
        what: &'static str,
        /// What to do about it.
        hint: String,
    },
    /// A path of this machine.
    #[error("`{text}` is a path on this machine, not a repository")]
    Local {
        /// The path.
        text: String,
    },
    /// A file behind a slash.
    #[error(
        "`{text}` is not a repository id: it is `name` or `owner/name`, with one slash at most; files follow after a blank"
    )]
    TooDeep {
        /// What was written.
        text: String,
        /// The part that may be a repository.
        repo: String,
        /// What follows it.
        path: String,
    },
    /// A query behind something that is no link, as in `civitai:1?token=…`.
    #[error("`{text}` is followed by a `?` or `#`, which only links have")]
    Query {
        /// What stands before it: what follows may be a token.
        text: String,
    },
    /// A number, which may be that of a model or of a version, or the name of a repository elsewhere.
    #[error("a number alone says too little: `{text}`")]
    BareNumber {
        /// The number, as written.
        text: String,
    },
    /// What must be a number of CivitAI is not one.
    #[error("`{text}` is not a number of CivitAI")]
    NotANumber {
        /// What stands in its place.
        text: String,
    },
    /// What must be a hash of CivitAI is not one.
    #[error("`{text}` is no hash of CivitAI: 8 to 64 hexadecimal digits")]
    NotAHash {
        /// What stands in its place.
        text: String,
    },
    /// An AIR of another source.
    #[error("`{text}` names neither a model of CivitAI nor one of Hugging Face")]
    UnknownAir {
        /// The AIR.
        text: String,
    },
    /// The link carries a token that cannot be sent.
    #[error(transparent)]
    Token(#[from] SecretError),
}
