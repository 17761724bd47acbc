//! A token that its provider does not take, when nothing but the token was asked about.

use std::sync::Arc;

use thiserror::Error as ThisError;

use crate::credential::CredentialSource;
use crate::hub::http::Failure;
use crate::hub::provider::ProviderError;

/// A token that is no good.
#[derive(Debug, ThisError)]
#[error("the token from {source_name} {}", self.problem())]
pub(crate) struct BadToken {
    /// Where it came from.
    pub(crate) source_name: CredentialSource,
    /// The page on which a new one is made, where that is known.
    pub(crate) page: Option<String>,
    /// The answer that said so.
    pub(crate) source: Arc<ProviderError>,
}

impl BadToken {
    pub(super) fn failure(&self) -> Option<&Failure> {
        self.source.failure()
    }

    pub(super) fn kind(&self) -> &'static str {
        if self.is_expired() { "expired_token" } else { "bad_token" }
    }

    pub(super) fn hints(&self) -> Vec<String> {
        self.page.iter().map(|page| format!("make a new token at {page}")).collect()
    }

    fn problem(&self) -> &'static str {
        if self.is_expired() { "has expired" } else { "is not valid" }
    }

    /// Only the words tell (hub-protocol §2.1, rows 7 to 9).
    fn is_expired(&self) -> bool {
        let Some(Failure::Refused(refused)) = self.failure() else { return false };
        refused.message.as_ref().is_some_and(|message| message.ends_with("is expired"))
    }
}
