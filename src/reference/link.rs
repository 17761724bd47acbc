//! Links from a browser or an API: `…/org/model/(tree|blob|resolve|…)/REV/PATH`, or the page of a repository.
//!
//! A page that is about another revision than `main`, or about none, never becomes `main` without a word: what it means is
//! pulled, or it is refused by what it is. In a link a branch is one part (`feature%2Fx`), so its parts are taken apart
//! before they are decoded.

use percent_encoding::percent_decode_str;
use url::Url;

use super::{KnownProvider, Reference, ReferenceError, Spelled, civitai, owner_of, without_user};
use crate::endpoint::Origin;
use crate::repo::{RepoKind, printable};

/// What the part behind a repository's name makes of what follows.
enum View {
    /// A revision, and a folder in it.
    Folder,
    /// A revision, and a file in it.
    File,
    /// A revision alone, whatever follows.
    Revision,
    /// Discussions and pull requests by their numbers.
    Discussions,
    /// Two revisions.
    Comparison,
    /// Something about the repository as a whole.
    Page,
}

fn view(part: &str) -> Option<View> {
    Some(match part {
        "tree" | "upload" | "new" => View::Folder,
        "blob" | "resolve" | "raw" | "blame" | "edit" | "delete" | "commits" => View::File,
        "commit" => View::Revision,
        "discussions" | "pull" => View::Discussions,
        "compare" => View::Comparison,
        "viewer" | "settings" | "community" | "embed" | "app" => View::Page,
        _ => return None,
    })
}

/// What else a hub has, by the first part of the route: how it is called, and what to do about it.
const OTHER_THINGS: [(&str, &str, &str); 3] = [
    ("buckets", "a bucket", "`hf sync` copies buckets"),
    ("collections", "a collection", "pull the repositories in it one by one"),
    ("papers", "a paper", "pull the models that it links to"),
];

/// First parts of routes that no owner of repositories can have for a name.
const RESERVED: [&str; 22] = [
    "api",
    "blog",
    "buckets",
    "chat",
    "collections",
    "datasets",
    "docs",
    "enterprise",
    "join",
    "kernels",
    "learn",
    "login",
    "models",
    "new",
    "organizations",
    "papers",
    "posts",
    "pricing",
    "settings",
    "spaces",
    "tasks",
    "inference",
];

/// What is no repository, though it is written like one: `buckets/org/name`.
pub(super) fn other_thing(text: &str) -> Option<ReferenceError> {
    let (first, rest) = text.split_once('/')?;
    let (_, what, hint) = OTHER_THINGS.iter().find(|(name, ..)| *name == first && !rest.is_empty())?;
    Some(ReferenceError::Elsewhere { text: printable(text), what, hint: (*hint).to_owned() })
}

/// Reads a link.
pub(super) fn read(text: &str, known: &[KnownProvider<'_>]) -> Result<Reference, ReferenceError> {
    let shown = without_user(text.split(['?', '#']).next().unwrap_or_default());
    let no_repository = || ReferenceError::NotARepository { text: shown.clone() };
    let url = Url::parse(text).map_err(|_| no_repository())?;
    if let Some(reference) = civitai::astray(&url, known) {
        return reference;
    }
    let Some((provider, prefix)) = owner_of(&url, known) else {
        return Err(ReferenceError::UnknownHost { host: Origin::of(&url).host().to_owned() });
    };
    if provider.spelling.is_numbered {
        return civitai::link(&url, prefix, provider);
    }
    let route = url.path()[prefix..].trim_matches('/');
    from_route(route, &shown, Some(provider.name))
}

/// `org/model/blob/main/config.json`: a link of a hub without its host; none where it is no such thing.
pub(super) fn route_of_page(text: &str, provider: Option<&str>) -> Option<Result<Reference, ReferenceError>> {
    let kind = RepoKind::ALL.into_iter().find(|kind| text.split('/').next() == Some(kind.plural()));
    let id_parts = 2 + usize::from(kind.is_some());
    let is_page = text.split('/').nth(id_parts).and_then(view).is_some();
    (is_page && text.matches('/').count() > id_parts).then(|| from_route(text, &printable(text), provider))
}

fn from_route(route: &str, shown: &str, provider: Option<&str>) -> Result<Reference, ReferenceError> {
    let no_repository = || ReferenceError::NotARepository { text: shown.to_owned() };
    if let Some(ReferenceError::Elsewhere { what, hint, .. }) = other_thing(route) {
        return Err(ReferenceError::Elsewhere { text: shown.to_owned(), what, hint });
    }
    let decoded = route.split('/').map(|part| percent_decode_str(part).decode_utf8().map(String::from));
    let parts: Vec<String> = decoded.collect::<Result<_, _>>().map_err(|_| no_repository())?;
    let (kind, parts) = match RepoKind::ALL.into_iter().find(|kind| parts[0] == kind.plural()) {
        Some(kind) => (kind, &parts[1..]),
        None => (RepoKind::Model, &parts[..]),
    };
    let first = parts.first().ok_or_else(no_repository)?.as_str();
    if first.is_empty() || RESERVED.contains(&first) {
        return Err(no_repository());
    }
    // some models have no owner: `gpt2/tree/main`
    let is_view = |at: usize| parts.get(at).is_some_and(|part| view(part).is_some());
    let length = if is_view(1) && !is_view(2) && parts.len() > 2 { 1 } else { parts.len().min(2) };
    let id = parts[..length].join("/");
    // no id ends so; the address that git clones does
    let id = id.strip_suffix(".git").map_or_else(|| id.clone(), str::to_owned);
    let whole = Spelled { provider, kind, id, ..Spelled::default() };
    let Some(part) = parts.get(length) else { return whole.read() };
    let elsewhere = |what, hint: &dyn Fn(&str) -> String| {
        let prefix = provider.map(|name| format!("{name}:")).unwrap_or_default();
        let id = whole.read().map(|reference| format!("{prefix}{}", reference.repo));
        id.and_then(|id| Err(ReferenceError::Elsewhere { text: shown.to_owned(), what, hint: hint(&id) }))
    };
    let rest = &parts[length + 1..];
    match view(part) {
        Some(View::Folder) => at_revision(whole, rest, "/").read(),
        Some(View::File) => at_revision(whole, rest, "").read(),
        Some(View::Revision) => at_revision(whole, &rest[..rest.len().min(1)], "").read(),
        Some(View::Page) => whole.read(),
        Some(View::Discussions) => match rest.first().filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        {
            Some(number) => elsewhere("a discussion", &|id| {
                format!("if it is a pull request, `{id}@refs/pr/{number}` is what it proposes")
            }),
            None => whole.read(),
        },
        Some(View::Comparison) => elsewhere("a comparison", &|id| {
            let right = rest.join("/").rsplit("..").next().unwrap_or_default().trim_start_matches('.').to_owned();
            format!("name the side that is meant: `{id}@{}`", printable(&right))
        }),
        None => elsewhere("a page that holds no files", &|id| format!("`{id}` is the repository that it is about")),
    }
}

/// The first part is the revision, but `refs/pr/N` and `refs/convert/NAME` have three where they are not encoded.
fn at_revision<'a>(whole: Spelled<'a>, rest: &[String], end: &str) -> Spelled<'a> {
    let is_long = rest.len() >= 3 && rest[0] == "refs" && ["pr", "convert"].contains(&rest[1].as_str());
    let (revision, path) = rest.split_at(if is_long { 3 } else { rest.len().min(1) });
    let path = (!path.is_empty()).then(|| path.join("/") + end);
    Spelled { revision: Some(revision.join("/")), path, ..whole }
}
