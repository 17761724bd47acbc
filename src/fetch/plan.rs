//! What is here, what is to be done, and how many bytes that is. Made before the first byte; `--dry-run` prints it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use thiserror::Error;

use super::tiny::is_tiny;
use crate::digest::Digest;
use crate::manifest::{ListedFile, RepoFile};
use crate::repo::RepoPath;
use crate::store::cache::{ContentState, Destination, LocalContent, Presence};

/// Where a file stands before the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileState {
    /// In its place.
    InPlace,
    /// Its content is on this machine.
    Here(LocalContent),
    /// To be fetched, all but the bytes that an earlier run left.
    Missing {
        /// How many bytes those are.
        have: u64,
    },
}

/// A file that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// The file as it is listed.
    pub(crate) listed: Arc<ListedFile>,
    /// Where it stands.
    pub(crate) state: FileState,
}

/// One blob to be brought to its place, or places.
#[derive(Debug, Clone)]
pub(crate) struct Need {
    /// The file, by the first of its paths.
    pub(crate) file: RepoFile,
    /// Other files of the same content.
    pub(crate) also: Vec<RepoFile>,
    /// Where its content is on this machine, if it is.
    pub(crate) here: Option<LocalContent>,
    /// How many of its bytes an earlier run left.
    pub(crate) have: u64,
}

impl Need {
    /// How many bytes have to come.
    #[must_use]
    pub(crate) const fn bytes(&self) -> u64 {
        if self.here.is_some() { 0 } else { self.file.size - self.have }
    }
}

/// The listing masks the hash of a file that is not here, so that nothing could hold its bytes to account.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the hash of `{0}` is hidden")]
pub(crate) struct Unverifiable(pub(crate) RepoPath);

/// The plan of a pull.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// Every file that was asked for, in the order of the listing.
    pub(crate) files: Vec<Planned>,
    /// How many bytes are to be fetched.
    pub(crate) bytes_to_fetch: u64,
}

impl Plan {
    /// Looks at what is here. With `force`, nothing counts. May read a whole folder: blocks.
    #[must_use]
    pub(crate) fn make(listed: Vec<Arc<ListedFile>>, destination: &Destination, force: bool) -> Self {
        let mut plan = Self::default();
        let mut counted = HashSet::new();
        for listed in listed {
            let state = if force { FileState::Missing { have: 0 } } else { state(&listed, destination) };
            if let FileState::Missing { have } = state
                && (listed.digest.is_none_or(|digest| counted.insert(digest)) || !destination.shares_content())
            {
                plan.bytes_to_fetch += listed.size - have;
            }
            plan.files.push(Planned { listed, state });
        }
        plan
    }

    /// The plan where all is here by its name and its length; none where something is not. Stops at the first that is not.
    /// What would have to be hashed first is shown as such. One look at each file.
    #[must_use]
    pub(crate) fn of_all_here(listed: Vec<Arc<ListedFile>>, destination: &Destination) -> Option<Self> {
        let here = |listed: Arc<ListedFile>| {
            let known = listed.to_file().map(|file| destination.verdict(&file));
            let state = match known {
                Some(ContentState::Right) => FileState::InPlace,
                Some(ContentState::Unknown) => FileState::Here(LocalContent::Elsewhere(destination.path(&listed.path))),
                // a folder of the user's may hold anything under that name
                None if destination.shares_content() && destination.path(&listed.path).is_file() => FileState::InPlace,
                Some(ContentState::Absent | ContentState::Wrong) | None => return None,
            };
            Some(Planned { listed, state })
        };
        Some(Self { files: listed.into_iter().map(here).collect::<Option<_>>()?, bytes_to_fetch: 0 })
    }

    /// Whether nothing is to be done, not even to be hashed.
    #[must_use]
    pub(crate) fn is_done(&self) -> bool {
        self.files.iter().all(|file| file.state == FileState::InPlace)
    }

    /// The files in their place.
    pub(crate) fn in_place(&self) -> impl Iterator<Item = RepoFile> {
        let in_place = self.files.iter().filter(|file| file.state == FileState::InPlace);
        in_place.filter_map(|file| file.listed.to_file())
    }

    /// What is to be brought: one need a blob where files of one content share it.
    ///
    /// # Errors
    /// The first file whose hash is not known.
    pub(crate) fn needs(&self, shares_content: bool) -> Result<Vec<Need>, Unverifiable> {
        let mut needs: Vec<Need> = Vec::new();
        let mut by_content: HashMap<Digest, usize> = HashMap::new();
        for planned in &self.files {
            let (here, have) = match &planned.state {
                FileState::InPlace => continue,
                FileState::Here(here) => (Some(here.clone()), 0),
                FileState::Missing { have } => (None, *have),
            };
            let file = planned.listed.to_file().ok_or_else(|| Unverifiable(planned.listed.path.clone()))?;
            match by_content.get(&file.digest) {
                Some(&at) if shares_content => needs[at].also.push(file),
                _ => {
                    by_content.insert(file.digest, needs.len());
                    needs.push(Need { file, also: Vec::new(), here, have });
                }
            }
        }
        Ok(needs)
    }
}

fn state(listed: &ListedFile, destination: &Destination) -> FileState {
    // one whose hash is hidden is believed by nobody
    let Some(file) = listed.to_file() else { return FileState::Missing { have: 0 } };
    let here = match destination.look(&file) {
        Presence::InPlace => return FileState::InPlace,
        Presence::Local(here) => Some(here),
        Presence::Absent => None,
        Presence::Unhashed(_) | Presence::Wrong => destination.find(&file),
    };
    match here {
        Some(here) => FileState::Here(here),
        // nothing is kept of an unfinished file of one piece
        None if is_tiny(&file) => FileState::Missing { have: 0 },
        None => FileState::Missing { have: destination.partial(&file).finished(&file).total() },
    }
}
