//! A look at a server: is it reached, what does it say besides its answer?
//!
//! For `gatedl doctor` and nothing else. Any answer is a good one here, a refusal too: it proves name, line, proxy and
//! certificate.

use std::time::{Duration, Instant, SystemTime};

use url::Url;

use super::{Client, Failure, HttpRequest, Quota};

/// What a server said besides its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Probe {
    /// The status.
    pub(crate) status: u16,
    /// How long it took until the answer began.
    pub(crate) took: Duration,
    /// Its clock less ours, in seconds.
    pub(crate) clock_skew: Option<i64>,
    /// What is left of the caller's quota.
    pub(crate) quota: Option<Quota>,
    /// Where a redirect leads.
    pub(crate) location: Option<Url>,
}

impl Client {
    /// Sends one request and looks at the answer, whatever it is. Redirects are not followed.
    ///
    /// # Errors
    /// When no answer comes.
    pub(crate) async fn look(&self, ask: &HttpRequest<'_>) -> Result<Probe, Failure> {
        let since = Instant::now();
        let answer = self.step(ask, &ask.url, ask.credential).await?;
        let took = since.elapsed();
        let date = answer.header("date").and_then(|date| httpdate::parse_http_date(date).ok());
        let location = answer.header("location").and_then(|location| ask.url.join(location).ok());
        Ok(Probe {
            status: answer.status().as_u16(),
            took,
            clock_skew: date.map(|date| skew(date, SystemTime::now())),
            quota: Quota::of(answer.response.headers()),
            location,
        })
    }
}

/// Seconds by which `theirs` is ahead; a date has no fractions, so half a second is nothing.
fn skew(theirs: SystemTime, ours: SystemTime) -> i64 {
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    match theirs.duration_since(ours) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => -seconds(behind.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_may_be_ahead_or_behind() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        assert_eq!(skew(now + Duration::from_secs(90), now), 90);
        assert_eq!(skew(now - Duration::from_secs(90), now), -90);
        assert_eq!(skew(now, now + Duration::from_millis(900)), 0);
    }
}
