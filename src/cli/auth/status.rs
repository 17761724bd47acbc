//! `gatedl auth status`: every place where a token may be, which one is used, and what that token may do.
//!
//! A stale variable that hides a fresh login is hard to find (lemonade-sdk/lemonade#58); here both stand one below the
//! other. The provider is asked about the winning token only, once, and not at all with `--offline`.

use super::arguments::Status;
use super::document::StatusDocument;
use crate::cli::runner::Runner;
use crate::cli::terminal::Terminal;
use crate::cli::{diagnose, token_facts, wording};
use crate::credential::{Credential, CredentialSource};
use crate::error::{Error, ExitStatus};
use crate::hub::auth::{self, Exchange, PlaceState, Store, Survey, Surveyed, TokenChoice};
use crate::hub::provider::Account;
use crate::repo::printable;
use crate::session::Session;
use crate::settings::env::Env;
use crate::settings::{Overrides, ProviderSettings, Settings};

/// What was found out about a provider.
pub(super) struct StatusReport<'a> {
    pub(super) provider: &'a ProviderSettings,
    pub(super) exchange: Option<Exchange<'a>>,
    /// The name of the stored login in use, which huggingface_hub keeps in another file than its token.
    pub(super) login: Option<String>,
    pub(super) survey: Survey,
    pub(super) account: Option<Account>,
    pub(super) trouble: Option<Error>,
}

/// Runs the command.
pub(super) fn run(arguments: &Status, env: &Env, terminal: &Terminal) -> ExitStatus {
    let overrides = Overrides {
        offline: arguments.offline,
        allow_insecure_http: arguments.allow_insecure_http,
        ..Overrides::default()
    };
    let settings = match Settings::resolve(env, &overrides) {
        Ok(settings) => settings,
        Err(error) => return diagnose::end(&error.into(), arguments.output.is_json(), terminal),
    };
    match look(arguments, &settings, env, terminal) {
        Ok(reports) => show(arguments, &settings, reports, terminal),
        Err(error) => diagnose::end(&error, arguments.output.is_json(), terminal),
    }
}

fn look<'a>(
    arguments: &Status,
    settings: &'a Settings,
    env: &'a Env,
    terminal: &Terminal,
) -> Result<Vec<StatusReport<'a>>, Error> {
    let providers = match &arguments.provider {
        Some(name) => vec![settings.provider(name)?],
        None => settings.providers.iter().collect(),
    };
    let running = Runner::new(terminal);
    let session = running.session(settings.clone(), env, TokenChoice::Search);
    running.finish(async {
        let mut reports = Vec::new();
        for provider in providers {
            reports.push(StatusReport::of(provider, settings, env, &session).await?);
        }
        if settings.offline || reports.iter().all(|report| !report.is_worth_a_question()) {
            return Ok(reports);
        }
        session.client()?;
        for report in &mut reports {
            report.trouble = report.ask(&session).await.err();
        }
        Ok(reports)
    })
}

fn show(arguments: &Status, settings: &Settings, reports: Vec<StatusReport<'_>>, terminal: &Terminal) -> ExitStatus {
    let withheld = auth::withheld(settings, &TokenChoice::Search);
    let answered = if arguments.output.is_json() {
        terminal.document(&StatusDocument::of(withheld, &reports))
    } else {
        let withheld = withheld.map(|name| format!("no token is looked for: {name} is set"));
        let texts = withheld.into_iter().chain(reports.iter().map(StatusReport::text));
        Terminal::answer(&texts.collect::<Vec<_>>().join("\n\n"))
    };
    if let Err(error) = answered {
        return diagnose::end(&error, false, terminal);
    }
    let troubles = reports.into_iter().filter_map(|report| {
        report.warnings().iter().for_each(|warning| terminal.warn(warning));
        report.trouble.or(report.survey.blocked.map(Error::Auth))
    });
    let statuses: Vec<ExitStatus> = troubles.map(|error| diagnose::end(&error, false, terminal)).collect();
    ExitStatus::of_all(statuses)
}

impl<'a> StatusReport<'a> {
    /// What is known without a question.
    async fn of(
        provider: &'a ProviderSettings,
        settings: &'a Settings,
        env: &'a Env,
        session: &Session,
    ) -> Result<Self, Error> {
        let exchange = Exchange::planned(settings, env, provider, &TokenChoice::Search)?;
        let source = exchange.as_ref().map(Exchange::source);
        let mut survey = session.survey(provider, source.clone()).await?;
        let exchanged = source.map(|source| Surveyed { source, only: Vec::new(), standing: PlaceState::Used });
        survey.places.splice(0..0, exchanged);
        // a list that cannot be read is no reason to hide what is used
        let logins = Store::of(provider).and_then(|store| store.list()).unwrap_or_default();
        let login = logins.into_iter().find(|login| login.is_active).and_then(|login| login.name);
        Ok(Self { provider, exchange, login, survey, account: None, trouble: None })
    }

