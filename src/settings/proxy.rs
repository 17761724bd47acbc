//! Which proxy a request goes through: read from the variables that curl reads, decided in one place.
//!
//! The HTTP library has readers of its own. They take a value that cannot be used for none and connect directly, know no
//! port in `NO_PROXY`, and lead loopback through the proxy, where a token for a server on this machine is read by another.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use thiserror::Error;
use url::{Host, Url};

use crate::endpoint::is_loopback;
use crate::settings::env::{Env, EnvError};

/// The kinds of proxies that the HTTP library speaks to.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Why a variable names no proxy. The value is not shown: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the environment variable {variable} names no proxy that can be used: {problem}")]
pub(crate) struct ProxyError {
    /// The variable.
    pub(crate) variable: &'static str,
    /// What is wrong with its value.
    pub(crate) problem: String,
}

/// The proxies of a run, and what is reached without one.
#[derive(Clone, Default)]
pub(crate) struct Proxies {
    http: Option<Url>,
    https: Option<Url>,
    direct: Vec<Direct>,
    everything_direct: bool,
    problem: Option<ProxyError>,
}

/// A proxy may have a password, so nothing of it is shown.
impl fmt::Debug for Proxies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (http, https) = (self.http.is_some(), self.https.is_some());
        formatter.debug_struct("Proxies").field("http", &http).field("https", &https).finish_non_exhaustive()
    }
}

impl Proxies {
    /// Reads the variables. A value that cannot be used is kept as the problem that it is, for whoever is about to open
    /// a connection: offline it hurts nobody. `ALL_PROXY` is looked at only where it is needed; desktops set it to what
    /// other programs understand, beside the two that say it all.
    ///
    /// # Errors
    /// When a variable is not text.
    pub(super) fn resolve(env: &Env) -> Result<Self, EnvError> {
        let direct = first(env, ["NO_PROXY", "no_proxy"])?.map_or("", |(_, value)| value);
        let mut proxies = Self {
            direct: entries(direct).filter_map(Direct::parse).collect(),
            everything_direct: entries(direct).any(|entry| entry == "*"),
            ..Self::default()
        };
        // a web server hands a header of its client to its scripts under the name of this variable (httpoxy.org)
        if proxies.everything_direct || env.text("REQUEST_METHOD")?.is_some() {
            return Ok(proxies);
        }
        let all = first(env, ["ALL_PROXY", "all_proxy"])?;
        proxies.http = proxies.read(first(env, ["HTTP_PROXY", "http_proxy"])?.or(all));
        proxies.https = proxies.read(first(env, ["HTTPS_PROXY", "https_proxy"])?.or(all));
        Ok(proxies)
    }

