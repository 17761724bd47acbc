//! Which files of a listing the user meant: by name and pattern, by number, by hash; and where none is named, of a version
//! whose files are alternatives to each other, the primary one.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::PullJob;
use crate::digest::Digest;
use crate::error::{Error, FileError, Numbered};
use crate::event::{Note, Warning};
use crate::manifest::{ListedFile, Scan};
use crate::repo::printable;

impl PullJob {
    /// The entries that are meant, in the order of the listing.
    pub(super) fn named(&self, entries: &[Arc<ListedFile>]) -> Result<Vec<Arc<ListedFile>>, Error> {
        let request = &self.request;
        let chosen = match request.variant.number {
            Some(number) => self.numbered(number, entries)?,
            None if entries.iter().any(|entry| entry.published.is_some()) => self.alternatives(entries)?,
            None => self.selected(entries)?,
        };
        match request.expect {
            Some(expected) => Ok(vec![with_hash(expected, &chosen)?]),
            None => Ok(chosen.into_iter().cloned().collect()),
        }
    }

    fn selected<'e>(&self, entries: &'e [Arc<ListedFile>]) -> Result<Vec<&'e Arc<ListedFile>>, Error> {
        let paths = entries.iter().map(|entry| entry.path.as_str());
        let selected = self.request.selection.select(paths);
        let selected =
            selected.map_err(|source| Error::Selection { repo: self.request.wanted.repo.clone(), source })?;
        let selected: HashSet<&str> = selected.into_iter().collect();
        Ok(entries.iter().filter(|entry| selected.contains(entry.path.as_str())).collect())
    }

    fn numbered<'e>(&self, number: u64, entries: &'e [Arc<ListedFile>]) -> Result<Vec<&'e Arc<ListedFile>>, Error> {
        let is_it = |entry: &&Arc<ListedFile>| entry.published.as_ref().is_some_and(|published| published.id == number);
        entries
            .iter()
            .find(is_it)
            .map(|entry| vec![entry])
            .ok_or_else(|| self.no_such_file(number.to_string(), entries))
    }

    fn no_such_file(&self, wanted: String, entries: &[Arc<ListedFile>]) -> Error {
        let known = entries.iter().filter_map(|entry| Numbered::of(entry)).collect();
        FileError::NoSuchFile { repo: self.request.wanted.repo.clone(), wanted, known }.into()
    }

    /// The file that has all traits of a link: the primary if it is one of several.
    fn alike<'e>(&self, entries: &'e [Arc<ListedFile>]) -> Result<Vec<&'e Arc<ListedFile>>, Error> {
        let traits = &self.request.variant.traits;
        let has_all = |entry: &&Arc<ListedFile>| traits.iter().all(|(key, value)| entry.has_trait(key, value));
        let alike: Vec<&Arc<ListedFile>> = entries.iter().filter(has_all).collect();
        let wanted = || traits.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&");
        match (alike.as_slice(), alike.iter().find(|entry| is_primary(entry))) {
            ([], _) => Err(self.no_such_file(printable(&wanted()), entries)),
            (_, Some(primary)) => Ok(vec![primary]),
            ([only], None) => Ok(vec![only]),
            (several, None) => {
                let files = several.iter().filter_map(|entry| Numbered::of(entry)).collect();
                Err(FileError::Ambiguous { name: printable(&wanted()), files }.into())
            }
        }
    }

    /// Files with numbers. Patterns are about the name that was published, which several may bear; a pattern that takes
    /// two of one name cannot mean both.
    fn alternatives<'e>(&self, entries: &'e [Arc<ListedFile>]) -> Result<Vec<&'e Arc<ListedFile>>, Error> {
        let selection = &self.request.selection;
        if selection.is_everything() {
            let primary = entries.iter().find(|entry| is_primary(entry));
            if self.request.expect.is_none() && !self.request.variant.traits.is_empty() {
                return self.alike(entries);
            }
            // a hash looks for its file among all of them
            let all = || entries.iter().collect();
            return Ok(match (self.request.expect, primary.or(entries.first())) {
                (None, Some(primary)) => vec![primary],
                _ => all(),
            });
        }
        let names = entries.iter().flat_map(|entry| [entry.path.as_str(), entry.published_name()]);
        selection
            .select(names)
            .map_err(|source| Error::Selection { repo: self.request.wanted.repo.clone(), source })?;
        // a name that no file has for itself may be the one that several were published under
        let is_own = |name: &str| entries.iter().any(|entry| entry.path.as_str() == name);
        let is_shared = |entry: &ListedFile| {
            let name = entry.published_name();
            !is_own(name) && !selection.contains(entry.path.as_str()) && selection.contains(name)
        };
        let by_own = |entry: &ListedFile| selection.contains_either(entry.path.as_str(), entry.published_name());
        let chosen: Vec<&Arc<ListedFile>> = entries.iter().filter(|entry| by_own(entry) || is_shared(entry)).collect();
        let mut bearers: BTreeMap<&str, Vec<Numbered>> = BTreeMap::new();
        for entry in chosen.iter().filter(|entry| selection.has_patterns() || is_shared(entry)) {
            bearers.entry(entry.published_name()).or_default().extend(Numbered::of(entry));
        }
        let ambiguous = bearers.into_iter().find(|(_, files)| files.len() > 1);
        match ambiguous.filter(|_| self.request.expect.is_none()) {
            Some((name, files)) => Err(FileError::Ambiguous { name: name.to_owned(), files }.into()),
            None => Ok(chosen),
        }
    }

    /// What of the choice the user should hear about, and what must not be fetched.
    pub(super) fn inspect(&self, chosen: &[Arc<ListedFile>], entries: &[Arc<ListedFile>]) -> Result<(), Error> {
        for entry in chosen {
            let Some(published) = &entry.published else { continue };
            if entry.digest.is_none() {
                return Err(FileError::Unhashed { path: entry.path.clone() }.into());
            }
            for (name, scan) in &published.scans {
                match scan {
                    Scan::Danger if !self.request.allow_unsafe => {
                        return Err(FileError::Dangerous { path: entry.path.clone(), scan: name.clone() }.into());
                    }
                    Scan::Danger => {
                        self.tell(Warning::Danger { path: entry.path.clone(), scan: name.clone() });
                    }
                    Scan::Pending => {
                        self.tell(Note::ScanPending { path: entry.path.clone(), scan: name.clone() });
                    }
                    Scan::Passed | Scan::Unclear => {}
                }
            }
            let namesakes = entries.iter().filter(|other| other.published_name() == published.name);
            let namesakes: Vec<Numbered> = namesakes.filter_map(|entry| Numbered::of(entry)).collect();
            // a path with the number in it was chosen with open eyes
            let by_name = self.request.variant.number.is_none() && entry.path.as_str() == published.name;
            if namesakes.len() > 1 && by_name && self.request.expect.is_none() {
                let files = namesakes.iter().map(ToString::to_string).collect();
                self.tell(Note::Namesakes { name: published.name.clone(), files, taken: published.id });
            }
        }
        Ok(())
    }
}

