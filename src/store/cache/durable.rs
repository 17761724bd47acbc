//! Bringing to the disk what a ref is about to promise.
//!
//! The fact behind it: ext4 that lost its power four seconds after a pull had ended kept every name and every length, and
//! the small files were zeros. Syncing each of 2,000 small files costs seconds, since each waits for the journal of the
//! file system; one `syncfs` waits once.

use std::path::Path;

use super::CacheError;
use crate::system::files;

/// Brings the file system of `folder` to the disk, or, where that cannot be asked for, these files.
pub(super) fn to_disk<'a>(folder: &Path, paths: impl Iterator<Item = &'a Path>) -> Result<(), CacheError> {
    if files::sync_file_system(folder).map_err(CacheError::at("bring to the disk", folder))? {
        return Ok(());
    }
    for path in paths {
        match files::sync(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(CacheError::at("bring to the disk", path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}
