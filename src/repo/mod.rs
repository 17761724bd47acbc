//! What is pulled: the kind of a repository, its id, a revision, a commit, and a path inside it.
//!
//! All of these come from outside (a command line, a pasted link, a server's listing) and all of them end in a file
//! name, so each is checked once, here, and the rest of the program takes the type as proof. Every path from a listing
//! is rejected under the rules of both POSIX and Windows on Windows, and under those of POSIX everywhere: ollama was
//! bitten three times by a digest or a name used as a path (CVE-2024-37032, CVE-2026-7020, CVE-2026-103663), and
//! huggingface_hub by names with `..`, drive letters and UNC hosts (huggingface_hub#1429, #3896, #4540).

mod administrative;
mod commit;
mod path;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

pub(crate) use crate::text::{is_unprintable, printable};

pub(crate) use self::commit::Commit;
pub(crate) use self::path::RepoPath;

use self::path::broken_path_rule;

/// Why a text is not a repository id, a revision, a commit or a path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum NameError {
    /// The text breaks the hub's rules for repository ids.
    #[error("`{text}` is not a repository id: {reason}")]
    RepoId {
        /// What was given, made safe to print.
        text: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// The text cannot be a git reference.
    #[error("`{text}` is not a revision: {reason}")]
    Revision {
        /// What was given, made safe to print.
        text: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// The text is not 40 lower-case hexadecimal digits.
    #[error("`{text}` is not a commit hash (40 hexadecimal digits)")]
    Commit {
        /// What was given, made safe to print.
        text: String,
    },
    /// The text would leave the folder it belongs in, or make git run it. No git repository can hold such a path.
    #[error("`{text}` is not a safe file name: {reason}")]
    Astray {
        /// What was given, made safe to print.
        text: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// The text cannot be a file name here, though a repository may hold it.
    #[error("`{text}` is not a safe file name: {reason}")]
    Odd {
        /// What was given, made safe to print.
        text: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
}

impl NameError {
    /// Which rule the text breaks, to be read after "it" or a name.
    #[must_use]
    pub(crate) const fn reason(&self) -> &'static str {
        match self {
            Self::Commit { .. } => "it is not a commit hash",
            Self::RepoId { reason, .. }
            | Self::Revision { reason, .. }
            | Self::Astray { reason, .. }
            | Self::Odd { reason, .. } => reason,
        }
    }
}

/// The kinds of repositories that a Hugging Face-compatible hub serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) enum RepoKind {
    /// Weights, configuration, tokenizer: the default kind.
    #[default]
    Model,
    /// A data set.
    Dataset,
    /// The source of an application.
    Space,
    /// Compiled code for accelerators, as the library `kernels` loads it.
    Kernel,
}

impl RepoKind {
    /// All kinds, in the order in which help texts list them.
    pub(crate) const ALL: [Self; 4] = [Self::Model, Self::Dataset, Self::Space, Self::Kernel];

    /// The plural that stands in API routes and in names of cache folders.
    #[must_use]
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
            Self::Space => "spaces",
            Self::Kernel => "kernels",
        }
    }

    /// The singular, as in messages and in `--repo-type`.
    #[must_use]
    pub(crate) const fn singular(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Dataset => "dataset",
            Self::Space => "space",
            Self::Kernel => "kernel",
        }
    }
}

impl fmt::Display for RepoKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.singular())
    }
}

/// `name` or `owner/name`, by the hub's own rules: ASCII letters, digits and `_ . -`; at most 96 characters a part;
/// no `--` or `..`; no part begins or ends with `-` or `.`; no `.git` at the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RepoId(String);

impl RepoId {
    /// The id as it stands in links.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the slash; canonical models such as `gpt2` have none.
    #[must_use]
    pub(crate) fn owner(&self) -> Option<&str> {
        self.0.split_once('/').map(|(owner, _)| owner)
    }

