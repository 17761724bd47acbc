//! What the user typed or pasted, taken apart: provider, repository, revision, file.
//!
//! All the spellings of the field are read (`org/model@rev`, `datasets/…`, `NAME:…`, `hf://…`, links from a browser), so
//! that whatever is on the clipboard works. A link is recognised by the addresses of the known providers, never by
//! guessing at a host.

mod civitai;
mod link;
mod pasted;
mod problem;

use std::fmt;

use percent_encoding::percent_decode_str;
use url::Url;

pub(crate) use self::problem::ReferenceError;

use crate::credential::Secret;
use crate::endpoint::Endpoint;
use crate::repo::{Commit, Repo, RepoKind, RepoPath, Revision, printable};

/// A provider as far as reading a reference needs to know it.
#[derive(Debug, Clone)]
pub(crate) struct KnownProvider<'a> {
    /// The name that stands before a colon.
    pub(crate) name: &'a str,
    /// How its repositories are written.
    pub(crate) spelling: Spelling,
    /// The addresses of its pages: the endpoint itself and, for a mirrored hub, the hub's own.
    pub(crate) addresses: Vec<Endpoint>,
    /// One of them that is asked itself, where a link names it.
    pub(crate) second: Option<Endpoint>,
}

/// How the repositories of a provider are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spelling {
    /// As numbers, `MODEL@VERSION+FILE`; else as `owner/name` at a git revision.
    pub(crate) is_numbered: bool,
    /// The scheme of its own links: `hf://`.
    pub(crate) scheme: Option<&'static str>,
    /// The word for it in an AIR.
    pub(crate) air: Option<&'static str>,
}

impl Spelling {
    /// The commit of a revision that can never move: a full hash, or a numbered version.
    #[must_use]
    pub(crate) fn fixed(self, revision: &Revision) -> Option<Commit> {
        let number = revision.as_str().parse().ok().filter(|_| self.is_numbered && is_number(revision.as_str()));
        number.map(Commit::of_number).or_else(|| revision.as_commit())
    }
}

/// What the user asked for.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    /// The provider, where the reference names one.
    pub(crate) provider: Option<String>,
    /// The repository.
    pub(crate) repo: Repo,
    /// The revision, where the reference names one.
    pub(crate) revision: Option<Revision>,
    /// A file or folder, where the reference leads to one.
    pub(crate) path: Option<Within>,
    /// A quantization of GGUF files, where one stands behind a colon.
    pub(crate) quant: Option<String>,
    /// Which of its alternative files, where the provider has such.
    pub(crate) variant: Variant,
    /// The address of the provider that is to be asked, where a link names one beside its endpoint.
    pub(crate) site: Option<Endpoint>,
    /// The token that a pasted link has in its query.
    pub(crate) token: Option<Secret>,
}

/// Which of the files that a provider publishes as alternatives to each other is meant; all open where nothing says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Variant {
    /// Its number.
    pub(crate) number: Option<u64>,
    /// What it must be like: keys and values in the words of the provider.
    pub(crate) traits: Vec<(String, String)>,
}

/// What in a repository a reference leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Within {
    /// A file.
    File(RepoPath),
    /// Everything below a folder.
    Folder(RepoPath),
}

/// As a name is written after the reference: a folder with its closing slash.
impl fmt::Display for Within {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.fmt(formatter),
            Self::Folder(path) => write!(formatter, "{path}/"),
        }
    }
}

