//! How a file stood at a moment: whether anybody has touched it since.

use std::fs::{File, Metadata};
use std::io;
use std::time::SystemTime;

/// Length and times of a file. Two writes within one tick of the system's clock (4 ms on older kernels) look like one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stamp {
    pub(super) length: u64,
    modified: Option<SystemTime>,
    /// Of the inode, in seconds and nanoseconds: nobody can set it back.
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        Ok(Self::from(&file.metadata()?))
    }

    pub(super) fn from(found: &Metadata) -> Self {
        #[cfg(unix)]
        let changed = {
            use std::os::unix::fs::MetadataExt as _;
            (found.ctime(), found.ctime_nsec())
        };
        #[cfg(not(unix))]
        let changed = (0, 0);
        Self { length: found.len(), modified: found.modified().ok(), changed }
    }

    /// Whether nothing was written in between; a new name or other modes do not count.
    pub(super) fn has_content_of(&self, other: &Self) -> bool {
        (self.length, self.modified) == (other.length, other.modified)
    }
}
