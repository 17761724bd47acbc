//! What a pull did, or would do.

use std::collections::HashMap;
use std::path::PathBuf;

use super::choice::{Chosen, Savings};
use super::{Installed, Pull};
use crate::cache::Destination;
use crate::error::Error;
use crate::fetch::{FileState, Plan};
use crate::manifest::{Entry, Gate, RepoFile, Resolved};
use crate::repo::{Commit, Repo};

/// A file of a finished (or, for a dry run, planned) pull.
#[derive(Debug, Clone)]
pub struct PulledFile {
    /// The file.
    pub entry: Entry,
    /// Where it stood before the run.
    pub state: FileState,
}

/// The answer of the gate, for a dry run.
#[derive(Debug)]
pub enum Access {
    /// The content may be read.
    Granted,
    /// It may not, for this reason.
    Refused(Error),
}

/// What a pull did.
#[derive(Debug)]
pub struct Pulled {
    /// The repository, by the id that it is kept under.
    pub repo: Repo,
    /// The commit.
    pub commit: Commit,
    /// What guards the content, where the hub was asked.
    pub gate: Option<Gate>,
    /// Whether the content may be read.
    pub access: Access,
    /// The folder; the file, where exactly one was named.
    pub path: PathBuf,
    /// Every file that was asked for.
    pub files: Vec<PulledFile>,
    /// How many bytes came over the network; for a dry run, how many would.
    pub bytes_fetched: u64,
    /// What one set of weights saved, or would have.
    pub savings: Option<Savings>,
    /// Where the files are beside the cache.
    pub installed: Option<Installed>,
}

impl Pull<'_> {
    /// All of it was here.
    pub(super) fn unchanged(&self, commit: &Commit, chosen: &Chosen<'_>, destination: &Destination) -> Pulled {
        let in_place = |entry: &&Entry| PulledFile { entry: (*entry).clone(), state: FileState::InPlace };
        Pulled {
            repo: self.request.wanted.repo.clone(),
            commit: commit.clone(),
            gate: None,
            access: Access::Granted,
            path: self.path(destination, &chosen.entries),
            files: chosen.entries.iter().map(in_place).collect(),
            bytes_fetched: 0,
            savings: chosen.savings,
            installed: None,
        }
    }

    /// The plan of a dry run.
    pub(super) fn planned(
        &self,
        resolved: Resolved,
        access: Access,
        chosen: &Chosen<'_>,
        destination: &Destination,
    ) -> Pulled {
        let known: Vec<RepoFile> = chosen.entries.iter().filter_map(|entry| entry.to_file()).collect();
        let masked: u64 = chosen.entries.iter().filter(|entry| entry.digest.is_none()).map(|entry| entry.size).sum();
        let plan = Plan::make(known, destination, self.request.force);
        let bytes = plan.bytes_to_fetch + masked;
        self.done(resolved, access, chosen, plan, destination, bytes)
    }

    /// What was planned is done.
    pub(super) fn done(
        &self,
        resolved: Resolved,
        access: Access,
        chosen: &Chosen<'_>,
        plan: Plan,
        destination: &Destination,
        bytes_fetched: u64,
    ) -> Pulled {
        let mut states: HashMap<_, _> = plan.files.into_iter().map(|(file, state)| (file.path, state)).collect();
        let files = chosen.entries.iter().map(|entry| PulledFile {
            entry: (*entry).clone(),
            state: states.remove(&entry.path).unwrap_or(FileState::Missing { have: 0 }),
        });
        Pulled {
            repo: self.request.wanted.repo.clone(),
            commit: resolved.commit,
            gate: Some(resolved.gate),
            access,
            path: self.path(destination, &chosen.entries),
            files: files.collect(),
            bytes_fetched,
            savings: chosen.savings,
            installed: None,
        }
    }
}
