//! What the user typed or pasted, taken apart: provider, repository, revision, file.
//!
//! All the spellings of the field are read (`org/model@rev`, `datasets/…`, `NAME:…`, `hf://…`, links from a browser), so
//! that whatever is on the clipboard works. A link is recognised by the addresses of the known providers, never by
//! guessing at a host.

mod civitai;
mod problem;

use std::fmt;

use percent_encoding::percent_decode_str;
use url::Url;

pub use self::problem::ReferenceError;

use crate::credential::Secret;
use crate::endpoint::{Endpoint, Origin, Protocol};
use crate::repo::{Repo, RepoId, RepoKind, RepoPath, Revision, printable};

/// A provider as far as reading a reference needs to know it.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    /// The name that stands before a colon.
    pub name: &'a str,
    /// How it is spoken to, and so how its repositories are named.
    pub protocol: Protocol,
    /// The addresses of its pages: the endpoint itself and, for a mirrored hub, the hub's own.
    pub addresses: Vec<Endpoint>,
    /// One of them that is asked itself, where a link names it.
    pub second: Option<Endpoint>,
}

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The provider, where the reference names one.
    pub provider: Option<String>,
    /// The repository.
    pub repo: Repo,
    /// The revision, where the reference names one.
    pub revision: Option<Revision>,
    /// A file or folder, where the reference leads to one.
    pub path: Option<Within>,
    /// The number of a file, where the reference names one and the provider numbers its files.
    pub file: Option<u64>,
    /// What the file must be like, where a link says so: keys and values of CivitAI's download links.
    pub traits: Vec<(String, String)>,
    /// The address of the provider that is to be asked, where a link names one beside its endpoint.
    pub site: Option<Endpoint>,
    /// The token that a pasted link has in its query.
    pub token: Option<Secret>,
}

