//! Commits that are not all here yet: each is held by a ref of our own, below `refs/gatedl/`, until its pull is done.
//!
//! The fact behind it: `hf cache prune` deletes every blob and snapshot that no ref holds, and a first pull writes its ref
//! last.

use std::fs;
use std::path::Path;

use super::RepoCache;
use crate::repo::{Commit, Revision};
use crate::store::scan;

impl RepoCache {
    /// Holds a commit that is not all here yet, so that `hf cache prune` leaves it alone, until
    /// [`Self::write_reference`] of the same revision. Without the mark nothing is wrong but that, so no error is one.
    pub(crate) fn mark_unfinished(&self, revision: &Revision, commit: &Commit) {
        let _ = self.write_ref(&self.layout.unfinished(revision), commit);
    }

    /// The pull of a revision is done.
    pub(super) fn unmark(&self, revision: &Revision) {
        let mark = self.layout.unfinished(revision);
        if fs::remove_file(&mark).is_ok() {
            // stays while it holds the marks of others
            let _ = mark.parent().map(fs::remove_dir);
        }
    }
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
