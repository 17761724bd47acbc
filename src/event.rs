//! What happens while a run works, as data: numbers, names and reasons, never a widget and never a sentence that would have
//! to be parsed. The front end draws it (`cli/progress.rs`), words it (`cli/wording.rs`), or writes it down for programs.

mod remark;

use std::time::Duration;

use serde::{Serialize, Serializer};

pub(crate) use self::remark::{Note, OddFile, TokenTrouble, Warning};
use crate::repo::RepoPath;

/// Whoever wants to know what happens. Events come from several threads, may repeat, and must not block.
pub(crate) trait Listener: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event);
}

/// A file under way, by its place in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub(crate) struct FileId(pub(crate) usize);

/// Something that happened. `Advance` comes with every piece of the network's, so it and `Discard` hold nothing that must be
/// allocated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    /// The work is known. What follows about files and bytes is about it, until the next plan.
    Plan {
        /// How many files are to be fetched.
        files: usize,
        /// How many bytes of them.
        bytes: u64,
        /// How many bytes beside those earlier runs left behind.
        resumed: u64,
    },
    /// Files that are here are hashed before they are believed: a plan of its own.
    Hash {
        /// How many.
        files: usize,
        /// Their bytes.
        bytes: u64,
    },
    /// A file is being fetched, or hashed.
    Start {
        /// The file.
        file: FileId,
        /// Its path in the repository.
        path: String,
        /// Its bytes.
        size: u64,
        /// How many of them are here already.
        have: u64,
    },
    /// More bytes of a file were written, or read to be hashed.
    Advance {
        /// The file.
        file: FileId,
        /// How many.
        bytes: u64,
    },
    /// Bytes of a file turned out to be useless and are fetched again.
    Discard {
        /// The file.
        file: FileId,
        /// How many.
        bytes: u64,
    },
    /// A file is in its place, and its bytes are the publisher's.
    Verified {
        /// The file.
        file: FileId,
        /// Its path in the repository.
        path: String,
    },
    /// What is here under a file's name was hashed and is something else, or cannot be read.
    Unverified {
        /// The file.
        file: FileId,
        /// Its path in the repository.
        path: String,
    },
    /// Something makes the work wait.
    Wait(Wait),
    /// A request failed in a way that may pass; it is repeated.
    Retry {
        /// What failed, in one line, free of secrets.
        reason: String,
        /// How long until then.
        #[serde(rename = "seconds", serialize_with = "seconds")]
        wait: Duration,
    },
    /// Something worth knowing that needs no act of the user.
    Note(Note),
    /// Something the user should know, once, though the work goes on.
    Warning(Warning),
}

/// Why nothing moves for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub(crate) enum Wait {
    /// The server asked for fewer requests; it said when to come back.
    RateLimited {
        /// The server's host.
        host: String,
        /// How long the wait is.
        #[serde(rename = "seconds", serialize_with = "seconds")]
        wait: Duration,
    },
    /// Another process downloads the same file.
    Locked {
        /// The file's path in the repository.
        path: RepoPath,
        /// The number of that process, where the system tells.
        holder: Option<u32>,
    },
    /// Gates are closed; they are asked again.
    Gates {
        /// The repositories behind them.
        repos: Vec<String>,
        /// How long until they are asked.
        #[serde(rename = "seconds", serialize_with = "seconds")]
        wait: Duration,
        /// How long until the waiting is given up.
        #[serde(rename = "seconds_left", serialize_with = "seconds")]
        left: Duration,
    },
}

impl From<Note> for Event {
    fn from(note: Note) -> Self {
        Self::Note(note)
    }
}

impl From<Warning> for Event {
    fn from(warning: Warning) -> Self {
        Self::Warning(warning)
    }
}

/// Seconds with three digits: what JSON has for a time.
pub(crate) fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((time.as_secs_f64() * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_flat_and_its_times_are_seconds() {
        let path: RepoPath = "a/b.bin".parse().unwrap();
        for (event, expected) in [
            (
                Event::Start { file: FileId(3), path: path.to_string(), size: u64::MAX, have: 0 },
                json!({ "event": "start", "file": 3, "path": "a/b.bin", "size": u64::MAX, "have": 0 }),
            ),
            (
                Event::Wait(Wait::RateLimited { host: "hub".to_owned(), wait: Duration::from_millis(1_500) }),
                json!({ "event": "wait", "reason": "rate_limited", "host": "hub", "seconds": 1.5 }),
            ),
            (
                Warning::HolesFound { path }.into(),
                json!({ "event": "warning", "kind": "holes_found", "path": "a/b.bin" }),
            ),
        ] {
            assert_eq!(serde_json::to_value(&event).unwrap(), expected);
        }
    }
}
