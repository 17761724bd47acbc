//! Attacks on the cache as a whole: what other tools, other processes and hostile listings leave in its way. The tests
//! of single parts stand beside the parts.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::{TempDir, tempdir};

use super::partial::Verified;
use super::{Links, RepoCache};
use crate::digest::{ContentHasher, Digest};
use crate::manifest::RepoFile;
use crate::repo::{Commit, Repo, RepoKind};

mod blobs;
mod delivery;
mod folders;
mod partial;
mod snapshots;

/// What [`files_below`] finds in an empty folder.
const NOTHING: [&Path; 0] = [];

/// A file that is large enough to be known by its SHA-256.
fn lfs(path: &str, content: &[u8]) -> RepoFile {
    file(path, content, Digest::Sha256([0; 32]))
}

/// A file that is known by its git id.
fn small(path: &str, content: &[u8]) -> RepoFile {
    file(path, content, Digest::GitSha1([0; 20]))
}

fn file(path: &str, content: &[u8], kind: Digest) -> RepoFile {
    let mut hasher = ContentHasher::like(&kind, content.len() as u64);
    hasher.update(content);
    RepoFile { path: path.parse().unwrap(), size: content.len() as u64, digest: hasher.finish(), id: None }
}

fn commit(pair: &str) -> Commit {
    pair.repeat(20).parse().unwrap()
}

fn repo(id: &str) -> Repo {
    Repo { kind: RepoKind::Model, id: id.parse().unwrap() }
}

/// A prepared cache of `org/m` in a folder that vanishes with the first of the pair.
fn world(links: Links) -> (TempDir, RepoCache) {
    let folder = tempdir().unwrap();
    let cache = RepoCache::open(&folder.path().join("hub"), &repo("org/m"), links);
    cache.prepare().unwrap();
    (folder, cache)
}

/// What a transfer leaves behind when it is done: a partial file, its journal, and the proof.
fn verified(cache: &RepoCache, file: &RepoFile, content: &[u8]) -> Verified {
    let (partial, journal) = (cache.layout().partial(&file.digest), cache.layout().journal(&file.digest));
    fs::write(&partial, content).unwrap();
    fs::write(&journal, "segments").unwrap();
    Verified::for_tests(partial, journal, file)
}

/// Every path below a folder that is not a folder itself, relative and sorted.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(folder).unwrap().to_path_buf());
            }
        }
    }
    found.sort();
    found
}

/// A folder on another file system than that of temporary files, where this machine has one.
fn other_file_system() -> Option<TempDir> {
    let (other, here) = (tempfile::tempdir_in("/dev/shm").ok()?, tempdir().ok()?);
    let probe = other.path().join("probe");
    fs::write(&probe, "").ok()?;
    let crossed = fs::rename(&probe, here.path().join("probe"))
        .is_err_and(|error| error.kind() == std::io::ErrorKind::CrossesDevices);
    crossed.then_some(other)
}

/// Whether modes mean nothing to this process (root), so that a test about them would test nothing.
#[cfg(unix)]
fn modes_mean_nothing(read_only: &Path) -> bool {
    let probe = read_only.join("probe");
    fs::write(&probe, "").is_ok_and(|()| fs::remove_file(&probe).is_ok())
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
