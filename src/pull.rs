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
use crate::error::Error;
use crate::fetch::{self, FileState, Plan, Transport};
use crate::manifest::{Entry, RepoFile, Resolved};
use crate::repo::Commit;
use crate::session::{Connection, Session, Subject, Wanted};
use crate::settings::{self, Settings};
use crate::weights;

/// Pulls.
///
/// # Errors
/// Whatever keeps a file that was asked for from being verified and in its place.
pub async fn pull(request: &Request, session: &Session) -> Result<Pulled, Error> {
    let mut request = whereabouts::by_kept_id(request, session.settings().provider(&request.wanted.provider)?);
    loop {
        let pull = Pull::new(&request, session)?;
        let attempt = match pull.without_asking()? {
            Some(pulled) => Attempt::Done(Box::new(pulled)),
            None if session.settings().offline => return Err(pull.offline()),
            None => pull.ask().await?,
        };
        match attempt {
            Attempt::Done(pulled) if request.dry_run => return pull.foresee(*pulled),
            Attempt::Done(pulled) => return pull.install(*pulled).await,
            Attempt::KeptAs { wanted, file } => request = Request { wanted, file: request.file.or(file), ..request },
        }
    }
}

/// How far one attempt at a pull came.
enum Attempt {
    Done(Box<Pulled>),
    /// The files belong to a repository of another id, at a revision that cannot move.
    KeptAs {
        wanted: Wanted,
        file: Option<u64>,
    },
}

/// One pull, before the hub is asked.
struct Pull<'a> {
    request: &'a Request,
    session: &'a Session,
    provider: settings::Provider,
    cache: RepoCache,
}

/// A pull that asks the hub.
struct Hub<'a> {
    pull: &'a Pull<'a>,
    connection: Arc<Connection>,
}

fn pull_cache(request: &Request, settings: &Settings, provider: &settings::Provider) -> RepoCache {
    let links = if settings.symlinks { Links::WherePossible } else { Links::Never };
    RepoCache::open(&provider.cache, &request.wanted.repo, links)
}

/// The files of entries whose hash is known; an entry without one ends the pull.
fn verifiable(entries: &[&Entry]) -> Result<Vec<RepoFile>, Error> {
    let file = |entry: &&Entry| entry.to_file().ok_or_else(|| Error::Masked { path: entry.path.clone() });
    entries.iter().map(file).collect()
}

impl<'a> Pull<'a> {
    fn new(request: &'a Request, session: &'a Session) -> Result<Self, Error> {
        let provider = request.wanted.provider(session.settings())?;
        let cache = pull_cache(request, session.settings(), &provider);
        Ok(Self { request, session, provider, cache })
    }

    async fn ask(&self) -> Result<Attempt, Error> {
        let run = async |connection: &Arc<Connection>, wanted: &Wanted| {
            let hub = Hub { pull: self, connection: Arc::clone(connection) };
            self.run(&hub, wanted).await
        };
        self.session.ask(&self.request.wanted, run).await?.answer
    }

