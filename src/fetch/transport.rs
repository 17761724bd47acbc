//! How the bytes of a range arrive. Today over HTTP from a link that redirects to where the bytes are; the engine above
//! sees only [`Transport::open`] and [`Body::next`], so that another way of fetching fits in here.
//!
//! Every stream begins at the provider's own link, with the range that it wants: a signed link may be good for exactly
//! the range that minted it (xet-core#897), and one that has expired is simply not asked for again.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use url::Url;

use crate::credential::Credential;
use crate::http::{Answer, Ask, ByteRange, Client, Coverage, Failure, Patience, coverage};
use crate::manifest::RepoFile;

/// Opens streams of bytes.
pub struct Transport {
    client: Client,
    credential: Option<Credential>,
    link: Box<dyn Fn(&RepoFile) -> Url + Send + Sync>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Transport").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Transport {
    /// A transport that asks for files at their links with a credential.
    #[must_use]
    pub fn new(
        client: Client,
        credential: Option<Credential>,
        link: impl Fn(&RepoFile) -> Url + Send + Sync + 'static,
    ) -> Self {
        Self { client, credential, link: Box::new(link) }
    }

    /// Waits after a failure that may pass, or hands it back.
    pub(super) async fn wait_after(&self, failure: Failure, patience: &mut Patience) -> Result<(), Failure> {
        self.client.wait_after(failure, patience).await
    }

    /// Opens a stream of the bytes `range` of a file.
    ///
    /// # Errors
    /// When the answer refuses, or holds something else than bytes of that file.
    pub(super) async fn open(&self, file: &RepoFile, range: Range<u64>) -> Result<Body, Failure> {
        let whole = range == (0..file.size);
        let asked = (!whole).then_some(ByteRange { start: range.start, end: range.end });
        let ask = Ask { range: asked, ..Ask::get((self.link)(file), self.credential.as_ref()) };
        let answer = self.client.send(&ask).await?;
        let position = match coverage(&answer, asked, file.size, file.path.as_str())? {
            Coverage::Asked => range.start,
            Coverage::Whole => 0,
        };
        Ok(Body { answer, position, range, size: file.size })
    }
}

/// The bytes of a range, as they arrive. An answer that holds the whole file is read past what was not asked for.
#[derive(Debug)]
pub(super) struct Body {
    answer: Answer,
    position: u64,
    range: Range<u64>,
    size: u64,
}

impl Body {
    /// The next bytes of the range, or none at its end. After an error nothing more comes.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        while self.position < self.range.end {
            let Some(mut bytes) = self.answer.chunk().await? else {
                return Err(Failure::short(self.answer.url(), self.range.end - self.position));
            };
            let start = self.position;
            self.position += bytes.len() as u64;
            if self.position > self.size {
                let problem = format!("more than the {} bytes of the file were sent", self.size);
                return Err(Failure::broken(self.answer.url(), problem));
            }
            let unwanted = self.range.start.saturating_sub(start).min(bytes.len() as u64);
            // a slice of a buffer in memory: its length fits
            drop(bytes.split_to(usize::try_from(unwanted).unwrap_or(usize::MAX)));
            let beyond = self.position.saturating_sub(self.range.end);
            bytes.truncate(bytes.len().saturating_sub(usize::try_from(beyond).unwrap_or(usize::MAX)));
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}
