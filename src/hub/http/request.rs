//! A request before it is sent: with which credential, for which bytes, with what in it.

use std::fmt;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::ByteRange;
use crate::credential::{Credential, Secret};

/// A request, before it is sent.
#[derive(Debug, Clone)]
pub(crate) struct HttpRequest<'a> {
    /// The method; `POST` where there is a body, else only `GET` and `HEAD` occur.
    pub(crate) method: Method,
    /// The address.
    pub(crate) url: Url,
    /// The credential; it travels only to the origin that it is bound to, on whichever hop that is.
    pub(crate) credential: Option<&'a Credential>,
    /// What is sent. It stays with the address that it was meant for: no redirect of it is followed.
    pub(crate) body: Option<Body>,
    /// The bytes that are wanted, where not all are.
    pub(crate) range: Option<ByteRange>,
    /// Whether a redirect to another origin is the answer rather than a step to it: the metadata of a file are on the
    /// hub's redirect, not at the CDN.
    pub(crate) stay: bool,
}

impl<'a> HttpRequest<'a> {
    /// A `GET` of everything.
    #[must_use]
    pub(crate) const fn get(url: Url, credential: Option<&'a Credential>) -> Self {
        Self { method: Method::GET, url, credential, body: None, range: None, stay: false }
    }

    /// A `POST` of a JSON document that holds a secret.
    #[must_use]
    pub(crate) fn post(url: Url, document: &Value, secret: Secret) -> Self {
        let body = Body { bytes: document.to_string().into(), content_type: "application/json", secret };
        Self { method: Method::POST, body: Some(body), ..Self::get(url, None) }
    }

    /// A `POST` of a form that holds a secret.
    #[must_use]
    pub(crate) fn form(url: Url, fields: &[(&str, &str)], secret: Secret) -> Self {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let body = Body { bytes: form.into(), content_type: "application/x-www-form-urlencoded", secret };
        Self { method: Method::POST, body: Some(body), ..Self::get(url, None) }
    }

    /// A text of a server's without what must not be repeated, also where the server repeats it.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        let credential = self.credential.map(Credential::secrets).unwrap_or_default();
        let secrets = credential.iter().chain(self.body.as_ref().map(|body| &body.secret));
        secrets.fold(text.to_owned(), |text, secret| secret.hidden_in(&text))
    }

    /// The same for headers: whatever is made of them, a message or the next link, has no token in it.
    pub(super) fn hide_in(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            let text = String::from_utf8_lossy(value.as_bytes());
            let hidden = self.hidden_in(&text);
            if hidden != text {
                *value = HeaderValue::try_from(hidden).unwrap_or_else(|_| HeaderValue::from_static("****"));
            }
        }
    }
}

/// What is on its way to a server. It holds a secret, so its `Debug` is redacted.
#[derive(Clone)]
pub(crate) struct Body {
    bytes: Bytes,
    content_type: &'static str,
    secret: Secret,
}

impl Body {
    pub(super) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    pub(super) const fn content_type(&self) -> &'static str {
        self.content_type
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Body(…)")
    }
}