    /// Resolve, list, plan, fetch, publish.
    async fn run(&self, hub: &Hub<'_>, wanted: &Wanted) -> Result<Attempt, Error> {
        let done = |pulled| Ok(Attempt::Done(Box::new(pulled)));
        let resolved = hub.connection.resolve(hub.subject()).await?;
        if let Some(repo) = resolved.repo {
            let revision = whereabouts::fixed(&resolved.commit, &wanted.revision);
            return Ok(Attempt::KeptAs { wanted: Wanted { repo, revision, ..wanted.clone() }, file: resolved.file });
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
        if !self.session.settings().offline && self.fixed().is_none() {
            return Ok(None);
        }
        match self.known_commit()? {
            Some(commit) => self.all_here(&commit),
            None => Ok(None),
        }
    }

    /// The commit of a revision that cannot move.
    fn fixed(&self) -> Option<Commit> {
        self.provider.protocol.fixed(&self.request.wanted.revision)
    }

    /// The commit that the revision is, or was at the last pull.
    fn known_commit(&self) -> Result<Option<Commit>, Error> {
        match self.fixed() {
            Some(commit) => Ok(Some(commit)),
            None => Ok(self.cache.reference(&self.request.wanted.revision)?),
        }
    }

    /// The outcome, if every file that is asked for is in its place at this commit.
    fn all_here(&self, commit: &Commit) -> Result<Option<Pulled>, Error> {
        let Some(entries) = self.known_entries(commit).filter(|_| !self.request.force) else { return Ok(None) };
        let chosen = match self.choose(&entries) {
            // what was kept may be of an earlier day
            Err(_) if !self.session.settings().offline && entries.iter().any(|entry| entry.published.is_some()) => {
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
        self.tell(&chosen);
        Ok(Some(self.unchanged(commit, &chosen, &destination)))
    }

    /// The listing of a commit that some tool left; offline also what stands in its snapshot, as Python's tools accept.
    fn known_entries(&self, commit: &Commit) -> Option<Vec<Entry>> {
        let listed = self.cache.listing(commit).or_else(|| self.folder().and_then(|folder| folder.listing(commit)));
        listed.or_else(|| {
            self.cache
                .snapshot_entries(commit)
                .filter(|_| self.session.settings().offline && self.request.local_dir.is_none())
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
        Error::Offline {
            repo: self.request.wanted.repo.clone(),
            revision: self.request.wanted.revision.clone(),
            missing,
        }
    }

    fn folder(&self) -> Option<Folder> {
        self.request.local_dir.as_deref().map(Folder::open)
    }

    fn destination(&self, commit: &Commit) -> Arc<Destination> {
        let cache = pull_cache(self.request, self.session.settings(), &self.provider);
        Arc::new(Destination::new(commit.clone(), cache, self.folder()))
    }

    fn path(&self, destination: &Destination, chosen: &[&Entry]) -> PathBuf {
        let request = self.request;
        let is_named = request.file.is_some() || request.expect.is_some() || request.selection.only_file().is_some();
        match (chosen, &request.weights) {
            ([only], _) if is_named => destination.path(&only.path),
            (_, Some(weights::Choice::Quant(_))) => choice::first_of_quantization(chosen)
                .map_or_else(|| destination.root(), |file| destination.path(&file.path)),
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
            self.cache.write_reference(&self.request.wanted.revision, commit)?;
        }
        Ok(())
    }
}

impl Hub<'_> {
    fn subject(&self) -> Subject<'_> {
        Subject { repo: &self.pull.request.wanted.repo, revision: &self.pull.request.wanted.revision }
    }

    /// From a listing to its files in their places; for a dry run, to the plan.
    async fn bring(&self, resolved: Resolved, asked: Option<Access>, mut entries: Vec<Entry>) -> Result<Pulled, Error> {
        let pull = self.pull;
        let measured = self.measure(&resolved.commit, &mut entries).await?;
        let chosen = pull.choose(&entries)?;
        pull.tell(&chosen);
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
        for path in destination.strange(jobs.iter().map(|job| &job.file)) {
            let text = format!("`{path}` in the folder is not what a pull left there; it is replaced");
            self.pull.session.reporter().warn(&text);
        }
        self.pull.session.reporter().planned(jobs.len(), plan.bytes_to_fetch, plan.bytes_resumed);
        let transport = self.transport(commit);
        let network = &self.pull.session.settings().network;
        let options = fetch::Options {
            jobs: network.jobs,
            small_jobs: network.small_jobs,
            connections: network.connections.min(self.connection.provider().most_connections()),
            bytes: plan.bytes_to_fetch,
            limit_rate: network.limit_rate,
            patience: network.patience,
            force: self.pull.request.force,
        };
        match fetch::fetch(jobs, destination, transport, Arc::clone(self.pull.session.reporter()), options).await {
            Ok(bytes) => Ok(bytes),
            Err(fetch::FetchError::Transfer { path, source }) => {
                Err(self.connection.explain_transfer(self.subject(), path, source).await)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn transport(&self, commit: &Commit) -> Transport {
        let client = self.connection.client();
        let hub = Arc::clone(self.connection.provider());
        let (repo, commit) = (self.pull.request.wanted.repo.clone(), commit.clone());
        Transport::new(client.clone(), self.connection.credential().cloned(), move |file| {
            hub.link(&repo, &commit, file)
        })
    }
}
