//! The listing of a commit: from the tree route, and where a mirror lacks it or tells too little, from what else it says.
//!
//! Mirrors lack the route (Nexus up to mid-2026: nexus-public#828), answer it with nothing, leave out sizes or all that is
//! said about Git LFS, or do not go into folders. The names are then in the repository's description, and size and hash
//! of a file are in the headers of its link. What neither tells is an error: a size that is made up costs a download that
//! cannot verify, on each run.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::Method;

use super::listing::{self, TreeRows, Untold};
use super::{HuggingFace, wire};
use crate::digest::Digest;
use crate::hub::http::{Failure, HttpRequest, next_page};
use crate::hub::provider::ProviderError;
use crate::manifest::{ListedFile, Listing};
use crate::repo::{Commit, Repo, RepoPath, Revision};

/// A listing has at most this many pages; those of the hub have 1,000 rows.
const MOST_PAGES: usize = 2_000;
/// How many files are asked about at once.
const HEADS_AT_ONCE: usize = 8;

impl HuggingFace {
    /// Every file of a commit.
    pub(super) async fn listing(&self, repo: &Repo, commit: &Commit) -> Result<Listing, ProviderError> {
        let mut rows = match self.tree(repo, commit).await {
            Err(ProviderError::Failure(failure)) if is_no_route(&failure) => TreeRows::default(),
            Err(ProviderError::Failure(failure)) if is_no_revision(&failure) => {
                let problem = format!("the server names the commit {commit}, but does not have it");
                return Err(listing::problem(repo, &problem));
            }
            rows => rows?,
        };
        if rows.is_doubtful() {
            self.add_described(repo, commit, &mut rows).await?;
        }
        if let Some(touchstone) = rows.touchstone()
            && self.is_a_pointer(repo, commit, touchstone).await?
        {
            rows.distrust();
        }
        rows.expect_told(repo)?;
        let TreeRows { told, untold, odd, .. } = rows;
        let untold = untold.into_iter().map(|untold| self.look_up(repo, commit, untold));
        let told_by_headers: Vec<ListedFile> = stream::iter(untold).buffered(HEADS_AT_ONCE).try_collect().await?;
        let entries = listing::check(repo, told.into_iter().chain(told_by_headers).collect())?;
        Ok(Listing { entries: entries.into_iter().map(Arc::new).collect(), odd })
    }

    async fn tree(&self, repo: &Repo, commit: &Commit) -> Result<TreeRows, ProviderError> {
        let mut page = self.api(repo, &["tree", commit.as_str()]);
        page.set_query(Some("recursive=true&expand=false"));
        let (mut rows, mut seen) = (TreeRows::default(), HashSet::new());
        while seen.len() < MOST_PAGES {
            let answer = self.client.sized_json(&self.get(page.clone())).await;
            let (nodes, headers, length): (wire::Page, _, _) = match answer {
                // the route is there: the first page came
                Err(failure) if is_no_route(&failure) && !seen.is_empty() => {
                    return Err(listing::problem(repo, &format!("its next page is not there: {failure}")));
                }
                answer => answer?,
            };
            let is_empty = nodes.0.is_empty();
            rows.take(repo, nodes, length)?;
            let link = next_page(&headers).map_err(|problem| listing::problem(repo, problem))?;
            let Some(link) = link else { return Ok(rows) };
            let next = page.join(&link).ok();
            let next = next.and_then(|next| self.endpoint.next_page(&next, &page, &self.upstream));
            let next =
                next.ok_or_else(|| listing::problem(repo, "its next page is not at the server that was asked"))?;
            seen.insert(page);
            if is_empty || seen.contains(&next) {
                return Err(listing::problem(repo, "it has a next page that leads nowhere"));
            }
            page = next;
        }
        Err(listing::problem(repo, "it has no end"))
    }

    /// Adds the files that only the repository's description names.
    async fn add_described(&self, repo: &Repo, commit: &Commit, rows: &mut TreeRows) -> Result<(), ProviderError> {
        let revision: Revision = commit.as_str().parse().expect("a commit is a revision");
        let (_, info) = self.info(repo, &revision).await?;
        let Some(siblings) = info.siblings else {
            return Err(listing::problem(repo, "the server does not say which files there are"));
        };
        let known: HashSet<String> = rows.names().map(str::to_owned).collect();
        let new = siblings.into_iter().map(|sibling| sibling.rfilename).filter(|name| !known.contains(name));
        new.collect::<Vec<_>>().into_iter().try_for_each(|name| rows.add_name(repo, name))
    }

    /// Whether a file is kept in Git LFS, by the headers of its link: then a listing that says nothing of it is about
    /// pointers.
    async fn is_a_pointer(&self, repo: &Repo, commit: &Commit, entry: &ListedFile) -> Result<bool, ProviderError> {
        match self.describe(repo, commit, &entry.path).await {
            Ok((_, digest)) => Ok(matches!(digest, Some(Digest::Sha256(_)))),
            // the headers are not for everybody; then the listing is all there is
            Err(ProviderError::Failure(Failure::Refused(refused)))
                if matches!(refused.status.as_u16(), 401 | 403 | 404 | 405 | 501) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn look_up(&self, repo: &Repo, commit: &Commit, file: Untold) -> Result<ListedFile, ProviderError> {
        let Untold { path, blob_id } = file;
        let (Some(size), Some(digest)) = self.describe(repo, commit, &path).await? else {
            return Err(listing::problem(repo, &format!("the server gives no size and hash for `{path}`")));
        };
        let blob_id = if matches!(digest, Digest::GitSha1(_)) { Some(digest.hex()) } else { blob_id };
        Ok(ListedFile { path, size, digest: Some(digest), blob_id, xet_hash: None, published: None })
    }

    /// Size and hash of a file, by the headers of its link.
    async fn describe(
        &self,
        repo: &Repo,
        commit: &Commit,
        path: &RepoPath,
    ) -> Result<(Option<u64>, Option<Digest>), ProviderError> {
        let url = self.resolve_link(repo, commit, path.as_str());
        let answer = self.client.insist(&HttpRequest { method: Method::HEAD, stay: true, ..self.get(url) }).await?;
        let of = answer.header("x-repo-commit").and_then(|text| text.parse::<Commit>().ok());
        if let Some(other) = of.filter(|of| of != commit) {
            return Err(listing::problem(repo, &format!("`{path}` was asked for at {commit}, and is that of {other}")));
        }
        let linked = answer.header("x-linked-etag").is_some();
        let size = match (answer.header("x-linked-size"), answer.header("content-length")) {
            (Some(size), _) => Some(size),
            (None, size) if answer.status().is_success() => size,
            (None, _) => None,
        };
        let etag = answer.header("x-linked-etag").or_else(|| answer.header("etag").filter(|_| !linked));
        Ok((size.and_then(|text| text.parse().ok()), etag.and_then(Digest::from_etag)))
    }
}

fn is_no_route(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(refused)
        if refused.code.is_none() && matches!(refused.status.as_u16(), 400 | 404 | 405 | 501))
}

/// The description has just named it: a branch was moved by force, and the mirror lags behind (huggingface_hub#3406).
fn is_no_revision(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(refused) if refused.code.as_deref() == Some("RevisionNotFound"))
}
