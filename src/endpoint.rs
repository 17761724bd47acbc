//! Where a provider answers: its base address, the place that a token is bound to, and how links are shown.
//!
//! An endpoint may have a path (`https://host/artifactory/api/huggingfaceml/models`); clients that dropped
//! it failed behind such proxies (huggingface_hub#2806, #2808). Links are therefore built by pushing segments onto the
//! endpoint's path, each escaped by the `url` crate, never by formatting text.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use thiserror::Error;
use url::{Host, Url};

use crate::repo::printable;
use crate::text::shown;

/// Why a text is not an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not an endpoint: {reason}")]
pub(crate) struct EndpointError {
    text: String,
    reason: String,
}

/// A provider's base address: `http` or `https`, a host, perhaps a path; no user, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Endpoint(Url);

impl Endpoint {
    /// Its scheme, host and port.
    #[must_use]
    pub(crate) fn origin(&self) -> Origin {
        Origin::of(&self.0)
    }

    /// The address of a resource below this endpoint. Each segment is escaped, a `/` inside of one too.
    #[must_use]
    pub(crate) fn join<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// The page after `page` of a listing, as this endpoint serves it; none where `next` is something else.
    ///
    /// A mirror forwards its upstream's `Link: <https://huggingface.co/…>; rel="next"`, and a server behind another one
    /// names itself as it is called there. Whatever host it names, only this endpoint is asked: a listing is what files
    /// are verified against.
    #[must_use]
    pub(crate) fn next_page(&self, next: &Url, page: &Url, upstream: &Self) -> Option<Url> {
        let own = self.path_within(page)?;
        let mut adopted = page.clone();
        adopted.set_query(next.query());
        if self.path_within(next).is_some() {
            adopted.set_path(next.path());
        } else if Origin::of(next) == upstream.origin() && !climbs(next.path()) {
            adopted.set_path(&format!("{}{}", &page.path()[..own], next.path()));
        } else if !next.path().ends_with(&page.path()[own..]) {
            return None;
        }
        Some(adopted)
    }

    /// Where the part of `url` begins that is this endpoint's own, in bytes of its path, if `url` is below it.
    #[must_use]
    pub(crate) fn path_within(&self, url: &Url) -> Option<usize> {
        let prefix = self.0.path().trim_end_matches('/');
        let rest = url.path().strip_prefix(prefix)?;
        let is_below = (rest.is_empty() || rest.starts_with('/')) && !climbs(rest);
        (Origin::of(url) == self.origin() && is_below).then_some(prefix.len())
    }

    /// The endpoint of a link that stands for itself: its origin and path.
    #[must_use]
    pub(crate) fn around(url: &Url) -> Self {
        let mut endpoint = url.clone();
        endpoint.set_query(None);
        endpoint.set_fragment(None);
        Self(endpoint)
    }

    /// The address itself.
    #[must_use]
    pub(crate) const fn url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let refuse =
            |reason: &str| EndpointError { text: shown(&printable(text)).into_owned(), reason: reason.to_owned() };
        let mut url = Url::parse(text.trim()).map_err(|error| match error {
            url::ParseError::RelativeUrlWithoutBase => refuse("it must begin with https:// (or http://)"),
            error => refuse(&error.to_string()),
        })?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("it must begin with https:// (or http://)"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            // the text itself is not repeated: it holds a password
            return Err(EndpointError {
                text: public(&url),
                reason: "it must not contain a user or password".to_owned(),
            });
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(EndpointError {
                text: public(&url),
                reason: "it must not contain a query or fragment".to_owned(),
            });
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// Scheme, host and port: what must agree for a token to travel. A sub-domain, another port and `http` for `https` are
/// all other origins (curl's CVE-2022-27776 was a token that followed to another port of the same host).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    /// The origin of a link.
    #[must_use]
    pub(crate) fn of(url: &Url) -> Self {
        Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default(),
        }
    }

    /// The host alone, for messages.
    #[must_use]
    pub(crate) fn host(&self) -> &str {
        &self.host
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", self.scheme, self.host)?;
        let implied = match self.scheme.as_str() {
            "https" => Some(443),
            "http" => Some(80),
            _ => None,
        };
        match self.port {
            Some(port) if self.port != implied => write!(formatter, ":{port}"),
            _ => Ok(()),
        }
    }
}

/// A link as it may be shown and logged: without user, query and fragment. The query of a signed link opens the file to
/// whoever reads it.
#[must_use]
pub(crate) fn public(url: &Url) -> String {
    let mut shown = url.clone();
    // both setters fail only for links without a host, which carry neither
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.set_fragment(None);
    shown.to_string()
}

