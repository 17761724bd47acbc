//! One writer for each blob, among all tools that share the cache.
//!
//! `std::fs::File::try_lock` is `flock(2)` on Linux and macOS, which is what Python's filelock takes, so the two exclude
//! each other, provided that we do as it does (filelock 4.2, `_unix.py`): open without truncation, make new lock files
//! 0664 whatever the umask (a group that shares a cache must be able to wait for each other), leave the file in place,
//! and look again after locking whether the path still names the file that was locked. That last one cost somebody a
//! day: a lock on a deleted file is a lock on nothing.
//!
//! The lock saves bandwidth; correctness never rests on it, because on Lustre, GPFS and some NFS mounts `flock` succeeds
//! for everyone (`huggingface_hub` PR 4228). So where there are no locks to be had (unsupported, forbidden by AppArmor or a
//! CIFS server, a folder of another user's) the caller goes on without, and the file that this run made for the lock becomes
//! filelock's soft lock until it ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use super::soft_lock::{self, SoftLock, SoftLockState};
use super::{CacheError, place};
use crate::regular_file;
use crate::system::files::{self, set_mode};
pub(super) use crate::system::files::{is_at, is_of};

/// How often a lock file may vanish between opening and locking before that counts as held by somebody.
const ATTEMPTS: usize = 16;

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct BlobLock(Hold);

#[derive(Debug)]
enum Hold {
    /// The system's; the file stays.
    System(File),
    /// A file that goes away with it.
    Soft(#[expect(dead_code, reason = "held for what it does when it is dropped")] SoftLock),
    /// No lock could be had.
    Nothing,
}

impl BlobLock {
    /// No lock: for who has waited long enough for one.
    #[must_use]
    pub(crate) const fn none() -> Self {
        Self(Hold::Nothing)
    }

    /// Takes the lock at `path` if nobody has it; `None` where somebody does, and the caller may ask again later.
    /// Creates the file and the folders above it; where that is not allowed, or there are no locks, the caller goes on
    /// without one.
    ///
    /// # Errors
    /// Where something other than a regular file is there, or a file is in the way of a folder.
    pub(crate) fn try_acquire(path: &Path) -> Result<Option<Self>, CacheError> {
        match Self::acquire(path, File::try_lock) {
            Err(CacheError::Io { source, .. }) if is_forbidden(&source) => Ok(Some(Self::none())),
            acquired => acquired,
        }
    }

    fn acquire(path: &Path, lock: impl Fn(&File) -> Result<(), TryLockError>) -> Result<Option<Self>, CacheError> {
        for _ in 0..ATTEMPTS {
            let opened = match open(path) {
                // of thousands of locks only the first one finds no folder
                Err(CacheError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                    path.parent().map_or(Ok(()), place::make_folder)?;
                    open(path)
                }
                opened => opened,
            };
            let Some((file, made)) = opened? else { continue };
            match lock(&file) {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(TryLockError::Error(error)) if is_contention(&error, path, &lock) => return Ok(None),
                Err(TryLockError::Error(_)) if made => {
                    return Ok(Some(Self(SoftLock::hold(path, file).map_or(Hold::Nothing, Hold::Soft))));
                }
                Err(TryLockError::Error(_)) => match soft_lock::read(path) {
                    SoftLockState::Held(_) => return Ok(None),
                    SoftLockState::Left if is_at(&file, path).unwrap_or(false) && fs::remove_file(path).is_ok() => {
                        continue;
                    }
                    SoftLockState::Left | SoftLockState::None => return Ok(Some(Self::none())),
                },
            }
            if is_at(&file, path).map_err(CacheError::at("look at the lock", path))? {
                return Ok(Some(Self(Hold::System(file))));
            }
        }
        Ok(None)
    }

    /// The process that has the lock at `path`, where the system tells: Linux does, in `/proc/locks`, for processes of
    /// this machine.
    #[must_use]
    pub(crate) fn holder(path: &Path) -> Option<u32> {
        files::lock_holder(path).or_else(|| match soft_lock::read(path) {
            SoftLockState::Held(process) => Some(process),
            SoftLockState::Left | SoftLockState::None => None,
        })
    }

    /// Whether the file system really keeps others away while this is held.
    #[cfg(test)]
    const fn excludes_others(&self) -> bool {
        matches!(self.0, Hold::System(_))
    }
}

impl Drop for BlobLock {
    fn drop(&mut self) {
        // Closing the handle would do it, too, unless a child process has inherited a copy of it.
        if let Hold::System(file) = &self.0 {
            let _ = file.unlock();
        }
    }
}

/// Whether "permission denied" means "held elsewhere", as on some file systems (filelock always reads it so), or that
/// nobody may lock anything here: then the lock of a file that nobody else knows is denied as well.
fn is_contention(error: &io::Error, path: &Path, lock: impl Fn(&File) -> Result<(), TryLockError>) -> bool {
    let may_lock = || {
        let trial = path.parent().and_then(|folder| tempfile::tempfile_in(folder).ok());
        trial.is_some_and(|file| lock(&file).is_ok())
    };
    error.kind() == io::ErrorKind::PermissionDenied && may_lock()
}

/// Whether lock files cannot be made or opened here by this user. What is fetched goes elsewhere, and says for itself
/// whether that can be written.
fn is_forbidden(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// Opens the lock file, or makes it, and says which; `None` where it vanished in between.
fn open(path: &Path) -> Result<Option<(File, bool)>, CacheError> {
    let refuse = |error| CacheError::at("open the lock", path)(error);
    match create(path) {
        Ok(file) => return Ok(Some((file, true))),
        Err(error) => match fs::symlink_metadata(path) {
            // Neither through a link (filelock refuses those as well) nor on a pipe, which would wait for its other end.
            Ok(found) if !found.is_file() => return Err(CacheError::ForeignLock { path: path.to_path_buf() }),
            Ok(_) => {}
            Err(_) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            Err(_) => return Err(refuse(error)),
        },
    }
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => Ok(Some((file, false))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // Another user's file, or a read-only mount: flock works on a handle that can only read.
        Err(error) => match regular_file::open(path) {
            Ok(file) => Ok(Some((file, false))),
            Err(_) => Err(refuse(error)),
        },
    }
}

fn create(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
    // on the handle, so it is fchmod
    set_mode(&file, 0o664);
    Ok(file)
}

#[cfg(test)]
mod tests;
