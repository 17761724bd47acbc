//! One repository in a hub cache: preparing its folders, its refs, its listings. Blobs and snapshots are in the modules
//! of those names.
//!
//! The traps: a ref with a newline at its end makes `hf` lose the repository and the offline mode fail
//! (hub-protocol §0.13), and so does a ref to a commit that has no folder below `snapshots/`, or a repository without
//! `snapshots/` (§3.4). So [`RepoCache::prepare`] makes that folder before the first blob, refs are exactly 40 bytes,
//! and writing one makes sure of the commit's folder first.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use super::layout::RepoLayout;
use super::notes::Notes;
use super::{CacheError, debris, listing, place, unfinished};
use crate::digest::Digest;
use crate::manifest::Listing;
use crate::regular_file;
use crate::repo::{Commit, Repo, RepoId, RepoKind, Revision};
use crate::store::scan;
use crate::system::paths::HAS_LINKS;
pub(super) use crate::system::paths::link_file as make_link;

/// How files of a snapshot are connected with their content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Links {
    /// By symbolic links where the file system has them (tried out once), else as with [`Links::Never`].
    #[default]
    WherePossible,
    /// The content itself stands in the snapshot (`HF_HUB_DISABLE_SYMLINKS`).
    Never,
}

/// One repository in one cache root. Cheap to make and to clone; clones share what they know.
#[derive(Debug, Clone)]
pub(crate) struct RepoCache {
    pub(super) layout: RepoLayout,
    links: Links,
    probed: Arc<OnceLock<bool>>,
    pub(super) notes: Arc<Notes>,
    /// What this run published, and where it is now if not in `blobs/`: without links a snapshot takes a new blob away.
    pub(super) published: Arc<Mutex<HashMap<Digest, Option<PathBuf>>>>,
    /// The marks of the pulls that use this, locked.
    pub(super) marks: Arc<Mutex<Vec<File>>>,
    /// The blobs of the root's other repositories, once somebody has asked for one.
    pub(super) elsewhere: Arc<OnceLock<HashMap<Digest, PathBuf>>>,
}

impl RepoCache {
    /// The cache of `repo` below `root`. Looks up which links `root` itself consists of (so that paths are printed as
    /// other tools print them) and touches nothing.
    #[must_use]
    pub(crate) fn open(root: &Path, repo: &Repo, links: Links) -> Self {
        let layout = RepoLayout::new(place::resolve(root), repo);
        let notes = Arc::new(Notes::at(layout.notes()));
        Self {
            layout,
            links,
            notes,
            probed: Arc::default(),
            published: Arc::default(),
            marks: Arc::default(),
            elsewhere: Arc::default(),
        }
    }

    /// Where everything of this repository stands.
    #[must_use]
    pub(crate) const fn layout(&self) -> &RepoLayout {
        &self.layout
    }

    /// Makes the cache root and the repository's folders. Called when the first byte is about to arrive and not before:
    /// a denied pull leaves no trace.
    ///
    /// # Errors
    /// Where a folder cannot be made, or a file stands in its way.
    pub(crate) fn prepare(&self) -> Result<(), CacheError> {
        place::make_folder(self.layout.root())?;
        place::tag(&self.layout.tag());
        self.sweep();
        for folder in [self.layout.snapshots(), self.layout.blobs(), self.layout.references(), self.layout.private()] {
            place::make_folder(&folder)?;
        }
        Ok(())
    }

    /// Removes what killed runs left here and no run goes on from.
    fn sweep(&self) {
        debris::remove(debris::in_own_folder(&self.layout.private()));
        debris::remove(debris::beside_content(&self.layout.blobs()));
        unfinished::remove_lonely_journals(&self.layout.private(), &self.layout.blobs());
    }

    /// The commit that a revision pointed to at the last pull; a revision that is a commit is its own answer. A ref
    /// that is not a commit counts as none.
    ///
    /// # Errors
    /// Where the ref is there but cannot be read.
    pub(crate) fn reference(&self, revision: &Revision) -> Result<Option<Commit>, CacheError> {
        use io::ErrorKind::{FileTooLarge, InvalidInput, IsADirectory, NotADirectory, NotFound};
        if let Some(commit) = revision.as_commit() {
            return Ok(Some(commit));
        }
        let path = self.layout.reference(revision);
        if path.is_dir() {
            return Ok(None);
        }
        match regular_file::read(&path, regular_file::NOTE) {
            Ok(bytes) => Ok(commit_in(&bytes)),
            // a pipe, a device or gigabytes are no commit either
            Err(error)
                if matches!(error.kind(), NotFound | NotADirectory | IsADirectory | InvalidInput | FileTooLarge) =>
            {
                Ok(None)
            }
            Err(error) => Err(CacheError::at("read the reference", &path)(error)),
        }
    }

