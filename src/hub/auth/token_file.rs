//! Reading the files that tokens lie in.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::AuthError;
use crate::credential::{CredentialSource, Secret};
use crate::regular_file;

/// A token, and where it was.
pub(super) type Holding = (Secret, CredentialSource);

/// The token in use of huggingface_hub, in a file of its own that need not be there.
pub(super) fn login(path: &Path, source: CredentialSource) -> Result<Option<Holding>, AuthError> {
    Ok(match if_there(path, regular_file::read(path, regular_file::NOTE))? {
        Some(bytes) => Secret::parse_bytes(&bytes, &source)?.map(|secret| (secret, source)),
        None => None,
    })
}

/// A file of logins, which need not be there.
pub(super) fn read_if_there(path: &Path) -> Result<Option<String>, AuthError> {
    if_there(path, regular_file::read_text(path, regular_file::TEXT))
}

fn if_there<T>(path: &Path, read: io::Result<T>) -> Result<Option<T>, AuthError> {
    match read {
        Ok(content) => Ok(Some(content)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(source) => Err(AuthError::Read { path: path.to_owned(), source }),
    }
}

/// A file that somebody names for one token. It may be a pipe, as `--token-file <(pass show hf)` is.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, AuthError> {
    regular_file::read_named(path, regular_file::NOTE)
        .map_err(|source| AuthError::Read { path: path.to_owned(), source })
}

pub(super) fn required(bytes: &[u8], source: &CredentialSource) -> Result<Secret, AuthError> {
    Secret::parse_bytes(bytes, source)?.ok_or_else(|| AuthError::Empty { from: source.clone() })
}
