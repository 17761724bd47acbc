//! A credential that is made on the spot from the identity of a CI job, so that a workflow needs no secret at all.
//!
//! A job that sets `HF_OIDC_RESOURCE` trusts nothing but the exchange. Where that fails, the run ends: a fall back to some
//! variable would go on as another identity, and nobody would see why (huggingface_hub does the same). The token that
//! comes back is bound to the hub's origin like any other, and is stored nowhere.

mod renewal;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;
use url::Url;

use self::renewal::{JOB_MARGIN, OfJob, OfLogin};
use super::{AuthError, BrowserLogin, TokenChoice};
use crate::credential::{Credential, CredentialSource, Renewed, Secret};
use crate::endpoint::{Endpoint, public};
use crate::file_thread::{self, Lost};
use crate::hub::http::{Client, Failure, HttpRequest};
use crate::settings::env::{self, Env, Variable};
use crate::settings::{Network, ProviderSettings, Settings};

/// Why a run has no credential, though one was to be had.
#[derive(Debug, Error)]
pub(crate) enum IdentityError {
    /// A place that holds a token cannot be read.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// No connection may be opened.
    #[error("HF_OIDC_RESOURCE is set, but gatedl is offline and cannot exchange the identity of this job")]
    Offline,
    /// Nothing says who this job is.
    #[error("HF_OIDC_RESOURCE is set, but this job has no identity to exchange for a token")]
    NoIdentity,
    /// An identity would travel where anyone could read it.
    #[error("the identity of this job was not sent: {url} is plain http and anyone on the way could read it")]
    Exposed {
        /// The address.
        url: String,
    },
    /// What the CI system gave is not an address.
    #[error("the environment variable {name} is not an address")]
    Address {
        /// The variable.
        name: &'static str,
    },
    /// The CI system gave no identity.
    #[error("could not get the identity of this job")]
    Identity(#[source] Failure),
    /// The hub gave no token for it.
    #[error("could not exchange the identity of this job for a token for `{resource}`")]
    Exchange {
        /// What the token was asked for.
        resource: String,
        /// Why.
        source: Failure,
    },
    /// The thread that looked for a token was lost.
    #[error("the search for a token was lost")]
    Lost(#[from] Lost),
}

impl IdentityError {
    /// The failed request behind it, if one is.
    #[must_use]
    pub(crate) const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Identity(failure) | Self::Exchange { source: failure, .. } => Some(failure),
            _ => None,
        }
    }
}

/// The same credential, renewed by the hub where it is that of a browser's login.
///
/// # Errors
/// When the thread that looks is lost.
pub(crate) async fn renewable(
    credential: Credential,
    provider: &ProviderSettings,
    client: &Client,
) -> Result<Credential, IdentityError> {
    let (of, provider) = (credential.clone(), provider.clone());
    let look = move || (BrowserLogin::of(&provider, &of), provider);
    let (login, provider) = file_thread::run(look).await?;
    let Some(login) = login else { return Ok(credential) };
    let due = login.expires_at.and_then(renewal::due_before);
    Ok(credential.renewed_by(OfLogin { login, provider, client: client.clone(), is_over: Arc::default() }, due))
}

/// An exchange of a job's identity for a token.
#[derive(Debug, Clone)]
pub(crate) struct Exchange<'a> {
    resource: &'a str,
    endpoint: &'a Endpoint,
    network: &'a Network,
}

impl<'a> Exchange<'a> {
    /// The exchange that takes the place of every other token, if the environment asks for one. Flags that give or refuse
    /// a token come first.
    ///
    /// # Errors
    /// When the variable that asks for it is not text.
    pub(crate) fn planned(
        settings: &'a Settings,
        env: &'a Env,
        provider: &'a ProviderSettings,
        choice: &TokenChoice,
    ) -> Result<Option<Self>, AuthError> {
        let wanted =
            matches!(choice, TokenChoice::Search) && settings.implicit_tokens && provider.facts.exchanges_identity;
        let resource = if wanted { env.text(env::HF_OIDC_RESOURCE.name)? } else { None };
        Ok(resource.map(|resource| Self {
            resource: resource.trim(),
            endpoint: &provider.endpoint,
            network: &settings.network,
        }))
    }

    /// Where the token comes from, in the words of the user.
    #[must_use]
    pub(crate) fn source(&self) -> CredentialSource {
        CredentialSource::Exchange { resource: crate::repo::printable(self.resource) }
    }

