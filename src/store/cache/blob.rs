//! Blobs: what is here already, what another repository has, and how verified content gets its name.
//!
//! The facts behind it: since `huggingface_hub` 2 `blobs/<hex>` may itself be a link into a store that all repositories of
//! the root share (hub-protocol §3.6), so a blob is read through links but replaced, never written through; and no other
//! tool verifies what it stores, so content from another repository's folder is hashed before it gets a name here.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use tempfile::{Builder, TempPath};

use super::notes::{ContentState, HashedState, Notes, WriteState};
use super::partial::{SUFFIX, Verified};
use super::{CacheError, RepoCache, content, debris, place};
use crate::digest::Digest;
use crate::manifest::RepoFile;
use crate::store::scan;

impl RepoCache {
    /// What is known about the content of a file under its digest, through links. In a cache without links the content
    /// may be in a snapshot instead: see [`Self::verdict_at_name`].
    #[must_use]
    pub(crate) fn verdict_on_blob(&self, file: &RepoFile) -> ContentState {
        self.notes.judge(file, &self.layout.blob(&file.digest))
    }

    /// Hashes content of this cache, which stands at `path`; `told` hears of each piece that was read.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) fn examine(&self, file: &RepoFile, path: &Path, told: &dyn Fn(u64)) -> Result<bool, CacheError> {
        self.examine_content(&file.digest, file.size, path, told)
    }

    /// The same, for content that has no name in a repository.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) fn examine_content(
        &self,
        digest: &Digest,
        size: u64,
        path: &Path,
        told: &dyn Fn(u64),
    ) -> Result<bool, CacheError> {
        self.notes.examine(digest, size, path, told)
    }

    /// Whether the content of a file is here, and known to be right.
    #[must_use]
    pub(crate) fn has_blob(&self, file: &RepoFile) -> bool {
        self.verdict_on_blob(file) == ContentState::Right
    }

    /// A file in another repository's folder of this root that claims to be the same content. What it finds must go
    /// through [`Self::adopt`]. The first call reads the folders of blobs of the whole root; the later ones ask nothing of
    /// the disk for content that nobody has.
    #[must_use]
    pub(crate) fn find_elsewhere(&self, file: &RepoFile) -> Option<PathBuf> {
        let blobs = self.elsewhere.get_or_init(|| self.blobs_elsewhere());
        blobs.get(&file.digest).filter(|blob| place::regular_size(blob) == Some(file.size)).cloned()
    }

    fn blobs_elsewhere(&self) -> HashMap<Digest, PathBuf> {
        let others = scan::repositories(self.layout.root()).into_iter().map(|folder| folder.layout);
        let blobs = others.filter(|other| *other != self.layout).flat_map(|other| scan::blobs(&other));
        blobs.map(|blob| (blob.digest, blob.path)).collect()
    }

    /// Gives the content at `other` a name here without fetching it: a hard link, or a copy where links are impossible,
    /// under a private name first, hashed, and only then renamed. `false`, and nothing left behind, where the content is
    /// not what its name says. A hard link is safe because nothing here ever writes into a named file.
    ///
    /// # Errors
    /// Where the content cannot be read, copied or put in place.
    pub(crate) fn adopt(&self, file: &RepoFile, other: &Path) -> Result<bool, CacheError> {
        if place::regular_size(other) != Some(file.size) {
            return Ok(false);
        }
        // Through its links: a hard link to a link would be a link.
        let source = fs::canonicalize(other).map_err(CacheError::at("open", other))?;
        let blobs = self.layout.blobs();
        place::make_folder(&blobs)?;
        let prefix = format!("{}.", file.digest.hex());
        let blob = self.layout.blob(&file.digest);
        if let Ok(linked) = hard_link_in(&blobs, &prefix, &source) {
            let written = WriteState::of(&linked);
            if !content::matches(&linked, &file.digest, file.size)? {
                return Ok(false);
            }
            place::settle_link(linked, &blob)?;
            self.notes.add_moved(&file.digest, written, &blob);
            self.note_elsewhere(&file.digest, &source);
            return Ok(true);
        }
        let mut copy = place::temporary(&blobs, &prefix, SUFFIX)?;
        let path = copy.path().to_path_buf();
        if !content::copy_checked(&source, copy.as_file_mut(), &path, &file.digest, file.size)? {
            return Ok(false);
        }
        let stamp = content::settle(copy, &blob)?;
        self.notes.add(&file.digest, stamp, &blob);
        Ok(true)
    }

    /// The link moved the time of change of another repository's blob: its note would no longer fit, though the content
    /// was just hashed. Where that repository keeps no notes, or they cannot be written, it hashes for itself.
    fn note_elsewhere(&self, digest: &Digest, blob: &Path) {
        let folder = blob.parent().filter(|blobs| blobs.ends_with("blobs")).and_then(Path::parent);
        let ours = |folder: &&Path| folder.parent() == Some(self.layout.root()) && folder.join(".gatedl").is_dir();
        let stamp = HashedState::of(blob).filter(|stamp| HashedState::of(&self.layout.blob(digest)) == Some(*stamp));
        if let (Some(folder), Some(stamp)) = (folder.filter(ours), stamp) {
            Notes::at(folder.join(".gatedl/verified")).add_synced(digest, Some(stamp), blob);
        }
    }

    /// Gives verified content its name. Whatever stood there, a link into the shared store too, is replaced and not
    /// followed. The journal of the partial file goes away.
    ///
    /// # Errors
    /// [`CacheError::Replaced`] where the partial file is no longer the one that was verified, unless another process
    /// has published the same content meanwhile; or where it cannot be renamed.
    pub(crate) fn publish(&self, mut verified: Verified) -> Result<(), CacheError> {
        let blob = self.layout.blob(verified.digest());
        if still_in_place(&verified)? {
            place::rename_over(verified.path(), &blob)?;
            verified.was_renamed();
            note(&self.notes, &verified, verified.noted(), &blob);
        } else if is_content(&blob, &verified)? {
            note(&self.notes, &verified, HashedState::of(&blob), &blob);
        } else {
            return Err(CacheError::Replaced { path: verified.path().to_path_buf() });
        }
        self.published.lock().unwrap_or_else(PoisonError::into_inner).insert(*verified.digest(), None);
        verified.spend();
        Ok(())
    }
}

fn hard_link_in(folder: &Path, prefix: &str, source: &Path) -> io::Result<TempPath> {
    let prefix = debris::prefix(prefix);
    let linked = Builder::new().prefix(&prefix).suffix(SUFFIX).make_in(folder, |path| fs::hard_link(source, path))?;
    Ok(linked.into_temp_path())
}

/// Whether the path of a verified file still names what was verified.
pub(super) fn still_in_place(verified: &Verified) -> Result<bool, CacheError> {
    verified.still_in_place().map_err(CacheError::at("look at", verified.path()))
}

/// Whether the regular file at `path` is the verified content. It is hashed: this is asked only when something odd has
/// happened, where `flock` lies and two processes wrote one partial file.
pub(super) fn is_content(path: &Path, verified: &Verified) -> Result<bool, CacheError> {
    Ok(place::regular_size(path) == Some(verified.size())
        && content::matches(path, verified.digest(), verified.size())?)
}

/// Notes that verified content stands at `path`. What was forced to the disk before it got its name is noted at once.
pub(super) fn note(notes: &Notes, verified: &Verified, stamp: Option<HashedState>, path: &Path) {
    if verified.is_synced() {
        notes.add_synced(verified.digest(), stamp, path);
    } else {
        notes.add(verified.digest(), stamp, path);
    }
}
