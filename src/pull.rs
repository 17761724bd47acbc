//! The use case, on one page: a reference becomes verified files in their place.
//!
//! 1. Everything that is asked for is here already, and nothing can have changed: done, without a request.
//! 2. Otherwise the first credential is found, and the revision becomes a commit. All of it is here: done.
//! 3. Behind a gate, access is asked for before any byte; where the hub cannot say, one file of the plan is tried.
//! 4. The listing of the commit becomes a plan; the disk must have room for all of it.
//! 5. Every missing blob is fetched, verified and published.
//! 6. The listing is kept, and last of all the ref, so that an interrupted pull is never taken for a whole one.
//! 7. Where an application's folders are named, the files are brought there from the cache.

mod choice;
mod gate;
mod into;
mod pulled;

use std::path::PathBuf;
use std::sync::Arc;

pub use self::into::{Application, Installation, Installed};
pub use self::pulled::{Access, Pulled, PulledFile};

use crate::auth::TokenChoice;
use crate::cache::{Destination, Folder, Links, RepoCache, space};
use crate::connection::{Caller, Connection, Subject};
use crate::env::Env;
use crate::error::Error;
use crate::fetch::{self, FileState, Plan, Transport};
use crate::manifest::{Entry, RepoFile};
use crate::pattern::Selection;
use crate::provider;
use crate::repo::{Commit, Repo, Revision};
use crate::report::Reporter;
use crate::settings::{self, Settings};
use crate::weights::Choice;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The name of the provider.
    pub provider: String,
    /// The repository.
    pub repo: Repo,
    /// The revision.
    pub revision: Revision,
    /// Which of its files.
    pub selection: Selection,
    /// Which of the weights among them; none for all.
    pub weights: Option<Choice>,
    /// A folder for the files, instead of the shared cache.
    pub local_dir: Option<PathBuf>,
    /// Folders of an application, besides the cache.
    pub into: Option<Installation>,
    /// Fetch again what is here.
    pub force: bool,
    /// Plan, and do no more.
    pub dry_run: bool,
    /// Which token to use.
    pub token: TokenChoice,
}

/// Pulls.
///
/// # Errors
/// Whatever keeps a file that was asked for from being verified and in its place.
pub async fn pull(
    request: &Request,
    settings: &Settings,
    env: &Env,
    reporter: Arc<dyn Reporter>,
) -> Result<Pulled, Error> {
    let provider = settings.provider(&request.provider)?;
    let pull = Pull { request, settings, env, provider, cache: pull_cache(request, settings, provider), reporter };
    let pulled = pull.run().await?;
    if request.dry_run { Ok(pulled) } else { pull.install(pulled).await }
}

/// One pull, before the hub is asked.
struct Pull<'a> {
    request: &'a Request,
    settings: &'a Settings,
    env: &'a Env,
    provider: &'a settings::Provider,
    cache: RepoCache,
    reporter: Arc<dyn Reporter>,
}

/// A pull that asks the hub.
struct Hub<'a> {
    pull: &'a Pull<'a>,
    connection: Connection<'a>,
}

fn pull_cache(request: &Request, settings: &Settings, provider: &settings::Provider) -> RepoCache {
    let links = if settings.symlinks { Links::WherePossible } else { Links::Never };
    RepoCache::open(&provider.cache, &request.repo, links)
}

/// The files of entries whose hash is known; an entry without one ends the pull.
fn verifiable(entries: &[&Entry]) -> Result<Vec<RepoFile>, Error> {
    let file = |entry: &&Entry| entry.to_file().ok_or_else(|| Error::Masked { path: entry.path.clone() });
    entries.iter().map(file).collect()
}

impl<'a> Pull<'a> {
    /// Resolve, list, plan, fetch, publish.
    async fn run(&self) -> Result<Pulled, Error> {
        if let Some(pulled) = self.without_asking()? {
            return Ok(pulled);
        }
        if self.settings.offline {
            return Err(self.offline());
        }
        let hub = self.connect().await?;
        let resolved = hub.connection.resolve(hub.subject()).await?;
        if let Some(pulled) = self.all_here(&resolved.commit)?.filter(|_| !self.request.dry_run) {
            self.refresh(&resolved.commit, &pulled)?;
            return Ok(Pulled { gate: Some(resolved.gate), ..pulled });
        }
        let asked = hub.ask_access(&resolved).await?;
        let entries = hub.listing(&resolved.commit).await?;
        let chosen = self.choose(&entries)?;
        let access = hub.settle_access(asked, &resolved, &chosen).await?;
        let destination = self.destination(&resolved.commit);
        if self.request.dry_run {
            return Ok(self.planned(resolved, access, &chosen, &destination));
        }
        self.look_ahead(&resolved.commit, &chosen)?;
        let plan = Plan::make(verifiable(&chosen)?, &destination, self.request.force);
        let in_place = plan.files.iter().filter(|(_, state)| *state == FileState::InPlace);
        destination.note_in_place(in_place.map(|(file, _)| file));
        let bytes_fetched = hub.fetch(&plan, &resolved.commit, Arc::clone(&destination)).await?;
        self.keep(&resolved.commit, &entries, &destination)?;
        Ok(self.done(resolved, access, &chosen, plan, &destination, bytes_fetched))
    }

    /// The whole answer without a request: the revision cannot move, or the run is offline, and all files are here.
    fn without_asking(&self) -> Result<Option<Pulled>, Error> {
        if !self.settings.offline && self.request.revision.as_commit().is_none() {
            return Ok(None);
        }
        match self.cache.reference(&self.request.revision)? {
            Some(commit) => self.all_here(&commit),
            None => Ok(None),
        }
    }

