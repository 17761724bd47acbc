//! Byte ranges: what is asked for, and what an answer really holds.
//!
//! Servers ignore `Range` (200), forget `Content-Range` (JFrog Artifactory, text-embeddings-inference#895), answer with
//! another range, or with an error page of status 200. Appending any of these is how resumed downloads became corrupt
//! (hf_transfer, huggingface_hub#2464, ollama#941); so an answer is judged before its first byte is written.

use std::fmt;

use super::{Failure, HttpResponse};
use reqwest::StatusCode;

/// Bytes `start` to `end` of a file; `end` is exclusive. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteRange {
    /// The first byte.
    pub(crate) start: u64,
    /// One past the last byte.
    pub(crate) end: u64,
}

impl fmt::Display for ByteRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "bytes={}-{}", self.start, self.end - 1)
    }
}

/// Which bytes of the file an answer's body holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coverage {
    /// The range that was asked for.
    Asked,
    /// The whole file, from its first byte.
    Whole,
    /// Some bytes, of which the server does not say where they belong.
    Unsaid,
}

/// Judges the answer to a request for `range` (or for everything) of a file of `size` bytes named `name`.
///
/// # Errors
/// When the answer holds something else than bytes of that file.
pub(crate) fn coverage(
    answer: &HttpResponse,
    range: Option<ByteRange>,
    size: u64,
    name: &str,
) -> Result<Coverage, Failure> {
    let kind = answer.header("content-type").unwrap_or_default();
    let length = answer.header("content-length").and_then(|text| text.parse().ok());
    judge(answer.status(), kind, length, answer.header("content-range"), range, size, name)
        .map_err(|problem| Failure::broken(answer.url(), problem))
}

fn judge(
    status: StatusCode,
    kind: &str,
    length: Option<u64>,
    content_range: Option<&str>,
    range: Option<ByteRange>,
    size: u64,
    name: &str,
) -> Result<Coverage, String> {
    if kind.starts_with("text/html") && !name.ends_with(".html") && !name.ends_with(".htm") {
        return Err(format!("a web page was sent in place of `{name}`"));
    }
    let (coverage, expected) = match (status, range) {
        (StatusCode::PARTIAL_CONTENT, Some(_)) if content_range.is_none() => return Ok(Coverage::Unsaid),
        (StatusCode::PARTIAL_CONTENT, Some(range)) => {
            agrees(content_range, range, size)?;
            (Coverage::Asked, range.end - range.start)
        }
        (StatusCode::OK, _) => (Coverage::Whole, size),
        (status, _) => return Err(format!("the status {status} makes no sense for `{name}`")),
    };
    match length {
        Some(length) if length != expected => {
            Err(format!("{length} bytes of `{name}` were sent where {expected} are due"))
        }
        _ => Ok(coverage),
    }
}

/// Whether `Content-Range: bytes START-LAST/TOTAL` is the range that was asked for.
fn agrees(header: Option<&str>, range: ByteRange, size: u64) -> Result<(), String> {
    let text = header.unwrap_or_default();
    let parsed = || {
        let (span, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (start, last) = span.split_once('-')?;
        let total = if total == "*" { size } else { total.parse().ok()? };
        Some((start.parse::<u64>().ok()?, last.parse::<u64>().ok()?, total))
    };
    match parsed() {
        Some((start, last, total)) if start == range.start && last == range.end - 1 && total == size => Ok(()),
        _ => Err(format!("`{range}` of {size} was asked for, `{}` was sent", crate::repo::printable(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: ByteRange = ByteRange { start: 10, end: 20 };

    fn judge_range(status: u16, content_range: Option<&str>, length: Option<u64>) -> Result<Coverage, String> {
        judge(
            StatusCode::from_u16(status).unwrap(),
            "application/octet-stream",
            length,
            content_range,
            Some(ASKED),
            100,
            "f",
        )
    }

    #[test]
    fn only_the_bytes_that_were_asked_for_are_taken() {
        assert_eq!(ASKED.to_string(), "bytes=10-19");
        for (status, content_range, length, expected) in [
            (206, Some("bytes 10-19/100"), Some(10), Ok(Coverage::Asked)),
            (206, Some("bytes 10-19/*"), None, Ok(Coverage::Asked)),
            (200, None, Some(100), Ok(Coverage::Whole)),
            (200, None, None, Ok(Coverage::Whole)),
            (206, None, Some(10), Ok(Coverage::Unsaid)),
            (206, Some("bytes 0-9/100"), Some(10), Err("was sent")),
            (206, Some("bytes 10-18/100"), Some(9), Err("was sent")),
            (206, Some("bytes 10-19/101"), Some(10), Err("was sent")),
            (206, Some("items 10-19/100"), Some(10), Err("was sent")),
            (206, Some("bytes 10-99999999999999999999/100"), None, Err("was sent")),
            (206, Some("bytes 10-19/100"), Some(11), Err("11 bytes")),
            (200, None, Some(10), Err("10 bytes")),
            (204, None, None, Err("makes no sense")),
        ] {
            match (judge_range(status, content_range, length), expected) {
                (Ok(coverage), Ok(expected)) => assert_eq!(coverage, expected),
                (Err(problem), Err(expected)) => assert!(problem.contains(expected), "{problem}"),
                (got, expected) => panic!("{status} {content_range:?} {length:?}: {got:?}, not {expected:?}"),
            }
        }
    }

    #[test]
    fn a_web_page_is_no_model() {
        let page = |name| judge(StatusCode::OK, "text/html; charset=utf-8", Some(100), None, None, 100, name);
        assert!(page("model.safetensors").unwrap_err().contains("web page"));
        assert_eq!(page("index.html"), Ok(Coverage::Whole));
    }
}
