//! Listings: the paged tree and `paths-info`, with the hashes masked for callers the gate keeps out.

use super::account::Caller;
use super::answer::Answer;
use super::content::Entry;
use super::options::TreeRoute;
use super::refusal::Refusal;
use super::repository::{Commit, Repository};
use super::request::Request;
use super::state::State;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What huggingface.co puts in place of a hash: 64 asterisks.
pub fn mask(hash: &str, masked: bool) -> String {
    if masked { "*".repeat(64) } else { hash.to_owned() }
}

/// `GET /api/…/tree/{revision}/{folder}`.
pub fn list(
    state: &State,
    request: &Request,
    caller: &Caller,
    repository: &Repository,
    revision: &str,
    folder: &str,
) -> Answer {
    match state.options.tree_route {
        TreeRoute::Present => {}
        TreeRoute::NotFound => return super::api::no_such_route(),
        TreeRoute::BadRequest => return Answer::text(400, "Bad Request"),
    }
    let Some(commit) = repository.resolve(revision) else {
        return Refusal::no_such_revision(revision).as_json();
    };
    let masked = !state.may_read(caller, repository);
    let entries = entries_below(commit, folder, request.query_is_true("recursive"), masked);
    if entries.is_empty() && !folder.is_empty() {
        return Refusal::no_such_entry().as_json();
    }
    page(state, request, &entries)
}

/// The page the cursor names, with a link to the next.
fn page(state: &State, request: &Request, entries: &[Value]) -> Answer {
    let asked: usize = request.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(1000);
    let size = asked.min(state.options.page_size).max(1);
    let begin: usize = request.query("cursor").and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let begin = begin.min(entries.len());
    let end = entries.len().min(begin + size);
    let mut answer = Answer::json(200, &json!(entries[begin..end]));
    if end < entries.len() {
        answer.set("link", &next_link(state, request, &end.to_string()));
    }
    answer
}

/// The Link header for the page at `cursor` of the listing `request` asks for.
pub fn next_link(state: &State, request: &Request, cursor: &str) -> String {
    let others = request.query.iter().filter(|(name, _)| name != "cursor");
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(others)
        .append_pair("cursor", cursor)
        .finish();
    let root = if state.options.links_name_huggingface {
        // A mirror forwards the upstream's header, which knows nothing of the mirror's prefix.
        let path = request.path.strip_prefix(&state.options.prefix).unwrap_or(&request.path);
        format!("https://huggingface.co{path}")
    } else {
        format!("{}{}", state.roots.hub, request.path)
    };
    format!("<{root}?{query}>; rel=\"next\"")
}

fn entries_below(commit: &Commit, folder: &str, recursive: bool, masked: bool) -> Vec<Value> {
    let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut folders = BTreeSet::new();
    let mut listed = Vec::new();
    for (path, entry) in &commit.tree.0 {
        let Some(below) = path.strip_prefix(&start) else {
            continue;
        };
        for (position, _) in below.match_indices('/') {
            let parent = format!("{start}{}", &below[..position]);
            if (recursive || position == below.find('/').unwrap_or(0)) && folders.insert(parent.clone()) {
                let oid = super::digest::sha1_hex(format!("tree {parent}").as_bytes());
                listed.push(json!({"type": "directory", "oid": oid, "size": 0, "path": parent}));
            }
        }
        if recursive || !below.contains('/') {
            listed.push(describe(path, entry, masked));
        }
    }
    listed
}

fn describe(path: &str, entry: &Entry, masked: bool) -> Value {
    let size = entry.content.len();
    let mut described = json!({"type": "file", "oid": entry.oid, "size": size, "path": path});
    if let Some(lfs) = &entry.lfs {
        let oid = mask(&lfs.sha256, masked);
        described["lfs"] = json!({"oid": oid, "size": size, "pointerSize": lfs.pointer_size});
    }
    if let Some(hash) = &entry.xet_hash {
        described["xetHash"] = json!(mask(hash, masked));
    }
    described
}

/// `POST /api/…/paths-info/{revision}`; unknown paths are silently missing from the answer.
pub fn of_paths(state: &State, request: &Request, caller: &Caller, repository: &Repository, revision: &str) -> Answer {
    let Some(commit) = repository.resolve(revision) else {
        return Refusal::no_such_revision(revision).as_json();
    };
    let masked = !state.may_read(caller, repository);
    let paths = match serde_json::from_slice::<Value>(&request.body) {
        Ok(body) => body["paths"]
            .as_array()
            .map(|paths| paths.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            .unwrap_or_default(),
        Err(_) => url::form_urlencoded::parse(&request.body)
            .filter(|(name, _)| name == "paths")
            .map(|(_, path)| path.into_owned())
            .collect::<Vec<String>>(),
    };
    let entries = paths.iter().filter_map(|path| {
        let entry = commit.tree.0.get(path)?;
        Some(describe(path, entry, masked))
    });
    Answer::json(200, &entries.collect())
}
