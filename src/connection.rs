//! A provider that is asked with the right credential, and whose refusals are explained: what every use case shares.
//!
//! Whose token it is, is asked at most once for each connection: a hub rations `whoami` more than any other question
//! (hub-protocol §1.9), and a check of many repositories asks about few tokens.

mod reading;
mod refused;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::OnceCell;

use crate::auth::{Found, TokenChoice};
use crate::credential::{Credential, Secret};
use crate::endpoint::Endpoint;
use crate::env::Env;
use crate::error::Error;
use crate::http::Client;
use crate::identity::{self, IdentityError};
use crate::manifest::{Entry, Gate, Resolved};
use crate::provider::{self, Access, Account, Provider, ProviderError};
use crate::reference::Reference;
use crate::repo::{Commit, Repo, RepoId, RepoPath, Revision};
use crate::report::Reporter;
use crate::settings::{self, Settings, SettingsError};

/// A repository of a provider, as somebody asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The name of the provider.
    pub provider: String,
    /// The repository.
    pub repo: Repo,
    /// The revision.
    pub revision: Revision,
    /// Where the provider is asked, if not at its endpoint: one of its other addresses, which a link names.
    pub site: Option<Endpoint>,
    /// The token that a pasted link has in its query.
    pub token: Option<Secret>,
}

impl Wanted {
    /// Reads a reference; what it leaves open has its default.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str, settings: &Settings) -> Result<Self, Error> {
        let reference = Reference::parse(text, &settings.known())?;
        Ok(Self {
            provider: reference.provider.unwrap_or_else(|| settings.default_provider.clone()),
            repo: reference.repo,
            revision: reference.revision.unwrap_or_else(Revision::main),
            site: reference.site,
            token: reference.token,
        })
    }

    /// The provider as it is to be asked.
    ///
    /// # Errors
    /// When there is none of its name.
    pub fn provider(&self, settings: &Settings) -> Result<settings::Provider, SettingsError> {
        let provider = settings.provider(&self.provider)?;
        Ok(self.site.as_ref().map_or_else(|| provider.clone(), |site| provider.at(site)))
    }

    /// The credential for it: the token in its link is for nothing else that the run asks about.
    ///
    /// # Errors
    /// When it cannot be read or made.
    pub async fn credential(
        &self,
        caller: Caller<'_>,
        provider: &settings::Provider,
        client: &Client,
    ) -> Result<Found, IdentityError> {
        let Caller { settings, env, token } = caller;
        let token = token.clone().or_link(self.token.clone());
        identity::find(settings, env, provider, Some(&self.repo.id), &token, client).await
    }

    /// What questions about it are about.
    #[must_use]
    pub const fn subject(&self) -> Subject<'_> {
        Subject { repo: &self.repo, revision: &self.revision }
    }
}

/// What a question is about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// The revision.
    pub revision: &'a Revision,
}

/// What decides about the credential of a connection, the same for a whole run.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// Every knob.
    pub settings: &'a Settings,
    /// The environment, for tokens in it.
    pub env: &'a Env,
    /// What the command line says about the token.
    pub token: &'a TokenChoice,
}

/// A provider, asked with one credential or with none.
pub struct Connection<'a> {
    caller: Caller<'a>,
    settings: settings::Provider,
    client: Client,
    provider: Box<dyn Provider>,
    credential: Option<Credential>,
    account: OnceCell<Result<Option<Account>, ProviderError>>,
    has_no_gate_question: AtomicBool,
}

impl<'a> Connection<'a> {
    /// Finds the credential for a repository and makes a client of its own.
    ///
    /// # Errors
    /// When the credential cannot be read or made, or there is no client.
    pub async fn open(
        caller: Caller<'a>,
        settings: &settings::Provider,
        repo: &RepoId,
        reporter: &Arc<dyn Reporter>,
    ) -> Result<Self, Error> {
        let client = Client::new(&caller.settings.network, Arc::clone(reporter))?;
        let found = identity::find(caller.settings, caller.env, settings, Some(repo), caller.token, &client).await?;
        found.warnings.iter().for_each(|warning| reporter.warn(warning));
        Ok(Self::with(caller, settings, client, found.credential))
    }

    /// A connection with a credential that was found already.
    #[must_use]
    pub fn with(
        caller: Caller<'a>,
        settings: &settings::Provider,
        client: Client,
        credential: Option<Credential>,
    ) -> Self {
        let provider = provider::connect(settings, client.clone(), credential.clone());
        Self {
            caller,
            settings: settings.clone(),
            client,
            provider,
            credential,
            account: OnceCell::new(),
            has_no_gate_question: AtomicBool::new(false),
        }
    }

    /// The provider as settings describe it.
    #[must_use]
    pub const fn settings(&self) -> &settings::Provider {
        &self.settings
    }

    /// The client; its clones share pace and patience.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The provider.
    #[must_use]
    pub fn provider(&self) -> &dyn Provider {
        self.provider.as_ref()
    }

    /// The credential, if one was found and may be sent.
    #[must_use]
    pub const fn credential(&self) -> Option<&Credential> {
        self.credential.as_ref()
    }

    /// Whose token it is; none without one. Asked once, however often this is called.
    ///
    /// # Errors
    /// When the provider gives no usable answer.
    pub async fn account(&self) -> Result<Option<&Account>, &ProviderError> {
        self.account.get_or_init(|| self.provider.account()).await.as_ref().map(Option::as_ref)
    }

    /// The commit that the revision names, and what guards it.
    ///
    /// # Errors
    /// When the provider refuses or gives no usable answer.
    pub async fn resolve(&self, subject: Subject<'_>) -> Result<Resolved, Error> {
        match self.provider.resolve(subject.repo, subject.revision).await {
            Ok(resolved) => Ok(resolved),
            Err(error) => Err(self.explain(subject, error, None, None).await),
        }
    }

    /// Asks the gate, if there is one, whether the content may be read. That a server has no such question is found out
    /// once.
    ///
    /// # Errors
    /// When it may not, or the provider gives no usable answer.
    pub async fn ask_gate(&self, subject: Subject<'_>, gate: Gate) -> Result<Access, Error> {
        if gate == Gate::Open {
            return Ok(Access::Granted);
        }
        if self.has_no_gate_question.load(Ordering::Relaxed) {
            return Ok(Access::Unknown);
        }
        match self.provider.check_access(subject.repo).await {
            Ok(access) => {
                self.has_no_gate_question.fetch_or(access == Access::Unknown, Ordering::Relaxed);
                Ok(access)
            }
            Err(error) => Err(self.explain(subject, error, Some(gate), None).await),
        }
    }

    /// Asks for the first byte of a file, where the provider could not say.
    ///
    /// # Errors
    /// When it may not be read, or the provider gives no usable answer.
    pub async fn try_file(
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
    pub async fn measure(&self, subject: Subject<'_>, commit: &Commit, entry: &Entry) -> Result<u64, Error> {
        match self.provider.measure(subject.repo, commit, entry).await {
            Ok(size) => Ok(size),
            Err(error) => Err(self.explain(subject, error, None, Some(&entry.path)).await),
        }
    }
}
