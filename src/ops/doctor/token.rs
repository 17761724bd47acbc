//! The token of a provider: where it is, whose it is, what it may do.

use super::{Detail, ExaminedProvider, Finding, Health, Topic};
use crate::error::Error;
use crate::hub::auth::{self, Survey};
use crate::hub::http::Failure;
use crate::hub::provider::{Account, Role};
use crate::session::{Connection, Session};

/// The checks of a token, after its provider was asked about it.
pub(super) async fn asked(patient: ExaminedProvider<'_>, connection: &Connection, session: &Session) -> Vec<Finding> {
    let settings = connection.settings();
    let Some(credential) = connection.credential().filter(|_| patient.survey.blocked.is_none()) else {
        return unasked(patient, session);
    };
    let name = &settings.name;
    let source = credential.source();
    let nameless = || Finding::good(Topic::Token, name, format!("from {source}; the server does not say whose it is"));
    let check = match connection.whoami().await {
        Ok(Some(account)) => {
            let verdict = verdict(account);
            let found = Detail::Token { source: source.clone(), account: Box::new(account.clone()) };
            Finding { verdict, found, ..Finding::good(Topic::Token, name, "") }
        }
        Ok(None) => nameless(),
        Err(error) if has_no_such_question(&error) => nameless(),
        Err(error) => Finding::bad(Topic::Token, name, &error),
    };
    warnings(&patient.survey, name).chain([check]).collect()
}

fn has_no_such_question(error: &Error) -> bool {
    matches!(error.failure(), Some(Failure::Refused(refused)) if refused.status.as_u16() == 404)
}

/// The checks of a token about which nobody is asked.
pub(super) fn unasked(patient: ExaminedProvider<'_>, session: &Session) -> Vec<Finding> {
    let ExaminedProvider { settings, survey, exchange } = patient;
    let name = &settings.name;
    let mut checks: Vec<Finding> = warnings(&survey, name).collect();
    let withheld = auth::withheld(session.settings(), session.token());
    if let Some(exchange) = exchange {
        checks.push(Finding::good(Topic::Token, name, format!("from {}", exchange.source())));
        return checks;
    }
    checks.push(match (survey.blocked, &survey.found.credential, withheld) {
        (Some(error), _, _) => Finding::bad(Topic::Token, name, &Error::Auth(error)),
        (None, Some(credential), _) => Finding::good(Topic::Token, name, format!("from {}", credential.source())),
        (None, None, Some(by)) => Finding::good(Topic::Token, name, format!("none is looked for: {by} is set")),
        (None, None, None) => Finding::good(Topic::Token, name, "none: gated and private repositories stay closed"),
    });
    checks
}

fn warnings(survey: &Survey, name: &str) -> impl Iterator<Item = Finding> {
    let warnings = survey.found.warnings.iter();
    let checks: Vec<Finding> = warnings.map(|warning| Finding::warning(Topic::Token, name, warning)).collect();
    checks.into_iter()
}

/// A good token may still do more than a download needs, or less.
fn verdict(account: &Account) -> Health {
    let token = &account.token;
    if token.role == Some(Role::Write) || token.reads_gated == Some(false) { Health::Doubtful } else { Health::Good }
}
