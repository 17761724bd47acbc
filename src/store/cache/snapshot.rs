//! Snapshots: a commit's files under their own names.
//!
//! Normally a file is a relative link to its blob. `huggingface_hub` removes an old link before it makes the new one, and
//! in that moment another process finds nothing; here the new link is made under a temporary name in our own folder and
//! renamed over. (Its text is wrong there, which matters to nobody.)
//!
//! Where there are no links (Windows without developer mode, some mounts, `HF_HUB_DISABLE_SYMLINKS`) the snapshot takes
//! a new blob away from `blobs/`, and gets a copy of an older one, as `huggingface_hub` does it (hub-protocol §3.5). The
//! trap: there, `blobs/` is empty afterwards, so that a look at blobs alone fetches everything again.

use std::collections::HashSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::PoisonError;

use super::layout::RepoLayout;
use super::notes::{ContentState, WriteState};
use super::store::make_link;
use super::{CacheError, RepoCache, content, debris, place};
use crate::digest::Digest;
use crate::manifest::{ListedFile, RepoFile};
use crate::repo::{Commit, RepoPath, Revision};
use crate::store::scan;

impl RepoCache {
    /// The folder of a commit's files: what a pull prints.
    #[must_use]
    pub(crate) fn snapshot_folder(&self, commit: &Commit) -> PathBuf {
        self.layout.snapshot(commit)
    }

    /// What is known about a file of a commit under its name; where the name is a link, it must lead to the blob of the
    /// right digest.
    #[must_use]
    pub(crate) fn verdict_at_name(&self, commit: &Commit, file: &RepoFile) -> ContentState {
        let pointer = self.layout.pointer(commit, &file.path);
        let verdict = self.notes.judge(file, &pointer);
        if verdict == ContentState::Absent {
            return verdict;
        }
        let leads_there = match fs::read_link(&pointer) {
            Ok(target) if target == RepoLayout::link_target(&file.path, &file.digest) => true,
            // Spelled in another way, perhaps as an absolute path.
            Ok(_) => same_file(&pointer, &self.layout.blob(&file.digest)),
            Err(_) => true,
        };
        if leads_there { verdict } else { ContentState::Absent }
    }

    /// Whether a file of a commit is here under its name, and known to be right.
    #[must_use]
    pub(crate) fn is_complete(&self, commit: &Commit, file: &RepoFile) -> bool {
        self.verdict_at_name(commit, file) == ContentState::Right
    }

    /// What stands in the snapshot of a commit: the files whose names and content are here, sorted by path; none where
    /// there is no snapshot. For caches of tools that keep no listing.
    #[must_use]
    pub(crate) fn snapshot_entries(&self, commit: &Commit) -> Option<Vec<ListedFile>> {
        let files = scan::snapshot_files(&self.layout, commit).ok()?;
        let entry = |file: scan::SnapshotFile| {
            let (path, size) = (file.path?, place::regular_size(&file.at)?);
            let name = file.target.as_deref().and_then(Path::file_name);
            let digest = name.and_then(|name| Digest::from_hex(name.to_str()?));
            Some(ListedFile { path, size, digest, blob_id: None, xet_hash: None, published: None })
        };
        let mut entries: Vec<ListedFile> = files.into_iter().filter_map(entry).collect();
        entries.sort_by(|left, right| left.path.cmp(&right.path));
        Some(entries)
    }

    /// The files of a path in all other commits that are here, but for those that another reference than `revision` names.
    #[must_use]
    pub(crate) fn unnamed_pointers(&self, commit: &Commit, revision: &Revision, path: &RepoPath) -> Vec<PathBuf> {
        let named = self.commits_of_others(revision);
        let commits = scan::snapshots(&self.layout).into_iter();
        let others = commits.filter(|other| other != commit && !named.contains(other));
        let pointers = others.map(|other| self.layout.pointer(&other, path));
        pointers.filter(|pointer| place::regular_size(pointer).is_some()).collect()
    }

    /// The commits that other references than `revision` name.
    fn commits_of_others(&self, revision: &Revision) -> HashSet<Commit> {
        let own = self.layout.reference(revision);
        let references = scan::references(&self.layout).into_iter();
        references.filter(|reference| reference.path != own).filter_map(|reference| reference.commit).collect()
    }

