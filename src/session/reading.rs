//! May the content be read? First what it is, then the gate, and where that has no voice, a byte of a real file.
//!
//! A listing answers everybody, also about a gated repository (hub-protocol §0.1), and so do its README and its licence:
//! none of them says anything about access.

use super::{Connection, Subject};
use crate::error::Error;
use crate::hub::provider::AccessAnswer;
use crate::manifest::Resolved;
use crate::repo::RepoPath;

impl Connection {
    /// What the revision is, if its content may be read.
    ///
    /// # Errors
    /// When it may not, or the provider gives no usable answer. [`Self::resolved`] knows then how far it told.
    pub(crate) async fn may_read(&self, subject: Subject<'_>) -> Result<Resolved, Error> {
        let resolved = self.resolve(subject).await?;
        self.ask_again(subject, &resolved).await?;
        Ok(resolved)
    }

    /// Whether the content may be read, where it is known what the revision is.
    ///
    /// # Errors
    /// When it may not, or the provider gives no usable answer.
    pub(crate) async fn ask_again(&self, subject: Subject<'_>, resolved: &Resolved) -> Result<(), Error> {
        if self.ask_gate(subject, resolved.gate).await? == AccessAnswer::Granted {
            return Ok(());
        }
        let telling = match &resolved.telling {
            Some(path) => Some(path.clone()),
            None => self.some_file(subject, resolved).await?,
        };
        match telling {
            Some(path) => self.try_file(subject, &resolved.commit, &path, resolved.gate).await,
            // nothing in it is kept from anybody
            None => Ok(()),
        }
    }

    async fn some_file(&self, subject: Subject<'_>, resolved: &Resolved) -> Result<Option<RepoPath>, Error> {
        match self.provider.list(subject.repo, &resolved.commit).await {
            Ok(listing) => {
                let mut paths = listing.entries.iter().map(|entry| entry.path.clone());
                Ok(paths.find(|path| !self.provider.is_always_open(path)))
            }
            Err(error) => Err(self.explain(subject, error, Some(resolved.gate), None).await),
        }
    }
}
