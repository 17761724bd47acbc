//! Names below `localhost`, and whether they lead to this machine.
//!
//! `hub.localhost` is what development proxies are called, and what containers call their neighbours. Unlike `localhost`
//! itself, such a name is whatever the resolver says; so it is asked, once, before anything is sent there, and the client
//! is held to the answer.

use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs as _};

use url::Url;

use crate::endpoint::{is_of_this_machine, name_below_localhost};

/// Names that were found to lead to this machine, each with its addresses (their ports mean nothing).
#[derive(Debug, Clone, Default)]
pub(crate) struct LocalNames(BTreeMap<String, Vec<SocketAddr>>);

impl LocalNames {
    /// Resolves the names of `links` that may be of this machine. Blocks, where there is one.
    pub(super) fn resolve(links: impl Iterator<Item = Url>) -> Self {
        Self::by(links, |name| Some((name, 0).to_socket_addrs().ok()?.collect()))
    }

    fn by(links: impl Iterator<Item = Url>, lookup: impl Fn(&str) -> Option<Vec<SocketAddr>>) -> Self {
        let found = links.filter_map(|link| {
            let name = name_below_localhost(&link)?;
            let addresses = lookup(name)?;
            let is_local = !addresses.is_empty() && addresses.iter().all(|address| is_of_this_machine(address.ip()));
            is_local.then(|| (name.to_owned(), addresses))
        });
        Self(found.collect())
    }

    /// Whether the host of a link is one of them.
    #[must_use]
    pub(crate) fn contains(&self, url: &Url) -> bool {
        url.domain().is_some_and(|name| self.0.contains_key(name))
    }

    /// The names and their addresses.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[SocketAddr])> {
        self.0.iter().map(|(name, addresses)| (name.as_str(), addresses.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_that_resolves_to_this_machine_is_local() {
        let links =
            ["a.localhost:1", "b.localhost.", "c.localhost", "d.localhost", "e.localhost", "localhost", "f.example"];
        let links = links.map(|host| Url::parse(&format!("http://{host}/")).unwrap());
        let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        let lookup = |name: &str| match name {
            "a.localhost" => Some(vec![address("127.0.0.1"), address("::1")]),
            "b.localhost." => Some(vec![address("::ffff:127.0.0.1")]),
            "c.localhost" => Some(vec![address("127.0.0.1"), address("10.0.0.1")]),
            "d.localhost" => Some(Vec::new()),
            "e.localhost" => None,
            other => panic!("`{other}` is not asked about"),
        };
        let names = LocalNames::by(links.iter().cloned(), lookup);
        assert_eq!(links.each_ref().map(|link| names.contains(link)), [true, true, false, false, false, false, false]);
    }
}
