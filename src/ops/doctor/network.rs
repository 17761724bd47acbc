//! The way to a provider: names, proxies, certificates, answers, clock and quota.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;
use url::Url;

use super::{Finding, Health, Topic};
use crate::endpoint::Origin;
use crate::error::Error;
use crate::hub::http::{Failure, HttpRequest, NetworkKind, Probe, Quota, proxy_for};
use crate::hub::provider::ProviderError;
use crate::session::Connection;
use crate::settings::Network;

/// How long a name may take to become an address.
const NAME_TIME: Duration = Duration::from_secs(10);
/// From so many seconds on a clock is wrong, and from so many it breaks certificates and tokens that name a time.
const CLOCK_IS_OFF: i64 = 60;
const CLOCK_IS_BROKEN: i64 = 10 * 60;

/// Whose certificates are trusted.
pub(super) fn certificates(network: &Network) -> Finding {
    let found = match &network.certificates {
        Some((path, variable)) => format!("only those in {} ({variable})", path.display()),
        None => "the system's and Mozilla's".to_owned(),
    };
    Finding::good(Topic::Network, "certificates", found)
}

/// The provider's server, what its answer says besides, and the servers that its files come from.
pub(super) async fn checks(connection: &Connection, network: &Network) -> Vec<Finding> {
    let name = &connection.settings().name;
    let question = HttpRequest::get(connection.provider().probe(), connection.credential());
    let (host, look) = host(connection, &question, &format!("answers for `{name}`"), network).await;
    let mut checks = vec![host];
    if let Some(look) = &look {
        checks.extend(look.clock_skew.map(clock));
        checks.extend(look.quota.as_ref().map(|quota| standing(name, quota)));
    }
    let mut content = Vec::new();
    for host in connection.provider().content_hosts() {
        if let Ok(url) = Url::parse(&format!("https://{host}/")) {
            content.push(content_host(connection, url, network).await);
        }
    }
    // which of them sends a file depends on the file and on where one is
    let any_works = content.iter().any(|check| check.verdict == Health::Good);
    for check in &mut content {
        if any_works && check.verdict != Health::Good {
            check.verdict = Health::Doubtful;
        }
    }
    checks.extend(content);
    checks
}

/// A server that files come from. Without a signed link it refuses, and that it does so proves the way to it.
pub(super) async fn content_host(connection: &Connection, url: Url, network: &Network) -> Finding {
    let question = HttpRequest { method: reqwest::Method::HEAD, ..HttpRequest::get(url, None) };
    host(connection, &question, "sends large files", network).await.0
}

/// One server: its name, the proxy on the way to it, its certificate, and that it answers.
async fn host(
    connection: &Connection,
    question: &HttpRequest<'_>,
    reason: &str,
    network: &Network,
) -> (Finding, Option<Probe>) {
    let origin = Origin::of(&question.url);
    let subject = origin.to_string();
    let proxy = proxy_for(&question.url, network);
    let way = match &proxy {
        Some(proxy) => format!("through the proxy {proxy}"),
        None => match addresses(&question.url).await {
            Ok(count) => format!("{count} address{}, no proxy", if count == 1 { "" } else { "es" }),
            Err(problem) => {
                let found = format!("{reason}: its name has no address ({problem})");
                let advice = "check the name and the network; behind a proxy, set HTTPS_PROXY".to_owned();
                let check = Finding::good(Topic::Network, &subject, found);
                let verdict = Health::Bad(crate::error::ExitStatus::Network);
                return (Finding { verdict, advice: Some(advice), ..check }, None);
            }
        },
    };
    match connection.client().look(question).await {
        Ok(look) => (answered(&subject, &format!("{reason}: {way}"), &look, question), Some(look)),
        Err(failure) => (unanswered(&subject, reason, &way, failure), None),
    }
}

