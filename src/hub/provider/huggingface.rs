//! Hugging Face's hub and everything that speaks its protocol: mirrors, proxies, BOINC AI.
//!
//! The traps: the listing of a gated repository is public, only its content is not, so a good answer
//! here says nothing about access (`check_access` does); a mirror may lack any of these routes, and then the next best
//! answer is taken; the `Link` to the next page names huggingface.co even when a mirror sends it.

mod explain;
mod listing;
mod tree;
mod whoami;
mod wire;

use std::sync::Arc;

use url::Url;

use super::{AccessAnswer, Account, Answering, Provider, ProviderError, Refusal};
use crate::credential::Credential;
use crate::endpoint::Endpoint;
use crate::hub::http::{ByteRange, Client, Failure, HttpRequest};
use crate::manifest::{Gate, Listing, RepoFile, Resolved};
use crate::repo::{Commit, NameError, Repo, RepoKind, RepoPath, Revision};
use crate::settings::{Protocol, ProviderSettings};

/// Files in the root of a gated repository that everybody may read (hub-protocol §1.6).
const ALWAYS_OPEN: [&str; 4] = ["README.md", "LICENSE", "LICENSE.md", "LICENSE.txt"];

/// Where huggingface.co sends those who ask for a large file (hub-protocol §1.12); which one, depends on where they are.
const CONTENT_HOSTS: [&str; 5] =
    ["us.aws.cdn.hf.co", "us.gcp.cdn.hf.co", "cas-bridge.xethub.hf.co", "cdn-lfs-us-1.hf.co", "cdn-lfs-eu-1.hf.co"];

/// A hub of the Hugging Face kind.
#[derive(Debug)]
struct HuggingFace {
    endpoint: Endpoint,
    pages: Endpoint,
    upstream: Endpoint,
    client: Client,
    credential: Option<Credential>,
}

/// What speaks this protocol, if `settings` ask for it.
pub(super) fn connect(
    settings: &ProviderSettings,
    client: &Client,
    credential: Option<&Credential>,
) -> Option<Arc<dyn Provider>> {
    if settings.facts.protocol != Protocol::HuggingFace {
        return None;
    }
    Some(Arc::new(HuggingFace::new(settings, client.clone(), credential.cloned())))
}

impl HuggingFace {
    /// A hub at the endpoint of `settings`, asked with `credential`.
    #[must_use]
    fn new(settings: &ProviderSettings, client: Client, credential: Option<Credential>) -> Self {
        Self {
            endpoint: settings.endpoint.clone(),
            pages: settings.pages.clone(),
            upstream: settings.upstream.clone(),
            client,
            credential,
        }
    }

