//! What `gatedl cache` shows people: a table of what is here, and a line for whatever goes.

use std::time::SystemTime;

use crate::cli::size;
use crate::cli::table::{self, Heading};
use crate::ops::cache::{Cleaned, RemovalPlan, RepoUsage, RevisionUsage};
use crate::text::printable;

/// How many digits of a commit are shown.
const SHORT: usize = 12;

/// The table of what is here, and what all of it takes.
pub(super) fn text(usages: &[RepoUsage], by_revision: bool, now: SystemTime, columns: Option<usize>) -> String {
    let revisions: usize = usages.iter().map(|usage| usage.revisions.len()).sum();
    let size = usages.iter().map(|usage| usage.size).fold(0, u64::saturating_add);
    let total = format!(
        "{}, {}, {}",
        counted(usages.len(), "repository", "repositories"),
        counted(revisions, "revision", "revisions"),
        size::bytes(size)
    );
    if usages.is_empty() {
        return total;
    }
    let table = if by_revision {
        let headings = [Heading::Text("REPOSITORY"), Heading::Text("COMMIT"), Heading::Number("SIZE")];
        let headings = [headings[0], headings[1], headings[2], Heading::Text("USED"), Heading::Text("NAMES")];
        let rows =
            usages.iter().flat_map(|usage| usage.revisions.iter().map(|revision| of_revision(usage, revision, now)));
        table::render(headings, &rows.collect::<Vec<_>>(), columns)
    } else {
        let headings = [Heading::Text("REPOSITORY"), Heading::Number("SIZE"), Heading::Text("USED")];
        let headings = [headings[0], headings[1], headings[2], Heading::Text("NAMES"), Heading::Text("STATE")];
        let rows: Vec<_> = usages.iter().map(|usage| of_repository(usage, now)).collect();
        table::render(headings, &rows, columns)
    };
    format!("{table}\n{total}")
}

fn of_repository(usage: &RepoUsage, now: SystemTime) -> [String; 5] {
    let names = usage.revisions.iter().map(names).collect::<Vec<_>>().join(", ");
    [usage.name.clone(), size::bytes(usage.size), age(usage.used, now), names, state(usage)]
}

fn of_revision(usage: &RepoUsage, revision: &RevisionUsage, now: SystemTime) -> [String; 5] {
    let commit = revision.commit.as_number().map_or_else(|| short(revision), |number| number.to_string());
    let names = revision.references.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", ");
    [usage.name.clone(), commit, size::bytes(revision.size), age(revision.used, now), names]
}

/// What a revision is called; its commit where nobody calls it anything.
fn names(revision: &RevisionUsage) -> String {
    match (revision.commit.as_number(), revision.references.as_slice()) {
        (Some(number), _) => number.to_string(),
        (None, []) => short(revision),
        (None, names) => names.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", "),
    }
}

fn short(revision: &RevisionUsage) -> String {
    revision.commit.as_str()[..SHORT].to_owned()
}

/// What is not done, of how much use that is, and who works in it.
fn state(usage: &RepoUsage) -> String {
    let sum = |of_use: bool| {
        let left = usage.unfinished.iter().filter(|one| one.ours == of_use);
        left.map(|one| one.bytes).fold(0, u64::saturating_add)
    };
    let mut state = Vec::new();
    match sum(true) {
        0 if usage.revisions.iter().any(|revision| revision.is_marked) => state.push("unfinished".to_owned()),
        0 => {}
        bytes => state.push(format!("unfinished, {} to go on from", size::bytes(bytes))),
    }
    match sum(false) {
        0 => {}
        bytes => state.push(format!("{} unfinished of other tools", size::bytes(bytes))),
    }
    match usage.in_use.as_ref().map(|in_use| in_use.process) {
        Some(Some(process)) => state.push(format!("in use by process {process}")),
        Some(None) => state.push("in use".to_owned()),
        None => {}
    }
    state.join("; ")
}

fn age(used: Option<SystemTime>, now: SystemTime) -> String {
    used.map_or_else(
        || "-".to_owned(),
        |used| match now.duration_since(used).unwrap_or_default() {
            age if age.as_secs() >= 86_400 => {
                counted(usize::try_from(age.as_secs() / 86_400).unwrap_or(usize::MAX), "day", "days") + " ago"
            }
            age => size::time(age) + " ago",
        },
    )
}

/// The line of each thing that goes.
pub(super) fn items(plan: &RemovalPlan) -> String {
    let line = |(owner, what, bytes): (&str, &str, u64)| {
        format!("{:>10}  {}: {}", size::bytes(bytes), printable(owner), printable(what))
    };
    let lines: Vec<String> =
        plan.items.iter().map(|item| line((item.owner.as_str(), item.what.as_str(), item.bytes))).collect();
    lines.join("\n")
}

/// What went, or would go.
pub(super) fn removal(cleaned: &Cleaned, dry_run: bool) -> String {
    let plan = &cleaned.plan;
    let excess = match cleaned.excess {
        0 => String::new(),
        bytes => format!("\n{} above the limit stay: what is left is in use or not done", size::bytes(bytes)),
    };
    if plan.is_empty() {
        return format!("nothing to remove{excess}");
    }
    let (items, bytes) = (items(plan), size::bytes(plan.bytes()));
    match (dry_run, cleaned.done) {
        (true, _) => format!("{items}\n{bytes} would be removed{excess}"),
        (false, true) => format!("{items}\n{bytes} removed{excess}"),
        (false, false) => "nothing was removed".to_owned(),
    }
}

fn counted(count: usize, one: &str, several: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {several}") }
}
