//! One stream: bytes arrive, are gathered to pieces worth a write, and are written while the next ones arrive.
//!
//! What arrived is kept whatever happens after: a failure writes the gathered bytes first, and a task that is dropped
//! (Ctrl-C, or another file's failure) notes in the journal what was written.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::transport::Body;
use super::{Engine, FetchError};
use crate::cache::{CacheError, Partial};
use crate::http::Failure;
use crate::manifest::RepoFile;
use crate::report::FileId;

/// How many bytes are gathered for one write. Two such pieces a connection, one that fills and one that is written, are
/// the engine's share of the memory.
const PIECE: usize = 256 << 10;
/// How many bytes may be lost to a kill: the journal is written at least this often.
const JOURNAL_EVERY: u64 = 4 << 20;

/// How a stream ended before its range did.
pub(super) enum Interruption {
    /// The transport failed; perhaps it will pass.
    Failure(Failure),
    /// The disk failed, or one of our tasks.
    Fatal(FetchError),
}

/// Streams `range` of a file into its partial file. However it ends, the first value is how far the bytes are written.
pub(super) async fn stream(
    engine: &Engine,
    id: FileId,
    file: &RepoFile,
    partial: &Arc<Partial>,
    range: Range<u64>,
) -> (u64, Result<(), Interruption>) {
    let mut writer = Writer::new(partial, range.start);
    let outcome = match engine.transport.open(file, range).await {
        Ok(body) => copy(engine, id, body, &mut writer).await,
        Err(failure) => Err(Interruption::Failure(failure)),
    };
    let flushed = writer.finish().await;
    (writer.written, flushed.map_err(Interruption::Fatal).and(outcome))
}

async fn copy(engine: &Engine, id: FileId, mut body: Body, writer: &mut Writer<'_>) -> Result<(), Interruption> {
    while let Some(bytes) = body.next().await.map_err(Interruption::Failure)? {
        let length = bytes.len() as u64;
        engine.received.fetch_add(length, Ordering::Relaxed);
        engine.reporter.advanced(id, length);
        writer.push(bytes).await.map_err(Interruption::Fatal)?;
    }
    Ok(())
}

/// Gathers, writes behind the network's back, and keeps the journal.
struct Writer<'a> {
    partial: &'a Arc<Partial>,
    gathered: Vec<Bytes>,
    gathered_length: usize,
    /// The write under way, and where it ends.
    pending: Option<(JoinHandle<Result<(), CacheError>>, u64)>,
    /// Up to where bytes were handed to a write.
    submitted: u64,
    /// Up to where bytes are written.
    written: u64,
    /// Up to where the journal says so.
    noted: u64,
}

impl<'a> Writer<'a> {
    fn new(partial: &'a Arc<Partial>, start: u64) -> Self {
        let (gathered, gathered_length, pending) = (Vec::new(), 0, None);
        Self { partial, gathered, gathered_length, pending, submitted: start, written: start, noted: start }
    }

    async fn push(&mut self, bytes: Bytes) -> Result<(), FetchError> {
        self.gathered_length += bytes.len();
        self.gathered.push(bytes);
        if self.gathered_length >= PIECE { self.submit().await } else { Ok(()) }
    }

    /// Hands what was gathered to a thread, once the write before it has ended.
    async fn submit(&mut self) -> Result<(), FetchError> {
        self.settle().await?;
        let (pieces, start) = (std::mem::take(&mut self.gathered), self.submitted);
        self.submitted += std::mem::take(&mut self.gathered_length) as u64;
        let note = (self.written - self.noted >= JOURNAL_EVERY).then_some(self.noted..self.written);
        self.noted = note.as_ref().map_or(self.noted, |range| range.end);
        let partial = Arc::clone(self.partial);
        let write = tokio::task::spawn_blocking(move || {
            note.map_or(Ok(()), |range| partial.note(&range))?;
            partial.write(start, &pieces)
        });
        self.pending = Some((write, self.submitted));
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), FetchError> {
        if let Some((write, end)) = self.pending.take() {
            write.await.map_err(FetchError::Lost)??;
            self.written = end;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), FetchError> {
        if !self.gathered.is_empty() {
            self.submit().await?;
        }
        self.settle().await
    }
}

impl Drop for Writer<'_> {
    /// Notes what the journal does not know yet. For most files that is nothing worth a line: they end whole, and then
    /// the journal goes away with the partial file.
    fn drop(&mut self) {
        if self.written - self.noted >= PIECE as u64 {
            // a line that cannot be written costs these bytes in the next run, nothing in this one
            drop(self.partial.note(&(self.noted..self.written)));
        }
    }
}
