//! The routes below `/api`, except trees and the resolve cache.

use super::account::Caller;
use super::answer::Answer;
use super::kind::{Gate, Kind, RevisionKind};
use super::refusal::Refusal;
use super::repository::{Commit, Repository};
use super::request::Request;
use super::resolve;
use super::state::State;
use super::tree;
use serde_json::{Map, Value, json};

/// The first word after a repository id, which tells where the id ends.
const VERBS: [&str; 6] = ["revision", "tree", "auth-check", "paths-info", "refs", "xet-read-token"];

/// An answer for a path nobody serves.
pub fn no_such_route() -> Answer {
    let error = "Sorry, we can't find the page you are looking for.";
    Answer::json(404, &json!({ "error": error }))
}

/// Answers `parts`, the decoded path behind `/api`.
pub fn answer(state: &mut State, request: &Request, parts: &[String]) -> Answer {
    let caller = state.caller(request);
    match parts {
        [first] if first == "whoami-v2" => whoami(&caller),
        [first, rest @ ..] if first == "resolve-cache" => resolve::cached(state, request, rest),
        [first] => Kind::from_plural(first).map_or_else(no_such_route, |kind| list(state, request, &caller, kind)),
        [first, rest @ ..] => {
            let Some(kind) = Kind::from_plural(first) else {
                return no_such_route();
            };
            let (id, verb) = split_id(rest);
            of_repository(state, request, &caller, kind, &id, verb)
        }
        [] => no_such_route(),
    }
}

/// The repository id at the start of `parts`, and what follows it.
fn split_id(parts: &[String]) -> (String, &[String]) {
    let is_verb = |index: usize| parts.get(index).is_some_and(|part| VERBS.contains(&part.as_str()));
    let length = if parts.len() == 1 || (is_verb(1) && !is_verb(2)) { 1 } else { 2 };
    (parts[..length].join("/"), &parts[length..])
}

fn of_repository(
    state: &mut State,
    request: &Request,
    caller: &Caller,
    kind: Kind,
    id: &str,
    verb: &[String],
) -> Answer {
    let verb: Vec<&str> = verb.iter().map(String::as_str).collect();
    if verb == ["auth-check"] && !state.options.has_auth_check {
        return no_such_route();
    }
    let repository = match state.find(request, caller, kind, id) {
        Ok(repository) => repository,
        Err(denied) => return denied.as_json(),
    };
    match verb.as_slice() {
        [] => info(state, request, repository, "main"),
        ["revision", revision] => info(state, request, repository, revision),
        ["tree", revision, folder @ ..] => tree::list(state, request, caller, repository, revision, &folder.join("/")),
        ["paths-info", revision] => tree::of_paths(state, request, caller, repository, revision),
        ["refs"] => Answer::json(200, &refs(repository, request.query_is_true("include_prs"))),
        ["auth-check"] => {
            let refusal = state.closed_gate(caller, repository);
            let key = repository.key();
            state.count_poll(caller, &key);
            refusal.map_or_else(|| Answer::text(200, "OK"), |refusal| refusal.as_json())
        }
        _ => no_such_route(),
    }
}

fn whoami(caller: &Caller) -> Answer {
    match (caller, Refusal::of_token(caller)) {
        (Caller::Known(account), None) => Answer::json(200, &account.whoami()),
        (Caller::Known(_), Some(refusal)) => refusal.as_json(),
        (Caller::Anonymous | Caller::Unknown, _) => Refusal::bad_login().as_json(),
    }
}

/// `GET /api/models?author=…&search=…&limit=…`: how a client finds near names.
fn list(state: &State, request: &Request, caller: &Caller, kind: Kind) -> Answer {
    if let Some(refusal) = Refusal::of_token(caller) {
        return refusal.as_json();
    }
    let search = request.query("search").unwrap_or_default().to_lowercase();
    let limit = request.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(1000);
    let is_listed = |repository: &&Repository| {
        let owner = repository.id.rsplit_once('/').map(|(owner, _)| owner);
        repository.kind == kind
            && !repository.is_private
            && request.query("author").is_none_or(|author| owner == Some(author))
            && repository.id.to_lowercase().contains(&search)
    };
    let listed = state.repositories.iter().filter(is_listed).take(limit);
    let listed = listed.map(|repository| {
        json!({"_id": repository.internal_id(), "id": repository.id, "modelId": repository.id,
               "private": false, "likes": 0, "downloads": 0, "tags": []})
    });
    Answer::json(200, &listed.collect())
}

fn info(state: &State, request: &Request, repository: &Repository, revision: &str) -> Answer {
    let Some(commit) = repository.resolve(revision) else {
        return Refusal::no_such_revision(revision).as_json();
    };
    let fields: Vec<&str> = request.query_all("expand").collect();
    if fields.is_empty() {
        let masked = !state.may_read(&state.caller(request), repository);
        let all = describe(repository, commit, request.query_is_true("blobs"), masked);
        return Answer::json(200, &Value::Object(all));
    }
    if !state.options.knows_expand {
        return no_such_route();
    }
    let mut all = describe(repository, commit, false, false);
    all.retain(|name, _| ["_id", "id"].contains(&name.as_str()) || fields.contains(&name.as_str()));
    Answer::json(200, &Value::Object(all))
}

fn describe(repository: &Repository, commit: &Commit, blobs: bool, masked: bool) -> Map<String, Value> {
    let gated = match repository.gate {
        Gate::Open => json!(false),
        Gate::Auto => json!("auto"),
        Gate::Manual => json!("manual"),
    };
    let siblings: Vec<Value> = commit
        .tree
        .0
        .iter()
        .map(|(path, entry)| {
            let mut sibling = json!({ "rfilename": path });
            if blobs {
                sibling["size"] = json!(entry.content.len());
                sibling["blobId"] = json!(entry.oid);
                if let Some(lfs) = &entry.lfs {
                    sibling["lfs"] = json!({
                        "sha256": tree::mask(&lfs.sha256, masked), "size": entry.content.len(),
                        "pointerSize": lfs.pointer_size,
                    });
                }
            }
            sibling
        })
        .collect();
    let size: usize = commit.tree.0.values().map(|entry| entry.content.len()).sum();
    let described = json!({
        "_id": repository.internal_id(), "id": repository.id, "modelId": repository.id,
        "author": repository.id.split('/').next(), "sha": commit.hash, "private": repository.is_private,
        "gated": gated, "disabled": repository.is_disabled, "lastModified": "2026-10-06T13:24:38.000Z",
        "createdAt": "2026-10-06T13:20:00.000Z", "tags": ["license:mit"], "downloads": 0, "likes": 0,
        "model-index": null, "config": {}, "cardData": {"license": "mit"}, "siblings": siblings, "spaces": [],
        "usedStorage": size,
    });
    match described {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn refs(repository: &Repository, with_pull_requests: bool) -> Value {
    let of_kind = |wanted: RevisionKind, folder: &str| -> Vec<Value> {
        let revisions = repository.revisions.iter().filter(|(_, (kind, _))| *kind == wanted);
        revisions
            .map(|(name, (_, index))| {
                json!({"name": name, "ref": format!("{folder}{name}"),
                       "targetCommit": repository.commits[*index].hash})
            })
            .collect()
    };
    let mut refs = json!({
        "branches": of_kind(RevisionKind::Branch, "refs/heads/"),
        "tags": of_kind(RevisionKind::Tag, "refs/tags/"),
        "converts": [],
    });
    if with_pull_requests {
        refs["pullRequests"] = of_kind(RevisionKind::PullRequest, "").into();
    }
    refs
}
