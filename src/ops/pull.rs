//! The use case, in three steps that can be held in the hand: references become verified files in their places.
//!
//! [`prepare()`], for one reference:
//! 1. Everything that is asked for is here already, and nothing can have changed: nothing is to do, without a request.
//! 2. Otherwise the first credential is found, and the revision becomes a commit. All of it is here: nothing is to do.
//! 3. Behind a gate, access is asked for before any byte; where the hub cannot say, one file of the plan is tried.
//! 4. The listing of the commit becomes a plan.
//!
//! [`transfer()`], for any number of prepared pulls:
//! 5. The disk must have room; every missing blob is fetched, verified and published.
//!
//! [`settle()`], for each of them:
//! 6. The listing is kept, and last of all the ref, so that an interrupted pull is never taken for a whole one.
//! 7. Where an application's folders are named, the files are brought there from the cache.

mod choice;
mod gate;
mod identity;
mod into;
mod listing;
mod named;
mod odd;
mod offline;
mod prepare;
mod proof;
mod remarks;
mod request;
mod settle;
mod transfer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use self::choice::Savings;
pub(crate) use self::into::{Application, Installation};
pub(crate) use self::prepare::{Prepared, prepare};
pub(crate) use self::request::PullRequest;
pub(crate) use self::settle::{GateAnswer, Pulled, PulledFile, settle};
pub(crate) use self::transfer::transfer;

use crate::apps::weights;
use crate::error::{Error, FileError};
use crate::event::{Event, Listener, Warning};
use crate::fetch::FetchError;
use crate::manifest::{ListedFile, Listing};
use crate::repo::Commit;
use crate::session::Session;
use crate::settings;
use crate::store::cache::{CacheError, Destination, DestinationKind, Folder, Links, RepoCache};

/// How often a pull is begun again because another program removes its files.
const MOST_TURNS: usize = 3;

/// Pulls: the three steps, one after the other, for one reference. A dry run ends with the first.
///
/// # Errors
/// Whatever keeps a file that was asked for from being verified and in its place.
pub(crate) async fn pull(request: &PullRequest, session: &Session) -> Result<Pulled, Error> {
    let (mut request, mut turns) = (request.clone(), 0);
    loop {
        turns += 1;
        match pull_once(&request, session).await {
            Err(Error::Cache(error)) if turns < MOST_TURNS && error.removed().is_some() => {
                let at = error.removed().unwrap_or(Path::new("")).display().to_string();
                session.listener().event(&Warning::Removed { at }.into());
                request.force = false;
            }
            outcome => return outcome,
        }
    }
}

async fn pull_once(request: &PullRequest, session: &Session) -> Result<Pulled, Error> {
    let prepared = prepare(request, session).await?;
    if request.dry_run {
        return prepared.foresee();
    }
    let (prepared, outcome) = bring(prepared, session).await?;
    end(prepared, outcome, session).await
}

/// Ends a pull by what its transfer came to; one that a listing misled is begun once more.
///
/// # Errors
/// As [`pull`].
pub(crate) async fn end(prepared: Prepared, outcome: Result<u64, Error>, session: &Session) -> Result<Pulled, Error> {
    match outcome {
        Ok(bytes) => settle(prepared, bytes).await,
        Err(error) => {
            let (prepared, outcome) = bring(prepared.anew(error).await?, session).await?;
            settle(prepared, outcome?).await
        }
    }
}

async fn bring(prepared: Prepared, session: &Session) -> Result<(Prepared, Result<u64, Error>), Error> {
    let mut prepared = [prepared];
    let outcome = transfer(&mut prepared, session).await?.next().await;
    let [prepared] = prepared;
    Ok((prepared, outcome.map_or(Ok(0), |(_, outcome)| outcome)))
}

/// The error, which says so where the cache at `root` can only be read, or where content is not what the caller expects.
fn in_cache(error: Error, root: &Path) -> Error {
    match error {
        Error::Cache(CacheError::Unexpected { path, found, expected })
        | Error::Fetch(FetchError::Cache(CacheError::Unexpected { path, found, expected })) => {
            FileError::OtherContent { path, found, expected }.into()
        }
        Error::Cache(error) => Error::Cache(error.in_cache(root)),
        Error::Fetch(FetchError::Cache(error)) => Error::Cache(error.in_cache(root)),
        other => other,
    }
}

/// A request, where its files are kept, and who is told.
struct PullJob {
    request: PullRequest,
    provider: settings::ProviderSettings,
    cache: RepoCache,
    kind: DestinationKind,
    offline: bool,
    listener: Arc<dyn Listener>,
}

impl PullJob {
    fn new(request: PullRequest, session: &Session) -> Result<Self, Error> {
        let settings = session.settings();
        let provider = request.wanted.provider(settings)?;
        let links = if settings.symlinks { Links::WherePossible } else { Links::Never };
        let cache = RepoCache::open(&provider.cache, &request.wanted.repo, links);
        let (offline, listener) = (settings.offline, Arc::clone(session.listener()));
        let folder = request.local_dir.as_deref().map(Folder::open);
        let kind = folder.map_or(DestinationKind::Snapshot, DestinationKind::Folder);
        Ok(Self { request, provider, cache, kind, offline, listener })
    }

    fn tell(&self, event: impl Into<Event>) {
        self.listener.event(&event.into());
    }

    /// The commit of a revision that cannot move.
    fn fixed(&self) -> Option<Commit> {
        self.provider.fixed(&self.request.wanted.revision)
    }

    /// The commit that the revision is, or was at the last pull.
    fn known_commit(&self) -> Result<Option<Commit>, Error> {
        match self.fixed() {
            Some(commit) => Ok(Some(commit)),
            None => Ok(self.cache.reference(&self.request.wanted.revision)?),
        }
    }

    /// The listing of a commit that some tool left; offline also what stands in its snapshot, as Python's tools accept.
    fn known_listing(&self, commit: &Commit) -> Option<Listing> {
        let listed =
            self.cache.listing(commit).or_else(|| self.kind.folder().and_then(|folder| folder.listing(commit)));
        listed.or_else(|| {
            let entries = self.cache.snapshot_entries(commit).filter(|_| self.offline)?;
            Some(Listing { entries: entries.into_iter().map(Arc::new).collect(), odd: Vec::new() })
        })
    }

    fn destination(&self, commit: &Commit) -> Arc<Destination> {
        let destination = Destination::new(commit.clone(), self.cache.clone(), self.kind.clone());
        Arc::new(destination.expecting(self.request.expect))
    }

    /// Whether the revision has a ref in the cache: all but numbers, and none where the files go elsewhere.
    fn has_reference(&self, commit: &Commit) -> bool {
        self.request.local_dir.is_none() && (self.fixed().is_none() || commit.as_number().is_none())
    }

    /// The folder; the file, where exactly one was named.
    fn path(&self, destination: &Destination, files: &[&ListedFile]) -> PathBuf {
        let request = &self.request;
        let is_named =
            request.variant.number.is_some() || request.expect.is_some() || request.selection.only_file().is_some();
        match (files, &request.weights) {
            ([only], _) if is_named => destination.path(&only.path),
            (_, Some(weights::Choice::Quant(_))) => choice::first_of_quantization(files)
                .map_or_else(|| destination.root(), |file| destination.path(&file.path)),
            _ => destination.root(),
        }
    }
}
