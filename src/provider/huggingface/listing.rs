//! From the entries of a listing to a manifest that can be trusted: every path safe, each once, none both file and folder.

use super::super::ProviderError;
use super::wire::Node;
use crate::digest::Digest;
use crate::manifest::Entry;
use crate::repo::{Repo, RepoPath, printable};

pub(super) fn problem(repo: &Repo, problem: &str) -> ProviderError {
    ProviderError::Listing { repo: repo.clone(), problem: problem.to_owned() }
}

pub(super) fn path(repo: &Repo, text: &str) -> Result<RepoPath, ProviderError> {
    text.parse().map_err(|source| ProviderError::HostilePath { repo: repo.clone(), source })
}

/// A file of a tree page; none for a folder. One hostile path spoils the whole listing: a hub does not send any, so
/// whoever sent it is none.
pub(super) fn entry(repo: &Repo, node: Node) -> Result<Option<Entry>, ProviderError> {
    if node.kind != "file" {
        return Ok(None);
    }
    let path = path(repo, &node.path)?;
    let (size, digest) = match &node.lfs {
        Some(lfs) => (lfs.size.unwrap_or(node.size), sha256(repo, &path, &lfs.oid)?),
        None => (node.size, Some(git_sha1(repo, &path, node.oid.as_deref())?)),
    };
    let is_hash = |text: &String| Digest::from_hex(text).is_some();
    let (blob_id, xet_hash) = (node.oid.filter(is_hash), node.xet_hash.filter(is_hash));
    Ok(Some(Entry { path, size, digest, blob_id, xet_hash, published: None }))
}

/// The SHA-256 of a large file; none where the listing masks it, an error where it is something else.
fn sha256(repo: &Repo, path: &RepoPath, oid: &str) -> Result<Option<Digest>, ProviderError> {
    match Digest::from_hex(oid) {
        Some(digest @ Digest::Sha256(_)) => Ok(Some(digest)),
        _ if !oid.is_empty() && oid.bytes().all(|byte| byte == b'*') => Ok(None),
        _ => Err(problem(repo, &format!("the hash of `{path}` is `{}`", printable(oid)))),
    }
}

fn git_sha1(repo: &Repo, path: &RepoPath, oid: Option<&str>) -> Result<Digest, ProviderError> {
    let oid = oid.unwrap_or_default();
    match Digest::from_hex(oid) {
        Some(digest @ Digest::GitSha1(_)) => Ok(digest),
        _ => Err(problem(repo, &format!("the git id of `{path}` is `{}`", printable(oid)))),
    }
}

/// Sorts the entries and refuses what cannot become a folder of files.
pub(super) fn check(repo: &Repo, mut entries: Vec<Entry>) -> Result<Vec<Entry>, ProviderError> {
    entries.sort_by(|left, right| left.path.cmp(&right.path));
    if let Some(pair) = entries.windows(2).find(|pair| pair[0].path == pair[1].path) {
        return Err(problem(repo, &format!("it names `{}` twice", pair[0].path)));
    }
    let is_file = |path: &str| entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).is_ok();
    let folders = |entry: &Entry| {
        let path = entry.path.as_str().to_owned();
        let ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).collect();
        ends.into_iter().map(move |end| path[..end].to_owned())
    };
    if let Some(folder) = entries.iter().flat_map(folders).find(|folder| is_file(folder)) {
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

    fn read(json: &str) -> Result<Option<Entry>, String> {
        entry(&repo(), serde_json::from_str(json).unwrap()).map_err(|error| {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
            format!("{error}{source}")
        })
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
        assert!(read(r#"{"type":"file","size":1,"path":"c"}"#).is_err());
        assert!(
            read(&format!(r#"{{"type":"file","oid":"{}","size":1,"path":"a/../../c"}}"#, "a1".repeat(20)))
                .unwrap_err()
                .contains("`..`")
        );
    }

    #[test]
    fn a_listing_must_be_able_to_become_a_folder() {
        let sized = |size: u64, paths: &[&str]| {
            let entry = |path: &&str| Entry {
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
        assert!(entries(&["a", "b", "a"]).unwrap_err().contains("`a` twice"));
        assert!(entries(&["a", "a.b", "a/b"]).unwrap_err().contains("file and a folder"));
        assert!(sized(u64::MAX, &["a"]).is_ok());
        assert!(sized(u64::MAX / 2, &["a", "b", "c"]).unwrap_err().contains("no disk"));
    }
}
