//! Every request the hub saw, so that tests can count them and see which token went where.
//!
//! A record names the account of a token, never the token.

use super::canary;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The listener a request arrived at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Hub,
    Cdn,
    /// A host no token may ever reach: the target of hostile redirects.
    Foreign,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Hub => "hub",
            Self::Cdn => "cdn",
            Self::Foreign => "foreign",
        })
    }
}

/// The kind of route a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `/api/…` except the resolve cache.
    Api,
    /// `/org/name/resolve/…`
    Resolve,
    /// `/api/resolve-cache/…`, the second hop of a small public file.
    ResolveCache,
    Cdn,
    Foreign,
    /// Any answer that carries bytes of a file, wherever it comes from. Matches; is never recorded.
    Content,
}

/// One request and what it was answered.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub origin: Origin,
    pub place: Place,
    pub method: String,
    /// With the query, as sent.
    pub target: String,
    /// The repository path of the file asked for, where the request is about one.
    pub file: Option<String>,
    pub range: Option<String>,
    /// The name of the account whose token was sent, or `other`.
    pub token: Option<String>,
    pub status: u16,
    sent: Arc<AtomicU64>,
}

impl Recorded {
    pub fn new(origin: Origin, method: &str, target: &str) -> Self {
        Self {
            origin,
            place: if origin == Origin::Cdn { Place::Cdn } else { Place::Foreign },
            method: method.to_owned(),
            target: target.to_owned(),
            file: None,
            range: None,
            token: None,
            status: 0,
            sent: Arc::default(),
        }
    }

    /// Body bytes given to the connection. When the client left early it may have received fewer.
    pub fn bytes_sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.sent)
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// One line for assertions: `GET hub /api/models/org/model/revision/main 200`.
///
/// Signed and cache URLs are replaced by the file they are for, because their signatures and queries only make noise.
impl fmt::Display for Recorded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} ", self.method, self.origin)?;
        match (&self.file, self.place) {
            (Some(file), Place::Cdn) => formatter.write_str(file)?,
            (Some(file), Place::ResolveCache) => write!(formatter, "resolve-cache {file}")?,
            (_, Place::Api) => formatter.write_str(&self.target)?,
            _ => formatter.write_str(self.path())?,
        }
        if let Some(range) = &self.range {
            write!(formatter, " {range}")?;
        }
        write!(formatter, " {}", self.status)
    }
}

/// All requests so far, plus what makes a test fail whatever it asserts.
#[derive(Debug, Default)]
pub struct Record {
    pub requests: Vec<Recorded>,
    /// Requests that carried a token where none belongs.
    pub leaks: Vec<String>,
    pub panics: Vec<String>,
    /// Since the start; taking the requests does not reset it.
    pub arrived: u64,
}

impl Record {
    /// Files a request under its number and returns that.
    pub fn arrive(&mut self, request: Recorded) -> u64 {
        self.requests.push(request);
        self.arrived += 1;
        self.arrived
    }

    /// How many answers from a place are on their way: the body of each holds its counter.
    pub fn under_way(&self, place: Place) -> usize {
        self.requests.iter().filter(|one| one.place == place && Arc::strong_count(&one.sent) > 1).count()
    }

    pub fn newest(&mut self) -> Option<&mut Recorded> {
        self.requests.last_mut()
    }

    /// Notes a token in `head` (request line and headers) of a request that must have none.
    pub fn look_for_leak(&mut self, origin: Origin, head: &str) {
        if canary::is_in(head) {
            let line = head.lines().next().unwrap_or_default().replace(canary::CANARY, "[TOKEN]");
            self.leaks.push(format!("{origin}: {line}"));
        }
    }
}
