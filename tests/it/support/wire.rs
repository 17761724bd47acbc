//! The last stretch to the client: bodies in frames that share the content's memory, and connections that can be cut
//! at an exact byte.
//!
//! hyper drops what it has buffered when a body fails, so a cut is not a failing body. The body stops instead and
//! raises a flag; the connection, when hyper next flushes it (and so has written all it had), reports an error.

use super::answer::Answer;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

const FRAME: usize = 256 << 10;

/// How often a second a limited body sends a frame: small enough steps for a smooth rate, few enough for accuracy.
const FRAMES_A_SECOND: u64 = 50;

/// Set when the connection is to be closed as soon as everything before is on its way.
pub type Closer = Arc<AtomicBool>;

/// The body of one answer.
pub struct Frames {
    content: Bytes,
    position: usize,
    cut_at: Option<usize>,
    stall_at: Option<usize>,
    flip_at: Option<usize>,
    hides_length: bool,
    rate: Option<u64>,
    next_frame: Option<Pin<Box<Sleep>>>,
    sent: Arc<AtomicU64>,
    closer: Closer,
}

impl Frames {
    pub fn new(answer: &Answer, sent: Arc<AtomicU64>, closer: Closer) -> Self {
        let delivery = &answer.delivery;
        let local = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
        // A promise that is not kept ends as a cut at the end.
        let in_file = |at: u64| at.saturating_sub(delivery.begins_at);
        let cut_after = [delivery.cut_after, delivery.cut_at.map(in_file)].into_iter().flatten().min();
        let stall_after = [delivery.stall_after, delivery.stall_at.map(in_file)].into_iter().flatten().min();
        let broken_promise = (delivery.promise > 0).then_some(answer.body.len());
        Self {
            content: answer.body.clone(),
            position: 0,
            cut_at: cut_after.map(local).or(broken_promise),
            stall_at: stall_after.map(local),
            flip_at: delivery.flip_bit_at.and_then(|at| at.checked_sub(delivery.begins_at)).map(local),
            // hyper asserts that a known length agrees with the Content-Length header.
            hides_length: delivery.is_chunked || delivery.promise > 0,
            rate: delivery.rate,
            next_frame: None,
            sent,
            closer,
        }
    }

    /// Where the next frame may end at most.
    fn frame_end(&self) -> usize {
        let step = self.rate.map_or(FRAME, |rate| {
            usize::try_from((rate / FRAMES_A_SECOND).max(1)).map_or(FRAME, |step| step.min(FRAME))
        });
        let end = self.content.len().min(self.position + step);
        end.min(self.cut_at.unwrap_or(end)).min(self.stall_at.unwrap_or(end))
    }

    fn take_frame(&mut self) -> Bytes {
        let begin = self.position;
        let end = self.frame_end();
        self.position = end;
        self.sent.fetch_add((end - begin) as u64, Ordering::Relaxed);
        let frame = self.content.slice(begin..end);
        match self.flip_at {
            Some(at) if (begin..end).contains(&at) => {
                let mut changed = frame.to_vec();
                changed[at - begin] ^= 1;
                changed.into()
            }
            _ => frame,
        }
    }

    /// Sets the alarm for the frame after one of `size` bytes, so that the rate holds over the whole body.
    fn pace(&mut self, size: usize) {
        let Some(rate) = self.rate else { return };
        let pause = Duration::from_nanos(size as u64 * 1_000_000_000 / rate.max(1));
        let due = self.next_frame.as_ref().map_or_else(Instant::now, |alarm| alarm.deadline());
        // A client that was slow for long does not get a burst afterwards.
        let due = due.max(Instant::now().checked_sub(Duration::from_millis(100)).unwrap_or(due)) + pause;
        match &mut self.next_frame {
            Some(alarm) => alarm.as_mut().reset(due),
            None => self.next_frame = Some(Box::pin(sleep_until(due))),
        }
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        if this.stall_at.is_some_and(|at| this.position >= at) {
            // Nothing wakes this task again except the client leaving or the hub stopping.
            return Poll::Pending;
        }
        if this.cut_at.is_some_and(|at| this.position >= at) {
            this.closer.store(true, Ordering::Relaxed);
            return Poll::Pending;
        }
        if this.position >= this.content.len() {
            return Poll::Ready(None);
        }
        if let Some(alarm) = &mut this.next_frame {
            ready!(alarm.as_mut().poll(context));
        }
        let frame = this.take_frame();
        this.pace(frame.len());
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_empty() && self.cut_at.is_none() && self.stall_at.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        if self.hides_length {
            return SizeHint::default();
        }
        SizeHint::with_exact((self.content.len() - self.position) as u64)
    }
}

/// A connection that obeys its [`Closer`].
pub struct Wire {
    stream: TcpStream,
    closer: Closer,
}

impl Wire {
    pub fn new(stream: TcpStream, closer: Closer) -> Self {
        Self { stream, closer }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        if self.closer.load(Ordering::Relaxed) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
