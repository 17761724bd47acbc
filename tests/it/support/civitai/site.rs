//! The routes of the site: `/api/v1/…` and `/api/download/models/{version}`.

use super::super::account::Caller;
use super::super::answer::Answer;
use super::super::record::Place;
use super::super::request::Request;
use super::catalog::{Door, File, Model, Version};
use super::{State, storage};
use serde_json::{Value, json};

pub fn answer(state: &mut State, request: &Request, caller: &Caller, number: u64) -> Answer {
    let parts = request.parts_behind("").unwrap_or_default();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    if let (["api", "v1", ..], Some(odd)) = (parts.as_slice(), &state.odd) {
        return Answer::new(200, odd.clone()).with("content-type", "application/json");
    }
    match parts.as_slice() {
        ["api", "v1", "me"] => me(state, caller),
        ["api", "v1", "models", id] => with_number(id, |id| model(state, id)),
        ["api", "v1", "model-versions", "by-hash", hash] => by_hash(state, hash),
        ["api", "v1", "model-versions", id] => with_number(id, |id| version(state, id)),
        ["api", "download", "models", id] => {
            let mut answer = with_number(id, |id| download(state, request, caller, id, number));
            answer.place = Place::Resolve;
            answer
        }
        ["login"] => Answer::new(200, "<!DOCTYPE html><title>Log in</title>").with("content-type", "text/html"),
        _ => refusal(404, &json!({"error": "Not Found"})),
    }
}

fn refusal(status: u16, body: &Value) -> Answer {
    Answer::json(status, body).with("cache-control", "no-store, max-age=0")
}

fn with_number(text: &str, then: impl FnOnce(u64) -> Answer) -> Answer {
    let number = text.parse().ok().filter(|number| (1..=2_147_483_647).contains(number));
    number.map_or_else(|| refusal(400, &json!({"error": "Invalid number"})), then)
}

/// A key that belongs to nobody is no session.
fn me(state: &State, caller: &Caller) -> Answer {
    let Caller::Known(account) = caller else { return refusal(401, &json!({"error": "Unauthorized"})) };
    let standing = state.standings.get(&account.name).map_or("active", String::as_str);
    let me = json!({"id": 1, "username": account.name, "tier": "free", "status": standing, "isMember": false});
    Answer::json(200, &me)
}

fn model(state: &State, id: u64) -> Answer {
    let Some(model) = state.models.iter().find(|model| model.id == id) else {
        return refusal(404, &json!({"error": format!("No model with id {id}")}));
    };
    let versions = model.versions.iter().map(|version| {
        let mut described = describe(model, version);
        described["availability"] = json!("Public");
        described
    });
    let mut described = json!({"id": model.id, "name": model.name, "type": model.kind, "nsfw": false});
    described["modelVersions"] = versions.collect();
    described["mode"] = json!(model.mode);
    Answer::json(200, &described)
}

fn version(state: &State, id: u64) -> Answer {
    find(state, id).map_or_else(
        || refusal(404, &json!({"error": "Model not found"})),
        |(model, version)| Answer::json(200, &describe(model, version)),
    )
}

/// The whole version of a file, whichever of its hashes it is, in any case.
fn by_hash(state: &State, hash: &str) -> Answer {
    let is_it = |file: &File| {
        let hashes = file.describe("")["hashes"].clone();
        hashes
            .as_object()
            .into_iter()
            .flatten()
            .any(|(_, own)| own.as_str().is_some_and(|own| own.eq_ignore_ascii_case(hash)))
    };
    let mut versions = state.models.iter().flat_map(|model| model.versions.iter().map(move |version| (model, version)));
    versions.find(|(_, version)| version.files.iter().any(is_it)).map_or_else(
        || refusal(404, &json!({"error": "Model not found"})),
        |(model, version)| Answer::json(200, &describe(model, version)),
    )
}

fn find(state: &State, id: u64) -> Option<(&Model, &Version)> {
    state.models.iter().find_map(|model| Some((model, model.versions.iter().find(|version| version.id == id)?)))
}

fn describe(model: &Model, version: &Version) -> Value {
    // "undefined" is the host that the API really names (providers §1.1); whoever follows it is lost.
    let link = format!("https://undefined/api/download/models/{}", version.id);
    let files: Vec<Value> = match model.mode.as_deref() {
        Some("Archived") => Vec::new(),
        _ => version.files.iter().map(|file| file.describe(&link)).collect(),
    };
    let paid = version.paid.as_ref().map(|paid| json!({"permanent": paid.permanent, "endsAt": paid.ends_at}));
    json!({
        "id": version.id, "modelId": model.id, "name": version.name, "status": "Published",
        "baseModel": "SDXL 1.0", "usageControl": version.usage_control, "paidAccess": paid,
        "model": {"name": model.name, "type": model.kind, "nsfw": false, "poi": false, "mode": model.mode},
        "files": files, "images": [], "downloadUrl": link,
    })
}

