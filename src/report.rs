//! How the rooms below the front end tell what they are doing: ids and byte counts, never a widget and never a sentence
//! that must be parsed. `cli/progress.rs` draws it; a library user may ignore it.

use std::time::Duration;

/// A file under way, by its place in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FileId(pub(crate) usize);

/// Why nothing moves for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The server asked for fewer requests; it said when to come back.
    RateLimited {
        /// The server's host.
        host: String,
        /// How long the wait is.
        wait: Duration,
    },
    /// A request failed in a way that may pass; it is repeated.
    Retry {
        /// What failed, in one line, free of secrets.
        reason: String,
        /// How long the wait is.
        wait: Duration,
    },
    /// Another process downloads the same file.
    Locked {
        /// The file's path in the repository.
        path: String,
        /// The number of that process, where the system tells.
        holder: Option<u32>,
    },
    /// Gates are closed; they are asked again.
    Gates {
        /// The repositories behind them.
        repos: Vec<String>,
        /// How long until they are asked.
        wait: Duration,
        /// How long until the waiting is given up.
        left: Duration,
    },
}

/// What the engine says while it works. Calls come from several threads, may repeat, and must not block.
pub(crate) trait Reporter: Send + Sync {
    /// The work is known: how many files and bytes are to fetch, and how many of those bytes earlier runs left behind.
    fn planned(&self, files: usize, bytes: u64, resumed: u64) {
        let _ = (files, bytes, resumed);
    }

    /// Files that are here are hashed before they are believed: how many, and their bytes. What follows about files and
    /// bytes is about them, until the next plan.
    fn hashing(&self, files: usize, bytes: u64) {
        let _ = (files, bytes);
    }

    /// A file is being fetched; `have` of its `size` bytes are here already.
    fn started(&self, file: FileId, path: &str, size: u64, have: u64) {
        let _ = (file, path, size, have);
    }

    /// More bytes of a file were written.
    fn advanced(&self, file: FileId, bytes: u64) {
        let _ = (file, bytes);
    }

    /// Bytes of a file turned out to be useless and will be fetched again.
    fn discarded(&self, file: FileId, bytes: u64) {
        let _ = (file, bytes);
    }

    /// A file is verified and in its place.
    fn finished(&self, file: FileId) {
        let _ = file;
    }

    /// Something makes the work wait.
    fn waiting(&self, wait: &Wait) {
        let _ = wait;
    }

    /// Something worth knowing that needs no act of the user.
    fn note(&self, message: &str) {
        let _ = message;
    }

    /// Something the user should know, once, though the work goes on.
    fn warn(&self, message: &str) {
        let _ = message;
    }
}
