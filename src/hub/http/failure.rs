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
use serde_json::Value;
use thiserror::Error;
use url::Url;

use super::header;
use super::quota::ordered_wait;
use crate::endpoint::public;
use crate::event::{Event, Wait};
use crate::text::{printable, printable_without, visible};

/// How the network failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NetworkKind {
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
pub(crate) enum Failure {
    /// The server said no.
    #[error("{0}")]
    Refused(Box<Refused>),
    /// The server leads to its login page instead.
    #[error("the server leads to its login page: {url}")]
    LoginPage {
        /// The link that was asked, without its query.
        url: String,
    },
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
        let kind = if is_about_a_certificate(&error) {
            NetworkKind::Certificate
        } else if error.is_timeout() {
            NetworkKind::Stalled
        } else if error.is_connect() {
            NetworkKind::Connect
        } else {
            NetworkKind::Broken
        };
        Self::network(url, kind, error)
    }

    pub(super) fn stalled(url: &Url, after: Duration) -> Self {
        let what = format!("no byte arrived for {} s", after.as_secs());
        Self::Network { url: public(url), kind: NetworkKind::Stalled, what, source: None }
    }

    pub(super) fn slow(url: &Url, after: Duration) -> Self {
        let what = format!("the answer did not end within {} s", after.as_secs());
        Self::Network { url: public(url), kind: NetworkKind::Stalled, what, source: None }
    }

    pub(super) fn silent(url: &Url, after: Duration) -> Self {
        let what = format!("no answer began within {} s", after.as_secs());
        Self::Network { url: public(url), kind: NetworkKind::Stalled, what, source: None }
    }

    /// Whether the server itself does not take the credential, or wants one.
    #[must_use]
    pub(crate) fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Refused(refused) if refused.from == Answerer::Hub && refused.status.as_u16() == 401)
    }

    /// An answer that makes no sense.
    #[must_use]
    pub(crate) fn broken(url: &Url, problem: String) -> Self {
        Self::Broken { url: public(url), problem }
    }

    /// A body that ended before its time.
    #[must_use]
    pub(crate) fn short(url: &Url, missing: u64) -> Self {
        let what = format!("the connection ended {missing} bytes too early");
        Self::Network { url: public(url), kind: NetworkKind::Broken, what, source: None }
    }

    /// How a wait for this failure to pass is reported.
    #[must_use]
    pub(crate) fn to_event(&self, wait: Duration) -> Event {
        match self {
            Self::Refused(refused) if refused.status == StatusCode::TOO_MANY_REQUESTS => {
                let host = Url::parse(&refused.url).ok().and_then(|url| url.host_str().map(str::to_owned));
                Event::Wait(Wait::RateLimited { host: host.unwrap_or_default(), wait })
            }
            _ => Event::Retry { reason: self.summary(), wait },
        }
    }

    /// The failure in one line, with its cause.
    #[must_use]
    pub(crate) fn summary(&self) -> String {
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

/// Whose answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answerer {
    /// The hub's, which was asked, with the credential if there is one.
    Hub,
    /// The storage's, to which a redirect led. It refuses a link that has expired, and knows nothing of gates.
    Storage,
}

/// An answer with a status that refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The link, without its query.
    pub(crate) url: String,
    /// Whose answer it is.
    pub(crate) from: Answerer,
    /// The status.
    pub(crate) status: StatusCode,
    /// `X-Error-Code`.
    pub(crate) code: Option<String>,
    /// What the server says, from `X-Error-Message` or the body.
    pub(crate) message: Option<String>,
    /// The id that the server's operators can find the request by.
    pub(crate) request_id: Option<String>,
    /// How long the server asks to wait.
    pub(crate) wait: Option<Duration>,
    /// The JSON object in the body, as the server wrote it: for the provider that knows its keys.
    pub(crate) fields: Fields,
    /// Whether the body is a web page, which no API writes.
    pub(crate) is_page: bool,
    /// Whether that page is XML: object storages refuse in XML, firewalls do not.
    pub(crate) is_xml: bool,
    /// Whether the provider marks the answer as one that may pass, by the [`Dialect`](super::Dialect) of its servers.
    pub(crate) may_pass: bool,
}

/// The keys of a JSON object.
pub(crate) type Fields = serde_json::Map<String, Value>;

