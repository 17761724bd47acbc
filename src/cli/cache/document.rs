//! The documents of `gatedl cache`. They are an API: fields are added, never renamed.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::error::ExitStatus;
use crate::ops::cache::{Cleaned, RepoUsage, RevisionUsage};

const VERSION: u32 = 1;

/// What is here. Sizes are in bytes, times in seconds since 1970.
#[derive(Debug, Serialize)]
pub(super) struct CacheDocument<'a> {
    version: u32,
    size: u64,
    repos: Vec<CachedRepoDocument<'a>>,
}

#[derive(Debug, Serialize)]
struct CachedRepoDocument<'a> {
    provider: &'a str,
    repo: &'a str,
    repo_type: &'static str,
    path: String,
    size: u64,
    used: Option<u64>,
    revisions: Vec<CachedRevisionDocument<'a>>,
    unfinished: Vec<UnfinishedDocument>,
    in_use: bool,
    process: Option<u32>,
}

#[derive(Debug, Serialize)]
struct CachedRevisionDocument<'a> {
    commit: &'a str,
    references: &'a [String],
    files: usize,
    size: u64,
    used: Option<u64>,
    unfinished: bool,
}

#[derive(Debug, Serialize)]
struct UnfinishedDocument {
    path: String,
    size: u64,
    /// Whether the next pull goes on from it.
    resumable: bool,
    in_use: bool,
}

impl<'a> CacheDocument<'a> {
    pub(super) fn of(usages: &'a [RepoUsage]) -> Self {
        let size = usages.iter().map(|usage| usage.size).fold(0, u64::saturating_add);
        Self { version: VERSION, size, repos: usages.iter().map(CachedRepoDocument::of).collect() }
    }
}

impl<'a> CachedRepoDocument<'a> {
    fn of(usage: &'a RepoUsage) -> Self {
        let unfinished = usage.unfinished.iter().map(|one| UnfinishedDocument {
            path: one.path.display().to_string(),
            size: one.bytes,
            resumable: one.ours,
            in_use: one.busy,
        });
        Self {
            provider: &usage.provider,
            repo: usage.folder.repo.id.as_str(),
            repo_type: usage.folder.repo.kind.singular(),
            path: usage.folder.layout.folder().display().to_string(),
            size: usage.size,
            used: seconds(usage.used),
            revisions: usage.revisions.iter().map(CachedRevisionDocument::of).collect(),
            unfinished: unfinished.collect(),
            in_use: usage.in_use.is_some(),
            process: usage.in_use.as_ref().and_then(|in_use| in_use.process),
        }
    }
}

impl<'a> CachedRevisionDocument<'a> {
    fn of(revision: &'a RevisionUsage) -> Self {
        Self {
            commit: revision.commit.as_str(),
            references: &revision.references,
            files: revision.files,
            size: revision.size,
            used: seconds(revision.used),
            unfinished: revision.is_marked,
        }
    }
}

/// What went, or would go.
#[derive(Debug, Serialize)]
pub(super) struct RemovalDocument<'a> {
    version: u32,
    status: u8,
    dry_run: bool,
    removed: bool,
    size: u64,
    items: Vec<RemovalItemDocument<'a>>,
    held: Vec<HeldDocument<'a>>,
    /// Bytes that are here above the limit of `gc`.
    excess: u64,
}

#[derive(Debug, Serialize)]
struct RemovalItemDocument<'a> {
    owner: &'a str,
    what: &'a str,
    size: u64,
}

#[derive(Debug, Serialize)]
struct HeldDocument<'a> {
    owner: &'a str,
    process: Option<u32>,
}

impl<'a> RemovalDocument<'a> {
    pub(super) fn of(cleaned: &'a Cleaned, dry_run: bool, status: ExitStatus) -> Self {
        let plan = &cleaned.plan;
        let items = plan.items.iter();
        let items = items.map(|item| RemovalItemDocument { owner: &item.owner, what: &item.what, size: item.bytes });
        let held = plan.held.iter().map(|(owner, in_use)| HeldDocument { owner, process: in_use.process });
        Self {
            version: VERSION,
            status: status.code(),
            dry_run,
            removed: cleaned.done,
            size: plan.bytes(),
            items: items.collect(),
            held: held.collect(),
            excess: cleaned.excess,
        }
    }
}

/// Where something is.
#[derive(Debug, Serialize)]
pub(super) struct CachePathDocument<'a> {
    version: u32,
    path: &'a str,
}

impl<'a> CachePathDocument<'a> {
    pub(super) const fn of(path: &'a str) -> Self {
        Self { version: VERSION, path }
    }
}

fn seconds(time: Option<SystemTime>) -> Option<u64> {
    Some(time?.duration_since(UNIX_EPOCH).ok()?.as_secs())
}
