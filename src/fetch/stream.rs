//! One stream: bytes arrive, are gathered to pieces worth a write, and are written while the next ones arrive.
//!
//! What arrived is kept whatever happens after: a failure writes the gathered bytes first, and a task that is dropped
//! (Ctrl-C, or another file's failure) notes in the journal what was written.

use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::conductor::Permit;
use super::leases::Lease;
use super::open::{HeldLease, OpenFile};
use super::share::Job;
use super::transport::{FileLink, RangeBody};
use super::{Engine, FetchError};
use crate::event::Event;
use crate::file_thread::{self, Lost};
use crate::hub::http::Failure;
use crate::store::cache::CacheError;

/// How many bytes are gathered for one write. Two such pieces a connection, one that fills and one that is written, are
/// the engine's share of the memory.
pub(super) const PIECE: usize = 128 << 10;
/// The journal is written after so many bytes of a stream, or so much time. A kill costs these, and the two pieces that
/// may be on their way: well below 4 MiB a connection, for a line of 20 bytes.
const JOURNAL_EVERY: u64 = 1 << 20;
const JOURNAL_EVERY_TIME: Duration = Duration::from_millis(500);

/// How a stream ended before its lease did.
#[derive(Debug)]
pub(super) enum Interruption {
    /// The transport failed; perhaps it will pass.
    Failure(Failure),
    /// The disk failed, or one of our tasks.
    Fatal(FetchError),
}

/// What a stream works with.
pub(super) struct Stream {
    pub(super) engine: Arc<Engine>,
    pub(super) job: Arc<Job>,
    pub(super) open: Arc<OpenFile>,
    pub(super) link: Arc<FileLink>,
    pub(super) lease: Lease,
    /// The right to a connection, for as long as the stream lives.
    pub(super) _permit: Permit,
}

impl Stream {
    /// Streams the bytes of the lease into the partial file.
    pub(super) async fn run(self) -> Result<(), Interruption> {
        let mut writer = Writer::new(&self.open, &self.lease);
        let outcome = self.bring(&mut writer).await;
        let flushed = writer.finish().await;
        flushed.map_err(Interruption::Fatal).and(outcome)
    }

    async fn bring(&self, writer: &mut Writer) -> Result<(), Interruption> {
        let (range, alone) = (self.lease.range.clone(), self.open.leases().is_alone());
        let url = self.job.link();
        let opening = self.job.share.transport.open(&url, &self.job.file, range, &self.link, alone);
        let Some(opened) = writer.held.unless_spent(opening).await else { return Ok(()) };
        let Some(mut body) = opened.map_err(Interruption::Failure)? else { return Ok(()) };
        let (began, start) = (Instant::now(), writer.held.written);
        let copied = self.copy(&mut body, writer).await;
        self.engine.rates().note(writer.arrived() - start, began.elapsed());
        copied
    }

    async fn copy(&self, body: &mut RangeBody, writer: &mut Writer) -> Result<(), Interruption> {
        while let Some(next) = next(body, writer).await? {
            self.engine.received(&self.job, body.take_received());
            let Some(mut bytes) = next.map_err(Interruption::Failure)? else { break };
            let kept = writer.held.claim(bytes.len() as u64);
            // no more than there are
            bytes.truncate(usize::try_from(kept).unwrap_or(usize::MAX));
            self.engine.tell(Event::Advance { file: self.job.id, bytes: kept });
            writer.push(bytes).await.map_err(Interruption::Fatal)?;
            self.engine.limit.take(kept).await;
        }
        Ok(())
    }
}

/// What the network has next; none where the rest was taken away. A line that pauses is used to write and note what is
/// here: whatever ends the pause, nothing of that is lost.
async fn next(
    body: &mut RangeBody,
    writer: &mut Writer,
) -> Result<Option<Result<Option<Bytes>, Failure>>, Interruption> {
    let mut next = pin!(body.next());
    if let Ok(next) = timeout(JOURNAL_EVERY_TIME, writer.held.unless_spent(&mut next)).await {
        return Ok(next);
    }
    writer.put_down().await.map_err(Interruption::Fatal)?;
    Ok(writer.held.unless_spent(next).await)
}