/// What in a repository a reference leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Within {
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
    pub fn parse(text: &str, known: &[Known<'_>]) -> Result<Self, ReferenceError> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("hf://") {
            return Self::from_uri(rest, Some("hf"));
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            return Self::from_link(text, known);
        }
        if let Some(host_and_path) = without_scheme(text.strip_prefix("//").unwrap_or(text), known) {
            return Self::from_link(&host_and_path, known);
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
        if provider
            .as_ref()
            .is_some_and(|name| known.iter().any(|one| one.name == name && one.protocol == Protocol::CivitAi))
        {
            return civitai::numbered(rest, provider.as_deref());
        }
        if provider.is_none() && !rest.is_empty() && rest.split(['@', '+']).all(is_number) {
            return Err(ReferenceError::BareNumber { text: printable(rest) });
        }
        if rest.contains("://") {
            return Err(ReferenceError::NotARepository { text: without_user(rest) });
        }
        let (id, revision) = match rest.split_once('@') {
            Some((id, revision)) => (id, Some(revision.parse()?)),
            None => (rest, None),
        };
        let (kind, id) = split_kind(id);
        Ok(Self {
            provider,
            repo: Repo { kind, id: id.parse()? },
            revision,
            path: None,
            file: None,
            traits: Vec::new(),
            site: None,
            token: None,
        })
    }

    /// `[TYPE/]ID[@REV][/PATH]`, as huggingface_hub reads what follows `hf://`: a revision with a slash only as
    /// `refs/pr/N` or `refs/convert/NAME`.
    fn from_uri(text: &str, provider: Option<&str>) -> Result<Self, ReferenceError> {
        let (kind, rest) = split_kind(text);
        let (id, revision, path) = match rest.split_once('@') {
            Some((id, rest)) => {
                let (revision, path) = split_revision(rest);
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
        Self::assemble(provider, kind, &id, revision.as_deref(), path.as_deref())
    }

    /// A link from a browser or an API: `…/org/model/(tree|blob|resolve|raw)/REV/PATH`, or the repository's page.
    fn from_link(text: &str, known: &[Known<'_>]) -> Result<Self, ReferenceError> {
        let elsewhere =
            || ReferenceError::NotARepository { text: printable(text.split(['?', '#']).next().unwrap_or_default()) };
        let url = Url::parse(text).map_err(|_| elsewhere())?;
        if let Some(reference) = civitai::astray(&url, known) {
            return reference;
        }
        let Some((provider, prefix)) = owner_of(&url, known) else {
            return Err(ReferenceError::UnknownHost { host: Origin::of(&url).host().to_owned() });
        };
        if provider.protocol == Protocol::CivitAi {
            return civitai::link(&url, prefix, provider);
        }
        let name = provider.name;
        let decoded = percent_decode_str(&url.path()[prefix..]).decode_utf8().map_err(|_| elsewhere())?;
        let (kind, rest) = split_kind(decoded.trim_matches('/'));
        let parts: Vec<&str> = rest.split('/').collect();
        let views = ["tree", "blob", "resolve", "raw", "commit", "blame"];
        let Some(at) = parts.iter().skip(1).take(2).position(|part| views.contains(part)).map(|at| at + 1) else {
            let is_page =
                !rest.is_empty() && !["api", "settings", "docs", "spaces", "datasets", "models"].contains(&parts[0]);
            return if is_page {
                Self::assemble(Some(name), kind, &parts[..parts.len().min(2)].join("/"), None, None)
            } else {
                Err(elsewhere())
            };
        };
        let (revision, path) = split_revision(&parts[at + 1..].join("/"));
        let path = match parts[at] {
            "commit" => None,
            "tree" => path.map(|path| path + "/"),
            _ => path,
        };
        Self::assemble(Some(name), kind, &parts[..at].join("/"), Some(&revision), path.as_deref())
    }

    fn assemble(
        provider: Option<&str>,
        kind: RepoKind,
        id: &str,
        revision: Option<&str>,
        path: Option<&str>,
    ) -> Result<Self, ReferenceError> {
        let id: RepoId = id.parse()?;
        let revision = revision.filter(|revision| !revision.is_empty()).map(str::parse).transpose()?;
        let path = match path.filter(|path| !path.is_empty()) {
            Some(path) => Some(match path.strip_suffix('/') {
                Some(folder) => Within::Folder(folder.parse()?),
                None => Within::File(path.parse()?),
            }),
            None => None,
        };
        let (provider, repo) = (provider.map(str::to_owned), Repo { kind, id });
        Ok(Self { provider, repo, revision, path, file: None, traits: Vec::new(), site: None, token: None })
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

fn provider_name(name: &str, known: &[Known<'_>]) -> Result<String, ReferenceError> {
    if known.iter().any(|provider| provider.name == name) {
        return Ok(name.to_owned());
    }
    let known = known.iter().map(|provider| provider.name.to_owned()).collect();
    Err(ReferenceError::UnknownProvider { name: printable(name), known })
}

/// `huggingface.co/org/model`, as it is copied from some address bars; without `//`, as pages write it.
fn without_scheme(text: &str, known: &[Known<'_>]) -> Option<String> {
    let host = text.split('/').next().filter(|host| host.contains('.') && host.len() < text.len())?;
    let is_known = known.iter().flat_map(|provider| &provider.addresses).any(|address| address.origin().host() == host);
    is_known.then(|| format!("https://{text}"))
}

/// The provider whose address begins `url`, and the length of that address's own path.
fn owner_of<'a, 'b>(url: &Url, known: &'a [Known<'b>]) -> Option<(&'a Known<'b>, usize)> {
    known.iter().find_map(|provider| {
        let prefix = provider.addresses.iter().find_map(|address| address.path_within(url))?;
        Some((provider, prefix))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Reference, ReferenceError> {
        let known = |name, addresses: &[&str]| Known {
            name,
            protocol: Protocol::HuggingFace,
            addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
            second: None,
        };
        Reference::parse(
            text,
            &[
                known("hf", &["https://huggingface.co", "https://hf.co", "http://127.0.0.1:9/mirror"]),
                known("ba", &["https://boincai.com"]),
                known("corp", &["https://hub.corp.example/api/huggingfaceml/models"]),
            ],
        )
    }

    fn shown(text: &str) -> String {
        let reference = parse(text).expect(text);
        let revision = reference.revision.map(|revision| format!("@{revision}")).unwrap_or_default();
        let path = reference.path.map(|path| format!(" {path}")).unwrap_or_default();
        format!("{}:{}{revision}{path}", reference.provider.as_deref().unwrap_or("-"), reference.repo)
    }

    #[test]
    fn every_spelling_of_the_field_is_read() {
        for (text, meaning) in [
            ("org/model", "-:org/model"),
            ("gpt2", "-:gpt2"),
            (" org/model@v1.0 ", "-:org/model@v1.0"),
            ("org/model@refs/pr/3", "-:org/model@refs/pr/3"),
            ("models/org/m", "-:org/m"),
            ("datasets/org/d", "-:datasets/org/d"),
            ("spaces/org/s@main", "-:spaces/org/s@main"),
            ("ba:org/model", "ba:org/model"),
            ("corp:datasets/o/d@x", "corp:datasets/o/d@x"),
            ("hf:gpt2", "hf:gpt2"),
            ("hf://org/m", "hf:org/m"),
            ("hf://datasets/org/m@refs/pr/1/sub/f.json", "hf:datasets/org/m@refs/pr/1 sub/f.json"),
            ("hf://org/m@main/f.json", "hf:org/m@main f.json"),
            ("hf://org/m/sub/f.json", "hf:org/m sub/f.json"),
            ("https://huggingface.co/org/m", "hf:org/m"),
            ("https://hf.co/gpt2", "hf:gpt2"),
            ("https://huggingface.co/org/m/tree/main", "hf:org/m@main"),
            ("https://huggingface.co/org/m/tree/main/sub", "hf:org/m@main sub/"),
            ("https://huggingface.co/org/m/tree/refs%2Fpr%2F1/a/b/", "hf:org/m@refs/pr/1 a/b/"),
            ("hf://org/m/sub/", "hf:org/m sub/"),
            ("https://huggingface.co/org/m/blob/main/a/b.json?x=1#L3", "hf:org/m@main a/b.json"),
            (
                "https://huggingface.co/org/m/resolve/refs%2Fpr%2F1/a%20b.bin?download=true",
                "hf:org/m@refs/pr/1 a b.bin",
            ),
            ("https://huggingface.co/gpt2/resolve/main/config.json", "hf:gpt2@main config.json"),
            ("https://huggingface.co/datasets/o/d/tree/v2", "hf:datasets/o/d@v2"),
            ("https://huggingface.co/org/m/discussions/4", "hf:org/m"),
            ("huggingface.co/org/m/blob/main/c.json", "hf:org/m@main c.json"),
            ("https://boincai.com/meta-llama/Llama-2-7b-ba", "ba:meta-llama/Llama-2-7b-ba"),
            ("http://127.0.0.1:9/mirror/org/m/blob/main/x", "hf:org/m@main x"),
            ("https://hub.corp.example/api/huggingfaceml/models/org/m", "corp:org/m"),
        ] {
            assert_eq!(shown(text), meaning, "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_is_refused_by_name() {
        for (text, reason) in [
            ("", "not a repository id"),
            ("a/b/c", "one slash"),
            ("nope:org/m", "no provider `nope`"),
            ("https://evil.example/org/m", "evil.example"),
            ("https://huggingface.co.evil.example/org/m", "huggingface.co.evil.example"),
            ("https://huggingface.co/", "does not lead to a repository"),
            ("https://huggingface.co/settings/tokens", "does not lead to a repository"),
            ("org/m@../x", "not a revision"),
            ("org/m@", "not a revision"),
            ("ba:org/m?token=secret", "`ba:org/m` is followed by"),
            ("hf://org/m?token=secret", "`org/m` is followed by"),
            ("ba:https://me:secret@h.example/m", "`https://h.example/m` does not lead"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(reason) && !error.contains("secret"), "{text}: {error}");
        }
    }
}
