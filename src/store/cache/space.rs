//! Room on the disk, asked before the first byte of a job.
//!
//! The fact behind it: `huggingface_hub` warns file by file and goes on, so a 140 GB pull fails after 130 GB. Some network
//! file systems report nothing at all (no total, no free blocks), and some (BlobFuse, a sandbox) do not answer: that is not a
//! full disk, so it is no reason to refuse.

use std::fs;
use std::path::{Path, PathBuf};

use super::CacheError;
use crate::system::files::is_one_file_system;

/// How many bytes this user may still write at `path`, or at the nearest folder above it that exists.
///
/// # Errors
/// Where the file system cannot be asked.
pub(crate) fn available(path: &Path) -> Result<u64, CacheError> {
    let place = super::place::resolve(path);
    let existing = place.ancestors().find(|ancestor| fs::metadata(ancestor).is_ok()).unwrap_or(&place);
    let stats = fs4::statvfs(existing).map_err(CacheError::at("ask for the free space at", existing))?;
    Ok(if stats.total_space() == 0 { u64::MAX } else { stats.available_space() })
}

/// Checks that `needed` bytes fit at `path`.
///
/// # Errors
/// [`CacheError::NoSpace`] where they do not. Where the file system does not say, they may.
pub(crate) fn ensure(path: &Path, needed: u64) -> Result<(), CacheError> {
    Room::default().take(path, needed)
}

/// Room for several jobs: each takes its bytes from what those before it have left of their file system.
#[derive(Debug, Default)]
pub(crate) struct Room(Vec<(PathBuf, u64)>);

impl Room {
    /// Takes `needed` bytes at `path`.
    ///
    /// # Errors
    /// As [`ensure`]; nothing is taken then.
    pub(crate) fn take(&mut self, path: &Path, needed: u64) -> Result<(), CacheError> {
        let Ok(available) = available(path) else { return Ok(()) };
        let taken = self.0.iter().filter(|(other, _)| is_one_file_system(other, path)).map(|(_, bytes)| bytes);
        let available = taken.fold(available, |left, bytes| left.saturating_sub(*bytes));
        if needed > available {
            return Err(CacheError::NoSpace { path: path.to_path_buf(), needed, available });
        }
        self.0.push((path.to_path_buf(), needed));
        Ok(())
    }
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
    fn jobs_take_what_those_before_them_left() {
        let folder = tempdir().unwrap();
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        let most = available(folder.path()).unwrap() / 4 * 3;
        let mut room = Room::default();
        room.take(&one, most).unwrap();
        assert!(room.take(&other, most).unwrap_err().is_disk_full());
        room.take(&other, most / 64).unwrap();
    }

    #[test]
    fn what_cannot_fit_is_refused_with_both_figures() {
        let folder = tempdir().unwrap();
        let error = ensure(folder.path(), u64::MAX - 1).unwrap_err();
        assert!(error.is_disk_full());
        assert!(error.to_string().contains(&(u64::MAX - 1).to_string()), "{error}");
    }
}
