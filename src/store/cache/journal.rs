//! The journal of a partial file: which of its bytes were written, and who writes.
//!
//! Text, one line for each finished range, only ever appended: a line torn by a kill is the last one and is not counted.
//! The first line names the content; a journal of anything else, or one without its partial file, counts for nothing.
//! What it says is believed only until the hash has been computed: after a power cut it may name bytes that never
//! reached the disk.
//!
//! Every writer marks the journal before it opens the partial file, with a line `<number> 0`: an empty range, so earlier
//! versions read past it. Where locks lie, that is how one writer knows of another: the journal has a mark of somebody who
//! may be there still, is longer than this process made it, or is another file by now.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::lock::is_at;
use super::ranges::Ranges;
use super::{CacheError, place, process};
use crate::manifest::RepoFile;
use crate::regular_file;

/// How often a journal may be exchanged between looking and opening.
const ATTEMPTS: usize = 16;

/// An open journal, marked by this process.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    /// How long it is, in bytes, if nobody else writes into it.
    length: u64,
    /// Whether this process made it.
    pub(super) is_new: bool,
    /// Whether somebody who may still be there had marked it before.
    pub(super) had_rivals: bool,
}

impl Journal {
    /// Opens the journal at `path` for the content of `file`, or makes it, and marks it.
    pub(super) fn open(path: &Path, file: &RepoFile) -> Result<Self, CacheError> {
        place::remove_unless_regular(path)?;
        if let Some(parent) = path.parent() {
            place::make_folder(parent)?;
        }
        let title = title(file);
        let mark = format!("{} 0\n", process::writer());
        for _ in 0..ATTEMPTS {
            match OpenOptions::new().append(true).create_new(true).open(path) {
                Ok(made) => return Self::begin(path, made, &(title + &mark), true, false),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(CacheError::at("create", path)(error)),
            }
            let text = text(path);
            let Some(lines) = text.strip_prefix(&title) else {
                forget(path)?;
                continue;
            };
            let had_rivals = lines.lines().filter_map(mark_in).any(|writer| !process::is_gone(writer));
            match OpenOptions::new().append(true).open(path) {
                Ok(opened) => {
                    // a torn line must not swallow the mark
                    let whole = text.rfind('\n').map_or(0, |end| end + 1);
                    if whole < text.len() {
                        opened.set_len(whole as u64).map_err(CacheError::at("write", path))?;
                    }
                    return Self::begin(path, opened, &mark, false, had_rivals);
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(CacheError::at("open", path)(error)),
            }
        }
        Err(CacheError::Replaced { path: path.to_path_buf() })
    }

    fn begin(path: &Path, mut file: File, text: &str, is_new: bool, had_rivals: bool) -> Result<Self, CacheError> {
        let at = || CacheError::at("write", path);
        let before = file.metadata().map_err(at())?.len();
        file.write_all(text.as_bytes()).map_err(at())?;
        Ok(Self { path: path.to_path_buf(), file, length: before + text.len() as u64, is_new, had_rivals })
    }

    /// Notes a finished range.
    pub(super) fn note(&mut self, range: &Range<u64>) -> Result<(), CacheError> {
        let line = format!("{} {}\n", range.start, range.end);
        // one write for one line, so that two processes under a lock that lies cannot mix their lines
        self.file.write_all(line.as_bytes()).map_err(CacheError::at("write", &self.path))?;
        self.length += line.len() as u64;
        Ok(())
    }

    /// Whether anybody else has written into the journal, or put another one in its place.
    pub(super) fn has_rivals(&self) -> bool {
        let length = self.file.metadata().map(|found| found.len());
        self.had_rivals || length.ok() != Some(self.length) || !is_at(&self.file, &self.path).unwrap_or(false)
    }

    /// Removes the journal, unless another one stands there.
    pub(super) fn discard(&self) -> Result<(), CacheError> {
        if is_at(&self.file, &self.path).unwrap_or(false) { forget(&self.path) } else { Ok(()) }
    }
}

/// What the journal at `path` says is there of `file`; none where there is no journal of this content.
pub(super) fn read(path: &Path, file: &RepoFile) -> Option<Ranges> {
    let text = text(path);
    let lines = text.strip_prefix(&title(file))?;
    let mut ranges = Ranges::default();
    for line in lines.split_inclusive('\n') {
        let Some((start, end)) = line.strip_suffix('\n').and_then(numbers) else { break };
        if end <= file.size {
            ranges.insert(start..end);
        }
    }
    Some(ranges)
}

fn text(path: &Path) -> String {
    let bytes = regular_file::read(path, regular_file::LISTING).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn numbers(line: &str) -> Option<(u64, u64)> {
    let (start, end) = line.split_once(' ')?;
    Some((start.parse().ok()?, end.parse().ok()?))
}

/// The writer of a line that is a mark.
fn mark_in(line: &str) -> Option<u64> {
    numbers(line).filter(|(start, end)| *start > 0 && *end == 0).map(|(writer, _)| writer)
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
        let mut journal = Journal::open(&path, &file()).unwrap();
        assert!(journal.is_new && !journal.has_rivals());
        journal.note(&(0..10)).unwrap();
        journal.note(&(50..60)).unwrap();
        drop(journal);
        let mut journal = Journal::open(&path, &file()).unwrap();
        assert!(!journal.is_new && !journal.has_rivals(), "what this process wrote before is no rival's");
        journal.note(&(10..20)).unwrap();
        assert_eq!(read(&path, &file()).unwrap().missing(100), [20..50, 60..100]);
        journal.discard().unwrap();
        assert_eq!(read(&path, &file()), None);
    }

    #[test]
    fn whoever_else_writes_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let open = || Journal::open(&path, &file()).unwrap();
        let (first, second) = (open(), open());
        assert!(first.has_rivals() && !second.has_rivals(), "the first sees the mark of the second");
        forget(&path).unwrap();
        assert!(second.has_rivals(), "a journal that is gone");
        let third = open();
        assert!(second.has_rivals() && !third.has_rivals());
        second.discard().unwrap();
        assert!(path.exists(), "only its own");
        // a writer of another machine, of which nothing is known
        forget(&path).unwrap();
        fs::write(&path, format!("{}{} 0\n", title(&file()), u64::MAX - 1)).unwrap();
        assert!(open().has_rivals());
    }

    #[test]
    fn a_torn_line_does_not_swallow_a_mark() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        fs::write(&path, format!("{}0 10\n20 3", title(&file()))).unwrap();
        let mut journal = Journal::open(&path, &file()).unwrap();
        journal.note(&(30..40)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.ends_with(&format!("\n0 10\n{} 0\n30 40\n", process::writer())), "{text}");
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
            assert_eq!(read(&path, &file()).unwrap_or_default().total(), total, "{text:?}");
        }
        assert_eq!(read(Path::new("/no/such/journal"), &file()), None);
    }
}
