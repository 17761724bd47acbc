//! How the bytes of a range arrive. Today over HTTP from a link that redirects to where the bytes are; the engine above
//! sees only [`Transport::open`] and [`RangeBody::next`], so that another way of fetching fits in here.
//!
//! The trap: a signed link may be good for exactly the range that minted it (the live bridge:
//! "403 Auth failed: invalid range", xet-core#897), or for any range (mirrors, other CDNs). Asking the provider anew for
//! every range is always right but costs its quota; so the first second range of a file tries the link of the first, once
//! for each host, and what it learns holds for the whole run.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::Semaphore;
use url::Url;

use crate::credential::Credential;
use crate::endpoint::Origin;
use crate::hub::http::{ByteRange, Client, Coverage, Failure, HttpRequest, HttpResponse, coverage};
use crate::manifest::RepoFile;

/// How often the provider may be asked for one file: this many times, and once more for every so many bytes.
const RESOLVES: u64 = 16;
const BYTES_FOR_A_RESOLVE: u64 = 64_000_000;
/// So many times more to get away from a stream that hardly moves, when the rest was spent on being fast.
const REPLACEMENTS: u64 = 4;

/// Opens streams of bytes.
pub(crate) struct Transport {
    client: Client,
    credential: Option<Credential>,
    /// How many connections for large files the server bears, and the right to each of them.
    most_connections: usize,
    pub(super) connections: Arc<Semaphore>,
    /// Whether signed links of a host are good for ranges other than their own.
    free: Mutex<HashMap<Origin, bool>>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Transport").field("client", &self.client).finish_non_exhaustive()
    }
}

/// What the streams of one file know about where its bytes are.
#[derive(Debug, Default)]
pub(super) struct FileLink {
    /// The last link that the provider gave. Held while a second range tries it, so that the others wait for the answer.
    signed: tokio::sync::Mutex<Option<Url>>,
    resolves: AtomicU64,
    /// The server does not serve ranges of this file: it is asked for whole, over one connection.
    whole_only: AtomicBool,
}

impl FileLink {
    /// A stream is about to be opened. It counts as a question to the provider until it has turned out to need none.
    pub(super) fn book(&self) {
        self.resolves.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether another stream of this file may be opened only to be faster.
    pub(super) fn may_resolve(&self, file: &RepoFile) -> bool {
        self.may_resolve_up_to(RESOLVES, file)
    }

    /// Whether a stream of this file may be replaced by another one.
    pub(super) fn may_replace(&self, file: &RepoFile) -> bool {
        self.may_resolve_up_to(RESOLVES + REPLACEMENTS, file)
    }

    fn may_resolve_up_to(&self, most: u64, file: &RepoFile) -> bool {
        !self.is_whole_only() && self.resolves.load(Ordering::Relaxed) < most + file.size / BYTES_FOR_A_RESOLVE
    }

    /// A link proved useless, if it is still the one that would be tried.
    async fn forget(&self, url: &Url) {
        self.signed.lock().await.take_if(|signed| signed == url);
    }

    /// Whether the server has shown that it does not serve ranges of this file.
    pub(super) fn is_whole_only(&self) -> bool {
        self.whole_only.load(Ordering::Relaxed)
    }
}

impl Transport {
    /// A transport that asks for files at their links with a credential, over so many connections for large files at most.
    #[must_use]
    pub(crate) fn new(client: Client, credential: Option<Credential>, most_connections: usize) -> Self {
        let connections = Arc::new(Semaphore::new(most_connections.min(Semaphore::MAX_PERMITS)));
        Self { client, credential, most_connections, connections, free: Mutex::default() }
    }

    pub(super) const fn most_connections(&self) -> usize {
        self.most_connections
    }

