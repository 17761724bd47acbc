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
mod listing;
mod named;
mod pulled;
mod request;
mod whereabouts;

use std::path::PathBuf;
use std::sync::Arc;

pub use self::choice::Savings;
pub use self::into::{Application, Installation, Installed};
pub use self::pulled::{Access, Pulled, PulledFile};
pub use self::request::Request;

use crate::cache::{Destination, Folder, Links, RepoCache, space};
use crate::connection::{Caller, Connection, Subject};
use crate::env::Env;
use crate::error::Error;
use crate::fetch::{self, FileState, Plan, Transport};
use crate::manifest::{Entry, RepoFile, Resolved};
use crate::provider;
use crate::repo::{Commit, Repo};
use crate::report::Reporter;
use crate::settings::{self, Settings};

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
    let mut request = whereabouts::by_kept_id(request, provider);
    let mut elsewhere = provider.elsewhere(request.site.as_ref());
    let mut unpublished = None;
    loop {
        let site = request.site.as_ref().map(|site| provider.at(site));
        let provider = site.as_ref().unwrap_or(provider);
        let (cache, reporter) = (pull_cache(&request, settings, provider), Arc::clone(&reporter));
        let pull = Pull { request: &request, settings, env, provider, cache, reporter };
        match pull.run().await {
            Ok(Attempt::Done(pulled)) if request.dry_run => return pull.foresee(*pulled),
            Ok(Attempt::Done(pulled)) => return pull.install(*pulled).await,
            Ok(Attempt::KeptAs(repo)) => request.repo = repo,
            Err(error) if unpublished.is_none() && elsewhere.is_some() && error.is_unpublished() => {
                request.site = elsewhere.take();
                unpublished = Some(error);
            }
            // what the second address adds to a clear no of the first is only a refusal of another kind
            Err(error @ Error::Provider { .. }) => return Err(unpublished.unwrap_or(error)),
            Err(error) if error.is_unpublished() => return Err(unpublished.unwrap_or(error)),
            Err(error) => return Err(error),
        }
    }
}

/// How far one attempt at a pull came.
enum Attempt {
    Done(Box<Pulled>),
    /// The files belong to a repository of another id.
    KeptAs(Repo),
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
    async fn run(&self) -> Result<Attempt, Error> {
        let done = |pulled| Ok(Attempt::Done(Box::new(pulled)));
        if let Some(pulled) = self.without_asking()? {
            return done(pulled);
        }
        if self.settings.offline {
            return Err(self.offline());
        }
        let hub = self.connect().await?;
        let resolved = hub.connection.resolve(hub.subject()).await?;
        if let Some(repo) = resolved.repo {
            return Ok(Attempt::KeptAs(repo));
        }
        if let Some(pulled) = self.all_here(&resolved.commit)?.filter(|_| !self.request.dry_run) {
            self.refresh(&resolved.commit, &pulled)?;
            return done(Pulled { gate: Some(resolved.gate), ..pulled });
        }
        let asked = hub.ask_access(&resolved).await?;
        done(hub.list_and_bring(&resolved, asked).await?)
    }

    /// The whole answer without a request: the revision cannot move, or the run is offline, and all files are here.
    fn without_asking(&self) -> Result<Option<Pulled>, Error> {
        if !self.settings.offline && self.fixed().is_none() {
            return Ok(None);
        }
        match self.known_commit()? {
            Some(commit) => self.all_here(&commit),
            None => Ok(None),
        }
    }

    /// The commit of a revision that cannot move.
    fn fixed(&self) -> Option<Commit> {
        self.provider.protocol.fixed(&self.request.revision)
    }

    /// The commit that the revision is, or was at the last pull.
    fn known_commit(&self) -> Result<Option<Commit>, Error> {
        match self.fixed() {
            Some(commit) => Ok(Some(commit)),
            None => Ok(self.cache.reference(&self.request.revision)?),
        }
    }

    /// The outcome, if every file that is asked for is in its place at this commit.
    fn all_here(&self, commit: &Commit) -> Result<Option<Pulled>, Error> {
        let Some(entries) = self.known_entries(commit).filter(|_| !self.request.force) else { return Ok(None) };
        let chosen = match self.choose(&entries) {
            // what was kept may be of an earlier day
            Err(_) if !self.settings.offline && entries.iter().any(|entry| entry.published.is_some()) => {
                return Ok(None);
            }
            chosen => chosen?,
        };
        let destination = self.destination(commit);
        let in_place = |entry: &&Entry| match entry.to_file() {
            Some(file) => destination.is_in_place(&file),
            None => destination.path(&entry.path).is_file(),
        };
        if !chosen.entries.iter().all(in_place) {
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
        let commit = self.known_commit().ok().flatten();
        let entries = commit.as_ref().and_then(|commit| self.known_entries(commit)).unwrap_or_default();
        let missing = commit.map_or_else(Vec::new, |commit| {
            let destination = self.destination(&commit);
            let chosen = self.choose(&entries).unwrap_or_default().entries.into_iter();
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
        let request = self.request;
        let is_named = request.file.is_some() || request.expect.is_some() || request.selection.only_file().is_some();
        match chosen {
            [only] if is_named => destination.path(&only.path),
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
        if self.request.local_dir.is_none() && self.fixed().is_none() {
            self.cache.write_reference(&self.request.revision, commit)?;
        }
        Ok(())
    }
}

impl Hub<'_> {
    fn subject(&self) -> Subject<'_> {
        Subject { repo: &self.pull.request.repo, revision: &self.pull.request.revision }
    }

    /// From a listing to its files in their places; for a dry run, to the plan.
    async fn bring(&self, resolved: Resolved, asked: Option<Access>, mut entries: Vec<Entry>) -> Result<Pulled, Error> {
        let pull = self.pull;
        let measured = self.measure(&resolved.commit, &mut entries).await?;
        let chosen = pull.choose(&entries)?;
        let access = self.settle_access(measured.or(asked), &resolved, &chosen.entries).await?;
        let destination = pull.destination(&resolved.commit);
        if pull.request.dry_run {
            return Ok(pull.planned(resolved, access, &chosen, &destination));
        }
        pull.look_ahead(&resolved.commit, &chosen.entries).await?;
        let plan = Plan::make(verifiable(&chosen.entries)?, &destination, pull.request.force);
        let in_place = plan.files.iter().filter(|(_, state)| *state == FileState::InPlace);
        destination.note_in_place(in_place.map(|(file, _)| file));
        let bytes_fetched = self.fetch(&plan, &resolved.commit, Arc::clone(&destination)).await?;
        pull.keep(&resolved.commit, &entries, &destination)?;
        Ok(pull.done(resolved, access, &chosen, plan, &destination, bytes_fetched))
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