impl Reference {
    /// Reads a reference.
    ///
    /// # Errors
    /// When it breaks a rule, names an unknown provider, or is a link that leads somewhere else.
    pub(crate) fn parse(text: &str, known: &[KnownProvider<'_>]) -> Result<Self, ReferenceError> {
        let bare = pasted::bare(text);
        let of_scheme = |one: &KnownProvider<'_>| {
            Some((one.name.to_owned(), pasted::without_prefix(&bare, one.spelling.scheme?)?.to_owned()))
        };
        if let Some((name, rest)) = known.iter().find_map(of_scheme) {
            return Self::from_uri(&rest, Some(&name));
        }
        let text = pasted::without_stop(&bare);
        if ["https://", "http://"].iter().any(|scheme| pasted::without_prefix(text, scheme).is_some()) {
            return link::read(text, known);
        }
        if pasted::is_path(text) {
            return Err(ReferenceError::Local { text: printable(text) });
        }
        if let Some(host_and_path) = without_scheme(text.strip_prefix("//").unwrap_or(text), known) {
            return link::read(&host_and_path, known);
        }
        if let Some((before, _)) = text.split_once(['?', '#']) {
            return Err(ReferenceError::Query { text: without_user(before) });
        }
        if let Some(reference) = civitai::air(text, known) {
            return reference;
        }
        let (provider, rest) = match text.split_once(':') {
            Some((name, rest)) if !name.contains(['/', '@']) => (Some(provider_name(name, known)?), rest),
            _ => (None, text),
        };
        let is_meant = |one: &KnownProvider<'_>| Some(one.name) == provider.as_deref() && one.spelling.is_numbered;
        if known.iter().any(is_meant) {
            return civitai::numbered(rest, provider.as_deref());
        }
        if provider.is_none() && !rest.is_empty() && rest.split(['@', '+']).all(is_number) {
            return Err(ReferenceError::BareNumber { text: printable(rest) });
        }
        if rest.contains("://") {
            return Err(ReferenceError::NotARepository { text: without_user(rest) });
        }
        if let Some(error) = link::other_thing(rest).filter(|_| rest.matches('/').count() > 1) {
            return Err(error);
        }
        if let Some(reference) = link::route_of_page(rest, provider.as_deref()) {
            return reference;
        }
        let (id, revision) = match rest.split_once('@') {
            Some((id, revision)) => (id, Some(revision.to_owned())),
            None => (rest, None),
        };
        let (kind, id) = split_kind(id);
        if let Some((at, _)) = id.match_indices('/').nth(1).filter(|_| revision.is_none()) {
            let (repo, path) = (&text[..text.len() - (id.len() - at)], &id[at + 1..]);
            if id[..at].parse::<crate::repo::RepoId>().is_ok() && path.parse::<RepoPath>().is_ok() {
                let (text, repo, path) = (printable(rest), printable(repo), printable(path));
                return Err(ReferenceError::TooDeep { text, repo, path });
            }
        }
        Spelled { provider: provider.as_deref(), kind, id: id.to_owned(), revision, path: None }.read()
    }

    /// `[TYPE/]ID[@REV][/PATH]`, as huggingface_hub reads what follows `hf://`: a revision with a slash only as
    /// `refs/pr/N` or `refs/convert/NAME`.
    fn from_uri(text: &str, provider: Option<&str>) -> Result<Self, ReferenceError> {
        if let Some(error) = link::other_thing(text) {
            return Err(error);
        }
        let (kind, rest) = split_kind(text);
        // an `@` behind the name is part of a file's name
        let at_name = |(id, _): &(&str, &str)| id.matches('/').count() <= 1;
        let (id, revision, path) = match rest.split_once('@').filter(at_name) {
            Some((id, rest)) => {
                let (revision, path) = split_revision(rest);
                let revision = percent_decode_str(&revision).decode_utf8_lossy().into_owned();
                (id.to_owned(), Some(revision), path)
            }
            None => {
                let mut parts = rest.splitn(3, '/');
                let id = [parts.next(), parts.next()].into_iter().flatten().collect::<Vec<_>>().join("/");
                (id, None, parts.next().map(str::to_owned))
            }
        };
        // a file may have any name
        if let Some((before, _)) =
            [Some(&id), revision.as_ref()].into_iter().flatten().find_map(|part| part.split_once(['?', '#']))
        {
            return Err(ReferenceError::Query { text: printable(before) });
        }
        Spelled { provider, kind, id, revision, path }.read()
    }
}

/// The parts of a reference, each still as it was written.
#[derive(Debug, Default)]
struct Spelled<'a> {
    provider: Option<&'a str>,
    kind: RepoKind,
    id: String,
    revision: Option<String>,
    path: Option<String>,
}

