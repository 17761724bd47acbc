//! The hub's refusals, told apart.
//!
//! There is no "state of my request" in the API: `X-Error-Code` and the wording of five messages are that API
//! (hub-protocol §2.1; each row of that table is a row of the test here). A message that is worded differently one day
//! still says that there is a gate and is shown as it is.

use super::super::{Refusal, RefusalKind};
use crate::endpoint::Endpoint;
use crate::hub::http::{Answerer, Failure, Refused};
use crate::repo::Repo;

/// What `failure` means; none where it is not about access.
pub(super) fn explain(repo: &Repo, failure: &Failure, has_token: bool, pages: &Endpoint) -> Option<Refusal> {
    let Failure::Refused(refused) = failure else { return None };
    // a refusal of the CDN says that a link has expired, never that a gate is closed
    let kind = match refused.from {
        Answerer::Hub => kind(refused, has_token)?,
        Answerer::Storage => return None,
    };
    let page = match kind {
        RefusalKind::BadToken | RefusalKind::ExpiredToken => pages.join(["settings", "tokens"]).to_string(),
        RefusalKind::TokenTooNarrow => {
            let mut page = pages.join(["settings", "tokens", "new"]);
            page.set_query(Some("canReadGatedRepos=true&tokenType=fineGrained"));
            page.to_string()
        }
        _ => pages.join(repo.route().split('/')).to_string(),
    };
    Some(Refusal { kind, server_message: refused.message.clone(), page, deadline: None })
}

fn kind(refused: &Refused, has_token: bool) -> Option<RefusalKind> {
    let message = refused.message.as_deref().unwrap_or_default();
    let says = |words: &str| message.contains(words);
    let kind = match (refused.status.as_u16(), refused.code.as_deref()) {
        (_, Some("RevisionNotFound")) => RefusalKind::RevisionMissing,
        (_, Some("EntryNotFound")) => RefusalKind::FileMissing,
        (401 | 403, Some("GatedRepo")) => gate(refused, has_token),
        (404, _) => RefusalKind::NotFoundOrPrivate,
        (401, _) if says("is expired") => RefusalKind::ExpiredToken,
        // the token is good, and its owner has yet to sign in to the organization
        (401, _) if says("SSO") || says("single sign-on") || says("Single Sign-On") => RefusalKind::Forbidden,
        (401, _) if has_token || says("Invalid credentials") => RefusalKind::BadToken,
        (401, _) => RefusalKind::NotFoundOrPrivate,
        (403, _) if says("fine-grained token settings") || says("required permissions") => RefusalKind::TokenTooNarrow,
        (403, _) if says("This resource is disabled") || says("resource is disabled") => RefusalKind::Disabled,
        (402 | 403 | 451, _) => RefusalKind::Forbidden,
        (410, _) => RefusalKind::Disabled,
        _ => return None,
    };
    Some(kind)
}

