//! A path inside a repository: the one type that becomes file names, so the one that must not lead anywhere else.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Serialize;

use super::administrative::{is_dot_git, is_of_another_version_control};
use super::{NameError, is_unprintable, printable};
use crate::system::paths::HAS_WINDOWS_NAMES;

/// A file's path inside its repository, with `/` between the parts. It is the only input of the cache's layout, so
/// holding one proves that joining it to a folder stays inside that folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub(crate) struct RepoPath(String);

impl RepoPath {
    /// The path as the repository spells it.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts from the top folder down to the file's name; never empty.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The last part.
    #[must_use]
    pub(crate) fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// How many folders stand above the file within the repository.
    #[must_use]
    pub(crate) fn depth(&self) -> usize {
        self.0.matches('/').count()
    }

    /// The path with the system's own separators; relative, and never upwards.
    #[must_use]
    pub(crate) fn to_path(&self) -> PathBuf {
        self.parts().collect()
    }
}

impl FromStr for RepoPath {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match (leads_astray(text), odd(text)) {
            (Some(reason), _) => Err(NameError::Astray { text: printable(text), reason }),
            (None, Some(reason)) => Err(NameError::Odd { text: printable(text), reason }),
            (None, None) => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

const BACKSLASH: &str = "it contains a backslash";
/// No system takes a longer path (Linux: `PATH_MAX`, with the folder that it is joined to).
const LONGEST_PATH: usize = 4_096;

/// The rule that a text breaks, whichever it is.
pub(super) fn broken_path_rule(text: &str) -> Option<&'static str> {
    leads_astray(text).or_else(|| odd(text))
}

/// Why no git repository can hold such a path, so that whoever lists it is up to something. A backslash is read as
/// Windows reads it.
fn leads_astray(text: &str) -> Option<&'static str> {
    let parts: Vec<&str> = text.split(['/', '\\']).collect();
    if text.is_empty() {
        return Some("it is empty");
    }
    if parts[0].is_empty() || (text.contains('\\') && is_drive(parts[0])) {
        return Some("it is absolute");
    }
    if text.contains('\0') {
        return Some("it contains a control character");
    }
    let broken = parts.into_iter().find_map(|part| match part {
        "" => Some("a part of it is empty"),
        "." | ".." => Some("a part of it is `.` or `..`"),
        _ if is_dot_git(part) => Some("a part of it is git's own folder, whose files git takes for commands"),
        _ => None,
    });
    broken.map(|reason| if text.contains('\\') { BACKSLASH } else { reason })
}

fn is_drive(part: &str) -> bool {
    part.len() == 2 && part.ends_with(':') && part.starts_with(|letter: char| letter.is_ascii_alphabetic())
}

/// Why a path that a repository may well hold cannot be that of a file here.
fn odd(text: &str) -> Option<&'static str> {
    if text.contains('\\') {
        return Some(BACKSLASH);
    }
    if text.chars().any(is_unprintable) {
        return Some("it contains a control character");
    }
    if text.len() > LONGEST_PATH {
        return Some("it has more than 4096 bytes");
    }
    text.split('/').find_map(odd_part)
}

fn odd_part(part: &str) -> Option<&'static str> {
    match part {
        _ if part.len() > 255 => Some("a part of it has more than 255 bytes"),
        _ if is_of_another_version_control(part) => {
            Some("a part of it is the folder of a version control system, which takes commands from there")
        }
        _ if HAS_WINDOWS_NAMES => broken_windows_rule(part),
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
    fn what_git_could_not_hold_is_told_from_what_is_only_odd() {
        let reason = |text: &str| text.parse::<RepoPath>().unwrap_err();
        for astray in
            ["", "..", "a/../x", "/abs", "\\abs", "..\\x", "C:\\x", "\\\\h\\s", "a//x", "a/", "n\0", ".git/config"]
        {
            assert!(matches!(reason(astray), NameError::Astray { .. }), "{astray:?}");
        }
        let deep = "a/".repeat(2_048) + "x";
        for odd in ["data\\train.csv", "line\nbreak", "tab\t", "a\u{202E}b", ".hg/hgrc", &"n".repeat(256), &deep] {
            assert!(matches!(reason(odd), NameError::Odd { .. }), "{odd:?}");
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
