//! CivitAI's refusals, told apart: each row of providers §1.4 is a row of the test here.
//!
//! A 401 is "not logged in" for whoever has no key, a wrong key or a banned account, and also "downloads are disabled",
//! which no key changes; a 403 is a price, a missing right, a blocked address, or Cloudflare in front of it all.

use std::time::SystemTime;

use super::super::{Refusal, RefusalKind};
use super::wire::Version;
use crate::endpoint::Endpoint;
use crate::hub::http::{Answerer, Failure, Refused};
use crate::repo::{Repo, printable};

/// A refusal without words of the server.
pub(super) fn refusal(repo: &Repo, kind: RefusalKind, pages: &Endpoint) -> Refusal {
    let page = match repo.id.owner() {
        Some(owner @ "by-hash") => pages.join(["api", "v1", "model-versions", owner, repo.id.name()]),
        Some(owner) => pages.join([owner, repo.id.name()]),
        None => pages.join(["models", repo.id.as_str()]),
    };
    Refusal { kind, server_message: None, page: page.to_string(), deadline: None }
}

/// What `failure` means; none where it is not about access.
pub(super) fn explain(repo: &Repo, failure: &Failure, pages: &Endpoint) -> Option<Refusal> {
    let refused = match failure {
        Failure::LoginPage { .. } => return Some(refusal(repo, RefusalKind::LoginRequired, pages)),
        // a refusal of the storage says that a link has expired, never that a gate is closed
        Failure::Refused(refused) if refused.from == Answerer::Hub && !refused.is_page => refused,
        _ => return None,
    };
    let deadline = refused.fields.get("deadline").and_then(|deadline| deadline.as_str()).map(printable);
    let plain = refusal(repo, kind(refused)?, pages);
    Some(Refusal { server_message: refused.message.clone(), deadline, ..plain })
}

fn kind(refused: &Refused) -> Option<RefusalKind> {
    let says = |words: &str| refused.message.as_deref().unwrap_or_default().contains(words);
    let is_early = refused.fields.get("error").and_then(|error| error.as_str()) == Some("Early Access");
    Some(match refused.status.as_u16() {
        400 => RefusalKind::Malformed,
        401 if says("disabled downloads") => RefusalKind::DownloadsDisabled,
        401 => RefusalKind::LoginRequired,
        403 if is_early => RefusalKind::EarlyAccess,
        403 if says("do not have access") => RefusalKind::NotEntitled,
        403 => RefusalKind::Forbidden,
        // its storage is away: that is no word about the file
        404 if refused.may_pass => return None,
        404 if refused.url.contains("/api/download/") => RefusalKind::FileMissing,
        404 => RefusalKind::NotPublished,
        410 => RefusalKind::Archived,
        451 => RefusalKind::RegionBlocked,
        _ => return None,
    })
}

/// The refusal that the description of a version already announces, where it is certain: whoever is not logged in has paid
/// for nothing.
pub(super) fn described(repo: &Repo, version: &Version, has_token: bool, pages: &Endpoint) -> Option<Refusal> {
    let usage = version.usage_control.as_deref().unwrap_or("Download");
    let mode = version.model.as_ref().and_then(|model| model.mode.as_deref());
    let paid = version.paid_access.as_ref().filter(|_| !has_token);
    let until = paid.and_then(|paid| paid.ends_at.as_deref()).filter(|until| is_to_come(until));
    let kind = if mode == Some("Archived") {
        RefusalKind::Archived
    } else if usage != "Download" {
        RefusalKind::DownloadsDisabled
    } else if until.is_some() || paid.is_some_and(|paid| paid.permanent == Some(true)) {
        RefusalKind::EarlyAccess
    } else {
        return None;
    };
    Some(Refusal { deadline: until.map(printable), ..refusal(repo, kind, pages) })
}