    /// The outcome, if every file that is asked for is in its place at this commit.
    fn all_here(&self, commit: &Commit) -> Result<Option<Pulled>, Error> {
        let Some(entries) = self.known_entries(commit).filter(|_| !self.request.force) else { return Ok(None) };
        let chosen = self.choose(&entries)?;
        let destination = self.destination(commit);
        let in_place = |entry: &&Entry| match entry.to_file() {
            Some(file) => destination.is_in_place(&file),
            None => destination.path(&entry.path).is_file(),
        };
        if !chosen.iter().all(in_place) {
            return Ok(None);
        }
        Ok(Some(self.unchanged(commit, &chosen, &destination)))
    }

    /// The listing of a commit that some tool left; offline also what stands in its snapshot, as Python's tools accept.
    fn known_entries(&self, commit: &Commit) -> Option<Vec<Entry>> {
        let listed = self.cache.listing(commit).or_else(|| self.folder().and_then(|folder| folder.listing(commit)));
        listed.or_else(|| {
            self.cache.snapshot_entries(commit).filter(|_| self.settings.offline && self.request.local_dir.is_none())
        })
    }

    fn offline(&self) -> Error {
        let commit = self.cache.reference(&self.request.revision).ok().flatten();
        let entries = commit.as_ref().and_then(|commit| self.known_entries(commit)).unwrap_or_default();
        let missing = commit.map_or_else(Vec::new, |commit| {
            let destination = self.destination(&commit);
            let chosen = self.choose(&entries).unwrap_or_default().into_iter();
            let gone = chosen.filter(|entry| entry.to_file().is_none_or(|file| !destination.is_in_place(&file)));
            gone.map(|entry| entry.path.clone()).collect()
        });
        Error::Offline { repo: self.request.repo.clone(), revision: self.request.revision.clone(), missing }
    }

    async fn connect(&'a self) -> Result<Hub<'a>, Error> {
        let caller = Caller { settings: self.settings, env: self.env, token: &self.request.token };
        let connection = Connection::open(caller, self.provider, &self.request.repo.id, &self.reporter).await?;
        Ok(Hub { pull: self, connection })
    }

    fn folder(&self) -> Option<Folder> {
        self.request.local_dir.as_deref().map(Folder::open)
    }

    fn destination(&self, commit: &Commit) -> Arc<Destination> {
        let cache = pull_cache(self.request, self.settings, self.provider);
        Arc::new(Destination::new(commit.clone(), cache, self.folder()))
    }

    fn path(&self, destination: &Destination, chosen: &[&Entry]) -> PathBuf {
        match (self.request.selection.only_file(), chosen) {
            (Some(_), [only]) => destination.path(&only.path),
            _ => destination.root(),
        }
    }

    /// The listing, and last the ref. A folder of the user's has its own notes; the main cache is left as it is.
    fn keep(&self, commit: &Commit, entries: &[Entry], destination: &Destination) -> Result<(), Error> {
        destination.write_listing(entries)?;
        self.keep_reference(commit)
    }

    /// All is here; what is noted about it may be of an earlier commit.
    fn refresh(&self, commit: &Commit, pulled: &Pulled) -> Result<(), Error> {
        let files: Vec<RepoFile> = pulled.files.iter().filter_map(|file| file.entry.to_file()).collect();
        self.destination(commit).note_in_place(files.iter());
        self.keep_reference(commit)
    }

    fn keep_reference(&self, commit: &Commit) -> Result<(), Error> {
        if self.request.local_dir.is_none() {
            self.cache.write_reference(&self.request.revision, commit)?;
        }
        Ok(())
    }
}

impl Hub<'_> {
    fn subject(&self) -> Subject<'_> {
        Subject { repo: &self.pull.request.repo, revision: &self.pull.request.revision }
    }

    async fn listing(&self, commit: &Commit) -> Result<Vec<Entry>, Error> {
        if let Some(entries) = self.pull.cache.listing(commit) {
            return Ok(entries);
        }
        match self.connection.provider().list(&self.pull.request.repo, commit).await {
            Ok(manifest) => Ok(manifest.entries),
            Err(error) => Err(self.connection.explain(self.subject(), error, None, None).await),
        }
    }

    async fn fetch(&self, plan: &Plan, commit: &Commit, destination: Arc<Destination>) -> Result<u64, Error> {
        let jobs = plan.jobs(&destination);
        if jobs.is_empty() {
            return Ok(0);
        }
        space::ensure(&destination.root(), plan.bytes_to_fetch)?;
        destination.prepare(jobs.iter().map(|job| &job.file))?;
        self.pull.reporter.planned(jobs.len(), plan.bytes_to_fetch, plan.bytes_resumed);
        let transport = self.transport(commit);
        let network = &self.pull.settings.network;
        let options = fetch::Options {
            jobs: network.jobs,
            small_jobs: network.small_jobs,
            connections: network.connections.min(self.connection.provider().most_connections()),
            bytes: plan.bytes_to_fetch,
            limit_rate: network.limit_rate,
            patience: network.patience,
            force: self.pull.request.force,
        };
        match fetch::fetch(jobs, destination, transport, Arc::clone(&self.pull.reporter), options).await {
            Ok(bytes) => Ok(bytes),
            Err(fetch::FetchError::Transfer { path, source }) => {
                Err(self.connection.explain_transfer(self.subject(), path, source).await)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn transport(&self, commit: &Commit) -> Transport {
        let client = self.connection.client();
        let hub = provider::connect(self.pull.provider, client.clone(), None);
        let (repo, commit) = (self.pull.request.repo.clone(), commit.clone());
        Transport::new(client.clone(), self.connection.credential().cloned(), move |file| {
            hub.link(&repo, &commit, file)
        })
    }
}
