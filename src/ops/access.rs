//! May it be read? The use case behind `gatedl access`: many repositories are asked about before anything is written.
//!
//! For each repository that is two questions at most, what it is and whether its gate is open, and for each token one:
//! whose it is. The listing of a gated repository answers anybody, so a program that looks only there says yes and
//! fails at the first byte (dkackman/diffusers-workflow#186). A server that has no question about its gate is asked for
//! the first byte of one real file instead; that it has none is found out once in a run.

mod waiting;

use std::sync::Arc;

use futures_util::{StreamExt as _, future, stream};

use crate::credential::CredentialSource;
use crate::error::Error;
use crate::hub::http::Failure;
use crate::hub::provider::{Account, ProviderError};
use crate::manifest::Resolved;
use crate::session::{Answered, Connection, RepoRequest, Session};

/// How many repositories are asked about at once: enough to hide the way to the hub, too few to be a burden.
const AT_ONCE: usize = 4;

/// What was found out about a repository.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The repository.
    pub(crate) wanted: RepoRequest,
    /// The same as it may be typed again.
    pub(crate) reference: String,
    /// The token that was sent, by its place among those of the [`AccessReport`]; none if none was.
    pub(crate) token: Option<usize>,
    /// The commit and what guards it, if the provider told.
    pub(crate) resolved: Option<Resolved>,
    /// Whether the content may be read, or why not.
    pub(crate) outcome: Result<(), Error>,
}

/// A token that was sent, and what its provider says about it.
#[derive(Debug)]
pub(crate) struct SentToken {
    /// The name of the provider that it is for.
    pub(crate) provider: String,
    /// Where it came from.
    pub(crate) source: CredentialSource,
    /// The server that alone gets it.
    pub(crate) host: String,
    /// Whose it is, or why that is not known.
    pub(crate) account: Result<Account, String>,
}

/// Everything that was found out.
#[derive(Debug)]
pub(crate) struct AccessReport {
    /// The repositories, in the order in which they were asked about.
    pub(crate) repos: Vec<Checked>,
    /// The tokens that were sent.
    pub(crate) tokens: Vec<SentToken>,
}

/// Questions that are asked once, and then again as long as the caller is patient.
pub(crate) struct AccessCheck<'a> {
    session: &'a Session,
    /// Whoever was asked, each once.
    connections: Vec<Arc<Connection>>,
    repos: Vec<AskedRepo>,
}

/// A repository, and who answered about it.
struct AskedRepo {
    connection: Arc<Connection>,
    checked: Checked,
}

impl<'a> AccessCheck<'a> {
    /// Asks about every repository once.
    ///
    /// # Errors
    /// When a credential cannot be read, or there is no client. What a provider answers is part of the report.
    pub(crate) async fn begin(wanted: Vec<RepoRequest>, session: &'a Session) -> Result<Self, Error> {
        let mut connections = Vec::new();
        // before any question: what is wrong with a token on this machine can be mended here
        for wanted in &wanted {
            add(&mut connections, session.connection(wanted).await?);
        }
        let answers = stream::iter(wanted.into_iter().map(|wanted| ask(session, wanted))).buffered(AT_ONCE).collect();
        let accounts = future::join_all(connections.iter().map(|connection| connection.account()));
        let (answers, _): (Vec<Result<AskedRepo, Error>>, _) = future::join(answers, accounts).await;
        let repos: Vec<AskedRepo> = answers.into_iter().collect::<Result<_, _>>()?;
        for asked in &repos {
            add(&mut connections, Arc::clone(&asked.connection));
        }
        Ok(Self { session, connections, repos })
    }

    /// The pages on which a user can do something about a refusal, each once.
    #[must_use]
    pub(crate) fn pages(&self) -> Vec<String> {
        let mut pages: Vec<String> = Vec::new();
        for asked in &self.repos {
            if let Err(Error::Refused(refused)) = &asked.checked.outcome
                && refused.refusal.kind.has_a_page_that_helps()
                && !pages.contains(&refused.refusal.page)
            {
                pages.push(refused.refusal.page.clone());
            }
        }
        pages
    }

    /// What was found out.
    pub(crate) async fn report(self) -> AccessReport {
        let sent: Vec<Arc<Connection>> =
            self.connections.into_iter().filter(|connection| connection.credential().is_some()).collect();
        let tokens = future::join_all(sent.iter().map(|connection| token(connection))).await;
        let repos = self.repos.into_iter().map(|AskedRepo { connection, checked }| {
            let token = sent.iter().position(|other| Arc::ptr_eq(other, &connection));
            Checked { token, ..checked }
        });
        AccessReport { repos: repos.collect(), tokens: tokens.into_iter().flatten().collect() }
    }
}

fn add(connections: &mut Vec<Arc<Connection>>, connection: Arc<Connection>) {
    if !connections.iter().any(|known| Arc::ptr_eq(known, &connection)) {
        connections.push(connection);
    }
}

/// The token of a connection, and whose it is.
async fn token(connection: &Connection) -> Option<SentToken> {
    let account = match connection.account().await {
        Ok(Some(account)) => Ok(account.clone()),
        Ok(None) => Err("the server does not say whose it is".to_owned()),
        Err(error) => Err(problem(error)),
    };
    let settings = connection.settings();
    Some(SentToken {
        provider: settings.name.clone(),
        source: connection.credential()?.source().clone(),
        host: settings.endpoint.origin().to_string(),
        account,
    })
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

async fn ask(session: &Session, wanted: RepoRequest) -> Result<AskedRepo, Error> {
    let may_read =
        async |connection: &Arc<Connection>, wanted: &RepoRequest| connection.may_read(wanted.subject()).await;
    let Answered { wanted, connection, answer } = session.ask(&wanted, may_read).await?;
    let (resolved, reference) = (connection.resolved(wanted.subject()), connection.spell(wanted.subject()));
    let checked = Checked { wanted, reference, token: None, resolved, outcome: answer.map(drop) };
    Ok(AskedRepo { connection, checked })
}
