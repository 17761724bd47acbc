//! `/_control/…`: what a Rust test calls on `Hub`, for clients in other languages. Never recorded, and only served when
//! the hub was told to.

use super::account::Access;
use super::answer::Answer;
use super::fault::{At, Fault, Rule, Times};
use super::record::{Origin, Place, Recorded};
use super::request::Request;
use super::state::State;
use serde_json::{Value, json};

/// The name of an access state in control requests and hub descriptions.
pub fn access_from_name(name: &str) -> Option<Access> {
    Some(match name {
        "never-asked" => Access::NeverAsked,
        "pending" => Access::Pending,
        "rejected" => Access::Rejected,
        "reset" => Access::Reset,
        "granted" => Access::Granted,
        _ => Access::GrantedAfter(name.strip_prefix("granted-after-")?.parse().ok()?),
    })
}

pub fn answer(state: &mut State, request: &Request) -> Option<Answer> {
    let route = request.path.strip_prefix("/_control/")?;
    if request.origin != Origin::Hub || !state.options.has_control_routes {
        return None;
    }
    let mut answer = match (request.method.as_str(), route) {
        ("GET", "requests") => Answer::json(200, &state.record.requests.iter().map(describe).collect()),
        ("GET", "leaks") => Answer::json(200, &json!(state.record.leaks)),
        ("POST", "reset") => {
            state.record.requests.clear();
            Answer::json(200, &json!({}))
        }
        ("POST", "access") => set_access(state, request),
        ("POST", "fault") => add_fault(state, request),
        ("POST", "expire-links") => {
            state.links.values_mut().for_each(|link| link.is_expired = true);
            Answer::json(200, &json!({}))
        }
        _ => super::api::no_such_route(),
    };
    answer.settle(request);
    Some(answer)
}

fn set_access(state: &mut State, request: &Request) -> Answer {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let Some(access) = access_from_name(&text("state")) else {
        return Answer::json(400, &json!({ "error": "no such state" }));
    };
    state.access.insert((text("account"), text("repo")), access);
    Answer::json(200, &json!({}))
}

/// `{"place": "cdn", "needle": "model", "fault": "cut", "value": 1000, "times": 2}`; without `times` for ever.
///
/// Only the faults that are worth showing to other clients.
fn add_fault(state: &mut State, request: &Request) -> Answer {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let value = body["value"].as_u64().unwrap_or_default();
    let fault = match body["fault"].as_str() {
        Some("cut") => Fault::Cut(value),
        Some("stall") => Fault::Stall(value),
        Some("flip-bit") => Fault::FlipBit(value),
        Some("short-body") => Fault::ShortBody(value),
        Some("status") => Fault::Status(u16::try_from(value).unwrap_or(500)),
        Some("gzip") => Fault::Gzip,
        Some("hang-up") => Fault::HangUp,
        _ => return Answer::json(400, &json!({ "error": "no such fault" })),
    };
    let place = match body["place"].as_str() {
        Some("api") => Place::Api,
        Some("resolve") => Place::Resolve,
        Some("cdn") => Place::Cdn,
        Some("content") => Place::Content,
        _ => return Answer::json(400, &json!({ "error": "no such place" })),
    };
    let times = body["times"].as_u64().and_then(|times| u32::try_from(times).ok());
    let at = At::new(place, body["needle"].as_str().unwrap_or_default());
    state.faults.push(Rule { at, fault, times: times.map_or(Times::Always, Times::Next) });
    Answer::json(200, &json!({}))
}

fn describe(recorded: &Recorded) -> Value {
    json!({
        "origin": recorded.origin.to_string(), "method": recorded.method, "target": recorded.target,
        "file": recorded.file, "range": recorded.range, "token": recorded.token, "status": recorded.status,
        "sent": recorded.bytes_sent(), "line": recorded.to_string(),
    })
}
