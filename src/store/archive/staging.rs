//! The hidden folder that an archive is unpacked into, and who takes it away.
//!
//! The fact that cost a disk: an interrupted run removed this folder while its own thread went on to write into it, and a
//! killed one left it for good, under a hidden name that nobody looks for. So whoever writes asks before each step whether
//! the folder is still wanted, and the next run removes what nobody holds the lock of.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use super::ArchiveError;

const PREFIX: &str = ".gatedl-";
const SUFFIX: &str = ".incomplete";
/// How often another run may take a folder for one that was left behind, in the moment before it is locked.
const MOST_TRIES: usize = 3;

/// A hidden folder beside the archive's place; it goes away with this value unless it got its name.
#[derive(Debug)]
pub(crate) struct Staging {
    folder: TempDir,
    place: PathBuf,
    is_wanted: Arc<Mutex<bool>>,
    /// For the others' sweep; none where the file system has no locks for folders, and then there is no sweep.
    _lock: Option<File>,
}

/// The same folder for whoever unpacks into it, on a thread that may outlive the run.
#[derive(Debug, Clone)]
pub(crate) struct Hidden {
    path: PathBuf,
    is_wanted: Arc<Mutex<bool>>,
}

impl Staging {
    /// Makes the folder beside `place`, where the archive itself would stand, and removes those that killed runs left
    /// there.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn beside(place: &Path) -> Result<Self, ArchiveError> {
        let parent = place.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(ArchiveError::at("create the folder", parent))?;
        sweep(parent);
        let (folder, lock) = locked_in(parent).map_err(ArchiveError::at("create a temporary folder in", parent))?;
        Ok(Self { folder, place: place.to_path_buf(), is_wanted: Arc::new(Mutex::new(true)), _lock: lock })
    }

    /// The hidden folder.
    #[must_use]
    pub(crate) fn hidden(&self) -> Hidden {
        Hidden { path: self.folder.path().to_path_buf(), is_wanted: Arc::clone(&self.is_wanted) }
    }

    /// Where the archive itself would stand.
    pub(super) fn place(&self) -> &Path {
        &self.place
    }
}

impl Drop for Staging {
    /// Waits for the step under way; the folder is removed afterwards, with the fields.
    fn drop(&mut self) {
        *self.is_wanted.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }
}

impl Hidden {
    /// The hidden folder.
    #[must_use]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The right to one step of writing.
    pub(super) fn enter(&self) -> Result<MutexGuard<'_, bool>, ArchiveError> {
        let guard = self.is_wanted.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = || io::Error::from(io::ErrorKind::Interrupted);
        if *guard { Ok(guard) } else { Err(ArchiveError::at("unpack into", &self.path)(gone())) }
    }
}

/// A new folder and its lock. Another run that swept it in the moment before holds the lock, or has removed it.
fn locked_in(parent: &Path) -> io::Result<(TempDir, Option<File>)> {
    for _ in 1..MOST_TRIES {
        let folder = make_in(parent)?;
        if let Ok(lock) = lock(folder.path())
            && folder.path().exists()
        {
            return Ok((folder, lock));
        }
    }
    Ok((make_in(parent)?, None))
}

fn make_in(parent: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    crate::system::files::make_with_mode(&mut builder, 0o777);
    builder.tempdir_in(parent)
}

/// Locks a folder; none where that cannot be done at all, an error where another holds it.
fn lock(folder: &Path) -> Result<Option<File>, ()> {
    let Ok(file) = File::open(folder) else { return Ok(None) };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(()),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// Removes what killed runs left behind. What cannot be locked or removed stays.
fn sweep(parent: &Path) {
    let named =
        |name: &std::ffi::OsStr| name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
    for left in fs::read_dir(parent).into_iter().flatten().flatten().filter(|entry| named(&entry.file_name())) {
        if left.file_type().is_ok_and(|kind| kind.is_dir())
            && let Ok(Some(_lock)) = lock(&left.path())
        {
            let _ = fs::remove_dir_all(left.path());
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn what_a_killed_run_left_is_removed_and_what_another_works_on_stays() {
        let root = tempdir().unwrap();
        let place = root.path().join("pack.zip");
        let left = root.path().join(".gatedl-a.incomplete");
        fs::create_dir_all(left.join("faces")).unwrap();
        fs::write(left.join("faces/half.onnx"), "ha").unwrap();
        let others = [root.path().join(".gatedl-x"), root.path().join("gatedl-y.incomplete")];
        for other in &others {
            fs::create_dir(other).unwrap();
        }
        let live = Staging::beside(&place).unwrap();
        assert!(!left.exists());
        let second = Staging::beside(&place).unwrap();
        assert!(live.hidden().path().is_dir() && second.hidden().path().is_dir());
        assert!(others.iter().all(|other| other.is_dir()));
    }

    #[test]
    fn nobody_writes_into_a_folder_that_is_gone() {
        let root = tempdir().unwrap();
        let staging = Staging::beside(&root.path().join("pack.zip")).unwrap();
        let hidden = staging.hidden();
        drop(hidden.enter().unwrap());
        drop(staging);
        assert!(hidden.enter().is_err() && !hidden.path().exists());
    }
}
