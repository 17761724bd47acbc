//! The bench's own file server: for links bound to a range and for connections with a speed limit, which nginx cannot do
//! or cannot do evenly, and for machines without nginx.

use super::Counter;
use super::body::{Content, Pace};
use super::link::Links;
use super::listener::{Reply, Routes, header, reply, with_headers};
use crate::digest;
use crate::files::OBJECTS;
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

pub struct Cdn {
    /// Holds the folder of objects.
    pub folder: PathBuf,
    pub links: Links,
    /// Bytes a second for each connection.
    pub rate: Option<u64>,
    pub counter: Arc<Counter>,
}

impl Routes for Cdn {
    fn rate(&self) -> Option<u64> {
        self.rate
    }

    fn counter(&self) -> &Arc<Counter> {
        &self.counter
    }

    async fn answer(&self, request: &Request<Incoming>, pace: Option<Pace>) -> Reply {
        let range = header(request, "range");
        let object = request.uri().path().strip_prefix("/objects/").unwrap_or_default();
        let file = File::open(self.folder.join(OBJECTS).join(object)).ok().filter(|_| !object.is_empty());
        let Some((file, size)) = file.and_then(|file| file.metadata().ok().map(|found| (file, found.len()))) else {
            return reply(StatusCode::NOT_FOUND, "no such object", &[], &self.counter);
        };
        if !self.links.permits(object, request.uri().query().unwrap_or_default(), range) {
            return reply(StatusCode::FORBIDDEN, "Auth failed: invalid range", &[], &self.counter);
        }
        // Its own, of the right shape and of no use.
        let etag = format!("\"{}\"", digest::sha256_hex(object.as_bytes()));
        let headers =
            [("etag", etag.as_str()), ("accept-ranges", "bytes"), ("content-type", "application/octet-stream")];
        match range.map(|range| within(range, size)) {
            None => with_headers(StatusCode::OK, Content::disk(file, (0, size), pace, &self.counter), &headers),
            Some(Some((begin, end))) => {
                let served = format!("bytes {begin}-{}/{size}", end - 1);
                let content = Content::disk(file, (begin, end), pace, &self.counter);
                let headers = [&headers[..], &[("content-range", served.as_str())]].concat();
                with_headers(StatusCode::PARTIAL_CONTENT, content, &headers)
            }
            Some(None) => {
                let all = format!("bytes */{size}");
                reply(StatusCode::RANGE_NOT_SATISFIABLE, "", &[("content-range", all.as_str())], &self.counter)
            }
        }
    }
}

/// Begin and end (not included) of a `Range` with one range that begins within the file.
fn within(range: &str, size: u64) -> Option<(u64, u64)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let begin = first.parse().ok()?;
    let end = if last.is_empty() { size } else { last.parse::<u64>().ok()?.saturating_add(1).min(size) };
    (begin < end).then_some((begin, end))
}
