//! The first step: everything is asked, listed, chosen and looked for, and nothing is fetched. What comes out can be held
//! in the hand, shown by a dry run, or handed to a transfer together with others.

use std::path::PathBuf;
use std::sync::Arc;

use super::choice::Savings;
use super::{GateAnswer, PullJob, PullRequest, identity, in_cache};
use crate::digest::Digest;
use crate::error::Error;
use crate::event::OddFile;
use crate::fetch::{Need, Plan, Planned};
use crate::file_thread;
use crate::manifest::{Gate, Listing, Resolved};
use crate::repo::{Commit, Repo, Revision};
use crate::session::{Answered, Connection, RepoRequest, Session, Subject};
use crate::store::cache::Destination;

/// One pull, asked and chosen.
pub(crate) struct Prepared {
    pub(super) pull: PullJob,
    pub(super) draft: Draft,
    /// Who answered; none where nobody had to be asked.
    pub(super) connection: Option<Arc<Connection>>,
}

/// What is to be done at a commit.
pub(super) struct Draft {
    pub(super) commit: Commit,
    /// What guards the content, where the hub was asked.
    pub(super) gate: Option<Gate>,
    pub(super) access: GateAnswer,
    pub(super) plan: Plan,
    pub(super) savings: Option<Savings>,
    pub(super) left_out: Vec<OddFile>,
    pub(super) destination: Arc<Destination>,
    /// What is not in its place.
    pub(super) needs: Vec<Need>,
    /// What is written once all files are in their place.
    pub(super) notes: PullNotes,
    /// The listing of an earlier pull that this is made of, where such a listing may change.
    pub(super) kept: Option<Listing>,
}

/// What a pull notes when it is done.
pub(super) enum PullNotes {
    Nothing,
    /// What the revision is.
    Reference,
    /// The listing too.
    Listing(Listing),
}

/// How far the questions led.
enum Attempt {
    Drafted(Box<Draft>),
    /// The files belong to a repository of another id, at a revision that cannot move.
    KeptAs {
        repo: Repo,
        revision: Revision,
        file: Option<u64>,
    },
}

/// A pull that asks the hub.
pub(super) struct Hub<'a> {
    pub(super) pull: &'a PullJob,
    pub(super) connection: &'a Connection,
}

/// Asks, lists and chooses.
///
/// # Errors
/// Whatever keeps the pull from being begun; a refusal of a dry run is part of its answer.
pub(crate) async fn prepare(request: &PullRequest, session: &Session) -> Result<Prepared, Error> {
    let mut request = identity::by_kept_id(request, session.settings().provider(&request.wanted.provider)?);
    loop {
        let mut pull = PullJob::new(request, session)?;
        if let Some(draft) = pull.without_asking().await? {
            return Ok(Prepared { pull, draft, connection: None });
        }
        if session.settings().offline {
            let draft = pull.bring_what_is_here().await?;
            return Ok(Prepared { pull, draft, connection: None });
        }
        let draft = async |connection: &Arc<Connection>, _: &RepoRequest| Hub { pull: &pull, connection }.draft().await;
        let Answered { wanted, connection, answer } = session.ask(&pull.request.wanted, draft).await?;
        pull.request.wanted = wanted;
        match answer.map_err(|error| in_cache(error, &pull.provider.cache))? {
            Attempt::Drafted(draft) => return Ok(Prepared { pull, draft: *draft, connection: Some(connection) }),
            Attempt::KeptAs { repo, revision, file } => {
                request = pull.request;
                request.wanted = RepoRequest { repo, revision, ..request.wanted };
                request.variant.number = request.variant.number.or(file);
            }
        }
    }
}

impl Prepared {
    /// What was asked for, under the id that its files are kept under.
    #[must_use]
    pub(crate) const fn request(&self) -> &PullRequest {
        &self.pull.request
    }

    /// Every file that was asked for, and where it stands.
    #[must_use]
    pub(crate) fn files(&self) -> &[Planned] {
        &self.draft.plan.files
    }

    /// Where its files go in a folder of the user's, and what they are; nothing where they stay in the cache.
    pub(crate) fn files_of_folder(&self) -> impl Iterator<Item = (PathBuf, Option<Digest>)> {
        let files = self.draft.plan.files.iter().filter(|_| self.pull.request.local_dir.is_some());
        files.map(|file| (self.draft.destination.path(&file.listed.path), file.listed.digest))
    }

