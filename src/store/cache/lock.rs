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
        if let Some(parent) = path.parent() {
            place::make_folder(parent)?;
        }
        for _ in 0..ATTEMPTS {
            let Some((file, made)) = open(path)? else { continue };
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
        #[cfg(target_os = "linux")]
        {
            use std::os::unix::fs::MetadataExt as _;
            let inode = fs::metadata(path).ok()?.ino();
            let table = fs::read_to_string("/proc/locks").unwrap_or_default();
            holder_in(&table, inode).or_else(|| match soft_lock::read(path) {
                SoftLockState::Held(process) => Some(process),
                SoftLockState::Left | SoftLockState::None => None,
            })
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = path;
            None
        }
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
    #[cfg(unix)]
    {
        // On the handle, so it is fchmod; some mounts know no modes, and a lock is a lock without them.
        let _ = file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o664));
    }
    Ok(file)
}

/// Whether `path` itself (not what a link there leads to) is the file of this handle.
///
/// # Errors
/// Where the handle cannot be asked. A path that is gone is no error.
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let Ok(found) = fs::symlink_metadata(path) else { return Ok(false) };
    let own = file.metadata()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        Ok((own.dev(), own.ino()) == (found.dev(), found.ino()))
    }
    // Stable Rust tells no file index on Windows. There an open file keeps its name unless it is deleted in a way that
    // few programs use, so the same date of birth is enough; lengths change while others write. (Not run.)
    #[cfg(not(unix))]
    {
        Ok(found.is_file() && own.created().ok() == found.created().ok())
    }
}

/// The process in the line `N: FLOCK ADVISORY WRITE PROCESS DEVICE:INODE START END` about an inode. Lines with `->` are
/// of those who wait; a process of another namespace is 0.
#[cfg(target_os = "linux")]
fn holder_in(table: &str, inode: u64) -> Option<u32> {
    let lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut held = lines.filter(|fields| fields.get(1) == Some(&"FLOCK"));
    let is_it = |place: &str| place.rsplit(':').next().and_then(|text| text.parse().ok()) == Some(inode);
    let process = held.find(|fields| fields.get(5).is_some_and(|place| is_it(place)))?.get(4)?.parse().ok()?;
    (process != 0).then_some(process)
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn one_holder_at_a_time_and_the_file_stays() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("models--a/x.lock");
        let first = BlobLock::try_acquire(&path).unwrap().unwrap();
        assert!(first.excludes_others());
        assert!(BlobLock::try_acquire(&path).unwrap().is_none());
        drop(first);
        assert!(path.exists());
        assert!(BlobLock::try_acquire(&path).unwrap().is_some());
    }

    #[test]
    fn what_stands_in_a_lock_file_is_not_truncated() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("x.lock");
        fs::write(&path, "somebody's note").unwrap();
        drop(BlobLock::try_acquire(&path).unwrap().unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"somebody's note");
    }

    #[test]
    fn a_lock_deleted_while_waited_for_is_no_lock() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let (waiting, _) = open(&path).unwrap().unwrap();
        assert!(is_at(&waiting, &path).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(!is_at(&waiting, &path).unwrap());
        let newcomer = BlobLock::try_acquire(&path).unwrap().unwrap();
        assert!(!is_at(&waiting, &path).unwrap(), "another inode has the name now");
        drop(newcomer);
    }

    #[test]
    fn threads_that_fight_for_it_never_hold_it_together() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let folder = tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let (inside, turns) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while turns.load(Ordering::SeqCst) < 200 {
                        let Some(lock) = BlobLock::try_acquire(&path).unwrap() else { continue };
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        if turns.fetch_add(1, Ordering::SeqCst).is_multiple_of(5) {
                            // Those who wait for this file must notice that it has no name any more.
                            fs::remove_file(&path).unwrap();
                        }
                        drop(lock);
                    }
                });
            }
        });
    }

    #[cfg(unix)]
    #[test]
    fn modes_follow_filelock_and_links_are_refused() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempdir().unwrap();
        let path = folder.path().join("x.lock");
        drop(BlobLock::try_acquire(&path).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o664);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        let held = BlobLock::try_acquire(&path).unwrap().unwrap();
        assert!(held.excludes_others());
        assert!(BlobLock::try_acquire(&path).unwrap().is_none());

        let (link, folder_there) = (folder.path().join("link.lock"), folder.path().join("folder.lock"));
        symlink(&path, &link).unwrap();
        fs::create_dir(&folder_there).unwrap();
        for foreign in [&link, &folder_there] {
            assert!(matches!(BlobLock::try_acquire(foreign), Err(CacheError::ForeignLock { .. })));
        }
    }

    /// What `flock` answers where locking is forbidden (AppArmor, CIFS) or unknown (Lustre, FUSE).
    #[cfg(target_os = "linux")]
    #[test]
    fn where_no_lock_is_to_be_had_the_file_is_a_soft_lock_and_goes_away() {
        use rustix::io::Errno;
        let folder = tempdir().unwrap();
        let path = folder.path().join("x.lock");
        for error in [Errno::ACCESS, Errno::PERM, Errno::NOSYS, Errno::OPNOTSUPP, Errno::NOLCK] {
            let acquire = || BlobLock::acquire(&path, |_| Err(TryLockError::Error(error.into()))).unwrap();
            let lock = acquire().unwrap();
            assert!(!lock.excludes_others());
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(text.lines().next(), Some(std::process::id().to_string().as_str()));
            assert_eq!(BlobLock::holder(&path), Some(std::process::id()));
            assert!(acquire().is_none(), "the record keeps others away");
            drop(lock);
            assert!(!path.exists());
            // left by a program that had locks: it stops nobody, and it is not ours to remove
            fs::write(&path, "").unwrap();
            drop(acquire().unwrap());
            assert!(path.exists());
            // left by one that is gone
            fs::write(&path, text.replacen(&std::process::id().to_string(), &u32::MAX.to_string(), 1)).unwrap();
            drop(acquire().unwrap());
            assert!(!path.exists());
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn permission_denied_means_held_only_where_a_lock_can_be_had_at_all() {
        use rustix::io::Errno;
        use std::os::unix::fs::MetadataExt as _;
        let folder = tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let held = |file: &File| match file.metadata().unwrap().nlink() {
            0 => Ok(()),
            _ => Err(TryLockError::Error(Errno::ACCESS.into())),
        };
        assert!(BlobLock::acquire(&path, held).unwrap().is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_holder_of_a_lock_is_known() {
        let table = "1: POSIX  ADVISORY  WRITE 7 fd:01:42 0 EOF\n2: FLOCK  ADVISORY  WRITE 815 fd:01:42 0 EOF\n\
            2: -> FLOCK  ADVISORY  WRITE 816 fd:01:42 0 EOF\n3: FLOCK  ADVISORY  READ 0 00:2a:43 0 EOF\n";
        assert_eq!([42, 43, 44].map(|inode| holder_in(table, inode)), [Some(815), None, None]);
        let folder = tempdir().unwrap();
        let path = folder.path().join("x.lock");
        assert_eq!(BlobLock::holder(&path), None);
        let lock = BlobLock::try_acquire(&path).unwrap().unwrap();
        assert_eq!(BlobLock::holder(&path), Some(std::process::id()));
        drop(lock);
        assert_eq!(BlobLock::holder(&path), None);
    }
}
