//! Where content begins: `resolve`, the cache it sends small public files to, and the links it signs for the CDN.

use super::answer::Answer;
use super::content::{Entry, Lfs};
use super::digest;
use super::kind::{Gate, Kind};
use super::record::Place;
use super::refusal::Refusal;
use super::repository::Repository;
use super::request::Request;
use super::state::{Link, State};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Files of a gated repository's root that everybody may read.
const OPEN_FILES: [&str; 4] = ["README.md", "LICENSE", "LICENSE.md", "LICENSE.txt"];

const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn escape(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

/// A file a caller may read, with the little of its repository that the answer needs.
struct Permitted {
    kind: Kind,
    id: String,
    internal_id: String,
    is_open: bool,
    commit: String,
    path: String,
    entry: Entry,
}

/// `{prefix}{id}/resolve/{revision}/{path}`; `None` when the path is not of that shape.
pub fn answer(state: &mut State, request: &Request, parts: &[String]) -> Option<Answer> {
    let kind = parts.first().and_then(|first| Kind::from_plural(first)).filter(|kind| *kind != Kind::Model);
    let parts = if kind.is_some() { &parts[1..] } else { parts };
    let verb = parts.iter().take(3).position(|part| part == "resolve").filter(|at| *at > 0)?;
    let [revision, path @ ..] = &parts[verb + 1..] else {
        return None;
    };
    let (id, path) = (parts[..verb].join("/"), path.join("/"));
    let kind = kind.unwrap_or(Kind::Model);
    let answer = match permit(state, request, kind, &id, revision, &path) {
        Ok(permitted) => point_to(state, request, &permitted),
        Err(answer) => *answer,
    };
    Some(answer.about(Place::Resolve, &path))
}

/// Checks in the order of the real server: token, repository, gate, revision, file. So a closed gate hides what is
/// behind it, also whether it exists.
fn permit(
    state: &mut State,
    request: &Request,
    kind: Kind,
    id: &str,
    revision: &str,
    path: &str,
) -> Result<Permitted, Box<Answer>> {
    let caller = state.caller(request);
    let repository = state.find(request, &caller, kind, id).map_err(|denied| Box::new(denied.as_text()))?;
    let is_gated_file = !OPEN_FILES.contains(&path);
    let refusal = state.closed_gate(&caller, repository).filter(|_| is_gated_file);
    let outcome = match refusal {
        Some(refusal) => Err(Box::new(refusal.as_text())),
        None => locate(state, repository, revision, path),
    };
    if is_gated_file {
        let key = repository.key();
        state.count_poll(&caller, &key);
    }
    outcome
}

/// The file itself, behind the gate.
fn locate(state: &State, repository: &Repository, revision: &str, path: &str) -> Result<Permitted, Box<Answer>> {
    let Some(commit) = repository.resolve(revision) else {
        return Err(Box::new(Refusal::no_such_revision(revision).as_text()));
    };
    let Some(entry) = commit.tree.0.get(path) else {
        return Err(Box::new(stamp(state, Refusal::no_such_entry().as_text(), &commit.hash)));
    };
    let is_public = repository.gate == Gate::Open && !repository.is_private;
    Ok(Permitted {
        kind: repository.kind,
        id: repository.id.clone(),
        internal_id: repository.internal_id(),
        is_open: is_public || OPEN_FILES.contains(&path),
        commit: commit.hash.clone(),
        path: path.to_owned(),
        entry: entry.clone(),
    })
}

fn stamp(state: &State, mut answer: Answer, commit: &str) -> Answer {
    if state.options.sends_commit {
        answer.set("x-repo-commit", commit);
    }
    answer
}

fn point_to(state: &mut State, request: &Request, file: &Permitted) -> Answer {
    if let Some(lfs) = &file.entry.lfs {
        return to_cdn(state, request, file, lfs);
    }
    if file.is_open {
        return to_cache(state, request, file);
    }
    let etag = format!("\"{}\"", file.entry.oid);
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let disposition = format!("inline; filename*=UTF-8''{}; filename=\"{name}\";", escape(name));
    let answer = Answer::content(file.entry.content.clone())
        .with("etag", &etag)
        .with("content-disposition", &disposition)
        .with("content-type", "text/plain; charset=utf-8");
    stamp(state, answer, &file.commit)
}

/// A small public file: a relative redirect without an `ETag`.
fn to_cache(state: &State, request: &Request, file: &Permitted) -> Answer {
    let (kind, id) = (file.kind, &file.id);
    let path = escape(&file.path);
    let here = format!("/{}{id}/resolve/{}/{path}", kind.prefix(), file.commit);
    let location = format!(
        "{}/api/resolve-cache/{}/{id}/{}/{path}?{}=&etag=%22{}%22",
        state.options.prefix,
        kind.plural(),
        file.commit,
        utf8_percent_encode(&here, NON_ALPHANUMERIC),
        file.entry.oid,
    );
    let body = format!("Temporary Redirect. Redirecting to {location}");
    let mut answer = Answer::text(307, body).with("location", &location).with("vary", "Origin, Accept");
    if request.header("authorization").is_none() {
        let warning = "unauthenticated; Please set a HF_TOKEN to enable higher rate limits.";
        answer.set("x-hf-warning", warning);
    }
    stamp(state, answer, &file.commit)
}

/// `/api/resolve-cache/{types}/{id}/{commit}/{path}`.
pub fn cached(state: &mut State, request: &Request, parts: &[String]) -> Answer {
    let is_commit = |part: &String| part.len() == 40 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let found = parts.first().and_then(|first| Kind::from_plural(first)).zip(parts.iter().position(is_commit));
    let Some((kind, at)) = found.filter(|(_, at)| *at > 1) else {
        return super::api::no_such_route();
    };
    let (id, path) = (parts[1..at].join("/"), parts[at + 1..].join("/"));
    let answer = match permit(state, request, kind, &id, &parts[at], &path) {
        Ok(file) => {
            let etag = format!("\"{}\"", file.entry.oid);
            let answer = Answer::content(file.entry.content).with("etag", &etag);
            let mut answer = stamp(state, answer, &file.commit);
            // The edge compresses unless told not to, and then cannot say how long the body will be.
            let wants_identity = request.header("accept-encoding").is_some_and(|list| list.contains("identity"));
            answer.delivery.is_chunked = !wants_identity && request.header("range").is_none();
            answer
        }
        Err(answer) => *answer,
    };
    answer.about(Place::ResolveCache, &path)
}

/// A large file: an absolute redirect to the CDN. Size, etag and commit in these headers are the truth; the
/// Content-Length is that of this answer.
fn to_cdn(state: &mut State, request: &Request, file: &Permitted, lfs: &Lfs) -> Answer {
    let location = sign(state, request, file, lfs);
    let answer = Answer::text(302, format!("Found. Redirecting to {location}"))
        .with("location", &location)
        .with("x-linked-size", &file.entry.content.len().to_string())
        .with("x-linked-etag", &format!("\"{}\"", lfs.sha256))
        .with("accept-ranges", "bytes")
        .with("vary", "Origin, Accept");
    let mut answer = stamp(state, answer, &file.commit);
    if let Some(hash) = &file.entry.xet_hash {
        let (kind, id) = (file.kind.plural(), &file.id);
        let refresh = state.hub_url(&format!("/api/{kind}/{id}/xet-read-token/{}", file.commit));
        let rebuild = format!("https://cas-server.xethub.hf.co/v1/reconstructions/{hash}");
        let link = format!("<{refresh}>; rel=\"xet-auth\", <{rebuild}>; rel=\"xet-reconstruction-info\"");
        answer.set("x-xet-hash", hash);
        answer.set("link", &link);
    }
    answer
}

fn sign(state: &mut State, request: &Request, file: &Permitted, lfs: &Lfs) -> String {
    state.links_made += 1;
    let signature = digest::sha256_hex(format!("link {}", state.links_made).as_bytes());
    let object = file.entry.xet_hash.as_ref().unwrap_or(&lfs.sha256);
    let path = format!("/xet-bridge-us/{}/{object}", file.internal_id);
    let location = format!("{}{path}?X-Amz-Expires=3600&X-Amz-Signature={signature}", state.roots.cdn);
    let link = Link {
        path,
        file: file.path.clone(),
        content: file.entry.content.clone(),
        // 64 hexadecimal digits that look like a sha256 and are not the file's.
        etag: digest::sha256_hex(format!("cdn {}", lfs.sha256).as_bytes()),
        range: request.header("range").map(str::to_owned),
        uses_left: state.options.link_uses,
        is_expired: false,
    };
    state.links.insert(signature, link);
    location
}
