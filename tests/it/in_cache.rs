//! One repository in the cache of a sandbox, as a test looks at it: by the layout that every tool reads, not through the
//! program's eyes.

use crate::sandbox::Sandbox;
use crate::support::{Hub, Recorded};
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// A repository's folder below the cache root, and the hub's truth about `main`.
pub struct InCache {
    folder: PathBuf,
    commit: String,
}

impl InCache {
    /// The folder of a model.
    pub fn of(sandbox: &Sandbox, hub: &Hub, id: &str) -> Self {
        let folder = sandbox.cache().join(format!("models--{}", id.replace('/', "--")));
        Self { folder, commit: hub.commit(id, "main") }
    }

    /// The folder of another kind, `datasets`.
    pub fn of_kind(sandbox: &Sandbox, hub: &Hub, kind: &str, id: &str) -> Self {
        let folder = sandbox.cache().join(format!("{kind}--{}", id.replace('/', "--")));
        Self { folder, commit: hub.commit(&format!("{kind}/{id}"), "main") }
    }

    pub fn blob(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(etag)
    }

    pub fn partial(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(format!("{etag}.gatedl.incomplete"))
    }

    pub fn journal(&self, etag: &str) -> PathBuf {
        self.folder.join(".gatedl").join(format!("{etag}.journal"))
    }

    pub fn pointer(&self, path: &str) -> PathBuf {
        self.folder.join("snapshots").join(&self.commit).join(path)
    }

    /// The marks of pulls that are not done.
    pub fn marks(&self) -> PathBuf {
        self.folder.join("refs/gatedl")
    }

    /// The notes about what was hashed.
    pub fn notes(&self) -> PathBuf {
        self.folder.join(".gatedl/verified")
    }

    /// What `refs/main` holds.
    pub fn main(&self) -> Option<String> {
        fs::read_to_string(self.folder.join("refs/main")).ok()
    }

    /// # Errors
    /// What is not as it must be after a pull that ended well.
    pub fn is_whole(&self, path: &str, etag: &str, content: &[u8]) -> Result<(), String> {
        let found = fs::read(self.pointer(path)).map_err(|error| format!("{path} cannot be read: {error}"))?;
        if found != content {
            return Err(format!("{path} has {} bytes that are not the hub's {}", found.len(), content.len()));
        }
        if fs::read(self.blob(etag)).ok().as_deref() != Some(content) {
            return Err(format!("the blob of {path} is not its content"));
        }
        if self.main().as_deref() != Some(self.commit.as_str()) {
            return Err(format!("refs/main is {:?}", self.main()));
        }
        let (mut left, mut marks) = (self.unfinished(), Vec::new());
        files(&self.marks(), &mut marks);
        // the mark of a pull that is still at work is held by it
        let is_held = |mark: &PathBuf| File::open(mark).is_ok_and(|mark| mark.try_lock().is_err());
        left.extend(marks.into_iter().filter(|mark| !is_held(mark)));
        match left.as_slice() {
            [] => Ok(()),
            left => Err(format!("left behind: {left:?}")),
        }
    }

    /// # Errors
    /// What has a name though a pull did not end well.
    pub fn is_nameless(&self) -> Result<(), String> {
        let mut named = Vec::new();
        for folder in ["blobs", "snapshots", "refs", "trees"] {
            files(&self.folder.join(folder), &mut named);
        }
        named.retain(|path| !path.to_string_lossy().ends_with(".gatedl.incomplete") && !path.starts_with(self.marks()));
        if named.is_empty() { Ok(()) } else { Err(format!("has a name: {named:?}")) }
    }

    /// Every file of ours that a finished pull has no use for.
    pub fn unfinished(&self) -> Vec<PathBuf> {
        let (mut found, mut blobs) = (Vec::new(), Vec::new());
        files(&self.folder.join(".gatedl"), &mut found);
        found.retain(|path| !path.ends_with(".gatedl/verified") && !path.ends_with(".gatedl/installed"));
        files(&self.folder.join("blobs"), &mut blobs);
        found.extend(blobs.into_iter().filter(|path| path.to_string_lossy().ends_with(".incomplete")));
        found
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.is_dir() && !path.is_symlink() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Whether a file holds the same as `content` in the kilobyte before `end`.
pub fn holds(path: &Path, content: &[u8], end: usize) -> bool {
    let start = end.saturating_sub(1024);
    let mut there = vec![0; end - start];
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(start as u64))?;
        file.read_exact(&mut there)
    });
    read.is_ok() && there == content[start..end]
}

/// How many bytes of files the hub sent, as far as it knows.
pub fn sent(requests: &[Recorded]) -> u64 {
    requests
        .iter()
        .filter(|request| matches!(request.status, 200 | 206))
        .filter(is_content)
        .map(Recorded::bytes_sent)
        .sum()
}

/// How many requests for file content there were.
pub fn gets(requests: &[Recorded]) -> usize {
    requests.iter().filter(is_content).count()
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "a filter's closure is handed a reference to a reference")]
fn is_content(request: &&Recorded) -> bool {
    use crate::support::Place::{Cdn, Resolve, ResolveCache};
    matches!(request.place, Cdn | ResolveCache) || (request.place == Resolve && request.status / 100 == 2)
}

/// Copies a folder with everything below it; links stay links.
///
/// # Panics
/// When something cannot be read or written.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if let Ok(link) = fs::read_link(&source) {
            #[cfg(unix)]
            std::os::unix::fs::symlink(link, &target).expect("a link");
            #[cfg(windows)]
            std::os::windows::fs::symlink_file(link, &target).expect("a link");
        } else if source.is_dir() {
            copy(&source, &target);
        } else {
            fs::copy(&source, &target).expect("a file");
        }
    }
}

/// How many streams of content were open when the last of `requests` were answered: those whose bytes are not all out.
pub fn open_streams(requests: &[Recorded], size: u64) -> u64 {
    let due = |request: &&Recorded| {
        let range = request.range.as_deref().and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
        let (start, last) = range.unwrap_or_default();
        let last = last.parse().unwrap_or(size - 1);
        last + 1 - start.parse().unwrap_or(0)
    };
    requests.iter().filter(is_content).filter(|request| request.bytes_sent() < due(request)).count() as u64
}

/// How many bytes of `content` are in a file, at their place, in whole pieces of 64 KiB.
///
/// # Panics
/// When it cannot be read.
pub fn count_right(path: &Path, content: &[u8]) -> u64 {
    const PIECE: usize = 64 << 10;
    let there = fs::read(path).unwrap_or_default();
    let right = there.chunks_exact(PIECE).zip(content.chunks_exact(PIECE)).filter(|(one, other)| one == other);
    right.count() as u64 * PIECE as u64
}
