//! What a token may do, in one form for every command that tells: lines for people, an object for programs, and the
//! warnings that go with it.
//!
//! What the provider does not say is not shown: a mirror that knows no roles must not make a token look harmless.

use serde::Serialize;

use crate::credential::CredentialSource;
use crate::hub::provider::{Account, Role, Scope};

/// The name of the box on the page where a fine-grained token is made.
const GATED_BOX: &str = "Read access to contents of all public gated repos you can access";

/// What is known, as names and values: whose token it is first.
pub(super) fn rows(account: &Account) -> Vec<(&'static str, String)> {
    let token = &account.token;
    let organizations = match account.organizations.as_slice() {
        [] => String::new(),
        names => format!(" (organizations: {})", names.join(", ")),
    };
    let mut about: Vec<String> = token.name.iter().map(|name| format!("`{name}`")).collect();
    about.extend(token.role.map(|role| format!("role {}", role.as_str())));
    about.extend(token.expires.as_ref().map(|expires| format!("expires {expires}")));
    let gated = token.reads_gated.map(|reads| if reads { "may be read" } else { "may not be read with this token" });
    let mut rows = vec![("account", format!("`{}`{organizations}", account.name))];
    rows.extend(account.standing.iter().map(|standing| ("standing", standing.clone())));
    rows.extend(Some(("token", about.join(", "))).filter(|(_, about)| !about.is_empty()));
    rows.extend(gated.map(|gated| ("gated repositories", gated.to_owned())));
    rows.extend(token.scopes.iter().map(|scope| ("may", permissions(scope))));
    rows
}

/// The most important of it in one line.
pub(super) fn line(account: &Account) -> String {
    let parts = rows(account).into_iter().filter(|(name, _)| ["account", "token"].contains(name));
    parts.map(|(_, value)| value).collect::<Vec<_>>().join(", token ")
}

/// The same for programs.
#[derive(Debug, Serialize)]
pub(super) struct AccountObject<'a> {
    name: &'a str,
    organizations: &'a [String],
    standing: Option<&'a str>,
    token: TokenFactsObject<'a>,
}

#[derive(Debug, Serialize)]
struct TokenFactsObject<'a> {
    name: Option<&'a str>,
    role: Option<&'static str>,
    expires: Option<&'a str>,
    reads_gated: Option<bool>,
    scopes: Vec<ScopeObject<'a>>,
}

#[derive(Debug, Serialize)]
struct ScopeObject<'a> {
    kind: &'a str,
    name: &'a str,
    permissions: &'a [String],
}

impl<'a> From<&'a Account> for AccountObject<'a> {
    fn from(account: &'a Account) -> Self {
        let token = &account.token;
        let scope =
            |scope: &'a Scope| ScopeObject { kind: &scope.kind, name: &scope.name, permissions: &scope.permissions };
        Self {
            name: &account.name,
            organizations: &account.organizations,
            standing: account.standing.as_deref(),
            token: TokenFactsObject {
                name: token.name.as_deref(),
                role: token.role.map(Role::as_str),
                expires: token.expires.as_deref(),
                reads_gated: token.reads_gated,
                scopes: token.scopes.iter().map(scope).collect(),
            },
        }
    }
}

/// What is wrong with a token that is good: it may do more than a download needs, or less.
pub(super) fn warnings(account: &Account, source: &CredentialSource) -> Vec<String> {
    let mut warnings = Vec::new();
    if account.token.role == Some(Role::Write) {
        warnings.push(format!(
            "the token from {source} may also write; a download needs a read or fine-grained token, which does less harm in \
             other hands"
        ));
    }
    if account.token.reads_gated == Some(false) {
        warnings.push(format!(
            "the token from {source} may not read gated repositories, whatever its account may; tick \"{GATED_BOX}\" on its \
             page"
        ));
    }
    warnings
}

fn permissions(scope: &Scope) -> String {
    let what = if scope.name.is_empty() { scope.kind.clone() } else { format!("{} {}", scope.kind, scope.name) };
    format!("{} ({what})", scope.permissions.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::provider::account::TokenFacts;

    fn account(token: TokenFacts) -> Account {
        Account { name: "bob".to_owned(), organizations: vec!["acme".to_owned()], standing: None, token }
    }

    #[test]
    fn a_fine_grained_token_says_all_that_is_known_of_it() {
        let scope = Scope { kind: "org".into(), name: "acme".into(), permissions: vec!["repo.content.read".into()] };
        let account = account(TokenFacts {
            name: Some("ci".to_owned()),
            role: Some(Role::FineGrained),
            expires: Some("2027-01-01T00:00:00Z".to_owned()),
            reads_gated: Some(false),
            scopes: vec![scope],
        });
        assert_eq!(
            rows(&account),
            [
                ("account", "`bob` (organizations: acme)".to_owned()),
                ("token", "`ci`, role fine-grained, expires 2027-01-01T00:00:00Z".to_owned()),
                ("gated repositories", "may not be read with this token".to_owned()),
                ("may", "repo.content.read (org acme)".to_owned()),
            ]
        );
        assert_eq!(
            line(&account),
            "`bob` (organizations: acme), token `ci`, role fine-grained, expires 2027-01-01T00:00:00Z"
        );
        let warnings = warnings(&account, &CredentialSource::Variable("HF_TOKEN".to_owned()));
        assert!(warnings.len() == 1 && warnings[0].contains(GATED_BOX), "{warnings:?}");
    }

    #[test]
    fn what_the_provider_does_not_say_is_left_out() {
        let account = account(TokenFacts::default());
        assert_eq!(rows(&account), [("account", "`bob` (organizations: acme)".to_owned())]);
        assert_eq!(AccountObject::from(&account).token.reads_gated, None);
        assert!(warnings(&account, &CredentialSource::Stdin).is_empty());
    }

    #[test]
    fn a_token_that_may_write_is_more_than_a_download_needs() {
        let account = account(TokenFacts { role: Some(Role::Write), reads_gated: Some(true), ..TokenFacts::default() });
        let warnings = warnings(&account, &CredentialSource::Stdin);
        assert!(warnings.len() == 1 && warnings[0].contains("may also write"), "{warnings:?}");
    }
}