/// Whether a path has a `..` that a server may still find in it: one behind an escaped slash, or one before a `;`, which
/// some take for the end of a part. The plain ones are gone when a link is parsed.
fn climbs(path: &str) -> bool {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    decoded.split(['/', '\\']).any(|part| part.split(';').next() == Some(".."))
}

/// Whether a link leads to this machine by itself: an address of loopback (the unspecified one leads there too), or
/// `localhost`, for which nobody is asked. Of names below `localhost` only who resolves them can tell.
#[must_use]
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_of_this_machine(address.into()),
        Some(Host::Ipv6(address)) => is_of_this_machine(address.into()),
        Some(Host::Domain(name)) => name.trim_end_matches('.') == "localhost",
        None => false,
    }
}

/// Whether an address is one of this machine's own, which no packet leaves for.
#[must_use]
pub(crate) const fn is_of_this_machine(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address.is_loopback() || address.is_unspecified()
}

/// The host of a link, if it is a name below `localhost`.
#[must_use]
pub(crate) fn name_below_localhost(url: &Url) -> Option<&str> {
    url.domain().filter(|name| name.trim_end_matches('.').ends_with(".localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        text.parse().expect(text)
    }

    #[test]
    fn a_path_prefix_survives_and_segments_are_escaped() {
        let proxy = endpoint("https://host.example/artifactory/api/huggingfaceml/models/");
        assert_eq!(proxy.to_string(), "https://host.example/artifactory/api/huggingfaceml/models");
        let url = proxy.join(["api", "models", "org", "m", "revision", "refs/pr/1"]);
        assert_eq!(url.path(), "/artifactory/api/huggingfaceml/models/api/models/org/m/revision/refs%2Fpr%2F1");
        assert_eq!(
            endpoint("https://huggingface.co").join(["a b?#%"]).as_str(),
            "https://huggingface.co/a%20b%3F%23%25"
        );
    }

    #[test]
    fn the_next_page_is_asked_at_the_endpoint_whatever_host_it_names() {
        let (mirror, upstream) = (endpoint("https://mirror.example:9/prefix"), endpoint("https://huggingface.co"));
        let page = Url::parse("https://mirror.example:9/prefix/api/models/o/m/tree/abc?recursive=true").unwrap();
        let next = |link: &str| mirror.next_page(&page.join(link).unwrap(), &page, &upstream).map(String::from);
        for (link, path) in [
            ("https://huggingface.co/api/models/o/m/tree/abc?cursor=a%3D", "api/models/o/m/tree/abc?cursor=a%3D"),
            ("https://huggingface.co/api/models/new/m/tree/abc?c", "api/models/new/m/tree/abc?c"),
            ("/prefix/other/route?x=1#y", "other/route?x=1"),
            ("?cursor=2", "api/models/o/m/tree/abc?cursor=2"),
            ("http://mirror.example/prefix/api/models/o/m/tree/abc?c", "api/models/o/m/tree/abc?c"),
            ("http://me:pw@internal:8081/repository/hf/api/models/o/m/tree/abc?c", "api/models/o/m/tree/abc?c"),
        ] {
            assert_eq!(next(link), Some(format!("https://mirror.example:9/prefix/{path}")), "{link}");
        }
        for link in ["https://evil.example/api", "/other/tenant", "https://huggingface.co/..%2f..%2fadmin", "file:///x"]
        {
            assert_eq!(next(link), None, "{link}");
        }
    }

    #[test]
    fn origins_differ_by_scheme_host_and_port() {
        let origin = |text: &str| Origin::of(&Url::parse(text).unwrap());
        let hub = origin("https://huggingface.co/x");
        assert_eq!(hub, origin("https://HUGGINGFACE.co:443/y?z"));
        for other in [
            "http://huggingface.co",
            "https://huggingface.co:444",
            "https://cdn.huggingface.co",
            "https://huggingface.co.evil",
            "https://huggingface.co@evil.example",
        ] {
            assert_ne!(hub, origin(other), "{other}");
        }
        assert_eq!(hub.to_string(), "https://huggingface.co");
        assert_eq!(origin("http://127.0.0.1:8/").to_string(), "http://127.0.0.1:8");
    }

    #[test]
    fn only_http_and_no_secrets_in_an_endpoint() {
        for bad in ["", "huggingface.co", "ftp://x", "file:///etc", "https://u:hunter2@x", "https://x?y=hunter2"] {
            let error = bad.parse::<Endpoint>().expect_err(bad).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn shown_links_have_no_secrets() {
        let url = Url::parse("https://me:pw@cdn.example/f?X-Amz-Signature=abc#t").unwrap();
        assert_eq!(public(&url), "https://cdn.example/f");
    }
}
