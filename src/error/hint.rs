//! What to try next: for each error the step that leads on, and for each refusal where its token came from.
//!
//! A hint is a whole sentence with the command or the page in it, because "access denied" without a page to open is the
//! loudest complaint about gated models (user reports: huggingface_hub#2844, transformers#31367, jan#6861).

use super::{Error, ExitStatus, RefusedPull};
use crate::auth::AuthError;
use crate::cache::CacheError;
use crate::fetch::FetchError;
use crate::http::{Failure, NetworkKind};
use crate::pattern::{Unmatched, Wanted};
use crate::provider::{ProviderError, RefusalKind};
use crate::reference::ReferenceError;
use crate::repo::RepoPath;
use crate::settings::{ConfigError, SettingsError};

impl Error {
    /// What the user may do, most promising first.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Refused(refused) => refused.hints(),
            Self::Settings(error) => settings(error),
            Self::Reference(ReferenceError::UnknownProvider { known, .. }) => vec![providers(known)],
            Self::Auth(AuthError::Empty { .. }) => vec!["`--anonymous` asks without a token".to_owned()],
            Self::Selection { source, .. } => selection(source),
            Self::Offline { missing, .. } => offline(missing),
            Self::Fetch(FetchError::Corrupt { .. }) => vec![
                "run the command again; if it ends the same way, something on the line (a proxy, a mirror) changes files"
                    .to_owned(),
            ],
            Self::Cache(error) | Self::Fetch(FetchError::Cache(error)) => cache(error),
            Self::Interrupted => vec!["run the same command again to go on from there".to_owned()],
            Self::Provider { source: ProviderError::Failure(failure), .. }
            | Self::Fetch(FetchError::Transfer { source: failure, .. }) => network(failure, self.status()),
            _ => Vec::new(),
        }
    }
}

impl RefusedPull {
    fn hints(&self) -> Vec<String> {
        let page = &self.refusal.page;
        let mut hints = match self.refusal.kind {
            RefusalKind::NoToken => {
                vec![format!("accept the terms at {page} with your account"), self.how_to_give_a_token()]
            }
            RefusalKind::NotRequested => vec![format!("accept the terms at {page} and run the same command again")],
            RefusalKind::Pending => {
                vec![format!("the owners decide; {page} shows the state. Run the same command again once they have")]
            }
            RefusalKind::Rejected => {
                vec![format!("a rejected request cannot be repeated; only the owners can help: {page}")]
            }
            RefusalKind::Reset => vec![format!("ask again at {page} and run the same command again")],
            RefusalKind::Gated => vec![format!("see {page}")],
            RefusalKind::TokenTooNarrow => vec![format!(
                "give the token \"Read access to contents of all public gated repos you can access\", or make one that has \
                 it: {page}"
            )],
            RefusalKind::BadToken | RefusalKind::ExpiredToken => vec![format!("make a new token at {page}")],
            RefusalKind::Forbidden => vec![format!("a policy or an administrator forbids it; see {page}")],
            RefusalKind::Disabled => vec![format!("see {page} for the reason")],
            RefusalKind::NotFoundOrPrivate => self.not_found(),
            RefusalKind::RevisionMissing => vec![format!("see the branches and tags at {page}")],
            RefusalKind::FileMissing => {
                vec!["run the command again; the hub may be in the middle of a change".to_owned()]
            }
        };
        if self.public && matches!(self.refusal.kind, RefusalKind::BadToken | RefusalKind::ExpiredToken) {
            hints.insert(
                0,
                format!(
                    "`{}` is public: `gatedl pull --anonymous {}` pulls it without a token",
                    self.repo, self.spelling
                ),
            );
        }
        hints.extend(self.about_the_token());
        hints.extend(self.about_other_tokens());
        hints
    }

