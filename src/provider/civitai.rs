//! CivitAI: numbered models, versions and files, and a site that is stingy with reasons.
//!
//! Facts that cost somebody a day: a wrong key is no error but the same as no key, so only `GET /api/v1/me` tells a bad
//! one; the API's own `downloadUrl` yields another file to an account with other preferences, so files are asked for by
//! their number; a storage host is `b2.civitai.com`, a sub-domain, and the key must not reach it (providers §0.4 to 0.7).

mod wire;

use url::Url;

use super::{Access, Account, Answering, Provider, ProviderError, Refusal};
use crate::credential::Credential;
use crate::endpoint::Endpoint;
use crate::http::{Ask, Client, Failure};
use crate::manifest::{Manifest, RepoFile, Resolved};
use crate::repo::{Commit, Repo, RepoPath, Revision};
use crate::settings;

/// CivitAI, or a server that speaks like it.
#[derive(Debug)]
pub struct CivitAi {
    endpoint: Endpoint,
    client: Client,
    credential: Option<Credential>,
}

impl CivitAi {
    /// The site at the endpoint of `settings`, asked with `credential`.
    #[must_use]
    pub fn new(settings: &settings::Provider, client: Client, credential: Option<Credential>) -> Self {
        Self { endpoint: settings.endpoint.clone(), client, credential }
    }

    fn get(&self, url: Url) -> Ask<'_> {
        Ask::get(url, self.credential.as_ref())
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

fn unfinished<T>(repo: &Repo) -> Result<T, ProviderError> {
    Err(ProviderError::Listing { repo: repo.clone(), problem: "pulls from CivitAI are not built yet".to_owned() })
}

impl Provider for CivitAi {
    fn resolve<'a>(
        &'a self,
        repo: &'a Repo,
        _revision: &'a Revision,
    ) -> Answering<'a, Result<Resolved, ProviderError>> {
        Box::pin(async { unfinished(repo) })
    }

    fn check_access<'a>(&'a self, _repo: &'a Repo) -> Answering<'a, Result<Access, ProviderError>> {
        Box::pin(async { Ok(Access::Unknown) })
    }

    fn try_file<'a>(
        &'a self,
        repo: &'a Repo,
        _commit: &'a Commit,
        _path: &'a RepoPath,
    ) -> Answering<'a, Result<(), ProviderError>> {
        Box::pin(async { unfinished(repo) })
    }

    fn is_always_open(&self, _path: &RepoPath) -> bool {
        false
    }

    fn list<'a>(&'a self, repo: &'a Repo, _commit: &'a Commit) -> Answering<'a, Result<Manifest, ProviderError>> {
        Box::pin(async { unfinished(repo) })
    }

    fn link(&self, _repo: &Repo, _commit: &Commit, _file: &RepoFile) -> Url {
        self.endpoint.join(["api", "download"])
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

    fn explain(&self, _repo: &Repo, _failure: &Failure) -> Option<Refusal> {
        None
    }

    fn account(&self) -> Answering<'_, Result<Option<Account>, ProviderError>> {
        Box::pin(self.ask_account())
    }

    fn similar<'a>(&'a self, _repo: &'a Repo) -> Answering<'a, Vec<String>> {
        Box::pin(async { Vec::new() })
    }
}