    /// The part after the slash.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, name)| name)
    }

    fn broken_rule(text: &str) -> Option<&'static str> {
        if text.is_empty() {
            return Some("it is empty");
        }
        let parts: Vec<&str> = text.split('/').collect();
        if parts.len() > 2 {
            return Some("it is `name` or `owner/name`, with one slash at most; files follow after a blank");
        }
        if parts.iter().any(|part| part.is_empty()) {
            return Some("a part is empty");
        }
        if parts.iter().any(|part| part.len() > 96) {
            return Some("a part has more than 96 characters");
        }
        let allowed = |character: char| character.is_ascii_alphanumeric() || "_.-/".contains(character);
        if !text.chars().all(allowed) {
            return Some("only ASCII letters, digits, `_`, `.` and `-` are allowed");
        }
        if text.contains("--") || text.contains("..") {
            return Some("`--` and `..` are not allowed");
        }
        if parts.iter().any(|part| part.starts_with(['-', '.']) || part.ends_with(['-', '.'])) {
            return Some("a part begins or ends with `-` or `.`");
        }
        if text.ends_with(".git") {
            return Some("it ends in `.git`");
        }
        None
    }
}

impl FromStr for RepoId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match Self::broken_rule(text) {
            None => Ok(Self(text.to_owned())),
            Some(reason) => Err(NameError::RepoId { text: printable(text), reason }),
        }
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A repository: its kind and id together, because `org/x` the model and `org/x` the dataset are two things.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Repo {
    /// Model, dataset, space or kernel.
    pub(crate) kind: RepoKind,
    /// The id within its kind.
    pub(crate) id: RepoId,
}

impl Repo {
    /// How the repository is written on a command line and at the end of its page's address: `org/model`,
    /// `datasets/org/name`.
    #[must_use]
    pub(crate) fn route(&self) -> String {
        match self.kind {
            RepoKind::Model => self.id.to_string(),
            kind => format!("{}/{}", kind.plural(), self.id),
        }
    }
}

impl fmt::Display for Repo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.route())
    }
}

/// A branch, tag, `refs/pr/N` or commit, as the user typed it. It becomes a file below `refs/`, so it follows the rules
/// of [`RepoPath`] as well as those of `git check-ref-format` that a hub can meet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Revision(String);

impl Revision {
    /// The branch that a hub serves when none is named.
    #[must_use]
    pub(crate) fn main() -> Self {
        Self("main".to_owned())
    }

    /// The revision as typed.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The commit, where the revision is a full hash and so can never move.
    #[must_use]
    pub(crate) fn as_commit(&self) -> Option<Commit> {
        self.0.parse().ok()
    }
}

impl FromStr for Revision {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let refuse = |reason| Err(NameError::Revision { text: printable(text), reason });
        if let Some(reason) = broken_path_rule(text) {
            return refuse(reason);
        }
        if text.contains([' ', '~', '^', ':', '?', '*', '[']) {
            return refuse("git allows no blank and none of `~^:?*[` in a reference");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_rules_of_the_hub() {
        let longest = "a".repeat(96);
        for good in ["gpt2", "org/model", "meta-llama/Llama-3.1-8B", "a/b_c.d-e", longest.as_str()] {
            assert!(good.parse::<RepoId>().is_ok(), "{good}");
        }
        let too_long = "a".repeat(97);
        for bad in [
            "",
            "/",
            "a/",
            "/b",
            "a/b/c",
            "a--b",
            "a..b",
            "-a",
            "a-",
            ".a",
            "a.",
            "o/x.git",
            "a b",
            "ä",
            "a\\b",
            too_long.as_str(),
        ] {
            assert!(bad.parse::<RepoId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_revision_that_is_a_commit_says_so() {
        let commit = "5bb9".repeat(10);
        assert_eq!(commit.parse::<Revision>().unwrap().as_commit().unwrap().as_str(), commit);
        for moving in ["main", "refs/pr/1", "v1.0", "5BB9", &"5BB9".repeat(10)] {
            assert_eq!(moving.parse::<Revision>().unwrap().as_commit(), None, "{moving}");
        }
        for bad in ["", "../main", "a b", "a..\\b", "x^", "/x", "x/"] {
            assert!(bad.parse::<Revision>().is_err(), "{bad}");
        }
    }
}
