//! The document of `gatedl doctor`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::privacy::Privacy;
use super::report::{advice, found, word};
use crate::cli::document::VERSION;
use crate::cli::token_facts::AccountObject;
use crate::error::ExitStatus;
use crate::ops::doctor::{Detail, Finding, Health};

/// Every check, without what tells of its author.
#[derive(Serialize)]
pub(super) struct DoctorDocument<'a> {
    version: u32,
    gatedl: &'static str,
    os: &'static str,
    arch: &'static str,
    status: u8,
    checks: Vec<CheckObject<'a>>,
}

#[derive(Serialize)]
struct CheckObject<'a> {
    topic: &'static str,
    subject: String,
    verdict: &'static str,
    /// With which status a pull would end.
    status: u8,
    found: String,
    advice: Vec<String>,
    numbers: BTreeMap<&'static str, i64>,
    account: Option<AccountObject<'a>>,
}

impl<'a> DoctorDocument<'a> {
    pub(super) fn of(checks: &'a [Finding], status: ExitStatus, privacy: &Privacy) -> Self {
        Self {
            version: VERSION,
            gatedl: env!("CARGO_PKG_VERSION"),
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            status: status.code(),
            checks: checks.iter().map(|check| CheckObject::of(check, privacy)).collect(),
        }
    }
}

impl<'a> CheckObject<'a> {
    fn of(check: &'a Finding, privacy: &Privacy) -> Self {
        Self {
            topic: check.topic.as_str(),
            subject: privacy.apply(&check.subject),
            verdict: word(check.verdict),
            status: match check.verdict {
                Health::Bad(status) => status.code(),
                Health::Good | Health::Doubtful => 0,
            },
            found: privacy.apply(&found(check)),
            advice: advice(check).iter().map(|advice| privacy.apply(advice)).collect(),
            numbers: check.numbers.iter().copied().collect(),
            account: match &check.found {
                Detail::Token { account, .. } => Some(AccountObject::from(&**account)),
                Detail::Text(_) | Detail::TokenTrouble(_) => None,
            },
        }
    }
}
