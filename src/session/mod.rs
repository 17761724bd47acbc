//! One run as a value: settings, environment and listener, one client and its pace, and every credential, connection and
//! account that the run needs, each found, opened or asked once.
//!
//! Once, because each of them costs somebody something: a `token_command` may wait for a passphrase, an exchange uses up
//! an identity, and a hub rations the question whose a token is (hub-protocol §1.9).

mod connection;
mod reading;
mod refused;
mod request;

use std::sync::{Arc, OnceLock};

use tokio::sync::Mutex;

pub(crate) use self::connection::Connection;
pub(crate) use self::request::{RepoRequest, Subject};

use crate::credential::{Credential, CredentialSource, Secret};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::event::{Listener, TokenTrouble, Warning};
use crate::file_thread;
use crate::hub::auth::{self, Cancellation, Exchange, FoundCredential, IdentityError, Survey, TokenChoice};
use crate::hub::http::{Client, ClientError};
use crate::repo::RepoId;
use crate::settings::env::Env;
use crate::settings::{self, Settings};

/// A run.
pub(crate) struct Session {
    given: Arc<Given>,
    listener: Arc<dyn Listener>,
    client: OnceLock<Client>,
    /// Held while a credential is looked for, so that nobody looks for it at the same time.
    opened: Mutex<Vec<(CredentialKey, Arc<Connection>)>>,
}

/// What a run is given, the same from its beginning to its end.
struct Given {
    settings: Settings,
    env: Env,
    token: TokenChoice,
}

/// What decides where a credential is looked for and who gets it.
#[derive(PartialEq, Eq)]
struct CredentialKey {
    provider: String,
    endpoint: Endpoint,
    /// The bound token of the configuration file.
    bound: Option<String>,
    /// The token in a pasted link.
    link: Option<Secret>,
}

/// An answer, and which of a provider's addresses gave it.
pub(crate) struct Answered<T> {
    /// What was asked about, at the address that was asked.
    pub(crate) wanted: RepoRequest,
    /// The connection that was asked.
    pub(crate) connection: Arc<Connection>,
    /// The answer.
    pub(crate) answer: Result<T, Error>,
}

impl Session {
    /// A run; nothing is looked for or asked yet.
    #[must_use]
    pub(crate) fn new(settings: Settings, env: Env, token: TokenChoice, listener: Arc<dyn Listener>) -> Self {
        let given = Arc::new(Given { settings, env, token });
        Self { given, listener, client: OnceLock::new(), opened: Mutex::default() }
    }

    /// Every knob.
    #[must_use]
    pub(crate) fn settings(&self) -> &Settings {
        &self.given.settings
    }

    /// The environment.
    #[must_use]
    pub(crate) fn env(&self) -> &Env {
        &self.given.env
    }

    /// What the command line says about the token.
    #[must_use]
    pub(crate) fn token(&self) -> &TokenChoice {
        &self.given.token
    }

    /// Where events are reported.
    #[must_use]
    pub(crate) fn listener(&self) -> &Arc<dyn Listener> {
        &self.listener
    }

    /// The client, built when it is first needed: a run that asks nothing reads no certificates.
    ///
    /// # Errors
    /// When there can be none.
    pub(crate) fn client(&self) -> Result<&Client, ClientError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = Client::new(&self.settings().network, Arc::clone(&self.listener))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// The credential for a repository of a provider, or for none in particular: found on this machine, or made from the
    /// identity of a CI job. Looked for each time.
    ///
    /// # Errors
    /// When a place that holds a token cannot be read, or an exchange was asked for and failed.
    pub(crate) async fn find_credential(
        &self,
        provider: &settings::ProviderSettings,
        repo: Option<&RepoId>,
        link: Option<Secret>,
    ) -> Result<FoundCredential, Error> {
        let choice = self.given.token.clone().or_link(link);
        match Exchange::planned(self.settings(), self.env(), provider, &choice)? {
            Some(_) if self.settings().offline => Err(IdentityError::Offline.into()),
            Some(exchange) => {
                let credential = exchange.run(self.env(), self.client()?).await?;
                Ok(FoundCredential { credential: Some(credential), warnings: Vec::new() })
            }
            None => {
                let mut found = self.search(provider, repo, choice).await?;
                if let Some(credential) = found.credential.take_if(|_| !self.settings().offline) {
                    let credential = auth::renewable(credential, provider, self.client()?).await?;
                    credential.renew_if_due().await;
                    found.credential = Some(credential);
                }
                Ok(found)
            }
        }
    }

    /// Looks in the places on this machine. A token command may wait for somebody to type a passphrase, so it has a thread
    /// of its own: Ctrl-C must be heard meanwhile, and end the command.
    async fn search(
        &self,
        provider: &settings::ProviderSettings,
        repo: Option<&RepoId>,
        choice: TokenChoice,
    ) -> Result<FoundCredential, Error> {
        let (given, provider, repo) = (Arc::clone(&self.given), provider.clone(), repo.cloned());
        let cancellation = Cancellation::default();
        let _guard = cancellation.on_drop();
        let search = move || auth::find(&given.settings, &given.env, &provider, repo.as_ref(), &choice, &cancellation);
        Ok(file_thread::run(search).await.map_err(IdentityError::from)??)
    }

