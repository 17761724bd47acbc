//! What the file system of a cache can do, found out by trying.
//!
//! Nothing else tells: a mount's name says nothing about its locks, and on Lustre and some NFS `flock` succeeds for
//! everybody (`huggingface_hub` PR 4228). The trial stands in `.locks`, the one folder of the root that every tool skips,
//! so that a trial which is killed in the middle leaves nothing that `hf cache ls` would warn about (hub-protocol §3.4).

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::store::make_link;
use super::{CacheError, place};

/// What was found out.
#[derive(Debug)]
pub(crate) struct Abilities {
    /// Symbolic links: without them a snapshot holds copies.
    pub(crate) symbolic_links: io::Result<()>,
    /// Hard links.
    pub(crate) hard_links: io::Result<()>,
    /// Files that share their blocks.
    pub(crate) reflinks: io::Result<()>,
    /// Locks that keep others away.
    pub(crate) locks: Locks,
}

/// How locks behave.
#[derive(Debug)]
pub(crate) enum Locks {
    /// They keep others away.
    Work,
    /// They are given to everybody at once.
    Lie,
    /// There are none.
    Missing(io::Error),
}

/// Tries out the file system of a cache root, or of the nearest folder above it that exists. Nothing is left behind.
///
/// # Errors
/// When nothing can be written there.
pub(crate) fn abilities(root: &Path) -> Result<Abilities, CacheError> {
    let root = place::resolve(root);
    if root.is_dir() {
        let locks = root.join(".locks");
        let existed = locks.is_dir();
        place::make_folder(&locks)?;
        let tried = try_in(&locks);
        if !existed {
            // another tool may have put a lock there meanwhile, and then it stays
            let _ = fs::remove_dir(&locks);
        }
        return tried;
    }
    match root.ancestors().find(|ancestor| fs::symlink_metadata(ancestor).is_ok()) {
        Some(folder) if folder.is_dir() => try_in(folder),
        Some(file) => Err(CacheError::FileInTheWay { path: file.to_path_buf() }),
        None => Err(CacheError::at("find the folder", &root)(io::ErrorKind::NotFound.into())),
    }
}

fn try_in(folder: &Path) -> Result<Abilities, CacheError> {
    let trial = tempfile::Builder::new().prefix("gatedl-doctor-").tempdir_in(folder);
    let trial: TempDir = trial.map_err(CacheError::at("write in", folder))?;
    let file = trial.path().join("file");
    fs::write(&file, b"trial").map_err(CacheError::at("write", &file))?;
    let at = |name: &str| -> PathBuf { trial.path().join(name) };
    Ok(Abilities {
        symbolic_links: make_link(Path::new("file"), &at("symbolic")),
        hard_links: fs::hard_link(&file, at("hard")),
        reflinks: reflink_copy::reflink(&file, at("reflink")),
        locks: locks(&file).map_err(CacheError::at("open", &file))?,
    })
}

/// Two handles of one file, of which only one may have the lock.
fn locks(file: &Path) -> io::Result<Locks> {
    let (first, second) = (File::open(file)?, File::open(file)?);
    Ok(match (first.try_lock(), second.try_lock()) {
        (Err(TryLockError::Error(error)), _) => Locks::Missing(error),
        (Ok(()), Ok(())) => Locks::Lie,
        _ => Locks::Work,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("hub");
        let tried = abilities(&root).unwrap();
        assert!(tried.hard_links.is_ok() && matches!(tried.locks, Locks::Work));
        assert!(!root.exists() && fs::read_dir(folder.path()).unwrap().next().is_none());

        fs::create_dir(&root).unwrap();
        abilities(&root).unwrap();
        assert!(fs::read_dir(&root).unwrap().next().is_none());

        fs::create_dir(root.join(".locks")).unwrap();
        abilities(&root).unwrap();
        assert!(fs::read_dir(root.join(".locks")).unwrap().next().is_none());
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("hub"), "").unwrap();
        let error = abilities(&folder.path().join("hub/deeper")).unwrap_err();
        assert!(matches!(error, CacheError::FileInTheWay { .. }), "{error}");
    }
}
