//! The documents of `gatedl auth status` and `gatedl auth list`.

use serde::Serialize;

use super::status::{StatusReport, state, winner};
use crate::cli::diagnose::ErrorObject;
use crate::cli::document::VERSION;
use crate::cli::token_facts::AccountObject;
use crate::hub::auth::Surveyed;

/// Every place where a token may be, by provider.
#[derive(Serialize)]
pub(super) struct StatusDocument<'a> {
    version: u32,
    /// What keeps every token from being looked for.
    withheld_by: Option<&'static str>,
    providers: Vec<ProviderObject<'a>>,
}

#[derive(Serialize)]
struct ProviderObject<'a> {
    provider: &'a str,
    endpoint: String,
    host: String,
    places: Vec<PlaceObject<'a>>,
    /// The source of the token that is used.
    used: Option<String>,
    login: Option<&'a str>,
    account: Option<AccountObject<'a>>,
    error: Option<ErrorObject>,
}

#[derive(Serialize)]
struct PlaceObject<'a> {
    source: String,
    state: &'static str,
    shadowed_by: Option<String>,
    only: &'a [String],
}

impl<'a> StatusDocument<'a> {
    pub(super) fn of(withheld_by: Option<&'static str>, reports: &'a [StatusReport<'_>]) -> Self {
        Self { version: VERSION, withheld_by, providers: reports.iter().map(ProviderObject::from).collect() }
    }
}

impl<'a> From<&'a StatusReport<'_>> for ProviderObject<'a> {
    fn from(report: &'a StatusReport<'_>) -> Self {
        let used = report.survey.found.credential.as_ref().map(|credential| credential.source().to_string());
        let endpoint = &report.provider.endpoint;
        Self {
            provider: &report.provider.name,
            endpoint: endpoint.to_string(),
            host: endpoint.origin().to_string(),
            places: report.survey.places.iter().map(PlaceObject::from).collect(),
            used: used.or_else(|| report.exchange.as_ref().map(|exchange| exchange.source().to_string())),
            login: report.login.as_deref(),
            account: report.account.as_ref().map(AccountObject::from),
            error: report.trouble.as_ref().map(ErrorObject::from),
        }
    }
}

impl<'a> From<&'a Surveyed> for PlaceObject<'a> {
    fn from(place: &'a Surveyed) -> Self {
        Self {
            source: place.source.to_string(),
            state: state(&place.standing),
            shadowed_by: winner(&place.standing).map(ToString::to_string),
            only: &place.only,
        }
    }
}

/// The stored logins.
#[derive(Serialize)]
pub(super) struct LoginsDocument<'a> {
    version: u32,
    logins: Vec<LoginObject<'a>>,
}

/// A stored login; its token is masked.
#[derive(Serialize)]
pub(super) struct LoginObject<'a> {
    pub(super) provider: &'a str,
    pub(super) name: Option<&'a str>,
    pub(super) token: &'a str,
    pub(super) active: bool,
}

impl<'a> LoginsDocument<'a> {
    pub(super) const fn of(logins: Vec<LoginObject<'a>>) -> Self {
        Self { version: VERSION, logins }
    }
}