/// Whether a time is to come; one that cannot be read may be over.
fn is_to_come(time: &str) -> bool {
    humantime::parse_rfc3339_weak(time).is_ok_and(|time| time > SystemTime::now())
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    fn repo() -> Repo {
        Repo { kind: crate::repo::RepoKind::Model, id: "257749".parse().unwrap() }
    }

    fn answer(status: u16, body: &str) -> Failure {
        let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(body).unwrap_or_default();
        let text = |key: &str| fields.get(key).and_then(|text| text.as_str()).map(str::to_owned);
        Failure::Refused(Box::new(Refused {
            url: "https://civitai.com/api/download/models/290640".to_owned(),
            from: Answerer::Hub,
            status: StatusCode::from_u16(status).unwrap(),
            code: None,
            message: text("message").or_else(|| text("error")),
            request_id: None,
            wait: None,
            is_page: body.starts_with('<'),
            is_xml: false,
            may_pass: false,
            fields,
        }))
    }

    #[test]
    fn every_row_has_its_own_meaning() {
        let pages = "https://civitai.com".parse().unwrap();
        for (status, body, kind) in [
            (400, r#"{"error":"Invalid"}"#, Some(RefusalKind::Malformed)),
            (
                401,
                r#"{"error":"Unauthorized","message":"The creator of this asset requires you to be logged in to download it"}"#,
                Some(RefusalKind::LoginRequired),
            ),
            (
                401,
                r#"{"error":"Unauthorized","message":"The creator of this asset has disabled downloads on this file"}"#,
                Some(RefusalKind::DownloadsDisabled),
            ),
            (
                403,
                r#"{"error":"Early Access","deadline":"2026-12-01","message":"Buzz"}"#,
                Some(RefusalKind::EarlyAccess),
            ),
            (403, r#"{"error":"You do not have access to download this file"}"#, Some(RefusalKind::NotEntitled)),
            (403, r#"{"error":"Forbidden"}"#, Some(RefusalKind::Forbidden)),
            (403, "<!DOCTYPE html>", None),
            (404, r#"{"error":"File not found"}"#, Some(RefusalKind::FileMissing)),
            (410, r#"{"error":"Model archived, not available for download"}"#, Some(RefusalKind::Archived)),
            (429, r#"{"error":"We've noticed an unusual amount of downloading"}"#, None),
            (451, r#"{"error":"x","code":"REGION_BLOCKED"}"#, Some(RefusalKind::RegionBlocked)),
            (500, r#"{"error":"x"}"#, None),
        ] {
            let refusal = explain(&repo(), &answer(status, body), &pages);
            assert_eq!(refusal.as_ref().map(|refusal| refusal.kind), kind, "{status} {body}");
            if kind == Some(RefusalKind::EarlyAccess) {
                assert_eq!(refusal.unwrap().deadline.as_deref(), Some("2026-12-01"));
            }
        }
        let login = Failure::LoginPage { url: String::new() };
        assert_eq!(explain(&repo(), &login, &pages).unwrap().kind, RefusalKind::LoginRequired);
    }

    #[test]
    fn the_description_refuses_only_what_is_certain() {
        let pages = "https://civitai.com".parse().unwrap();
        let kind = |json: &str, has_token| {
            let version: Version = serde_json::from_str(json).unwrap();
            described(&repo(), &version, has_token, &pages).map(|refusal| refusal.kind)
        };
        assert_eq!(kind("{}", false), None);
        assert_eq!(kind(r#"{"model":{"mode":"Archived"}}"#, true), Some(RefusalKind::Archived));
        assert_eq!(kind(r#"{"model":{"mode":"TakenDown"}}"#, true), None);
        assert_eq!(kind(r#"{"usageControl":"Generation"}"#, true), Some(RefusalKind::DownloadsDisabled));
        let paid = r#"{"paidAccess":{"permanent":false,"endsAt":"9999-12-01T00:00:00.000Z"}}"#;
        assert_eq!((kind(paid, false), kind(paid, true)), (Some(RefusalKind::EarlyAccess), None));
        assert_eq!(kind(&paid.replace("9999", "2020"), false), None);
        assert_eq!(kind(r#"{"paidAccess":{"permanent":true,"endsAt":null}}"#, false), Some(RefusalKind::EarlyAccess));
    }
}
