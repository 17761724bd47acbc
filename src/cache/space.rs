//! Room on the disk, asked before the first byte of a job.
//!
//! The fact behind it: `huggingface_hub` warns file by file and goes on, so a 140 GB pull fails after 130 GB. Some network
//! file systems report nothing at all (no total, no free blocks), and some (BlobFuse, a sandbox) do not answer: that is not a
//! full disk, so it is no reason to refuse.

use std::fs;
use std::path::Path;

use super::CacheError;

/// How many bytes this user may still write at `path`, or at the nearest folder above it that exists.
///
/// # Errors
/// Where the file system cannot be asked.
pub fn available(path: &Path) -> Result<u64, CacheError> {
    let place = super::place::resolve(path);
    let existing = place.ancestors().find(|ancestor| fs::metadata(ancestor).is_ok()).unwrap_or(&place);
    let stats = fs4::statvfs(existing).map_err(CacheError::at("ask for the free space at", existing))?;
    Ok(if stats.total_space() == 0 { u64::MAX } else { stats.available_space() })
}

/// Checks that `needed` bytes fit at `path`.
///
/// # Errors
/// [`CacheError::NoSpace`] where they do not. Where the file system does not say, they may.
pub fn ensure(path: &Path, needed: u64) -> Result<(), CacheError> {
    let Ok(available) = available(path) else { return Ok(()) };
    if needed > available {
        return Err(CacheError::NoSpace { path: path.to_path_buf(), needed, available });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn space_is_known_for_folders_that_are_yet_to_be_made() {
        let folder = tempdir().unwrap();
        let future = folder.path().join("a/b/c");
        assert!(available(&future).unwrap() > 0);
        ensure(&future, 1).unwrap();
        assert!(!future.exists());
    }

    #[test]
    fn what_cannot_fit_is_refused_with_both_figures() {
        let folder = tempdir().unwrap();
        let error = ensure(folder.path(), u64::MAX - 1).unwrap_err();
        assert!(error.is_disk_full());
        assert!(error.to_string().contains(&(u64::MAX - 1).to_string()), "{error}");
    }
}
