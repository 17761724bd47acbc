//! The exchange of a CI job's identity for a token, and the system that swears to the identity.
//!
//! The identity is a secret like a token and holds the canary. It is made for one audience: a hub takes no other.

use super::answer::Answer;
use super::canary::{CANARY, token_of};
use super::request::Request;
use super::state::State;
use serde_json::{Value, json};

/// What a job shows to the CI system to get its identity.
pub const RIGHT_OF_THE_JOB: &str = "the-right-of-the-job";

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const KIND: &str = "urn:ietf:params:oauth:token-type:id_token";

/// The identity of a job, sworn to an audience.
pub fn identity_for(audience: &str) -> String {
    format!("{CANARY}.identity.for.{audience}")
}

/// `GET /identity?audience=…` at a host of its own.
pub fn issue(request: &Request) -> Option<Answer> {
    if request.path != "/identity" {
        return None;
    }
    let audience = request.query("audience").unwrap_or_default();
    let is_right = request.header("authorization") == Some(&format!("Bearer {RIGHT_OF_THE_JOB}"));
    Some(if is_right && request.method == "GET" && request.query("api-version") == Some("2.0") {
        Answer::json(200, &json!({ "count": 1, "value": identity_for(audience) }))
    } else {
        Answer::json(401, &json!({ "message": "no such job" }))
    })
}

/// `POST /oauth/token` at the hub (RFC 8693).
pub fn exchange(state: &State, request: &Request) -> Answer {
    let refuse = |error: &str, description: &str| {
        Answer::json(400, &json!({ "error": error, "error_description": description }))
    };
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let is_json = request.header("content-type") == Some("application/json");
    if request.method != "POST" || !is_json || asked["grant_type"] != GRANT || asked["subject_token_type"] != KIND {
        return refuse("invalid_request", "This is no token exchange.");
    }
    if asked["subject_token"] != identity_for(&state.hub_url("")) {
        return refuse("invalid_grant", "The identity token was not issued for this hub.");
    }
    let trusted = state.trusted.iter().find(|(resource, _)| asked["resource"] == *resource);
    let Some((_, account)) = trusted else {
        return refuse("invalid_grant", "No trusted publisher matches the identity of this workflow.");
    };
    Answer::json(
        200,
        &json!({
            "access_token": token_of(account), "token_type": "bearer", "expires_in": 3600,
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        }),
    )
}
