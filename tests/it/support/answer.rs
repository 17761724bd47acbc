//! An answer while it is being made: first the truth, then (see `mischief`) what a fault makes of it, then the bytes.
//!
//! Ranges are cut out last, so that a fault can still decide to ignore them or to lie about them.

use super::gzip;
use super::record::Place;
use super::request::Request;
use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use std::time::Duration;

/// What a 206 says about the range it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContentRange {
    #[default]
    True,
    Missing,
    /// Names a range that begins elsewhere.
    Wrong,
}

/// How the body goes out; everything but the defaults is a fault or a speed limit.
#[allow(clippy::struct_excessive_bools, reason = "independent switches, each on its own")]
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// No Content-Length: chunked, as a compressing edge sends.
    pub is_chunked: bool,
    pub ignores_range: bool,
    pub content_range: ContentRange,
    pub is_gzipped: bool,
    /// A shorter or longer body whose Content-Length agrees with itself.
    pub grow: i64,
    /// A Content-Length that promises so many bytes more than come.
    pub promise: u64,
    pub cut_after: Option<u64>,
    /// Offset in the file, not in the answer: whoever goes on behind it gets nothing.
    pub cut_at: Option<u64>,
    pub stall_after: Option<u64>,
    /// Offset in the file, not in the answer.
    pub stall_at: Option<u64>,
    /// Offset in the file, not in the answer: a range elsewhere stays intact.
    pub flip_bit_at: Option<u64>,
    /// Close the connection without an answer.
    pub hangs_up: bool,
    pub delay: Duration,
    /// Kept back until the faults are cleared.
    pub is_held: bool,
    pub rate: Option<u64>,
    /// The offset in the file at which the body begins; set by `settle`.
    pub begins_at: u64,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub place: Place,
    /// The repository path of the file this is about.
    pub file: Option<String>,
    /// The body is (or would be, for HEAD) content of that file.
    pub carries_file: bool,
    pub delivery: Delivery,
}

impl Answer {
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: body.into(),
            place: Place::Api,
            file: None,
            carries_file: false,
            delivery: Delivery::default(),
        }
    }

    pub fn json(status: u16, value: &Value) -> Self {
        Self::new(status, value.to_string()).with("content-type", "application/json; charset=utf-8")
    }

    pub fn text(status: u16, text: impl Into<Bytes>) -> Self {
        Self::new(status, text).with("content-type", "text/plain; charset=utf-8")
    }

    pub fn content(body: Bytes) -> Self {
        let mut answer = Self::new(200, body).with("accept-ranges", "bytes");
        answer.carries_file = true;
        answer
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// Control characters cannot be sent in a header at all; they are left out.
    pub fn set(&mut self, name: &'static str, value: &str) {
        let sendable: Vec<u8> = value.bytes().filter(|byte| !byte.is_ascii_control()).collect();
        if let Ok(value) = HeaderValue::from_bytes(&sendable) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
    }

    pub fn about(mut self, place: Place, file: &str) -> Self {
        self.place = place;
        self.file = Some(file.to_owned());
        self
    }

    /// Cuts out the range asked for and writes the headers that depend on the body.
    pub fn settle(&mut self, request: &Request) {
        if self.carries_file && self.status == 200 && !self.delivery.ignores_range {
            self.cut_range(request);
        }
        if self.delivery.is_gzipped {
            self.body = gzip::stored(&self.body).into();
            self.set("content-encoding", "gzip");
        }
        self.resize();
        if !self.delivery.is_chunked {
            self.set("content-length", &(self.body.len() as u64 + self.delivery.promise).to_string());
        }
    }

    fn cut_range(&mut self, request: &Request) {
        let Some(range) = request.header("range").and_then(Range::parse) else {
            return;
        };
        // A validator that does not match means "send all of it" (RFC 9110, 13.1.5).
        let etag = self.headers.get("etag").and_then(|value| value.to_str().ok());
        if request.header("if-range").is_some_and(|validator| Some(validator) != etag) {
            return;
        }
        let size = self.body.len() as u64;
        let Some((first, last)) = range.within(size) else {
            self.status = 416;
            self.body = Bytes::new();
            self.set("content-range", &format!("bytes */{size}"));
            return;
        };
        self.status = 206;
        self.body = self.body.slice(index(first)..=index(last));
        self.delivery.begins_at = first;
        match self.delivery.content_range {
            ContentRange::True => {
                self.set("content-range", &format!("bytes {first}-{last}/{size}"));
            }
            ContentRange::Missing => {}
            ContentRange::Wrong => {
                self.set("content-range", &format!("bytes {}-{}/{}", first + 1, last + 1, size + 1));
            }
        }
    }

    fn resize(&mut self) {
        let grow = self.delivery.grow;
        let by = index(grow.unsigned_abs());
        if grow < 0 {
            self.body.truncate(self.body.len().saturating_sub(by));
        } else if grow > 0 {
            self.body = [self.body.as_ref(), vec![b'x'; by].as_slice()].concat().into();
        }
    }
}

/// An offset as an index; content is in memory, so it always fits.
fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// A Range header with one range; anything else is ignored, as RFC 9110 allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    From(u64, Option<u64>),
    Last(u64),
}

impl Range {
    fn parse(header: &str) -> Option<Self> {
        let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
        match (first, last) {
            ("", last) => Some(Self::Last(last.parse().ok()?)),
            (first, "") => Some(Self::From(first.parse().ok()?, None)),
            (first, last) => {
                let (first, last) = (first.parse().ok()?, last.parse().ok()?);
                (first <= last).then_some(Self::From(first, Some(last)))
            }
        }
    }

    /// First and last offset, both included; `None` when nothing of the file is in the range.
    fn within(self, size: u64) -> Option<(u64, u64)> {
        let end = size.checked_sub(1)?;
        match self {
            Self::From(first, _) if first > end => None,
            Self::From(first, last) => Some((first, last.unwrap_or(end).min(end))),
            Self::Last(0) => None,
            Self::Last(count) => Some((size.saturating_sub(count), end)),
        }
    }
}
