//! What can go wrong, as data: a fault, the place where it happens, and how often.
//!
//! Data and not closures, so that a test can walk through all of them and name the one that broke it.

use super::answer::Answer;
use super::hostile::{HOSTILE_COMMITS, HOSTILE_ETAGS, HOSTILE_MESSAGE, HOSTILE_NAMES};
use super::record::Place;
use super::request::Request;
use std::time::Duration;

/// Where a redirect made of spite leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The same URL, for ever.
    Itself,
    /// Another host, same path.
    Foreign,
    /// `//host/path`, which keeps the scheme and changes the host.
    ForeignWithoutScheme,
    /// `http://user@host/path`.
    ForeignWithUser,
    /// The same host at another port: another origin.
    OtherPort,
    /// A foreign host that redirects back to the hub.
    ThereAndBack,
}

/// One way to misbehave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Closes the connection after so many bytes of the body.
    Cut(u64),
    /// Sends so many bytes of the body, then nothing, and keeps the connection open.
    Stall(u64),
    /// As `Stall`, at an offset of the file whichever range is asked for: what is before it arrives, over any number of
    /// connections, and nothing else does.
    StallAt(u64),
    /// Closes the connection without any answer.
    HangUp,
    Delay(Duration),
    /// The answer is known and kept back until the faults are cleared.
    Held,
    /// The body comes at so many bytes a second.
    Slow(u64),
    /// Changes one bit at this offset of the file.
    FlipBit(u64),
    /// 200 and the whole file for a Range request.
    IgnoreRange,
    /// 206 whose Content-Range names other bytes than the body holds.
    WrongContentRange,
    NoContentRange,
    Gzip,
    /// A body so many bytes too short, with the Content-Length to match.
    ShortBody(u64),
    LongBody(u64),
    /// A Content-Length so many bytes too large; the connection closes where the body ends.
    LyingLength(u64),
    /// 429, with how long to wait in `Retry-After` (if any) and in `RateLimit` (if any).
    RateLimited {
        retry_after: Option<u32>,
        reset: Option<u32>,
    },
    /// This status with a gateway's HTML page.
    Status(u16),
    /// This header, on top of the others.
    Header(&'static str, &'static str),
    /// So many bytes of the body a second.
    Trickle(u64),
    /// 200 with a login page.
    HtmlPage,
    /// 200, JSON content type, no JSON.
    Garbage,
    /// 200 and valid JSON of so many bytes.
    HugeJson(usize),
    Redirect(Target),
    /// 307 to this link.
    RedirectTo(&'static str),
    /// A refusal with this text as the server's words (also escapes no terminal should get to see).
    Message {
        status: u16,
        text: &'static str,
    },
    /// Every occurrence of the first text in the body becomes the second.
    Replace(&'static str, &'static str),
    /// As `Replace`, in the link to the next page.
    ReplaceLink(&'static str, &'static str),
    /// The next page of the tree is on a foreign host.
    ForeignLink,
    /// 401 that names a foreign host as the realm and as the place for a xet token.
    ForeignRealm,
    /// Every page of the tree has a next one, with new entries.
    EndlessPages,
    /// The next page of the tree is the page itself.
    SelfPage,
    /// 200 and this JSON.
    Json(&'static str),
    /// Every entry of the tree comes twice.
    Twice,
    /// An entry of this name is added to the tree (and to the siblings).
    HostileName(&'static str),
    /// Sizes in the tree are larger (or smaller) than the files.
    TreeSize(i64),
    /// `X-Linked-Size` is larger (or smaller) than the file.
    LinkedSize(i64),
    /// This in place of every `ETag` and of every hash in the tree.
    HostileEtag(&'static str),
    /// This in place of the commit, in `X-Repo-Commit` and in `sha`.
    HostileCommit(&'static str),
}

impl Fault {
    /// Every fault of an answer that carries a file, scaled to files of some kilobytes.
    pub fn all_for_files() -> Vec<Self> {
        let mut all = vec![
            Self::Cut(0),
            Self::Cut(700),
            Self::Stall(0),
            Self::Stall(700),
            Self::HangUp,
            Self::FlipBit(0),
            Self::FlipBit(700),
            Self::IgnoreRange,
            Self::WrongContentRange,
            Self::NoContentRange,
            Self::Gzip,
            Self::ShortBody(1),
            Self::ShortBody(700),
            Self::LongBody(1),
            Self::LyingLength(1),
            Self::HtmlPage,
            Self::RateLimited { retry_after: Some(0), reset: None },
            Self::RateLimited { retry_after: None, reset: Some(0) },
            Self::HostileEtag("../../x"),
        ];
        all.extend([400, 401, 403, 404, 408, 416, 500, 502, 503, 504].map(Self::Status));
        all.extend(Self::all_redirects());
        all
    }

    /// Every fault of an answer of the API.
    pub fn all_for_api() -> Vec<Self> {
        let mut all = vec![
            Self::Cut(0),
            Self::Cut(10),
            Self::Stall(0),
            Self::HangUp,
            Self::Gzip,
            Self::HtmlPage,
            Self::Garbage,
            Self::HugeJson(80 << 20),
            Self::RateLimited { retry_after: Some(0), reset: None },
            Self::EndlessPages,
            Self::SelfPage,
            Self::TreeSize(1),
            Self::TreeSize(-1),
            Self::ForeignRealm,
            Self::Message { status: 403, text: HOSTILE_MESSAGE },
        ];
        all.extend([400, 408, 500, 502, 503, 504].map(Self::Status));
        all.extend(HOSTILE_NAMES.map(Self::HostileName));
        all.extend(HOSTILE_ETAGS.map(Self::HostileEtag));
        all.extend(HOSTILE_COMMITS.map(Self::HostileCommit));
        all.extend(Self::all_redirects());
        all
    }

    pub fn all_redirects() -> Vec<Self> {
        [
            Target::Itself,
            Target::Foreign,
            Target::ForeignWithoutScheme,
            Target::ForeignWithUser,
            Target::OtherPort,
            Target::ThereAndBack,
        ]
        .map(Self::Redirect)
        .to_vec()
    }
}

/// The requests a fault is for: a place, and a part of the request's path or of the file's name (empty: all).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    pub place: Place,
    pub needle: String,
}

impl At {
    pub fn new(place: Place, needle: &str) -> Self {
        Self { place, needle: needle.to_owned() }
    }

    pub fn api(needle: &str) -> Self {
        Self::new(Place::Api, needle)
    }

    pub fn resolve(needle: &str) -> Self {
        Self::new(Place::Resolve, needle)
    }

    pub fn cdn(needle: &str) -> Self {
        Self::new(Place::Cdn, needle)
    }

    /// Answers with the bytes of a file, from the CDN, the resolve cache or `resolve` itself.
    pub fn content(needle: &str) -> Self {
        Self::new(Place::Content, needle)
    }

    fn matches(&self, request: &Request, answer: &Answer) -> bool {
        let is_place = match self.place {
            Place::Content => answer.carries_file,
            place => place == answer.place,
        };
        let in_file = answer.file.as_ref().is_some_and(|file| file.contains(&self.needle));
        is_place && (in_file || request.target.contains(&self.needle))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    Next(u32),
    Always,
}

/// A fault in waiting.
#[derive(Clone, Debug)]
pub struct Rule {
    pub at: At,
    pub fault: Fault,
    pub times: Times,
}

/// The faults this answer gets; each counts down.
pub fn due(rules: &mut Vec<Rule>, request: &Request, answer: &Answer) -> Vec<Fault> {
    let mut due = Vec::new();
    for rule in rules.iter_mut().filter(|rule| rule.at.matches(request, answer)) {
        due.push(rule.fault.clone());
        if let Times::Next(count) = &mut rule.times {
            *count = count.saturating_sub(1);
        }
    }
    rules.retain(|rule| rule.times != Times::Next(0));
    due
}