    /// Notes which commit a revision points to: the last step of a pull. A ref that says so already is left alone (the
    /// cache may be read-only). A commit has a ref to itself, as Rust's hf-hub writes it: without one candle and TGI do
    /// not find it, and `hf cache prune` deletes it. The mark of [`Self::mark_unfinished`] goes away.
    ///
    /// # Errors
    /// Where it cannot be written. `refs/a` as a file is in the way of `refs/a/b`, and the other way round; as git has no
    /// two such branches at once, the one in the way is of the past and goes.
    pub(crate) fn write_reference(&self, revision: &Revision, commit: &Commit) -> Result<(), CacheError> {
        self.make_room(revision);
        self.write_ref(&self.layout.reference(revision), commit)?;
        self.unmark(revision);
        debris::remove(debris::in_own_folder(&self.layout.private()));
        Ok(())
    }

    pub(super) fn write_ref(&self, path: &Path, commit: &Commit) -> Result<(), CacheError> {
        // hf drops a repository with a ref to a commit that has no folder
        let snapshot = self.layout.snapshot(commit);
        if !snapshot.is_dir() {
            place::make_folder(&snapshot)?;
        }
        place::write_whole(path, &self.layout.private(), commit.as_str().as_bytes())
    }

    /// Brings what was put in place to the disk, and notes what was hashed. Called before anything promises it.
    ///
    /// # Errors
    /// Where it cannot be brought to the disk, or the notes cannot be written.
    pub(crate) fn keep_notes(&self) -> Result<(), CacheError> {
        self.notes.keep(&self.layout.folder())
    }

    /// Removes refs that are in the way of another. Anything else there stays, and the write says what it is.
    fn make_room(&self, revision: &Revision) {
        let (refs, path) = (self.layout.references(), self.layout.reference(revision));
        let is_reference = |path: &Path| {
            fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
                && regular_file::read(path, regular_file::NOTE).is_ok_and(|bytes| commit_in(&bytes).is_some())
        };
        for above in path.ancestors().skip(1).take_while(|above| *above != refs).filter(|above| is_reference(above)) {
            let _ = fs::remove_file(above);
        }
        if fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir()) && holds_only(&path, &is_reference) {
            let _ = fs::remove_dir_all(&path);
        }
    }

    /// The listing of a commit, where an earlier pull of any tool left one that can be trusted. Sorted by path.
    #[must_use]
    pub(crate) fn listing(&self, commit: &Commit) -> Option<Listing> {
        listing::parse(&regular_file::read(&self.layout.tree(commit), regular_file::LISTING).ok()?)
    }

    /// Keeps the whole listing of a commit, as `huggingface_hub` does; `false`, and nothing written, where an entry is
    /// masked or lacks its git id.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn write_listing(&self, commit: &Commit, kept: &Listing) -> Result<bool, CacheError> {
        let Some(bytes) = listing::render(kept) else { return Ok(false) };
        place::write_whole(&self.layout.tree(commit), &self.layout.private(), &bytes)?;
        Ok(true)
    }

    /// Whether snapshots of this cache are made of symbolic links. The first call tries it out, in our own folder: a
    /// leftover of a killed probe in the root, where `huggingface_hub` probes, would make `hf cache ls` warn.
    pub(super) fn has_links(&self) -> bool {
        *self.probed.get_or_init(|| {
            // what cannot be made is said by whoever needs it
            let folder = self.layout.private();
            let _ = place::make_folder(&folder);
            self.links == Links::WherePossible && can_link(&folder)
        })
    }
}

/// The repository of a kind that holds the listing of a commit, in a cache whose commits are not shared between
/// repositories.
#[must_use]
pub(crate) fn holder_of(root: &Path, kind: RepoKind, commit: &Commit) -> Option<RepoId> {
    let folders = scan::repositories(root).into_iter();
    let mut holders = folders.filter(|folder| folder.repo.kind == kind && folder.layout.tree(commit).is_file());
    holders.next().map(|folder| folder.repo.id)
}

/// Whether a folder holds nothing but such files, at any depth.
pub(super) fn holds_only(folder: &Path, is_such: &impl Fn(&Path) -> bool) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.into_iter().all(|entry| {
        entry.is_ok_and(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => holds_only(&entry.path(), is_such),
            Ok(_) => is_such(&entry.path()),
            Err(_) => false,
        })
    })
}

/// The commit in the bytes of a ref.
pub(in crate::store) fn commit_in(bytes: &[u8]) -> Option<Commit> {
    let text = str::from_utf8(bytes).ok()?;
    let line = text.strip_suffix('\n').unwrap_or(text);
    line.strip_suffix('\r').unwrap_or(line).parse().ok()
}

