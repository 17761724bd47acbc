//! Files that a repository has and a folder here cannot have, because of their names.
//!
//! One of them does not keep the others from being pulled (Farama-Foundation/Minari#277 had one backslash in a data set
//! of thousands of files): whoever asks for everything gets the rest and is told. Whoever asks for that file, by its name
//! or by a pattern that takes it, gets an error.

use std::sync::Arc;

use super::PullJob;
use crate::error::{Error, FileError};
use crate::event::OddFile;
use crate::manifest::{ListedFile, Listing};
use crate::store::cache::Folder;

/// Why a file below `.cache/huggingface` is left out of a folder of the user.
const RESERVED: &str = "the notes about downloads stand there";

impl PullJob {
    /// The files that must be left out of what was asked for.
    ///
    /// # Errors
    /// When one of them was asked for in particular, or there is nothing else.
    pub(super) fn left_out(&self, listing: &Listing) -> Result<Vec<OddFile>, Error> {
        let selection = &self.request.selection;
        let odd = listing.odd.iter().filter(|odd| selection.contains(&odd.name));
        let odd = odd.map(|odd| OddFile { path: odd.name.clone(), reason: odd.reason });
        let asked_for = listing.entries.iter().filter(|entry| selection.contains(entry.path.as_str()));
        let (reserved, others): (Vec<&Arc<ListedFile>>, Vec<&Arc<ListedFile>>) =
            asked_for.partition(|entry| self.is_left_out(entry));
        let reserved = reserved.iter().map(|entry| OddFile { path: entry.path.to_string(), reason: RESERVED });
        let left_out: Vec<OddFile> = odd.chain(reserved).collect();
        // who writes `--include '*.json'` does not mean the notes that somebody committed
        let is_meant = |one: &&OddFile| selection.is_named(&one.path) || one.reason != RESERVED && !selection.is_open();
        match left_out.iter().find(is_meant).or_else(|| left_out.first().filter(|_| others.is_empty())) {
            Some(OddFile { path: name, reason }) => {
                let repo = self.request.wanted.repo.clone();
                Err(FileError::Odd { repo, name: name.clone(), reason }.into())
            }
            None => Ok(left_out),
        }
    }

    /// Whether a file would be taken for a note about downloads in the folder of the user.
    pub(super) fn is_left_out(&self, entry: &ListedFile) -> bool {
        self.request.local_dir.is_some() && Folder::is_reserved(&entry.path)
    }
}
