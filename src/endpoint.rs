//! Where a provider answers: its base address, the origin that a token is bound to, and how links are shown.
//!
//! An endpoint may have a path (`https://host/artifactory/api/huggingfaceml/models`); clients that dropped
//! it failed behind such proxies (huggingface_hub#2806, #2808). Links are therefore built by pushing segments onto the
//! endpoint's path, each escaped by the `url` crate, never by formatting text.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;
use url::{Host, Url};

use crate::credential::shown;
use crate::repo::{Commit, Revision, printable};

/// The language in which a provider is spoken to: what its API looks like, and how its models are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Hugging Face's hub, its mirrors, BOINC AI: `owner/name` at a git revision.
    HuggingFace,
    /// CivitAI: numbered models, versions and files.
    CivitAi,
}

impl Protocol {
    /// The commit of a revision that can never move: a full hash, or a numbered version.
    #[must_use]
    pub fn fixed(self, revision: &Revision) -> Option<Commit> {
        let text = revision.as_str();
        let is_number = self == Self::CivitAi && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = Some(text).filter(|_| is_number).and_then(|text| text.parse().ok());
        number.map(Commit::of_number).or_else(|| revision.as_commit())
    }
}

/// Why a text is not an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not an endpoint: {reason}")]
pub struct EndpointError {
    text: String,
    reason: String,
}

/// A provider's base address: `http` or `https`, a host, perhaps a path; no user, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint(Url);

impl Endpoint {
    /// The origin that a credential for this endpoint is bound to.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin::of(&self.0)
    }

    /// The address of a resource below this endpoint. Each segment is escaped, a `/` inside of one too.
    #[must_use]
    pub fn join<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// `url` as this endpoint serves it, where `url` names the hub that this endpoint mirrors. A mirror forwards the
    /// upstream's `Link: <https://huggingface.co/…>; rel="next"`; followed as it is, it would leave the mirror.
    #[must_use]
    pub fn adopt(&self, url: &Url, upstream: &Self) -> Url {
        if Origin::of(url) == self.origin() || Origin::of(url) != upstream.origin() {
            return url.clone();
        }
        let mut adopted = self.0.clone();
        adopted.set_path(&format!("{}{}", self.0.path().trim_end_matches('/'), url.path()));
        adopted.set_query(url.query());
        adopted
    }

    /// Where the part of `url` begins that is this endpoint's own, in bytes of its path, if `url` is below it.
    #[must_use]
    pub fn path_within(&self, url: &Url) -> Option<usize> {
        let prefix = self.0.path().trim_end_matches('/');
        let rest = url.path().strip_prefix(prefix)?;
        (Origin::of(url) == self.origin() && (rest.is_empty() || rest.starts_with('/'))).then_some(prefix.len())
    }

    /// Whether the traffic can be read on its way: plain `http` to anything but this machine.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        is_exposed(&self.0)
    }
}

/// Whether what is sent to a link can be read on its way: plain `http` to anything but this machine.
#[must_use]
pub fn is_exposed(url: &Url) -> bool {
    url.scheme() == "http" && !is_loopback(url)
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
pub struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    /// The origin of a link.
    #[must_use]
    pub fn of(url: &Url) -> Self {
        Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default(),
        }
    }

    /// The host alone, for messages.
    #[must_use]
    pub fn host(&self) -> &str {
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
pub fn public(url: &Url) -> String {
    let mut shown = url.clone();
    // both setters fail only for links without a host, which carry neither
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.set_fragment(None);
    shown.to_string()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => Ipv4Addr::is_loopback(&address),
        Some(Host::Ipv6(address)) => Ipv6Addr::is_loopback(&address),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        text.parse().expect(text)
    }

    #[test]
    fn a_numbered_version_never_moves_at_civitai() {
        let fixed = |protocol: Protocol, text: &str| {
            protocol.fixed(&text.parse().unwrap()).and_then(|commit| commit.as_number())
        };
        assert_eq!(fixed(Protocol::CivitAi, "290640"), Some(290_640));
        assert_eq!(fixed(Protocol::CivitAi, &format!("{:0>40}", 290_640)), Some(290_640));
        assert_eq!(fixed(Protocol::HuggingFace, "290640"), None);
        assert_eq!(fixed(Protocol::CivitAi, "main"), None);
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
    fn a_mirror_adopts_the_links_of_its_upstream_and_no_others() {
        let (mirror, upstream) = (endpoint("http://127.0.0.1:9/prefix"), endpoint("https://huggingface.co"));
        let adopt = |url: &str| mirror.adopt(&Url::parse(url).unwrap(), &upstream).to_string();
        assert_eq!(
            adopt("https://huggingface.co/api/models/o/m/tree/refs%2Fpr%2F1?cursor=a%3D"),
            "http://127.0.0.1:9/prefix/api/models/o/m/tree/refs%2Fpr%2F1?cursor=a%3D"
        );
        assert_eq!(adopt("http://127.0.0.1:9/prefix/api?x=1"), "http://127.0.0.1:9/prefix/api?x=1");
        assert_eq!(adopt("https://evil.example/api"), "https://evil.example/api");
        assert_eq!(adopt("http://huggingface.co/api"), "http://huggingface.co/api");
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
    fn exposed_means_plain_http_beyond_this_machine() {
        for (text, exposed) in [
            ("https://hub.example", false),
            ("http://hub.example", true),
            ("http://127.0.0.1:8", false),
            ("http://[::1]:8", false),
            ("http://localhost", false),
            ("http://127.0.0.1.evil.example", true),
        ] {
            assert_eq!(endpoint(text).is_exposed(), exposed, "{text}");
        }
    }

    #[test]
    fn shown_links_have_no_secrets() {
        let url = Url::parse("https://me:pw@cdn.example/f?X-Amz-Signature=abc#t").unwrap();
        assert_eq!(public(&url), "https://cdn.example/f");
    }
}
