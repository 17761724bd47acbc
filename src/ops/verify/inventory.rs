//! What is to be looked at, gathered first: so that progress knows its end, content under several names is hashed once,
//! and several files are hashed at a time.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::{CheckedFile, FileVerdict, VerifyReport};
use crate::digest::Digest;
use crate::event::{Listener, Note};
use crate::store::cache::{CacheError, Folder, RepoCache};
use crate::store::hashing;

const CONTENT: &str = "its content is not what its hash says";
const LENGTH: &str = "its length is not the listed one";
const GONE: &str = "it is a link to nothing";
const IRREGULAR: &str = "it is no regular file";

/// Who keeps the notes about content.
#[derive(Debug, Clone)]
pub(super) enum Notebook {
    /// The cache of a repository.
    Cache(Arc<RepoCache>),
    /// A folder of the user's.
    Folder(Folder),
}

impl Notebook {
    fn examine(&self, content: &Content, told: &dyn Fn(u64)) -> Result<bool, CacheError> {
        let Content { digest, size, at, .. } = content;
        match self {
            Self::Cache(cache) => cache.examine_content(digest, *size, at, told),
            Self::Folder(folder) => folder.examine_content(digest, *size, at, told),
        }
    }

    fn keep_notes(&self) -> Result<(), CacheError> {
        match self {
            Self::Cache(cache) => cache.keep_notes(),
            Self::Folder(folder) => folder.keep_notes(),
        }
    }
}

/// Content to be hashed.
#[derive(Debug)]
struct Content {
    notebook: usize,
    name: String,
    at: PathBuf,
    size: u64,
    digest: Digest,
    verdict: OnceLock<FileVerdict>,
}

/// All that is to be looked at.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    notebooks: Vec<Notebook>,
    /// The files, each with the content that decides about it.
    files: Vec<(CheckedFile, Option<usize>)>,
    contents: Vec<Content>,
    known: HashMap<(PathBuf, Digest), usize>,
    /// What is known to be wrong without a hash.
    unfit: HashSet<PathBuf>,
}

impl Inventory {
    /// A notebook for the files that follow.
    pub(super) fn begin(&mut self, notebook: Notebook) {
        self.notebooks.push(notebook);
    }

    /// A file whose verdict is known.
    pub(super) fn add(&mut self, file: CheckedFile) {
        self.files.push((file, None));
    }

    /// A file that is here, what its listing says of its length, and what its hash must be.
    pub(super) fn add_content(&mut self, mut file: CheckedFile, listed: Option<u64>, digest: Option<Digest>) {
        file.content = resolved(&file.at);
        match (fs::metadata(&file.at), digest) {
            (Err(error), _) if error.kind() == std::io::ErrorKind::NotFound => file.verdict = FileVerdict::Wrong(GONE),
            (Err(error), _) => file.verdict = FileVerdict::Unreadable(error.to_string()),
            (Ok(found), _) if !found.is_file() => file.verdict = FileVerdict::Wrong(IRREGULAR),
            (Ok(found), None) => file.size = Some(found.len()),
            (Ok(found), Some(_)) if listed.is_some_and(|listed| listed != found.len()) => {
                file.size = Some(found.len());
                file.verdict = FileVerdict::Wrong(LENGTH);
            }
            (Ok(found), Some(digest)) => {
                file.size = Some(found.len());
                let content = self.content(&file, found.len(), digest);
                return self.files.push((file, Some(content)));
            }
        }
        if matches!(file.verdict, FileVerdict::Wrong(_)) {
            self.unfit.insert(file.content.clone());
        }
        self.add(file);
    }

    fn content(&mut self, file: &CheckedFile, size: u64, digest: Digest) -> usize {
        let number = self.contents.len();
        let known = *self.known.entry((file.content.clone(), digest)).or_insert(number);
        if known == number {
            let (notebook, name, at) =
                (self.notebooks.len().saturating_sub(1), file.name.clone(), file.content.clone());
            self.contents.push(Content { notebook, name, at, size, digest, verdict: OnceLock::new() });
        }
        known
    }

    /// Whether some file of those so far tells of this content.
    pub(super) fn has(&self, at: &Path, digest: Digest) -> bool {
        let at = resolved(at);
        self.unfit.contains(&at) || self.known.contains_key(&(at, digest))
    }

    /// Hashes all of it. Blocks.
    pub(super) fn judge(self, listener: &dyn Listener) -> VerifyReport {
        let work = |content: &Content, told: &dyn Fn(u64)| {
            let verdict = match self.notebooks[content.notebook].examine(content, told) {
                Ok(true) => FileVerdict::Right,
                Ok(false) => FileVerdict::Wrong(CONTENT),
                Err(error) => FileVerdict::Unreadable(with_cause(&error)),
            };
            let is_right = verdict == FileVerdict::Right;
            // nobody else does the work of this one
            content.verdict.set(verdict).unwrap_or_default();
            Ok(is_right)
        };
        // no item ends with an error
        hashing::each(&self.contents, listener, |content| (content.name.as_str(), content.size), work)
            .unwrap_or_default();
        for notebook in &self.notebooks {
            if let Err(error) = notebook.keep_notes() {
                listener.event(&Note::NotesNotKept { problem: error.to_string() }.into());
            }
        }
        let judged = self.files.into_iter().map(|(mut file, content)| {
            if let Some(verdict) = content.and_then(|number| self.contents[number].verdict.get()) {
                file.verdict = verdict.clone();
            }
            file
        });
        let bytes_hashed = self.contents.iter().fold(0, |sum: u64, content| sum.saturating_add(content.size));
        VerifyReport { files: judged.collect(), bytes_hashed }
    }
}

/// The path with its links resolved; where they lead to nothing, the path itself.
fn resolved(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

fn with_cause(error: &CacheError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}
