//! Gathering what explains a refusal: whose token it was, whether the repository could be had without one, near names.
//! These requests are made only here, when something was refused.

use super::Hub;
use crate::auth;
use crate::error::{Error, RefusedPull};
use crate::fetch::FetchError;
use crate::http::Failure;
use crate::manifest::Gate;
use crate::provider::{self, Refusal, RefusalKind};
use crate::repo::RepoPath;

impl Hub<'_> {
    /// A transfer that failed: perhaps a gate that closed in the middle.
    pub(super) async fn explain_transfer(&self, path: RepoPath, failure: Failure) -> Error {
        match self.provider.explain(&self.pull.request.repo, &failure) {
            Some(refusal) => self.refused(refusal, failure, None).await,
            None => FetchError::Transfer { path, source: failure }.into(),
        }
    }

    pub(super) async fn refused(&self, refusal: Refusal, failure: Failure, gate: Option<Gate>) -> Error {
        let (request, provider) = (self.pull.request, self.pull.provider);
        let bad_token = matches!(refusal.kind, RefusalKind::BadToken | RefusalKind::ExpiredToken);
        let about_names = matches!(refusal.kind, RefusalKind::RevisionMissing | RefusalKind::FileMissing);
        let account = if bad_token || about_names { None } else { self.provider.account().await };
        let similar = match refusal.kind {
            RefusalKind::NotFoundOrPrivate => self.provider.similar(&request.repo).await,
            _ => Vec::new(),
        };
        let public = bad_token && gate.is_none() && self.is_public().await;
        let others = auth::set_for_others(self.pull.settings, self.pull.env, provider);
        let named = request.provider != self.pull.settings.default_provider;
        let prefix = if named { format!("{}:", request.provider) } else { String::new() };
        Error::Refused(Box::new(RefusedPull {
            repo: request.repo.clone(),
            revision: request.revision.clone(),
            spelling: format!("{prefix}{}", request.repo),
            refusal,
            failure,
            public,
            token: self.credential.as_ref().map(|credential| credential.source().clone()),
            account,
            token_variables: provider.token_variables.clone(),
            other_tokens: others.into_iter().map(|(variable, name)| (variable.to_owned(), name.to_owned())).collect(),
            login: provider.login.clone(),
            similar,
        }))
    }

    /// Whether the repository opens without a token. Only said, never done: whether to go on as nobody is the user's
    /// choice.
    async fn is_public(&self) -> bool {
        let anonymous = provider::connect(self.pull.provider, self.client.clone(), None);
        let resolved = anonymous.resolve(&self.pull.request.repo, &self.pull.request.revision).await;
        resolved.is_ok_and(|resolved| resolved.gate == Gate::Open)
    }
}
