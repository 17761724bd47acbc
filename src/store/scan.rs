//! What stands in a cache: the reverse of the layout, read only. The one place that knows which folders are repositories
//! and what the parts of one are.
//!
//! A cache is shared with other tools and other people, so a name proves nothing: a folder is a repository only where its
//! name is the one that the layout would give, a snapshot only where it is named after a commit, a blob only where it is a
//! regular file. Folders that are links are not entered below a repository, so no loop has no end, and nothing is opened
//! but refs. What fits nowhere is left out, and stays where it is.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::cache::{CacheError, RepoLayout, commit_in, resolve};
use crate::digest::Digest;
use crate::regular_file;
use crate::repo::{Commit, Repo, RepoId, RepoKind, RepoPath};
use crate::system::paths::HAS_WINDOWS_NAMES;

/// A repository in a cache.
#[derive(Debug, Clone)]
pub(crate) struct RepoFolder {
    /// Which one.
    pub(crate) repo: Repo,
    /// Where its parts stand.
    pub(crate) layout: RepoLayout,
}

/// A file below `refs/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefFile {
    /// The file.
    pub(crate) path: PathBuf,
    /// The revision, as the path spells it; of a mark what the mark is about.
    pub(crate) revision: String,
    /// The commit that it names; none where it names none.
    pub(crate) commit: Option<Commit>,
    /// Whether it is ours, and says that a pull of this revision is not done.
    pub(crate) is_mark: bool,
}

/// A file of a snapshot: as a rule a link to a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SnapshotFile {
    /// Where it stands.
    pub(crate) at: PathBuf,
    /// Its path below the snapshot, as far as it can be shown.
    pub(crate) name: String,
    /// The same as a path of the repository; none where no repository can have such a one.
    pub(crate) path: Option<RepoPath>,
    /// What the link says, made absolute by its folder; none where it is no link.
    pub(crate) target: Option<PathBuf>,
}

/// A file below `blobs/` that bears a hash for its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlobFile {
    /// Where it stands. It may be a link into the store that repositories share.
    pub(crate) path: PathBuf,
    /// What its name says.
    pub(crate) digest: Digest,
}

/// The repositories in the cache at `root`, by name; none where there is no cache.
#[must_use]
pub(crate) fn repositories(root: &Path) -> Vec<RepoFolder> {
    let root = resolve(root);
    let repos = entries(&root).into_iter().filter(|path| path.is_dir()).filter_map(|path| {
        let repo = repo_of(path.file_name()?.to_str()?)?;
        Some(RepoFolder { layout: RepoLayout::new(&root, &repo), repo })
    });
    repos.collect()
}

/// The repository whose folder has this name.
fn repo_of(name: &str) -> Option<Repo> {
    let (plural, id) = name.split_once("--")?;
    let kind = RepoKind::ALL.into_iter().find(|kind| kind.plural() == plural)?;
    // an id has no `--` of its own, so there is one way back
    let id: RepoId = id.replace("--", "/").parse().ok()?;
    Some(Repo { kind, id })
}

/// The refs of a repository, by path.
#[must_use]
pub(crate) fn references(layout: &RepoLayout) -> Vec<RefFile> {
    let refs = layout.references();
    let mut found = Vec::new();
    walk(&refs, &mut |path| {
        let Some(below) = path.strip_prefix(&refs).ok().and_then(Path::to_str) else { return };
        let below = below.replace('\\', "/");
        let mark = below.strip_prefix("gatedl/").filter(|name| !name.contains('/'));
        let revision = mark.map_or_else(|| below.clone(), |name| name.replace("%2F", "/").replace("%25", "%"));
        let commit = regular_file::read(&path, regular_file::NOTE).ok().and_then(|bytes| commit_in(&bytes));
        found.push(RefFile { is_mark: mark.is_some(), revision, commit, path });
    })
    // what cannot be read names nothing
    .unwrap_or_default();
    found
}

/// The commits that have a snapshot.
#[must_use]
pub(crate) fn snapshots(layout: &RepoLayout) -> Vec<Commit> {
    let found = entries(&layout.snapshots()).into_iter().filter(|path| is_folder(path));
    found.filter_map(|path| path.file_name()?.to_str()?.parse().ok()).collect()
}

