//! What "verified" means on the disk: whatever is called right was hashed by gatedl, as it is now.

mod beside;
mod notes;
mod shared;
#[cfg(unix)]
mod unchanged;

use crate::in_cache::{self, InCache};
use crate::sandbox::{Run, Sandbox};
use crate::support::{Hub, Repository, generated, until};
use snapbox::str;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

const ID: &str = "org/model";
const LARGE: usize = 300_000;

fn repository() -> Repository {
    Repository::model(ID).file("config.json", "{\"a\": 1}\n").lfs("model.bin", generated(1, LARGE))
}

fn stage() -> (Hub, Sandbox, InCache) {
    let hub = Hub::start(vec![repository()]);
    let sandbox = Sandbox::new(&hub);
    let cached = InCache::of(&sandbox, &hub, ID);
    (hub, sandbox, cached)
}

fn pull(sandbox: &Sandbox) -> Run {
    sandbox.args(["pull", ID]).any_stdout()
}

/// Pulls for the first time, which is never what a test here is about.
fn pulled(sandbox: &Sandbox) {
    pull(sandbox).any_stderr().run();
}

/// Waits until a file changed so long ago that its time of change tells a later one.
#[cfg(unix)]
pub fn settled(path: &Path) {
    use std::os::unix::fs::MetadataExt as _;
    until("the clock of the file system goes on", || {
        let found = fs::metadata(path).expect("a file");
        let seconds = u64::try_from(found.ctime()).expect("after 1970");
        let nanoseconds = u32::try_from(found.ctime_nsec()).expect("a part of a second");
        let changed = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds);
        changed.elapsed().is_ok_and(|since| since > Duration::from_millis(60))
    });
}

#[cfg(unix)]
#[test]
fn one_wrong_bit_is_found_said_and_fetched_again() {
    let (hub, sandbox, cached) = stage();
    let (blob, right) = (cached.blob(&hub.etag(ID, "model.bin")), generated(1, LARGE));
    let mut wrong = right.to_vec();
    wrong[7] ^= 1;
    // without a pointer, as a copied or restored cache may have it
    fs::create_dir_all(blob.parent().expect("a folder")).expect("a folder");
    fs::write(&blob, &wrong).expect("a blob");
    pull(&sandbox)
        .stderr(str![[r#"
hashing 1 file that is here (300.00 kB)
warning: `model.bin` is damaged in the cache: `[ROOT]/cache/huggingface/hub/models--org--model/blobs/3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94` is not what its name says; fetching it again
org/model@main: 2 files verified, 300.01 kB fetched in [TIME]

"#]])
        .run();
    cached.is_whole("model.bin", &hub.etag(ID, "model.bin"), &right).expect("whole");

    // and under a pointer and a note
    fs::write(&blob, &wrong).expect("damage");
    hub.take_requests();
    pull(&sandbox)
        .stderr(str![[r#"
hashing 1 file that is here (300.00 kB)
warning: `model.bin` is damaged in the cache: `[ROOT]/cache/huggingface/hub/models--org--model/blobs/3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94` is not what its name says; fetching it again
org/model@main: 1 file verified (1 file in place before), 300.00 kB fetched in [TIME]

"#]])
        .run();
    assert_eq!(in_cache::gets(&hub.take_requests()), 1);
    cached.is_whole("model.bin", &hub.etag(ID, "model.bin"), &right).expect("whole");
}

#[test]
fn offline_what_is_damaged_is_missing() {
    let (hub, sandbox, cached) = stage();
    pulled(&sandbox);
    fs::write(cached.blob(&hub.etag(ID, "model.bin")), generated(9, LARGE)).expect("damage");
    pull(&sandbox)
        .args(["--offline", "--quiet"])
        .status(5)
        .stderr(str![[r#"
warning: `model.bin` is damaged in the cache: `[ROOT]/cache/huggingface/hub/models--org--model/blobs/3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94` is not what its name says
error: `org/model` at `main` is not complete in the cache, and gatedl is offline
hint: missing: `model.bin`
hint: run the same command online once (without --offline and HF_HUB_OFFLINE)

"#]])
        .run();
}

#[cfg(unix)]
#[test]
fn what_another_tool_left_is_hashed_once() {
    let (hub, sandbox, cached) = stage();
    pulled(&sandbox);
    fs::remove_file(cached.notes()).expect("notes");
    settled(&cached.blob(&hub.etag(ID, "config.json")));
    // a dry run says so and reads nothing
    let planned = pull(&sandbox).args(["--dry-run", "--json"]).run().json();
    assert_eq!(planned["files"][1]["state"], "reused", "{planned}");
    assert!(!cached.notes().exists());
    let hashed = str![[r#"
hashing 2 files that are here (300.01 kB)
org/model@main is up to date: 2 files

"#]];
    let known = str![[r#"
org/model@main is up to date: 2 files

"#]];
    pull(&sandbox).stderr(hashed.clone()).run();
    pull(&sandbox).stderr(known.clone()).run();

    // a cache that a CI system restored, or that was copied
    let moved = sandbox.path("elsewhere");
    in_cache::copy(&sandbox.cache(), &moved);
    settled(&moved.join("models--org--model/blobs").join(hub.etag(ID, "config.json")));
    let pull = || pull(&sandbox).args(["--cache-dir"]).args([&moved]);
    pull().stderr(hashed).run();
    pull().stderr(known).run();
}

#[cfg(unix)]
#[test]
fn what_was_written_within_a_tick_is_hashed_again() {
    let (hub, sandbox, cached) = stage();
    pulled(&sandbox);
    let blob = cached.blob(&hub.etag(ID, "model.bin"));
    fs::write(&blob, generated(1, LARGE)).expect("the same bytes, just now");
    pull(&sandbox).any_stderr().run();
    fs::write(&blob, generated(9, LARGE)).expect("damage");
    pull(&sandbox).any_stderr().run();
    cached.is_whole("model.bin", &hub.etag(ID, "model.bin"), &generated(1, LARGE)).expect("whole");
}

#[cfg(unix)]
#[test]
fn a_stop_is_heard_while_much_is_hashed() {
    let (hub, sandbox, cached) = stage();
    pulled(&sandbox);
    // 64 GB of nothing, as far as the listing and the length say
    let size = 64_u64 << 30;
    let tree = format!("cache/huggingface/hub/models--org--model/trees/{}.json", hub.commit(ID, "main"));
    let listing = String::from_utf8(sandbox.read(&tree)).expect("JSON").replace("300000", &size.to_string());
    sandbox.write(&tree, listing);
    let blob = cached.blob(&hub.etag(ID, "model.bin"));
    fs::File::options().write(true).open(&blob).and_then(|file| file.set_len(size)).expect("a hole");
    for signal in [crate::sandbox::Process::interrupt, crate::sandbox::Process::terminate] {
        let mut process = pull(&sandbox).args(["--offline"]).spawn();
        until("it is being hashed", || process.stderr().contains("hashing 1 file that is here (68.72 GB)"));
        signal(&process);
        let asked = std::time::Instant::now();
        until("it ends", || process.has_ended());
        // the hash alone would take half a minute on the fastest of machines
        assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
        assert_eq!(process.wait().status, 130);
    }
    // the search for leaks reads every file
    fs::remove_file(&blob).expect("removed");
}