    /// The same pull by a new listing, where a transfer failed because a kept one says nothing true any more.
    ///
    /// # Errors
    /// The error that ended the transfer, where that is not the reason.
    pub(crate) async fn anew(self, error: Error) -> Result<Self, Error> {
        let (Some(kept), Some(connection)) = (&self.draft.kept, &self.connection) else { return Err(error) };
        let hub = Hub { pull: &self.pull, connection };
        let Some(resolved) = connection.resolved(hub.subject()) else { return Err(error) };
        let draft = hub.plan_anew(resolved, kept, error).await?;
        Ok(Self { draft, ..self })
    }
}

impl PullJob {
    /// The whole answer without a request: the revision cannot move, or the run is offline, and all files are here.
    async fn without_asking(&self) -> Result<Option<Draft>, Error> {
        if !self.offline && self.fixed().is_none() {
            return Ok(None);
        }
        match self.known_commit()? {
            Some(commit) => self.all_here(&commit).await,
            None => Ok(None),
        }
    }

    /// What there is to do, if every file that is asked for is in its place at this commit: nothing.
    async fn all_here(&self, commit: &Commit) -> Result<Option<Draft>, Error> {
        let Some(listing) = self.known_listing(commit).filter(|_| !self.request.force) else { return Ok(None) };
        let chosen = match self.choose(&listing) {
            // what was kept may be of an earlier day
            Err(_) if !self.offline && listing.entries.iter().any(|entry| entry.published.is_some()) => {
                return Ok(None);
            }
            chosen => chosen?,
        };
        let destination = self.destination(commit);
        let Some(plan) = self.plan_of_all_here(&destination, &chosen).await? else { return Ok(None) };
        self.tell_lacking(&chosen);
        Ok(Some(Draft {
            commit: commit.clone(),
            gate: None,
            access: GateAnswer::Granted,
            plan,
            savings: chosen.savings,
            left_out: chosen.left_out,
            destination,
            needs: Vec::new(),
            notes: PullNotes::Nothing,
            kept: None,
        }))
    }
}

impl Hub<'_> {
    pub(super) fn subject(&self) -> Subject<'_> {
        self.pull.request.wanted.subject()
    }

    async fn draft(&self) -> Result<Attempt, Error> {
        let resolved = self.connection.resolve(self.subject()).await?;
        if let Some(repo) = resolved.repo {
            let revision = identity::fixed(&resolved.commit, self.subject().revision);
            return Ok(Attempt::KeptAs { repo, revision, file: resolved.file });
        }
        let here = if self.pull.request.dry_run { None } else { self.pull.all_here(&resolved.commit).await? };
        let draft = match here {
            Some(draft) => {
                let Draft { plan, destination, .. } = draft;
                let at = Arc::clone(&destination);
                // what is noted about it may be of an earlier commit
                let plan = file_thread::run(move || {
                    at.note_in_place(plan.in_place());
                    plan
                });
                let plan = plan.await?;
                Draft { gate: Some(resolved.gate), notes: PullNotes::Reference, plan, destination, ..draft }
            }
            None => {
                let asked = self.ask_access(&resolved).await?;
                self.list_and_plan(resolved, asked).await?
            }
        };
        Ok(Attempt::Drafted(Box::new(draft)))
    }

    /// From a listing to a plan.
    pub(super) async fn plan(
        &self,
        resolved: Resolved,
        asked: Option<GateAnswer>,
        mut listing: Listing,
    ) -> Result<Draft, Error> {
        let (pull, dry_run) = (self.pull, self.pull.request.dry_run);
        let measured = self.measure(&resolved.commit, &mut listing).await?;
        let chosen = pull.choose(&listing)?;
        pull.tell_lacking(&chosen);
        let access = self.settle_access(measured.or(asked), &resolved, &chosen.entries).await?;
        let destination = pull.destination(&resolved.commit);
        if !dry_run {
            pull.examine(&destination, &chosen.files()).await?;
            pull.look_ahead(&destination, &chosen.entries).await?;
        }
        let (listed, at, force) = (chosen.entries.clone(), Arc::clone(&destination), pull.request.force);
        let plan = file_thread::run(move || {
            let plan = Plan::make(listed, &at, force);
            if !dry_run {
                at.note_in_place(plan.in_place());
            }
            plan
        });
        let plan = plan.await?;
        let needs = if dry_run { Vec::new() } else { plan.needs(destination.shares_content())? };
        Ok(Draft {
            commit: resolved.commit,
            gate: Some(resolved.gate),
            access,
            plan,
            savings: chosen.savings,
            left_out: chosen.left_out,
            destination,
            needs,
            notes: PullNotes::Listing(listing),
            kept: None,
        })
    }
}
