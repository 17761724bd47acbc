//! One client for every request: the credential is bound to its origin, redirects are followed by hand, answers that may
//! pass are told from those that will not.
//!
//! reqwest's own redirect policy is off. It would keep custom headers (spiceai#12495), and it would hide the headers of
//! the answers in between, which on a hub are the ones that tell the truth. Its decompression is not compiled in: it
//! would change the length and the hash of what is verified.

mod dialect;
mod failure;
mod link;
mod pace;
mod probe;
mod proxy;
mod quota;
mod range;
mod redirect;
mod request;
mod response;
mod retry;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RANGE,
};
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::time::timeout;
use url::Url;

pub(crate) use self::dialect::Dialect;
pub(crate) use self::failure::{Answerer, Failure, NetworkKind, Refused};
pub(crate) use self::link::next_page;
pub(crate) use self::probe::Probe;
pub(crate) use self::proxy::proxy_for;
pub(crate) use self::quota::Quota;
pub(crate) use self::range::{ByteRange, Coverage, coverage};
pub(crate) use self::request::HttpRequest;
pub(crate) use self::response::HttpResponse;
pub(crate) use self::retry::Patience;

use self::pace::Pace;
use self::redirect::{leaves, redirect};
use crate::credential::Credential;
use crate::endpoint::{Origin, public};
use crate::event::{Event, Listener, Wait};
use crate::settings::{Network, ProxyError};

/// How many redirects one request may take.
const MOST_HOPS: usize = 10;
/// How much of an error page is read for the message in it, in bytes.
const LARGEST_MESSAGE: usize = 64 << 10;

