//! `whoami-v2` in the words of [`Account`].
//!
//! The trap: access was granted to the account, and the fine-grained token still gets a 403,
//! because the box "read access to public gated repos" is not ticked (huggingface_hub#2844). Only this answer tells.

use super::super::account::{Account, Role, Scope, TokenFacts};
use super::wire::{AccessToken, FineGrained, Whoami};
use crate::repo::printable;

impl From<Whoami> for Account {
    fn from(who: Whoami) -> Self {
        let expires = who.auth.expires_at.as_deref().map(printable);
        let token = who.auth.access_token.map(facts).unwrap_or_default();
        Self {
            name: printable(&who.name),
            organizations: who.orgs.iter().map(|organization| printable(&organization.name)).collect(),
            standing: None,
            token: TokenFacts { expires, ..token },
        }
    }
}

fn facts(token: AccessToken) -> TokenFacts {
    let role = match token.role.as_deref() {
        Some("read") => Some(Role::Read),
        Some("write") => Some(Role::Write),
        Some("fineGrained") => Some(Role::FineGrained),
        _ => None,
    };
    let reads_gated = match (role, &token.fine_grained) {
        (Some(Role::Read | Role::Write), _) => Some(true),
        (_, Some(fine_grained)) => fine_grained.can_read_gated_repos,
        _ => None,
    };
    let scopes = token.fine_grained.map(scopes).unwrap_or_default();
    TokenFacts { name: token.display_name.as_deref().map(printable), role, expires: None, reads_gated, scopes }
}

fn scopes(fine_grained: FineGrained) -> Vec<Scope> {
    let words = |permissions: Vec<String>| permissions.iter().map(|word| printable(word)).collect::<Vec<_>>();
    let global = words(fine_grained.global);
    let global = Some(Scope { kind: "global".to_owned(), name: String::new(), permissions: global });
    let scoped = fine_grained.scoped.into_iter().map(|scoped| Scope {
        kind: printable(&scoped.entity.kind),
        name: printable(&scoped.entity.name),
        permissions: words(scoped.permissions),
    });
    global.into_iter().filter(|scope| !scope.permissions.is_empty()).chain(scoped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(json: &str) -> Account {
        serde_json::from_str::<Whoami>(json).unwrap().into()
    }

    #[test]
    fn a_fine_grained_token_says_what_it_may_do() {
        let account = account(
            r#"{"name":"bob","orgs":[{"name":"acme"}],"auth":{"type":"access_token","expiresAt":"2027-01-01T00:00:00Z",
            "accessToken":{"displayName":"ci","role":"fineGrained","fineGrained":{"canReadGatedRepos":false,"global":[],
            "scoped":[{"entity":{"_id":"5e","type":"org","name":"acme"},"permissions":["repo.content.read"]}]}}}}"#,
        );
        assert_eq!((account.name.as_str(), &account.organizations[..]), ("bob", &["acme".to_owned()][..]));
        let token = account.token;
        assert_eq!(
            (token.name.as_deref(), token.role, token.reads_gated),
            (Some("ci"), Some(Role::FineGrained), Some(false))
        );
        assert_eq!(token.expires.as_deref(), Some("2027-01-01T00:00:00Z"));
        assert_eq!(
            (token.scopes.len(), token.scopes[0].kind.as_str(), token.scopes[0].name.as_str()),
            (1, "org", "acme")
        );
    }

    #[test]
    fn what_is_not_said_is_not_known() {
        let bare = account(r#"{"name":"bob"}"#);
        assert_eq!(bare.token, TokenFacts::default());
        let read = account(r#"{"name":"b","auth":{"accessToken":{"role":"read"}}}"#);
        assert_eq!((read.token.role, read.token.reads_gated), (Some(Role::Read), Some(true)));
        let unknown = account(r#"{"name":"b","auth":{"accessToken":{"role":"owner"}}}"#);
        assert_eq!((unknown.token.role, unknown.token.reads_gated), (None, None));
    }
}
