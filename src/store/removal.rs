//! Taking away what is in a cache, and nothing that somebody else holds.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use super::cache::{BlobLock, CacheError};

/// Takes away a blob of a repository that no name leads to; `false` where another process holds it. A link into the store
/// that repositories share goes, and not what it leads to.
///
/// # Errors
/// The system's refusal.
pub(crate) fn remove_blob(blob: &Path) -> Result<bool, CacheError> {
    let Some(_held) = held(blob)? else { return Ok(false) };
    match fs::remove_file(blob) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(CacheError::at("remove", blob)(error)),
        _ => Ok(true),
    }
}

/// The lock that every tool takes for what stands in `blobs/`; none where somebody has it.
fn held(blob: &Path) -> Result<Option<BlobLock>, CacheError> {
    let name = blob.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let etag = name.split('.').next().unwrap_or(name);
    let folder = blob.parent().and_then(Path::parent);
    let Some((root, folder)) = folder.and_then(|folder| Some((folder.parent()?, folder.file_name()?))) else {
        return Ok(Some(BlobLock::none()));
    };
    BlobLock::try_acquire(&root.join(".locks").join(folder).join(format!("{etag}.lock")))
}
