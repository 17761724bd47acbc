//! From the entries of a listing to a manifest that can be trusted: every path safe, each once, none both file and folder.

use std::collections::HashSet;

use serde_json::Number;

use super::super::ProviderError;
use super::wire::{MOST_ROWS, Page, TreeEntry};
use crate::digest::Digest;
use crate::manifest::{ListedFile, Odd, is_kept_in_lfs};
use crate::repo::{NameError, Repo, RepoPath, printable};

/// All pages of a listing together may have so many bytes: 1,000 rows have some 300,000.
const LARGEST_LISTING: usize = 256 << 20;
/// The text of a pointer has at least so many bytes, and nobody keeps less in Git LFS. Some listings tell the size of the
/// pointer, which is at most 200, others that of the file beside the id of the pointer.
const SMALLEST_POINTER: u64 = 120;
/// So many files may be asked about one by one: each costs a request, and a hub grants some 3,000 to 5,000 in 5 minutes.
const MOST_UNTOLD: usize = 5_000;

pub(super) fn problem(repo: &Repo, problem: &str) -> ProviderError {
    ProviderError::Listing { repo: repo.clone(), problem: problem.to_owned() }
}

/// What the rows of a tree say together.
#[derive(Debug, Default)]
pub(super) struct TreeRows {
    /// The files of which all is told.
    pub(super) told: Vec<ListedFile>,
    /// The files that lack their size or their hash: the headers of their links must tell.
    pub(super) untold: Vec<Untold>,
    /// The files with names that cannot be had here.
    pub(super) odd: Vec<Odd>,
    folders: HashSet<String>,
    has_lfs: bool,
    count: usize,
    bytes: usize,
}

/// A file of which the listing tells too little.
#[derive(Debug)]
pub(super) struct Untold {
    pub(super) path: RepoPath,
    pub(super) blob_id: Option<String>,
}

impl TreeRows {
    /// Takes the rows of a page that was so many bytes long.
    ///
    /// # Errors
    /// When one of them can be in no repository, or all together are more than a listing may have.
    pub(super) fn take(&mut self, repo: &Repo, page: Page, length: usize) -> Result<(), ProviderError> {
        self.count += page.0.len();
        self.bytes += length;
        if self.count > MOST_ROWS || self.bytes > LARGEST_LISTING {
            let problem = format!("it is longer than {MOST_ROWS} files or {} MiB", LARGEST_LISTING >> 20);
            return Err(self::problem(repo, &problem));
        }
        page.0.into_iter().try_for_each(|node| self.add(repo, node))
    }

    fn add(&mut self, repo: &Repo, node: TreeEntry) -> Result<(), ProviderError> {
        match node.kind.as_str() {
            "file" => {}
            "directory" => {
                self.folders.insert(node.path);
                return Ok(());
            }
            _ => return Ok(()),
        }
        let path = match node.path.parse::<RepoPath>() {
            Err(source @ NameError::Astray { .. }) => {
                return Err(ProviderError::HostilePath { repo: repo.clone(), source });
            }
            path => path,
        };
        self.has_lfs |= node.lfs.is_some();
        let lfs_size = node.lfs.as_ref().and_then(|lfs| lfs.size.as_ref());
        let size = lfs_size.or(node.size.as_ref()).and_then(Number::as_u64);
        let name = node.path;
        let digest = match (&node.lfs, node.oid.as_deref()) {
            (Some(lfs), _) => lfs.oid.as_deref().map(|oid| sha256(repo, &name, oid)).transpose()?,
            (None, Some(oid)) => Some(Some(git_sha1(repo, &name, oid)?)),
            (None, None) => None,
        };
        let is_hash = |text: &String| Digest::from_hex(text).is_some();
        let (blob_id, xet_hash) = (node.oid.filter(is_hash), node.xet_hash.filter(is_hash));
        match (path, size, digest) {
            (Ok(path), Some(size), Some(digest)) => {
                self.told.push(ListedFile { path, size, digest, blob_id, xet_hash, published: None });
            }
            (Ok(path), ..) => self.untold.push(Untold { path, blob_id }),
            (Err(error), ..) => {
                let (reason, digest) = (error.reason(), digest.flatten());
                self.odd.push(Odd { name, reason, size, digest, blob_id, xet_hash });
            }
        }
        Ok(())
    }

