//! What a repository in a cache should hold: by the listings of its commits, where a pull left them; else by the names of
//! its blobs, which every tool makes of the content's hash.

use std::collections::HashMap;
use std::sync::Arc;

use super::inventory::{Inventory, Notebook};
use super::{CheckedFile, FileVerdict};
use crate::digest::Digest;
use crate::manifest::ListedFile;
use crate::ops::cache::CachedTarget;
use crate::repo::Commit;
use crate::store::cache::{Links, RepoCache};
use crate::store::scan::{self, BlobFile, RepoFolder, SnapshotFile};

impl Inventory {
    /// The files of a repository, or what a target means of it.
    pub(super) fn add_repository(&mut self, provider: &str, folder: &RepoFolder, target: Option<&CachedTarget>) {
        let layout = &folder.layout;
        let cache = Arc::new(RepoCache::open(layout.root(), &folder.repo, Links::WherePossible));
        self.begin(Notebook::Cache(Arc::clone(&cache)));
        let blank = CheckedFile {
            owner: Some((provider.to_owned(), folder.repo.clone())),
            commit: None,
            name: String::new(),
            path: None,
            at: layout.folder(),
            content: layout.folder(),
            size: None,
            verdict: FileVerdict::Unknown,
        };
        for part in [layout.snapshots(), layout.blobs()] {
            if let Err(error) = scan::check(&part) {
                let verdict = FileVerdict::Unreadable(error.to_string());
                self.add(CheckedFile { name: "/".to_owned(), at: part, verdict, ..blank.clone() });
            }
        }
        let commits = target.map_or_else(|| scan::snapshots(layout), |target| target.commits(folder));
        for commit in commits {
            let blank = CheckedFile { commit: Some(commit.clone()), ..blank.clone() };
            let is_meant = |name: &str| target.is_none_or(|target| target.includes(name));
            self.add_snapshot(&cache, folder, &commit, &blank, is_meant);
        }
        // what no name leads to is of no single revision
        if target.is_none_or(|target| target.revision.is_none() && target.within.is_none()) {
            for BlobFile { path, digest } in scan::blobs(layout) {
                if !self.has(&path, digest) {
                    let name = format!("blobs/{}", digest.hex());
                    self.add_content(CheckedFile { name, at: path, ..blank.clone() }, None, Some(digest));
                }
            }
        }
    }

    fn add_snapshot(
        &mut self,
        cache: &RepoCache,
        folder: &RepoFolder,
        commit: &Commit,
        blank: &CheckedFile,
        is_meant: impl Fn(&str) -> bool,
    ) {
        let listing = cache.listing(commit);
        let mut listed: Option<HashMap<&str, &Arc<ListedFile>>> =
            listing.as_ref().map(|listing| listing.entries.iter().map(|entry| (entry.path.as_str(), entry)).collect());
        let files = scan::snapshot_files(&folder.layout, commit).unwrap_or_default();
        for SnapshotFile { at, name, path, target } in files {
            let entry = listed.as_mut().and_then(|listed| listed.remove(name.as_str()));
            if !is_meant(&name) {
                continue;
            }
            let file = CheckedFile { name, path, at, ..blank.clone() };
            let by_name = || Digest::from_hex(target.as_deref()?.file_name()?.to_str()?);
            match (entry, &listed) {
                (Some(entry), _) => {
                    let listed = Some(entry.size).filter(|_| entry.is_measured());
                    self.add_content(file, listed, entry.digest.or_else(by_name));
                }
                (None, Some(_)) => self.add(CheckedFile { verdict: FileVerdict::Extra, ..file }),
                (None, None) => self.add_content(file, None, by_name()),
            }
        }
        let left = listed.into_iter().flatten().map(|(_, entry)| entry).filter(|entry| is_meant(entry.path.as_str()));
        let mut left: Vec<&Arc<ListedFile>> = left.collect();
        left.sort_by(|one, other| one.path.cmp(&other.path));
        for entry in left {
            self.add(CheckedFile {
                name: entry.path.as_str().to_owned(),
                path: Some(entry.path.clone()),
                at: folder.layout.pointer(commit, &entry.path),
                verdict: FileVerdict::Missing,
                ..blank.clone()
            });
        }
    }
}
