//! What every provider of models can be asked, and the words in which each says no.
//!
//! A provider turns a repository and a revision into a commit, a commit into a listing, a file into a link, and the
//! provider's own way of refusing into a [`Refusal`]. It knows nothing of caches and transfers. Adding one is a row of the
//! table in `settings::provider`, and for a new protocol a file here that [`PROTOCOLS`] names.

pub(crate) mod account;
mod civitai;
mod huggingface;
mod refusal;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use thiserror::Error;
use url::Url;

pub(crate) use self::account::{Account, Role, Scope};
pub(crate) use self::refusal::{Refusal, RefusalKind};

use crate::credential::Credential;
use crate::hub::http::{Client, Failure};
use crate::manifest::{ListedFile, Listing, RepoFile, Resolved};
use crate::repo::{Commit, NameError, Repo, RepoKind, RepoPath, Revision};
use crate::settings;

/// A future of a trait object's method.
pub(crate) type Answering<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a provider gave no answer that can be used.
#[derive(Debug, Error)]
pub(crate) enum ProviderError {
    /// The request failed, or was refused.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// What the provider says about the repository is a refusal already.
    #[error("the provider refuses")]
    Refused(Box<Refusal>),
    /// The listing cannot be trusted.
    #[error("the listing of {repo} cannot be used: {problem}")]
    Listing {
        /// The repository.
        repo: Repo,
        /// What is wrong with it.
        problem: String,
    },
    /// The listing holds a path that must not become a file name.
    #[error("the listing of {repo} cannot be used")]
    HostilePath {
        /// The repository.
        repo: Repo,
        /// The path, and the rule that it breaks.
        source: NameError,
    },
}

impl ProviderError {
    /// The failed request behind it, if one is.
    #[must_use]
    pub(crate) const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failure(failure) => Some(failure),
            _ => None,
        }
    }
}

/// What a provider says about access before any content is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessAnswer {
    /// The content may be read.
    Granted,
    /// It has no such question; the first file that is asked for tells.
    Unknown,
}

/// A provider of models.
pub(crate) trait Provider: Send + Sync {
    /// The commit that a revision names at this moment, and what guards its content.
    fn resolve<'a>(&'a self, repo: &'a Repo, revision: &'a Revision) -> Answering<'a, Result<Resolved, ProviderError>>;

    /// Asks whether the content may be read, before any of it is asked for.
    fn check_access<'a>(&'a self, repo: &'a Repo) -> Answering<'a, Result<AccessAnswer, ProviderError>>;

    /// Asks for the first byte of a file, where [`check_access`](Self::check_access) could not tell.
    fn try_file<'a>(
        &'a self,
        repo: &'a Repo,
        commit: &'a Commit,
        path: &'a RepoPath,
    ) -> Answering<'a, Result<(), ProviderError>>;

    /// The exact length of a file whose listing tells a rounded one, from the answer to a request for its first byte; so
    /// it is refused where the file would be.
    fn measure<'a>(
        &'a self,
        repo: &'a Repo,
        commit: &'a Commit,
        entry: &'a ListedFile,
    ) -> Answering<'a, Result<u64, ProviderError>> {
        let _ = (repo, commit);
        Box::pin(async { Ok(entry.size) })
    }

    /// The client that asks its servers, also for the content of its files.
    fn client(&self) -> &Client;

    /// Whether a file may be read by everybody, whatever the gate, so that it tells nothing about access.
    fn is_always_open(&self, path: &RepoPath) -> bool;

    /// Every file of a commit.
    fn list<'a>(&'a self, repo: &'a Repo, commit: &'a Commit) -> Answering<'a, Result<Listing, ProviderError>>;

    /// The link that a file's bytes are asked at. It may redirect.
    fn link(&self, repo: &Repo, commit: &Commit, file: &RepoFile) -> Url;

    /// How many connections its servers bear.
    fn most_connections(&self) -> usize {
        usize::MAX
    }

    /// A question that anybody may ask and that costs the server little: whether it answers at all.
    fn probe(&self) -> Url;

    /// The servers that files come from, as far as they are known before a file is asked for.
    fn content_hosts(&self) -> &'static [&'static str] {
        &[]
    }

    /// What a failure means in the user's terms; none where it is about the network rather than about access.
    fn explain(&self, repo: &Repo, failure: &Failure) -> Option<Refusal>;

    /// Whose token this is, and what it may do; none where no token was given. The question is rationed
    /// (hub-protocol §1.9), so a pull asks it only to explain a refusal.
    fn account(&self) -> Answering<'_, Result<Option<Account>, ProviderError>>;

    /// Names near to a repository that was not found; any trouble means none.
    fn similar<'a>(&'a self, repo: &'a Repo) -> Answering<'a, Vec<String>>;

    /// The kind of which there is a repository with the id of one that was not found.
    fn other_kind<'a>(&'a self, repo: &'a Repo) -> Answering<'a, Option<RepoKind>> {
        let _ = repo;
        Box::pin(std::future::ready(None))
    }
}

/// What speaks a protocol, if that of the settings is it.
type Connect = fn(&settings::ProviderSettings, &Client, Option<&Credential>) -> Option<Arc<dyn Provider>>;

/// The protocols, as each of them knows its own.
const PROTOCOLS: [Connect; 2] = [huggingface::connect, civitai::connect];

/// The provider that settings describe, ready to be asked.
#[must_use]
pub(crate) fn connect(
    settings: &settings::ProviderSettings,
    client: &Client,
    credential: Option<&Credential>,
) -> Arc<dyn Provider> {
    let speaks = |connect: &Connect| connect(settings, client, credential);
    PROTOCOLS.iter().find_map(speaks).expect("each protocol of the table is spoken")
}
