//! What a folder of `--local-dir` should hold: by the notes that pulls of any tool left beside the files, and by the
//! listing of the newest commit among them.

use std::collections::{BTreeMap, HashMap};

use super::inventory::{Inventory, Notebook};
use super::{CheckedFile, FileVerdict};
use crate::digest::Digest;
use crate::repo::{Commit, Repo, RepoPath};
use crate::store::cache::Folder;

/// What a file should be.
#[derive(Default)]
struct Promise {
    commit: Option<Commit>,
    size: Option<u64>,
    digest: Option<Digest>,
}

impl Inventory {
    /// The files of a folder.
    pub(super) fn add_folder(&mut self, folder: &Folder, owner: Option<&(String, Repo)>) {
        self.begin(Notebook::Folder(folder.clone()));
        let mut promised = promised(folder);
        let is_known = !promised.is_empty();
        for (name, at) in folder.files() {
            let path: Option<RepoPath> = at.to_str().and_then(|_| name.parse().ok());
            let promise = path.as_ref().and_then(|path| promised.remove(path));
            let file = |verdict| CheckedFile {
                owner: owner.cloned(),
                commit: promise.as_ref().and_then(|promise| promise.commit.clone()),
                name: name.clone(),
                path: path.clone(),
                at: at.clone(),
                content: at.clone(),
                size: None,
                verdict,
            };
            match &promise {
                Some(promise) => self.add_content(file(FileVerdict::Unknown), promise.size, promise.digest),
                None if is_known => self.add(file(FileVerdict::Extra)),
                None => self.add_content(file(FileVerdict::Unknown), None, None),
            }
        }
        for (path, promise) in promised {
            let (name, at) = (path.as_str().to_owned(), folder.file(&path));
            let (owner, commit, verdict, content) = (owner.cloned(), promise.commit, FileVerdict::Missing, at.clone());
            self.add(CheckedFile { owner, commit, name, path: Some(path), at, content, size: None, verdict });
        }
    }
}

fn promised(folder: &Folder) -> BTreeMap<RepoPath, Promise> {
    let noted = folder.noted();
    let newest = noted.iter().max_by(|one, other| one.noted.total_cmp(&other.noted));
    let newest = newest.and_then(|noted| noted.commit.clone());
    let mut promised = BTreeMap::new();
    let listing = newest.as_ref().and_then(|commit| folder.listing(commit)).unwrap_or_default();
    for entry in &listing.entries {
        let size = Some(entry.size).filter(|_| entry.is_measured());
        promised.insert(entry.path.clone(), Promise { commit: newest.clone(), size, digest: entry.digest });
    }
    let mut listings = HashMap::new();
    for file in noted {
        let Some(digest) = file.digest else {
            promised.entry(file.path).or_default();
            continue;
        };
        // a file that the newest commit changed, and that was not pulled since, is still what its note says
        let listing = file
            .commit
            .as_ref()
            .map(|commit| listings.entry(commit.clone()).or_insert_with(|| folder.listing(commit).unwrap_or_default()));
        let entry = listing.and_then(|listing| {
            let place = listing.entries.binary_search_by(|entry| entry.path.cmp(&file.path)).ok()?;
            listing.entries.get(place)
        });
        let size = entry.filter(|entry| entry.digest == Some(digest) && entry.is_measured()).map(|entry| entry.size);
        promised.insert(file.path, Promise { commit: file.commit, size, digest: Some(digest) });
    }
    promised
}
