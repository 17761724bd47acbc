//! Commits that are not all here yet: each is held by a ref of our own, below `refs/gatedl/`, until its pull is done.
//!
//! The fact behind it: `hf cache prune` deletes every blob and snapshot that no ref holds, and a first pull writes its ref
//! last.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::{MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::RepoCache;
use super::lock::is_at;
use crate::regular_file;
use crate::repo::{Commit, Revision};
use crate::store::scan;

/// How often, and how long apart, a mark is tried to be held while somebody makes room in the repository: 5 seconds in all.
const ATTEMPTS: usize = 100;
const PAUSE: Duration = Duration::from_millis(50);

impl RepoCache {
    /// Holds a commit that is not all here yet, so that `hf cache prune` leaves it alone, until
    /// [`Self::write_reference`] of the same revision. A lock on the mark shows for so long as this cache is held that the
    /// pull is alive; pulls of one revision share it. Without the mark nothing is wrong but that, so no error is one.
    pub(crate) fn mark_unfinished(&self, revision: &Revision, commit: &Commit) {
        let mark = self.layout.unfinished(revision);
        for _ in 0..ATTEMPTS {
            let Ok(file) = self.write_ref(&mark, commit).map_err(drop).and_then(|()| open(&mark)) else { return };
            match file.try_lock_shared() {
                // who makes room may have taken the mark meanwhile
                Ok(()) if is_at(&file, &mark).unwrap_or(true) => return self.held_marks().push(file),
                // no locks here
                Err(TryLockError::Error(_)) => return,
                Ok(()) | Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            }
        }
    }

    /// The pull of a revision is done, and its ref holds the commit. The mark stays while another pull of the same revision
    /// holds it: that one is not done, and whoever makes room must see it.
    pub(super) fn unmark(&self, revision: &Revision) {
        let mark = self.layout.unfinished(revision);
        self.held_marks().clear();
        let held_by_another = open(&mark).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
        if !held_by_another && fs::remove_file(&mark).is_ok() {
            // stays while it holds the marks of others
            let _ = mark.parent().map(fs::remove_dir);
        }
    }

    fn held_marks(&self) -> MutexGuard<'_, Vec<File>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(mark: &Path) -> Result<File, ()> {
    regular_file::open(mark).map_err(drop)
}

/// Whether a pull into a cache is not done.
#[must_use]
pub(crate) fn has_marks(root: &Path) -> bool {
    let folders = scan::repositories(root).into_iter();
    folders.flat_map(|folder| scan::references(&folder.layout)).any(|reference| reference.is_mark)
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::super::Links;
    use super::*;
    use crate::repo::{Repo, RepoKind};

    #[test]
    fn what_is_unfinished_has_a_mark_until_its_ref_is_written() {
        let folder = tempdir().unwrap();
        let repo = Repo { kind: RepoKind::Model, id: "org/m".parse().unwrap() };
        let cache = RepoCache::open(folder.path(), &repo, Links::WherePossible);
        let commit = |pair: &str| pair.repeat(20).parse::<Commit>().unwrap();
        let [main, pull_request]: [Revision; 2] = ["main".parse().unwrap(), "refs/pr/1".parse().unwrap()];
        let marks = cache.layout().references().join("gatedl");
        cache.mark_unfinished(&main, &commit("5b"));
        cache.mark_unfinished(&pull_request, &commit("6c"));
        assert_eq!(fs::read_to_string(marks.join("main")).unwrap(), "5b".repeat(20));
        assert_eq!(fs::read_to_string(marks.join("refs%2Fpr%2F1")).unwrap(), "6c".repeat(20));
        assert!(cache.layout().snapshot(&commit("5b")).is_dir(), "or hf would drop the repository");
        assert_eq!(cache.reference(&main).unwrap(), None);
        cache.write_reference(&main, &commit("5b")).unwrap();
        assert!(!marks.join("main").exists() && marks.join("refs%2Fpr%2F1").exists());
        cache.write_reference(&pull_request, &commit("6c")).unwrap();
        assert!(!marks.exists());
    }
}
