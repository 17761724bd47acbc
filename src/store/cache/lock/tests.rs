//! Who gets a lock, and what becomes of it where there are none.

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
    let folder = tempdir().unwrap();
    let path = folder.path().join("x.lock");
    assert_eq!(BlobLock::holder(&path), None);
    let lock = BlobLock::try_acquire(&path).unwrap().unwrap();
    assert_eq!(BlobLock::holder(&path), Some(std::process::id()));
    drop(lock);
    assert_eq!(BlobLock::holder(&path), None);
}