fn can_link(folder: &Path) -> bool {
    use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let Ok(trial) = tempfile::Builder::new().prefix(&debris::prefix("probe-")).tempdir_in(folder) else {
        return HAS_LINKS;
    };
    match make_link(Path::new("nowhere"), &trial.path().join("link")) {
        Ok(()) => true,
        // Says nothing about links; the work itself will fail, and say why.
        Err(error) => matches!(error.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem),
    }
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::*;

    fn cache(root: &Path) -> RepoCache {
        let repo = Repo { kind: RepoKind::Model, id: "org/m".parse().unwrap() };
        RepoCache::open(root, &repo, Links::WherePossible)
    }

    fn commit(pair: &str) -> Commit {
        pair.repeat(20).parse().unwrap()
    }

    #[test]
    fn opening_and_reading_leave_no_trace() {
        let folder = tempdir().unwrap();
        let cache = cache(&folder.path().join("hub"));
        assert_eq!(cache.reference(&Revision::main()).unwrap(), None);
        assert_eq!(cache.listing(&commit("5b")), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        cache.prepare().unwrap();
        cache.prepare().unwrap();
        assert!(cache.layout().snapshots().is_dir() && cache.layout().tag().is_file());
        assert_eq!(fs::read_dir(cache.layout().root()).unwrap().count(), 2);
    }

    #[test]
    fn a_listing_tells_whose_commit_it_is() {
        let folder = tempdir().unwrap();
        let holder = || holder_of(folder.path(), RepoKind::Model, &commit("5b"));
        assert_eq!(holder(), None);
        cache(folder.path()).write_listing(&commit("5b"), &Listing::default()).unwrap();
        assert_eq!(holder().unwrap().as_str(), "org/m");
        assert_eq!(holder_of(folder.path(), RepoKind::Model, &commit("6c")), None);
        assert_eq!(holder_of(folder.path(), RepoKind::Dataset, &commit("5b")), None);
    }

    #[test]
    fn refs_are_forty_bytes_and_written_only_when_they_change() {
        let folder = tempdir().unwrap();
        let cache = cache(folder.path());
        let revision: Revision = "refs/pr/1".parse().unwrap();
        for pair in ["5b", "6c"] {
            cache.write_reference(&revision, &commit(pair)).unwrap();
            assert_eq!(fs::read_to_string(cache.layout().reference(&revision)).unwrap(), pair.repeat(20));
            assert_eq!(cache.reference(&revision).unwrap(), Some(commit(pair)));
            assert!(cache.layout().snapshot(&commit(pair)).is_dir());
        }
        let path = cache.layout().reference(&revision);
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        cache.write_reference(&revision, &commit("6c")).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);

        let fixed: Revision = "5b".repeat(20).parse().unwrap();
        cache.write_reference(&fixed, &commit("5b")).unwrap();
        assert_eq!(fs::read_to_string(cache.layout().reference(&fixed)).unwrap(), "5b".repeat(20));
        assert_eq!(cache.reference(&fixed).unwrap(), Some(commit("5b")));
    }

    #[test]
    fn refs_of_other_tools_are_read_and_garbage_is_none() {
        let folder = tempdir().unwrap();
        let cache = cache(folder.path());
        cache.prepare().unwrap();
        let path = cache.layout().reference(&Revision::main());
        let hex = "5b".repeat(20);
        for (content, known) in [
            (hex.clone(), true),
            (format!("{hex}\n"), true),
            (format!("{hex}\r\n"), true),
            (format!("{hex}\n\n"), false),
            (format!(" {hex}"), false),
            (hex.to_uppercase(), false),
            ("../../../../etc".to_owned(), false),
            (String::new(), false),
        ] {
            fs::write(&path, &content).unwrap();
            assert_eq!(cache.reference(&Revision::main()).unwrap().is_some(), known, "{content:?}");
        }
        fs::write(&path, format!("{hex}\n")).unwrap();
        cache.write_reference(&Revision::main(), &commit("5b")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), hex, "the newline that breaks hf is gone");
    }

    #[test]
    fn a_ref_makes_room_for_another_and_nothing_else_does() {
        let folder = tempdir().unwrap();
        let cache = cache(folder.path());
        let [short, long]: [Revision; 2] = ["a".parse().unwrap(), "a/b".parse().unwrap()];
        cache.write_reference(&short, &commit("5b")).unwrap();
        assert_eq!(cache.reference(&long).unwrap(), None);
        cache.write_reference(&long, &commit("5b")).unwrap();
        assert_eq!(cache.reference(&short).unwrap(), None);
        cache.write_reference(&short, &commit("5b")).unwrap();
        assert_eq!(cache.reference(&short).unwrap(), Some(commit("5b")));

        fs::write(cache.layout().reference(&short), "no commit").unwrap();
        let error = cache.write_reference(&long, &commit("5b")).unwrap_err();
        assert!(matches!(error, CacheError::FileInTheWay { .. }), "{error}");
        fs::remove_file(cache.layout().reference(&short)).unwrap();
        cache.write_reference(&long, &commit("5b")).unwrap();
        fs::write(cache.layout().reference(&short).join("other"), "no commit").unwrap();
        let error = cache.write_reference(&short, &commit("5b")).unwrap_err();
        assert!(matches!(error, CacheError::FolderInTheWay { .. }), "{error}");
    }
}
