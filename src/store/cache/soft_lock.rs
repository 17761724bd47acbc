//! Python filelock's soft lock: a file that says who holds it by being there.
//!
//! Where a file system has no `flock` (ENOSYS on some Lustre and FUSE mounts), filelock 4 takes a lock file that exists for
//! one that is held, and an empty one for one that is held for ever. So there the file of a lock is a record (the process
//! and its machine, a line each), and it goes away with the lock. What a process left that is gone is taken over; what
//! holds no record was left by a program that had `flock`, and stops nobody here.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::lock::is_at;
use super::process;
use crate::regular_file;

/// A held soft lock.
#[derive(Debug)]
pub(super) struct SoftLock {
    path: PathBuf,
    file: File,
}

/// What a lock file says without `flock`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SoftLockState {
    /// A process that may be there holds it.
    Held(u32),
    /// Whoever held it is gone.
    Left,
    /// Nothing.
    None,
}

impl SoftLock {
    /// Holds the lock whose file this process has made just now. Where this machine has no name to write down, the file
    /// goes away at once.
    pub(super) fn hold(path: &Path, file: File) -> Option<Self> {
        let lock = Self { path: path.to_path_buf(), file };
        let record = format!("{}\n{}\n", std::process::id(), process::host_name()?);
        (&lock.file).write_all(record.as_bytes()).ok()?;
        Some(lock)
    }
}

impl Drop for SoftLock {
    fn drop(&mut self) {
        if is_at(&self.file, &self.path).unwrap_or(false) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Reads the record in a lock file.
pub(super) fn read(path: &Path) -> SoftLockState {
    let text = regular_file::read_text(path, regular_file::NOTE).unwrap_or_default();
    let mut lines = text.lines();
    let (Some(Ok(process)), Some(host)) = (lines.next().map(str::parse::<u32>), lines.next()) else {
        return SoftLockState::None;
    };
    if process::host_name().as_deref() == Some(host) && !process::is_alive(process) {
        return SoftLockState::Left;
    }
    SoftLockState::Held(process)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_there_as_long_as_it_is_held_and_says_whose_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let lock = SoftLock::hold(&path, File::create_new(&path).unwrap()).unwrap();
        assert_eq!(read(&path), SoftLockState::Held(std::process::id()));
        drop(lock);
        assert!(!path.exists());
    }

    #[test]
    fn what_the_dead_and_the_silent_left_is_told_from_what_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.lock");
        let host = process::host_name().unwrap();
        for (text, record) in [
            (String::new(), SoftLockState::None),
            ("somebody's note".to_owned(), SoftLockState::None),
            (format!("{}\n{host}\n", u32::MAX), SoftLockState::Left),
            (format!("1\n{host}\n12345\n"), SoftLockState::Held(1)),
            ("1\nanother-host\n".to_owned(), SoftLockState::Held(1)),
        ] {
            fs::write(&path, &text).unwrap();
            assert_eq!(read(&path), record, "{text:?}");
        }
        assert_eq!(read(Path::new("/no/such/lock")), SoftLockState::None);
    }
}
