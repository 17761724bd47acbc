//! Without a connection: what is on this machine already gets its place, also in a folder that is new.
//!
//! The cache may have all of it under other names, or for another destination: a blob without its pointer, a snapshot of
//! another commit, files for a folder that was made today. Nothing is believed on the way that is not hashed.

use std::sync::Arc;

use super::prepare::{Draft, PullNotes};
use super::{GateAnswer, PullJob};
use crate::error::Error;
use crate::fetch::{FileState, Plan};
use crate::file_thread;
use crate::manifest::RepoFile;
use crate::repo::RepoPath;
use crate::store::cache::{CacheError, Destination, LocalContent, space};

impl PullJob {
    /// The outcome, where everything that is asked for is on this machine; what is missing is named otherwise.
    pub(super) async fn bring_what_is_here(&self) -> Result<Draft, Error> {
        let Some(commit) = self.known_commit()? else { return Err(self.not_here(Vec::new())) };
        let Some(listing) = self.known_listing(&commit) else { return Err(self.not_here(Vec::new())) };
        let chosen = self.choose(&listing)?;
        let destination = self.destination(&commit);
        if !self.request.dry_run {
            self.examine(&destination, &chosen.files()).await?;
        }
        let (listed, at, force) = (chosen.entries.clone(), Arc::clone(&destination), self.request.force);
        let plan = file_thread::run(move || Plan::make(listed, &at, force)).await?;
        let missing = plan.files.iter().filter(|file| matches!(file.state, FileState::Missing { .. }));
        let missing: Vec<RepoPath> = missing.map(|file| file.listed.path.clone()).collect();
        if !missing.is_empty() {
            return Err(self.not_here(missing));
        }
        if !self.request.dry_run {
            self.look_ahead(&destination, &chosen.entries).await?;
            let here = plan.files.iter().filter_map(|file| match &file.state {
                FileState::Here(here) => Some((file.listed.to_file()?, here.clone())),
                FileState::InPlace | FileState::Missing { .. } => None,
            });
            let (here, to) = (here.collect(), Arc::clone(&destination));
            let damaged = file_thread::run(move || take(&to, here)).await??;
            if !damaged.is_empty() {
                return Err(self.not_here(damaged));
            }
        }
        let (savings, left_out, is_folder) = (chosen.savings, chosen.left_out, self.request.local_dir.is_some());
        Ok(Draft {
            commit,
            gate: None,
            access: GateAnswer::Granted,
            plan,
            savings,
            left_out,
            destination,
            needs: Vec::new(),
            notes: if is_folder { PullNotes::Listing(listing) } else { PullNotes::Nothing },
            kept: None,
        })
    }

    fn not_here(&self, missing: Vec<RepoPath>) -> Error {
        Error::Offline {
            repo: self.request.wanted.repo.clone(),
            revision: self.request.wanted.revision.clone(),
            missing,
        }
    }
}

/// Uses what is here; the paths of those whose content is not what its name says.
fn take(destination: &Destination, here: Vec<(RepoFile, LocalContent)>) -> Result<Vec<RepoPath>, CacheError> {
    if here.is_empty() {
        return Ok(Vec::new());
    }
    let copied = here.iter().filter(|(_, here)| *here != LocalContent::Blob);
    space::ensure(&destination.root(), copied.map(|(file, _)| file.size).sum())?;
    destination.prepare(here.iter().map(|(file, _)| file))?;
    let mut damaged = Vec::new();
    for (file, here) in here {
        if !destination.take(&file, &here)? {
            damaged.push(file.path);
        }
    }
    Ok(damaged)
}