    /// Takes the name of a file, where it is new.
    pub(super) fn add_name(&mut self, repo: &Repo, name: String) -> Result<(), ProviderError> {
        match name.parse::<RepoPath>() {
            Ok(path) => self.untold.push(Untold { path, blob_id: None }),
            Err(NameError::Odd { reason, .. }) => {
                let (size, digest, blob_id, xet_hash) = (None, None, None, None);
                self.odd.push(Odd { name, reason, size, digest, blob_id, xet_hash });
            }
            Err(source) => return Err(ProviderError::HostilePath { repo: repo.clone(), source }),
        }
        Ok(())
    }

    /// The names of all files.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let told = self.told.iter().map(|entry| entry.path.as_str());
        let untold = self.untold.iter().map(|untold| untold.path.as_str());
        told.chain(untold).chain(self.odd.iter().map(|odd| odd.name.as_str()))
    }

    /// Whether files must be missing: the listing has no file, or a folder without files, which git does not keep. Servers
    /// send such listings when they list nothing, stop too early or do not go into folders.
    pub(super) fn is_doubtful(&self) -> bool {
        let mut empty: HashSet<&str> = self.folders.iter().map(String::as_str).collect();
        for name in self.names() {
            let parents = name.rmatch_indices('/').map(|(at, _)| &name[..at]);
            // above a folder that is filled already, so are all
            parents.take_while(|parent| empty.remove(parent)).for_each(drop);
        }
        self.names().next().is_none() || !empty.is_empty()
    }

    /// The file that shows whether a listing without any large file says nothing about Git LFS: it would be in there.
    pub(super) fn touchstone(&self) -> Option<&ListedFile> {
        let may_be_large = |entry: &&ListedFile| {
            let is_as_usual = entry.size >= SMALLEST_POINTER && is_kept_in_lfs(entry.path.as_str());
            entry.xet_hash.is_some() || is_as_usual
        };
        self.told.iter().filter(may_be_large).max_by_key(|entry| entry.size).filter(|_| !self.has_lfs)
    }

    /// Refuses a listing that leaves too much to be asked about.
    ///
    /// # Errors
    /// When files are untold by the thousands.
    pub(super) fn expect_told(&self, repo: &Repo) -> Result<(), ProviderError> {
        match self.untold.len() {
            ..=MOST_UNTOLD => Ok(()),
            count => Err(problem(
                repo,
                &format!(
                    "it tells no size or hash of {count} files, and at most {MOST_UNTOLD} are asked about one by one"
                ),
            )),
        }
    }

    /// What the listing says about sizes and hashes is about the pointers of Git LFS.
    pub(super) fn distrust(&mut self) {
        let untold = self.told.drain(..).map(|ListedFile { path, blob_id, .. }| Untold { path, blob_id });
        self.untold.extend(untold);
    }
}

/// The SHA-256 of a large file; none where the listing masks it, an error where it is something else.
fn sha256(repo: &Repo, name: &str, oid: &str) -> Result<Option<Digest>, ProviderError> {
    // as in the text of a pointer
    match Digest::from_hex(oid.strip_prefix("sha256:").unwrap_or(oid)) {
        Some(digest @ Digest::Sha256(_)) => Ok(Some(digest)),
        _ if !oid.is_empty() && oid.bytes().all(|byte| byte == b'*') => Ok(None),
        _ => Err(problem(repo, &format!("the hash of `{}` is `{}`", printable(name), printable(oid)))),
    }
}

fn git_sha1(repo: &Repo, name: &str, oid: &str) -> Result<Digest, ProviderError> {
    match Digest::from_hex(oid) {
        Some(digest @ Digest::GitSha1(_)) => Ok(digest),
        _ => Err(problem(repo, &format!("the git id of `{}` is `{}`", printable(name), printable(oid)))),
    }
}

