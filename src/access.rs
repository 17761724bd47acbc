//! May it be read? The use case behind `gatedl access`: many repositories are asked about before anything is written.
//!
//! For each repository that is two questions at most, what it is and whether its gate is open, and for each token one:
//! whose it is. The listing of a gated repository answers anybody, so a program that looks only there says yes and
//! fails at the first byte (dkackman/diffusers-workflow#186). A server that has no question about its gate is asked for
//! the first byte of one real file instead; that it has none is found out once in a run.

mod patient;

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::{StreamExt as _, future, stream};

use crate::auth;
use crate::connection::{Caller, Connection, Wanted};
use crate::credential::{Credential, CredentialSource, Secret};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::http::{Client, Failure};
use crate::manifest::Resolved;
use crate::provider::{Account, ProviderError};
use crate::report::Reporter;

/// How many repositories are asked about at once: enough to hide the way to the hub, too few to be a burden.
const AT_ONCE: usize = 4;

/// What was found out about a repository.
#[derive(Debug)]
pub struct Checked {
    /// The repository.
    pub wanted: Wanted,
    /// The same as it may be typed again.
    pub reference: String,
    /// The token that was sent, by its place among those of the [`Report`]; none if none was.
    pub token: Option<usize>,
    /// The commit and what guards it, if the provider told.
    pub resolved: Option<Resolved>,
    /// Whether the content may be read, or why not.
    pub outcome: Result<(), Error>,
}

/// A token that was sent, and what its provider says about it.
#[derive(Debug)]
pub struct Token {
    /// The name of the provider that it is for.
    pub provider: String,
    /// Where it came from.
    pub source: CredentialSource,
    /// The server that alone gets it.
    pub host: String,
    /// Whose it is, or why that is not known.
    pub account: Result<Account, String>,
}

/// Everything that was found out.
#[derive(Debug)]
pub struct Report {
    /// The repositories, in the order in which they were asked about.
    pub repos: Vec<Checked>,
    /// The tokens that were sent.
    pub tokens: Vec<Token>,
}

/// A run of questions: asked once, and then again as long as the caller is patient.
pub struct Check<'a> {
    connections: Vec<Connection<'a>>,
    repos: Vec<(usize, Checked)>,
    reporter: Arc<dyn Reporter>,
}

impl<'a> Check<'a> {
    /// Asks about every repository once.
    ///
    /// # Errors
    /// When a credential cannot be read, or there is no client. What a provider answers is part of the report.
    pub async fn begin(
        wanted: Vec<Wanted>,
        caller: Caller<'a>,
        reporter: Arc<dyn Reporter>,
    ) -> Result<Check<'a>, Error> {
        let client = Client::new(&caller.settings.network, Arc::clone(&reporter))?;
        let mut desk = Desk { caller, client, connections: Vec::new(), known: Vec::new() };
        let mut places = Vec::with_capacity(wanted.len());
        for wanted in &wanted {
            places.push(desk.place_for(wanted, &reporter).await?);
        }
        let connections = &desk.connections;
        let questions = wanted.into_iter().zip(places).map(|(wanted, place)| {
            let connection = &connections[place];
            async move { (place, ask(connection, wanted).await) }
        });
        let answers = stream::iter(questions).buffered(AT_ONCE).collect();
        let accounts = future::join_all(connections.iter().map(Connection::account));
        let (mut repos, _): (Vec<(usize, Checked)>, _) = future::join(answers, accounts).await;
        for answer in &mut repos {
            if let Some(better) = desk.ask_elsewhere(&answer.1, &reporter).await? {
                *answer = better;
            }
        }
        Ok(Self { connections: desk.connections, repos, reporter })
    }

    /// The pages on which a user can do something about a refusal, each once.
    #[must_use]
    pub fn pages(&self) -> Vec<String> {
        let mut pages: Vec<String> = Vec::new();
        for (_, checked) in &self.repos {
            if let Err(Error::Refused(refused)) = &checked.outcome
                && refused.refusal.kind.has_a_page_that_helps()
                && !pages.contains(&refused.refusal.page)
            {
                pages.push(refused.refusal.page.clone());
            }
        }
        pages
    }

    /// What was found out.
    pub async fn report(self) -> Report {
        let mut tokens = Vec::new();
        let mut numbers = HashMap::new();
        for (place, connection) in self.connections.iter().enumerate() {
            let Some(credential) = connection.credential() else { continue };
            let account = match connection.account().await {
                Ok(Some(account)) => Ok(account.clone()),
                Ok(None) => Err("the server does not say whose it is".to_owned()),
                Err(error) => Err(problem(error)),
            };
            let settings = connection.settings();
            numbers.insert(place, tokens.len());
            tokens.push(Token {
                provider: settings.name.clone(),
                source: credential.source().clone(),
                host: settings.endpoint.origin().to_string(),
                account,
            });
        }
        let number = |(place, checked)| Checked { token: numbers.get(&place).copied(), ..checked };
        Report { repos: self.repos.into_iter().map(number).collect(), tokens }
    }
}

