//! Making room: what was named, what is of use to nobody, or what was used least of late.

use std::collections::HashMap;

use super::plan::{Holders, RemovalPlan};
use super::usage::{ContentUsage, RepoUsage, RevisionUsage, look};
use super::{CachedTarget, roots};
use crate::error::Error;
use crate::file_thread;
use crate::session::Session;
use crate::store::removal::{InUse, Removal, remove, sweep};
use crate::store::scan;
use crate::system::files::FileIdentity;

/// What is to go.
#[derive(Debug, Clone)]
pub(crate) enum CleanRequest {
    /// Repositories, revisions or files that were named.
    Remove(Vec<CachedTarget>),
    /// What is of use to nobody.
    Prune,
    /// Revisions, the least recently used first, until no more than so many bytes are here.
    Collect {
        /// Bytes that may stay.
        most: u64,
    },
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Cleaned {
    /// What was to go.
    pub(crate) plan: RemovalPlan,
    /// Whether it went.
    pub(crate) done: bool,
    /// Bytes that are here above those that may stay, though all went that may.
    pub(crate) excess: u64,
}

/// Makes room, if the user agrees.
///
/// # Errors
/// When something that was named is not here, a cache cannot be read, or something cannot be removed.
pub(crate) async fn clean(
    request: CleanRequest,
    session: &Session,
    agree: impl FnOnce(&RemovalPlan) -> Result<bool, Error> + Send + 'static,
) -> Result<Cleaned, Error> {
    let roots: Vec<_> = roots(session.settings());
    let default = session.settings().default_provider.clone();
    file_thread::run(move || {
        let mut cleaned = Cleaned::default();
        let plan = &mut cleaned.plan;
        match request {
            CleanRequest::Remove(targets) => {
                for target in targets {
                    plan_target(plan, &target, &default)?;
                }
            }
            CleanRequest::Prune => {
                let usages = look(&roots, &default)?;
                prune(plan, &usages, &mut Holders::of(&usages));
                plan.prune_stores(roots.iter().map(|root| root.path.clone()));
            }
            CleanRequest::Collect { most } => cleaned.excess = collect(plan, &look(&roots, &default)?, most),
        }
        if !cleaned.plan.is_empty() && agree(&cleaned.plan)? {
            carry_out(&mut cleaned.plan)?;
            cleaned.done = true;
        }
        Ok(cleaned)
    })
    .await?
}

fn plan_target(plan: &mut RemovalPlan, target: &CachedTarget, default: &str) -> Result<(), Error> {
    scan::check(&target.provider.cache)?;
    let missing = || Error::NotCached { what: target.text.clone() };
    let folder = target.folder().ok_or_else(missing)?;
    let usage = RepoUsage::of(target.provider.name.clone(), default, folder);
    if let Some(in_use) = &usage.in_use {
        plan.note_held(&usage, in_use);
        return Ok(());
    }
    let mut holders = Holders::of(std::slice::from_ref(&usage));
    let meant = target.commits(&usage.folder);
    let revisions: Vec<&RevisionUsage> = usage.revisions.iter().filter(|one| meant.contains(&one.commit)).collect();
    match (&target.within, &target.revision) {
        (None, None) => plan.remove_whole(&usage, &mut holders),
        _ if revisions.is_empty() => return Err(missing()),
        (Some(_), _) => {
            let count = plan.items.len();
            for revision in revisions {
                plan.remove_files(&usage, revision, |name| target.includes(name), &mut holders);
            }
            if plan.items.len() == count {
                return Err(missing());
            }
        }
        (None, Some(named)) => {
            for revision in revisions {
                let is_shared = revision.references.iter().any(|name| name != named.as_str());
                let is_reference = revision.references.iter().any(|name| name == named.as_str());
                if is_reference && is_shared && revision.commit.as_str() != named.as_str() {
                    plan.remove_reference(&usage, named.as_str());
                } else if usage.revisions.len() == 1 {
                    plan.remove_whole(&usage, &mut holders);
                } else {
                    plan.remove_revision(&usage, revision, &mut holders);
                }
            }
        }
    }
    Ok(())
}

fn prune(plan: &mut RemovalPlan, usages: &[RepoUsage], holders: &mut Holders) {
    for usage in usages {
        match &usage.in_use {
            Some(in_use) => plan.note_held(usage, in_use),
            None => plan.prune(usage, holders),
        }
    }
}

/// The bytes that are left above the limit.
fn collect(plan: &mut RemovalPlan, usages: &[RepoUsage], most: u64) -> u64 {
    let mut holders = Holders::of(usages);
    let mut total = total(usages);
    if total <= most {
        return 0;
    }
    prune(plan, usages, &mut holders);
    total = total.saturating_sub(plan.bytes());
    let free = usages.iter().filter(|usage| usage.in_use.is_none());
    let revisions = free.flat_map(|usage| usage.revisions.iter().map(move |revision| (usage, revision)));
    let mut candidates: Vec<_> = revisions.filter(|(_, revision)| revision.is_named() && !revision.is_marked).collect();
    candidates.sort_by_key(|(_, revision)| revision.used);
    for (usage, revision) in candidates {
        if total <= most {
            break;
        }
        total = total.saturating_sub(plan.remove_revision(usage, revision, &mut holders));
    }
    total.saturating_sub(most)
}

/// The bytes of all content, each once, and of what is unfinished.
fn total(usages: &[RepoUsage]) -> u64 {
    let mut contents: HashMap<FileIdentity, u64> = HashMap::new();
    for usage in usages {
        let named = usage.revisions.iter().flat_map(|revision| revision.contents.iter().cloned());
        let blobs = scan::blobs(&usage.folder.layout).into_iter().filter_map(|blob| ContentUsage::of(&blob.path));
        contents.extend(named.chain(blobs).map(|content| (content.key, content.size)));
    }
    let unfinished = usages.iter().flat_map(|usage| &usage.unfinished).map(|one| one.bytes);
    contents.into_values().chain(unfinished).fold(0, u64::saturating_add)
}

/// Does what was planned. What somebody began to work in meanwhile is left alone, like what was held before.
fn carry_out(plan: &mut RemovalPlan) -> Result<(), Error> {
    let mut held: Vec<(String, InUse)> = Vec::new();
    for removal in &plan.removals {
        let mut outcome = remove(removal)?;
        // a repository without a snapshot is one that hf complains about
        if outcome.is_ok() && !removal.whole && is_empty(removal) {
            outcome = remove(&Removal { whole: true, ..removal.clone() })?;
        }
        if let Err(in_use) = outcome {
            held.push((removal.folder.repo.to_string(), in_use));
        }
    }
    for (root, content) in &plan.unused {
        sweep(root, content);
    }
    for (name, in_use) in held {
        if !plan.held.iter().any(|(known, _)| *known == name) {
            plan.held.push((name, in_use));
        }
    }
    Ok(())
}

/// Whether nothing is left in a repository but what is of use to nobody.
fn is_empty(removal: &Removal) -> bool {
    let layout = &removal.folder.layout;
    scan::snapshots(layout).is_empty() && scan::entries(&layout.blobs()).is_empty()
}
