//! The store that repositories of a root share (`huggingface_hub` 2.x, `_shared_blobs.py`; hub-protocol §3.6): the content
//! once, and beside it a list of the links that lead to it. It is collected by `hf`'s own rules: only under its lock, only
//! where the list can be read and none of its links is left. Content without a list is never touched.

use std::fs;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

use crate::digest::Digest;
use crate::regular_file;
use crate::repo::RepoKind;
use crate::store::cache::{BlobLock, RepoLayout};
use crate::store::scan;
use crate::system::files::set_mode;

/// The content in the shared store that a blob is a link to.
#[must_use]
pub(super) fn stored(layout: &RepoLayout, blob: &Path) -> Option<PathBuf> {
    target_of(layout.root(), blob)
}

/// What of the shared store no link leads to any more, with its length in bytes.
#[must_use]
pub(crate) fn unused(root: &Path) -> Vec<(PathBuf, u64)> {
    let store = root.join("blobs");
    if !is_store(&store) {
        return Vec::new();
    }
    let contents = scan::entries(&store).into_iter().flat_map(|prefix| scan::entries(&prefix));
    let unused = contents.filter(|content| is_content(&store, content)).filter_map(|content| {
        let size = fs::symlink_metadata(&content).ok().filter(fs::Metadata::is_file)?.len();
        links(root, &content)?.is_empty().then_some((content, size))
    });
    unused.collect()
}

/// Takes content out of the store if no link leads to it any more; else its list is brought up to date. What cannot be
/// told is left: that costs room and nothing else.
pub(crate) fn sweep(root: &Path, content: &Path) {
    let store = root.join("blobs");
    if !is_store(&store) || !is_content(&store, content) {
        return;
    }
    let Ok(Some(_held)) = BlobLock::try_acquire(&beside(content, "lock")) else { return };
    let Some(left) = links(root, content) else { return };
    let list = beside(content, "refs");
    if left.is_empty() {
        if fs::remove_file(content).is_ok() {
            let _ = fs::remove_file(list);
        }
    } else {
        let lines = left.join("\n") + "\n";
        let written = tempfile::Builder::new().tempfile_in(list.parent().unwrap_or(root)).and_then(|mut file| {
            set_mode(file.as_file(), 0o666);
            file.write_all(lines.as_bytes())?;
            file.as_file().sync_all()?;
            Ok(file.persist(&list)?)
        });
        // with more lines than need be it is as true as before
        drop(written);
    }
}

/// Whether a folder bears the mark of the store.
fn is_store(store: &Path) -> bool {
    let mark = regular_file::read(&store.join(".huggingface-shared-blobs"), 16);
    mark.is_ok_and(|mark| mark == b"1\n")
}

/// Whether a path is `<store>/<first two digits>/<hash>`.
fn is_content(store: &Path, content: &Path) -> bool {
    let parts = || {
        let (hash, prefix) = (scan::name_of(content)?, content.parent()?);
        let is_hash = matches!(Digest::from_hex(hash), Some(Digest::Sha256(_)));
        Some(is_hash && prefix.parent() == Some(store) && hash.get(..2) == scan::name_of(prefix))
    };
    parts().unwrap_or(false)
}

/// The links of its list that lead to it, relative to the root; none where the list cannot be read.
fn links(root: &Path, content: &Path) -> Option<Vec<String>> {
    let list = regular_file::read_text(&beside(content, "refs"), regular_file::LISTING).ok()?;
    let mut links: Vec<String> = list.lines().map(str::to_owned).collect();
    links.retain(|link| is_blob(Path::new(link)) && target_of(root, &root.join(link)).as_deref() == Some(content));
    links.sort();
    links.dedup();
    Some(links)
}

/// Whether a path below a root is that of a repository's blob.
fn is_blob(link: &Path) -> bool {
    let mut parts = link.components();
    let mut part = || match parts.next() {
        Some(Component::Normal(name)) => name.to_str(),
        _ => None,
    };
    let (repo, blobs, name) = (part(), part(), part());
    let is_repo = |name: &str| RepoKind::ALL.iter().any(|kind| name.starts_with(&format!("{}--", kind.plural())));
    repo.is_some_and(is_repo) && blobs == Some("blobs") && name.is_some() && parts.next().is_none()
}

fn target_of(root: &Path, blob: &Path) -> Option<PathBuf> {
    let target = blob.parent()?.join(fs::read_link(blob).ok()?);
    let mut plain = PathBuf::new();
    for part in target.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    is_content(&root.join("blobs"), &plain).then_some(plain)
}

fn beside(content: &Path, ending: &str) -> PathBuf {
    content.with_file_name(format!("{}.{ending}", scan::name_of(content).unwrap_or_default()))
}
