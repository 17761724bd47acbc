//! The body of an answer: from memory or from a file, as fast as it goes or at the rate of its connection.

use super::Counter;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

const FRAME: u64 = 256 << 10;

/// A limited body goes out in steps of ten milliseconds: smooth, and 64 connections still cost little.
const FRAMES_A_SECOND: u64 = 100;

/// A timer that fires late is made up for, within limits: an idle connection saves up no more than this.
const LATENESS: Duration = Duration::from_millis(25);

/// The speed limit of one connection, over all its answers.
///
/// Its own, because nginx's `limit_rate` counts whole seconds of one answer: each new request gets the first second's
/// bytes at once, and 16 of them a whole file.
#[derive(Clone, Debug)]
pub struct Pace {
    rate: u64,
    /// When the bytes promised so far are through.
    through: Arc<Mutex<Instant>>,
}

impl Pace {
    pub fn new(rate: u64) -> Self {
        Self { rate, through: Arc::new(Mutex::new(Instant::now())) }
    }

    /// When the last of the next `bytes` may leave.
    fn book(&self, bytes: u64) -> Instant {
        let mut through = self.through.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = Instant::now().checked_sub(LATENESS).map_or(*through, |earliest| earliest.max(*through));
        *through = begin + Duration::from_nanos(bytes * 1_000_000_000 / self.rate);
        *through
    }
}

enum Source {
    Memory(Bytes),
    Disk(File),
}

pub struct Content {
    source: Source,
    position: u64,
    end: u64,
    pace: Option<Pace>,
    alarm: Option<Pin<Box<Sleep>>>,
    counter: Arc<Counter>,
}

impl Content {
    pub fn memory(bytes: Bytes, counter: &Arc<Counter>) -> Self {
        let end = bytes.len() as u64;
        Self { source: Source::Memory(bytes), position: 0, end, pace: None, alarm: None, counter: Arc::clone(counter) }
    }

    /// From `begin` up to `end`, which is not part of it.
    pub fn disk(file: File, (begin, end): (u64, u64), pace: Option<Pace>, counter: &Arc<Counter>) -> Self {
        Self { source: Source::Disk(file), position: begin, end, pace, alarm: None, counter: Arc::clone(counter) }
    }

    fn next_length(&self) -> u64 {
        let step = self.pace.as_ref().map_or(FRAME, |pace| (pace.rate / FRAMES_A_SECOND).clamp(1, FRAME));
        step.min(self.end - self.position)
    }

    fn take(&mut self, length: u64) -> io::Result<Bytes> {
        let begin = self.position;
        self.position += length;
        self.counter.sent(length);
        let index = |offset: u64| usize::try_from(offset).map_err(io::Error::other);
        match &self.source {
            Source::Memory(bytes) => Ok(bytes.slice(index(begin)?..index(begin + length)?)),
            Source::Disk(file) => {
                let mut piece = vec![0; index(length)?];
                file.read_exact_at(&mut piece, begin)?;
                Ok(piece.into())
            }
        }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        let length = this.next_length();
        if length == 0 {
            return Poll::Ready(None);
        }
        if let Some(pace) = &this.pace {
            let alarm = this.alarm.get_or_insert_with(|| Box::pin(sleep_until(pace.book(length))));
            ready!(alarm.as_mut().poll(context));
            this.alarm = None;
        }
        Poll::Ready(Some(this.take(length).map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.position == self.end
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.end - self.position)
    }
}
