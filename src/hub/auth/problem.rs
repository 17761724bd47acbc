//! Why no token can be read, or no login stored.

use std::path::PathBuf;

use thiserror::Error;

use crate::credential::{CredentialSource, SecretError};
use crate::settings::env::EnvError;
use crate::text::shown;

/// Why no credential could be read, though one was asked for.
#[derive(Debug, Error)]
pub(crate) enum AuthError {
    /// The value cannot be sent.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The variable is not text.
    #[error(transparent)]
    Env(#[from] EnvError),
    /// A file that holds a token could not be read.
    #[error("could not read the token file `{}`", shown(&path.to_string_lossy()))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file or standard input that should hold a token holds none.
    #[error("there is no token in {from}")]
    Empty {
        /// What was read.
        from: CredentialSource,
    },
    /// Our own file of logins can be read by others.
    #[error("`{}` holds tokens and other users can read it", path.display())]
    Readable {
        /// The file.
        path: PathBuf,
    },
    /// A file of logins is not written as such a file is, so that nothing in it can be trusted or changed.
    #[error("`{}`, line {line}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, without any value in it.
        problem: String,
    },
    /// A file of logins could not be written.
    #[error("could not write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process holds the logins.
    #[error("another process has held `{}` for half a minute", path.display())]
    Locked {
        /// The lock.
        path: PathBuf,
    },
    /// Nowhere to store a login.
    #[error("the user's configuration folder is not known, so no login can be stored there")]
    NoPlace,
    /// The name of a login cannot be one.
    #[error("`{name}` cannot be the name of a login")]
    Name {
        /// The name, safe to print.
        name: String,
    },
    /// There is no login of that name.
    #[error("there is no stored login `{name}`")]
    NoSuchLogin {
        /// The name, safe to print.
        name: String,
    },
    /// `token_command` gave no token.
    #[error("the token command `{program}` {problem}")]
    Command {
        /// The program, without its arguments.
        program: String,
        /// What went wrong.
        problem: String,
    },
}
