//! The client's way out: through which proxy, and to which address for names of this machine.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{ClientBuilder, Proxy};
use url::Url;

use crate::endpoint::public;
use crate::settings::{Network, ProxyError};

/// Sets proxies and addresses.
///
/// # Errors
/// When a variable names a proxy that cannot be used.
pub(super) fn lead(mut builder: ClientBuilder, network: &Network) -> Result<ClientBuilder, ProxyError> {
    if let Some(problem) = network.proxies.problem() {
        return Err(problem.clone());
    }
    // as curl and browsers do: no resolver is asked where that leads
    let loopback = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
    for name in ["localhost", "localhost."] {
        builder = builder.resolve_to_addrs(name, &loopback);
    }
    for (name, addresses) in network.local_names.iter() {
        builder = builder.resolve_to_addrs(name, addresses);
    }
    let (network, system) = (network.clone(), Matcher::from_system());
    Ok(builder.no_proxy().proxy(Proxy::custom(move |url| choose(url, &network, &system))))
}

/// The proxy that a request to `url` goes through, without its password.
#[must_use]
pub(crate) fn proxy_for(url: &Url, network: &Network) -> Option<String> {
    let proxy = choose(url, network, &Matcher::from_system())?;
    Some(public(&proxy).trim_end_matches('/').to_owned())
}

/// What the environment names; where it names nothing, what the settings of macOS and Windows do.
fn choose(url: &Url, network: &Network, system: &Matcher) -> Option<Url> {
    if network.is_this_machine(url) || network.proxies.is_direct(url) {
        return None;
    }
    network.proxies.of(url).cloned().or_else(|| {
        let proxy = system.intercept(&url.as_str().parse().ok()?)?;
        Url::parse(&proxy.uri().to_string()).ok()
    })
}
