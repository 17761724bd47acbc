//! What is here, what is to be done, and how many bytes that is. Made before the first byte; `--dry-run` prints it.

use std::collections::{HashMap, HashSet};

use crate::cache::{Destination, Here};
use crate::digest::Digest;
use crate::manifest::RepoFile;
use crate::report::FileId;

/// Where a file stands before the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// In its place.
    InPlace,
    /// Its content is on this machine.
    Here(Here),
    /// To be fetched, all but the bytes that an earlier run left.
    Missing {
        /// How many bytes those are.
        have: u64,
    },
}

/// One blob to be brought to its place, or places.
#[derive(Debug, Clone)]
pub struct Job {
    /// How reports call it.
    pub id: FileId,
    /// The file, by the first of its paths.
    pub file: RepoFile,
    /// Other files of the same content.
    pub also: Vec<RepoFile>,
    /// Where its content is on this machine, if it is.
    pub here: Option<Here>,
}

/// The plan of a pull.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Every file that was asked for, with its state, in the order of the manifest.
    pub files: Vec<(RepoFile, FileState)>,
    /// How many bytes are to be fetched.
    pub bytes_to_fetch: u64,
    /// How many bytes earlier runs left of the files to be fetched.
    pub bytes_resumed: u64,
}

impl Plan {
    /// Looks at what is here. With `force`, nothing counts.
    #[must_use]
    pub fn make(files: Vec<RepoFile>, destination: &Destination, force: bool) -> Self {
        let mut plan = Self::default();
        let mut counted = HashSet::new();
        for file in files {
            let state = if force { FileState::Missing { have: 0 } } else { state(&file, destination) };
            if let FileState::Missing { have } = state
                && (counted.insert(file.digest) || !destination.shares_content())
            {
                plan.bytes_to_fetch += file.size - have;
                plan.bytes_resumed += have;
            }
            plan.files.push((file, state));
        }
        plan
    }

    /// The work to be done: one job a blob where files of one content share it.
    #[must_use]
    pub fn jobs(&self, destination: &Destination) -> Vec<Job> {
        let mut jobs: Vec<Job> = Vec::new();
        let mut by_content: HashMap<Digest, usize> = HashMap::new();
        for (file, state) in &self.files {
            let here = match state {
                FileState::InPlace => continue,
                FileState::Here(here) => Some(here.clone()),
                FileState::Missing { .. } => None,
            };
            match by_content.get(&file.digest) {
                Some(&at) if destination.shares_content() => jobs[at].also.push(file.clone()),
                _ => {
                    by_content.insert(file.digest, jobs.len());
                    jobs.push(Job { id: FileId(jobs.len()), file: file.clone(), also: Vec::new(), here });
                }
            }
        }
        jobs
    }
}

fn state(file: &RepoFile, destination: &Destination) -> FileState {
    if destination.is_in_place(file) {
        return FileState::InPlace;
    }
    match destination.find(file) {
        Some(here) => FileState::Here(here),
        None => FileState::Missing { have: destination.partial(file).finished(file).total() },
    }
}
