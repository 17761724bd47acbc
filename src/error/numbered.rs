//! Files by their numbers, for messages: where names are not unique, only the number tells which is meant.

use std::fmt;

use crate::manifest::Entry;

/// A file that its provider numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// Its number.
    pub id: u64,
    /// The name that it was published under.
    pub name: String,
    /// Its length in bytes, perhaps rounded.
    pub size: u64,
}

impl Numbered {
    /// The file of an entry; none where it has no number.
    #[must_use]
    pub fn of(entry: &Entry) -> Option<Self> {
        let published = entry.published.as_ref()?;
        Some(Self { id: published.id, name: published.name.clone(), size: entry.size })
    }
}

/// `12 (16.33 GB)`.
impl fmt::Display for Numbered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // a hint for people, who think in billions of bytes
        #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
        let bytes = self.size as f64;
        if bytes >= 1e9 {
            write!(formatter, "{} ({:.2} GB)", self.id, bytes / 1e9)
        } else {
            write!(formatter, "{} ({:.1} MB)", self.id, bytes / 1e6)
        }
    }
}

/// The files as a list.
pub(super) fn list(files: &[Numbered]) -> String {
    files.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
