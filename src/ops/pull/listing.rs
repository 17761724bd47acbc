//! The listing of a commit: kept from an earlier pull, or asked for, and asked for once more where the two cannot be true
//! together.
//!
//! The fact behind it: a commit of a hub never changes, but the version of a CivitAI model does. Its creator uploads a
//! file anew, under its number or under another one, and what was kept says nothing true any more.

use std::sync::Arc;

use super::prepare::{Draft, Hub};
use super::{GateAnswer, identity};
use crate::error::{Error, FileError};
use crate::event::Note;
use crate::fetch::FetchError;
use crate::hub::provider::RefusalKind;
use crate::manifest::{ListedFile, Listing, Resolved};
use crate::repo::Commit;

impl Hub<'_> {
    /// Plans what the listing says. Where it was kept and speaks against what is asked for, it is asked for once more.
    pub(super) async fn list_and_plan(&self, resolved: Resolved, asked: Option<GateAnswer>) -> Result<Draft, Error> {
        let Some(kept) = self.kept(&resolved.commit) else {
            let listing = self.ask_for_listing(&resolved.commit).await?;
            return self.plan(resolved, asked, listing).await;
        };
        match self.plan(resolved.clone(), asked, kept.clone()).await {
            Ok(draft) => Ok(Draft { kept: can_change(&kept).then_some(kept), ..draft }),
            Err(error) => self.plan_anew(resolved, &kept, error).await,
        }
    }

    /// Plans what a new listing says, if it says something else; the error stands if not.
    pub(super) async fn plan_anew(&self, resolved: Resolved, kept: &Listing, error: Error) -> Result<Draft, Error> {
        if !can_change(kept) || !may_be_outdated(&error) {
            return Err(error);
        }
        match self.ask_for_listing(&resolved.commit).await {
            Ok(listing) if !is_alike(&listing, kept) => {
                self.pull.tell(Note::ListingChanged { reference: self.connection.spell(self.subject()) });
                self.plan(resolved, None, listing).await
            }
            Ok(_) | Err(_) => Err(error),
        }
    }

    /// The listing of an earlier pull, where nothing in it is still to come; by force only one that cannot change.
    fn kept(&self, commit: &Commit) -> Option<Listing> {
        let is_settled = |kept: &Listing| kept.entries.iter().all(|entry| entry.is_settled());
        let kept = self.pull.cache.listing(commit).filter(is_settled)?;
        (!self.pull.request.force || !can_change(&kept)).then_some(kept)
    }

    async fn ask_for_listing(&self, commit: &Commit) -> Result<Listing, Error> {
        let listing = self.connection.list(self.subject(), commit).await?;
        let kept = self.pull.cache.listing(commit).unwrap_or_default();
        Ok(identity::with_known_sizes(listing, &kept))
    }
}

/// Whether the listing is of a provider that numbers its files: the number is all that stays.
fn can_change(listing: &Listing) -> bool {
    listing.entries.iter().any(|entry| entry.published.is_some())
}

/// Whether two listings are of the same files with the same content.
fn is_alike(left: &Listing, right: &Listing) -> bool {
    let facts = |entry: &Arc<ListedFile>| {
        let published = entry.published.as_ref().map(|published| (published.id, published.asked_as.clone()));
        (entry.path.clone(), entry.digest, published)
    };
    left.entries.iter().map(facts).eq(right.entries.iter().map(facts))
}

/// Whether a listing that is no longer true may be the reason.
fn may_be_outdated(error: &Error) -> bool {
    match error {
        Error::Fetch(FetchError::Corrupt { .. } | FetchError::Transfer { .. }) | Error::Selection { .. } => true,
        Error::Refused(refused) => refused.refusal.kind == RefusalKind::FileMissing,
        Error::File(error) => !matches!(error, FileError::Dangerous { .. }),
        _ => false,
    }
}
