//! A request before it is sent: with which credential, for which bytes, with what in it.

use std::fmt;

use bytes::Bytes;
use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::ByteRange;
use crate::credential::{Credential, Secret};

/// A request, before it is sent.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// The method; `POST` where there is a body, else only `GET` and `HEAD` occur.
    pub method: Method,
    /// The address.
    pub url: Url,
    /// The credential; it travels only to the origin that it is bound to, on whichever hop that is.
    pub credential: Option<&'a Credential>,
    /// What is sent. It stays with the address that it was meant for: no redirect of it is followed.
    pub body: Option<Body>,
    /// The bytes that are wanted, where not all are.
    pub range: Option<ByteRange>,
    /// Whether a redirect to another origin is the answer rather than a step to it: the metadata of a file are on the
    /// hub's redirect, not at the CDN.
    pub stay: bool,
}

impl<'a> Ask<'a> {
    /// A `GET` of everything.
    #[must_use]
    pub const fn get(url: Url, credential: Option<&'a Credential>) -> Self {
        Self { method: Method::GET, url, credential, body: None, range: None, stay: false }
    }

    /// A `POST` of a JSON document that holds a secret.
    #[must_use]
    pub fn post(url: Url, document: &Value, secret: Secret) -> Self {
        let body = Some(Body { bytes: document.to_string().into(), secret });
        Self { method: Method::POST, body, ..Self::get(url, None) }
    }

    /// What must not be repeated, also where the server repeats it.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let credential = self.credential.and_then(|credential| credential.secret_for(&self.url));
        credential.into_iter().chain(self.body.as_ref().map(|body| &body.secret))
    }
}

/// A JSON document on its way to a server. It holds a secret, so its `Debug` is redacted.
#[derive(Clone)]
pub struct Body {
    bytes: Bytes,
    secret: Secret,
}

impl Body {
    pub(super) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Body(…)")
    }
}
