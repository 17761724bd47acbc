//! Where everything stands in a hub cache. Pure: no call here touches the disk.
//!
//! ```text
//! <root>/                                       several tools share it: nothing unknown may stand here, or `hf cache ls` warns
//!   CACHEDIR.TAG                                tells backup programs to skip the cache
//!   .locks/models--org--m/<hex>.lock            flock; created 0664 whatever the umask; never removed
//!   models--org--m/
//!     blobs/<hex>                               content; may be a link into the shared store
//!     blobs/<hex>.gatedl.incomplete             our unfinished content; `hf cache prune` sweeps `*.incomplete`
//!     refs/main, refs/refs/pr/1                 40 bytes, no newline
//!     snapshots/<commit>/config.json  ->        ../../blobs/<hex>
//!     snapshots/<commit>/sub/t.json   ->        ../../../blobs/<hex>
//!     trees/<commit>.json                       the listing of the commit
//!     refs/gatedl/main                          the commit of a pull that is not done
//!     .gatedl/verified                          which blobs were hashed, and in which state
//!     .gatedl/installed                         where applications have blobs as hard links
//!     .gatedl/<hex>.journal                     which segments of a partial file are finished; and our staging place
//!     .no_exist/                                other tools' memory of missing files; left alone
//!   blobs/<xx>/<xet hash>                       `huggingface_hub`'s shared store: read through links, never written
//! ```
//!
//! The trap: the folder for private state cannot stand in the root (`hf cache ls` calls it a broken
//! repository), and a file directly in `snapshots/` makes `hf` drop the whole repository; inside a repository's folder
//! extra entries are silent (hub-protocol §3.4). Hence `.gatedl/` there, and every temporary name below it.
//!
//! Names of blobs are a [`Digest`] in hexadecimal and file names a [`RepoPath`], so no text of a server reaches a path.

use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::repo::{Commit, Repo, RepoPath, Revision};
pub(super) use crate::system::paths::{fit, plain};

/// The paths of one repository in one cache root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RepoLayout {
    root: PathBuf,
    folder: String,
}

impl RepoLayout {
    /// The layout of `repo` below `root`; make `root` absolute first, since the links are relative and Windows' long
    /// paths must be absolute.
    #[must_use]
    pub(crate) fn new(root: impl Into<PathBuf>, repo: &Repo) -> Self {
        let folder = format!("{}--{}", repo.kind.plural(), repo.id.as_str().replace('/', "--"));
        Self { root: root.into(), folder }
    }

    /// The cache root.
    #[must_use]
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The name of the repository's folder: `models--org--m`, or `models--gpt2` for an id without an owner.
    #[cfg(test)]
    pub(crate) fn folder_name(&self) -> &str {
        &self.folder
    }

    /// The repository's folder.
    #[must_use]
    pub(crate) fn folder(&self) -> PathBuf {
        fit(self.root.join(&self.folder))
    }

    /// The mark that makes backup programs skip the cache.
    #[must_use]
    pub(crate) fn tag(&self) -> PathBuf {
        fit(self.root.join("CACHEDIR.TAG"))
    }

    /// The folder of the blobs.
    #[must_use]
    pub(crate) fn blobs(&self) -> PathBuf {
        self.inside("blobs")
    }

    /// Content under its hash.
    #[must_use]
    pub(crate) fn blob(&self, digest: &Digest) -> PathBuf {
        self.inside(Path::new("blobs").join(digest.hex()))
    }

    /// Content on its way. The infix keeps it out of the sight of Rust's hf-hub and huggingface.js, which truncate
    /// `<hex>.incomplete`.
    #[must_use]
    pub(crate) fn partial(&self, digest: &Digest) -> PathBuf {
        self.inside(Path::new("blobs").join(format!("{}.gatedl.incomplete", digest.hex())))
    }

    /// Our own folder within the repository's.
    #[must_use]
    pub(crate) fn private(&self) -> PathBuf {
        self.inside(".gatedl")
    }

    /// Which segments of a partial file are finished.
    #[must_use]
    pub(crate) fn journal(&self, digest: &Digest) -> PathBuf {
        self.inside(Path::new(".gatedl").join(format!("{}.journal", digest.hex())))
    }

    /// Which blobs were hashed, and in which state.
    #[must_use]
    pub(crate) fn notes(&self) -> PathBuf {
        self.inside(".gatedl/verified")
    }

    /// Where applications have blobs as hard links.
    #[must_use]
    pub(crate) fn installed(&self) -> PathBuf {
        self.inside(".gatedl/installed")
    }

    /// The lock that every tool takes before it downloads a blob.
    #[must_use]
    pub(crate) fn lock(&self, digest: &Digest) -> PathBuf {
        self.locks().join(format!("{}.lock", digest.hex()))
    }

    /// The folder of the locks.
    #[must_use]
    pub(crate) fn locks(&self) -> PathBuf {
        fit(self.root.join(".locks").join(&self.folder))
    }

