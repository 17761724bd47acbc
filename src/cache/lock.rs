//! One writer for each blob, among all tools that share the cache.
//!
//! `std::fs::File::try_lock` is `flock(2)` on Linux and macOS, which is what Python's filelock takes, so the two exclude
//! each other, provided that we do as it does (filelock 4.2, `_unix.py`): open without truncation, make new lock files
//! 0664 whatever the umask (a group that shares a cache must be able to wait for each other), leave the file in place,
//! and look again after locking whether the path still names the file that was locked. That last one cost somebody a
//! day: a lock on a deleted file is a lock on nothing.
//!
//! The lock saves bandwidth; correctness never rests on it, because on Lustre, GPFS and some NFS mounts `flock` succeeds
//! for everyone (`huggingface_hub` PR 4228). So where locking does not work at all (NFS wants a writable handle, some mounts
//! answer "unsupported" or "no locks") the caller goes on as if it held the lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use super::{CacheError, place};
use crate::regular_file;

/// How often a lock file may vanish between opening and locking before that counts as held by somebody.
const ATTEMPTS: usize = 16;

/// A lock that is held until it is dropped. The file stays.
#[derive(Debug)]
pub struct BlobLock {
    /// None where the file system has no locks.
    file: Option<File>,
}

impl BlobLock {
    /// Takes the lock at `path` if nobody has it; `None` where somebody does, and the caller may ask again later.
    /// Creates the file and the folders above it.
    ///
    /// # Errors
    /// Where the file cannot be made or opened (a read-only cache), or something other than a regular file is there.
    pub fn try_acquire(path: &Path) -> Result<Option<Self>, CacheError> {
        if let Some(parent) = path.parent() {
            place::make_folder(parent)?;
        }
        for _ in 0..ATTEMPTS {
            let Some(file) = open(path)? else { continue };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) if is_contention(&error) => return Ok(None),
                Err(TryLockError::Error(_)) => return Ok(Some(Self { file: None })),
            }
            if is_at(&file, path).map_err(CacheError::at("look at the lock", path))? {
                return Ok(Some(Self { file: Some(file) }));
            }
        }
        Ok(None)
    }

    /// The process that has the lock at `path`, where the system tells: Linux does, in `/proc/locks`, for processes of
    /// this machine.
    #[must_use]
    pub fn holder(path: &Path) -> Option<u32> {
        #[cfg(target_os = "linux")]
        {
            use std::os::unix::fs::MetadataExt as _;
            let inode = fs::metadata(path).ok()?.ino();
            holder_in(&fs::read_to_string("/proc/locks").ok()?, inode)
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
        self.file.is_some()
    }
}

impl Drop for BlobLock {
    fn drop(&mut self) {
        // Closing the handle would do it, too, unless a child process has inherited a copy of it.
        if let Some(file) = &self.file {
            let _ = file.unlock();
        }
    }
}

/// Some file systems say "permission denied" for "held elsewhere"; filelock reads it so as well. An interrupted call is
/// repeated by the caller's next try.
fn is_contention(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Interrupted)
}

/// Opens the lock file, or makes it; `None` where it vanished in between.
fn open(path: &Path) -> Result<Option<File>, CacheError> {
    let refuse = |error| CacheError::at("open the lock", path)(error);
    match create(path) {
        Ok(file) => return Ok(Some(file)),
        Err(error) => match fs::symlink_metadata(path) {
            // Neither through a link (filelock refuses those as well) nor on a pipe, which would wait for its other end.
            Ok(found) if !found.is_file() => return Err(CacheError::ForeignLock { path: path.to_path_buf() }),
            Ok(_) => {}
            Err(_) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            Err(_) => return Err(refuse(error)),
        },
    }
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // Another user's file, or a read-only mount: flock works on a handle that can only read.
        Err(error) => match regular_file::open(path) {
            Ok(file) => Ok(Some(file)),
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
        let waiting = open(&path).unwrap().unwrap();
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
