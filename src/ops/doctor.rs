//! What may be wrong between this machine and a model: the use case behind `gatedl doctor`.
//!
//! Each check says what was found, judges it, and where it is not good says what to do. They are made in the order in
//! which a pull would stumble: the disk, the certificates, names and lines, the clock, the quota, the token, the gate.
//! Hosts that gatedl itself does not ask (the Xet servers that `hf` talks to) are left out: a closed port to them
//! explains nothing here.

mod disk;
mod network;
mod repository;
mod token;

use std::path::PathBuf;

use crate::credential::CredentialSource;
use crate::error::{Error, ExitStatus};
use crate::event::TokenTrouble;
use crate::file_thread;
use crate::hub::auth::{Exchange, Survey, renewable};
use crate::hub::http::ClientError;
use crate::hub::provider::Account;
use crate::session::{RepoRequest, Session};
use crate::settings;

/// What a check is about; the order is that of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    /// The cache, and the file system that it is on.
    Cache,
    /// The way to the servers.
    Network,
    /// The tokens.
    Token,
    /// The repository that was named.
    Repository,
}

impl Topic {
    /// Every topic, in the order of the report.
    pub(crate) const ALL: [Self; 4] = [Self::Cache, Self::Network, Self::Token, Self::Repository];

    /// Its name.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Cache => "cache",
            Self::Network => "network",
            Self::Token => "token",
            Self::Repository => "repository",
        }
    }
}

/// What is thought of what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// Nothing is wrong.
    Good,
    /// It works, but not well, or not for long.
    Doubtful,
    /// It does not work; a pull would end with this status.
    Bad(ExitStatus),
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Detail {
    /// In words.
    Text(String),
    /// What should be known about a token, though it works.
    TokenTrouble(TokenTrouble),
    /// A token.
    Token {
        /// Where it came from.
        source: CredentialSource,
        /// Whose it is, and what it may do.
        account: Box<Account>,
    },
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What it is about.
    pub(crate) topic: Topic,
    /// What was looked at: a host, a folder, a provider.
    pub(crate) subject: String,
    /// What is thought of it.
    pub(crate) verdict: Health,
    /// What was found.
    pub(crate) found: Detail,
    /// What to do, where it is not good.
    pub(crate) advice: Option<String>,
    /// The numbers in what was found, for programs.
    pub(crate) numbers: Vec<(&'static str, i64)>,
}

impl Finding {
    fn good(topic: Topic, subject: &str, found: impl Into<String>) -> Self {
        let (subject, found) = (subject.to_owned(), Detail::Text(found.into()));
        Self { topic, subject, verdict: Health::Good, found, advice: None, numbers: Vec::new() }
    }

    /// What should be known about a token, though it works.
    fn warning(topic: Topic, subject: &str, trouble: &TokenTrouble) -> Self {
        let found = Detail::TokenTrouble(trouble.clone());
        Self { verdict: Health::Doubtful, found, ..Self::good(topic, subject, "") }
    }

    fn doubtful(topic: Topic, subject: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Health::Doubtful, advice: Some(advice.into()), ..Self::good(topic, subject, found) }
    }

    /// A failure of a pull, with the causes that lie beneath it.
    fn bad(topic: Topic, subject: &str, error: &Error) -> Self {
        let mut found = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            let text = crate::repo::printable(&inner.to_string());
            if !found.contains(&text) {
                found += &format!(": {text}");
            }
            cause = inner.source();
        }
        if let Some(message) = error.server_message() {
            found += &format!("; the server says: {message}");
        }
        let advice = Some(error.hints().join("; ")).filter(|advice| !advice.is_empty());
        Self { verdict: Health::Bad(error.status()), advice, ..Self::good(topic, subject, found) }
    }

    fn with(mut self, name: &'static str, number: impl TryInto<i64>) -> Self {
        self.numbers.push((name, number.try_into().unwrap_or(i64::MAX)));
        self
    }
}

/// What is looked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct ExaminationRequest {
    /// Only this provider; without one those that are in use.
    pub(crate) provider: Option<String>,
    /// This repository too.
    pub(crate) repository: Option<RepoRequest>,
}

/// A provider that is looked at.
struct ExaminedProvider<'a> {
    settings: &'a settings::ProviderSettings,
    survey: Survey,
    /// What takes the place of every token that lies somewhere: a CI job's identity.
    exchange: Option<Exchange<'a>>,
}

