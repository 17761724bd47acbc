//! Who calls, and what they may read: accounts, their tokens, and their state at each gate.

use super::canary;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Read,
    Write,
    FineGrained,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Valid,
    Expired,
    RevokedByOrganization,
}

/// An account with one token, [`Account::token`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Account {
    pub name: String,
    pub role: Role,
    pub can_read_gated: bool,
    pub standing: Standing,
    pub organizations: BTreeSet<String>,
    /// How often its token was renewed; each time it is another one.
    pub renewals: u32,
    /// After so many requests its first token is over.
    pub requests_left: Option<usize>,
}

impl Account {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            role: Role::Read,
            can_read_gated: true,
            standing: Standing::Valid,
            organizations: BTreeSet::new(),
            renewals: 0,
            requests_left: None,
        }
    }

    pub fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// A fine-grained token whose owner forgot to tick the box for gated repositories.
    pub fn without_gated_permission(mut self) -> Self {
        self.role = Role::FineGrained;
        self.can_read_gated = false;
        self
    }

    pub fn expired(mut self) -> Self {
        self.standing = Standing::Expired;
        self
    }

    pub fn revoked(mut self) -> Self {
        self.standing = Standing::RevokedByOrganization;
        self
    }

    /// Its first token is good for so many requests and over then, as that of a CI job is after an hour.
    pub const fn good_for(mut self, requests: usize) -> Self {
        self.requests_left = Some(requests);
        self
    }

    pub fn in_organization(mut self, name: &str) -> Self {
        self.organizations.insert(name.to_owned());
        self
    }

    pub fn token(&self) -> String {
        let number = if self.renewals == 0 { String::new() } else { format!("number{}", self.renewals) };
        canary::token_of(&self.name) + &number
    }

    /// What the next token of a browser's login is asked for with, once.
    pub fn refresh_token(&self) -> String {
        refresh_token_of(&self.name, self.renewals)
    }

    /// What `whoami-v2` says.
    pub fn whoami(&self) -> Value {
        let role = match self.role {
            Role::Read => "read",
            Role::Write => "write",
            Role::FineGrained => "fineGrained",
        };
        let mut access_token = json!({
            "displayName": format!("{}-token", self.name), "role": role, "createdAt": "2026-01-02T03:04:05.000Z",
        });
        if self.role == Role::FineGrained {
            access_token["fineGrained"] = json!({
                "canReadGatedRepos": self.can_read_gated, "global": [],
                "scoped": [{"entity": {"_id": "5e0000000000000000000001", "type": "user", "name": self.name},
                            "permissions": ["repo.content.read"]}],
            });
        }
        let organizations: Vec<Value> = self
            .organizations
            .iter()
            .map(|name| {
                json!({"type": "org", "id": "5e0000000000000000000002", "name": name, "fullname": name,
                               "isEnterprise": false, "roleInOrg": "read"})
            })
            .collect();
        json!({
            "type": "user", "id": "5e0000000000000000000001", "name": self.name, "fullname": self.name,
            "email": format!("{}@example.org", self.name), "emailVerified": true, "canPay": false,
            "billingMode": "prepaid", "periodEnd": 1_793_491_200, "isPro": false,
            "avatarUrl": "https://example.org/avatar.svg", "orgs": organizations,
            "auth": {"type": "access_token", "accessToken": access_token},
        })
    }
}

/// What a browser's login of this account asks with after so many renewals.
pub fn refresh_token_of(name: &str, renewals: u32) -> String {
    format!("{}refresh{renewals}{name}", canary::CANARY)
}

/// Where an account stands at the gate of one repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    #[default]
    NeverAsked,
    Pending,
    Rejected,
    Reset,
    Granted,
    /// Pending for so many more questions (auth-check or content), granted from then on.
    GrantedAfter(u32),
}

/// Whom the `Authorization` header of a request means.
#[derive(Clone, Debug)]
pub enum Caller {
    Anonymous,
    Known(Account),
    /// A token that belongs to nobody.
    Unknown,
}

impl Caller {
    pub fn from_authorization(header: Option<&str>, accounts: &[Account]) -> Self {
        let Some(header) = header else {
            return Self::Anonymous;
        };
        // a hub's token, or CivitAI's key
        let is_of =
            |account: &&Account, token: &str| account.token() == token || canary::key_of(&account.name) == token;
        let token = header.strip_prefix("Bearer ");
        let known = token.and_then(|token| accounts.iter().find(|account| is_of(account, token)));
        known.map_or(Self::Unknown, |account| Self::Known(account.clone()))
    }

    /// For the record: a name, never the token itself.
    pub fn label(&self) -> Option<String> {
        match self {
            Self::Anonymous => None,
            Self::Known(account) => Some(account.name.clone()),
            Self::Unknown => Some("other".to_owned()),
        }
    }
}
