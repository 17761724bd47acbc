//! The folder of the cache, and what its file system can do.

use std::io;
use std::path::Path;

use indicatif::DecimalBytes;

use super::{Finding, Topic};
use crate::error::Error;
use crate::store::cache::{Abilities, Locks, Unfinished, abilities, has_marks, shared_blobs, space, unfinished};

/// Below this, in bytes, hardly any model fits.
const LITTLE_SPACE: u64 = 2_000_000_000;
/// How many leftovers are named.
const NAMED: usize = 5;

/// The checks of each cache folder, each folder once.
pub(super) fn checks<'a>(folders: impl Iterator<Item = &'a Path>, wants_links: bool) -> Vec<Finding> {
    let mut seen: Vec<&Path> = Vec::new();
    for folder in folders {
        if !seen.contains(&folder) {
            seen.push(folder);
        }
    }
    seen.into_iter().flat_map(|folder| of_folder(folder, wants_links)).collect()
}

fn of_folder(folder: &Path, wants_links: bool) -> Vec<Finding> {
    let mut checks = Vec::new();
    let shown = folder.display().to_string();
    match abilities(folder) {
        Ok(abilities) => {
            let state = if folder.is_dir() { "can be written" } else { "is not there yet and can be made" };
            checks.push(Finding::good(Topic::Cache, "folder", format!("{shown} {state}")));
            checks.extend(of_file_system(&abilities, wants_links));
        }
        Err(error) => {
            let mut check = Finding::bad(Topic::Cache, "folder", &Error::Cache(error));
            check.advice.get_or_insert_with(|| "make it yours, or name another one with --cache-dir".to_owned());
            checks.push(check);
        }
    }
    checks.push(match space::available(folder) {
        Ok(free) => room(free),
        Err(error) => Finding::doubtful(
            Topic::Cache,
            "space",
            format!("not known: {error}"),
            "a pull begins all the same, and ends where the disk is full",
        ),
    });
    checks.push(leftovers(&unfinished(folder), has_marks(folder)));
    checks.extend(shared(shared_blobs(folder)));
    checks
}

/// Blobs that an application has as hard links. That is as it should be, and good to know where one turns out damaged.
fn shared((blobs, bytes): (u64, u64)) -> Option<Finding> {
    let found = format!(
        "{blobs} of the blobs ({}) have a second name, mostly in an application's folder; a program that writes into one \
         writes into both, and the next pull notices it and fetches the cache's again",
        DecimalBytes(bytes)
    );
    let check = Finding::good(Topic::Cache, "shared", found).with("shared_blobs", blobs).with("shared_bytes", bytes);
    (blobs > 0).then_some(check)
}

fn room(free: u64) -> Finding {
    let found = format!("{} free", DecimalBytes(free));
    let check = if free < LITTLE_SPACE {
        Finding::doubtful(Topic::Cache, "space", found, "make room, or name another folder with --cache-dir")
    } else {
        Finding::good(Topic::Cache, "space", found)
    };
    check.with("free_bytes", free)
}

fn of_file_system(abilities: &Abilities, wants_links: bool) -> [Finding; 4] {
    let plain = |subject: &str, tried: &io::Result<()>| {
        let found = tried.as_ref().map_or_else(|error| format!("no: {error}"), |()| "yes".to_owned());
        Finding::good(Topic::Cache, subject, found)
    };
    let symbolic = match &abilities.symbolic_links {
        Ok(()) if !wants_links => Finding::good(Topic::Cache, "symlink", "yes, but HF_HUB_DISABLE_SYMLINKS is set"),
        Err(error) => Finding::doubtful(
            Topic::Cache,
            "symlink",
            format!("no: {error}"),
            "files that two revisions share are stored twice; another file system would store them once",
        ),
        tried => plain("symlink", tried),
    };
    let locks = match &abilities.locks {
        Locks::Work => Finding::good(Topic::Cache, "flock", "works"),
        Locks::Lie => Finding::doubtful(
            Topic::Cache,
            "flock",
            "is given to everybody at once",
            "two programs may fetch the same file at the same time; nothing breaks, but the line carries it twice",
        ),
        Locks::Missing(error) => Finding::doubtful(
            Topic::Cache,
            "flock",
            format!("no: {error}"),
            "gatedl holds lock files as Python's filelock does without flock, and removes them; an empty file below `.locks` \
             that another program left makes `hf` wait for ever: remove it when nothing runs",
        ),
    };
    let (hard, reflinks) = (plain("hardlink", &abilities.hard_links), plain("reflink", &abilities.reflinks));
    [symbolic, hard, reflinks, locks]
}

/// `resumable`: a pull is not done, so that `hf cache prune` would delete more than leftovers.
fn leftovers(found: &[Unfinished], resumable: bool) -> Finding {
    let total = |files: &[&Unfinished]| files.iter().map(|file| file.bytes).sum::<u64>();
    let (debris, found): (Vec<&Unfinished>, Vec<&Unfinished>) = found.iter().partition(|file| file.debris);
    let (ours, foreign): (Vec<&Unfinished>, Vec<&Unfinished>) = found.into_iter().partition(|file| file.ours);
    let (busy, dead): (Vec<&Unfinished>, Vec<&Unfinished>) = foreign.into_iter().partition(|file| file.busy);
    let count = |files: &[&Unfinished], what: &str| {
        (!files.is_empty()).then(|| format!("{} {what} ({})", files.len(), DecimalBytes(total(files))))
    };
    let parts = [
        count(&ours, "of gatedl, from which the next pull goes on"),
        count(&debris, "of a gatedl that was killed, which the next pull of the repository removes"),
        count(&busy, "that another program is fetching"),
        count(&dead, "that no program goes on from"),
    ];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let text = if text.is_empty() { "none".to_owned() } else { text };
    let check = if dead.is_empty() {
        Finding::good(Topic::Cache, "unfinished", text)
    } else {
        let names = dead.iter().take(NAMED).map(|file| format!("`{}`", file.path.display()));
        let names = names.collect::<Vec<_>>().join(", ");
        let more = dead.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Finding::doubtful(
            Topic::Cache,
            "unfinished",
            text,
            if resumable || !ours.is_empty() {
                format!(
                    "remove them yourself: {names}{more}; `hf cache prune` would also delete what gatedl goes on from"
                )
            } else {
                format!("`hf cache prune` removes them, or remove them yourself: {names}{more}")
            },
        )
    };
    let check = check.with("own_files", ours.len()).with("own_bytes", total(&ours));
    check.with("dead_files", dead.len()).with("dead_bytes", total(&dead))
}
