//! Files that a killed download left behind, ours and those of other tools.
//!
//! The trap: since 1.18 `hf` gives each try a name of its own and goes on from none of them, so every
//! kill of a large download leaves its bytes until `hf cache prune` (hub-protocol §7.3). Ours are gone on from.

use std::fs::{self, TryLockError};
use std::path::{Path, PathBuf};

use super::partial::SUFFIX;
use super::{RepoLayout, debris};
use crate::regular_file;
use crate::store::scan;
use crate::system::files::allocated;

/// What a killed download left, or one that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfinished {
    /// The file.
    pub(crate) path: PathBuf,
    /// How many bytes it takes on the disk.
    pub(crate) bytes: u64,
    /// Whether it is gatedl's, so that a pull goes on from it.
    pub(crate) ours: bool,
    /// Whether it is gatedl's, of use to nobody, and removed by the next pull of the repository.
    pub(crate) debris: bool,
    /// Whether some program is downloading this content at the moment.
    pub(crate) busy: bool,
}

/// The unfinished files of a cache, by path.
#[must_use]
pub(crate) fn unfinished(root: &Path) -> Vec<Unfinished> {
    let mut found: Vec<Unfinished> = scan::repositories(root).iter().flat_map(|folder| of(&folder.layout)).collect();
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

/// The unfinished files of one repository.
#[must_use]
pub(crate) fn of(layout: &RepoLayout) -> Vec<Unfinished> {
    let (private, blobs) = (layout.private(), layout.blobs());
    let left = [debris::in_own_folder(&private), debris::beside_content(&blobs)].concat();
    let debris = left.iter().map(|path| {
        let bytes = bytes_of(path).unwrap_or_default();
        Unfinished { path: path.clone(), bytes, ours: false, debris: true, busy: false }
    });
    let others = scan::entries(&blobs).into_iter().filter(|path| !left.contains(path)).filter_map(|path| {
        let name = scan::name_of(&path)?;
        let (etag, bytes) = (etag_of(name)?, bytes_of(&path)?);
        let (ours, busy) = (name.ends_with(SUFFIX), is_locked(&layout.locks().join(format!("{etag}.lock"))));
        Some(Unfinished { bytes, ours, debris: false, busy, path })
    });
    debris.chain(others).collect()
}

/// Removes journals whose partial files are gone: somebody else has published or removed them.
pub(super) fn remove_lonely_journals(journals: &Path, blobs: &Path) {
    for path in scan::entries(journals) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(etag) = name.strip_suffix(".journal") else { continue };
        let partial = |infix: &str| blobs.join(format!("{etag}{infix}{SUFFIX}"));
        if [partial(""), partial(".verify")].iter().all(|partial| fs::symlink_metadata(partial).is_err()) {
            let _ = fs::remove_file(&path);
        }
    }
}

/// The etag in the name of an unfinished file: `<etag>.gatedl.incomplete` is ours, `<etag>.<random>.incomplete` that of
/// `hf`, `<etag>.incomplete` that of older ones and of Rust's hf-hub, `<etag>.downloadInProgress` llama.cpp's.
fn etag_of(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(".incomplete").or_else(|| name.strip_suffix(".downloadInProgress"))?;
    stem.split('.').next()
}

/// What it takes on the disk: a file that is written at its offsets is as long as the whole from the first byte on.
fn bytes_of(path: &Path) -> Option<u64> {
    let found = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(allocated(&found))
}

/// Whether somebody holds a lock. One that is not there is held by nobody, and is not made.
fn is_locked(path: &Path) -> bool {
    regular_file::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn names_of_all_tools_are_known() {
        for (name, etag) in [
            ("ab12.gatedl.incomplete", Some("ab12")),
            ("ab12.0f3c9a7e.incomplete", Some("ab12")),
            ("ab12.incomplete", Some("ab12")),
            ("ab12.downloadInProgress", Some("ab12")),
            ("ab12", None),
        ] {
            assert_eq!(etag_of(name), etag, "{name}");
        }
    }

    #[test]
    fn what_is_being_downloaded_is_told_from_what_was_left() {
        let root = tempfile::tempdir().unwrap();
        let blobs = root.path().join("models--org--m/blobs");
        let locks = root.path().join(".locks/models--org--m");
        fs::create_dir_all(&blobs).unwrap();
        fs::create_dir_all(&locks).unwrap();
        for name in ["aa.gatedl.incomplete", "bb.01234567.incomplete", "cc"] {
            fs::write(blobs.join(name), vec![1; 10_000]).unwrap();
        }
        let lock = File::create(locks.join("bb.lock")).unwrap();
        lock.try_lock().unwrap();
        let found = unfinished(root.path());
        let told: Vec<(bool, bool)> = found.iter().map(|one| (one.ours, one.busy)).collect();
        assert_eq!(told, [(true, false), (false, true)]);
        assert!(found.iter().all(|one| one.bytes >= 10_000));
        assert!(!locks.join("aa.lock").exists(), "looking makes no lock");
        drop(lock);
        assert!(!unfinished(root.path())[1].busy);
    }
}
