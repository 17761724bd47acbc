//! The journal of a partial file: which of its bytes were written, which of those are on the disk, and who writes.
//!
//! Text, one line of two numbers for each finished range, only ever appended: a line torn by a kill is the last one and is
//! not counted. The first line names the content; a journal of anything else, or one without its partial file, counts for
//! nothing. Lines whose range is empty say something else; earlier versions read past them:
//!
//! ```text
//! gatedl journal 1 <digest> <size>
//! <writer> 0        a process opens the partial file, and writes what follows
//! <boot> 1          the machine has been running since this start
//! 0 1048576         these bytes were handed to the system
//! <length> 2        of what the first <length> bytes of the journal name since that start, all is on the disk
//! ```
//!
//! Bytes that were handed to the system outlive the process, but not the machine: after a power cut there may be anything
//! in their place. So a range is believed if the machine has not been started anew since, or if a line says that it had
//! reached the disk. A range without a start (earlier versions, systems that do not tell it) is believed; there the
//! hash finds what is wrong, and `holes` the zeros that most file systems leave.
//!
//! Where locks lie, the writers' lines are how one writer knows of another: the journal has a line of somebody who may be
//! there still, is longer than this process made it, or is another file by now.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    file: Arc<File>,
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
        let mark = mark();
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
            let is_rival = |line: Line| matches!(line, Line::Writer(writer) if !process::is_gone(writer));
            let had_rivals = lines_of(lines).any(|(_, line)| is_rival(line));
            match OpenOptions::new().append(true).open(path) {
                Ok(opened) => {
                    // a line that was torn, or became garbage in a power cut, must not swallow what comes after it
                    let whole = title.len() + lines_of(lines).last().map_or(0, |(end, _)| end);
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
        Ok(Self {
            path: path.to_path_buf(),
            file: Arc::new(file),
            length: before + text.len() as u64,
            is_new,
            had_rivals,
        })
    }

    /// Notes a finished range.
    pub(super) fn note(&mut self, range: &Range<u64>) -> Result<(), CacheError> {
        self.append(range.start, range.end)
    }

    /// How long it is, in bytes: what it has named up to now.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// Notes that what it named when it was so long is on the disk. The line itself is there once the file that is
    /// returned is synced.
    pub(super) fn note_synced(&mut self, length: u64) -> Result<Arc<File>, CacheError> {
        self.append(length, SYNCED)?;
        Ok(Arc::clone(&self.file))
    }

    fn append(&mut self, first: u64, second: u64) -> Result<(), CacheError> {
        let line = format!("{first} {second}\n");
        // one write for one line, so that two processes under a lock that lies cannot mix their lines
        (&*self.file).write_all(line.as_bytes()).map_err(CacheError::at("write", &self.path))?;
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

/// What the journal at `path` says is there of `file`, as far as it is to be believed; none where there is no journal of
/// this content.
pub(super) fn read(path: &Path, file: &RepoFile) -> Option<Ranges> {
    let (text, title) = (text(path), title(file));
    Some(believed(text.strip_prefix(&title)?, title.len(), file.size, process::boot()))
}

/// What the lines behind a title of so many bytes say of a file of `size` bytes, on a machine with this start.
fn believed(lines: &str, title: usize, size: u64, here: Option<u64>) -> Ranges {
    let (mut boot, mut named, mut synced) = (None, Vec::new(), HashMap::new());
    for (end, line) in lines_of(lines) {
        match line {
            Line::Boot(start) => boot = Some(start),
            // a later one of the same start says more
            Line::Synced(length) => drop(synced.insert(boot, length)),
            Line::Range(range) if range.end <= size => named.push((boot, (title + end) as u64, range)),
            Line::Range(_) | Line::Writer(_) => {}
        }
    }
    let mut ranges = Ranges::default();
    for (boot, end, range) in named {
        if boot.is_none() || boot == here || synced.get(&boot).is_some_and(|length| end <= *length) {
            ranges.insert(range);
        }
    }
    ranges
}

fn text(path: &Path) -> String {
    let bytes = regular_file::read(path, regular_file::LISTING).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What follows the number of a writer, of a start and of a length: with these the range of a line is empty.
const WRITER: u64 = 0;
const BOOT: u64 = 1;
const SYNCED: u64 = 2;

/// What a line says.
enum Line {
    /// These bytes were written. An empty range says nothing.
    Range(Range<u64>),
    /// This process writes.
    Writer(u64),
    /// The machine runs since this start.
    Boot(u64),
    /// What is named in so many bytes of the journal is on the disk.
    Synced(u64),
}

/// The lines, each with the place in the text where it ends, up to the first one that is none.
fn lines_of(text: &str) -> impl Iterator<Item = (usize, Line)> {
    let mut end = 0;
    text.split_inclusive('\n').map_while(move |line| {
        end += line.len();
        Some((end, parse(line.strip_suffix('\n')?)?))
    })
}

fn parse(line: &str) -> Option<Line> {
    let (first, second) = line.split_once(' ')?;
    let (first, second) = (first.parse().ok()?, second.parse().ok()?);
    Some(match second {
        WRITER if first > second => Line::Writer(first),
        BOOT if first > second => Line::Boot(first),
        SYNCED if first > second => Line::Synced(first),
        _ => Line::Range(first..second),
    })
}

/// What a process writes before it opens the partial file.
fn mark() -> String {
    let writer = format!("{} {WRITER}\n", process::writer());
    writer + &process::boot().map(|boot| format!("{boot} {BOOT}\n")).unwrap_or_default()
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
mod tests;