fn answered(subject: &str, about: &str, look: &Probe, question: &HttpRequest<'_>) -> Finding {
    let is_expected = look.status < 400 || (question.method == reqwest::Method::HEAD && look.status < 500);
    let status = if is_expected { String::new() } else { format!(" with status {}", look.status) };
    let found = format!("{about}, reached after {} ms{status}", look.took.as_millis());
    let check = if look.status >= 500 {
        let advice = "the server is in trouble, or a proxy in front of it; try again later";
        Finding::doubtful(Topic::Network, subject, found, advice)
    } else {
        Finding::good(Topic::Network, subject, found)
    };
    check.with("status", look.status).with("milliseconds", look.took.as_millis())
}

fn unanswered(subject: &str, reason: &str, way: &str, failure: Failure) -> Finding {
    let host = subject.to_owned();
    let error = Error::Whose { host, source: Arc::new(ProviderError::Failure(failure)) };
    let what = error.failure().map(Failure::summary).unwrap_or_default();
    let mut check = Finding::bad(Topic::Network, subject, &error);
    if let Some(Failure::Network { kind: NetworkKind::Connect, .. }) = error.failure() {
        // the hint of a pull would send the user here
        check.advice =
            Some("check the address, the network, and whether a firewall or a proxy is in the way".to_owned());
    }
    Finding { found: super::Detail::Text(format!("{reason}: {way}, {what}")), ..check }
}

async fn addresses(url: &Url) -> Result<usize, String> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(443);
    match timeout(NAME_TIME, lookup_host((host, port))).await {
        Ok(Ok(addresses)) => Ok(addresses.count()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", NAME_TIME.as_secs())),
    }
}

fn clock(skew: i64) -> Finding {
    let side = if skew > 0 { "behind" } else { "ahead of" };
    let found = format!("{} s {side} the server's", skew.abs());
    let advice = "set the clock of this machine (NTP); certificates and tokens are judged by it";
    let check = match skew.abs() {
        0..CLOCK_IS_OFF => Finding::good(Topic::Network, "clock", "agrees with the server's"),
        CLOCK_IS_OFF..CLOCK_IS_BROKEN => Finding::doubtful(Topic::Network, "clock", found, advice),
        _ => {
            let check = Finding::doubtful(Topic::Network, "clock", found, advice);
            Finding { verdict: Health::Bad(crate::error::ExitStatus::Other), ..check }
        }
    };
    check.with("skew_seconds", skew)
}

/// What is left of the caller's requests; shared by everybody behind one address where no token is sent.
fn standing(name: &str, quota: &Quota) -> Finding {
    let of = quota.limit.map(|limit| format!(" of {limit}")).unwrap_or_default();
    let resets = quota.resets.map(|resets| resets.as_secs());
    let anew = resets.map(|seconds| format!(", anew in {seconds} seconds")).unwrap_or_default();
    let found = format!("`{name}` has {}{of} requests left ({}){anew}", quota.remaining, quota.bucket);
    let check = if quota.limit.is_some_and(|limit| quota.remaining.saturating_mul(10) < limit) || quota.remaining == 0 {
        Finding::doubtful(
            Topic::Network,
            "quota",
            found,
            "wait, or send a token: without one, all of an office share a quota",
        )
    } else {
        Finding::good(Topic::Network, "quota", found)
    };
    let check = check.with("remaining", quota.remaining);
    let check = quota.limit.into_iter().fold(check, |check, limit| check.with("limit", limit));
    resets.into_iter().fold(check, |check, resets| check.with("resets_in_seconds", resets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_may_be_a_little_off() {
        let verdicts = [0, 59, -59, 60, -599, 600, -86_400].map(|skew| clock(skew).verdict);
        let broken = Health::Bad(crate::error::ExitStatus::Other);
        let (good, doubtful) = (Health::Good, Health::Doubtful);
        assert_eq!(verdicts, [good, good, good, doubtful, doubtful, broken, broken]);
    }

    #[test]
    fn a_quota_that_is_nearly_spent_is_doubtful() {
        let quota = |remaining, limit| Quota { bucket: "api".to_owned(), remaining, limit, resets: None };
        assert_eq!(standing("hf", &quota(999, Some(1_000))).verdict, Health::Good);
        assert_eq!(standing("hf", &quota(99, Some(1_000))).verdict, Health::Doubtful);
        assert_eq!(standing("hf", &quota(0, None)).verdict, Health::Doubtful);
    }
}
