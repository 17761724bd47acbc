//! The journal of a partial file: which of its bytes were written, so that the next run goes on from them.
//!
//! Text, one line for each finished range, only ever appended: a line torn by a kill is the last one and is not counted.
//! The first line names the content; a journal of anything else, or one without its partial file, counts for nothing.
//! What it says is believed only until the hash has been computed: after a power cut it may name bytes that never
//! reached the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::ranges::Ranges;
use super::{CacheError, place};
use crate::manifest::RepoFile;
use crate::regular_file;

/// An open journal. The file is made with the first range: most files are too small to need one.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    title: String,
    file: Option<File>,
}

impl Journal {
    /// The journal at `path` for the content of `file`. With `keep` its lines stay, otherwise it begins anew.
    pub(super) fn open(path: &Path, file: &RepoFile, keep: bool) -> Result<Self, CacheError> {
        let mut journal = Self { path: path.to_owned(), title: title(file), file: None };
        if keep {
            place::remove_unless_regular(path)?;
            let opened = OpenOptions::new().append(true).open(path).map_err(CacheError::at("open", path))?;
            journal.file = Some(opened);
        } else {
            forget(path)?;
        }
        Ok(journal)
    }

    /// Notes a finished range.
    pub(super) fn note(&mut self, range: &Range<u64>) -> Result<(), CacheError> {
        if self.file.is_none() {
            if let Some(parent) = self.path.parent() {
                fs::create_dir_all(parent).map_err(CacheError::at("create the folder", parent))?;
            }
            // one that is there already is another process's, under a lock that lies
            forget(&self.path)?;
            let mut file = match File::create_new(&self.path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
                created => created.map_err(CacheError::at("create", &self.path))?,
            };
            file.write_all(self.title.as_bytes()).map_err(CacheError::at("write", &self.path))?;
            self.file = Some(file);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        // one write for one line, so that two processes under a lock that lies cannot mix their lines
        file.write_all(format!("{} {}\n", range.start, range.end).as_bytes())
            .map_err(CacheError::at("write", &self.path))
    }
}

/// What the journal at `path` says is there of `file`.
pub(super) fn read(path: &Path, file: &RepoFile) -> Ranges {
    let text = regular_file::read(path, regular_file::LISTING).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let Some(lines) = text.strip_prefix(&title(file)) else { return Ranges::default() };
    let mut ranges = Ranges::default();
    for line in lines.split_inclusive('\n') {
        let numbers = line.strip_suffix('\n').and_then(|line| line.split_once(' '));
        let Some((Ok(start), Ok(end))) = numbers.map(|(start, end)| (start.parse::<u64>(), end.parse::<u64>())) else {
            break;
        };
        if end <= file.size {
            ranges.insert(start..end);
        }
    }
    ranges
}

/// Removes a journal, if there is one.
pub(super) fn forget(path: &Path) -> Result<(), CacheError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(CacheError::at("remove", path)(error)),
        _ => Ok(()),
    }
}

fn title(file: &RepoFile) -> String {
    format!("gatedl journal 1 {} {}\n", file.digest, file.size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    fn file() -> RepoFile {
        RepoFile {
            path: "m".parse().unwrap(),
            size: 100,
            digest: Digest::from_hex(&"a1".repeat(32)).unwrap(),
            id: None,
        }
    }

    #[test]
    fn what_was_noted_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x/journal");
        let mut journal = Journal::open(&path, &file(), false).unwrap();
        assert!(!path.exists(), "nothing to note, nothing to write");
        journal.note(&(0..10)).unwrap();
        journal.note(&(50..60)).unwrap();
        let mut journal = Journal::open(&path, &file(), true).unwrap();
        journal.note(&(10..20)).unwrap();
        assert_eq!(read(&path, &file()).missing(100), [20..50, 60..100]);
        Journal::open(&path, &file(), false).unwrap();
        assert_eq!(read(&path, &file()), Ranges::default());
    }

    #[test]
    fn torn_hostile_and_foreign_lines_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let title = title(&file());
        for (text, total) in [
            (format!("{title}0 10\n20 3"), 10),
            (format!("{title}0 10\n20 30"), 10),
            (format!("{title}0 101\n5 6\n"), 1),
            (format!("{title}9 3\n"), 0),
            (format!("{title}0 10\nx y\n20 30\n"), 10),
            (title[..title.len() - 3].to_owned(), 0),
            (title.replace("a1", "b2") + "0 10\n", 0),
            (String::new(), 0),
        ] {
            fs::write(&path, &text).unwrap();
            assert_eq!(read(&path, &file()).total(), total, "{text:?}");
        }
        assert_eq!(read(Path::new("/no/such/journal"), &file()).total(), 0);
    }
}
