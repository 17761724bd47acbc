//! How the tokens of a run are renewed: the hub is asked for the next one of a browser's login, and the identity of a CI job
//! is exchanged again.
//!
//! A renewal that fails is said and not more: the token that is there may do for a while, and if it does not, the hub's
//! refusal says so better than a guess.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::Value;

use super::super::{AuthError, BrowserLogin, RenewalRight, RenewalTurn};
use super::{Exchange, IdentityError};
use crate::credential::{CredentialSource, Renew, Renewed, Renewing, Secret};
use crate::endpoint::Endpoint;
use crate::event::{TokenTrouble, Warning};
use crate::file_thread;
use crate::hub::http::{Client, Failure, HttpRequest};
use crate::lasting_task;
use crate::settings::env::Env;
use crate::settings::{Network, ProviderSettings};

/// The program that browser logins are made for: `DEVICE_CODE_OAUTH_CLIENT_ID` of huggingface_hub's `constants.py`.
const CLIENT_ID: &str = "26be6b09-91c5-47da-9861-d2d2bb7a7e36";
/// How long before its end a login is renewed, as in huggingface_hub.
const LOGIN_MARGIN: Duration = Duration::from_secs(24 * 60 * 60);
/// The same for the token of a job whose identity can be had anew.
pub(super) const JOB_MARGIN: Duration = Duration::from_secs(5 * 60);

/// When a token must be renewed that ends at this time, in seconds since 1970.
pub(super) fn due_before(expires_at: u64) -> Option<Instant> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = Duration::from_secs(expires_at).saturating_sub(now).saturating_sub(LOGIN_MARGIN);
    // a time that the clock cannot show counts as no end
    Instant::now().checked_add(left)
}

/// The seconds of `expires_in`: a number, or, from mirrors, a text.
pub(super) fn seconds(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Renews a browser's login.
#[derive(Debug, Clone)]
pub(super) struct OfLogin {
    pub(super) login: BrowserLogin,
    pub(super) provider: ProviderSettings,
    pub(super) client: Client,
    /// The hub takes what this login asks with no more.
    pub(super) is_over: Arc<AtomicBool>,
}

/// What the hub answers. No `Debug`: it is a secret.
#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    refresh_token: Option<String>,
    expires_in: Option<Value>,
}

/// Why a login could not be renewed.
enum Trouble {
    Store(AuthError),
    Hub(Failure),
    Lost,
}

impl From<AuthError> for Trouble {
    fn from(error: AuthError) -> Self {
        Self::Store(error)
    }
}

impl OfLogin {
    async fn try_renew(&self, stale: &Secret) -> Result<Option<Renewed>, Trouble> {
        let (login, of) = (self.login.clone(), stale.clone());
        let asking = match file_thread::run(move || login.begin(&of)).await.map_err(|_| Trouble::Lost)?? {
            RenewalTurn::Over => return Ok(None),
            RenewalTurn::Renewed(secret, end) => return Ok(Some(Renewed { secret, due: end.and_then(due_before) })),
            RenewalTurn::Ask(asking) => asking,
        };
        self.ask(asking).await.map(Some)
    }

