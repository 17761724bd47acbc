//! A request as the routes see it: path split and decoded, the few headers that matter, a small body.

use super::record::Origin;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::HeaderMap;
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use std::fmt::Write as _;

/// Larger than any body a downloader has a reason to send.
const BODY_LIMIT: usize = 1 << 20;

#[derive(Debug)]
pub struct Request {
    pub origin: Origin,
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// The path as sent.
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    pub async fn read(origin: Origin, incoming: hyper::Request<Incoming>) -> Self {
        let (parts, body) = incoming.into_parts();
        let body = Limited::new(body, BODY_LIMIT).collect().await;
        let query = parts.uri.query().unwrap_or_default();
        Self {
            origin,
            method: parts.method.to_string(),
            target: parts.uri.to_string(),
            path: parts.uri.path().to_owned(),
            query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers: parts.headers,
            body: body.map(http_body_util::Collected::to_bytes).unwrap_or_default(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn query_all<'request>(&'request self, name: &'request str) -> impl Iterator<Item = &'request str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn query_is_true(&self, name: &str) -> bool {
        self.query(name).is_some_and(|value| ["true", "1"].contains(&value.to_lowercase().as_str()))
    }

    /// The path behind `prefix`, split at `/` and then decoded, so that `refs%2Fpr%2F1` stays one part.
    pub fn parts_behind(&self, prefix: &str) -> Option<Vec<String>> {
        let rest = self.path.strip_prefix(prefix)?.strip_prefix('/')?;
        let decode = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        Some(rest.split('/').map(decode).collect())
    }

    /// Everything a token could hide in, as text.
    pub fn head(&self) -> String {
        let mut head = format!("{} {}\n", self.method, self.target);
        for (name, value) in &self.headers {
            let _ = writeln!(head, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
        }
        head
    }
}