    /// Looks at every place of a provider, as [`auth::survey`] does, on a thread of its own like every search. `winner` has
    /// won over all of them already, if there is one.
    ///
    /// # Errors
    /// When that thread is lost.
    pub(crate) async fn survey(
        &self,
        provider: &settings::ProviderSettings,
        winner: Option<CredentialSource>,
    ) -> Result<Survey, Error> {
        let (given, provider) = (Arc::clone(&self.given), provider.clone());
        let cancellation = Cancellation::default();
        let _guard = cancellation.on_drop();
        let look = move || auth::survey(&given.settings, &given.env, &provider, winner, &cancellation);
        Ok(file_thread::run(look).await.map_err(IdentityError::from)?)
    }

    /// The connection for what is wanted; what its user should know about the token is reported.
    ///
    /// # Errors
    /// When the credential cannot be read or made, or there is no client.
    pub(crate) async fn connection(&self, wanted: &RepoRequest) -> Result<Arc<Connection>, Error> {
        let (connection, warnings) = self.open(wanted).await?;
        for trouble in warnings {
            self.listener.event(&Warning::Token(trouble).into());
        }
        Ok(connection)
    }

    /// The connection for what is wanted, and when it is opened, what should be known about its token.
    ///
    /// # Errors
    /// As [`Self::connection`].
    pub(crate) async fn open(&self, wanted: &RepoRequest) -> Result<(Arc<Connection>, Vec<TokenTrouble>), Error> {
        let provider = wanted.provider(self.settings())?;
        let link = wanted.token.clone();
        let bound = auth::bound_token(self.settings(), &provider, &wanted.repo.id).filter(|_| link.is_none());
        let (bound, endpoint) = (bound.map(str::to_owned), provider.endpoint.clone());
        let key = CredentialKey { provider: provider.name.clone(), endpoint, bound, link };
        let mut opened = self.opened.lock().await;
        if let Some((_, connection)) = opened.iter().find(|(known, _)| *known == key) {
            return Ok((Arc::clone(connection), Vec::new()));
        }
        let found = self.find_credential(&provider, Some(&wanted.repo.id), key.link.clone()).await?;
        let source = found.credential.as_ref().map(Credential::source);
        // two keys may lead to one place; of two links each has a token of its own
        let same = opened.iter().map(|(_, connection)| connection).find(|connection| {
            let is_there = connection.settings().name == provider.name
                && connection.settings().endpoint == provider.endpoint
                && connection.credential().map(Credential::source) == source;
            is_there && source != Some(&CredentialSource::Link)
        });
        let (connection, warnings) = match same {
            Some(same) => (Arc::clone(same), Vec::new()),
            None => (self.connect(&provider, found.credential)?, found.warnings),
        };
        opened.push((key, Arc::clone(&connection)));
        Ok((connection, warnings))
    }

    /// A connection with a credential that was found already. Later questions without a token of their own share it.
    ///
    /// # Errors
    /// When there is no client.
    pub(crate) async fn open_with(
        &self,
        provider: &settings::ProviderSettings,
        credential: Option<Credential>,
    ) -> Result<Arc<Connection>, Error> {
        let connection = self.connect(provider, credential)?;
        let (provider, endpoint) = (provider.name.clone(), provider.endpoint.clone());
        let key = CredentialKey { provider, endpoint, bound: None, link: None };
        self.opened.lock().await.push((key, Arc::clone(&connection)));
        Ok(connection)
    }

    /// A new connection, which no later question shares.
    ///
    /// # Errors
    /// When there is no client.
    pub(crate) fn connect(
        &self,
        provider: &settings::ProviderSettings,
        credential: Option<Credential>,
    ) -> Result<Arc<Connection>, Error> {
        let client = self.client()?.clone();
        Ok(Arc::new(Connection::new(Arc::clone(&self.given), provider.clone(), client, credential)))
    }

    /// Asks a provider about what is wanted, and at its other address about what is not published at the first. Only a
    /// clear yes or another kind of no from there counts: what it adds to the first one's no is else only confusion.
    ///
    /// # Errors
    /// When a credential cannot be read or made. What the provider says is part of the answer.
    pub(crate) async fn ask<T>(
        &self,
        wanted: &RepoRequest,
        question: impl AsyncFn(&Arc<Connection>, &RepoRequest) -> Result<T, Error>,
    ) -> Result<Answered<T>, Error> {
        let first = self.ask_at(wanted.clone(), &question).await?;
        let other = self.settings().provider(&wanted.provider)?.elsewhere(wanted.site.as_ref());
        let Some(site) = other.filter(|_| first.answer.as_ref().is_err_and(Error::is_unpublished)) else {
            return Ok(first);
        };
        let second = self.ask_at(RepoRequest { site: Some(site), ..wanted.clone() }, &question).await?;
        let says_no_more = |error: &Error| error.is_unpublished() || matches!(error, Error::Provider { .. });
        Ok(if second.answer.as_ref().is_err_and(says_no_more) { first } else { second })
    }

    async fn ask_at<T>(
        &self,
        wanted: RepoRequest,
        question: &impl AsyncFn(&Arc<Connection>, &RepoRequest) -> Result<T, Error>,
    ) -> Result<Answered<T>, Error> {
        let connection = self.connection(&wanted).await?;
        let answer = question(&connection, &wanted).await;
        Ok(Answered { wanted, connection, answer })
    }
}
