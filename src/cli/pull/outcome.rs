//! A finished pull in words, and the plan of a dry run.

use std::time::Duration;

use crate::cli::arrival::{cost, way, word};
use crate::cli::size;
use crate::fetch::FileState;
use crate::manifest::Gate;
use crate::ops::pull::{GateAnswer, PullRequest, Pulled, PulledFile, Savings};
use crate::store::cache::delivery::Arrival;

/// One line about a pull that ended well.
pub(super) fn summary(request: &PullRequest, pulled: &Pulled, took: Duration) -> String {
    let here = pulled.files.iter().filter(|file| file.state == FileState::InPlace).count();
    let brought = pulled.files.len() - here;
    let what = format!("{}@{}", pulled.repo, request.wanted.revision);
    if pulled.files.is_empty() {
        return format!("{what} has no files");
    }
    let arrived = arrived(pulled);
    if brought == 0 {
        let state = if arrived.is_empty() { "is up to date" } else { "is in the cache" };
        return format!("{what} {state}: {}{arrived}", size::files(here));
    }
    let rest = if here > 0 { format!(" ({} in place before)", size::files(here)) } else { String::new() };
    let resumed: u64 =
        pulled.files.iter().map(|file| if let FileState::Missing { have } = file.state { have } else { 0 }).sum();
    let resumed = if resumed > 0 { format!(", {} from an earlier run", size::bytes(resumed)) } else { String::new() };
    let text = format!(
        "{what}: {} verified{rest}, {} fetched in {:.1} s{resumed}{arrived}",
        size::files(brought),
        size::bytes(pulled.bytes_fetched),
        took.as_secs_f64(),
    );
    text + &savings(pulled, "would have left")
}

/// How files came to their places, and what that costs: `; brought 2 files by reflink, 1 file by copy (4.00 kB extra on disk)`.
fn arrived(pulled: &Pulled) -> String {
    let bytes_copied = pulled.bytes_copied;
    let ways = pulled.arrivals().into_iter().map(|(arrival, count)| {
        let word = word(arrival);
        format!("{} by {word} ({})", size::files(count), cost(if arrival == Arrival::Copy { bytes_copied } else { 0 }))
    });
    let ways: Vec<String> = ways.collect();
    if ways.is_empty() { String::new() } else { format!("; brought {}", ways.join(", ")) }
}

/// How to load what was brought, for those applications that must be told.
pub(super) fn loading(pulled: &Pulled) -> Option<String> {
    let lines = pulled.loading.as_ref()?;
    Some(format!("load it in JavaScript:\n  {}", lines.join("\n  ")))
}

/// The plan of a dry run.
pub(super) fn plan(request: &PullRequest, pulled: &Pulled) -> String {
    let commit = || format!("commit {}", pulled.commit);
    let what = pulled.commit.as_number().map_or_else(commit, |number| format!("version {number}"));
    let mut text = format!("{}@{} is {what}\n", pulled.repo, request.wanted.revision);
    text += &format!("gate: {}\n", gate(pulled));
    if let GateAnswer::Refused(error) = &pulled.access {
        text += &format!("  {error}\n");
        error.server_message().iter().for_each(|message| text += &format!("  server says: {message}\n"));
        error.hints().iter().for_each(|hint| text += &format!("  hint: {hint}\n"));
    }
    for file in &pulled.files {
        text += &format!("{:>8}  {:>10}  {}\n", state(file, true), size::bytes(file.listed.size), file.listed.path);
    }
    let total: u64 = pulled.files.iter().map(|file| file.listed.size).sum();
    let fetch = size::bytes(pulled.bytes_fetched);
    text += &format!("{}, {}; {fetch} to fetch", size::files(pulled.files.len()), size::bytes(total));
    if let Some(into) = &request.into {
        let (way, cost) = (way(into.link, pulled.bytes_copied), cost(pulled.bytes_copied));
        text += &format!("\nto be brought to {} by {way} ({cost})", pulled.path.display());
    }
    text + &savings(pulled, "would leave")
}

/// A line about weights that are there in other forms too; none where there are none.
fn savings(pulled: &Pulled, would_leave: &str) -> String {
    const FORMS: &str = "of the same weights in other forms";
    match pulled.savings {
        None => String::new(),
        Some(Savings::Made(saved)) => format!("\nleft out: {} {FORMS}", size::bytes(saved)),
        Some(Savings::Possible(saved)) => {
            format!("\n`--weights auto` {would_leave} out {} {FORMS}", size::bytes(saved))
        }
    }
}

pub(super) const fn state(file: &PulledFile, dry_run: bool) -> &'static str {
    match (&file.state, dry_run) {
        (FileState::InPlace, _) => "present",
        (FileState::Here(_), _) => "reused",
        (FileState::Missing { have: 1.. }, true) => "resume",
        (FileState::Missing { have: 1.. }, false) => "resumed",
        (FileState::Missing { .. }, true) => "fetch",
        (FileState::Missing { .. }, false) => "fetched",
    }
}

/// The state of the gate for people.
fn gate(pulled: &Pulled) -> String {
    let guard = match pulled.gate {
        None => return "not asked, everything is here".to_owned(),
        Some(Gate::Open) if matches!(pulled.access, GateAnswer::Granted) => return "none, it is public".to_owned(),
        Some(Gate::Open) => "public by its description",
        Some(Gate::Gated { automatic: true }) => "gated (opens to everybody who accepts the terms)",
        Some(Gate::Gated { automatic: false }) => "gated (the owners decide)",
        Some(Gate::Private) => "private",
        Some(Gate::Unsaid) => "not described",
    };
    format!("{guard}, access {}", access(&pulled.access))
}

pub(super) const fn access(access: &GateAnswer) -> &'static str {
    match access {
        GateAnswer::Granted => "granted",
        GateAnswer::Refused(_) => "refused",
    }
}
