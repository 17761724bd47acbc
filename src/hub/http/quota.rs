//! What a server says about how much it may be asked: `Retry-After` (seconds or a date), and the draft headers
//! `RateLimit: "api";r=999;t=172` and `RateLimit-Policy: "fixed window";"api";q=1000;w=300` (hub-protocol §2.2).
//!
//! These are numbers from outside. None of them is longer than a day here, so that sums of them are times again; who waits
//! has a bound of its own, which is shorter.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::header;

/// The longest time that is believed.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What is left of a quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quota {
    /// What is counted: `api`, `resolvers`, `pages`.
    pub(crate) bucket: String,
    /// How many requests are left.
    pub(crate) remaining: u64,
    /// How many there are in a window.
    pub(crate) limit: Option<u64>,
    /// How long until the next window.
    pub(crate) resets: Option<Duration>,
}

impl Quota {
    /// Reads it from the headers of an answer; where there are several, the one that has least left.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let policy = header(headers, "ratelimit-policy");
        let quotas = header(headers, "ratelimit")?.split(',').filter_map(|standing| {
            let bucket = standing.split(';').next()?.trim().trim_matches('"');
            Some(Self {
                bucket: crate::repo::printable(bucket),
                remaining: parameter(standing, "r")?,
                limit: policy.and_then(|policy| parameter(policy, "q")),
                resets: parameter(standing, "t").map(time),
            })
        });
        quotas.min_by_key(|quota| quota.remaining)
    }

    /// The time until the window begins anew: one second more than `t`, as the window's edge is rounded.
    pub(super) fn renewal(&self) -> Option<Duration> {
        self.resets.map(|resets| resets + Duration::from_secs(1))
    }
}

/// How long an answer asks to wait.
pub(super) fn ordered_wait(headers: &HeaderMap) -> Option<Duration> {
    retry_after(headers).or_else(|| Quota::of(headers).filter(|quota| quota.remaining == 0)?.renewal())
}

/// The wait in `Retry-After`.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = header(headers, RETRY_AFTER.as_str())?.trim();
    if let Some(seconds) = number(text) {
        return Some(time(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default().min(LONGEST))
}

fn time(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(LONGEST)
}

fn parameter(text: &str, name: &str) -> Option<u64> {
    let mut parameters = text.split(';').map(str::trim);
    parameters.find_map(|parameter| number(parameter.strip_prefix(name)?.strip_prefix('=')?))
}

/// A number as it is written; one with more digits than any has is the largest.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_wait_is_read_from_every_header_that_may_hold_it() {
        let day = LONGEST.as_secs();
        for (pairs, seconds) in [
            (&[("retry-after", "42")][..], Some(42)),
            (&[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")], Some(0)),
            (&[("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT")], Some(day)),
            (&[("ratelimit", "\"api\";r=0;t=172")], Some(173)),
            (&[("ratelimit", "\"resolvers\";r=2999;t=172")], None),
            (&[("retry-after", "3"), ("ratelimit", "\"api\";r=0;t=172")], Some(3)),
            (&[("retry-after", "18446744073709551615")], Some(day)),
            (&[("retry-after", "99999999999999999999999")], Some(day)),
            (&[("ratelimit", "\"api\";r=0;t=18446744073709551614")], Some(day + 1)),
            (&[("ratelimit", "\"api\";r=0;t=18446744073709551615")], Some(day + 1)),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "1e9")], None),
            (&[("retry-after", "soon")], None),
            (&[("ratelimit", "\"api\";r=0")], None),
            (&[], None),
        ] {
            assert_eq!(ordered_wait(&headers(pairs)), seconds.map(Duration::from_secs), "{pairs:?}");
        }
    }

    #[test]
    fn a_quota_is_read_from_two_headers() {
        let read = |standing, policy| Quota::of(&headers(&[("ratelimit", standing), ("ratelimit-policy", policy)]));
        let policy = "\"fixed window\";\"api\";q=1000;w=300";
        let resets = Some(Duration::from_secs(172));
        let full = Quota { bucket: "api".to_owned(), remaining: 7, limit: Some(1_000), resets };
        assert_eq!(read("\"api\";r=7;t=172", policy), Some(full.clone()));
        assert_eq!(read("\"day\";r=9000;t=9, \"api\";r=7;t=172", policy), Some(full));
        let bare = Quota { bucket: "api".to_owned(), remaining: 0, limit: None, resets: None };
        assert_eq!(read("\"api\";r=0", ""), Some(bare));
        assert_eq!(read("nonsense", policy), None);
        assert_eq!(Quota::of(&headers(&[("ratelimit-policy", policy)])), None);
    }
}