    /// Gives a published blob its file name in a commit. A link that is right already is left alone; a wrong or broken
    /// one, or a file in its place, is replaced in one step.
    ///
    /// # Errors
    /// [`CacheError::MissingBlob`] where the blob is not here; where a folder or file is in the way; or the system's
    /// refusal.
    pub(crate) fn link(&self, commit: &Commit, path: &RepoPath, digest: &Digest) -> Result<(), CacheError> {
        let (pointer, blob) = (self.layout.pointer(commit, path), self.layout.blob(digest));
        let target = RepoLayout::link_target(path, digest);
        let has_blob = place::regular_size(&blob).is_some();
        let has_parent = self.check_parents(commit, path)?;
        if has_blob && fs::read_link(&pointer).is_ok_and(|found| found == target) {
            return Ok(());
        }
        if !self.has_links() {
            return self.place_content(&pointer, &blob, digest);
        }
        if !has_blob {
            return Err(CacheError::MissingBlob { path: blob });
        }
        if !has_parent {
            make_parent(&pointer)?;
        }
        let temporary = tempfile::Builder::new()
            .prefix(&debris::prefix("link-"))
            .make_in(self.layout.private(), |path| make_link(&target, path))
            .map_err(CacheError::at("create the link", &pointer))?;
        place::settle(temporary.into_temp_path(), &pointer)
    }

    /// Without links. A blob of this run is moved, so that the content is on the disk once; a second name for it, and a
    /// blob that was here before (other snapshots may need it), is copied.
    fn place_content(&self, pointer: &Path, blob: &Path, digest: &Digest) -> Result<(), CacheError> {
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        let size_there = fs::symlink_metadata(pointer).ok().filter(fs::Metadata::is_file).map(|found| found.len());
        let source = match published.get(digest) {
            Some(None) if place::regular_size(blob).is_some() => {
                make_parent(pointer)?;
                let written = WriteState::of(blob);
                place::rename_over(blob, pointer)?;
                self.notes.add_moved(digest, written, pointer);
                published.insert(*digest, Some(pointer.to_path_buf()));
                return Ok(());
            }
            Some(Some(moved)) if moved == pointer && size_there.is_some() => return Ok(()),
            Some(Some(moved)) if place::regular_size(moved).is_some() => moved.as_path(),
            _ => match place::regular_size(blob) {
                Some(size) if size_there == Some(size) => return Ok(()),
                Some(_) => blob,
                // An earlier run has moved it here.
                None if size_there.is_some() => return Ok(()),
                None => return Err(CacheError::MissingBlob { path: blob.to_path_buf() }),
            },
        };
        make_parent(pointer)?;
        let mut copy = place::temporary(&self.layout.private(), "copy-", ".tmp")?;
        let (path, size) = (copy.path().to_path_buf(), place::regular_size(source).unwrap_or_default());
        if !content::copy_checked(source, copy.as_file_mut(), &path, digest, size)? {
            return Err(CacheError::Damaged { path: source.to_path_buf() });
        }
        let stamp = content::settle(copy, pointer)?;
        self.notes.add(digest, stamp, pointer);
        Ok(())
    }

    /// Sees that what stands in the place of a folder above a pointer is one. Nothing is followed below `snapshots/`: a
    /// link there, whoever put it, would have files replaced that lie elsewhere, and a relative link behind it leads to
    /// nothing. Says whether all folders are there.
    ///
    /// # Errors
    /// [`CacheError::FileInTheWay`] for whatever is no folder.
    pub(crate) fn check_parents(&self, commit: &Commit, path: &RepoPath) -> Result<bool, CacheError> {
        let mut folder = self.layout.snapshot(commit);
        let below = path.to_path();
        let parts = below.parent().into_iter().flat_map(Path::components);
        // the folder of the commit first: nothing is added to its path
        for part in std::iter::once(Component::CurDir).chain(parts) {
            if part != Component::CurDir {
                folder.push(part);
            }
            match fs::symlink_metadata(&folder) {
                Ok(found) if !found.is_dir() => return Err(CacheError::FileInTheWay { path: folder }),
                Ok(_) => {}
                // what is below it is not there either
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }
}

fn make_parent(path: &Path) -> Result<(), CacheError> {
    path.parent().map_or(Ok(()), place::make_folder)
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}