/// The files of a snapshot, by path.
///
/// # Errors
/// Where the snapshot is not there or cannot be read.
pub(crate) fn snapshot_files(layout: &RepoLayout, commit: &Commit) -> io::Result<Vec<SnapshotFile>> {
    let found = files_below(&layout.snapshot(commit))?.into_iter().map(|(name, at)| {
        // what was made fit to be shown has another name
        let path = at.to_str().and_then(|_| name.parse().ok());
        let target =
            fs::read_link(&at).ok().map(|target| at.parent().map_or(target.clone(), |folder| folder.join(target)));
        SnapshotFile { at, name, path, target }
    });
    Ok(found.collect())
}

/// The blobs of a repository, by name.
#[must_use]
pub(crate) fn blobs(layout: &RepoLayout) -> Vec<BlobFile> {
    let named = entries(&layout.blobs()).into_iter().filter_map(|path| {
        let digest = Digest::from_hex(path.file_name()?.to_str()?)?;
        Some(BlobFile { path, digest })
    });
    named.collect()
}

/// Sees that a folder can be read, or is not there.
///
/// # Errors
/// The system's refusal.
pub(crate) fn check(folder: &Path) -> Result<(), CacheError> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(CacheError::at("read the folder", folder)(error)),
        _ => Ok(()),
    }
}

/// Everything below a folder that is no folder, by path, with its path below it as far as it can be shown.
///
/// # Errors
/// Where the folder itself is not there or cannot be read.
pub(crate) fn files_below(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    walk(folder, &mut |at| {
        let Ok(below) = at.strip_prefix(folder) else { return };
        let name = below.display().to_string();
        found.push((if HAS_WINDOWS_NAMES { name.replace('\\', "/") } else { name }, at));
    })?;
    Ok(found)
}

/// What stands in a folder, by name; nothing where it cannot be read.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// The name of an entry, where it is text.
pub(crate) fn name_of(path: &Path) -> Option<&str> {
    path.file_name().and_then(OsStr::to_str)
}

/// Whether a folder stands there, and no link to one.
fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

/// What all names in all snapshots lead to, by the name that it has in `blobs/`; also of snapshots that are named after
/// nothing that a commit could be.
///
/// # Errors
/// Where a part of them cannot be read, so that something may have a name that is not seen.
pub(crate) fn named_blobs(layout: &RepoLayout) -> io::Result<HashSet<OsString>> {
    let (mut named, mut failed) = (HashSet::new(), None);
    let walked = walk_noting(&layout.snapshots(), &mut failed, &mut |at| {
        named.extend(fs::read_link(at).ok().and_then(|target| Some(target.file_name()?.to_owned())));
    });
    match (walked, failed) {
        (Err(error), _) if error.kind() == io::ErrorKind::NotFound => Ok(named),
        (Err(error), _) | (Ok(()), Some(error)) => Err(error),
        (Ok(()), None) => Ok(named),
    }
}

/// Everything below a folder that is no folder, by path; links are not followed. What cannot be read is passed by.
///
/// # Errors
/// Where the folder itself cannot be read.
fn walk(folder: &Path, take: &mut impl FnMut(PathBuf)) -> io::Result<()> {
    walk_noting(folder, &mut None, take)
}

