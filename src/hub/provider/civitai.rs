//! CivitAI: numbered models, versions and files, and a site that is stingy with reasons.
//!
//! The traps: a wrong key is no error but the same as no key, so only `GET /api/v1/me` tells a bad
//! one; the API's own `downloadUrl` yields another file to an account with other preferences, so files are asked for by
//! their number; a storage host is `b2.civitai.com`, a sub-domain, and the key must not reach it (providers §0.4 to 0.7).
//!
//! A model is a repository named by its number, a version its revision; the commit of a version is its number in 40
//! digits. What was published once does not change, so a pull of a numbered version that is here asks nothing.

mod asked_as;
mod explain;
mod listing;
mod wire;

use std::sync::Arc;

use reqwest::header::{CACHE_CONTROL, HeaderMap};
use url::Url;

use self::asked_as::AskedAs;
use super::{AccessAnswer, Account, Answering, Provider, ProviderError, Refusal, RefusalKind};
use crate::credential::Credential;
use crate::endpoint::Endpoint;
use crate::hub::http::{ByteRange, Client, Dialect, Failure, HttpRequest, HttpResponse};
use crate::manifest::{Gate, ListedFile, Listing, ProviderFileId, RepoFile, Resolved};
use crate::reference::Spelling;
use crate::repo::{Commit, Repo, RepoPath, Revision};
use crate::settings::{Protocol, ProviderSettings};

/// 35 TB: no disk could hold more, and sums of such lengths are still numbers.
const LARGEST_FILE: u64 = 1 << 45;
/// Storage refuses programs with many connections (civitai#2113), and one is mostly fast.
const MOST_CONNECTIONS: usize = 4;

/// What a site says in an error is shorter, in bytes.
const LONGEST_DOCUMENT: usize = 64 << 10;

/// What an id begins with that stands for the hash of a file.
const BY_HASH: &str = "by-hash/";

/// How its servers refuse in ways of their own.
const DIALECT: Dialect = Dialect { is_login, may_pass };

/// A download that needs a login leads to the page for it, which answers 200.
fn is_login(next: &Url) -> bool {
    next.query_pairs().any(|(key, value)| key == "reason" && value == "download-auth")
}

/// A 404 while the storage is away differs from a true one in this (providers §1.4).
fn may_pass(headers: &HeaderMap) -> bool {
    headers.get(CACHE_CONTROL).is_some_and(|value| value == "private, no-store")
}

