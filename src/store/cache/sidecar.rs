//! The notes that `huggingface_hub` keeps beside the files of a `--local-dir`: three lines for each, `commit`, `etag`, and
//! the time of writing (`_local_folder.py`).
//!
//! The trap: a note says nothing about a file that was changed after it. It is believed only where the
//! file's modification time, less one second for coarse clocks, is not later than the note's.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use sha1::{Digest as _, Sha1};

/// What was known about a file when it was put in place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SidecarRecord {
    /// The commit it belongs to. Other tools' notes may hold anything here, so it is only ever compared.
    pub(super) commit: String,
    /// The `ETag` it had, as a rule the hexadecimal digits of its digest.
    pub(super) etag: String,
    /// Seconds since 1970.
    pub(super) timestamp: f64,
}

impl SidecarRecord {
    /// A note about a file that is right at this moment.
    pub(super) fn now(commit: &str, etag: &str) -> Self {
        Self { commit: commit.to_owned(), etag: etag.to_owned(), timestamp: seconds(SystemTime::now()) }
    }

    /// Reads a note, as leniently about blanks as Python does; none where it is no note.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(|line| line.trim().to_owned());
        let (commit, etag) = (lines.next()?, lines.next()?);
        let timestamp = lines.next()?.parse().ok().filter(|time: &f64| time.is_finite())?;
        Some(Self { commit, etag, timestamp })
    }

    /// The bytes of the note. Python prints a whole number as `1795319391.0`, and so does Rust's `Debug`.
    pub(super) fn render(&self) -> String {
        format!("{}\n{}\n{:?}\n", self.commit, self.etag, self.timestamp)
    }

    /// Whether the note is about the file as it is, by the time at which the file was last changed.
    pub(super) fn covers(&self, modified: SystemTime) -> bool {
        seconds(modified) - 1.0 <= self.timestamp
    }
}

fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// What `huggingface_hub` calls the short hash of a file's note: 28 characters of URL-safe base64 over the SHA-1 of
/// `<name>.metadata`. It keeps the names of partial files short where the file's own is long.
pub(super) fn short_hash(file_name: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let hash = Sha1::digest(format!("{file_name}.metadata"));
    let mut text = String::with_capacity(28);
    for three in hash.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - three.len()));
        for digit in 0..=three.len() {
            text.push(char::from(ALPHABET[(bits >> (18 - 6 * digit) & 63) as usize]));
        }
        let _ = write!(text, "{}", &"=="[..3 - three.len()]);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn notes_have_the_bytes_of_huggingface_hub() {
        let record = SidecarRecord { commit: "a".repeat(40), etag: "b".repeat(40), timestamp: 1_795_319_391.649_757_4 };
        let text = format!("{}\n{}\n1795319391.6497574\n", "a".repeat(40), "b".repeat(40));
        assert_eq!(record.render(), text);
        assert_eq!(SidecarRecord::parse(&text), Some(record.clone()));
        assert!(SidecarRecord { timestamp: 1.0, ..record }.render().ends_with("\n1.0\n"));
    }

    #[test]
    fn what_is_no_note_is_none() {
        for bad in ["", "a\nb\n", "a\nb\nsoon\n", "a\nb\nnan\n", "a\nb\ninf\n"] {
            assert_eq!(SidecarRecord::parse(bad), None, "{bad:?}");
        }
        assert!(
            SidecarRecord::parse("a \r\nb\r\n 12.5\r\n")
                .is_some_and(|record| record.commit == "a" && record.etag == "b")
        );
    }

    #[test]
    fn a_file_that_changed_later_is_not_covered() {
        let record = SidecarRecord { commit: String::new(), etag: String::new(), timestamp: 1_000.5 };
        for (milliseconds, covered) in [(900_000, true), (1_001_499, true), (1_001_600, false), (2_000_000, false)] {
            assert_eq!(record.covers(UNIX_EPOCH + Duration::from_millis(milliseconds)), covered, "{milliseconds}");
        }
    }

    #[test]
    fn short_hashes_agree_with_python() {
        // base64.urlsafe_b64encode(hashlib.sha1(b"config.json.metadata").digest()).decode()
        for (name, hash) in
            [("config.json", "8_PA_wEVGiVa2goH2H4KQOQpvVY="), ("model.safetensors", "xGOKKLRSlIhH692hSVvI1-gpoa8=")]
        {
            assert_eq!(short_hash(name), hash);
        }
    }
}
