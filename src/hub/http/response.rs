//! An answer: its status and headers first, then its body, piece by piece or whole.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use url::Url;

use super::{Failure, NetworkKind, header};
use crate::settings::without_values;

/// The largest JSON answer that is read into memory, in bytes; a listing page of 1,000 entries has some 300,000.
const LARGEST_JSON: usize = 64 << 20;

/// The beginning of an answer: status and headers are there, the body is still on its way.
#[derive(Debug)]
pub(crate) struct HttpResponse {
    pub(super) response: reqwest::Response,
    pub(super) url: Url,
    pub(super) stall: Duration,
    /// How long a body that is no file may take.
    pub(super) whole: Duration,
}

impl HttpResponse {
    /// The status.
    #[must_use]
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The address that answered in the end.
    #[must_use]
    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }

    /// A header as text, if it is there and is text.
    #[must_use]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(self.response.headers(), name)
    }

    /// Whether the body is a web page.
    #[must_use]
    pub(crate) fn is_page(&self) -> bool {
        self.header(CONTENT_TYPE.as_str()).is_some_and(|kind| kind.starts_with("text/html"))
    }

    /// The next bytes of the body, or none at its end.
    ///
    /// # Errors
    /// When the connection breaks, or no byte arrives for the stall time.
    pub(crate) async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, Failure> {
        match timeout(self.stall, self.response.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(Failure::network(&self.url, NetworkKind::Broken, error)),
            Err(_) => Err(Failure::stalled(&self.url, self.stall)),
        }
    }

    /// The body as a JSON document.
    ///
    /// # Errors
    /// When it does not arrive whole, or is not the document that was expected.
    pub(crate) async fn document<T: DeserializeOwned>(&mut self) -> Result<T, Failure> {
        self.sized_document().await.map(|(document, _)| document)
    }

    /// The document, and how many bytes it took.
    pub(super) async fn sized_document<T: DeserializeOwned>(&mut self) -> Result<(T, usize), Failure> {
        // bytes of a document do not count as progress: it arrives whole in time, or not at all
        let Ok(body) = timeout(self.whole, self.read(LARGEST_JSON)).await else {
            return Err(Failure::slow(&self.url, self.whole));
        };
        let body = body?;
        let document = serde_json::from_slice(&body).map_err(|error| {
            // the parser quotes what it found, and that may be the token that was asked for
            let problem = without_values(&error.to_string());
            Failure::broken(&self.url, format!("the answer is not the JSON that was expected: {problem}"))
        })?;
        Ok((document, body.len()))
    }

    /// The whole body.
    pub(super) async fn read(&mut self, most: usize) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if body.len() + chunk.len() > most {
                return Err(Failure::broken(&self.url, format!("the answer is larger than {most} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}
