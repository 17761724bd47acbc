//! The servers: a lean hub, two file servers, and what they count.
//!
//! The hub of the tests keeps all content in memory, looks for leaks and records every request; here its work would be
//! measured with the client's, on the same cores. This one answers the same from texts made beforehand.

mod body;
pub mod cdn;
pub mod certificate;
pub mod hub;
pub mod link;
pub mod listener;
pub mod nginx;
pub mod probe;

use std::sync::atomic::{AtomicU64, Ordering};

/// What a server counts while it runs.
#[derive(Debug, Default)]
pub struct Counter {
    requests: AtomicU64,
    /// Requests that lead to content and cost quota, at the hub.
    resolves: AtomicU64,
    /// Bytes of bodies handed to connections.
    bytes: AtomicU64,
    connections: AtomicU64,
    most_connections: AtomicU64,
}

impl Counter {
    fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn resolve(&self) {
        self.resolves.fetch_add(1, Ordering::Relaxed);
    }

    fn sent(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn connected(&self) {
        let now = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_connections.fetch_max(now, Ordering::Relaxed);
    }

    fn disconnected(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn traffic(&self) -> Traffic {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Traffic { requests: read(&self.requests), resolves: read(&self.resolves), bytes: read(&self.bytes) }
    }

    /// Since the last call at most so many connections were open at once.
    pub fn take_most_connections(&self) -> u64 {
        let now = self.connections.load(Ordering::Relaxed);
        self.most_connections.swap(now, Ordering::Relaxed)
    }
}

/// What a server had counted at one moment, or between two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    pub requests: u64,
    pub resolves: u64,
    pub bytes: u64,
}

impl Traffic {
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            requests: self.requests - before.requests,
            resolves: self.resolves - before.resolves,
            bytes: self.bytes - before.bytes,
        }
    }
}
