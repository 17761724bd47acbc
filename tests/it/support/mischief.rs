//! Turns a true answer into the one a fault wants.

use super::answer::{Answer, ContentRange};
use super::digest;
use super::fault::{Fault, Target};
use super::request::Request;
use super::state::State;
use super::tree;
use serde_json::{Value, json};

const PAGE: &str = "<!doctype html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n";

pub fn apply(fault: &Fault, answer: &mut Answer, request: &Request, state: &State) {
    let delivery = &mut answer.delivery;
    match *fault {
        Fault::Cut(after) => delivery.cut_after = Some(after),
        Fault::Stall(after) => delivery.stall_after = Some(after),
        Fault::Slow(rate) => delivery.rate = Some(rate),
        Fault::StallAt(offset) => delivery.stall_at = Some(offset),
        Fault::HangUp => delivery.hangs_up = true,
        Fault::Delay(delay) => delivery.delay = delay,
        Fault::Held => delivery.is_held = true,
        Fault::FlipBit(at) => delivery.flip_bit_at = Some(at),
        Fault::IgnoreRange => delivery.ignores_range = true,
        Fault::WrongContentRange => delivery.content_range = ContentRange::Wrong,
        Fault::NoContentRange => delivery.content_range = ContentRange::Missing,
        Fault::Gzip => delivery.is_gzipped = true,
        Fault::ShortBody(by) => delivery.grow = -by.cast_signed(),
        Fault::LongBody(by) => delivery.grow = by.cast_signed(),
        Fault::LyingLength(by) => delivery.promise = by,
        Fault::LinkedSize(by) => shift_linked_size(answer, by),
        Fault::RateLimited { retry_after, reset } => rate_limit(answer, retry_after, reset),
        Fault::Header(name, value) => answer.set(name, value),
        Fault::Trickle(rate) => delivery.rate = Some(rate),
        Fault::Status(status) => replace(answer, html(status)),
        Fault::HtmlPage => replace(answer, html(200)),
        Fault::Garbage => replace(answer, Answer::new(200, "{\"sha\": [").with("content-type", "application/json")),
        Fault::HugeJson(size) => replace(answer, huge_json(size)),
        Fault::Redirect(target) => redirect(answer, request, state, target),
        Fault::RedirectTo(location) => replace(answer, Answer::text(307, "moved").with("location", location)),
        Fault::ReplaceLink(this, that) => {
            let link = answer.headers.get("link").and_then(|link| link.to_str().ok());
            if let Some(link) = link.map(|link| link.replace(this, that)) {
                answer.set("link", &link);
            }
        }
        Fault::Message { status, text } => {
            let refusal = Answer::json(status, &json!({ "error": text })).with("x-error-message", text);
            replace(answer, refusal);
        }
        Fault::Replace(this, that) => {
            answer.body = String::from_utf8_lossy(&answer.body).replace(this, that).into();
        }
        Fault::ForeignLink => {
            let next = format!("<{}{}?cursor=1>; rel=\"next\"", state.roots.foreign, request.path);
            answer.set("link", &next);
        }
        Fault::ForeignRealm => foreign_realm(answer, state),
        Fault::EndlessPages => endless_page(answer, request, state),
        Fault::SelfPage => {
            let cursor = request.query("cursor").unwrap_or("0");
            answer.set("link", &tree::next_link(state, request, cursor));
        }
        Fault::Json(text) => replace(answer, Answer::new(200, text).with("content-type", "application/json")),
        Fault::Twice => edit(answer, |listing| {
            if let Some(entries) = listing.as_array_mut() {
                entries.extend_from_within(..);
            }
        }),
        Fault::HostileName(name) => edit(answer, |listing| add_entry(listing, name)),
        Fault::TreeSize(by) => edit(answer, |listing| shift_sizes(listing, by)),
        Fault::HostileEtag(etag) => hostile_etag(answer, etag),
        Fault::HostileCommit(commit) => {
            if answer.headers.contains_key("x-repo-commit") {
                answer.set("x-repo-commit", commit);
            }
            edit(answer, |info| set_if_there(info, "sha", commit));
        }
    }
}

/// Everything but what the record needs to know comes from `other`.
fn replace(answer: &mut Answer, other: Answer) {
    answer.status = other.status;
    answer.body = other.body;
    answer.carries_file = false;
    answer.delivery.is_chunked = false;
    for name in ["etag", "location", "link", "accept-ranges", "content-disposition", "x-linked-size", "x-linked-etag"] {
        answer.headers.remove(name);
    }
    answer.headers.extend(other.headers);
}

fn html(status: u16) -> Answer {
    Answer::new(status, PAGE).with("content-type", "text/html; charset=utf-8")
}

/// Put together by hand, because a serialiser would look at every byte.
fn huge_json(size: usize) -> Answer {
    let body = [b"{\"sha\":\"".as_slice(), &vec![b'a'; size], b"\"}"].concat();
    Answer::new(200, body).with("content-type", "application/json; charset=utf-8")
}

