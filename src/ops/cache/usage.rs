//! What takes how much room, and when it was last used.
//!
//! Content under several names is counted once: blobs of several revisions, and what repositories share by hard links or by
//! `huggingface_hub`'s store. When it was last used is what the file system says; most note the first use of a day.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::roots;
use super::target::CacheRoot;
use crate::error::Error;
use crate::file_thread;
use crate::repo::Commit;
use crate::session::Session;
use crate::store::cache::{Unfinished, unfinished_of};
use crate::store::removal::{InUse, claim};
use crate::store::scan::{self, RepoFolder};
use crate::system::files::FileIdentity;

/// One content.
#[derive(Debug, Clone)]
pub(super) struct ContentUsage {
    pub(super) key: FileIdentity,
    pub(super) size: u64,
    used: Option<SystemTime>,
}

impl ContentUsage {
    /// What a path leads to; none where that is no file.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        let key = FileIdentity::of(path).ok()?;
        let used = found.accessed().ok().max(found.modified().ok());
        Some(Self { key, size: found.len(), used })
    }
}

/// A revision that is here.
#[derive(Debug, Clone)]
pub(crate) struct RevisionUsage {
    /// The commit.
    pub(crate) commit: Commit,
    /// The revisions that name it.
    pub(crate) references: Vec<String>,
    /// Whether a pull of it is not done.
    pub(crate) is_marked: bool,
    /// How many files it has here.
    pub(crate) files: usize,
    /// Their length in bytes.
    pub(crate) size: u64,
    /// When one of them was last used.
    pub(crate) used: Option<SystemTime>,
    /// What stands in `blobs/` for them.
    pub(super) blobs: Vec<PathBuf>,
    pub(super) contents: Vec<ContentUsage>,
}

/// A repository that is here.
#[derive(Debug, Clone)]
pub(crate) struct RepoUsage {
    /// The provider.
    pub(crate) provider: String,
    /// The repository as it is written on a command line.
    pub(crate) name: String,
    /// The repository and its folder.
    pub(crate) folder: RepoFolder,
    /// Its revisions, by commit.
    pub(crate) revisions: Vec<RevisionUsage>,
    /// The length in bytes of all that it has, what is unfinished as well.
    pub(crate) size: u64,
    /// When it was last used.
    pub(crate) used: Option<SystemTime>,
    /// What killed downloads left, or is under way.
    pub(crate) unfinished: Vec<Unfinished>,
    /// Who works in it.
    pub(crate) in_use: Option<InUse>,
}

impl RevisionUsage {
    /// Whether somebody has a name for it: a branch, a pull that is not done, or its own number.
    #[must_use]
    pub(crate) fn is_named(&self) -> bool {
        self.is_marked || !self.references.is_empty() || self.commit.as_number().is_some()
    }
}

impl RepoUsage {
    /// Looks at a repository. Blocks.
    pub(super) fn of(provider: String, default: &str, folder: RepoFolder) -> Self {
        let name = if provider == default { folder.repo.to_string() } else { format!("{provider}:{}", folder.repo) };
        let layout = &folder.layout;
        let references = scan::references(layout);
        let revisions = scan::snapshots(layout).into_iter().map(|commit| {
            let own = references.iter().filter(|one| one.commit.as_ref() == Some(&commit));
            let (marks, names): (Vec<_>, Vec<_>) = own.partition(|one| one.is_mark);
            let references = names.into_iter().map(|one| one.revision.clone()).collect();
            revision(&folder, commit, references, !marks.is_empty())
        });
        let revisions: Vec<RevisionUsage> = revisions.collect();
        let mut contents: HashMap<FileIdentity, u64> = HashMap::new();
        let named = revisions.iter().flat_map(|revision| revision.contents.iter().cloned());
        let blobs = scan::blobs(layout).into_iter().filter_map(|blob| ContentUsage::of(&blob.path));
        contents.extend(named.chain(blobs).map(|content| (content.key, content.size)));
        let unfinished = unfinished_of(layout);
        let left = unfinished.iter().map(|one| one.bytes);
        let size = contents.into_values().chain(left).fold(0, u64::saturating_add);
        let used = revisions.iter().filter_map(|revision| revision.used).max();
        let in_use = claim(layout).err();
        Self { provider, name, folder, revisions, size, used, unfinished, in_use }
    }
}

fn revision(folder: &RepoFolder, commit: Commit, references: Vec<String>, is_marked: bool) -> RevisionUsage {
    let found = scan::snapshot_files(&folder.layout, &commit).unwrap_or_default();
    let (mut blobs, mut contents) = (Vec::new(), HashMap::new());
    let files = found.len();
    for file in found {
        blobs.extend(file.target.as_deref().and_then(Path::file_name).map(|name| folder.layout.blobs().join(name)));
        contents.extend(ContentUsage::of(&file.at).map(|content| (content.key, content)));
    }
    let contents: Vec<ContentUsage> = contents.into_values().collect();
    let size = contents.iter().map(|content| content.size).fold(0, u64::saturating_add);
    let used = contents.iter().filter_map(|content| content.used).max();
    RevisionUsage { commit, references, is_marked, files, size, used, blobs, contents }
}

/// Looks at all repositories of all caches.
///
/// # Errors
/// When a cache cannot be read.
pub(crate) async fn survey(session: &Session) -> Result<Vec<RepoUsage>, Error> {
    let roots = roots(session.settings());
    let default = session.settings().default_provider.clone();
    file_thread::run(move || look(&roots, &default)).await?
}

/// Looks at all repositories of some caches. Blocks.
///
/// # Errors
/// When one cannot be read.
pub(super) fn look(roots: &[CacheRoot], default: &str) -> Result<Vec<RepoUsage>, Error> {
    let mut found = Vec::new();
    for root in roots {
        scan::check(&root.path)?;
        let folders = scan::repositories(&root.path).into_iter();
        found.extend(folders.map(|folder| RepoUsage::of(root.provider_of(&folder), default, folder)));
    }
    Ok(found)
}