/// Whether an answer that ignores the range is an error that calls itself a file (Civitai-Helper#310): a short JSON object,
/// where no such file was asked for.
async fn is_document(answer: &mut HttpResponse, name: &str) -> Result<bool, Failure> {
    let length = answer.header("content-length").and_then(|text| text.trim().parse::<usize>().ok());
    let is_short = length.is_some_and(|length| length <= LONGEST_DOCUMENT) && answer.status().as_u16() == 200;
    if !is_short || name.to_ascii_lowercase().ends_with(".json") {
        return Ok(false);
    }
    match answer.document::<serde_json::Map<String, serde_json::Value>>().await {
        Ok(_) => Ok(true),
        Err(Failure::Broken { .. }) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// The number of the version that a commit stands for. A commit that is not a number is left for the server to refuse.
fn number(commit: &Commit) -> String {
    commit.as_number().map_or_else(|| commit.to_string(), |number| number.to_string())
}

/// CivitAI, or a server that speaks like it.
#[derive(Debug)]
struct CivitAi {
    spelling: Spelling,
    endpoint: Endpoint,
    pages: Endpoint,
    client: Client,
    credential: Option<Credential>,
}

/// What speaks this protocol, if `settings` ask for it.
pub(super) fn connect(
    settings: &ProviderSettings,
    client: &Client,
    credential: Option<&Credential>,
) -> Option<Arc<dyn Provider>> {
    if settings.facts.protocol != Protocol::CivitAi {
        return None;
    }
    Some(Arc::new(CivitAi::new(settings, client.speaking(DIALECT), credential.cloned())))
}

impl CivitAi {
    /// The site at the endpoint of `settings`, asked with `credential`.
    #[must_use]
    fn new(settings: &ProviderSettings, client: Client, credential: Option<Credential>) -> Self {
        let spelling = settings.facts.spelling;
        Self { spelling, endpoint: settings.endpoint.clone(), pages: settings.pages.clone(), client, credential }
    }

    fn get(&self, url: Url) -> HttpRequest<'_> {
        HttpRequest::get(url, self.credential.as_ref())
    }

    fn refuse(&self, repo: &Repo, kind: RefusalKind) -> ProviderError {
        ProviderError::Refused(Box::new(explain::refusal(repo, kind, &self.pages)))
    }

    /// Where a version's file is asked for. Without `fileId` the account's preferences choose; but a file that is only
    /// linked from another version is not found by its number at this one (providers C2).
    fn download(&self, commit: &Commit, file: Option<&ProviderFileId>) -> Url {
        let asked_as = file.and_then(|file| file.asked_as.as_ref()?.parse::<AskedAs>().ok());
        let version = match &asked_as {
            Some(AskedAs::OfVersion(version)) => version.to_string(),
            Some(AskedAs::Kind(_)) | None => number(commit),
        };
        let mut url = self.endpoint.join(["api", "download", "models", &version]);
        match (asked_as, file) {
            (Some(AskedAs::Kind(kind)), _) => url.query_pairs_mut().append_pair("type", &kind),
            (_, Some(file)) => url.query_pairs_mut().append_pair("fileId", &file.number.to_string()),
            (_, None) => return url,
        };
        url
    }

    async fn version(&self, number: &str) -> Result<wire::Version, ProviderError> {
        let url = self.endpoint.join(["api", "v1", "model-versions", number]);
        Ok(self.client.json(&self.get(url)).await?.0)
    }

    async fn revision(&self, repo: &Repo, revision: &Revision) -> Result<Resolved, ProviderError> {
        let resolved = |commit, repo| Resolved { commit, gate: Gate::Unsaid, repo, file: None, telling: None };
        if let Some(hash) = repo.id.as_str().strip_prefix(BY_HASH) {
            return self.by_hash(repo, hash).await;
        }
        if let Some(commit) = self.spelling.fixed(revision) {
            // a page that names only a version: the model is kept under its own number
            let named = match repo.id.owner() {
                Some(_) => Some(self.model_of(repo, repo.id.name()).await?),
                None => None,
            };
            return Ok(resolved(commit, named));
        }
        if *revision != Revision::main() {
            return Err(self.refuse(repo, RefusalKind::NotPublished));
        }
        let url = self.endpoint.join(["api", "v1", "models", repo.id.as_str()]);
        let (model, _): (wire::WireModel, _) = self.client.json(&self.get(url.clone())).await?;
        if model.is_archived() {
            return Err(self.refuse(repo, RefusalKind::Archived));
        }
        let Some(versions) = model.model_versions else {
            return Err(Failure::broken(&url, "the answer is no model's".to_owned()).into());
        };
        let Some(latest) = versions.first() else {
            return Err(self.refuse(repo, RefusalKind::NotPublished));
        };
        let commit = Commit::of_number(latest.id);
        Ok(Resolved { telling: latest.some_file(), ..resolved(commit, None) })
    }

    /// The version and the file that a hash is of; the answer is the whole version, whichever of its files it was.
    async fn by_hash(&self, repo: &Repo, hash: &str) -> Result<Resolved, ProviderError> {
        let url = self.endpoint.join(["api", "v1", "model-versions", "by-hash", hash]);
        let (version, _): (wire::Version, _) = self.client.json(&self.get(url.clone())).await?;
        let file = version.files.iter().flatten().find(|file| file.is_hashed(hash)).and_then(|file| file.id);
        let model = version.model_id.and_then(|model| model.to_string().parse().ok());
        let (Some(file), Some(model), Some(number)) = (file, model, version.id) else {
            return Err(Failure::broken(&url, format!("the answer names no file with the hash {hash}")).into());
        };
        let (commit, repo) = (Commit::of_number(number), Repo { id: model, ..repo.clone() });
        Ok(Resolved { commit, gate: Gate::Unsaid, repo: Some(repo), file: Some(file), telling: None })
    }

    async fn model_of(&self, repo: &Repo, version: &str) -> Result<Repo, ProviderError> {
        let version = self.version(version).await?;
        let id = version.model_id.and_then(|model| model.to_string().parse().ok());
        let id = id.ok_or_else(|| listing::problem(repo, "the version names no model"))?;
        Ok(Repo { id, ..repo.clone() })
    }

    async fn listing(&self, repo: &Repo, commit: &Commit) -> Result<Listing, ProviderError> {
        let url = self.endpoint.join(["api", "v1", "model-versions", &number(commit)]);
        let (version, _): (wire::Version, _) = self.client.json(&self.get(url.clone())).await?;
        let is_named = repo.id.owner().is_none();
        if is_named && version.model_id.is_some_and(|model| model.to_string() != repo.id.as_str()) {
            return Err(self.refuse(repo, RefusalKind::NotPublished));
        }
        if let Some(refusal) = explain::described(repo, &version, self.credential.is_some(), &self.pages) {
            return Err(ProviderError::Refused(Box::new(refusal)));
        }
        match version.files.as_deref() {
            None => return Err(Failure::broken(&url, "the answer is no version's".to_owned()).into()),
            Some([]) => return Err(self.refuse(repo, RefusalKind::NotPublished)),
            Some(_) => {}
        }
        let entries = listing::entries(repo, commit.as_number(), &version)?;
        Ok(Listing { entries: entries.into_iter().map(Arc::new).collect(), odd: Vec::new() })
    }

    /// Asks for the first byte. HEAD answers 401 whoever asks (vast-ai/base-image#215).
    async fn first_byte(&self, url: Url, name: &str) -> Result<u64, ProviderError> {
        let range = Some(ByteRange { start: 0, end: 1 });
        let mut answer = match self.client.insist(&HttpRequest { range, ..self.get(url) }).await {
            Ok(answer) => answer,
            // an empty file has no first byte
            Err(Failure::Refused(refused)) if refused.status.as_u16() == 416 => return Ok(0),
            Err(failure) => return Err(failure.into()),
        };
        let kind = answer.header("content-type").unwrap_or_default();
        let sent = if kind.starts_with("text/html") {
            Some("a web page")
        } else if kind.starts_with("application/json") || is_document(&mut answer, name).await? {
            Some("a JSON document")
        } else {
            None
        };
        if let Some(what) = sent {
            return Err(Failure::broken(answer.url(), format!("{what} was sent in place of `{name}`")).into());
        }
        let total = answer.header("content-range").and_then(|range| range.rsplit_once('/')).map(|(_, total)| total);
        let whole = answer.header("content-length").filter(|_| answer.status().as_u16() == 200);
        let length = total.or(whole).and_then(|text| text.trim().parse().ok()).filter(|length| *length <= LARGEST_FILE);
        length.ok_or_else(|| Failure::broken(answer.url(), format!("no length was sent for `{name}`")).into())
    }

    async fn ask_account(&self) -> Result<Option<Account>, ProviderError> {
        if self.credential.is_none() {
            return Ok(None);
        }
        let mut answer = self.client.send(&self.get(self.endpoint.join(["api", "v1", "me"]))).await?;
        let me: wire::Me = answer.document().await?;
        Ok(Some(me.into()))
    }
}

impl Provider for CivitAi {
    fn resolve<'a>(&'a self, repo: &'a Repo, revision: &'a Revision) -> Answering<'a, Result<Resolved, ProviderError>> {
        Box::pin(self.revision(repo, revision))
    }

    fn check_access<'a>(&'a self, _repo: &'a Repo) -> Answering<'a, Result<AccessAnswer, ProviderError>> {
        Box::pin(async { Ok(AccessAnswer::Unknown) })
    }

    /// The gate is the version's: whichever of its files is asked for.
    fn try_file<'a>(
        &'a self,
        _repo: &'a Repo,
        commit: &'a Commit,
        path: &'a RepoPath,
    ) -> Answering<'a, Result<(), ProviderError>> {
        Box::pin(async { self.first_byte(self.download(commit, None), path.as_str()).await.map(drop) })
    }

    fn measure<'a>(
        &'a self,
        _repo: &'a Repo,
        commit: &'a Commit,
        entry: &'a ListedFile,
    ) -> Answering<'a, Result<u64, ProviderError>> {
        let url = self.download(commit, entry.file_id().as_ref());
        Box::pin(self.first_byte(url, entry.path.as_str()))
    }

    fn client(&self) -> &Client {
        &self.client
    }

    fn is_always_open(&self, _path: &RepoPath) -> bool {
        false
    }

    fn list<'a>(&'a self, repo: &'a Repo, commit: &'a Commit) -> Answering<'a, Result<Listing, ProviderError>> {
        Box::pin(self.listing(repo, commit))
    }

    fn link(&self, _repo: &Repo, commit: &Commit, file: &RepoFile) -> Url {
        self.download(commit, file.id.as_ref())
    }

    fn probe(&self) -> Url {
        let mut url = self.endpoint.join(["api", "v1", "models"]);
        url.set_query(Some("limit=1"));
        url
    }

    fn content_hosts(&self) -> &'static [&'static str] {
        let is_the_site = self.endpoint.origin().host() == "civitai.com";
        // the other one, on R2, has the number of an account in its name
        if is_the_site { &["b2.civitai.com"] } else { &[] }
    }

    fn most_connections(&self) -> usize {
        MOST_CONNECTIONS
    }

    fn explain(&self, repo: &Repo, failure: &Failure) -> Option<Refusal> {
        explain::explain(repo, failure, &self.pages)
    }

    fn account(&self) -> Answering<'_, Result<Option<Account>, ProviderError>> {
        Box::pin(self.ask_account())
    }

    /// Numbers have no near ones.
    fn similar<'a>(&'a self, _repo: &'a Repo) -> Answering<'a, Vec<String>> {
        Box::pin(async { Vec::new() })
    }
}
