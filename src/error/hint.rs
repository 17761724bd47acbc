//! What to try next: for each error the step that leads on, and for each refusal where its token came from.
//!
//! A hint is a whole sentence with the command or the page in it, because "access denied" without a page to open is the
//! loudest complaint about gated models (user reports: huggingface_hub#2844, transformers#31367, jan#6861).

mod refusal;
mod worker;

use std::path::Path;

use indicatif::DecimalBytes;

use super::Error;
use crate::apps::comfyui::ComfyuiError;
use crate::apps::weights::{DtypeError, Offer, WeightsError};
use crate::fetch::FetchError;
use crate::hub::auth::{AuthError, IdentityError};
use crate::hub::http::{Answerer, ClientError, Failure, NetworkKind};
use crate::pattern::{Criterion, Unmatched};
use crate::reference::ReferenceError;
use crate::repo::{Repo, RepoId, RepoPath};
use crate::settings::{ConfigError, ProxyError, SettingsError};
use crate::store::cache::CacheError;

impl Error {
    /// What the user may do, most promising first.
    #[must_use]
    pub(crate) fn hints(&self) -> Vec<String> {
        match self {
            Self::Refused(refused) => refused.hints(),
            Self::InList { error, .. } => error.hints(),
            Self::BadToken(token) => token.hints(),
            Self::Identity(error) => identity(error),
            Self::Auth(AuthError::NoSuchLogin { .. }) => vec!["`gatedl auth list` shows those that there are".to_owned()],
            Self::Auth(AuthError::Name { .. }) => vec!["choose another name with --name".to_owned()],
            Self::Auth(AuthError::Readable { path }) => vec![format!("run `chmod 600 '{}'`", path.display())],
            Self::CommandLine(_, hints) => hints.clone(),
            Self::TokenArgument { .. } => vec![
                "`gatedl auth login` stores a token; HF_TOKEN, --token-file FILE and --token-stdin give it to one run".to_owned(),
                "one that others may have seen is renewed where it was made: https://huggingface.co/settings/tokens".to_owned(),
            ],
            Self::Settings(error) => settings(error),
            Self::Client(ClientError::Proxy(ProxyError { variable, .. })) => vec![format!(
                "write {variable} as `http://host:port` (or https, socks5, socks5h), or unset it to connect without a proxy"
            )],
            Self::Reference(ReferenceError::UnknownProvider { known, .. }) => vec![providers(known)],
            Self::Reference(ReferenceError::UnknownHost { .. }) => {
                vec!["another hub is named by HF_ENDPOINT or in the configuration file".to_owned()]
            }
            Self::Reference(ReferenceError::Storage { .. }) => vec![
                "such a link is signed for one download and names no model: take the address of the model's page, or the \
                 download link on it"
                    .to_owned(),
            ],
            Self::Reference(ReferenceError::Elsewhere { hint, .. }) => vec![hint.clone()],
            Self::Reference(ReferenceError::Query { text }) if text.contains('@') => {
                vec!["a branch with `?` or `#` in its name goes behind --revision, in quotes".to_owned()]
            }
            Self::Reference(ReferenceError::Query { text }) => vec![format!("without it: `gatedl pull {text}`")],
            Self::Reference(ReferenceError::Local { text }) => {
                vec![format!("a repository is put there with --local-dir: `gatedl pull OWNER/NAME --local-dir {text}`")]
            }
            Self::Reference(ReferenceError::TooDeep { repo, path, .. }) => {
                vec![format!("if it is a file: `gatedl pull {repo} {path}`")]
            }
            Self::Reference(ReferenceError::BareNumber { text }) => bare_number(text),
            Self::Reference(ReferenceError::NotANumber { .. }) => {
                vec!["models of CivitAI are written `civitai:MODEL@VERSION+FILE`, each a number of the page's address".to_owned()]
            }
            Self::Auth(AuthError::Empty { .. }) => vec!["`--anonymous` asks without a token".to_owned()],
            Self::File(error) => error.hints(),
            Self::Selection { repo, source } => selection(repo, source),
            Self::Offline { missing, .. } => offline(missing),
            Self::Fetch(FetchError::Corrupt { .. }) => vec![
                "run the command again; if it ends the same way, something on the line (a proxy, a mirror) changes files"
                    .to_owned(),
            ],
            Self::Cache(error) | Self::Fetch(FetchError::Cache(error) | FetchError::Full { source: error, .. }) => cache(error),
            Self::Catalog(error) => worker::catalog(error),
            Self::Flow(error) => worker::flow(error),
            Self::Archive(error) => worker::archive(error),
            Self::CatalogUnreachable { source, .. } => network(source),
            Self::CatalogOffline { .. } => vec!["name a file: --catalog FILE".to_owned()],
            Self::Comfyui(error) => comfyui(error),
            Self::Weights { reference, problem, .. } => near_quant(reference, problem).into_iter().chain(weights(problem)).collect(),
            Self::Dtype { problem: DtypeError::Absent { others, .. }, .. } => choices("--dtype", others),
            Self::Interrupted => vec!["run the same command again to go on from there".to_owned()],
            Self::Provider { .. } | Self::Whose { .. } => self.failure().map_or_else(listing, network),
            Self::Fetch(FetchError::Transfer { source: failure, .. }) => {
                let kept = "what has arrived is kept; run the same command again to go on from there";
                network(failure).into_iter().chain([kept.to_owned()]).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn identity(error: &IdentityError) -> Vec<String> {
    match error {
        IdentityError::NoIdentity => vec![
            "a job of GitHub Actions has one if it asks for it: `permissions: { id-token: write }`".to_owned(),
            "other CI systems: put the identity token that they make for the hub into HF_OIDC_ID_TOKEN, or name its file in HF_OIDC_ID_TOKEN_FILE".to_owned(),
        ],
        IdentityError::Exchange { source: Failure::Refused(refused), .. } if refused.status.is_client_error() => vec![
            "the settings of that repository or user name the workflows that it trusts; no other token was tried"
                .to_owned(),
        ],
        _ => error.failure().map(network).unwrap_or_default(),
    }
}

fn settings(error: &SettingsError) -> Vec<String> {
    match error {
        SettingsError::UnknownProvider { known, .. } => vec![providers(known)],
        SettingsError::NoHome => vec!["set HOME, or name a folder with --cache-dir".to_owned()],
        SettingsError::Config(ConfigError::Readable { path }) => vec![format!("run `chmod 600 '{}'`", path.display())],
        SettingsError::Config(ConfigError::Writable { path }) => vec![only_by_you(path)],
        _ => Vec::new(),
    }
}

fn only_by_you(path: &Path) -> String {
    format!("if it says what you want, run `chmod go-w '{0}'` (a file of somebody else: copy it first)", path.display())
}

/// The numbers of models and of versions overlap, and a hub may have a repository with a number for its name.
fn bare_number(text: &str) -> Vec<String> {
    if text.contains(['@', '+']) {
        return vec![format!("numbers of CivitAI are written `civitai:{text}`")];
    }
    vec![
        format!("`civitai:{text}` is a model of CivitAI, `civitai:model-versions/{text}` is a version of one"),
        format!("`hf:{text}` is a repository of that name"),
    ]
}

fn providers(known: &[String]) -> String {
    format!("the providers are {}; others can be added in the configuration file", list(known))
}

fn selection(repo: &Repo, unmatched: &Unmatched) -> Vec<String> {
    let Unmatched::Missing(missing) = unmatched else { return Vec::new() };
    let mut hints: Vec<String> = missing
        .iter()
        .filter(|one| !one.near.is_empty())
        .map(|one| format!("near `{}`: {}", one.wanted.as_str(), list(&one.near)))
        .collect();
    if let Some(other) = missing.iter().find(|one| one.near.is_empty() && may_be_a_repository(one.wanted.as_str())) {
        let other = other.wanted.as_str();
        hints.push(format!("names behind a reference are its files; two repositories are two pulls: `gatedl pull {repo} && gatedl pull {other}`"));
        hints.push("or a line each in a file: `gatedl pull --file models.txt`".to_owned());
    }
    if missing.iter().any(|one| one.wanted.is_name_with_wildcards()) {
        hints.push("names are taken literally; patterns go behind --include".to_owned());
    }
    if missing.iter().any(|one| matches!(&one.wanted, Criterion::Name(name) if !name.ends_with('/')))
        && hints.is_empty()
    {
        hints.push("`--dry-run` without names lists all files".to_owned());
    }
    hints
}

/// Whether a name that no file has may be that of a repository: `owner/name` without the ending of a file.
fn may_be_a_repository(name: &str) -> bool {
    let route = name.rsplit_once(':').map_or(name, |(_, route)| route);
    let route = ["datasets/", "spaces/", "models/"].iter().find_map(|kind| route.strip_prefix(kind)).unwrap_or(route);
    let is_ending = |ending: &str| ending.starts_with(|first: char| first.is_ascii_lowercase());
    let is_file = route.rsplit_once('.').is_some_and(|(_, ending)| is_ending(ending));
    !is_file && route.parse().is_ok_and(|id: RepoId| id.owner().is_some())
}

fn offline(missing: &[RepoPath]) -> Vec<String> {
    let mut hints = Vec::new();
    if !missing.is_empty() {
        let names: Vec<String> = missing.iter().take(5).map(ToString::to_string).collect();
        let more = missing.len().saturating_sub(names.len());
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        hints.push(format!("missing: {}{rest}", list(&names)));
    }
    hints.push("run the same command online once (without --offline and HF_HUB_OFFLINE)".to_owned());
    hints
}

fn cache(error: &CacheError) -> Vec<String> {
    if error.is_disk_full() {
        return vec![
            "make room, or name another folder with --cache-dir or --local-dir; what has arrived is kept".to_owned(),
        ];
    }
    match error {
        CacheError::ReadOnly { .. } => vec![
            "--offline takes what the cache has, at the commit that it has".to_owned(),
            "--cache-dir names another cache; `gatedl pull` also takes --local-dir".to_owned(),
        ],
        CacheError::Occupied { .. } => vec!["move it away, or replace it with --force".to_owned()],
        CacheError::Damaged { .. } => vec!["`--force` fetches it again".to_owned()],
        CacheError::Io { source, .. } if source.kind() == std::io::ErrorKind::FileTooLarge => vec![
            "files of this size may not be written there: `ulimit -f` tells the limit of this shell, and a disk formatted \
             as FAT32 ends at 4 GiB; what has arrived is kept"
                .to_owned(),
        ],
        _ => Vec::new(),
    }
}

fn comfyui(error: &ComfyuiError) -> Vec<String> {
    match error {
        ComfyuiError::Untyped { types, published, .. } => {
            // a detector is one of two, and only who made it knows which
            let is_detector = published.as_deref() == Some("Detection");
            let types = types.iter().map(ToString::to_string);
            let types: Vec<String> = types.filter(|kind| !is_detector || kind.starts_with("ultralytics_")).collect();
            let other = match published {
                Some(_) => "or pull it without --into, into the cache or a folder (--local-dir)",
                None => "or name the files of one type after the reference",
            };
            vec![format!("say what it is with --comfyui-type: {}", types.join(", ")), other.to_owned()]
        }
        ComfyuiError::OneName { .. } => vec!["pull them one by one, by name".to_owned()],
        ComfyuiError::NoModels { .. } => {
            vec!["name the files after the reference to bring them all the same, or pull without --into".to_owned()]
        }
        _ => Vec::new(),
    }
}

/// The quantization that an abbreviation means most likely: `Q4` and Ollama's `latest` are Q4_K_M there.
fn near_quant(reference: &str, error: &WeightsError) -> Option<String> {
    let WeightsError::NoQuant { wanted, others, .. } = error else { return None };
    let wanted = if wanted.eq_ignore_ascii_case("latest") { "Q4_K_M".to_owned() } else { wanted.to_uppercase() };
    let near: Vec<&Offer> = others.iter().filter(|one| one.name.to_uppercase().starts_with(&wanted)).collect();
    let usual = near.iter().find(|one| one.name.to_uppercase() == format!("{wanted}_K_M")).or(near.first())?;
    Some(format!("perhaps you mean `gatedl pull {reference}:{}`", usual.name))
}

fn weights(error: &WeightsError) -> Vec<String> {
    match error {
        WeightsError::Absent { others, .. } => choices("--weights", others),
        WeightsError::NoQuant { others, patterns, .. } | WeightsError::Ambiguous { others, patterns } => {
            choices("--quant", others).into_iter().chain(choices("--include", patterns)).collect()
        }
        WeightsError::Incomplete { .. } => vec!["without the flag everything that is there is pulled".to_owned()],
    }
}

/// What can be said instead, with sizes.
fn choices(flag: &str, others: &[Offer]) -> Vec<String> {
    if others.is_empty() { Vec::new() } else { vec![format!("{flag} may be {}", sized(others))] }
}

fn sized(others: &[Offer]) -> String {
    let texts = others.iter().map(|one| format!("`{}` ({})", one.name, DecimalBytes(one.size)));
    texts.collect::<Vec<_>>().join(", ")
}

fn listing() -> Vec<String> {
    vec!["nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)".to_owned()]
}

fn network(failure: &Failure) -> Vec<String> {
    let hint = match failure {
        Failure::Network { kind: NetworkKind::Certificate, .. } => {
            "behind an inspecting proxy, name its certificate in SSL_CERT_FILE (REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE work \
             too)"
                .to_owned()
        }
        Failure::Network { kind: NetworkKind::Connect, .. } => {
            "`gatedl doctor` looks for the reason; `gatedl pull --offline` uses what is in the cache".to_owned()
        }
        Failure::Network { kind: NetworkKind::Stalled, .. } => {
            "a slow mirror may need more time: HF_HUB_ETAG_TIMEOUT and HF_HUB_DOWNLOAD_TIMEOUT take seconds".to_owned()
        }
        Failure::Network { kind: NetworkKind::Broken, .. } => return Vec::new(),
        Failure::LoginPage { .. } => return Vec::new(),
        Failure::Refused(refused) if refused.is_xml && refused.from == Answerer::Storage => {
            "the storage refuses the link that it was just given: your access is not the reason; try again later".to_owned()
        }
        Failure::Refused(refused) if refused.is_page && !refused.is_xml && refused.status.as_u16() == 403 => {
            "a firewall in front of the server refuses, not the server; another network or a later time may help".to_owned()
        }
        Failure::Refused(refused) if refused.status.as_u16() == 404 && refused.may_pass => {
            "the server cannot reach its storage, your access is not the reason; try again later".to_owned()
        }
        Failure::Refused(refused) => match (refused.status.as_u16(), refused.wait) {
            (429, Some(wait)) if wait.as_secs() >= 60 => {
                format!("try again in {} minutes; the limit is lowest without a token", wait.as_secs().div_ceil(60))
            }
            (429, _) => "try again in a few minutes; the limit is lowest without a token".to_owned(),
            (500.., _) => "the server is in trouble, your access is not the reason; try again later".to_owned(),
            _ => return Vec::new(),
        },
        Failure::Broken { .. } => {
            "perhaps this is no hub that answers: check the address, and whether a proxy or a login page is in between"
                .to_owned()
        }
    };
    vec![hint]
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