/// Sorts the entries and refuses what cannot become a folder of files.
pub(super) fn check(repo: &Repo, mut entries: Vec<ListedFile>) -> Result<Vec<ListedFile>, ProviderError> {
    entries.sort_by(|left, right| left.path.cmp(&right.path));
    // pages that overlap
    entries.dedup_by(|left, right| (&left.path, left.size, left.digest) == (&right.path, right.size, right.digest));
    if let Some(pair) = entries.windows(2).find(|pair| pair[0].path == pair[1].path) {
        return Err(problem(repo, &format!("it names `{}` twice", pair[0].path)));
    }
    let is_file = |path: &str| entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).is_ok();
    let paths = entries.iter().map(|entry| entry.path.as_str());
    let mut folders = paths.flat_map(|path| path.match_indices('/').map(|(at, _)| &path[..at]));
    if let Some(folder) = folders.find(|folder| is_file(folder)) {
        return Err(problem(repo, &format!("`{folder}` is a file and a folder in it")));
    }
    if entries.iter().try_fold(0, |total: u64, entry| total.checked_add(entry.size)).is_none() {
        return Err(problem(repo, "no disk could hold the sizes that it names"));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo() -> Repo {
        Repo { kind: crate::repo::RepoKind::Model, id: "org/m".parse().unwrap() }
    }

    fn rows(json: &str) -> Result<TreeRows, String> {
        let mut rows = TreeRows::default();
        let taken = rows.take(&repo(), serde_json::from_str(json).unwrap(), json.len());
        taken.map(|()| rows).map_err(|error| {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
            format!("{error}{source}")
        })
    }

    fn read(json: &str) -> Result<Option<ListedFile>, String> {
        rows(&format!("[{json}]")).map(|rows| rows.told.into_iter().next())
    }

    #[test]
    fn entries_become_files_with_the_right_kind_of_hash() {
        let (git, sha256) = ("a1".repeat(20), "b2".repeat(32));
        let small =
            read(&format!(r#"{{"type":"file","oid":"{git}","size":665,"path":"config.json"}}"#)).unwrap().unwrap();
        assert_eq!((small.size, small.digest.unwrap().to_string()), (665, format!("git-sha1:{git}")));
        let large = format!(
            r#"{{"type":"file","oid":"{git}","size":9,"lfs":{{"oid":"{sha256}","size":9,"pointerSize":134}},"path":"m","xetHash":"{sha256}"}}"#
        );
        let large = read(&large).unwrap().unwrap();
        assert_eq!(large.digest.unwrap().to_string(), format!("sha256:{sha256}"));
        assert_eq!((large.blob_id, large.xet_hash), (Some(git), Some(sha256)));
        assert_eq!(read(r#"{"type":"directory","oid":"x","size":0,"path":"../.."}"#), Ok(None));
    }

    #[test]
    fn a_masked_hash_is_none_and_a_hostile_one_an_error() {
        let lfs = |oid: &str| {
            read(&format!(r#"{{"type":"file","oid":"x","size":9,"lfs":{{"oid":"{oid}","size":9}},"path":"m"}}"#))
        };
        assert_eq!(lfs(&"*".repeat(64)).unwrap().unwrap().digest, None);
        for hostile in ["", "../../etc/passwd", &"a1".repeat(20), &"A1".repeat(32), &"*a".repeat(32)] {
            assert!(lfs(hostile).is_err(), "{hostile}");
        }
        assert!(read(&format!(r#"{{"type":"file","oid":"{}","size":1,"path":"c"}}"#, "a".repeat(64))).is_err());
        assert!(
            read(&format!(r#"{{"type":"file","oid":"{}","size":1,"path":"a/../../c"}}"#, "a1".repeat(20)))
                .unwrap_err()
                .contains("`..`")
        );
    }

    #[test]
    fn a_listing_must_be_able_to_become_a_folder() {
        let sized = |size: u64, paths: &[&str]| {
            let entry = |path: &&str| ListedFile {
                path: path.parse().unwrap(),
                size,
                digest: None,
                blob_id: None,
                xet_hash: None,
                published: None,
            };
            check(&repo(), paths.iter().map(entry).collect()).map_err(|error| error.to_string())
        };
        let entries = |paths: &[&str]| sized(0, paths);
        assert_eq!(entries(&["b", "a", "a.b", "c/a"]).unwrap()[0].path.as_str(), "a");
        assert_eq!(entries(&["a", "b", "a"]).unwrap().len(), 2, "twice and equal");
        assert!(entries(&["a", "a.b", "a/b"]).unwrap_err().contains("file and a folder"));
        assert!(sized(u64::MAX, &["a"]).is_ok());
        assert!(sized(u64::MAX / 2, &["a", "b", "c"]).unwrap_err().contains("no disk"));
    }

    #[test]
    fn a_file_without_a_size_or_a_hash_is_asked_about_and_never_made_up() {
        let (git, sha256) = ("a1".repeat(20), "b2".repeat(32));
        for row in [
            format!(r#"{{"type":"file","path":"m","oid":"{git}"}}"#),
            format!(r#"{{"type":"file","path":"m","oid":"{git}","size":null}}"#),
            format!(r#"{{"type":"file","path":"m","oid":"{git}","size":-1}}"#),
            format!(r#"{{"type":"file","path":"m","oid":"{git}","size":1.5}}"#),
            format!(r#"{{"type":"file","path":"m","oid":"{git}","size":18446744073709551616}}"#),
            format!(r#"{{"type":"file","path":"m","oid":"{git}","lfs":{{"oid":"{sha256}"}}}}"#),
            format!(r#"{{"type":"file","path":"m","oid":"{git}","size":1,"lfs":{{"size":1}}}}"#),
            r#"{"type":"file","path":"m","size":1}"#.to_owned(),
            r#"{"type":"file","path":"m","size":1,"oid":null}"#.to_owned(),
        ] {
            let rows = rows(&format!("[{row}]")).unwrap();
            assert_eq!((rows.told.len(), rows.untold.len(), rows.is_doubtful()), (0, 1, false), "{row}");
        }
        let prefixed = format!(r#"{{"type":"file","path":"m","lfs":{{"oid":"sha256:{sha256}","size":9}}}}"#);
        assert_eq!(read(&prefixed).unwrap().unwrap().digest, Digest::from_hex(&sha256));
    }

    #[test]
    fn a_listing_that_must_lack_files_is_doubted() {
        let git = "a1".repeat(20);
        let file = |path: &str| format!(r#"{{"type":"file","path":"{path}","oid":"{git}","size":1}}"#);
        let folder = |path: &str| format!(r#"{{"type":"directory","path":"{path}"}}"#);
        let doubtful = |nodes: &[String]| rows(&format!("[{}]", nodes.join(","))).unwrap().is_doubtful();
        assert!(doubtful(&[]));
        assert!(doubtful(&[file("a"), folder("b")]));
        assert!(doubtful(&[file("a"), folder("b"), folder("b/c")]));
        assert!(!doubtful(&[file("a"), folder("b"), folder("b/c"), file("b/c/d")]));
        assert!(!doubtful(&[file("a")]));
    }

    #[test]
    fn a_listing_is_bounded_as_a_whole() {
        let mut rows = TreeRows::default();
        for _ in 0..4 {
            rows.take(&repo(), Page(Vec::new()), 64 << 20).unwrap();
        }
        let error = rows.take(&repo(), Page(Vec::new()), 1).unwrap_err().to_string();
        assert!(error.ends_with("it is longer than 1000000 files or 256 MiB"), "{error}");
        let mut rows = TreeRows { count: MOST_ROWS, ..TreeRows::default() };
        let one_more = serde_json::from_str(r#"[{"type":"other","path":""}]"#).unwrap();
        let error = rows.take(&repo(), one_more, 1).unwrap_err().to_string();
        assert!(error.ends_with("it is longer than 1000000 files or 256 MiB"), "{error}");
    }
}
