//! What was found out about access: a table and what to do about each refusal for people.

use crate::cli::table::{self, Heading};
use crate::cli::{diagnose, token_facts};
use crate::credential::CredentialSource;
use crate::error::{Error, ExitStatus};
use crate::manifest::Gate;
use crate::ops::access::{AccessReport, Checked, SentToken};

/// The exit status of one repository.
pub(super) fn status(checked: &Checked) -> ExitStatus {
    checked.outcome.as_ref().map_or_else(Error::status, |()| ExitStatus::Done)
}

/// The report for people.
pub(super) fn text(report: &AccessReport, columns: Option<usize>) -> String {
    let rows: Vec<[String; 4]> = report.repos.iter().map(|checked| row(report, checked)).collect();
    let mut text = table::render(["REPOSITORY", "GATE", "ACCESS", "TOKEN"].map(Heading::Text), &rows, columns);
    for token in &report.tokens {
        text += &format!("\n{}\n", about(token));
    }
    for checked in &report.repos {
        if let Err(error) = &checked.outcome {
            text += &format!("\n{}\n", refusal(error));
        }
    }
    text.trim_end().to_owned()
}

/// What should be known about the tokens, though they work.
pub(super) fn warnings(report: &AccessReport) -> Vec<String> {
    let known = report.tokens.iter().filter_map(|token| Some((token.account.as_ref().ok()?, &token.source)));
    known.flat_map(|(account, source)| token_facts::warnings(account, source)).collect()
}

fn row(report: &AccessReport, checked: &Checked) -> [String; 4] {
    let gate = match &checked.resolved {
        // a provider that says nothing about gates, as against one that did not answer
        Some(resolved) if resolved.gate == Gate::Unsaid => "-",
        Some(resolved) => resolved.gate.as_str(),
        None => "?",
    };
    let access = match &checked.outcome {
        Ok(()) => "granted".to_owned(),
        Err(Error::Refused(refused)) => refused.refusal.kind.as_str().replace('_', " "),
        Err(_) => "not known".to_owned(),
    };
    let token = checked.token.map_or_else(|| "none".to_owned(), |number| short(&report.tokens[number].source));
    [checked.reference.clone(), gate.to_owned(), access, token]
}

/// Where a token came from, in a word or two; the whole of it stands below the table.
fn short(source: &CredentialSource) -> String {
    match source {
        CredentialSource::Stdin => "--token-stdin".to_owned(),
        CredentialSource::Prompt => "prompt".to_owned(),
        CredentialSource::TokenFile(_) => "--token-file".to_owned(),
        CredentialSource::Link => "link".to_owned(),
        CredentialSource::Variable(name) => name.clone(),
        CredentialSource::Bound(name) => format!("[tokens.{name}]"),
        CredentialSource::Config { provider, .. } => format!("[provider.{provider}]"),
        CredentialSource::Exchange { .. } => "exchange".to_owned(),
        CredentialSource::Login(_) | CredentialSource::Stored { .. } => "login".to_owned(),
    }
}

fn about(token: &SentToken) -> String {
    let mut text = format!("token from {}, for {} only", token.source, token.host);
    match &token.account {
        Ok(account) => {
            for (name, value) in token_facts::rows(account) {
                text += &format!("\n  {name}: {value}");
            }
        }
        Err(problem) => text += &format!("\n  account: not known: {problem}"),
    }
    text
}

/// A refusal with everything that leads on, as `pull` would show it.
fn refusal(error: &Error) -> String {
    let mut text = error.to_string();
    for cause in diagnose::causes(error) {
        text += &format!("\n  caused by: {cause}");
    }
    error.server_message().iter().for_each(|message| text += &format!("\n  server says: {message}"));
    error.hints().iter().for_each(|hint| text += &format!("\n  hint: {hint}"));
    text
}