fn rate_limit(answer: &mut Answer, retry_after: Option<u32>, reset: Option<u32>) {
    let text = "We had to rate limit you. To continue using our service, please log in or create a HF account.";
    let mut other = Answer::json(429, &json!({ "error": text }));
    if let Some(seconds) = retry_after {
        other.set("retry-after", &seconds.to_string());
    }
    answer.headers.remove("ratelimit");
    if let Some(seconds) = reset {
        other.set("ratelimit", &format!("\"api\";r=0;t={seconds}"));
    }
    replace(answer, other);
}

fn redirect(answer: &mut Answer, request: &Request, state: &State, target: Target) {
    let roots = &state.roots;
    let authority = roots.foreign.trim_start_matches("http://");
    let own = match answer.place {
        super::record::Place::Cdn => &roots.cdn,
        _ => &roots.hub,
    };
    let path = &request.target;
    let location = match target {
        Target::Itself => path.clone(),
        Target::Foreign => format!("{}{path}", roots.foreign),
        Target::ForeignWithoutScheme => format!("//{authority}{path}"),
        Target::ForeignWithUser => format!("http://user@{authority}{path}"),
        Target::OtherPort => format!("{}{path}", roots.other_port),
        Target::ThereAndBack => format!("{}/back/{own}{path}", roots.foreign),
    };
    replace(
        answer,
        Answer::text(307, format!("Temporary Redirect. Redirecting to {location}")).with("location", &location),
    );
}

fn foreign_realm(answer: &mut Answer, state: &State) {
    let foreign = &state.roots.foreign;
    let other = Answer::json(401, &json!({ "error": "Please authenticate." }))
        .with("www-authenticate", &format!("Bearer realm=\"{foreign}/token\",service=\"hub\""))
        .with("x-xet-refresh-route", &format!("{foreign}/xet-read-token"))
        .with("link", &format!("<{foreign}/xet-read-token>; rel=\"xet-auth\", <{foreign}/next>; rel=\"next\""));
    replace(answer, other);
}

/// New entries on every page, so that a client cannot notice the end by seeing a page twice.
fn endless_page(answer: &mut Answer, request: &Request, state: &State) {
    let number: u64 = request.query("cursor").and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    edit(answer, |listing| {
        if let Some(entries) = listing.as_array_mut() {
            let path = format!("endless/{number}");
            let oid = digest::git_blob(path.as_bytes());
            entries.push(json!({"type": "file", "oid": oid, "size": path.len(), "path": path}));
        }
    });
    answer.set("link", &tree::next_link(state, request, &(number + 1).to_string()));
}

/// Rewrites a JSON body; other bodies stay as they are.
fn edit(answer: &mut Answer, change: impl FnOnce(&mut Value)) {
    if let Ok(mut value) = serde_json::from_slice(&answer.body) {
        change(&mut value);
        answer.body = value.to_string().into();
    }
}

fn set_if_there(value: &mut Value, field: &str, text: &str) {
    if let Some(slot) = value.get_mut(field) {
        *slot = json!(text);
    }
}

fn add_entry(listing: &mut Value, name: &str) {
    if let Some(entries) = listing.as_array_mut() {
        let oid = digest::git_blob(name.as_bytes());
        entries.push(json!({"type": "file", "oid": oid, "size": name.len(), "path": name}));
    } else if let Some(siblings) = listing.get_mut("siblings").and_then(Value::as_array_mut) {
        siblings.push(json!({ "rfilename": name }));
    }
}

fn shift_sizes(listing: &mut Value, by: i64) {
    for entry in listing.as_array_mut().into_iter().flatten().filter(|entry| entry["type"] == "file") {
        let size = entry["size"].as_i64().unwrap_or_default() + by;
        entry["size"] = json!(size);
        if let Some(lfs) = entry.get_mut("lfs") {
            lfs["size"] = json!(size);
        }
    }
}

fn shift_linked_size(answer: &mut Answer, by: i64) {
    let size = answer.headers.get("x-linked-size").and_then(|value| value.to_str().ok());
    if let Some(size) = size.and_then(|size| size.parse::<i64>().ok()) {
        answer.set("x-linked-size", &(size + by).to_string());
    }
}

fn hostile_etag(answer: &mut Answer, etag: &str) {
    for name in ["etag", "x-linked-etag"] {
        if answer.headers.contains_key(name) {
            answer.set(name, &format!("\"{etag}\""));
        }
    }
    edit(answer, |listing| {
        for entry in listing.as_array_mut().into_iter().flatten() {
            set_if_there(entry, "oid", etag);
            if let Some(lfs) = entry.get_mut("lfs") {
                set_if_there(lfs, "oid", etag);
            }
        }
    });
}
