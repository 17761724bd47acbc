//! Whether another process that fetches the same content gets on.

use std::ffi::OsString;
use std::fs;
use std::time::SystemTime;

use super::partial::{PartialPlace, SUFFIX};

/// The unfinished files of one content, of every tool, as they stand: where they stay the same, nobody gets on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Activity(Vec<(OsString, u64, Option<SystemTime>)>);

impl Activity {
    /// Looks at the files whose names begin as that of the partial file does.
    #[must_use]
    pub(crate) fn at(place: &PartialPlace) -> Self {
        let name = place.path.file_name().unwrap_or_default().to_string_lossy();
        let stem = name.strip_suffix(SUFFIX).unwrap_or(&name);
        let folder = place.path.parent().and_then(|folder| fs::read_dir(folder).ok());
        let files = folder.into_iter().flatten().flatten().filter_map(|entry| {
            let name = entry.file_name();
            let found = entry.metadata().ok().filter(|_| name.to_string_lossy().starts_with(stem))?;
            Some((name, found.len(), found.modified().ok()))
        });
        let mut files: Vec<_> = files.collect();
        files.sort();
        Self(files)
    }
}
