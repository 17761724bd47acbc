//! The server's pace: when it says how long to stay away, every request of this process stays away.
//!
//! A hub says so in three ways: `Retry-After` (seconds or a date), and the draft headers `RateLimit: "api";r=0;t=172`
//! and `RateLimit-Policy` (hub-protocol §2.2). One process has one quota; so one answer is a lesson for all connections,
//! where huggingface_hub lets each of its threads find out for itself.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::header;
use crate::endpoint::Origin;

/// Until when each origin wants no requests.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<HashMap<Origin, Instant>>);

impl Pace {
    /// Takes note of what an answer says about the pace.
    pub(super) fn learn(&self, origin: &Origin, status: StatusCode, headers: &HeaderMap) {
        let refused = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let wait = if refused { ordered_wait(headers) } else { exhausted(headers) };
        if let Some(wait) = wait {
            let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let at = Instant::now() + wait;
            let entry = until.entry(origin.clone()).or_insert(at);
            *entry = (*entry).max(at);
        }
    }

    /// How long a request to `origin` must still wait.
    pub(super) fn hold_back(&self, origin: &Origin) -> Option<Duration> {
        let until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.get(origin)?.checked_duration_since(Instant::now()).filter(|wait| !wait.is_zero())
    }
}

/// How long an answer asks to wait.
pub(super) fn ordered_wait(headers: &HeaderMap) -> Option<Duration> {
    let after = header(headers, RETRY_AFTER.as_str()).and_then(retry_after);
    after.or_else(|| exhausted(headers))
}

fn retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// The time until the window begins anew, where nothing is left of the quota: one second more than `t`, as the window's
/// edge is rounded.
fn exhausted(headers: &HeaderMap) -> Option<Duration> {
    let text = header(headers, "ratelimit")?;
    let parameter = |name: &str| {
        let mut parameters = text.split(';').skip(1).map(str::trim);
        parameters.find_map(|parameter| parameter.strip_prefix(name)?.strip_prefix('=')?.parse::<u64>().ok())
    };
    (parameter("r") == Some(0)).then(|| parameter("t").map(|seconds| Duration::from_secs(seconds + 1))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(pairs: &[(&'static str, &str)]) -> Option<Duration> {
        ordered_wait(&pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect())
    }

    #[test]
    fn the_wait_is_read_from_every_header_that_may_hold_it() {
        for (headers, seconds) in [
            (&[("retry-after", "42")][..], Some(42)),
            (&[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")], Some(0)),
            (&[("ratelimit", "\"api\";r=0;t=172")], Some(173)),
            (&[("ratelimit", "\"resolvers\";r=2999;t=172")], None),
            (&[("retry-after", "3"), ("ratelimit", "\"api\";r=0;t=172")], Some(3)),
            (&[("retry-after", "soon")], None),
            (&[], None),
        ] {
            assert_eq!(wait(headers), seconds.map(Duration::from_secs), "{headers:?}");
        }
    }

    #[test]
    fn one_answer_holds_back_every_request_to_its_origin() {
        let origin = |text: &str| Origin::of(&text.parse().unwrap());
        let pace = Pace::default();
        let headers = [("retry-after".parse().unwrap(), "60".parse().unwrap())].into_iter().collect();
        pace.learn(&origin("https://hub"), StatusCode::OK, &headers);
        assert_eq!(pace.hold_back(&origin("https://hub")), None);
        pace.learn(&origin("https://hub"), StatusCode::TOO_MANY_REQUESTS, &headers);
        assert!(pace.hold_back(&origin("https://hub")).is_some());
        assert_eq!(pace.hold_back(&origin("https://cdn")), None);
    }
}
