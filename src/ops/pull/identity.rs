//! Under which id a repository is kept, and at which address it is asked: both can turn out differently from what was
//! typed, and then the pull begins anew with what is known.
//!
//! The fact behind it: a page of CivitAI may name a version without its model. Its files belong in the model's folder all
//! the same, or the next spelling of the same thing would be fetched twice.

use std::sync::Arc;

use super::PullRequest;
use crate::manifest::{ListedFile, Listing};
use crate::repo::{Commit, Revision};
use crate::settings::ProviderSettings;
use crate::store::cache::holder_of;

/// The request by the id that its files are kept under, where the cache knows it.
pub(super) fn by_kept_id(request: &PullRequest, provider: &ProviderSettings) -> PullRequest {
    let mut request = request.clone();
    if provider.facts.spelling.is_numbered
        && request.wanted.repo.id.owner().is_some()
        && let Some(commit) = provider.fixed(&request.wanted.revision)
        && let Some(id) = holder_of(&provider.cache, request.wanted.repo.kind, &commit)
    {
        request.wanted.repo.id = id;
    }
    request
}

/// The revision that is a commit for good: of a version, its number.
pub(super) fn fixed(commit: &Commit, asked: &Revision) -> Revision {
    commit.as_number().and_then(|number| number.to_string().parse().ok()).unwrap_or_else(|| asked.clone())
}

/// A listing with the exact lengths that an earlier one had of the same content.
pub(super) fn with_known_sizes(mut listing: Listing, known: &Listing) -> Listing {
    for entry in listing.entries.iter_mut().filter(|entry| !entry.is_measured()) {
        let same = |old: &&Arc<ListedFile>| old.is_measured() && old.digest == entry.digest && old.digest.is_some();
        if let Some(old) = known.entries.iter().find(same) {
            Arc::make_mut(entry).set_size(old.size);
        }
    }
    listing
}
