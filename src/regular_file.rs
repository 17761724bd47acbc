//! Small files that are read as a whole: notes of the cache, listings, configuration, tokens, lists.
//!
//! A name says nothing about what stands there. `fs::read` of a pipe waits for a writer that never comes, and of a link
//! to `/dev/zero` until the memory is gone; both were found in shared caches and containers. So a file is opened without
//! waiting, seen to be regular, and read up to a limit. Only what the user names on the command line may be a pipe,
//! since `--file <(…)` is one; it is read up to the same limit, and its writer has two minutes.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::system::files::{is_folder, is_null_device, open_without_waiting};

/// How long a program may take that writes into a pipe: time to type a passphrase.
const PATIENCE: Duration = Duration::from_secs(120);

/// For references and notes of a few lines, in bytes.
pub(crate) const NOTE: u64 = 64 << 10;
/// For what people write: configuration, tokens, environment files, lists. In bytes.
pub(crate) const TEXT: u64 = 8 << 20;
/// For what programs write: listings, journals. In bytes.
pub(crate) const LISTING: u64 = 256 << 20;

/// Opens a regular file for reading, through links, without waiting for anybody.
///
/// # Errors
/// The system's, or [`io::ErrorKind::InvalidInput`] for what is no regular file.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let file = open_without_waiting(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_regular(&file)) }
}

/// The bytes of a regular file; of `/dev/null` none, as people name it who want to have nothing there.
///
/// # Errors
/// As [`open()`], and [`io::ErrorKind::FileTooLarge`] for a file of more than `most` bytes.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open_without_waiting(path)?;
    if is_null_device(&file) {
        return Ok(Vec::new());
    }
    if !file.metadata()?.is_file() {
        return Err(not_regular(&file));
    }
    bounded(file, most)
}

/// The text of a regular file.
///
/// # Errors
/// As [`read`], and [`io::ErrorKind::InvalidData`] for what is not UTF-8.
pub(crate) fn read_text(path: &Path, most: u64) -> io::Result<String> {
    text(read(path, most)?)
}

/// The bytes of what the user named on the command line: a regular file, a pipe or a device.
///
/// # Errors
/// As [`read`], and [`io::ErrorKind::TimedOut`] where its end does not come within two minutes.
pub(crate) fn read_named(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    match fs::metadata(path)? {
        found if found.is_file() => return read(path, most),
        found if found.is_dir() => return Err(is_folder()),
        _ => {}
    }
    let (sender, read) = channel();
    let path = path.to_owned();
    // a thread, because nothing else ends the wait for the other end of a pipe
    std::thread::spawn(move || sender.send(File::open(path).and_then(|file| bounded(file, most))));
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "nothing was written into it to its end within 120 seconds");
    read.recv_timeout(PATIENCE).map_err(late)?
}

/// The text of what the user named on the command line.
///
/// # Errors
/// As [`read_named`], and [`io::ErrorKind::InvalidData`] for what is not UTF-8.
pub(crate) fn read_text_named(path: &Path, most: u64) -> io::Result<String> {
    text(read_named(path, most)?)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    // in the words of `fs::read_to_string`
    let invalid = |_| io::Error::new(io::ErrorKind::InvalidData, "stream did not contain valid UTF-8");
    String::from_utf8(bytes).map_err(invalid)
}

fn bounded(source: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}

fn not_regular(file: &File) -> io::Error {
    match file.metadata() {
        Ok(found) if found.is_dir() => is_folder(),
        _ => io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "12345").unwrap();
        for reads in [read, read_named] {
            assert_eq!(reads(&path, 5).unwrap(), b"12345");
            assert_eq!(reads(&path, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
            assert_eq!(reads(&path, u64::MAX).unwrap(), b"12345");
            assert_eq!(reads(folder.path(), 5).unwrap_err().kind(), io::ErrorKind::IsADirectory);
            assert_eq!(reads(&folder.path().join("no"), 5).unwrap_err().kind(), io::ErrorKind::NotFound);
        }
        fs::write(&path, [0xff]).unwrap();
        assert_eq!(read_text(&path, 5).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_neither_waited_for_nor_read() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, zero) = (folder.path().join("pipe"), folder.path().join("zero"));
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &zero).unwrap();
        for path in [&pipe, &zero] {
            assert_eq!(read(path, 5).unwrap_err().to_string(), "it is not a regular file");
            assert!(open(path).is_err());
        }
        assert_eq!(read_named(&zero, 5).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(Path::new("/dev/null"), 5).unwrap(), b"");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_that_the_user_names_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let written = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::write(pipe, "from a pipe")
        });
        assert_eq!(read_text_named(&pipe, 100).unwrap(), "from a pipe");
        written.join().unwrap().unwrap();
    }
}