    fn not_found(&self) -> Vec<String> {
        let mut hints = Vec::new();
        if !self.similar.is_empty() {
            hints.push(format!("near names: {}", list(&self.similar)));
        }
        if self.token.is_none() {
            hints.push(format!("if it is private: {}", self.how_to_give_a_token()));
        }
        hints
    }

    fn how_to_give_a_token(&self) -> String {
        let variable = self.token_variables.iter().find(|name| *name == "HF_TOKEN").or(self.token_variables.first());
        let tokens = if self.login.is_some() { " (https://huggingface.co/settings/tokens)" } else { "" };
        match variable {
            Some(name) => format!("set {name} to a token of that account{tokens}, or pass it with --token-stdin"),
            None => "pass a token with --token-stdin".to_owned(),
        }
    }

    fn about_the_token(&self) -> Option<String> {
        let source = self.token.as_ref()?;
        let account = self.account.as_ref().map(|account| format!(" (account `{}`)", account.name)).unwrap_or_default();
        Some(format!("the token came from {source}{account}"))
    }

    fn about_other_tokens(&self) -> Option<String> {
        let (variable, provider) = self.other_tokens.first().filter(|_| self.token.is_none())?;
        let repo = &self.repo;
        Some(format!("{variable} is set, but it is for the provider `{provider}`; did you mean `{provider}:{repo}`?"))
    }
}

fn settings(error: &SettingsError) -> Vec<String> {
    match error {
        SettingsError::UnknownProvider { known, .. } => vec![providers(known)],
        SettingsError::NoHome => vec!["set HOME, or name a folder with --cache-dir".to_owned()],
        SettingsError::Config(ConfigError::Readable { path }) => vec![format!("run `chmod 600 '{}'`", path.display())],
        _ => Vec::new(),
    }
}

fn providers(known: &[String]) -> String {
    format!("the providers are {}; others can be added in the configuration file", list(known))
}

fn selection(unmatched: &Unmatched) -> Vec<String> {
    let Unmatched::Missing(missing) = unmatched else { return Vec::new() };
    let mut hints: Vec<String> = missing
        .iter()
        .filter(|one| !one.near.is_empty())
        .map(|one| format!("near `{}`: {}", one.wanted.as_str(), list(&one.near)))
        .collect();
    if missing.iter().any(|one| one.wanted.is_name_with_wildcards()) {
        hints.push("names are taken literally; patterns go behind --include".to_owned());
    }
    if missing.iter().any(|one| matches!(&one.wanted, Wanted::Name(name) if !name.ends_with('/'))) && hints.is_empty() {
        hints.push("`--dry-run` without names lists all files".to_owned());
    }
    hints
}

fn offline(missing: &[RepoPath]) -> Vec<String> {
    let mut hints = Vec::new();
    if !missing.is_empty() {
        let names: Vec<String> = missing.iter().take(5).map(ToString::to_string).collect();
        let more = missing.len().saturating_sub(names.len());
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        hints.push(format!("missing: {}{rest}", list(&names)));
    }
    hints.push("run the same command online once (without --offline and HF_HUB_OFFLINE)".to_owned());
    hints
}

fn cache(error: &CacheError) -> Vec<String> {
    if error.is_disk_full() {
        return vec![
            "make room, or name another folder with --cache-dir or --local-dir; what has arrived is kept".to_owned(),
        ];
    }
    Vec::new()
}

fn network(failure: &Failure, status: ExitStatus) -> Vec<String> {
    let mut hints = Vec::new();
    match failure {
        Failure::Network { kind: NetworkKind::Certificate, .. } => hints.push(
            "behind an inspecting proxy, name its certificate in SSL_CERT_FILE (REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE work \
             too)"
                .to_owned(),
        ),
        Failure::Network { kind: NetworkKind::Connect, .. } => {
            hints.push("check the address and the network; `--offline` uses what is in the cache".to_owned());
        }
        _ => {}
    }
    if status == ExitStatus::Network {
        hints.push("what has arrived is kept; run the same command again to go on from there".to_owned());
    }
    hints
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