    /// Exchanges.
    ///
    /// # Errors
    /// When there is no identity, or the hub gives no token for it.
    pub(crate) async fn run(&self, env: &Env, client: &Client) -> Result<Credential, IdentityError> {
        let Renewed { secret, due } = self.ask(env, client).await?;
        let again = OfJob {
            resource: self.resource.to_owned(),
            endpoint: self.endpoint.clone(),
            network: self.network.clone(),
            env: env.clone(),
            client: client.clone(),
        };
        Ok(Credential::new(secret, self.source(), self.endpoint.clone()).renewed_by(again, due))
    }

    async fn ask(&self, env: &Env, client: &Client) -> Result<Renewed, IdentityError> {
        let url = self.endpoint.join(["oauth", "token"]);
        self.refuse_exposed(&url)?;
        let identity = self.identity(env, client).await?;
        let question = json!({
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
            "subject_token": identity.expose(),
            "resource": self.resource,
        });
        let fail = |source| IdentityError::Exchange { resource: crate::repo::printable(self.resource), source };
        let (answer, _): (Exchanged, _) =
            client.json(&HttpRequest::post(url.clone(), &question, identity)).await.map_err(fail)?;
        match Secret::parse(&answer.access_token, &self.source()) {
            Ok(Some(secret)) => Ok(Renewed { secret, due: due_after(env, &answer) }),
            _ => Err(fail(Failure::broken(&url, "the answer holds no token".to_owned()))),
        }
    }

    fn refuse_exposed(&self, url: &Url) -> Result<(), IdentityError> {
        if self.network.exposes(url) { Err(IdentityError::Exposed { url: public(url) }) } else { Ok(()) }
    }

    /// Who this job is, as its CI system swears to the hub.
    async fn identity(&self, env: &Env, client: &Client) -> Result<Secret, IdentityError> {
        if let Some(given) = secret(env, &env::HF_OIDC_ID_TOKEN)? {
            return Ok(given);
        }
        if let Some(path) = env.path(&env::HF_OIDC_ID_TOKEN_FILE) {
            // it is replaced every hour or so: whoever wrote it is asked each time
            return Ok(file_thread::run(move || super::read_token(&path)).await??);
        }
        let name = env::ACTIONS_ID_TOKEN_REQUEST_URL.name;
        let address = env.text(name).map_err(AuthError::from)?;
        let (Some(address), Some(right)) = (address, secret(env, &env::ACTIONS_ID_TOKEN_REQUEST_TOKEN)?) else {
            return Err(IdentityError::NoIdentity);
        };
        let mut url = Url::parse(address.trim()).map_err(|_| IdentityError::Address { name })?;
        self.refuse_exposed(&url)?;
        url.query_pairs_mut().append_pair("audience", &self.endpoint.to_string());
        let source = CredentialSource::Variable(env::ACTIONS_ID_TOKEN_REQUEST_TOKEN.name.to_owned());
        let right = Credential::new(right, source.clone(), Endpoint::around(&url));
        let asked = client.json(&HttpRequest::get(url.clone(), Some(&right))).await;
        let (answer, _): (Identity, _) = asked.map_err(IdentityError::Identity)?;
        match Secret::parse(&answer.value, &source) {
            Ok(Some(identity)) => Ok(identity),
            _ => Err(IdentityError::Identity(Failure::broken(&url, "the answer holds no identity".to_owned()))),
        }
    }
}

/// What GitHub Actions answers. No `Debug`: it is a secret.
#[derive(Deserialize)]
struct Identity {
    value: String,
}

/// What the hub answers. No `Debug`: it is a secret.
#[derive(Deserialize)]
struct Exchanged {
    access_token: String,
    expires_in: Option<Value>,
}

/// When the token is to be exchanged for another: before its end, unless the identity is a text that will not change.
fn due_after(env: &Env, answer: &Exchanged) -> Option<Instant> {
    const HOUR: u64 = 60 * 60;
    let lifetime = Duration::from_secs(renewal::seconds(answer.expires_in.as_ref()).unwrap_or(HOUR));
    let is_fixed = matches!(env.text(env::HF_OIDC_ID_TOKEN.name), Ok(Some(_)));
    let margin = if is_fixed { Duration::ZERO } else { JOB_MARGIN };
    Instant::now().checked_add(lifetime.saturating_sub(margin))
}

fn secret(env: &Env, variable: &Variable) -> Result<Option<Secret>, AuthError> {
    let text = env.text(variable.name)?.unwrap_or_default();
    Ok(Secret::parse(text, &CredentialSource::Variable(variable.name.to_owned()))?)
}
