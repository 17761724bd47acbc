//! Gathering what explains a refusal: whose token it was, whether the repository could be had without one, near names.
//! These requests are made only here, when something was refused.

use super::{Connection, Subject};
use crate::error::{Error, OtherToken, RefusedPull};
use crate::fetch::FetchError;
use crate::hub::auth;
use crate::hub::http::Failure;
use crate::hub::provider::{self, ProviderError, Refusal, RefusalKind};
use crate::manifest::Gate;
use crate::repo::{Repo, RepoPath, Revision};

impl Connection {
    /// Turns what the provider answered into what the user must know; `path` is the file that was asked for, if one was.
    pub(crate) async fn explain(
        &self,
        subject: Subject<'_>,
        error: ProviderError,
        gate: Option<Gate>,
        path: Option<&RepoPath>,
    ) -> Error {
        let failure = match error {
            ProviderError::Failure(failure) => failure,
            ProviderError::Refused(refusal) => return self.refused(subject, *refusal, None, gate, path).await,
            error => return self.about_the_hub(subject, error),
        };
        match self.provider.explain(subject.repo, &failure) {
            Some(refusal) => self.refused(subject, refusal, Some(failure), gate, path).await,
            None => self.about_the_hub(subject, failure.into()),
        }
    }

    /// A transfer that failed: perhaps a gate that closed in the middle.
    pub(crate) async fn explain_transfer(&self, subject: Subject<'_>, path: RepoPath, failure: Failure) -> Error {
        match self.provider.explain(subject.repo, &failure) {
            Some(refusal) => self.refused(subject, refusal, Some(failure), None, Some(&path)).await,
            None => FetchError::Transfer { path, source: failure }.into(),
        }
    }

    fn about_the_hub(&self, subject: Subject<'_>, source: ProviderError) -> Error {
        let host = self.settings.endpoint.origin().host().to_owned();
        Error::Provider { reference: self.spell(subject), host, source: Box::new(source) }
    }

    async fn refused(
        &self,
        subject: Subject<'_>,
        mut refusal: Refusal,
        failure: Option<Failure>,
        gate: Option<Gate>,
        path: Option<&RepoPath>,
    ) -> Error {
        if path.is_some()
            && refusal.kind == RefusalKind::NotFoundOrPrivate
            && failure.as_ref().is_some_and(is_plain_404)
        {
            // the repository has just been listed; a mirror that knows no error codes means the file
            refusal.kind = RefusalKind::FileMissing;
        }
        // the hub answers an unknown token at a gate as it answers none (hub-protocol C1)
        let taken_for_none = matches!(refusal.kind, RefusalKind::LoginRequired | RefusalKind::NoToken);
        let taken_for_none = taken_for_none && self.credential.is_some();
        let asks = refusal.kind.is_about_the_account() || taken_for_none;
        let account = if asks { self.account().await } else { Ok(None) };
        if taken_for_none && account.is_err_and(|error| is_unauthorized(error)) {
            // where a bad token is taken for none, only the question whose it is tells
            refusal.kind = RefusalKind::BadToken;
            refusal.page = self.settings.token_page().unwrap_or(refusal.page);
        }
        let account = account.ok().flatten().cloned();
        let bad_token = matches!(refusal.kind, RefusalKind::BadToken | RefusalKind::ExpiredToken);
        let is_missing = refusal.kind == RefusalKind::NotFoundOrPrivate;
        let other_kind = if is_missing { self.provider.other_kind(subject.repo).await } else { None };
        let is_unknown = is_missing && other_kind.is_none();
        let similar = if is_unknown { self.provider.similar(subject.repo).await } else { Vec::new() };
        let spell = |id: &String| {
            let repo = Repo { id: id.parse().ok()?, ..subject.repo.clone() };
            Some(self.spell(Subject { repo: &repo, revision: &Revision::main() }))
        };
        let similar = similar.iter().filter_map(spell).collect();
        let other_kind = other_kind.map(|kind| {
            let repo = Repo { kind, ..subject.repo.clone() };
            (kind, self.spell(Subject { repo: &repo, ..subject }))
        });
        let public = bad_token && gate.is_none() && self.is_public(subject).await;
        let given = &self.given;
        // behind a gate a token needs a box ticked, which its maker misses otherwise; for a private one it needs more
        let token_page = match refusal.kind {
            RefusalKind::NoToken => self.settings.new_token_page(),
            _ => self.settings.token_page(),
        };
        Error::Refused(Box::new(RefusedPull {
            reference: self.spell(subject),
            repo: subject.repo.clone(),
            revision: subject.revision.clone(),
            path: path.cloned(),
            refusal,
            failure,
            public,
            // a link has its token with it, whatever keeps others from being looked for
            withheld: auth::withheld(&given.settings, &given.token).filter(|_| self.credential.is_none()),
            token: self.credential.as_ref().map(|credential| credential.source().clone()),
            account,
            token_variables: self.settings.token_variables.clone(),
            unread_variable: self.unread_variable(),
            other_tokens: self.other_tokens(),
            provider: self.settings.name.clone(),
            token_page,
            bad_token_hint: self.settings.facts.bad_token_hint,
            similar,
            other_kind,
        }))
    }

    /// The tokens that are there, but for other providers.
    fn other_tokens(&self) -> Vec<OtherToken> {
        let given = &self.given;
        let others = auth::set_for_others(&given.settings, &given.env, &self.settings).into_iter();
        let is_alike =
            |name: &str| given.settings.provider(name).is_ok_and(|other| self.settings.is_written_like(other));
        let other = |(variable, provider): (&str, &str)| OtherToken {
            variable: variable.to_owned(),
            provider: provider.to_owned(),
            is_alike: is_alike(provider),
        };
        others.map(other).collect()
    }

    /// A variable that holds a token by a name that is not read.
    fn unread_variable(&self) -> Option<&'static str> {
        let is_set = |name: &&&str| matches!(self.given.env.text(name), Ok(Some(_)));
        self.settings.facts.unread_variables.iter().find(is_set).copied()
    }

    /// What a question is about, as it is written on a command line like this one.
    #[must_use]
    pub(crate) fn spell(&self, subject: Subject<'_>) -> String {
        let provider = Some(&self.settings.name).filter(|name| **name != self.given.settings.default_provider);
        let provider = provider.map(|name| format!("{name}:")).unwrap_or_default();
        let revision = Some(subject.revision).filter(|revision| **revision != Revision::main());
        let revision = revision.map(|revision| format!("@{revision}")).unwrap_or_default();
        format!("{provider}{}{revision}", subject.repo)
    }

    /// Whether the repository opens without a token. The user is told so, and decides whether to go on without one.
    async fn is_public(&self, subject: Subject<'_>) -> bool {
        let anonymous = provider::connect(&self.settings, &self.client, None);
        let resolved = anonymous.resolve(subject.repo, subject.revision).await;
        resolved.is_ok_and(|resolved| resolved.gate == Gate::Open)
    }
}

fn is_unauthorized(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Failure(Failure::Refused(refused)) if refused.status.as_u16() == 401)
}

fn is_plain_404(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(refused) if refused.status.as_u16() == 404 && refused.code.is_none())
}
