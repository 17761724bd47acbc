//! Everything a hub knows, behind one lock: repositories, accounts, links it has signed, faults, and the record.
//!
//! Routes are plain functions over this and a request; nothing here waits.

use super::account::{Access, Account, Caller};
use super::answer::Answer;
use super::fault::Rule;
use super::kind::{Gate, Kind};
use super::options::Options;
use super::record::{Record, Recorded};
use super::refusal::Refusal;
use super::repository::Repository;
use super::request::Request;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Notify;

/// The roots of the listeners, without a trailing slash.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    pub hub: String,
    pub cdn: String,
    pub foreign: String,
    /// The hub's host on another port, which is another origin.
    pub other_port: String,
}

/// A signed link of the CDN.
#[derive(Clone, Debug)]
pub struct Link {
    pub path: String,
    pub file: String,
    pub content: Bytes,
    pub etag: String,
    /// The Range header that was sent to `resolve`.
    pub range: Option<String>,
    pub uses_left: Option<u32>,
    pub is_expired: bool,
}

#[derive(Default)]
pub struct State {
    pub repositories: Vec<Repository>,
    pub accounts: Vec<Account>,
    /// Which account's token a CI job gets for a resource.
    pub trusted: Vec<(String, String)>,
    /// By account name and repository key.
    pub access: HashMap<(String, String), Access>,
    pub options: Options,
    pub roots: Roots,
    pub links: HashMap<String, Link>,
    pub links_made: u64,
    pub faults: Vec<Rule>,
    /// Told when every connection is to be closed.
    pub closing: Arc<Notify>,
    /// Of each bucket of the quota: when its window began, and how many requests came in it.
    pub used: HashMap<&'static str, (Instant, u64)>,
    pub record: Record,
}

/// A repository a route may talk about, or the answer to give instead.
pub type Found<'state> = Result<&'state Repository, Denied>;

/// Why a route ends early.
#[derive(Debug)]
pub enum Denied {
    Refused(Refusal),
    /// The repository has another name now.
    Moved(String),
}

impl Denied {
    pub fn as_json(&self) -> Answer {
        match self {
            Self::Refused(refusal) => refusal.as_json(),
            Self::Moved(location) => moved(location),
        }
    }

    pub fn as_text(&self) -> Answer {
        match self {
            Self::Refused(refusal) => refusal.as_text(),
            Self::Moved(location) => moved(location),
        }
    }
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

fn moved(location: &str) -> Answer {
    Answer::text(307, format!("Temporary Redirect. Redirecting to {location}")).with("location", location)
}

impl State {
    pub fn caller(&self, request: &Request) -> Caller {
        match Caller::from_authorization(request.header("authorization"), &self.accounts) {
            Caller::Known(account) if self.is_over(&account) => Caller::Unknown,
            caller => caller,
        }
    }

    /// Whether the first token of an account has been sent as often as it is good for.
    pub fn is_over(&self, account: &Account) -> bool {
        let is_sender = |request: &&Recorded| request.token.as_deref() == Some(&account.name);
        let sent = || self.record.requests.iter().filter(is_sender).count();
        account.renewals == 0 && account.requests_left.is_some_and(|most| sent() > most)
    }

    pub fn repository(&self, key: &str) -> Option<&Repository> {
        self.repositories.iter().find(|repository| repository.key() == key)
    }

    /// The repository `caller` asks for by `id`, if it is there under that name and visible to them.
    pub fn find(&self, request: &Request, caller: &Caller, kind: Kind, id: &str) -> Found<'_> {
        let taken_for_none = self.options.takes_unknown_tokens_for_none && matches!(caller, Caller::Unknown);
        if let Some(refusal) = Refusal::of_token(caller).filter(|_| !taken_for_none) {
            return Err(refusal.into());
        }
        let answers_to = |repository: &&Repository| {
            let is_named = |name: &String| name.eq_ignore_ascii_case(id);
            repository.kind == kind && (is_named(&repository.id) || repository.former_ids.iter().any(is_named))
        };
        let repository = self.repositories.iter().find(answers_to);
        let Some(repository) = repository.filter(|repository| sees(caller, repository)) else {
            return Err(Refusal::no_such_repository(caller).into());
        };
        if repository.id != id {
            // Relative, and with the query: huggingface.co sends no absolute Location here.
            let target = with_other_id(&request.target, id, &repository.id);
            return Err(Denied::Moved(target));
        }
        if repository.is_disabled {
            return Err(Refusal::disabled().into());
        }
        Ok(repository)
    }

    /// Whether the gate is open, without counting as a question.
    pub fn may_read(&self, caller: &Caller, repository: &Repository) -> bool {
        repository.gate == Gate::Open
            || Refusal::at_gate(repository, caller, self.access_of(caller, repository)).is_none()
    }

    fn access_of(&self, caller: &Caller, repository: &Repository) -> Access {
        let Caller::Known(account) = caller else {
            return Access::NeverAsked;
        };
        self.access.get(&(account.name.clone(), repository.key())).copied().unwrap_or_default()
    }

    /// The closed gate's answer, if it is closed.
    pub fn closed_gate(&self, caller: &Caller, repository: &Repository) -> Option<Refusal> {
        if repository.gate == Gate::Open {
            return None;
        }
        Refusal::at_gate(repository, caller, self.access_of(caller, repository))
    }

    /// Brings a `GrantedAfter` one question nearer to its grant.
    pub fn count_poll(&mut self, caller: &Caller, key: &str) {
        let Caller::Known(account) = caller else {
            return;
        };
        let Some(access) = self.access.get_mut(&(account.name.clone(), key.to_owned())) else {
            return;
        };
        *access = match *access {
            Access::GrantedAfter(polls) if polls > 1 => Access::GrantedAfter(polls - 1),
            Access::GrantedAfter(_) => Access::Granted,
            other => other,
        };
    }

    /// A path on the hub as clients see it, prefix included.
    pub fn hub_path(&self, path: &str) -> String {
        format!("{}{path}", self.options.prefix)
    }

    pub fn hub_url(&self, path: &str) -> String {
        format!("{}{}", self.roots.hub, self.hub_path(path))
    }
}

/// `target` with `id` replaced where it is a whole part of the path: `/models` is no repository called `model`.
fn with_other_id(target: &str, id: &str, other: &str) -> String {
    let old = format!("/{id}");
    let ends_a_part = |at: &usize| matches!(target[at + old.len()..].chars().next(), None | Some('/' | '?'));
    let found = target.match_indices(&old).map(|(at, _)| at).find(ends_a_part);
    found.map_or_else(|| target.to_owned(), |at| format!("{}/{other}{}", &target[..at], &target[at + old.len()..]))
}

fn sees(caller: &Caller, repository: &Repository) -> bool {
    if !repository.is_private {
        return true;
    }
    let Caller::Known(account) = caller else {
        return false;
    };
    let owner = repository.id.split('/').next().unwrap_or_default();
    repository.readers.contains(&account.name) || account.name == owner || account.organizations.contains(owner)
}
