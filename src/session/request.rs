//! What somebody asks about: a repository of a provider, at one of its addresses.

use crate::credential::Secret;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::reference::Reference;
use crate::repo::{Repo, Revision};
use crate::settings::{self, Settings, SettingsError};

/// A repository of a provider, as somebody asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RepoRequest {
    /// The name of the provider.
    pub(crate) provider: String,
    /// The repository.
    pub(crate) repo: Repo,
    /// The revision.
    pub(crate) revision: Revision,
    /// Where the provider is asked, if not at its endpoint: one of its other addresses, which a link names.
    pub(crate) site: Option<Endpoint>,
    /// The token that a pasted link has in its query.
    pub(crate) token: Option<Secret>,
}

impl RepoRequest {
    /// Reads a reference; what it leaves open has its default.
    ///
    /// # Errors
    /// When the text is not a reference.
    pub(crate) fn read(text: &str, settings: &Settings) -> Result<Self, Error> {
        Ok(Self::of(Reference::parse(text, &settings.known())?, settings))
    }

    /// What a reference is about; what it leaves open has its default.
    #[must_use]
    pub(crate) fn of(reference: Reference, settings: &Settings) -> Self {
        Self {
            provider: reference.provider.unwrap_or_else(|| settings.default_provider.clone()),
            repo: reference.repo,
            revision: reference.revision.unwrap_or_else(Revision::main),
            site: reference.site,
            token: reference.token,
        }
    }

    /// The provider as it is to be asked.
    ///
    /// # Errors
    /// When no provider has that name.
    pub(crate) fn provider(&self, settings: &Settings) -> Result<settings::ProviderSettings, SettingsError> {
        let provider = settings.provider(&self.provider)?;
        Ok(self.site.as_ref().map_or_else(|| provider.clone(), |site| provider.at(site)))
    }

    /// The repository and the revision, for a question to the provider.
    #[must_use]
    pub(crate) const fn subject(&self) -> Subject<'_> {
        Subject { repo: &self.repo, revision: &self.revision }
    }
}

/// The repository and the revision that the provider is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// The repository.
    pub(crate) repo: &'a Repo,
    /// The revision.
    pub(crate) revision: &'a Revision,
}
