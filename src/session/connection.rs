//! A provider that is asked with one credential, and whose refusals are explained. What holds for a whole run is asked
//! once: what a revision is (so that two pulls of one run are of one commit), what a commit holds, whose the token is, that
//! a gate is open.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::OnceCell;

use super::{Given, Subject};
use crate::credential::Credential;
use crate::error::{BadToken, Error};
use crate::fetch::Transport;
use crate::hub::http::{Answerer, Client, Failure};
use crate::hub::provider::{self, AccessAnswer, Account, Provider, ProviderError};
use crate::manifest::{Gate, ListedFile, Listing, Resolved};
use crate::repo::{Commit, Repo, RepoPath, Revision};
use crate::settings;

/// A provider, asked with one credential or with none.
pub(crate) struct Connection {
    pub(super) given: Arc<Given>,
    pub(super) settings: settings::ProviderSettings,
    pub(super) client: Client,
    pub(super) provider: Arc<dyn Provider>,
    pub(super) credential: Option<Credential>,
    account: OnceCell<Result<Option<Account>, Arc<ProviderError>>>,
    resolved: Mutex<HashMap<(Repo, Revision), Resolved>>,
    listings: Mutex<HashMap<(Repo, Commit), Listing>>,
    granted: Mutex<HashSet<Repo>>,
    has_no_gate_question: AtomicBool,
    transport: OnceLock<Arc<Transport>>,
}

impl Connection {
    pub(super) fn new(
        given: Arc<Given>,
        settings: settings::ProviderSettings,
        client: Client,
        credential: Option<Credential>,
    ) -> Self {
        Self {
            given,
            provider: provider::connect(&settings, &client, credential.as_ref()),
            settings,
            client,
            credential,
            account: OnceCell::new(),
            resolved: Mutex::default(),
            listings: Mutex::default(),
            granted: Mutex::default(),
            has_no_gate_question: AtomicBool::new(false),
            transport: OnceLock::new(),
        }
    }

    /// The provider as settings describe it.
    #[must_use]
    pub(crate) const fn settings(&self) -> &settings::ProviderSettings {
        &self.settings
    }

    /// The client; its clones share pace and patience.
    #[must_use]
    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// The provider.
    #[must_use]
    pub(crate) fn provider(&self) -> &Arc<dyn Provider> {
        &self.provider
    }

    /// The credential, if one was found and may be sent.
    #[must_use]
    pub(crate) const fn credential(&self) -> Option<&Credential> {
        self.credential.as_ref()
    }

    /// Whose token it is; none without one. Asked once, however often this is called.
    ///
    /// # Errors
    /// When the provider gives no usable answer.
    pub(crate) async fn account(&self) -> Result<Option<&Account>, &Arc<ProviderError>> {
        let asked = self.account.get_or_init(|| async { self.provider.account().await.map_err(Arc::new) });
        asked.await.as_ref().map(Option::as_ref)
    }

    /// The account, for a command that is about the token: a token that the provider does not take is an error of its own.
    ///
    /// # Errors
    /// When the provider does not take the token, or cannot be asked.
    pub(crate) async fn whoami(&self) -> Result<Option<&Account>, Error> {
        self.account().await.map_err(|error| self.explain_token(error))
    }

    /// 401 for a token that is unknown or has expired, 403 for one that an organization revoked.
    fn explain_token(&self, error: &Arc<ProviderError>) -> Error {
        let source = Arc::clone(error);
        match (error.as_ref(), &self.credential) {
            (ProviderError::Failure(Failure::Refused(refused)), Some(credential))
                if refused.from == Answerer::Hub && matches!(refused.status.as_u16(), 401 | 403) =>
            {
                let (source_name, page) = (credential.source().clone(), self.settings.token_page());
                Error::BadToken(Box::new(BadToken { source_name, page, source }))
            }
            _ => Error::Whose { host: self.settings.endpoint.origin().host().to_owned(), source },
        }
    }

