//! Taking away what is in a cache, and nothing that somebody else holds.
//!
//! Who works in a repository shows it: a pull of ours holds a lock on its mark below `refs/gatedl/`, every tool holds the
//! lock of the blob that it fetches. Where either is held, the repository is left alone as a whole: what looks useless
//! now may be what that process is about to name.
//!
//! The order is that of `hf`: names before content, so that a kill in between leaves no name that leads to nothing. First
//! of all the refs, since a ref to a commit that is gone makes `hf` drop the whole repository. Whether a name still leads
//! to a blob is looked at when it is its turn, whatever was planned.

mod shared;

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use self::shared::{sweep, unused};

use super::cache::{BlobLock, CacheError, RepoLayout};
use super::scan::{self, RepoFolder};
use crate::regular_file;
use crate::repo::Commit;

/// What is to go of one repository.
#[derive(Debug, Clone)]
pub(crate) struct Removal {
    /// The repository.
    pub(crate) folder: RepoFolder,
    /// All of it.
    pub(crate) whole: bool,
    /// Refs.
    pub(crate) references: Vec<PathBuf>,
    /// Names of files in snapshots that stay.
    pub(crate) files: Vec<PathBuf>,
    /// Snapshots, with all that is kept by their commits.
    pub(crate) commits: Vec<Commit>,
    /// What stands in `blobs/`, if no name leads to it then; and what killed runs left.
    pub(crate) contents: Vec<PathBuf>,
}

/// Why a repository was left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InUse {
    /// The process that works in it, where the system tells.
    pub(crate) process: Option<u32>,
}

/// Nobody else works in a repository while this is held.
#[derive(Debug)]
pub(crate) struct Claim(#[expect(dead_code, reason = "the locks go with it")] Vec<File>);

/// Claims a repository; who works in it, if somebody does.
pub(crate) fn claim(layout: &RepoLayout) -> Result<Claim, InUse> {
    let mut held = Vec::new();
    for mark in scan::references(layout).into_iter().filter(|reference| reference.is_mark) {
        let Ok(file) = regular_file::open(&mark.path) else { continue };
        match file.try_lock() {
            Ok(()) => held.push(file),
            Err(TryLockError::WouldBlock) => return Err(InUse { process: BlobLock::holder(&mark.path) }),
            // no locks here: then nobody can hold one
            Err(TryLockError::Error(_)) => {}
        }
    }
    for lock in scan::entries(&layout.locks()) {
        let is_held = || {
            let file = regular_file::open(&lock).ok()?;
            matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)).then_some(())
        };
        if is_held().is_some() {
            return Err(InUse { process: BlobLock::holder(&lock) });
        }
    }
    Ok(Claim(held))
}

/// Takes away what is to go. What others took meanwhile is no error, nor is content that somebody begins to hold: it stays.
///
/// # Errors
/// The system's first refusal; what went before it is gone.
pub(crate) fn remove(removal: &Removal) -> Result<Result<(), InUse>, CacheError> {
    let layout = &removal.folder.layout;
    let folder = layout.folder();
    if let Ok(target) = fs::read_link(&folder) {
        return Err(CacheError::LeadsOutside { path: folder, target });
    }
    let _claim = match claim(layout) {
        Ok(claim) => claim,
        Err(in_use) => return Ok(Err(in_use)),
    };
    let (mut references, mut commits) = (removal.references.clone(), removal.commits.clone());
    let mut contents = removal.contents.clone();
    if removal.whole {
        references.extend(scan::references(layout).into_iter().map(|reference| reference.path));
        commits.extend(scan::snapshots(layout));
        contents.extend(scan::entries(&layout.blobs()));
    }
    let stored: Vec<PathBuf> = contents.iter().filter_map(|blob| shared::stored(layout, blob)).collect();
    references.iter().try_for_each(|path| unlink(path))?;
    removal.files.iter().try_for_each(|path| unlink(path))?;
    for commit in &commits {
        for path in
            [layout.snapshot(commit), layout.tree(commit), layout.folder().join(".no_exist").join(commit.as_str())]
        {
            clear(&path)?;
        }
    }
    let named = if removal.whole { HashSet::new() } else { named_blobs(layout)? };
    let is_named = |content: &Path| content.file_name().is_some_and(|name| named.contains(name));
    for content in contents.iter().filter(|content| !is_named(content)) {
        if let Some(_held) = held(content)? {
            clear(content)?;
        }
    }
    for store in stored {
        sweep(layout.root(), &store);
    }
    if removal.whole {
        clear(&folder)?;
    } else {
        tidy(layout);
    }
    Ok(Ok(()))
}

/// Takes away a blob of a repository that no name leads to; `false` where another process holds it. A link into the store
/// that repositories share goes, and not what it leads to.
///
/// # Errors
/// The system's refusal.
pub(crate) fn remove_blob(blob: &Path) -> Result<bool, CacheError> {
    let Some(_held) = held(blob)? else { return Ok(false) };
    unlink(blob)?;
    Ok(true)
}

/// What some name leads to. Where that cannot be seen, nothing is known to be of no use.
fn named_blobs(layout: &RepoLayout) -> Result<HashSet<OsString>, CacheError> {
    scan::named_blobs(layout).map_err(CacheError::at("read the folder", &layout.snapshots()))
}

/// The lock that every tool takes for what stands in `blobs/`; none where somebody has it.
fn held(content: &Path) -> Result<Option<BlobLock>, CacheError> {
    let name = content.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let etag = name.split('.').next().unwrap_or(name);
    let folder = content.parent().filter(|folder| folder.ends_with("blobs")).and_then(Path::parent);
    let Some((root, folder)) = folder.and_then(|folder| Some((folder.parent()?, folder.file_name()?))) else {
        return Ok(Some(BlobLock::none()));
    };
    BlobLock::try_acquire(&root.join(".locks").join(folder).join(format!("{etag}.lock")))
}

/// Folders that were left empty, up to the marks and refs; those that `hf` asks for stay.
fn tidy(layout: &RepoLayout) {
    for folder in [layout.references().join("gatedl"), layout.folder().join(".no_exist"), layout.folder().join("trees")]
    {
        // stays while there is something in it
        let _ = fs::remove_dir(folder);
    }
}

/// Removes a file or a link, if it is there.
fn unlink(path: &Path) -> Result<(), CacheError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CacheError::at("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Removes whatever is there; links are not followed.
fn clear(path: &Path) -> Result<(), CacheError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => match fs::remove_dir_all(path) {
            // somebody has begun anew in it
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) => Ok(()),
            removed => removed.map_err(CacheError::at("remove", path)),
        },
        Ok(_) => unlink(path),
        Err(_) => Ok(()),
    }
}
