//! Files that hold tokens: for their owner only from the first byte on, and never half written.
//!
//! A token file that was made first and closed to others afterwards was readable in between, and huggingface_hub's stayed
//! readable for years (huggingface_hub#3896).

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::super::AuthError;
use crate::system::files::make_private;

/// How long another process may work on the logins; huggingface_hub waits as long.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// Writes a file as a whole, 0600, in folders that are made 0700 where they are missing. A link stays a link: its target
/// is what is replaced.
pub(super) fn write(path: &Path, text: &str) -> Result<(), AuthError> {
    write_at(path, text).map_err(|source| AuthError::Write { path: path.to_owned(), source })
}

fn write_at(path: &Path, text: &str) -> io::Result<()> {
    let target = behind_links(path)?;
    let folder = make_folder(&target)?;
    // 0600, as every temporary file
    let mut file = tempfile::Builder::new().prefix(".gatedl-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&target)?;
    Ok(())
}

/// The file behind links, also where it is yet to be made. Its folder must be there then: a link into a volume that is not
/// mounted must not put the token on the disk beneath.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    let Ok(link) = fs::read_link(path) else { return Ok(path.to_owned()) };
    let target = path.parent().unwrap_or(Path::new("")).join(link);
    fs::canonicalize(folder_of(&target))?;
    behind_links(&target)
}

/// Removes a file; one that is not there is removed already.
pub(super) fn remove(path: &Path) -> Result<(), AuthError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(AuthError::Write { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// A lock that is held until it is dropped: `flock` on Linux and macOS, as Python's filelock takes it. The file stays.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Takes the lock of `path`, which is the file beside it that ends in `.lock`.
pub(super) fn lock(path: &Path) -> Result<Lock, AuthError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = Path::new(&name);
    let fail = |source| AuthError::Write { path: lock.to_owned(), source };
    make_folder(lock).map_err(fail)?;
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(lock).map_err(fail)?;
    let since = Instant::now();
    while let Err(error) = file.try_lock() {
        match error {
            TryLockError::WouldBlock if since.elapsed() < PATIENCE => thread::sleep(PAUSE),
            TryLockError::WouldBlock => return Err(AuthError::Locked { path: lock.to_owned() }),
            // a file system without locks; the file itself is still replaced as a whole
            TryLockError::Error(_) => break,
        }
    }
    Ok(Lock { _file: file })
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn make_folder(path: &Path) -> io::Result<&Path> {
    let folder = folder_of(path);
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    make_private(&mut builder);
    builder.create(folder)?;
    Ok(folder)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("a file").permissions().mode() & 0o777
    }

    #[test]
    fn a_file_with_a_token_is_for_its_owner_only() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b/token");
        write(&path, "one").unwrap();
        assert_eq!((mode(&path), mode(path.parent().unwrap()), mode(&root.path().join("a"))), (0o600, 0o700, 0o700));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        write(&path, "two").unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("two", 0o600));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        remove(&path).unwrap();
        remove(&path).unwrap();
    }

    #[test]
    fn a_link_stays_a_link() {
        let root = tempfile::tempdir().unwrap();
        let (link, target) = (root.path().join("token"), root.path().join("dotfiles/token"));
        write(&target, "one").unwrap();
        symlink(&target, &link).unwrap();
        write(&link, "two").unwrap();
        assert!(link.is_symlink() && fs::read_to_string(target).unwrap() == "two");
    }

    #[test]
    fn a_link_to_nothing_stays_one_until_its_folder_is_there() {
        let root = tempfile::tempdir().unwrap();
        let (link, second) = (root.path().join("token"), root.path().join("second"));
        symlink("second", &link).unwrap();
        symlink("vault/token", &second).unwrap();
        assert_eq!(write_at(&link, "one").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(!root.path().join("vault").exists());
        fs::create_dir(root.path().join("vault")).unwrap();
        write(&link, "one").unwrap();
        assert!(link.is_symlink() && second.is_symlink());
        assert_eq!(fs::read_to_string(root.path().join("vault/token")).unwrap(), "one");
    }

    #[test]
    fn one_process_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("stored_tokens");
        let held = lock(&path).unwrap();
        let other = File::open(root.path().join("stored_tokens.lock")).unwrap();
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        drop(held);
        other.try_lock().unwrap();
    }
}
