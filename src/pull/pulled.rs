//! What came of a pull.

use std::path::PathBuf;

use crate::error::Error;
use crate::fetch::FileState;
use crate::manifest::{Entry, Gate};
use crate::repo::{Commit, Repo};

/// A file of a finished (or, for a dry run, planned) pull.
#[derive(Debug, Clone)]
pub struct PulledFile {
    /// The file.
    pub entry: Entry,
    /// Where it stood before the run.
    pub state: FileState,
}

/// The answer of the gate, for a dry run.
#[derive(Debug)]
pub enum Access {
    /// The content may be read.
    Granted,
    /// It may not, for this reason.
    Refused(Error),
}

/// What a pull did.
#[derive(Debug)]
pub struct Pulled {
    /// The repository, by the id that it is kept under.
    pub repo: Repo,
    /// The commit.
    pub commit: Commit,
    /// What guards the content, where the hub was asked.
    pub gate: Option<Gate>,
    /// Whether the content may be read.
    pub access: Access,
    /// The folder; the file, where exactly one was named.
    pub path: PathBuf,
    /// Every file that was asked for.
    pub files: Vec<PulledFile>,
    /// How many bytes came over the network; for a dry run, how many would.
    pub bytes_fetched: u64,
}