/// Hands out connections: one for each token of each provider.
struct Desk<'a> {
    caller: Caller<'a>,
    client: Client,
    connections: Vec<Connection<'a>>,
    /// A `token_command` that asks for a password is run once, not for each repository.
    known: Vec<(Key, usize)>,
}

/// What decides where a credential is looked for and who gets it.
#[derive(PartialEq, Eq)]
struct Key {
    provider: String,
    endpoint: Endpoint,
    /// The bound token of the configuration file.
    bound: Option<String>,
    /// The token in a pasted link.
    link: Option<Secret>,
}

impl Desk<'_> {
    /// What the other address of the provider says about something that is not published at the first, if it says more.
    async fn ask_elsewhere(
        &mut self,
        checked: &Checked,
        reporter: &Arc<dyn Reporter>,
    ) -> Result<Option<(usize, Checked)>, Error> {
        let wanted = &checked.wanted;
        let other = self.caller.settings.provider(&wanted.provider)?.elsewhere(wanted.site.as_ref());
        let Some(site) = other.filter(|_| checked.outcome.as_ref().is_err_and(Error::is_unpublished)) else {
            return Ok(None);
        };
        let wanted = Wanted { site: Some(site), ..wanted.clone() };
        let place = self.place_for(&wanted, reporter).await?;
        let second = ask(&self.connections[place], wanted).await;
        let says_no_more = |error: &Error| error.is_unpublished() || matches!(error, Error::Provider { .. });
        Ok(if second.outcome.as_ref().is_err_and(says_no_more) { None } else { Some((place, second)) })
    }

    async fn place_for(&mut self, wanted: &Wanted, reporter: &Arc<dyn Reporter>) -> Result<usize, Error> {
        let settings = self.caller.settings;
        let provider = &wanted.provider(settings)?;
        let link = wanted.token.clone();
        let bound = auth::bound_token(settings, provider, &wanted.repo.id).filter(|_| link.is_none());
        let bound = bound.map(str::to_owned);
        let key = Key { provider: wanted.provider.clone(), endpoint: provider.endpoint.clone(), bound, link };
        if let Some((_, place)) = self.known.iter().find(|(known, _)| *known == key) {
            return Ok(*place);
        }
        let found = wanted.credential(self.caller, provider, &self.client).await?;
        let source = found.credential.as_ref().map(Credential::source);
        let same = |open: &Connection<'_>| {
            let known = open.settings();
            let is_it = (&known.name, &known.endpoint) == (&provider.name, &provider.endpoint);
            // the key tells which link it is of
            is_it && source != Some(&CredentialSource::Link) && open.credential().map(Credential::source) == source
        };
        let place = match self.connections.iter().position(same) {
            Some(place) => place,
            None => {
                found.warnings.iter().for_each(|warning| reporter.warn(warning));
                let connection = Connection::with(self.caller, provider, self.client.clone(), found.credential);
                self.connections.push(connection);
                self.connections.len() - 1
            }
        };
        self.known.push((key, place));
        Ok(place)
    }
}

/// Why it is not known whose a token is: the server's words, if it said any.
fn problem(error: &ProviderError) -> String {
    match error {
        ProviderError::Failure(Failure::Refused(refused)) => {
            refused.message.clone().unwrap_or_else(|| refused.to_string())
        }
        error => error.to_string(),
    }
}

async fn ask(connection: &Connection<'_>, wanted: Wanted) -> Checked {
    let subject = wanted.subject();
    let (resolved, outcome) = connection.may_read(subject).await;
    let reference = connection.spell(subject);
    Checked { wanted, reference, token: None, resolved, outcome }
}
