//! The gate, before the first byte: asked where the hub has that question, found out at one file where it has not.

use std::collections::HashSet;
use std::sync::Arc;

use super::GateAnswer;
use super::prepare::Hub;
use crate::error::Error;
use crate::hub::provider;
use crate::manifest::{Gate, ListedFile, Listing, Resolved};
use crate::repo::{Commit, RepoPath};

impl Hub<'_> {
    /// Asks the gate, if there is one; none where the hub cannot say. A dry run tells of a refusal, any other ends with
    /// it.
    pub(super) async fn ask_access(&self, resolved: &Resolved) -> Result<Option<GateAnswer>, Error> {
        match self.connection.ask_gate(self.subject(), resolved.gate).await {
            Ok(provider::AccessAnswer::Granted) => Ok(Some(GateAnswer::Granted)),
            Ok(provider::AccessAnswer::Unknown) => Ok(None),
            Err(error) => self.denied(error).map(Some),
        }
    }

    /// Tries a file where the hub could not say, and where it says that there is no gate but hides hashes, as it does
    /// for callers without access. So a denied pull ends before anything is written.
    pub(super) async fn settle_access(
        &self,
        asked: Option<GateAnswer>,
        resolved: &Resolved,
        chosen: &[Arc<ListedFile>],
    ) -> Result<GateAnswer, Error> {
        let masked = chosen.iter().find(|entry| entry.digest.is_none());
        let always_open = |entry: &&Arc<ListedFile>| self.connection.provider().is_always_open(&entry.path);
        let telling = masked.or_else(|| chosen.iter().find(|entry| !always_open(entry)));
        match (asked, telling) {
            (Some(access), _) if masked.is_none() || resolved.gate != Gate::Open => Ok(access),
            (_, None) => Ok(GateAnswer::Granted),
            (_, Some(entry)) => {
                let tried = self.connection.try_file(self.subject(), &resolved.commit, &entry.path, resolved.gate);
                tried.await.map_or_else(|error| self.denied(error), |()| Ok(GateAnswer::Granted))
            }
        }
    }

    /// Looks into the files that are asked for, where the provider numbers them: what is known about them, and the exact
    /// length of those whose listing has a rounded one. A file tells by its first byte, so that is its gate, too; none
    /// where the provider does not number its files.
    pub(super) async fn measure(&self, commit: &Commit, listing: &mut Listing) -> Result<Option<GateAnswer>, Error> {
        if listing.entries.iter().all(|entry| entry.published.is_none()) {
            return Ok(None);
        }
        let chosen = self.pull.choose(listing)?.entries;
        self.pull.inspect(&chosen, &listing.entries)?;
        let unmeasured = chosen.iter().enumerate().filter(|(at, entry)| *at == 0 || !entry.is_measured());
        let paths: HashSet<RepoPath> = unmeasured.map(|(_, entry)| entry.path.clone()).collect();
        for entry in listing.entries.iter_mut().filter(|entry| paths.contains(&entry.path)) {
            match self.connection.measure(self.subject(), commit, entry).await {
                Ok(size) => Arc::make_mut(entry).set_size(size),
                Err(error) => return self.denied(error).map(Some),
            }
        }
        Ok(Some(GateAnswer::Granted))
    }

    fn denied(&self, error: Error) -> Result<GateAnswer, Error> {
        match error {
            error @ Error::Refused(_) if self.pull.request.dry_run => Ok(GateAnswer::Refused(error)),
            error => Err(error),
        }
    }
}
