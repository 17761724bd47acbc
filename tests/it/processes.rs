//! Many gatedl at once on one cache: each file is fetched by one of them, the others wait and use it.

use crate::in_cache::{self, InCache};
use crate::sandbox::{Process, Run, Sandbox};
use crate::support::{At, Fault, Hub, Place, Recorded, Repository, Times, generated, until};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const ID: &str = "org/model";
const LARGE: usize = 3 << 20;

fn files() -> Vec<(String, Bytes)> {
    let large = (0..4).map(|number| (format!("shard-{number}.bin"), generated(number, LARGE)));
    let small = (10..22).map(|number| (format!("small-{number}.json"), generated(number, 2_000)));
    large.chain(small).collect()
}

fn stage() -> (Hub, Sandbox) {
    let add = |repository: Repository, (name, content): (String, Bytes)| match content.len() {
        LARGE => repository.lfs(&name, content),
        _ => repository.file(&name, content),
    };
    let hub = Hub::start(vec![files().into_iter().fold(Repository::model(ID), add)]);
    let sandbox = Sandbox::new(&hub);
    (hub, sandbox)
}

fn pull(sandbox: &Sandbox) -> Run {
    sandbox.args(["pull", ID, "--json"])
}

fn assert_whole(sandbox: &Sandbox, hub: &Hub) {
    let cached = InCache::of(sandbox, hub, ID);
    for (name, content) in files() {
        cached.is_whole(&name, &hub.etag(ID, &name), &content).expect("a whole file");
    }
}

/// How often the first byte of each file was asked for: more ranges than one are no second download.
fn downloads(requests: &[Recorded]) -> BTreeMap<String, usize> {
    let begins = |range: &str| range.starts_with("bytes=0-");
    let content =
        |request: &&Recorded| matches!(request.place, Place::Cdn | Place::ResolveCache) && request.status < 300;
    let mut counts = BTreeMap::new();
    for request in requests.iter().filter(content).filter(|request| request.range.as_deref().is_none_or(begins)) {
        *counts.entry(request.file.clone().unwrap_or_default()).or_default() += 1;
    }
    counts
}

fn each_fetched_once(count: usize) {
    let (hub, sandbox) = stage();
    // slow enough that all of them find work to do
    hub.configure(|options| options.content_rate = Some(6_000_000));
    let processes: Vec<Process> = (0..count).map(|_| pull(&sandbox).spawn()).collect();
    let ended: Vec<_> = processes.into_iter().map(Process::wait).collect();
    for finished in &ended {
        assert_eq!(finished.status, 0, "{}", finished.stderr);
    }
    assert_whole(&sandbox, &hub);
    let once: BTreeMap<_, _> = files().into_iter().map(|(name, _)| (name, 1)).collect();
    assert_eq!(downloads(&hub.requests()), once);
    let fetched: u64 = ended.iter().map(|finished| finished.json()["bytes_fetched"].as_u64().expect("a number")).sum();
    let all = files().iter().map(|(_, content)| content.len() as u64).sum::<u64>();
    // a connection that is given up for a faster one may have had a piece that was not written yet
    assert!((all..all + all / 10).contains(&fetched), "{fetched} bytes fetched of {all}");
}

#[test]
fn two_at_once_fetch_each_file_once() {
    each_fetched_once(2);
}

#[test]
fn eight_at_once_fetch_each_file_once() {
    each_fetched_once(8);
}

#[test]
fn whoever_waits_says_so_and_goes_on_when_the_holder_is_killed() {
    let (hub, sandbox) = stage();
    let stop = 2 << 20;
    hub.fault(At::cdn("shard-0"), Fault::StallAt(stop), Times::Always);
    let name = "shard-0.bin";
    let holder = sandbox.args(["pull", ID, name]).spawn();
    let partial = InCache::of(&sandbox, &hub, ID).partial(&hub.etag(ID, name));
    let content = generated(0, LARGE);
    until("the holder has most of it", || in_cache::holds(&partial, &content, 1 << 20));
    hub.clear_faults();
    let waiting = sandbox.args(["pull", ID, name]).spawn();
    until("the other says that it waits", || waiting.stderr().contains("waiting for"));
    let told = waiting.stderr();
    assert!(told.contains(name), "{told}");
    assert_eq!(in_cache::gets(&hub.requests()), 1);
    holder.kill();
    let finished = waiting.wait();
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    InCache::of(&sandbox, &hub, ID).is_whole(name, &hub.etag(ID, name), &content).expect("a whole file");
}

#[test]
fn whoever_waits_uses_what_the_holder_finished() {
    let (hub, sandbox) = stage();
    let name = "shard-1.bin";
    hub.fault(At::cdn(name), Fault::Delay(Duration::from_secs(1)), Times::Next(1));
    let holder = sandbox.args(["pull", ID, name]).spawn();
    hub.until("the holder asks", |requests| requests.iter().any(|request| request.place == Place::Cdn));
    let waiting = pull(&sandbox).args([name]).spawn().wait();
    assert_eq!((holder.wait().status, waiting.status), (0, 0), "{}", waiting.stderr);
    assert_eq!(waiting.json()["bytes_fetched"], 0);
    assert_eq!(downloads(&hub.requests()).get(name), Some(&1));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_wait_for_a_lock() {
    let (hub, sandbox) = stage();
    hub.fault(At::cdn("shard-0"), Fault::Stall(0), Times::Always);
    let _holder = sandbox.args(["pull", ID, "shard-0.bin"]).spawn();
    hub.until("the holder asks", |requests| requests.iter().any(|request| request.place == Place::Cdn));
    let waiting = sandbox.args(["pull", ID, "shard-0.bin"]).spawn();
    until("the other waits", || waiting.stderr().contains("waiting for"));
    waiting.interrupt();
    assert_eq!(waiting.wait().status, 130);
}

/// A file system on which every lock is granted to everybody: the files are right all the same.
#[cfg(unix)]
#[test]
fn where_locks_lie_all_end_well_and_the_files_are_right() {
    let (hub, sandbox) = stage();
    hub.configure(|options| options.content_rate = Some(12_000_000));
    let locks = sandbox.cache().join(".locks/models--org--model");
    let all_ended = AtomicBool::new(false);
    thread::scope(|scope| {
        // a lock on a file without a name keeps nobody away: whoever comes next makes a new one
        scope.spawn(|| {
            while !all_ended.load(Ordering::Relaxed) {
                for lock in fs::read_dir(&locks).into_iter().flatten().flatten() {
                    fs::remove_file(lock.path()).ok();
                }
                thread::park_timeout(Duration::from_millis(2));
            }
        });
        let processes: Vec<Process> = (0..3).map(|_| pull(&sandbox).spawn()).collect();
        let ended: Vec<_> = processes.into_iter().map(Process::wait).collect();
        all_ended.store(true, Ordering::Relaxed);
        for finished in ended {
            assert_eq!(finished.status, 0, "{}", finished.stderr);
        }
    });
    // who comes second may go on from what is noted, so requests for whole files tell nothing
    let content: usize = files().iter().map(|(_, content)| content.len()).sum();
    assert!(in_cache::sent(&hub.requests()) > content as u64, "the locks held after all:\n{}", hub.log());
    // a journal may be left whose partial file another process has published: it says nothing
    for (name, content) in files() {
        assert!(fs::read(InCache::of(&sandbox, &hub, ID).pointer(&name)).expect("a file") == content, "{name}");
    }
}