/// A write on its thread; it gives back the room of its piece.
type Write = JoinHandle<Result<Vec<u8>, CacheError>>;

/// Gathers, writes behind the network's back, and keeps the journal.
struct Writer {
    open: Arc<OpenFile>,
    held: HeldLease,
    /// The piece that fills, and the room that the last write gave back.
    gathered: Vec<u8>,
    spare: Vec<u8>,
    /// The write under way, and where it ends.
    pending: Option<(Write, u64)>,
    /// Up to where bytes were handed to a write.
    submitted: u64,
    /// Up to where the journal says that bytes are written.
    noted: u64,
    noted_at: Instant,
}

impl Writer {
    fn new(open: &Arc<OpenFile>, lease: &Lease) -> Self {
        let start = lease.range.start;
        Self {
            open: Arc::clone(open),
            held: HeldLease::new(open, lease),
            gathered: Vec::new(),
            spare: Vec::new(),
            pending: None,
            submitted: start,
            noted: start,
            noted_at: Instant::now(),
        }
    }

    /// Up to where bytes have arrived, written or not.
    const fn arrived(&self) -> u64 {
        self.submitted + self.gathered.len() as u64
    }

    /// Takes bytes over, into memory of its own: a small part of what the network library has read at once keeps all of it,
    /// up to 400 KiB, from being freed.
    async fn push(&mut self, mut bytes: Bytes) -> Result<(), FetchError> {
        while !bytes.is_empty() {
            let room = PIECE - self.gathered.len();
            self.gathered.reserve_exact(room);
            self.gathered.extend_from_slice(&bytes.split_to(bytes.len().min(room)));
            if self.gathered.len() == PIECE {
                self.submit().await?;
            }
        }
        Ok(())
    }

    /// Hands what was gathered to a thread, once the write before it has ended.
    async fn submit(&mut self) -> Result<(), FetchError> {
        self.settle().await?;
        let (piece, start) = (std::mem::replace(&mut self.gathered, std::mem::take(&mut self.spare)), self.submitted);
        self.submitted += piece.len() as u64;
        let note = self.is_note_due().then(|| self.take_note());
        let partial = Arc::clone(&self.open.partial);
        let write = tokio::task::spawn_blocking(move || {
            note.map_or(Ok(()), |range| partial.note(&range))?;
            partial.write(start, &[&piece])?;
            Ok(piece)
        });
        self.pending = Some((write, self.submitted));
        Ok(())
    }

    fn is_note_due(&self) -> bool {
        let unnoted = self.held.written - self.noted;
        unnoted >= JOURNAL_EVERY || unnoted > 0 && self.noted_at.elapsed() >= JOURNAL_EVERY_TIME
    }

    /// What the journal does not know yet.
    fn take_note(&mut self) -> Range<u64> {
        let noted = std::mem::replace(&mut self.noted, self.held.written);
        self.noted_at = Instant::now();
        noted..self.held.written
    }

    async fn settle(&mut self) -> Result<(), FetchError> {
        if let Some((write, end)) = self.pending.take() {
            self.spare = write.await.map_err(Lost::from)??;
            self.spare.clear();
            self.held.advance(end);
        }
        Ok(())
    }

    /// Writes what was gathered and tells the journal.
    async fn put_down(&mut self) -> Result<(), FetchError> {
        self.finish().await?;
        let (partial, range) = (Arc::clone(&self.open.partial), self.take_note());
        if range.is_empty() {
            return Ok(());
        }
        Ok(file_thread::run(move || partial.note(&range)).await??)
    }

    async fn finish(&mut self) -> Result<(), FetchError> {
        if !self.gathered.is_empty() {
            self.submit().await?;
        }
        self.settle().await
    }
}

impl Drop for Writer {
    /// Notes what the journal does not know yet. For small files that is nothing worth a line: they end whole, and then
    /// the journal goes away with the partial file.
    fn drop(&mut self) {
        if self.held.written - self.noted >= PIECE as u64 {
            // a line that cannot be written costs these bytes in the next run, nothing in this one
            drop(self.open.partial.note(&(self.noted..self.held.written)));
        }
    }
}