/// Why there is no client.
#[derive(Debug, Error)]
pub(crate) enum ClientError {
    /// The certificates that a variable names cannot be used.
    #[error("could not use the certificates in `{path}` (from {variable}): {problem}")]
    Certificates {
        /// The file.
        path: String,
        /// The variable that named it.
        variable: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A variable names a proxy that cannot be used. To connect without it would be to go around it.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// The TLS library refused.
    #[error("could not set up the network")]
    Build(#[source] reqwest::Error),
}

/// The client of one run. Clones share connections, pace and patience.
#[derive(Clone)]
pub(crate) struct Client {
    inner: reqwest::Client,
    network: Network,
    pace: Arc<Pace>,
    listener: Arc<dyn Listener>,
    dialect: Dialect,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("network", &self.network).finish_non_exhaustive()
    }
}

impl Client {
    /// Builds the client.
    ///
    /// # Errors
    /// When the certificates or the proxy that the user names cannot be used.
    pub(crate) fn new(network: &Network, listener: Arc<dyn Listener>) -> Result<Self, ClientError> {
        tls::choose_library();
        let builder = reqwest::Client::builder()
            .user_agent(concat!("gatedl/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(Duration::from_secs(10).min(network.answer))
            .referer(false)
            .http1_only();
        let inner =
            tls::trust(proxy::lead(builder, network)?, network)?.build().map_err(|error| tls::blame(error, network))?;
        Ok(Self { inner, network: network.clone(), pace: Arc::default(), listener, dialect: Dialect::default() })
    }

    /// The same client for servers that say some things in a way of their own.
    #[must_use]
    pub(crate) fn speaking(&self, dialect: Dialect) -> Self {
        Self { dialect, ..self.clone() }
    }

    /// Tells what happens.
    pub(crate) fn tell(&self, event: impl Into<Event>) {
        self.listener.event(&event.into());
    }

    /// Sends a request and follows its redirects. The answer is a success, or a redirect where `stay` asks for it. A
    /// credential that can be renewed is, before its end and when the server does not take it any more.
    ///
    /// A chain that has left the place of its credential goes on without: who is asked there says where it leads, also
    /// back.
    ///
    /// # Errors
    /// When no answer comes, or one that refuses.
    pub(crate) async fn send(&self, ask: &HttpRequest<'_>) -> Result<HttpResponse, Failure> {
        let Some(credential) = ask.credential else { return self.follow(ask).await };
        credential.renew_if_due().await;
        let sent = credential.secret_for(&ask.url);
        let answered = self.follow(ask).await;
        match (&answered, sent) {
            (Err(failure), Some(sent)) if failure.is_unauthorized() && credential.renew_after(&sent).await => {
                self.follow(ask).await
            }
            _ => answered,
        }
    }

    async fn follow(&self, ask: &HttpRequest<'_>) -> Result<HttpResponse, Failure> {
        let (mut url, mut credential, mut own) = (ask.url.clone(), ask.credential, true);
        for _ in 0..=MOST_HOPS {
            credential = credential.filter(|credential| credential.secret_for(&url).is_some());
            own = own && Origin::of(&url) == Origin::of(&ask.url) && credential.is_some() == ask.credential.is_some();
            let mut answer = self.step(ask, &url, credential).await?;
            let status = answer.status();
            if status.is_success() {
                return Ok(answer);
            }
            let location = match answer.header(LOCATION.as_str()) {
                Some(location) if status.is_redirection() => location,
                _ => {
                    let from = if own { Answerer::Hub } else { Answerer::Storage };
                    return Err(self.refuse(&mut answer, ask, from).await);
                }
            };
            if ask.stay && leaves(&url, location) {
                return Ok(answer);
            }
            let next = redirect(&url, location)?;
            if (self.dialect.is_login)(&next) {
                return Err(Failure::LoginPage { url: public(&ask.url) });
            }
            if ask.body.is_some() {
                let problem = format!("the server passes what was sent to it on to {}", public(&next));
                return Err(Failure::broken(&url, problem));
            }
            url = next;
        }
        Err(Failure::broken(&ask.url, format!("more than {MOST_HOPS} redirects")))
    }

    /// Sends a request again and again, as long as its failures may pass.
    ///
    /// # Errors
    /// The failure that did not pass.
    pub(crate) async fn insist(&self, ask: &HttpRequest<'_>) -> Result<HttpResponse, Failure> {
        let mut patience = Patience::new(self.network.patience);
        loop {
            match self.send(ask).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => self.wait_after(failure, &mut patience).await?,
            }
        }
    }

    /// Asks for a JSON document.
    ///
    /// # Errors
    /// As [`Client::insist`], and when the answer is not the document that was expected.
    pub(crate) async fn json<T: DeserializeOwned>(&self, ask: &HttpRequest<'_>) -> Result<(T, HeaderMap), Failure> {
        self.sized_json(ask).await.map(|(document, headers, _)| (document, headers))
    }

    /// As [`Client::json`], with the length of the document in bytes: for those of which many are read.
    ///
    /// # Errors
    /// As [`Client::json`].
    pub(crate) async fn sized_json<T: DeserializeOwned>(
        &self,
        ask: &HttpRequest<'_>,
    ) -> Result<(T, HeaderMap, usize), Failure> {
        let mut patience = Patience::new(self.network.patience);
        loop {
            match self.read_json(ask).await {
                Ok(document) => return Ok(document),
                Err(failure) => self.wait_after(failure, &mut patience).await?,
            }
        }
    }

    async fn read_json<T: DeserializeOwned>(&self, ask: &HttpRequest<'_>) -> Result<(T, HeaderMap, usize), Failure> {
        let mut answer = self.send(ask).await?;
        let (document, length) = answer.sized_document().await?;
        Ok((document, answer.response.headers().clone(), length))
    }

    /// Decides about a failure: waits, if it may pass and patience is left; hands it back otherwise.
    ///
    /// # Errors
    /// The failure itself.
    pub(crate) async fn wait_after(&self, failure: Failure, patience: &mut Patience) -> Result<(), Failure> {
        let Some(wait) = patience.after(&failure) else { return Err(failure) };
        self.tell(failure.to_event(wait));
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// One request, without its redirects, at `url` and with `credential`: those of `ask`, or of a hop on the way from there.
    async fn step(
        &self,
        ask: &HttpRequest<'_>,
        url: &Url,
        credential: Option<&Credential>,
    ) -> Result<HttpResponse, Failure> {
        let tell = |origin: &Origin, wait| {
            self.tell(Event::Wait(Wait::RateLimited { host: origin.host().to_owned(), wait }));
        };
        let ticket = self.pace.admit(url, tell).await;
        let mut request = self.inner.request(ask.method.clone(), url.clone()).header(ACCEPT_ENCODING, "identity");
        if let Some(range) = ask.range {
            request = request.header(RANGE, range.to_string());
        }
        if let Some(body) = &ask.body {
            request = request.header(CONTENT_TYPE, body.content_type()).body(body.bytes());
        }
        if let Some(secret) = credential.and_then(|credential| credential.secret_for(url)) {
            let header = HeaderValue::try_from(format!("Bearer {}", secret.expose()));
            let mut header = header.map_err(|_| Failure::broken(url, "the token cannot be sent".to_owned()))?;
            header.set_sensitive(true);
            request = request.header(AUTHORIZATION, header);
        }
        tracing::debug!(method = %ask.method, url = %public(url), range = ask.range.map(|range| range.to_string()), "request");
        let mut response = match timeout(self.network.answer, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(Failure::from_reqwest(url, error)),
            Err(_) => return Err(Failure::silent(url, self.network.answer)),
        };
        ask.hide_in(response.headers_mut());
        tracing::debug!(status = response.status().as_u16(), url = %public(url), "answer");
        ticket.answered(response.status(), response.headers());
        if let Some(encoding) = header(response.headers(), CONTENT_ENCODING.as_str()).filter(|name| *name != "identity")
        {
            let encoding = crate::repo::printable(encoding);
            return Err(Failure::broken(url, format!("the answer is compressed ({encoding}) though it must not be")));
        }
        Ok(HttpResponse { response, url: url.clone(), stall: self.network.stall, whole: self.network.whole() })
    }

    async fn refuse(&self, answer: &mut HttpResponse, ask: &HttpRequest<'_>, from: Answerer) -> Failure {
        let body = if ask.method == Method::HEAD {
            Vec::new()
        } else {
            // a message is not worth more time than silence is
            let read = timeout(self.network.stall, answer.read(LARGEST_MESSAGE)).await;
            read.map(Result::unwrap_or_default).unwrap_or_default()
        };
        let hide = |text: &str| ask.hidden_in(text);
        let headers = answer.response.headers();
        let refused = Refused::of(&answer.url, from, answer.status(), headers, &body, &hide);
        Failure::Refused(Box::new(Refused { may_pass: (self.dialect.may_pass)(headers), ..refused }))
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