impl Spelled<'_> {
    fn read(&self) -> Result<Reference, ReferenceError> {
        // neither an id nor a revision can hold a `:`; llama.cpp, ollama and docker write the quantization behind one
        let (id, behind_id) = split_quant(&self.id);
        let (revision, behind_revision) = self.revision.as_deref().map_or((None, None), |revision| {
            let (revision, quant) = split_quant(revision);
            (Some(revision), quant)
        });
        let repo = Repo { kind: self.kind, id: id.parse()? };
        let revision = revision.map(str::parse).transpose()?;
        let path = match self.path.as_deref().filter(|path| !path.is_empty()) {
            Some(path) => Some(match path.strip_suffix('/') {
                Some(folder) => Within::Folder(folder.parse()?),
                None => Within::File(path.parse()?),
            }),
            None => None,
        };
        let quant = behind_id.or(behind_revision).map(str::to_owned);
        let provider = self.provider.map(str::to_owned);
        Ok(Reference { provider, repo, revision, path, quant, variant: Variant::default(), site: None, token: None })
    }
}

/// `model:Q4_K_M`, taken apart.
fn split_quant(text: &str) -> (&str, Option<&str>) {
    match text.split_once(':').filter(|(_, quant)| !quant.is_empty() && !quant.contains([':', '/', '@'])) {
        Some((before, quant)) => (before, Some(quant)),
        None => (text, None),
    }
}

/// A text that may be a link with a user and a password in it, as it may be shown.
fn without_user(text: &str) -> String {
    let shown = text.split_once("://").and_then(|(scheme, rest)| {
        let (user, _) = rest.split('/').next()?.rsplit_once('@')?;
        Some(format!("{scheme}://{}", &rest[user.len() + 1..]))
    });
    printable(shown.as_deref().unwrap_or(text))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn split_kind(text: &str) -> (RepoKind, &str) {
    RepoKind::ALL
        .into_iter()
        .find_map(|kind| Some((kind, text.strip_prefix(kind.plural())?.strip_prefix('/')?)))
        .unwrap_or((RepoKind::Model, text))
}

/// Splits `REV/PATH`; the first part is the revision, but `refs/pr/N` and `refs/convert/NAME` have three.
fn split_revision(text: &str) -> (String, Option<String>) {
    let parts: Vec<&str> = text.split('/').collect();
    let length = if parts.len() >= 3 && parts[0] == "refs" && ["pr", "convert"].contains(&parts[1]) { 3 } else { 1 };
    let path = parts[length.min(parts.len())..].join("/");
    (parts[..length.min(parts.len())].join("/"), Some(path).filter(|path| !path.is_empty()))
}

fn provider_name(name: &str, known: &[KnownProvider<'_>]) -> Result<String, ReferenceError> {
    let exactly = known.iter().find(|provider| provider.name == name);
    if let Some(found) = exactly.or_else(|| known.iter().find(|provider| provider.name.eq_ignore_ascii_case(name))) {
        return Ok(found.name.to_owned());
    }
    let known = known.iter().map(|provider| provider.name.to_owned()).collect();
    Err(ReferenceError::UnknownProvider { name: printable(name), known })
}

/// `huggingface.co/org/model`, as it is copied from some address bars; without `//`, as pages write it.
fn without_scheme(text: &str, known: &[KnownProvider<'_>]) -> Option<String> {
    let host = text.split('/').next().filter(|host| host.contains('.') && host.len() < text.len())?.to_lowercase();
    let today = host.strip_prefix("www.").unwrap_or(&host);
    let is_known = known.iter().flat_map(|provider| &provider.addresses).any(|address| {
        let known = address.origin().host().to_owned();
        known == host || known == today
    });
    is_known.then(|| format!("https://{text}"))
}

/// The provider whose address begins `url`, and the length of that address's own path.
fn owner_of<'a, 'b>(url: &Url, known: &'a [KnownProvider<'b>]) -> Option<(&'a KnownProvider<'b>, usize)> {
    let owner = |url: &Url| {
        known.iter().find_map(|provider| {
            let prefix = provider.addresses.iter().find_map(|address| address.path_within(url))?;
            Some((provider, prefix))
        })
    };
    // as it is typed, or was written years ago: only the path of a link is read, and the provider asked at its endpoint
    owner(url).or_else(|| owner(&pasted::as_today(url)?))
}

#[cfg(test)]
mod tests;
