//! What is here is believed only once it was hashed, and a pull ends only when everything is seen to be in its place.
//!
//! Both have one reason: other programs share the cache. They leave content that nobody has hashed, write through hard
//! links into what was right, and remove files while a pull is under way (`hf cache prune`).

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use super::PullJob;
use super::choice::Chosen;
use crate::error::Error;
use crate::event::{Listener, Note, Warning};
use crate::fetch::Plan;
use crate::file_thread;
use crate::manifest::RepoFile;
use crate::store::cache::{CacheError, Damage, Destination, Presence};
use crate::store::hashing;

impl PullJob {
    /// Hashes what is here by its name and its length and was not hashed as it is, and says what turned out to be wrong.
    pub(super) async fn examine(&self, destination: &Arc<Destination>, files: &[RepoFile]) -> Result<(), Error> {
        if self.request.force {
            return Ok(());
        }
        let (place, files, listener) = (Arc::clone(destination), files.to_vec(), Arc::clone(&self.listener));
        let damaged = file_thread::run(move || {
            let doubtful = files.iter().map(|file| (file, place.look(file)));
            let doubtful = doubtful.filter(|(_, found)| matches!(found, Presence::Unhashed(_) | Presence::Wrong));
            let doubtful: Vec<(&RepoFile, Presence)> = doubtful.collect();
            hash(&place, &doubtful, &*listener)?;
            let damage = |file: &RepoFile| place.damage(file).map(|damage| (file.clone(), damage));
            Ok::<_, CacheError>(doubtful.iter().filter_map(|(file, _)| damage(file)).collect::<Vec<_>>())
        });
        for (file, damage) in damaged.await?? {
            self.listener.event(&self.warning(file, &damage).into());
        }
        Ok(())
    }

    /// The plan where all that was chosen is in its place; none where there is more to do. What was not hashed as it is
    /// is hashed, if nothing else is missing; a dry run says what would be.
    pub(super) async fn plan_of_all_here(
        &self,
        destination: &Arc<Destination>,
        chosen: &Chosen,
    ) -> Result<Option<Plan>, Error> {
        let look = || {
            let (listed, place) = (chosen.entries.clone(), Arc::clone(destination));
            file_thread::run(move || Plan::of_all_here(listed, &place))
        };
        match look().await? {
            Some(plan) if !plan.is_done() && !self.request.dry_run => {
                self.examine(destination, &chosen.files()).await?;
                Ok(look().await?.filter(Plan::is_done))
            }
            plan => Ok(plan),
        }
    }

    fn warning(&self, file: RepoFile, damage: &Damage) -> Warning {
        let sharers = damage.sharers.iter().map(|place| place.display().to_string()).collect();
        Warning::Damaged { path: file.path, at: damage.at.display().to_string(), sharers, refetch: !self.offline }
    }
}

/// Brings what was put in place to the disk, and sees every file in its place once more. What another program put there
/// meanwhile is hashed. Blocks.
///
/// # Errors
/// [`CacheError::Removed`] for the first file that is gone.
pub(super) fn keep(destination: &Destination, files: &[RepoFile]) -> Result<(), CacheError> {
    destination.keep_notes()?;
    for file in files.iter().filter(|file| !destination.is_in_place(file)) {
        if let Presence::Unhashed(found) = destination.look(file) {
            destination.examine(file, &found, &|_| {})?;
        }
        if !destination.is_in_place(file) {
            return Err(CacheError::Removed { path: destination.path(&file.path) });
        }
    }
    Ok(())
}

/// Hashes what needs it, several files at once. A note that cannot be written costs another hash and is no error.
fn hash(destination: &Destination, found: &[(&RepoFile, Presence)], listener: &dyn Listener) -> Result<(), CacheError> {
    let mut seen = HashSet::new();
    let unhashed = found.iter().filter_map(|(file, found)| match found {
        Presence::Unhashed(path) => Some((*file, path)),
        _ => None,
    });
    // two names of one blob are hashed once
    let is_new =
        |(_, path): &(&RepoFile, &PathBuf)| seen.insert(fs::canonicalize(path).unwrap_or_else(|_| (*path).clone()));
    let unhashed: Vec<(&RepoFile, &PathBuf)> = unhashed.filter(is_new).collect();
    if unhashed.is_empty() {
        return Ok(());
    }
    hashing::each(
        &unhashed,
        listener,
        |(file, _)| (file.path.as_str(), file.size),
        |(file, path), told| destination.examine(file, path, told),
    )?;
    if let Err(error) = destination.keep_notes() {
        listener.event(&Note::NotesNotKept { problem: error.to_string() }.into());
    }
    Ok(())
}
