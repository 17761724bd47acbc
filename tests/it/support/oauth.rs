//! The exchange of a CI job's identity for a token, the system that swears to the identity, and the renewal of logins.
//!
//! The identity is a secret like a token and holds the canary. It is made for one audience: a hub takes no other.

use super::answer::Answer;
use super::canary::CANARY;
use super::request::Request;
use super::state::State;
use serde_json::{Value, json};
use std::collections::HashMap;

/// What a job shows to the CI system to get its identity.
pub const RIGHT_OF_THE_JOB: &str = "the-right-of-the-job";

/// The program that browser logins are made for, as huggingface_hub names itself.
const CLIENT: &str = "26be6b09-91c5-47da-9861-d2d2bb7a7e36";
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

fn refuse(error: &str, description: &str) -> Answer {
    Answer::json(400, &json!({ "error": error, "error_description": description }))
}

/// `POST /oauth/token` at the hub: the exchange of RFC 8693 as JSON, the renewal of a login (RFC 6749 §6) as a form.
pub fn token(state: &mut State, request: &Request) -> Answer {
    match (request.method.as_str(), request.header("content-type")) {
        ("POST", Some("application/json")) => exchange(state, request),
        ("POST", Some("application/x-www-form-urlencoded")) => renew(state, request),
        _ => refuse("invalid_request", "This is no question for a token."),
    }
}

fn exchange(state: &mut State, request: &Request) -> Answer {
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    if asked["grant_type"] != GRANT || asked["subject_token_type"] != KIND {
        return refuse("invalid_request", "This is no token exchange.");
    }
    if asked["subject_token"] != identity_for(&state.hub_url("")) {
        return refuse("invalid_grant", "The identity token was not issued for this hub.");
    }
    let trusted = state.trusted.iter().find(|(resource, _)| asked["resource"] == *resource);
    let Some(at) = trusted.and_then(|(_, name)| state.accounts.iter().position(|account| account.name == *name)) else {
        return refuse("invalid_grant", "No trusted publisher matches the identity of this workflow.");
    };
    if state.is_over(&state.accounts[at]) {
        state.accounts[at].renewals += 1;
    }
    Answer::json(
        200,
        &json!({
            "access_token": state.accounts[at].token(), "token_type": "bearer", "expires_in": 3600,
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        }),
    )
}

/// Each refresh token works once: the hub rotates them.
fn renew(state: &mut State, request: &Request) -> Answer {
    let form: HashMap<_, _> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    let is = |key: &str, value: &str| form.get(key).is_some_and(|given| given == value);
    if form.len() != 3 || !is("grant_type", "refresh_token") || !is("client_id", CLIENT) {
        return refuse("invalid_request", "This is no renewal.");
    }
    let asking = state.accounts.iter_mut().find(|account| is("refresh_token", &account.refresh_token()));
    let Some(account) = asking else {
        return refuse("invalid_grant", "Invalid or expired refresh token.");
    };
    account.renewals += 1;
    Answer::json(
        200,
        &json!({
            "access_token": account.token(), "token_type": "bearer", "expires_in": 2_592_000,
            "refresh_token": account.refresh_token(), "scope": "openid profile",
        }),
    )
}