/// The same; the last folder below that could not be read leaves its error.
fn walk_noting(folder: &Path, failed: &mut Option<io::Error>, take: &mut impl FnMut(PathBuf)) -> io::Result<()> {
    let mut found: Vec<fs::DirEntry> = fs::read_dir(folder)?.flatten().collect();
    found.sort_by_key(fs::DirEntry::file_name);
    for entry in found {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => {
                if let Err(error) = walk_noting(&entry.path(), failed, take) {
                    *failed = Some(error);
                }
            }
            _ => take(entry.path()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::*;

    fn layout(root: &Path) -> RepoLayout {
        RepoLayout::new(resolve(root), &Repo { kind: RepoKind::Model, id: "org/m".parse().unwrap() })
    }

    fn commit(pair: &str) -> Commit {
        pair.repeat(20).parse().unwrap()
    }

    fn write(path: &Path, content: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[test]
    fn a_repository_is_known_by_its_name_alone() {
        for (name, known) in [
            ("models--org--m", Some("org/m")),
            ("models--gpt2", Some("gpt2")),
            ("datasets--org--d", Some("datasets/org/d")),
            ("spaces--o--s", Some("spaces/o/s")),
            ("kernels--o--k", Some("kernels/o/k")),
            ("models--a--b--c", None),
            ("models----b", None),
            ("models--..--b", None),
            ("models--", None),
            ("models", None),
            ("buckets--a--b", None),
            (".locks", None),
            ("blobs", None),
        ] {
            assert_eq!(repo_of(name).map(|repo| repo.to_string()).as_deref(), known, "{name}");
        }
        for kind in RepoKind::ALL {
            let repo = Repo { kind, id: "a-b_c.d/e".parse().unwrap() };
            assert_eq!(repo_of(RepoLayout::new("/hub", &repo).folder_name()), Some(repo));
        }
    }

    #[test]
    fn only_folders_are_repositories() {
        let root = tempdir().unwrap();
        assert!(repositories(&root.path().join("none")).is_empty());
        fs::create_dir(root.path().join("models--org--m")).unwrap();
        fs::create_dir(root.path().join("kernels--org--k")).unwrap();
        fs::create_dir(root.path().join("models--a--b--c")).unwrap();
        fs::write(root.path().join("models--a--file"), "").unwrap();
        let names: Vec<String> = repositories(root.path()).iter().map(|folder| folder.repo.to_string()).collect();
        assert_eq!(names, ["kernels/org/k", "org/m"]);
    }

    #[test]
    fn refs_are_told_from_marks_and_from_what_names_no_commit() {
        let root = tempdir().unwrap();
        let layout = layout(root.path());
        for (name, content) in [
            ("main", "5b".repeat(20)),
            ("refs/pr/1", "6c".repeat(20) + "\n"),
            ("broken", "no commit".to_owned()),
            ("gatedl/refs%2Fpr%2F2", "7d".repeat(20)),
        ] {
            write(&layout.references().join(name), &content);
        }
        fs::create_dir(layout.references().join("empty")).unwrap();
        let found = references(&layout);
        let told: Vec<_> = found.iter().map(|one| (one.revision.as_str(), one.commit.clone(), one.is_mark)).collect();
        assert_eq!(
            told,
            [
                ("broken", None, false),
                ("refs/pr/2", Some(commit("7d")), true),
                ("main", Some(commit("5b")), false),
                ("refs/pr/1", Some(commit("6c")), false),
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn snapshots_are_read_without_being_led_away_or_round_in_circles() {
        use std::os::unix::fs::symlink;
        let root = tempdir().unwrap();
        let layout = layout(root.path());
        let (snapshot, hex) = (layout.snapshot(&commit("5b")), "a1".repeat(20));
        write(&layout.blobs().join(&hex), "x");
        write(&layout.blobs().join("a1.gatedl.incomplete"), "x");
        write(&snapshot.join("plain.txt"), "x");
        fs::create_dir(snapshot.join("sub")).unwrap();
        symlink(format!("../../../blobs/{hex}"), snapshot.join("sub/a.json")).unwrap();
        symlink("..", snapshot.join("sub/loop")).unwrap();
        symlink("/", snapshot.join("out")).unwrap();
        write(&snapshot.join("odd\\name"), "x");
        fs::create_dir_all(layout.snapshots().join("main")).unwrap();
        symlink(&snapshot, layout.snapshots().join("6c".repeat(20))).unwrap();
        assert_eq!(snapshots(&layout), [commit("5b")]);
        let files = snapshot_files(&layout, &commit("5b")).unwrap();
        let told = files.iter().map(|file| (file.name.as_str(), file.path.is_some(), file.target.is_some()));
        let told: Vec<_> = told.collect();
        assert_eq!(
            told,
            [
                ("odd\\name", false, false),
                ("out", true, true),
                ("plain.txt", true, false),
                ("sub/a.json", true, true),
                ("sub/loop", true, true),
            ]
        );
        let blob = fs::canonicalize(layout.blobs().join(&hex)).unwrap();
        assert_eq!(fs::canonicalize(files[3].target.as_ref().unwrap()).unwrap(), blob);
        assert!(snapshot_files(&layout, &commit("7d")).is_err());
        let named: Vec<Digest> = blobs(&layout).into_iter().map(|blob| blob.digest).collect();
        assert_eq!(named, [Digest::from_hex(&hex).unwrap()]);
    }
}
