//! A power cut in the middle of a file: what had reached the disk is gone on from, and nothing else is believed.
//!
//! No test can cut the power. What it leaves is made by hand after a kill: other bytes where nothing had been synced, and a
//! journal that was written before the machine's last start.

use crate::in_cache::{self, InCache};
use crate::sandbox::Sandbox;
use crate::support::{At, Fault, Hub, Repository, Times, generated, until};
use std::fs::{self, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

const ID: &str = "org/model";
const NAME: &str = "model.bin";
const MIB: usize = 1 << 20;
const SIZE: usize = 96 * MIB;
/// So many bytes come in a second, so that there is a second between the first sync and the end.
const RATE: u64 = 40 << 20;
/// Up to here the bytes come before the power is cut.
const COME: usize = 90 * MIB;

#[test]
fn what_had_not_reached_the_disk_before_a_power_cut_is_fetched_again_and_nothing_else() {
    let content = generated(1, SIZE);
    let hub = Hub::start(vec![Repository::model(ID).lfs(NAME, content.clone())]);
    hub.configure(|options| options.content_rate = Some(RATE));
    let sandbox = Sandbox::new(&hub);
    let cached = InCache::of(&sandbox, &hub, ID);
    let etag = hub.etag(ID, NAME);
    let (partial, journal) = (cached.partial(&etag), cached.journal(&etag));
    let pull = || sandbox.args(["pull", ID, "--connections", "1"]).env("HF_HUB_DOWNLOAD_TIMEOUT", "60");

    hub.fault(At::cdn(NAME), Fault::StallAt(COME as u64), Times::Always);
    let process = pull().spawn();
    let text = || fs::read_to_string(&journal).unwrap_or_default();
    until("a part is on the disk", || !synced(&text()).is_empty());
    until("the journal knows all of it", || text().lines().any(|line| line.ends_with(&format!(" {COME}"))));
    assert_eq!(process.kill().status, 137);
    hub.clear_faults();
    hub.configure(|options| options.content_rate = None);

    let synced = synced(&text());
    let safe: u64 = synced.iter().map(|range| range.end - range.start).sum();
    // how much that is depends on how fast this machine is
    assert!((1..=COME as u64).contains(&safe), "{safe} bytes synced\n{}", text());
    lose_the_rest(&partial, safe);
    start_the_machine_anew(&journal);

    hub.take_requests();
    let finished = pull().args(["--json"]).any_stdout().any_stderr().run();
    cached.is_whole(NAME, &etag, &content).expect("a whole file");
    assert_eq!(finished.json()["bytes_fetched"], SIZE as u64 - safe);
    assert_eq!(in_cache::sent(&hub.take_requests()), SIZE as u64 - safe);
    assert!(!finished.stderr.contains("warning"), "{}", finished.stderr);
}

/// What a journal says is on the disk: the ranges in as much of it as the last of the lines that end in 2 names.
fn synced(journal: &str) -> Vec<Range<u64>> {
    let numbers = |line: &str| {
        let (first, second) = line.split_once(' ')?;
        Some(first.parse::<u64>().ok()?..second.parse().ok()?)
    };
    let mut marks = journal.lines().filter_map(|line| line.strip_suffix(" 2")?.parse::<usize>().ok());
    let Some(length) = marks.next_back() else { return Vec::new() };
    journal[..length].lines().filter_map(numbers).filter(|range| !range.is_empty()).collect()
}

/// Garbage, as old content of the disk, and zeros, in place of what comes after so many bytes.
fn lose_the_rest(partial: &Path, safe: u64) {
    let file = OpenOptions::new().write(true).open(partial).expect("a partial file");
    let rest = usize::try_from(file.metadata().expect("its length").len() - safe).expect("a length");
    let mut lost = generated(7, rest).to_vec();
    lost[rest / 2..].fill(0);
    file.write_all_at(&lost, safe).expect("a write");
}

fn start_the_machine_anew(journal: &Path) {
    let text = fs::read_to_string(journal).expect("a journal");
    let start = text.lines().find(|line| line.ends_with(" 1")).expect("a line of the machine's start");
    fs::write(journal, text.replace(start, "4294967297 1")).expect("written");
}