fn gate(refused: &Refused, has_token: bool) -> RefusalKind {
    let message = refused.message.as_deref().unwrap_or_default();
    let kinds = [
        ("awaiting a review", RefusalKind::Pending),
        ("has been rejected", RefusalKind::Rejected),
        ("has been reset", RefusalKind::Reset),
        ("not in the authorized list", RefusalKind::NotRequested),
    ];
    let said = kinds.into_iter().find(|(words, _)| message.contains(words));
    let is_unknown = !has_token || refused.status.as_u16() == 401;
    said.map_or(if is_unknown { RefusalKind::NoToken } else { RefusalKind::Gated }, |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    /// The rows of hub-protocol §2.1: status, code, message, whether a token was sent, and what it means.
    const ROWS: &[(u16, &str, &str, bool, RefusalKind)] = &[
        (
            401,
            "GatedRepo",
            "Access to model o/m is restricted. You must have access to it and be authenticated to access it. Please log in.",
            false,
            RefusalKind::NoToken,
        ),
        (
            403,
            "GatedRepo",
            "Access to model o/m is restricted and you are not in the authorized list. Visit https://huggingface.co/o/m to ask for access.",
            true,
            RefusalKind::NotRequested,
        ),
        (
            403,
            "GatedRepo",
            "Your request to access model o/m is awaiting a review from the repo authors.",
            true,
            RefusalKind::Pending,
        ),
        (
            403,
            "GatedRepo",
            "Your request to access model o/m has been rejected by the repo's authors.",
            true,
            RefusalKind::Rejected,
        ),
        (
            403,
            "GatedRepo",
            "Your request to access model o/m has been reset by the repo's authors. Visit https://huggingface.co/o/m to submit a new request.",
            true,
            RefusalKind::Reset,
        ),
        (403, "GatedRepo", "Worded in a new way", true, RefusalKind::Gated),
        (
            403,
            "",
            "Please enable access to public gated repositories in your fine-grained token settings to view this repository.",
            true,
            RefusalKind::TokenTooNarrow,
        ),
        (401, "", "Invalid credentials in Authorization header", true, RefusalKind::BadToken),
        (401, "", "Invalid username or password.", true, RefusalKind::BadToken),
        (401, "", "Invalid username or password.", false, RefusalKind::NotFoundOrPrivate),
        (401, "RepoNotFound", "Invalid username or password.", false, RefusalKind::NotFoundOrPrivate),
        (401, "", "User Access Token \"ci\" is expired", true, RefusalKind::ExpiredToken),
        (404, "RepoNotFound", "Repository not found", true, RefusalKind::NotFoundOrPrivate),
        (404, "RevisionNotFound", "Invalid rev id: nope", true, RefusalKind::RevisionMissing),
        (404, "EntryNotFound", "Entry not found", true, RefusalKind::FileMissing),
        (403, "", "Access to this resource is disabled.", true, RefusalKind::Disabled),
        (
            403,
            "",
            "Your token has been revoked by the organization administrator, please ask for another.",
            true,
            RefusalKind::Forbidden,
        ),
        (
            403,
            "",
            "You have read access but not the required permissions for this operation",
            true,
            RefusalKind::TokenTooNarrow,
        ),
        (451, "", "", true, RefusalKind::Forbidden),
        (401, "", "The organization acme enforces SSO, please sign in.", true, RefusalKind::Forbidden),
        (402, "", "Payment required", true, RefusalKind::Forbidden),
        (410, "", "Gone", true, RefusalKind::Disabled),
    ];

    fn refused(status: u16, code: &str, message: &str, from: Answerer) -> Failure {
        Failure::Refused(Box::new(Refused {
            url: "https://hub/x".to_owned(),
            from,
            status: StatusCode::from_u16(status).unwrap(),
            code: Some(code.to_owned()).filter(|code| !code.is_empty()),
            message: Some(message.to_owned()),
            request_id: None,
            wait: None,
            fields: serde_json::Map::default(),
            is_page: false,
            is_xml: false,
            may_pass: false,
        }))
    }

    fn explain_row(failure: &Failure, has_token: bool) -> Option<Refusal> {
        let repo = Repo { kind: crate::repo::RepoKind::Dataset, id: "o/m".parse().unwrap() };
        explain(&repo, failure, has_token, &"https://huggingface.co".parse().unwrap())
    }

    #[test]
    fn every_row_of_the_protocol_has_its_own_meaning() {
        for (status, code, message, has_token, kind) in ROWS {
            let refusal = explain_row(&refused(*status, code, message, Answerer::Hub), *has_token).expect(message);
            assert_eq!(refusal.kind, *kind, "{status} {code} {message}");
            assert_eq!(refusal.server_message.as_deref(), Some(*message));
        }
    }

    #[test]
    fn what_is_not_about_access_is_not_explained() {
        for status in [400, 408, 416, 429, 500, 503] {
            assert_eq!(explain_row(&refused(status, "", "", Answerer::Hub), true), None, "{status}");
        }
        assert_eq!(
            explain_row(&refused(403, "", "", Answerer::Storage), true),
            None,
            "an expired link of the CDN is no gate"
        );
    }

    #[test]
    fn each_refusal_leads_to_the_page_that_helps() {
        let page = |status, code, message, has_token| {
            explain_row(&refused(status, code, message, Answerer::Hub), has_token).unwrap().page
        };
        assert_eq!(page(401, "GatedRepo", "", false), "https://huggingface.co/datasets/o/m");
        assert_eq!(
            page(401, "", "Invalid credentials in Authorization header", true),
            "https://huggingface.co/settings/tokens"
        );
        assert!(
            page(403, "", "fine-grained token settings", true)
                .starts_with("https://huggingface.co/settings/tokens/new?canReadGatedRepos=true")
        );
    }
}
