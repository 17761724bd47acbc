//! What can go wrong between a request and the end of its answer, as data: a retry is decided from it, a refusal is
//! explained from it, and a user reads it.
//!
//! Links are kept without their query (a signed link opens the file to whoever reads it), and everything a server wrote
//! has lost its control characters before it is stored here.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use thiserror::Error;
use url::Url;

use super::header;
use super::pace::ordered_wait;
use crate::endpoint::public;
use crate::repo::printable;
use crate::report::Wait;

/// How the network failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkKind {
    /// No connection came about.
    Connect,
    /// The certificate of the server is not trusted.
    Certificate,
    /// The answer did not begin, or stopped arriving.
    Stalled,
    /// The connection broke.
    Broken,
}

/// Why a request has no good answer.
#[derive(Debug, Error)]
pub enum Failure {
    /// The server said no.
    #[error("{0}")]
    Refused(Box<Refused>),
    /// The network failed.
    #[error("{what}: {url}")]
    Network {
        /// The link, without its query.
        url: String,
        /// How it failed.
        kind: NetworkKind,
        /// The same in words.
        what: String,
        /// What the network library says.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The server's answer makes no sense.
    #[error("{problem}: {url}")]
    Broken {
        /// The link, without its query.
        url: String,
        /// What is wrong with the answer.
        problem: String,
    },
}

impl Failure {
    pub(super) fn network(url: &Url, kind: NetworkKind, error: reqwest::Error) -> Self {
        let what = match kind {
            NetworkKind::Connect => "could not connect",
            NetworkKind::Certificate => "the server's certificate is not trusted",
            NetworkKind::Stalled => "the server does not answer",
            NetworkKind::Broken => "the connection broke",
        };
        let source = Some(root_cause(&error.without_url()).into());
        Self::Network { url: public(url), kind, what: what.to_owned(), source }
    }

    pub(super) fn from_reqwest(url: &Url, error: reqwest::Error) -> Self {
        let kind = match () {
            () if is_about_a_certificate(&error) => NetworkKind::Certificate,
            () if error.is_timeout() => NetworkKind::Stalled,
            () if error.is_connect() => NetworkKind::Connect,
            () => NetworkKind::Broken,
        };
        Self::network(url, kind, error)
    }

    pub(super) fn stalled(url: &Url, after: Duration) -> Self {
        let what = format!("no byte arrived for {} s", after.as_secs());
        Self::Network { url: public(url), kind: NetworkKind::Stalled, what, source: None }
    }

    pub(super) fn silent(url: &Url, after: Duration) -> Self {
        let what = format!("no answer began within {} s", after.as_secs());
        Self::Network { url: public(url), kind: NetworkKind::Stalled, what, source: None }
    }

    /// An answer that makes no sense.
    #[must_use]
    pub fn broken(url: &Url, problem: String) -> Self {
        Self::Broken { url: public(url), problem }
    }

    /// A body that ended before its time.
    #[must_use]
    pub fn short(url: &Url, missing: u64) -> Self {
        let what = format!("the connection ended {missing} bytes too early");
        Self::Network { url: public(url), kind: NetworkKind::Broken, what, source: None }
    }

    /// How a wait for this failure to pass is reported.
    #[must_use]
    pub fn to_wait(&self, wait: Duration) -> Wait {
        match self {
            Self::Refused(refused) if refused.status == StatusCode::TOO_MANY_REQUESTS => {
                let host = Url::parse(&refused.url).ok().and_then(|url| url.host_str().map(str::to_owned));
                Wait::RateLimited { host: host.unwrap_or_default(), wait }
            }
            _ => Wait::Retry { reason: self.summary(), wait },
        }
    }

    /// The failure in one line, with its cause.
    #[must_use]
    pub fn summary(&self) -> String {
        self.source().map_or_else(|| self.to_string(), |cause| format!("{self} ({cause})"))
    }
}

/// What lies at the bottom: the layers above it say "error sending request" and "client error (Connect)".
pub(super) fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    printable(&cause.to_string())
}

/// The TLS library's errors arrive boxed three layers deep, without a type to match on.
fn is_about_a_certificate(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.to_string().contains("invalid peer certificate") {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// An answer with a status that refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The link, without its query.
    pub url: String,
    /// Whether the origin that was asked refused, rather than one that it redirected to.
    pub own: bool,
    /// The status.
    pub status: StatusCode,
    /// `X-Error-Code`.
    pub code: Option<String>,
    /// What the server says, from `X-Error-Message` or the body.
    pub message: Option<String>,
    /// The id that the server's operators can find the request by.
    pub request_id: Option<String>,
    /// How long the server asks to wait.
    pub wait: Option<Duration>,
}

impl Refused {
    pub(super) fn of(url: &Url, own: bool, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |name: &str| header(headers, name).map(printable).filter(|text| !text.is_empty());
        Self {
            url: public(url),
            own,
            status,
            code: text("x-error-code"),
            message: text("x-error-message").or_else(|| message_in(headers, body)),
            // in this order in huggingface_hub (`_raise_for_status`), so that both tools name the same id
            request_id: ["x-request-id", "x-amzn-trace-id", "x-amz-cf-id"].into_iter().find_map(text),
            wait: ordered_wait(headers),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} for {}", self.status, self.url)?;
        match &self.request_id {
            Some(id) => write!(formatter, " (request id {id})"),
            None => Ok(()),
        }
    }
}

/// The message in a body: `error` of a JSON object, or a short text. A web page is no message.
fn message_in(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    if let Ok(serde_json::Value::Object(object)) = serde_json::from_str(text) {
        let text = |key| object.get(key).and_then(serde_json::Value::as_str);
        let message = match (text("error"), text("error_description")) {
            // OAuth: a word for programs, a sentence for people (RFC 6749, 5.2)
            (Some(word), Some(sentence)) => Some(format!("{word}: {sentence}")),
            (word, _) => word.or_else(|| text("message")).map(str::to_owned),
        };
        return message.as_deref().map(printable).filter(|message| !message.is_empty());
    }
    let is_page = header(headers, "content-type").is_some_and(|kind| kind.contains("html") || kind.contains("xml"))
        || text.trim_start().starts_with('<');
    Some(printable(text)).filter(|message| !is_page && !message.is_empty() && message.len() <= 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(headers: &[(&'static str, &str)], body: &str) -> Refused {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let url = Url::parse("https://hub/api?token=secret").unwrap();
        Refused::of(&url, true, StatusCode::FORBIDDEN, &headers, body.as_bytes())
    }

    #[test]
    fn the_servers_own_words_are_found_wherever_they_are() {
        for (headers, body, message) in [
            (&[("x-error-message", "from the header")][..], "{\"error\":\"x\"}", Some("from the header")),
            (&[], "{\"error\":\"from \\u001b[31mJSON\"}", Some("from [31mJSON")),
            (&[("content-type", "text/plain")], "plain text\n", Some("plain text")),
            (&[("content-type", "text/html")], "an HTML page", None),
            (&[], " <?xml version='1.0'?><Error/>", None),
            (&[], "{\"error\":\"invalid_grant\",\"error_description\":\"No.\"}", Some("invalid_grant: No.")),
            (&[], "{\"other\":1}", None),
            (&[], "", None),
        ] {
            assert_eq!(refused(headers, body).message.as_deref(), message, "{body}");
        }
    }

    #[test]
    fn a_refusal_names_status_link_and_request_but_no_query() {
        let shown = refused(&[("x-request-id", "Root=1-67")], "").to_string();
        assert_eq!(shown, "403 Forbidden for https://hub/api (request id Root=1-67)");
    }
}
