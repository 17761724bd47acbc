//! The third step: what has arrived is noted, the ref last, and brought to an application's folders; and what came of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::choice::Savings;
use super::prepare::{Draft, PullNotes};
use super::{Prepared, in_cache, proof};
use crate::error::Error;
use crate::event::OddFile;
use crate::fetch::{FileState, Planned};
use crate::file_thread;
use crate::manifest::{Gate, ListedFile};
use crate::repo::{Commit, Repo};
use crate::store::cache::delivery::Arrival;

/// A file of a finished (or, for a dry run, planned) pull.
#[derive(Debug, Clone)]
pub(crate) struct PulledFile {
    /// The file as it is listed.
    pub(crate) listed: Arc<ListedFile>,
    /// Where it stood before the run.
    pub(crate) state: FileState,
    /// Its place beside the cache, and how it arrived there.
    pub(crate) arrived: Option<(PathBuf, Arrival)>,
}

/// The answer of the gate, for a dry run.
#[derive(Debug)]
pub(crate) enum GateAnswer {
    /// The content may be read.
    Granted,
    /// It may not, for this reason.
    Refused(Error),
}

/// What a pull did.
#[derive(Debug)]
pub(crate) struct Pulled {
    /// The repository, by the id that it is kept under.
    pub(crate) repo: Repo,
    /// The commit.
    pub(crate) commit: Commit,
    /// What guards the content, where the hub was asked.
    pub(crate) gate: Option<Gate>,
    /// Whether the content may be read.
    pub(crate) access: GateAnswer,
    /// The folder; the file, where exactly one was named.
    pub(crate) path: PathBuf,
    /// Every file that was asked for.
    pub(crate) files: Vec<PulledFile>,
    /// How many bytes came over the network; for a dry run, how many would.
    pub(crate) bytes_fetched: u64,
    /// How many bytes of the disk copies take beside the cache; for a dry run, would take. Links take none.
    pub(crate) bytes_copied: u64,
    /// What one set of weights saved, or would have.
    pub(crate) savings: Option<Savings>,
    /// What was left out because of its name.
    pub(crate) left_out: Vec<OddFile>,
    /// JavaScript that loads what was brought beside the cache, for Transformers.js.
    pub(crate) loading: Option<[String; 2]>,
}

/// Ends a pull whose files are all in their place: its listing, its ref, its application's folders.
///
/// # Errors
/// Where the disk refuses, or something is in the way of a file in the folders.
pub(crate) async fn settle(prepared: Prepared, bytes_fetched: u64) -> Result<Pulled, Error> {
    let Prepared { pull, draft, .. } = prepared;
    if pull.request.expect.is_some() {
        let files: Vec<_> = draft.plan.files.iter().filter_map(|file| file.listed.to_file()).collect();
        let at = Arc::clone(&draft.destination);
        let held = file_thread::run(move || files.iter().try_for_each(|file| at.hold(file))).await?;
        held.map_err(|error| in_cache(error.into(), &pull.provider.cache))?;
    }
    if let PullNotes::Listing(listing) = &draft.notes {
        let files: Vec<_> = draft.plan.files.iter().filter_map(|file| file.listed.to_file()).collect();
        let destination = Arc::clone(&draft.destination);
        file_thread::run(move || proof::keep(&destination, &files)).await??;
        draft.destination.write_listing(listing).map_err(|error| error.in_cache(&pull.provider.cache))?;
    }
    // a folder of the user's has its own notes; the main cache is left as it is
    if pull.has_reference(&draft.commit) {
        let write = || pull.cache.write_reference(&pull.request.wanted.revision, &draft.commit);
        match draft.notes {
            // the ref of a commit that was here is for other programs: a cache that cannot be written is no error
            PullNotes::Nothing => drop(pull.fixed().map(|_| write())),
            PullNotes::Reference | PullNotes::Listing(_) => {
                write().map_err(|error| error.in_cache(&pull.provider.cache))?;
            }
        }
    }
    let (repo, destination) = (pull.request.wanted.repo.clone(), Arc::clone(&draft.destination));
    let pulled = Pulled::of(repo, draft, bytes_fetched, |files| pull.path(&destination, files));
    pull.warn_about(&pulled, &destination);
    pull.install(pulled, &destination).await
}

impl Prepared {
    /// What a dry run shows: where the files stand, and where they would go.
    ///
    /// # Errors
    /// Where an application has no place for one.
    pub(crate) fn foresee(self) -> Result<Pulled, Error> {
        let Self { pull, draft, .. } = self;
        let (repo, destination) = (pull.request.wanted.repo.clone(), Arc::clone(&draft.destination));
        let bytes = draft.plan.bytes_to_fetch;
        let pulled = Pulled::of(repo, draft, bytes, |files| pull.path(&destination, files));
        pull.warn_about(&pulled, &destination);
        pull.foresee(pulled)
    }
}

impl Pulled {
    fn of(repo: Repo, draft: Draft, bytes_fetched: u64, path: impl Fn(&[&ListedFile]) -> PathBuf) -> Self {
        let listed: Vec<&ListedFile> = draft.plan.files.iter().map(|file| file.listed.as_ref()).collect();
        let path = path(&listed);
        let done = |Planned { listed, state }| PulledFile { listed, state, arrived: None };
        Self {
            repo,
            commit: draft.commit,
            gate: draft.gate,
            access: draft.access,
            path,
            files: draft.plan.files.into_iter().map(done).collect(),
            bytes_fetched,
            bytes_copied: 0,
            savings: draft.savings,
            left_out: draft.left_out,
            loading: None,
        }
    }

    /// How many files arrived beside the cache in which way; those that were there are not counted.
    #[must_use]
    pub(crate) fn arrivals(&self) -> BTreeMap<Arrival, usize> {
        let mut counts = BTreeMap::new();
        let arrived = self.files.iter().filter_map(|file| Some(file.arrived.as_ref()?.1));
        for arrival in arrived.filter(|arrival| *arrival != Arrival::InPlace) {
            *counts.entry(arrival).or_default() += 1;
        }
        counts
    }
}