    fn read(&mut self, set: Option<(&'static str, &str)>) -> Option<Url> {
        let (variable, value) = set?;
        match parse(value.trim()) {
            Ok(proxy) => Some(proxy),
            Err(problem) => {
                self.problem.get_or_insert(ProxyError { variable, problem });
                None
            }
        }
    }

    /// Why no connection may be opened, if a variable names a proxy that cannot be used.
    #[must_use]
    pub(crate) const fn problem(&self) -> Option<&ProxyError> {
        self.problem.as_ref()
    }

    /// The proxy that the variables name for `url`, with its password.
    #[must_use]
    pub(crate) fn of(&self, url: &Url) -> Option<&Url> {
        let proxy = if url.scheme() == "https" { &self.https } else { &self.http };
        proxy.as_ref().filter(|_| !self.is_direct(url))
    }

    /// Whether `url` is reached without a proxy, whatever the system's own settings say: all of loopback, and what
    /// `NO_PROXY` names.
    #[must_use]
    pub(crate) fn is_direct(&self, url: &Url) -> bool {
        self.everything_direct || is_loopback(url) || self.direct.iter().any(|entry| entry.covers(url))
    }
}

/// The first variable that is set to more than blanks.
fn first<'a>(env: &'a Env, names: [&'static str; 2]) -> Result<Option<(&'static str, &'a str)>, EnvError> {
    for name in names {
        if let Some(value) = env.text(name)? {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

/// A proxy as people write it: with its scheme, or as `host:port`.
fn parse(value: &str) -> Result<Url, String> {
    if value.starts_with(['"', '\'']) {
        return Err("it is in quotes, which belong to a shell".to_owned());
    }
    let with_scheme = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&with_scheme).map_err(|error| error.to_string())?;
    match url.scheme() {
        scheme if SCHEMES.contains(&scheme) => {}
        "socks" => return Err("`socks://` is no kind of proxy; write `socks5://` or `socks5h://`".to_owned()),
        scheme => return Err(format!("`{}://` is no kind of proxy", crate::repo::printable(scheme))),
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("it names no host")?;
    // `none`, `off`, `direct`: words for what an empty value means
    if with_scheme != value && url.port().is_none() && !host.contains(['.', ':']) {
        return Err(format!("`{}` is neither an address nor `host:port`", crate::repo::printable(host)));
    }
    if with_scheme != value && url.port().is_none() && value.trim_matches(|c: char| c.is_ascii_digit()).is_empty() {
        return Err("it is a number".to_owned());
    }
    Ok(url)
}

/// The entries of `NO_PROXY`: some write commas between them, some blanks.
fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\t', '\n', ';']).filter(|entry| !entry.is_empty())
}

/// One entry of `NO_PROXY`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Direct {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    /// One address, or a range of them: `10.0.0.1`, `10.0.0.0/8`, `127.*`, `[::1]`.
    Addresses(IpNet),
    /// A name and all names below it: `example.org`, `.example.org`, `*.example.org`.
    Names(String),
}

impl Direct {
    fn parse(entry: &str) -> Option<Self> {
        if let Some(addresses) = addresses(entry) {
            return Some(Self { hosts: Hosts::Addresses(addresses), port: None });
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (entry, None),
        };
        let name = || {
            let name = host.strip_prefix('*').unwrap_or(host);
            name.trim_matches('.').to_ascii_lowercase()
        };
        let hosts = addresses(host).map_or_else(|| Hosts::Names(name()), Hosts::Addresses);
        (hosts != Hosts::Names(String::new())).then_some(Self { hosts, port })
    }

    fn covers(&self, url: &Url) -> bool {
        if self.port.is_some() && self.port != url.port_or_known_default() {
            return false;
        }
        match (&self.hosts, url.host()) {
            (Hosts::Addresses(range), Some(Host::Ipv4(address))) => range.contains(&IpAddr::from(address)),
            (Hosts::Addresses(range), Some(Host::Ipv6(address))) => range.contains(&address.to_canonical()),
            (Hosts::Names(name), Some(Host::Domain(host))) => {
                let host = host.trim_end_matches('.');
                host.strip_suffix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            _ => false,
        }
    }
}

/// Addresses as people write them: one, one in brackets, with a mask, or with stars for its last parts.
fn addresses(text: &str) -> Option<IpNet> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Some(address.to_canonical().into());
    }
    bare.parse().ok().or_else(|| {
        let known = bare.split('.').take_while(|part| *part != "*").count();
        let stars = bare.split('.').skip(known);
        let is_range = (1..4).contains(&known) && stars.clone().count() > 0 && stars.clone().all(|part| part == "*");
        let octets = bare.split('.').take(known).chain(["0"; 4]).take(4).collect::<Vec<_>>().join(".");
        if is_range { format!("{octets}/{}", 8 * known).parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(pairs: &[(&str, &str)]) -> Proxies {
        Proxies::resolve(&Env::of("/h", pairs.iter().copied())).unwrap()
    }

    fn goes_through(pairs: &[(&str, &str)], url: &str) -> Option<String> {
        proxies(pairs).of(&Url::parse(url).unwrap()).map(ToString::to_string)
    }

    #[test]
    fn the_variables_of_curl_name_the_proxy_for_each_scheme() {
        for (pairs, http, https) in [
            (vec![("HTTP_PROXY", "http://p:1")], Some("http://p:1/"), None),
            (vec![("http_proxy", "p:1"), ("https_proxy", "p.example")], Some("http://p:1/"), Some("http://p.example/")),
            (vec![("all_proxy", "socks5h://u:pw@p")], Some("socks5h://u:pw@p"), Some("socks5h://u:pw@p")),
            (
                vec![("ALL_PROXY", "a:1"), ("HTTPS_PROXY", " "), ("https_proxy", "b:2")],
                Some("http://a:1/"),
                Some("http://b:2/"),
            ),
            (vec![("HTTP_PROXY", "p:1"), ("REQUEST_METHOD", "GET")], None, None),
            (vec![("HTTP_PROXY", "p:1"), ("NO_PROXY", "*")], None, None),
            (vec![("HTTP_PROXY", "[2001:db8::1]:8")], Some("http://[2001:db8::1]:8/"), None),
        ] {
            assert_eq!(goes_through(&pairs, "http://hub.example/x").as_deref(), http, "{pairs:?}");
            assert_eq!(goes_through(&pairs, "https://hub.example/x").as_deref(), https, "{pairs:?}");
            assert_eq!(proxies(&pairs).problem(), None, "{pairs:?}");
        }
    }

    #[test]
    fn loopback_has_no_proxy_in_any_spelling() {
        for host in [
            "127.0.0.1",
            "127.9.9.9:8",
            "[::1]",
            "[::1]:80",
            "[::ffff:127.0.0.1]",
            "localhost",
            "LOCALHOST:1",
            "localhost.",
            "2130706433",
            "0x7f.1",
            "127.1",
            "0.0.0.0",
            "[::]",
        ] {
            assert_eq!(goes_through(&[("ALL_PROXY", "p:1")], &format!("http://{host}/")), None, "{host}");
        }
        for host in ["128.0.0.1", "127.0.0.1.example", "localhost.example", "hub.localhost", "[::2]", "notlocalhost"] {
            assert!(goes_through(&[("ALL_PROXY", "p:1")], &format!("http://{host}/")).is_some(), "{host}");
        }
    }

    #[test]
    fn no_proxy_is_read_as_people_write_it() {
        for (entry, around, through) in [
            ("10.0.0.1:8080", "http://10.0.0.1:8080", "http://10.0.0.1"),
            ("10.0.0.1", "http://10.0.0.1:8080", "http://10.0.0.2"),
            ("10.*", "http://10.1.2.3", "http://11.1.2.3"),
            ("192.168.*.*", "http://192.168.7.7", "http://192.169.7.7"),
            ("10.0.0.0/8", "http://10.200.0.1", "http://11.0.0.1"),
            ("[2001:db8::1]", "http://[2001:db8::1]:9", "http://[2001:db8::2]"),
            ("[2001:db8::1]:9", "http://[2001:db8::1]:9", "http://[2001:db8::1]"),
            ("2001:db8::/32", "http://[2001:db8::5]", "http://[2001:db9::5]"),
            ("10.0.0.1", "http://[::ffff:10.0.0.1]", "http://[::ffff:10.0.0.2]"),
            ("Example.ORG", "http://hub.example.org", "http://notexample.org"),
            (".example.org", "http://example.org", "http://example.org.evil"),
            ("*.example.org", "http://a.b.example.org.", "http://example.com"),
            ("hub.example:8443", "https://hub.example:8443", "https://hub.example"),
            ("hub.example:443", "https://hub.example", "http://hub.example"),
            ("a.example b.example", "http://b.example", "http://c.example"),
        ] {
            let pairs = [("ALL_PROXY", "p:1"), ("NO_PROXY", entry)];
            assert_eq!(goes_through(&pairs, around), None, "{entry} {around}");
            assert!(goes_through(&pairs, through).is_some(), "{entry} {through}");
        }
        for entry in ["", ",", ".", "*.", "host:port", "1.*.3", "*.*"] {
            assert!(goes_through(&[("ALL_PROXY", "p:1"), ("NO_PROXY", entry)], "http://1.2.3.4").is_some(), "{entry}");
        }
    }

    #[test]
    fn a_value_that_names_no_proxy_is_a_problem_that_names_the_variable_and_no_password() {
        for value in [
            "socks://127.0.0.1:9",
            "\"http://me:hunter2@p:1\"",
            "'p:1'",
            "ftp://p:1",
            "none",
            "OFF",
            "0",
            "http://[::1",
            "http://",
            "p:99999",
            "http://me:hunter2@",
            "file:///x",
            "mailto:hunter2",
        ] {
            let error = proxies(&[("http_proxy", value)]).problem().expect(value).clone();
            assert_eq!(error.variable, "http_proxy", "{value}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        let desktop = [("all_proxy", "socks://p:1"), ("http_proxy", "http://p:1"), ("https_proxy", "http://p:1")];
        assert_eq!(proxies(&desktop).problem(), None, "what is not needed is not judged");
        assert!(!format!("{:?}", proxies(&[("HTTP_PROXY", "http://me:hunter2@p")])).contains("hunter2"));
    }
}