    fn get(&self, url: Url) -> HttpRequest<'_> {
        HttpRequest::get(url, self.credential.as_ref())
    }

    /// `{endpoint}/api/{kind}/{id}/{rest…}`; each of `rest` is one segment, so `refs/pr/1` becomes `refs%2Fpr%2F1`.
    fn api(&self, repo: &Repo, rest: &[&str]) -> Url {
        let id = repo.id.as_str().split('/');
        self.endpoint.join(["api", repo.kind.plural()].into_iter().chain(id).chain(rest.iter().copied()))
    }

    fn resolve_link(&self, repo: &Repo, commit: &Commit, path: &str) -> Url {
        let prefix = (repo.kind != RepoKind::Model).then(|| repo.kind.plural());
        let id = repo.id.as_str().split('/');
        let route = ["resolve", commit.as_str()];
        self.endpoint.join(prefix.into_iter().chain(id).chain(route).chain(path.split('/')))
    }

    /// What the server says about a repository at a revision, and the commit that it is about. A commit that was asked for
    /// is never exchanged for what the server answers.
    async fn info(&self, repo: &Repo, revision: &Revision) -> Result<(Commit, wire::Info), ProviderError> {
        let url = self.api(repo, &["revision", revision.as_str()]);
        let (info, _): (wire::Info, _) = self.client.json(&self.get(url)).await?;
        let pinned = revision.as_str().to_ascii_lowercase().parse::<Commit>().ok();
        let commit = match (info.sha.as_deref(), pinned) {
            (Some(sha), pinned) => {
                let commit: Commit =
                    sha.parse().map_err(|error: NameError| listing::problem(repo, &error.to_string()))?;
                if let Some(pinned) = pinned.filter(|pinned| *pinned != commit) {
                    let problem = format!("commit {pinned} was asked for, and the server answers with {commit}");
                    return Err(listing::problem(repo, &problem));
                }
                commit
            }
            (None, Some(pinned)) => pinned,
            (None, None) => return Err(listing::problem(repo, &format!("it names no commit for {revision}"))),
        };
        Ok((commit, info))
    }

    async fn revision(&self, repo: &Repo, revision: &Revision) -> Result<Resolved, ProviderError> {
        let (commit, info) = self.info(repo, revision).await?;
        let gate = match (info.private.unwrap_or_default(), info.gated) {
            (true, _) => Gate::Private,
            (false, wire::Gated::No) => Gate::Open,
            (false, wire::Gated::Automatic) => Gate::Gated { automatic: true },
            (false, wire::Gated::Manual) => Gate::Gated { automatic: false },
        };
        let mut names =
            info.siblings.unwrap_or_default().into_iter().filter_map(|sibling| sibling.rfilename.parse().ok());
        let telling = names.find(|path| !self.is_always_open(path));
        Ok(Resolved { commit, gate, repo: None, file: None, telling })
    }

    async fn ask_access(&self, repo: &Repo) -> Result<AccessAnswer, ProviderError> {
        match self.client.insist(&HttpRequest { stay: true, ..self.get(self.api(repo, &["auth-check"])) }).await {
            // who passes the question on to somebody else cannot say, nor can who shows a page in place of an answer
            Ok(answer) if !answer.status().is_success() || answer.is_page() => Ok(AccessAnswer::Unknown),
            Ok(_) => Ok(AccessAnswer::Granted),
            // a mirror without the route; then the first refusal decides
            Err(Failure::Refused(refused)) if refused.status.as_u16() == 404 && refused.code.is_none() => {
                Ok(AccessAnswer::Unknown)
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// The answer is thrown away: what counts is that there is one. At the hub's own redirect it is known already.
    async fn ask_first_byte(&self, repo: &Repo, commit: &Commit, path: &RepoPath) -> Result<(), ProviderError> {
        let url = self.resolve_link(repo, commit, path.as_str());
        let first = Some(ByteRange { start: 0, end: 1 });
        match self.client.insist(&HttpRequest { range: first, stay: true, ..self.get(url) }).await {
            Ok(_) => Ok(()),
            // an empty file has no first byte, and only who may read it is told so
            Err(Failure::Refused(refused)) if refused.status.as_u16() == 416 => Ok(()),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn ask_account(&self) -> Result<Option<Account>, ProviderError> {
        if self.credential.is_none() {
            return Ok(None);
        }
        let mut answer = self.client.send(&self.get(self.endpoint.join(["api", "whoami-v2"]))).await?;
        let who: wire::Whoami = answer.document().await?;
        Ok(Some(who.into()))
    }

    /// The owner's other repositories, or for a name without an owner whatever the hub's search finds.
    async fn search(&self, repo: &Repo) -> Option<Vec<String>> {
        let mut url = self.endpoint.join(["api", repo.kind.plural()]);
        let (key, value) = repo.id.owner().map_or(("search", repo.id.name()), |owner| ("author", owner));
        url.query_pairs_mut().append_pair(key, value).append_pair("limit", "200");
        let mut answer = self.client.send(&self.get(url)).await.ok()?;
        let found: Vec<wire::SearchHit> = answer.document().await.ok()?;
        Some(
            found
                .into_iter()
                .filter(|found| found.id.parse().is_ok_and(|id: crate::repo::RepoId| id != repo.id))
                .map(|found| found.id)
                .collect(),
        )
    }
}

impl Provider for HuggingFace {
    fn resolve<'a>(&'a self, repo: &'a Repo, revision: &'a Revision) -> Answering<'a, Result<Resolved, ProviderError>> {
        Box::pin(self.revision(repo, revision))
    }

    fn check_access<'a>(&'a self, repo: &'a Repo) -> Answering<'a, Result<AccessAnswer, ProviderError>> {
        Box::pin(self.ask_access(repo))
    }

    fn try_file<'a>(
        &'a self,
        repo: &'a Repo,
        commit: &'a Commit,
        path: &'a RepoPath,
    ) -> Answering<'a, Result<(), ProviderError>> {
        Box::pin(self.ask_first_byte(repo, commit, path))
    }

    fn client(&self) -> &Client {
        &self.client
    }

    fn is_always_open(&self, path: &RepoPath) -> bool {
        ALWAYS_OPEN.contains(&path.as_str())
    }

    fn list<'a>(&'a self, repo: &'a Repo, commit: &'a Commit) -> Answering<'a, Result<Listing, ProviderError>> {
        Box::pin(self.listing(repo, commit))
    }

    fn link(&self, repo: &Repo, commit: &Commit, file: &RepoFile) -> Url {
        self.resolve_link(repo, commit, file.path.as_str())
    }

    fn probe(&self) -> Url {
        let mut url = self.endpoint.join(["api", "models"]);
        url.set_query(Some("limit=1"));
        url
    }

    fn content_hosts(&self) -> &'static [&'static str] {
        let is_the_hub = self.endpoint.origin().host() == "huggingface.co";
        if is_the_hub { &CONTENT_HOSTS } else { &[] }
    }

    fn explain(&self, repo: &Repo, failure: &Failure) -> Option<Refusal> {
        explain::explain(repo, failure, self.credential.is_some(), &self.pages)
    }

    fn account(&self) -> Answering<'_, Result<Option<Account>, ProviderError>> {
        Box::pin(self.ask_account())
    }

    fn similar<'a>(&'a self, repo: &'a Repo) -> Answering<'a, Vec<String>> {
        Box::pin(async {
            let candidates = self.search(repo).await.unwrap_or_default();
            let near = crate::pattern::near(repo.id.as_str(), candidates.iter().map(String::as_str));
            // a name alone may be an owner's
            let of_owner = format!("{}/", repo.id.name());
            let owned = candidates.into_iter().filter(|id| repo.id.owner().is_none() && id.starts_with(&of_owner));
            if near.is_empty() { owned.take(crate::pattern::LIMIT).collect() } else { near }
        })
    }

    fn other_kind<'a>(&'a self, repo: &'a Repo) -> Answering<'a, Option<RepoKind>> {
        Box::pin(async {
            for kind in
                [RepoKind::Dataset, RepoKind::Space, RepoKind::Model].into_iter().filter(|kind| *kind != repo.kind)
            {
                let other = Repo { kind, ..repo.clone() };
                // whatever else is answered means that there is none
                if self.client.send(&self.get(self.api(&other, &[]))).await.is_ok() {
                    return Some(kind);
                }
            }
            None
        })
    }
}