/// The file that has the hash that the caller expects. One without a hash on record is held to that one; of one that is
/// listed with a git id its content has to tell.
fn with_hash(expected: Digest, chosen: &[&Arc<ListedFile>]) -> Result<Arc<ListedFile>, Error> {
    let alike = || chosen.iter().filter(|entry| entry.digest == Some(expected));
    if let Some(entry) = alike().find(|entry| is_primary(entry)).or_else(|| alike().next()) {
        return Ok(Arc::clone(entry));
    }
    let unhashed: Vec<_> = chosen.iter().filter(|entry| entry.digest.is_none() && entry.published.is_some()).collect();
    match (unhashed.as_slice(), chosen) {
        ([only], _) => Ok(Arc::new(ListedFile { digest: Some(expected), ..ListedFile::clone(only) })),
        ([], [only]) if !matches!(only.digest, Some(Digest::Sha256(_))) => Ok(Arc::clone(only)),
        _ => {
            let listed = match chosen {
                [only] => only.digest.map(|listed| (only.path.clone(), listed)),
                _ => None,
            };
            let unhashed = unhashed.into_iter().filter_map(|entry| Numbered::of(entry)).collect();
            Err(FileError::Unexpected { expected, listed, unhashed }.into())
        }
    }
}

fn is_primary(entry: &ListedFile) -> bool {
    entry.published.as_ref().is_some_and(|file| file.primary)
}
