//! The document of `gatedl verify`. It is an API: fields are added, never renamed.

use serde::Serialize;

use super::report::word;
use crate::cli::document::VERSION;
use crate::error::ExitStatus;
use crate::ops::verify::{CheckedFile, FileVerdict, VerifyReport};

/// What was looked at, and what came of it. Files that are right are counted; all others are named.
#[derive(Debug, Serialize)]
pub(super) struct VerifyDocument<'a> {
    version: u32,
    status: u8,
    /// How many files are right.
    right: usize,
    /// How many bytes were hashed.
    bytes_hashed: u64,
    files: Vec<VerifyDocumentFile<'a>>,
}

#[derive(Debug, Serialize)]
struct VerifyDocumentFile<'a> {
    state: &'static str,
    provider: Option<&'a str>,
    repo: Option<&'a str>,
    repo_type: Option<&'static str>,
    commit: Option<&'a str>,
    path: &'a str,
    at: String,
    size: Option<u64>,
    problem: Option<&'a str>,
}

impl<'a> VerifyDocument<'a> {
    pub(super) fn of(report: &'a VerifyReport, status: ExitStatus) -> Self {
        let others = report.files.iter().filter(|file| file.verdict != FileVerdict::Right);
        let files: Vec<_> = others.map(VerifyDocumentFile::of).collect();
        let right = report.files.len() - files.len();
        Self { version: VERSION, status: status.code(), right, bytes_hashed: report.bytes_hashed, files }
    }
}

impl<'a> VerifyDocumentFile<'a> {
    fn of(file: &'a CheckedFile) -> Self {
        let owner = file.owner.as_ref();
        Self {
            state: word(&file.verdict),
            provider: owner.map(|(provider, _)| provider.as_str()),
            repo: owner.map(|(_, repo)| repo.id.as_str()),
            repo_type: owner.map(|(_, repo)| repo.kind.singular()),
            commit: file.commit.as_ref().map(crate::repo::Commit::as_str),
            path: &file.name,
            at: file.at.display().to_string(),
            size: file.size,
            problem: match &file.verdict {
                FileVerdict::Wrong(problem) => Some(problem),
                FileVerdict::Unreadable(problem) => Some(problem),
                _ => None,
            },
        }
    }
}
