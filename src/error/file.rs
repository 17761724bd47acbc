//! Why it is not known which file is meant, or why one must not be fetched. Where names are not unique, only the number
//! tells which is meant.

use std::fmt;

use indicatif::DecimalBytes;
use thiserror::Error as ThisError;

use super::ExitStatus;
use crate::digest::Digest;
use crate::manifest::ListedFile;
use crate::repo::{Repo, RepoPath, is_unprintable, printable};

/// What is the matter with a file before any of its bytes are fetched.
#[derive(Debug, ThisError)]
pub(crate) enum FileError {
    /// The publisher has no hash of a file on record.
    #[error("no SHA-256 of `{path}` is on record, so what would arrive could not be verified")]
    Unhashed {
        /// The file.
        path: RepoPath,
    },
    /// The listing tells another hash than the caller expects.
    #[error("{}", unlisted(expected, listed.as_ref()))]
    Unexpected {
        /// The hash that was expected.
        expected: Digest,
        /// The only file that could be meant, and its hash in the listing.
        listed: Option<(RepoPath, Digest)>,
        /// The files that have no hash on record, where there are several.
        unhashed: Vec<Numbered>,
    },
    /// The content has another hash than the caller expects.
    #[error("`{path}` is {found}, but {expected} is expected")]
    OtherContent {
        /// The file.
        path: RepoPath,
        /// The hash of its content.
        found: Digest,
        /// The hash that was expected.
        expected: Digest,
    },
    /// A scan found a danger in a file.
    #[error("the {scan} scan found a danger in `{path}`")]
    Dangerous {
        /// The file.
        path: RepoPath,
        /// Which scan.
        scan: String,
    },
    /// A pattern takes several files of one name, which are alternatives to each other.
    #[error("{} files are called `{name}`: {}", files.len(), list(files))]
    Ambiguous {
        /// The name.
        name: String,
        /// The files.
        files: Vec<Numbered>,
    },
    /// A file that was asked for has a name that no file here can have.
    #[error("`{}` of `{repo}` cannot be a file here: {reason}", printable(name))]
    Odd {
        /// The repository.
        repo: Repo,
        /// Its name in the repository: not safe to print.
        name: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// No file is the one that is meant.
    #[error("`{repo}` has no file `{wanted}`")]
    NoSuchFile {
        /// The repository.
        repo: Repo,
        /// The number, or what the file must be like.
        wanted: String,
        /// The files that there are.
        known: Vec<Numbered>,
    },
}

impl FileError {
    pub(super) const fn status(&self) -> ExitStatus {
        match self {
            Self::Unhashed { .. } | Self::Unexpected { .. } | Self::OtherContent { .. } => ExitStatus::Corrupt,
            Self::Dangerous { .. } => ExitStatus::Refused,
            Self::Odd { .. } => ExitStatus::Disk,
            Self::Ambiguous { .. } => ExitStatus::Usage,
            Self::NoSuchFile { .. } => ExitStatus::NotFound,
        }
    }

    /// The word for machines.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Unhashed { .. } => "unhashed",
            Self::Unexpected { .. } | Self::OtherContent { .. } => "unexpected_hash",
            Self::Dangerous { .. } => "dangerous",
            Self::Odd { .. } => "odd_name",
            Self::Ambiguous { .. } => "ambiguous",
            Self::NoSuchFile { .. } => "file_missing",
        }
    }

    pub(super) fn hints(&self) -> Vec<String> {
        match self {
            Self::Ambiguous { files, .. } => {
                let first = files.first().map_or(0, |file| file.id);
                vec![format!("name one by its number at the end of the reference, as in `+{first}`")]
            }
            Self::NoSuchFile { known, .. } => {
                let is_alone = |file: &Numbered| known.iter().filter(|other| other.name == file.name).count() == 1;
                let told = |file: &Numbered| {
                    let form = if is_alone(file) || file.form.is_empty() { String::new() } else { format!(" ({})", file.form) };
                    format!("{} is `{}`{form}", file.id, file.name)
                };
                let known: Vec<String> = known.iter().map(told).collect();
                vec![format!("there are: {}", known.join(", "))]
            }
            Self::Unhashed { .. } => vec![
                "a fresh upload is hashed within minutes; one that is older stays so until its creator uploads it anew, which \
                 you can ask for on the page of the model"
                    .to_owned(),
                "another version, or the same file published elsewhere, may have a hash".to_owned(),
                "if you know its SHA-256 from elsewhere, `--expect HASH` takes the file and holds it to that".to_owned(),
            ],
            Self::Unexpected { unhashed, .. } if !unhashed.is_empty() => vec![format!(
                "without a SHA-256 on record are: {}; name one by its number, and it is held to the hash that is expected",
                list(unhashed)
            )],
            Self::Unexpected { .. } => vec![
                "nothing was fetched; whoever expects the hash means another file, or the file has changed".to_owned(),
            ],
            Self::OtherContent { .. } => vec![
                "whoever expects the hash means another file, or the file has changed".to_owned(),
            ],
            Self::Odd { name, .. } => {
                let odd = |character: char| is_unprintable(character) || "*?[\\".contains(character);
                let pattern = printable(&name.replace(odd, "?"));
                vec![format!("`--exclude '{pattern}'` leaves it out")]
            }
            Self::Dangerous { .. } => {
                vec!["it may run code when it is loaded; `--allow-unsafe` takes it all the same".to_owned()]
            }
        }
    }
}

fn unlisted(expected: &Digest, listed: Option<&(RepoPath, Digest)>) -> String {
    match listed {
        Some((path, listed)) => format!("`{path}` is listed as {listed}, but {expected} is expected"),
        None => format!("no file of it is listed as {expected}"),
    }
}

/// A file that its provider numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbered {
    /// Its number.
    pub(crate) id: u64,
    /// The name that it was published under.
    pub(crate) name: String,
    /// Its length in bytes, perhaps rounded.
    pub(crate) size: u64,
    /// What tells it from others of its name, in the provider's words: `fp8, SafeTensor`.
    pub(crate) form: String,
}

impl Numbered {
    /// The file of an entry; none where it has no number.
    #[must_use]
    pub(crate) fn of(entry: &ListedFile) -> Option<Self> {
        let published = entry.published.as_ref()?;
        let (name, form) = (published.name.clone(), published.form.clone());
        Some(Self { id: published.id, name, size: entry.size, form })
    }
}

/// `12 (fp16, SafeTensor, 16.33 GB)`.
impl fmt::Display for Numbered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = if self.form.is_empty() { String::new() } else { format!("{}, ", self.form) };
        write!(formatter, "{} ({form}{})", self.id, DecimalBytes(self.size))
    }
}

/// The files as a list.
fn list(files: &[Numbered]) -> String {
    files.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
