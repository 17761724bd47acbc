//! What `gatedl verify` found, for people: a row for whatever is not right, and a line with the numbers.

use super::Verify;
use crate::cli::size;
use crate::cli::table::{self, Heading};
use crate::ops::verify::{CheckedFile, FileVerdict, VerifyReport};
use crate::text::printable;

/// How many digits of a commit are shown.
const SHORT: usize = 12;

/// The report.
pub(super) fn text(report: &VerifyReport, columns: Option<usize>) -> String {
    let others = report.files.iter().filter(|file| file.verdict != FileVerdict::Right);
    let rows: Vec<[String; 3]> = others.map(row).collect();
    let headings = [Heading::Text("FILE"), Heading::Text("STATE"), Heading::Text("OF")];
    let table = if rows.is_empty() { String::new() } else { table::render(headings, &rows, columns) + "\n" };
    format!("{table}{}", numbers(report))
}

/// What leads on, where something is wrong.
pub(super) fn hint(report: &VerifyReport, arguments: &Verify) -> Option<&'static str> {
    let is_wrong = report.files.iter().any(|file| matches!(file.verdict, FileVerdict::Wrong(_)));
    (is_wrong && !arguments.repair).then_some("the same command with --repair fetches what is wrong again")
}

/// The word for a verdict.
pub(super) const fn word(verdict: &FileVerdict) -> &'static str {
    match verdict {
        FileVerdict::Right => "right",
        FileVerdict::Wrong(_) => "wrong",
        FileVerdict::Repaired => "repaired",
        FileVerdict::Missing => "missing",
        FileVerdict::Extra => "extra",
        FileVerdict::Unknown => "unknown",
        FileVerdict::Unreadable(_) => "unreadable",
    }
}

fn row(file: &CheckedFile) -> [String; 3] {
    let state = match &file.verdict {
        FileVerdict::Wrong(problem) => format!("wrong: {problem}"),
        FileVerdict::Unreadable(problem) => format!("unreadable: {}", printable(problem)),
        verdict => word(verdict).to_owned(),
    };
    let commit = file.commit.as_ref().map(|commit| match commit.as_number() {
        Some(number) => format!("@{number}"),
        None => format!("@{}", &commit.as_str()[..SHORT]),
    });
    let owner = file.owner.as_ref().map_or_else(String::new, |(_, repo)| repo.to_string());
    [printable(&file.name), state, owner + &commit.unwrap_or_default()]
}

/// `2 files right, 300.01 kB hashed; 1 wrong, 3 missing`
fn numbers(report: &VerifyReport) -> String {
    let count = |name: &str| report.files.iter().filter(|file| word(&file.verdict) == name).count();
    let others = ["wrong", "repaired", "unreadable", "unknown", "missing", "extra"];
    let others = others.into_iter().map(|name| (count(name), name)).filter(|(count, _)| *count > 0);
    let others = others.map(|(count, name)| format!("{count} {name}")).collect::<Vec<_>>().join(", ");
    let right = format!("{} right, {} hashed", size::files(count("right")), size::bytes(report.bytes_hashed));
    if others.is_empty() { right } else { format!("{right}; {others}") }
}