impl<'a> ExaminedProvider<'a> {
    async fn of(provider: &'a settings::ProviderSettings, session: &'a Session) -> Result<Self, Error> {
        let exchange = Exchange::planned(session.settings(), session.env(), provider, session.token())?;
        let winner = exchange.as_ref().map(Exchange::source);
        let survey = session.survey(provider, winner).await?;
        Ok(Self { settings: provider, survey, exchange })
    }

    /// Makes the token, where it is made from an identity, and has it renewed where that can be.
    async fn exchange(&mut self, session: &Session) -> Result<(), Error> {
        if let Some(exchange) = &self.exchange {
            self.survey.found.credential = Some(exchange.run(session.env(), session.client()?).await?);
        } else if let Some(credential) = self.survey.found.credential.take() {
            self.survey.found.credential = Some(renewable(credential, self.settings, session.client()?).await?);
        }
        Ok(())
    }
}

/// A look at everything: first at this machine, then, if anybody wants, at the servers.
pub(crate) struct Examination<'a> {
    session: &'a Session,
    order: &'a ExaminationRequest,
    patients: Vec<ExaminedProvider<'a>>,
    checks: Vec<Finding>,
}

impl<'a> Examination<'a> {
    /// Looks at what is on this machine.
    ///
    /// # Errors
    /// When the order names an unknown provider. Whatever else is wrong is a check.
    pub(crate) async fn begin(order: &'a ExaminationRequest, session: &'a Session) -> Result<Self, Error> {
        let settings = session.settings();
        let named = order.repository.as_ref().map(|wanted| &wanted.provider).or(order.provider.as_ref());
        let providers = match named {
            Some(name) => vec![settings.provider(name)?],
            None => settings.providers.iter().collect(),
        };
        let mut patients = Vec::new();
        for provider in providers {
            patients.push(ExaminedProvider::of(provider, session).await?);
        }
        let in_use = |patient: &ExaminedProvider<'_>| {
            named.is_some()
                || patient.settings.name == settings.default_provider
                || patient.survey.found.credential.is_some()
                || patient.survey.blocked.is_some()
        };
        let patients: Vec<ExaminedProvider<'_>> = patients.into_iter().filter(in_use).collect();
        let caches: Vec<PathBuf> = patients.iter().map(|patient| patient.settings.cache.clone()).collect();
        let symlinks = settings.symlinks;
        let checks = file_thread::run(move || disk::checks(caches.iter().map(PathBuf::as_path), symlinks)).await?;
        Ok(Self { session, order, patients, checks })
    }

    /// Asks the servers.
    pub(crate) async fn ask(&mut self) {
        if let Err(error) = self.session.client() {
            let subject = if matches!(error, ClientError::Proxy(_)) { "proxy" } else { "certificates" };
            self.checks.push(Finding::bad(Topic::Network, subject, &error.into()));
            return self.tokens_unasked();
        }
        self.checks.push(network::certificates(&self.session.settings().network));
        for patient in std::mem::take(&mut self.patients) {
            let name = patient.settings.name.clone();
            match self.ask_about(patient).await {
                Ok(checks) => self.checks.extend(checks),
                Err(error) => self.checks.push(Finding::bad(Topic::Network, &name, &error)),
            }
        }
        if let Some(wanted) = &self.order.repository {
            self.checks.extend(repository::checks(wanted, self.session).await);
        }
    }

    async fn ask_about(&self, mut patient: ExaminedProvider<'_>) -> Result<Vec<Finding>, Error> {
        let exchanged = patient.exchange(self.session).await;
        let credential = patient.survey.found.credential.clone();
        let connection = if exchanged.is_ok() && patient.survey.blocked.is_none() {
            self.session.open_with(patient.settings, credential).await?
        } else {
            self.session.connect(patient.settings, credential)?
        };
        let mut checks = network::checks(&connection, &self.session.settings().network).await;
        checks.extend(match exchanged {
            Ok(()) => token::asked(patient, &connection, self.session).await,
            Err(error) => vec![Finding::bad(Topic::Token, &patient.settings.name, &error)],
        });
        Ok(checks)
    }

    /// Looks at the tokens without asking whose they are.
    pub(crate) fn tokens_unasked(&mut self) {
        for patient in std::mem::take(&mut self.patients) {
            self.checks.extend(token::unasked(patient, self.session));
        }
    }

    /// What was found, by topic.
    #[must_use]
    pub(crate) fn report(self) -> Vec<Finding> {
        let mut checks = self.checks;
        checks.sort_by_key(|check| check.topic);
        checks
    }
}
