//! How a file stood at a moment: whether anybody has touched it since.

use std::fs::{File, Metadata};
use std::io;
use std::time::SystemTime;

use crate::system::files;

/// Length and times of a file. Two writes within one tick of the system's clock (4 ms on older kernels) look like one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stamp {
    pub(super) length: u64,
    modified: Option<SystemTime>,
    /// In nanoseconds; where the system tells it, nobody can set it back.
    changed: i128,
}

impl Stamp {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        Ok(Self::from(&file.metadata()?))
    }

    pub(super) fn from(found: &Metadata) -> Self {
        Self { length: found.len(), modified: found.modified().ok(), changed: files::changed(found) }
    }

    /// Whether nothing was written in between; a new name or other modes do not count.
    pub(super) fn has_content_of(&self, other: &Self) -> bool {
        (self.length, self.modified) == (other.length, other.modified)
    }
}
