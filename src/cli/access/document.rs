//! The document of `gatedl access`.

use serde::Serialize;

use crate::cli::diagnose::ErrorObject;
use crate::cli::document::VERSION;
use crate::cli::token_facts::AccountObject;
use crate::error::ExitStatus;
use crate::ops::access::{AccessReport, Checked, SentToken};

/// What was found out about each repository, and the tokens that were sent.
#[derive(Serialize)]
pub(super) struct AccessDocument<'a> {
    version: u32,
    status: u8,
    tokens: Vec<SentTokenObject<'a>>,
    repos: Vec<RepoObject<'a>>,
}

#[derive(Serialize)]
struct SentTokenObject<'a> {
    provider: &'a str,
    source: String,
    host: &'a str,
    account: Option<AccountObject<'a>>,
    /// Why the account is not known.
    problem: Option<String>,
}

#[derive(Serialize)]
struct RepoObject<'a> {
    reference: &'a str,
    provider: &'a str,
    repo: &'a str,
    repo_type: &'static str,
    revision: &'a str,
    commit: Option<&'a str>,
    gate: Option<&'static str>,
    granted: bool,
    /// Its place among `tokens`.
    token: Option<usize>,
    error: Option<ErrorObject>,
}

impl<'a> AccessDocument<'a> {
    pub(super) fn of(report: &'a AccessReport, status: ExitStatus) -> Self {
        Self {
            version: VERSION,
            status: status.code(),
            tokens: report.tokens.iter().map(SentTokenObject::from).collect(),
            repos: report.repos.iter().map(RepoObject::from).collect(),
        }
    }
}

impl<'a> From<&'a SentToken> for SentTokenObject<'a> {
    fn from(token: &'a SentToken) -> Self {
        Self {
            provider: &token.provider,
            source: token.source.to_string(),
            host: &token.host,
            account: token.account.as_ref().ok().map(AccountObject::from),
            problem: token.account.as_ref().err().map(ToString::to_string),
        }
    }
}

impl<'a> From<&'a Checked> for RepoObject<'a> {
    fn from(checked: &'a Checked) -> Self {
        let resolved = checked.resolved.as_ref();
        let error = checked.outcome.as_ref().err();
        Self {
            reference: &checked.reference,
            provider: &checked.wanted.provider,
            repo: checked.wanted.repo.id.as_str(),
            repo_type: checked.wanted.repo.kind.singular(),
            revision: checked.wanted.revision.as_str(),
            commit: resolved.map(|resolved| resolved.commit.as_str()),
            gate: resolved.map(|resolved| resolved.gate.as_str()),
            granted: error.is_none(),
            token: checked.token,
            error: error.map(ErrorObject::from),
        }
    }
}
