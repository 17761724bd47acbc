//! Bringing to the disk what a ref is about to promise.
//!
//! The fact behind it: ext4 that lost its power four seconds after a pull had ended kept every name and every length, and
//! the small files were zeros. Syncing each of 2,000 small files costs seconds, since each waits for the journal of the
//! file system; one `syncfs` waits once.

use std::fs::File;
use std::path::Path;

use super::CacheError;

/// Brings the file system of `folder` to the disk, or, where that cannot be asked for, these files.
pub(super) fn to_disk<'a>(folder: &Path, files: impl Iterator<Item = &'a Path>) -> Result<(), CacheError> {
    #[cfg(target_os = "linux")]
    {
        let opened = File::open(folder).map_err(CacheError::at("open", folder))?;
        match rustix::fs::syncfs(&opened) {
            Err(rustix::io::Errno::NOSYS) => {}
            done => return done.map_err(|error| CacheError::at("bring to the disk", folder)(error.into())),
        }
    }
    let _ = folder;
    for path in files {
        // for Windows, which syncs only what is open for writing
        let opened = File::options().read(true).write(cfg!(windows)).open(path);
        match opened.and_then(|file| file.sync_all()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(CacheError::at("bring to the disk", path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}