    /// Opens a stream of the bytes `range` of a file, which `url` leads to. None where the server turns out not to serve ranges: then the link
    /// knows, and the next stream asks for the whole file. A stream that is `alone` takes the whole file if that is what
    /// it gets.
    ///
    /// # Errors
    /// When the answer refuses, or holds something else than bytes of that file.
    pub(super) async fn open(
        &self,
        url: &Url,
        file: &RepoFile,
        range: Range<u64>,
        link: &FileLink,
        alone: bool,
    ) -> Result<Option<RangeBody>, Failure> {
        let everything = range == (0..file.size) || link.is_whole_only();
        let asked = (!everything).then_some(ByteRange { start: range.start, end: range.end });
        let answer = match asked {
            Some(asked) => self.reuse(asked, link).await,
            None => None,
        };
        let answer = match answer {
            Some(answer) => answer,
            None => self.resolve(url, asked).await?,
        };
        let covered = coverage(&answer, asked, file.size, file.path.as_str());
        if covered.is_err() {
            // whatever led there leads astray
            link.forget(answer.url()).await;
        }
        let position = match (covered?, asked) {
            (Coverage::Asked, _) => range.start,
            (Coverage::Whole, None) => 0,
            (found, _) => {
                link.whole_only.store(true, Ordering::Relaxed);
                if found != Coverage::Whole || !alone {
                    return Ok(None);
                }
                0
            }
        };
        self.remember(url, &answer, link).await;
        Ok(Some(RangeBody { answer, position, range, size: file.size, received: 0 }))
    }

    /// Asks the provider, who redirects to where the bytes are.
    async fn resolve(&self, url: &Url, range: Option<ByteRange>) -> Result<HttpResponse, Failure> {
        self.client.send(&HttpRequest { range, ..HttpRequest::get(url.clone(), self.credential.as_ref()) }).await
    }

    /// Keeps the link that brought good bytes, if it is another origin's: only such links are signed.
    async fn remember(&self, url: &Url, answer: &HttpResponse, link: &FileLink) {
        if Origin::of(answer.url()) != Origin::of(url) {
            *link.signed.lock().await = Some(answer.url().clone());
        }
    }

    /// Asks at the signed link of an earlier range; none where there is none, or it is not good for this range, or not
    /// good any more. The provider then gives another.
    async fn reuse(&self, range: ByteRange, link: &FileLink) -> Option<HttpResponse> {
        let signed = link.signed.lock().await;
        let url = signed.clone()?;
        let origin = Origin::of(&url);
        let known = self.free().get(&origin).copied();
        // the lock is kept while the first range tries, so that the others wait for what it learns
        let trying = match known {
            Some(false) => return None,
            Some(true) => {
                drop(signed);
                None
            }
            None => Some(signed),
        };
        match self.client.send(&HttpRequest { range: Some(range), ..HttpRequest::get(url.clone(), None) }).await {
            Ok(answer) => {
                self.free().insert(origin, true);
                link.resolves.fetch_sub(1, Ordering::Relaxed);
                Some(answer)
            }
            Err(failure) => {
                let bound =
                    matches!(&failure, Failure::Refused(refused) if matches!(refused.status.as_u16(), 401 | 403));
                if bound && known.is_none() {
                    self.free().insert(origin, false);
                }
                drop(trying);
                link.forget(&url).await;
                None
            }
        }
    }

    fn free(&self) -> std::sync::MutexGuard<'_, HashMap<Origin, bool>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes of a range, as they arrive. An answer that holds the whole file is read past what was not asked for.
#[derive(Debug)]
pub(super) struct RangeBody {
    answer: HttpResponse,
    position: u64,
    range: Range<u64>,
    size: u64,
    received: u64,
}

impl RangeBody {
    /// How many bytes came over the network since the last call, wanted or not.
    pub(super) fn take_received(&mut self) -> u64 {
        std::mem::take(&mut self.received)
    }

    /// The next bytes of the range, or none at its end. After an error nothing more comes.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        while self.position < self.range.end {
            let Some(mut bytes) = self.answer.chunk().await? else {
                return Err(Failure::short(self.answer.url(), self.range.end - self.position));
            };
            let start = self.position;
            self.position += bytes.len() as u64;
            self.received += bytes.len() as u64;
            if self.position > self.size {
                let problem = format!("more than the {} bytes of the file were sent", self.size);
                return Err(Failure::broken(self.answer.url(), problem));
            }
            // parts of a buffer in memory: their lengths fit
            let unwanted = self.range.start.saturating_sub(start).min(bytes.len() as u64);
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
