//! A path inside a repository: the one type that becomes file names, so the one that must not lead anywhere else.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::{NameError, is_unprintable, printable};

/// A file's path inside its repository, with `/` between the parts. It is the only input of the cache's layout, so
/// holding one proves that joining it to a folder stays inside that folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(String);

impl RepoPath {
    /// The path as the repository spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts from the top folder down to the file's name; never empty.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The last part.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// How many folders stand above the file within the repository.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.matches('/').count()
    }

    /// The path with the system's own separators; relative, and never upwards.
    #[must_use]
    pub fn to_path(&self) -> PathBuf {
        self.parts().collect()
    }
}

impl FromStr for RepoPath {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match broken_path_rule(text) {
            None => Ok(Self(text.to_owned())),
            Some(reason) => Err(NameError::Path { text: printable(text), reason }),
        }
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

pub(super) fn broken_path_rule(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("it is empty");
    }
    if text.starts_with('/') {
        return Some("it is absolute");
    }
    if text.contains('\\') {
        return Some("it contains a backslash");
    }
    if text.chars().any(is_unprintable) {
        return Some("it contains a control character");
    }
    text.split('/').find_map(broken_part_rule)
}

fn broken_part_rule(part: &str) -> Option<&'static str> {
    match part {
        "" => Some("a part of it is empty"),
        "." | ".." => Some("a part of it is `.` or `..`"),
        _ if part.len() > 255 => Some("a part of it has more than 255 bytes"),
        _ if cfg!(windows) => broken_windows_rule(part),
        _ => None,
    }
}

/// Windows gives meaning to `:` (drive letters, alternate streams), to device names with or without an extension, and
/// drops dots and blanks at the end of a name.
fn broken_windows_rule(part: &str) -> Option<&'static str> {
    const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
    if part.contains([':', '<', '>', '"', '|', '?', '*']) {
        return Some("Windows allows none of `:<>\"|?*` in a name");
    }
    if part.ends_with(['.', ' ']) {
        return Some("Windows drops a dot or blank at the end of a name");
    }
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| {
            matches!(rest, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
        })
    };
    if DEVICES.contains(&stem.as_str()) || numbered("COM") || numbered("LPT") {
        return Some("Windows reserves this name for a device");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_their_folder() {
        for good in ["config.json", "sub/t.json", "a b/ü [1].bin", ".gitattributes", "..x/y.."] {
            let path: RepoPath = good.parse().expect(good);
            assert_eq!(path.as_str(), good);
        }
        let long_part = "n".repeat(256);
        for bad in [
            "",
            "/abs",
            "../x",
            "a/../../x",
            "a/./b",
            "a//b",
            "a/",
            "..\\x",
            "\\x",
            "\\\\host\\share",
            "a\0b",
            "a\nb",
            "a\u{1b}[2Jb",
            "a\u{202E}b",
            long_part.as_str(),
        ] {
            assert!(bad.parse::<RepoPath>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn windows_names_are_refused_by_the_rules_of_windows() {
        for bad in ["C:", "a:b", "nul", "NUL.txt", "com1", "LPT9.x", "x.", "x ", "CONIN$", "a?b"] {
            assert!(broken_windows_rule(bad).is_some(), "{bad}");
        }
        for good in ["null", "com", "com10", "console", "x.y"] {
            assert!(broken_windows_rule(good).is_none(), "{good}");
        }
    }
}