    const fn is_worth_a_question(&self) -> bool {
        self.exchange.is_some() || self.survey.found.credential.is_some()
    }

    /// Asks whose token it is; first of all for the token itself, where it is made from the identity of a job.
    async fn ask(&mut self, session: &Session) -> Result<(), Error> {
        if let Some(exchange) = &self.exchange {
            self.survey.found.credential = Some(exchange.run(session.env(), session.client()?).await?);
        } else if let Some(credential) = self.survey.found.credential.take() {
            let credential = auth::renewable(credential, self.provider, session.client()?).await?;
            self.survey.found.credential = Some(credential);
        }
        if let Some(credential) = &self.survey.found.credential {
            let connection = session.connect(self.provider, Some(credential.clone()))?;
            self.account = match connection.whoami().await {
                // a token that was made this very moment is good; a hub need not tell a job about accounts
                Err(Error::BadToken(_)) if self.exchange.is_some() => None,
                account => account?.cloned(),
            };
        }
        Ok(())
    }

    fn text(&self) -> String {
        let mut text = format!("{} at {}", self.provider.name, self.provider.endpoint);
        for place in &self.survey.places {
            text += &format!("\n  {:10}  {}", word(&place.standing), self.about(place));
        }
        match (&self.account, &self.trouble) {
            (Some(account), _) => {
                for (name, value) in token_facts::rows(account) {
                    text += &format!("\n  {name}: {value}");
                }
            }
            (None, Some(error)) => text += &format!("\n  account: not known: {error}"),
            (None, None) if self.survey.found.credential.is_some() && self.exchange.is_some() => {
                text += "\n  account: the hub does not tell";
            }
            (None, None) if self.is_worth_a_question() => text += "\n  account: not asked for",
            (None, None) if self.survey.places.iter().all(|place| matches!(place.standing, PlaceState::Empty)) => {
                text += &format!("\n  no token is sent; `gatedl auth login {}` stores one", self.provider.name);
            }
            (None, None) => text += "\n  no token is sent",
        }
        text
    }

    /// The place, with what is particular about it.
    fn about(&self, place: &Surveyed) -> String {
        let only = match (place.only.as_slice(), &place.source, &self.login) {
            ([], CredentialSource::Login(_), Some(name)) => format!(", login `{}`", printable(name)),
            ([], _, _) => String::new(),
            (patterns, _, _) => format!(", for {}", patterns.join(", ")),
        };
        let problem = match &place.standing {
            PlaceState::Unreadable { problem } => format!(": {problem}"),
            PlaceState::NotRun { by: None } => ", when it is needed".to_owned(),
            _ => String::new(),
        };
        format!("{}{only}{problem}", place.source)
    }

    fn warnings(&self) -> Vec<String> {
        let source = self.survey.found.credential.as_ref().map(Credential::source);
        let about = self.account.as_ref().zip(source).map(|(account, source)| token_facts::warnings(account, source));
        self.survey.found.warnings.iter().map(wording::token).chain(about.unwrap_or_default()).collect()
    }
}

pub(super) const fn winner(standing: &PlaceState) -> Option<&CredentialSource> {
    match standing {
        PlaceState::Shadowed { by } | PlaceState::NotRun { by: Some(by) } => Some(by),
        _ => None,
    }
}

/// What is said about a place, to people.
const fn word(standing: &PlaceState) -> &'static str {
    match standing {
        PlaceState::Empty => "no token",
        PlaceState::Used => "used",
        PlaceState::Shadowed { .. } => "shadowed",
        PlaceState::NotRun { by: Some(_) } => "not run",
        PlaceState::NotRun { by: None } => "run",
        PlaceState::Withheld => "withheld",
        PlaceState::Unreadable { .. } => "unreadable",
    }
}

/// The same to programs.
pub(super) const fn state(standing: &PlaceState) -> &'static str {
    match standing {
        PlaceState::Empty => "empty",
        PlaceState::Used => "used",
        PlaceState::Shadowed { .. } => "shadowed",
        PlaceState::NotRun { .. } => "not_run",
        PlaceState::Withheld => "withheld",
        PlaceState::Unreadable { .. } => "unreadable",
    }
}