    /// The commit that the revision names, and what guards it.
    ///
    /// # Errors
    /// When the provider refuses or gives no usable answer.
    pub(crate) async fn resolve(&self, subject: Subject<'_>) -> Result<Resolved, Error> {
        if let Some(known) = self.resolved(subject) {
            return Ok(known);
        }
        match self.provider.resolve(subject.repo, subject.revision).await {
            Ok(resolved) => {
                let key = (subject.repo.clone(), subject.revision.clone());
                Ok(lock(&self.resolved).entry(key).or_insert(resolved).clone())
            }
            Err(error) => Err(self.explain(subject, error, None, None).await),
        }
    }

    /// What the revision is, where that was asked already.
    #[must_use]
    pub(crate) fn resolved(&self, subject: Subject<'_>) -> Option<Resolved> {
        lock(&self.resolved).get(&(subject.repo.clone(), subject.revision.clone())).cloned()
    }

    /// Asks the gate, if there is one, whether the content may be read. That it is open, and that a server has no such
    /// question, is found out once.
    ///
    /// # Errors
    /// When it may not, or the provider gives no usable answer.
    pub(crate) async fn ask_gate(&self, subject: Subject<'_>, gate: Gate) -> Result<AccessAnswer, Error> {
        if gate == Gate::Open || lock(&self.granted).contains(subject.repo) {
            return Ok(AccessAnswer::Granted);
        }
        if self.has_no_gate_question.load(Ordering::Relaxed) {
            return Ok(AccessAnswer::Unknown);
        }
        match self.provider.check_access(subject.repo).await {
            Ok(AccessAnswer::Granted) => {
                lock(&self.granted).insert(subject.repo.clone());
                Ok(AccessAnswer::Granted)
            }
            Ok(AccessAnswer::Unknown) => {
                self.has_no_gate_question.store(true, Ordering::Relaxed);
                Ok(AccessAnswer::Unknown)
            }
            Err(error) => Err(self.explain(subject, error, Some(gate), None).await),
        }
    }

    /// Every file of a commit. Asked once: two pulls of one run share a listing.
    ///
    /// # Errors
    /// When the provider refuses or gives no usable answer.
    pub(crate) async fn list(&self, subject: Subject<'_>, commit: &Commit) -> Result<Listing, Error> {
        let key = (subject.repo.clone(), commit.clone());
        if let Some(known) = lock(&self.listings).get(&key) {
            return Ok(known.clone());
        }
        match self.provider.list(subject.repo, commit).await {
            Ok(listing) => {
                lock(&self.listings).insert(key, listing.clone());
                Ok(listing)
            }
            Err(error) => Err(self.explain(subject, error, None, None).await),
        }
    }

    /// How files arrive from here. What it learns about the servers' links, and how many connections they bear, holds for
    /// the whole run.
    pub(crate) fn transport(&self) -> Arc<Transport> {
        let new = || {
            let (client, credential) = (self.provider.client().clone(), self.credential.clone());
            Arc::new(Transport::new(client, credential, self.provider.most_connections()))
        };
        Arc::clone(self.transport.get_or_init(new))
    }

    /// Asks for the first byte of a file, where the provider could not say.
    ///
    /// # Errors
    /// When it may not be read, or the provider gives no usable answer.
    pub(crate) async fn try_file(
        &self,
        subject: Subject<'_>,
        commit: &Commit,
        path: &RepoPath,
        gate: Gate,
    ) -> Result<(), Error> {
        match self.provider.try_file(subject.repo, commit, path).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.explain(subject, error, Some(gate), Some(path)).await),
        }
    }

    /// The exact length of a file whose listing has a rounded one, by asking for its first byte.
    ///
    /// # Errors
    /// When it may not be read, or the provider gives no usable answer.
    pub(crate) async fn measure(
        &self,
        subject: Subject<'_>,
        commit: &Commit,
        entry: &ListedFile,
    ) -> Result<u64, Error> {
        match self.provider.measure(subject.repo, commit, entry).await {
            Ok(size) => Ok(size),
            Err(error) => Err(self.explain(subject, error, None, Some(&entry.path)).await),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