impl Refused {
    /// Reads a refusal. `hide` takes out of the server's words what must not be repeated.
    pub(super) fn of(
        url: &Url,
        from: Answerer,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        hide: &dyn Fn(&str) -> String,
    ) -> Self {
        let text = |name: &str| header(headers, name).map(printable).filter(|text| !text.is_empty());
        let mut fields: Fields = serde_json::from_slice(body).unwrap_or_default();
        fields.values_mut().for_each(|value| hide_in(value, hide));
        Self {
            url: public(url),
            from,
            status,
            code: text("x-error-code"),
            message: text("x-error-message").or_else(|| message_in(&fields, headers, body, hide)),
            // in this order in huggingface_hub (`_raise_for_status`), so that both tools name the same id
            request_id: ["x-request-id", "x-amzn-trace-id", "x-amz-cf-id"].into_iter().find_map(text),
            wait: ordered_wait(headers),
            is_page: is_page(headers, body),
            is_xml: is_xml(headers, body),
            may_pass: false,
            fields,
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

/// Strings at any depth.
fn hide_in(value: &mut Value, hide: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = hide(&visible(text)),
        Value::Array(values) => values.iter_mut().for_each(|value| hide_in(value, hide)),
        Value::Object(fields) => fields.values_mut().for_each(|value| hide_in(value, hide)),
        _ => {}
    }
}

/// The message in a body: `message` or `error` of a JSON object (where there are both, `error` is a mere headline), or a
/// short text. A web page is no message.
fn message_in(fields: &Fields, headers: &HeaderMap, body: &[u8], hide: &dyn Fn(&str) -> String) -> Option<String> {
    if !fields.is_empty() {
        let text = |key| fields.get(key).and_then(Value::as_str);
        let message = match (text("error"), text("error_description")) {
            // OAuth: a word for programs, a sentence for people (RFC 6749, 5.2)
            (Some(word), Some(sentence)) => Some(format!("{word}: {sentence}")),
            (word, _) => text("message").or(word).map(str::to_owned),
        };
        return message.as_deref().map(printable).filter(|message| !message.is_empty());
    }
    let text = printable_without(std::str::from_utf8(body).ok()?, hide);
    Some(text).filter(|text| !is_page(headers, body) && !text.is_empty() && text.len() <= 1_000)
}

fn is_page(headers: &HeaderMap, body: &[u8]) -> bool {
    header(headers, "content-type").is_some_and(|kind| kind.contains("html") || kind.contains("xml"))
        || body.trim_ascii_start().starts_with(b"<")
}

fn is_xml(headers: &HeaderMap, body: &[u8]) -> bool {
    let kind = header(headers, "content-type").unwrap_or_default();
    let begins = |text: &[u8]| body.trim_ascii_start().starts_with(text);
    begins(b"<?xml") || begins(b"<Error>") || (kind.contains("xml") && !kind.contains("html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(headers: &[(&'static str, &str)], body: &str) -> Refused {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let url = Url::parse("https://hub/api?token=secret").unwrap();
        Refused::of(&url, Answerer::Hub, StatusCode::FORBIDDEN, &headers, body.as_bytes(), &|text| {
            text.replace("hf_secret", "****")
        })
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
            (&[], "{\"error\":\"Unauthorized\",\"message\":\"log in\"}", Some("log in")),
            (&[], "", None),
            (&[], "{\"error\":\"no hf_se\\u200bcret \\u0068f_secret\"}", Some("no **** ****")),
            (&[], "no hf_\u{2060}secret", Some("no ****")),
        ] {
            assert_eq!(refused(headers, body).message.as_deref(), message, "{body}");
        }
    }

    #[test]
    fn the_xml_of_a_storage_is_told_from_a_web_page() {
        for (headers, body, is_xml) in [
            (&[("content-type", "application/xml")][..], "", true),
            (&[], " <?xml version=\"1.0\"?><Error/>", true),
            (&[], "<Error><Code>AccessDenied</Code></Error>", true),
            (&[("content-type", "application/xhtml+xml")], "<!DOCTYPE html>", false),
            (&[("content-type", "text/html")], "<html>", false),
            (&[], "{}", false),
        ] {
            assert_eq!(refused(headers, body).is_xml, is_xml, "{body}");
        }
    }

    #[test]
    fn a_refusal_names_status_link_and_request_but_no_query() {
        let shown = refused(&[("x-request-id", "Root=1-67")], "").to_string();
        assert_eq!(shown, "403 Forbidden for https://hub/api (request id Root=1-67)");
    }
}
