//! Two writers of one partial file, because locks were deleted, lie, or belong to another cache root: whatever one of them
//! writes, a file that gets a name is right.

use crate::in_cache::{self, InCache};
use crate::sandbox::{Process, Run, Sandbox};
use crate::support::{At, Fault, Hub, Place, Repository, Times, generated, until};
use bytes::Bytes;
use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

const ID: &str = "org/model";
const NAME: &str = "model.bin";
const SIZE: usize = 6 << 20;
/// Where the bad mirror changes a bit: in what the good process does not have yet.
const WRONG_AT: usize = SIZE - 100_000;

struct Stage {
    content: Bytes,
    good: Hub,
    sandbox: Sandbox,
}

impl Stage {
    fn new() -> Self {
        let content = generated(1, SIZE);
        let good = Hub::start(vec![Repository::model(ID).lfs(NAME, content.clone())]);
        let sandbox = Sandbox::new(&good);
        Self { content, good, sandbox }
    }

    fn cached(&self) -> InCache {
        InCache::of(&self.sandbox, &self.good, ID)
    }

    fn partial(&self) -> PathBuf {
        self.cached().partial(&self.good.etag(ID, NAME))
    }

    fn pull(&self) -> Run {
        self.sandbox.args(["pull", ID, "--connections", "1"])
    }

    fn bad_mirror(&self) -> Hub {
        let bad = Hub::start(vec![Repository::model(ID).lfs(NAME, self.content.clone())]);
        bad.fault(At::new(Place::Cdn, NAME), Fault::FlipBit(WRONG_AT as u64), Times::Always);
        bad
    }

    fn pull_from(&self, mirror: &Hub) -> Run {
        self.pull().env("HF_ENDPOINT", mirror.url())
    }

    /// A good process that has the first half, hashed and noted, and waits for the second.
    fn half_way(&self) -> Process {
        self.good.fault(At::cdn(NAME), Fault::StallAt(SIZE as u64 / 2), Times::Next(1));
        let process = self.pull().args(["--timeout", "60"]).env("HF_HUB_DOWNLOAD_TIMEOUT", "4").spawn();
        // all of it: while it still writes, what somebody else writes in between is not seen
        until("half of it is on the disk", || in_cache::holds(&self.partial(), &self.content, SIZE / 2));
        process
    }

    /// Waits until a change of the partial file would move its time of change: the file system's clock goes in ticks.
    fn next_tick(&self) {
        let (partial, probe) = (self.partial(), self.sandbox.path("probe"));
        let changed =
            |path: &Path| fs::metadata(path).map(|found| (found.ctime(), found.ctime_nsec())).expect("a file");
        until("the clock of the file system has moved", || {
            fs::write(&probe, b"x").expect("a probe");
            changed(&probe) > changed(&partial)
        });
    }

    fn delete_locks(&self) {
        fs::remove_dir_all(self.sandbox.cache().join(".locks")).expect("the locks");
    }

    /// The good process may have failed, but if there is a blob it is right, and a later pull makes one.
    #[track_caller]
    fn assert_right(&self, good: Process) {
        let finished = good.wait();
        assert_eq!(finished.status, 0, "{}", finished.stderr);
        self.cached().is_whole(NAME, &self.good.etag(ID, NAME), &self.content).expect("a whole file");
    }
}

#[test]
fn a_rival_with_wrong_bytes_whose_lock_was_deleted() {
    let stage = Stage::new();
    let good = stage.half_way();
    stage.delete_locks();
    let mirror = stage.bad_mirror();
    let bad = stage.pull_from(&mirror).status(6).any_stderr().run();
    assert!(bad.stderr.contains("did not verify"), "{}", bad.stderr);
    stage.assert_right(good);
}

#[test]
fn a_rival_in_another_cache_root_that_links_to_the_same_folder() {
    let stage = Stage::new();
    let good = stage.half_way();
    let other = stage.sandbox.path("other");
    fs::create_dir(&other).expect("another root");
    symlink(stage.sandbox.cache().join("models--org--model"), other.join("models--org--model")).expect("a link");
    let mirror = stage.bad_mirror();
    let bad = stage.pull_from(&mirror).args(["--cache-dir".as_ref(), other.as_os_str()]);
    bad.status(6).any_stderr().run();
    stage.assert_right(good);
}

#[test]
fn a_rival_with_right_bytes_costs_bandwidth_only() {
    let stage = Stage::new();
    let good = stage.half_way();
    stage.delete_locks();
    let other = stage.pull().spawn();
    stage.assert_right(other);
    stage.assert_right(good);
}

/// Not a gatedl at all: nothing marks the journal.
#[test]
fn a_strange_program_that_writes_into_the_partial_file() {
    let stage = Stage::new();
    let good = stage.half_way();
    stage.next_tick();
    overwrite(&stage.partial(), 100_000, b"other bytes");
    stage.assert_right(good);
}

fn overwrite(path: &Path, at: usize, bytes: &[u8]) {
    let mut file = OpenOptions::new().write(true).open(path).expect("a file to tamper with");
    file.seek(SeekFrom::Start(at as u64)).expect("a place in it");
    file.write_all(bytes).expect("a write");
}

/// A holder that is stopped, or hangs on a dead mount, keeps its lock for ever.
#[test]
fn a_lock_whose_holder_does_not_get_on_is_waited_for_as_long_as_a_server() {
    let stage = Stage::new();
    let holder = stage.half_way();
    let stopped = std::process::Command::new("kill").args(["-STOP", &holder.id().to_string()]).status();
    assert!(stopped.is_ok_and(|status| status.success()));
    let finished = stage.pull().args(["--timeout", "2"]).any_stdout().any_stderr().run();
    let told = "warning: the process that fetches `model.bin` has not got on for 2s; fetching it beside that one";
    assert!(finished.stderr.contains(told), "{}", finished.stderr);
    stage.cached().is_whole(NAME, &stage.good.etag(ID, NAME), &stage.content).expect("a whole file");
    // what it does when it is woken harms nobody
    let woken = std::process::Command::new("kill").args(["-CONT", &holder.id().to_string()]).status();
    assert!(woken.is_ok_and(|status| status.success()));
    stage.assert_right(holder);
}