fn download(state: &mut State, request: &Request, caller: &Caller, id: u64, number: u64) -> Answer {
    if state.transient > 0 {
        state.transient -= 1;
        let body = json!({"error": "File not found"});
        return Answer::json(404, &body).with("cache-control", "private, no-store");
    }
    let changed = match &mut state.later {
        Some((0, door)) => Some(door.clone()),
        Some((left, _)) => {
            *left -= 1;
            None
        }
        None => None,
    };
    let Some((model, version)) = find(state, id) else { return refusal(404, &json!({"error": "File not found"})) };
    let archived = (model.mode.as_deref() == Some("Archived")).then_some(&Door::Archived);
    let door = archived.or(changed.as_ref()).unwrap_or(&version.door);
    let caller = match caller {
        Caller::Known(account) if state.bans.contains(&account.name) => &Caller::Unknown,
        caller => caller,
    };
    if let Some(refused) = closed(door, version, caller) {
        return refused;
    }
    let Some(file) = chosen(state, request, version).cloned() else {
        return refusal(404, &json!({"error": "File not found"}));
    };
    let link = storage::sign(state, &file, number);
    let mut answer = Answer::text(307, "").with("location", &link).with("cache-control", "no-store");
    answer.file = Some(file.name);
    answer
}

/// `fileId` before all else; without it what the account prefers, which is the trap of the bare link.
fn chosen<'version>(state: &State, request: &Request, version: &'version Version) -> Option<&'version File> {
    let asked = request.query("fileId").filter(|_| !state.ignores_file_id);
    match (asked, request.query("type")) {
        (Some(id), _) => version.files.iter().find(|file| file.linked_from.is_none() && file.id.to_string() == id),
        (None, Some(kind)) => version.files.iter().find(|file| file.kind == kind),
        (None, None) => {
            let preferred = version.files.iter().find(|file| file.preferred);
            preferred.or_else(|| version.files.iter().find(|file| file.primary)).or(version.files.first())
        }
    }
}

fn closed(door: &Door, version: &Version, caller: &Caller) -> Option<Answer> {
    let login = "The creator of this asset requires you to be logged in to download it";
    let disabled = "The creator of this asset has disabled downloads on this file";
    let page = |status, text: &'static str| Some(Answer::new(status, text).with("content-type", "text/html"));
    let say = |status, body: Value| Some(refusal(status, &body));
    let name = match caller {
        Caller::Known(account) => Some(&account.name),
        Caller::Anonymous | Caller::Unknown => None,
    };
    if version.usage_control.as_deref().is_some_and(|control| control != "Download") {
        return say(401, json!({"error": "Unauthorized", "message": disabled}));
    }
    match door {
        Door::Open => None,
        Door::Disabled => say(401, json!({"error": "Unauthorized", "message": disabled})),
        Door::Forbidden => say(403, json!({"error": "Forbidden"})),
        Door::Firewall => page(403, "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>"),
        Door::Archived => say(410, json!({"error": "Model archived, not available for download"})),
        Door::Missing => say(404, json!({"error": "File not found"})),
        Door::Region => say(451, json!({"error": "Not available in your region", "code": "REGION_BLOCKED"})),
        Door::Quota => say(429, json!({"error": "We've noticed an unusual amount of downloading from your account"})),
        Door::BadRequest => say(400, json!({"error": "Invalid fileId"})),
        Door::Broken(status) => say(*status, json!({"error": "Internal server error"})),
        Door::LoginPage => {
            let target = format!("/login?returnUrl=%2Fmodels%2F{}&reason=download-auth", version.id);
            Some(Answer::text(307, "").with("location", &target))
        }
        Door::Page => page(200, "<!DOCTYPE html><title>Just a moment...</title>"),
        Door::Document => say(200, json!({"error": "try again"})),
        Door::DisguisedDocument => {
            Some(Answer::new(200, "{\"error\": \"try again\"}").with("content-type", "application/octet-stream"))
        }
        _ if name.is_none() => say(401, json!({"error": "Unauthorized", "message": login})),
        Door::EarlyAccess { deadline, buyers } if !buyers.iter().any(|buyer| Some(buyer) == name) => say(
            403,
            json!({"error": "Early Access", "deadline": deadline,
                   "message": "This asset is in Early Access. You can use Buzz access it now!"}),
        ),
        Door::Granted(to) if !to.iter().any(|granted| Some(granted) == name) => {
            say(403, json!({"error": "You do not have access to download this file"}))
        }
        Door::Login | Door::EarlyAccess { .. } | Door::Granted(_) => None,
    }
}