    async fn ask(&self, asking: Box<RenewalRight>) -> Result<Renewed, Trouble> {
        let url = self.provider.endpoint.join(["oauth", "token"]);
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", asking.refresh_token.expose()),
            ("client_id", CLIENT_ID),
        ];
        let question = HttpRequest::form(url.clone(), &fields, asking.refresh_token.clone());
        // once only: what was asked with is used up, whether its answer arrives or not
        let mut answer = self.client.send(&question).await.map_err(Trouble::Hub)?;
        let answer: TokenResponse = answer.document().await.map_err(Trouble::Hub)?;
        let source = CredentialSource::Login(PathBuf::new());
        let parse = |text: &str| Secret::parse(text, &source).ok().flatten();
        let Some(secret) = parse(&answer.access_token) else {
            return Err(Trouble::Hub(Failure::broken(&url, "the answer holds no token".to_owned())));
        };
        let next = answer.refresh_token.as_deref().and_then(parse).unwrap_or_else(|| asking.refresh_token.clone());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let end = seconds(answer.expires_in.as_ref()).and_then(|seconds| now.checked_add(seconds));
        let (login, token) = (self.login.clone(), secret.clone());
        let write = move || login.finish(&asking, &token, &next, end);
        file_thread::run(write).await.map_err(|_| Trouble::Lost)??;
        Ok(Renewed { secret, due: end.and_then(due_before) })
    }

    fn tell(&self, trouble: &Trouble) {
        let login = crate::repo::printable(&self.login.name);
        let problem = match trouble {
            Trouble::Hub(failure) => Some(failure.to_string()),
            Trouble::Store(error) => Some(error.to_string()),
            Trouble::Lost => None,
        };
        let is_final = matches!(trouble, Trouble::Hub(failure) if is_final(failure));
        self.client.tell(Warning::Token(match problem {
            Some(problem) if is_final => {
                TokenTrouble::LoginEnded { login, provider: self.provider.name.clone(), problem }
            }
            problem => TokenTrouble::LoginNotRenewed { login, problem },
        }));
    }
}

/// `invalid_grant`: it has ended, was revoked, or was used by somebody who did not write down the answer.
fn is_final(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(refused) if matches!(refused.status.as_u16(), 400 | 401 | 403))
}

impl Renew for OfLogin {
    fn renew<'a>(&'a self, stale: &'a Secret) -> Renewing<'a> {
        Box::pin(async move {
            if self.is_over.load(Ordering::Relaxed) {
                return None;
            }
            // a task of its own: the request that waits for it may be dropped, as where another file fails or at Ctrl-C, and
            // the hub's answer must be written down all the same
            let (login, of) = (self.clone(), stale.clone());
            let task = lasting_task::spawn(async move { login.try_renew(&of).await });
            let renewed = task.await.unwrap_or(Err(Trouble::Lost));
            if let Err(trouble) = &renewed {
                self.is_over.store(matches!(trouble, Trouble::Hub(failure) if is_final(failure)), Ordering::Relaxed);
                self.tell(trouble);
            }
            renewed.unwrap_or_default()
        })
    }
}

/// Exchanges the identity of a job again.
#[derive(Debug)]
pub(super) struct OfJob {
    pub(super) resource: String,
    pub(super) endpoint: Endpoint,
    pub(super) network: Network,
    pub(super) env: Env,
    pub(super) client: Client,
}

impl Renew for OfJob {
    fn renew<'a>(&'a self, _stale: &'a Secret) -> Renewing<'a> {
        Box::pin(async move {
            let exchange = Exchange { resource: &self.resource, endpoint: &self.endpoint, network: &self.network };
            let renewed = exchange.ask(&self.env, &self.client).await;
            renewed.inspect_err(|error| self.client.tell(Warning::from(ended(error)))).ok()
        })
    }
}

fn ended(error: &IdentityError) -> TokenTrouble {
    let cause = error.failure().map(|failure| format!(" ({failure})")).unwrap_or_default();
    TokenTrouble::JobTokenEnds { problem: format!("{error}{cause}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_due_a_day_before_its_end_and_any_number_is_an_end() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        for (end, due) in [(0, true), (now, true), (now + 86_000, true), (now + 90_000, false)] {
            assert_eq!(due_before(end).expect("a time") <= Instant::now(), due, "{end}");
        }
        assert!(due_before(u64::MAX).is_none_or(|due| due > Instant::now()));
    }

    #[test]
    fn what_is_no_number_of_seconds_is_not_known() {
        for (json, expected) in
            [("3600", Some(3600)), ("\"60\"", Some(60)), ("-1", None), ("1e3", None), ("null", None), ("\"x\"", None)]
        {
            let value: Value = serde_json::from_str(json).expect("JSON");
            assert_eq!(seconds(Some(&value)), expected, "{json}");
        }
        assert_eq!(seconds(None), None);
    }
}