    /// The folder of the refs.
    #[must_use]
    pub(crate) fn references(&self) -> PathBuf {
        self.inside("refs")
    }

    /// Which commit a revision pointed to when it was last pulled; nested where the revision has slashes.
    #[must_use]
    pub(crate) fn reference(&self, revision: &Revision) -> PathBuf {
        let nested: PathBuf = revision.as_str().split('/').collect();
        self.inside(Path::new("refs").join(nested))
    }

    /// The commit of a pull that is not done, under a name of one part, so that no revision is in another's way. Where
    /// no ref holds a commit, `hf cache prune` deletes its blobs.
    #[must_use]
    pub(crate) fn unfinished(&self, revision: &Revision) -> PathBuf {
        let name = revision.as_str().replace('%', "%25").replace('/', "%2F");
        self.inside(Path::new("refs/gatedl").join(name))
    }

    /// The folder of the snapshots.
    #[must_use]
    pub(crate) fn snapshots(&self) -> PathBuf {
        self.inside("snapshots")
    }

    /// The files of one commit under their own names.
    #[must_use]
    pub(crate) fn snapshot(&self, commit: &Commit) -> PathBuf {
        self.inside(Path::new("snapshots").join(commit.as_str()))
    }

    /// One file of a commit: a link to its blob.
    #[must_use]
    pub(crate) fn pointer(&self, commit: &Commit, path: &RepoPath) -> PathBuf {
        self.inside(Path::new("snapshots").join(commit.as_str()).join(path.to_path()))
    }

    /// The listing of a commit.
    #[must_use]
    pub(crate) fn tree(&self, commit: &Commit) -> PathBuf {
        self.inside(Path::new("trees").join(format!("{}.json", commit.as_str())))
    }

    /// What the link at [`Self::pointer`] says: up from the file's folder to the repository's, and down to the blob.
    /// Relative, so that a cache may be moved or mounted elsewhere.
    #[must_use]
    pub(crate) fn link_target(path: &RepoPath, digest: &Digest) -> PathBuf {
        let mut target: PathBuf = std::iter::repeat_n("..", path.depth() + 2).collect();
        target.push("blobs");
        target.push(digest.hex());
        target
    }

    fn inside(&self, relative: impl AsRef<Path>) -> PathBuf {
        fit(self.root.join(&self.folder).join(relative))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::RepoKind;

    fn layout(kind: RepoKind, id: &str) -> RepoLayout {
        RepoLayout::new("/hub", &Repo { kind, id: id.parse().unwrap() })
    }

    #[test]
    fn folders_are_named_as_huggingface_hub_names_them() {
        for (kind, id, folder) in [
            (RepoKind::Model, "org/m", "models--org--m"),
            (RepoKind::Model, "gpt2", "models--gpt2"),
            (RepoKind::Dataset, "org/d", "datasets--org--d"),
            (RepoKind::Space, "o/s", "spaces--o--s"),
        ] {
            assert_eq!(layout(kind, id).folder_name(), folder);
            assert_eq!(layout(kind, id).folder(), Path::new("/hub").join(folder));
        }
    }

    #[test]
    fn every_path_stands_where_the_drawing_says() {
        let layout = layout(RepoKind::Model, "org/m");
        let hex = "a1".repeat(20);
        let digest = Digest::from_hex(&hex).unwrap();
        let commit: Commit = "5b".repeat(20).parse().unwrap();
        let path: RepoPath = "sub/t.json".parse().unwrap();
        let repo = Path::new("/hub/models--org--m");
        assert_eq!(layout.tag(), Path::new("/hub/CACHEDIR.TAG"));
        assert_eq!(layout.lock(&digest), Path::new("/hub/.locks/models--org--m").join(format!("{hex}.lock")));
        assert_eq!(layout.blob(&digest), repo.join("blobs").join(&hex));
        assert_eq!(layout.partial(&digest), repo.join("blobs").join(format!("{hex}.gatedl.incomplete")));
        assert_eq!(layout.journal(&digest), repo.join(".gatedl").join(format!("{hex}.journal")));
        assert_eq!(layout.reference(&Revision::main()), repo.join("refs/main"));
        assert_eq!(layout.reference(&"refs/pr/1".parse().unwrap()), repo.join("refs/refs/pr/1"));
        assert_eq!(layout.tree(&commit), repo.join("trees").join(format!("{commit}.json")));
        assert_eq!(layout.pointer(&commit, &path), repo.join("snapshots").join(commit.as_str()).join("sub/t.json"));
    }

    #[test]
    fn links_climb_once_more_for_each_folder() {
        let hex = "a1".repeat(32);
        let digest = Digest::from_hex(&hex).unwrap();
        for (path, climb) in [("c.json", "../.."), ("sub/t.json", "../../.."), ("a/b/c", "../../../..")] {
            let target = RepoLayout::link_target(&path.parse().unwrap(), &digest);
            assert_eq!(target, Path::new(climb).join("blobs").join(&hex), "{path}");
        }
    }
}
