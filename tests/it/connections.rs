//! Many connections for one file: as many as help, within the hub's quota, and each byte once on the disk.

use crate::in_cache::{self, InCache};
use crate::sandbox::{Process, Run, Sandbox};
use crate::support::{At, Fault, Hub, LinkBinding, Place, Recorded, Repository, Times, generated, until};
use bytes::Bytes;
use std::fs;

const ID: &str = "org/model";
const NAME: &str = "model.safetensors";
const SIZE: usize = 12_000_000;
/// Design §9: so many times may the hub be asked for one file of this size.
const QUOTA: usize = 16;

/// A large file behind a CDN that gives each connection 2 MB/s: alone it would take six seconds.
struct Stage {
    content: Bytes,
    hub: Hub,
    sandbox: Sandbox,
}

impl Stage {
    fn new(binding: LinkBinding) -> Self {
        let content = generated(3, SIZE);
        let hub = Hub::start(vec![Repository::model(ID).lfs(NAME, content.clone())]).with(|options| {
            options.content_rate = Some(2_000_000);
            options.link_binding = binding;
        });
        let sandbox = Sandbox::new(&hub);
        Self { content, hub, sandbox }
    }

    fn pull(&self) -> Run {
        self.sandbox.args(["pull", ID, "--json"]).any_stderr()
    }

    fn assert_whole(&self) {
        InCache::of(&self.sandbox, &self.hub, ID)
            .is_whole(NAME, &self.hub.etag(ID, NAME), &self.content)
            .expect("a whole file");
    }
}

fn answered(requests: &[Recorded], place: Place, status: impl Fn(u16) -> bool) -> usize {
    requests.iter().filter(|request| request.place == place && status(request.status)).count()
}

#[test]
fn links_bound_to_their_range_are_asked_for_by_every_stream_within_the_quota() {
    let stage = Stage::new(LinkBinding::Exact);
    stage.pull().any_stdout().run();
    stage.assert_whole();
    let requests = stage.hub.requests();
    let streams = answered(&requests, Place::Cdn, |status| status < 300);
    assert!(streams >= 4, "{streams} streams");
    let resolves = answered(&requests, Place::Resolve, |_| true);
    assert!(resolves <= QUOTA, "{resolves} resolves");
    assert!(resolves >= streams, "a bound link serves one stream");
    assert!(answered(&requests, Place::Cdn, |status| status == 403) <= 1, "the host is tried out once");
}

#[test]
fn free_links_are_used_by_all_streams() {
    let stage = Stage::new(LinkBinding::Free);
    stage.pull().any_stdout().run();
    stage.assert_whole();
    let requests = stage.hub.requests();
    assert!(answered(&requests, Place::Cdn, |status| status < 300) >= 4);
    assert_eq!(answered(&requests, Place::Resolve, |_| true), 1, "the hub is asked once");
    assert_eq!(answered(&requests, Place::Cdn, |status| status >= 400), 0);
}

/// At 100 bytes a second the rest would take hours, and the stall that others wait for never comes.
#[test]
fn a_stream_that_hardly_moves_is_replaced_also_when_it_is_the_only_one_left() {
    let stage = Stage::new(LinkBinding::Exact);
    stage.hub.configure(|options| options.content_rate = Some(8_000_000));
    let begun = |hub: &Hub| answered(&hub.requests(), Place::Cdn, |status| status < 300);
    stage.hub.fault(At::cdn(NAME), Fault::Slow(100), Times::Next(1));
    let process = stage.pull().args(["--connections", "4"]).any_stdout().spawn();
    assert_eq!(process.wait().status, 0);
    stage.assert_whole();
    assert!(begun(&stage.hub) >= 2);
    let slowest = stage.hub.requests().iter().filter(|one| one.place == Place::Cdn).map(Recorded::bytes_sent).min();
    assert!(slowest < Some(10_000), "{slowest:?} of the slow stream were waited for");
}

/// What the server refuses once is not asked for again and again.
#[test]
fn a_server_that_takes_so_many_connections_for_too_many_gets_fewer() {
    let stage = Stage::new(LinkBinding::Exact);
    stage.hub.configure(|options| options.cdn_at_once = Some(2));
    stage.pull().any_stdout().run();
    stage.assert_whole();
    let refused = answered(&stage.hub.requests(), Place::Cdn, |status| status == 503);
    // seven more are tried out, each with the link that is there and with a new one
    assert!((1..=14).contains(&refused), "{refused} connections were refused");
}

/// However large a file is: while a limited pull waits, unlimited ones bring many times as much.
#[test]
fn a_limited_pull_is_limited_beyond_its_first_bytes() {
    let stage = Stage::new(LinkBinding::Exact);
    stage.hub.configure(|options| options.content_rate = None);
    let mut limited = stage.pull().args(["--limit-rate", "1K"]).spawn();
    stage.hub.until("it has begun", |requests| answered(requests, Place::Cdn, |status| status < 300) > 0);
    for _ in 0..3 {
        let other = Sandbox::new(&stage.hub);
        other.args(["pull", ID]).any_stdout().any_stderr().run();
    }
    assert!(!limited.has_ended());
    let partial = InCache::of(&stage.sandbox, &stage.hub, ID).partial(&stage.hub.etag(ID, NAME));
    let here = in_cache::count_right(&partial, &stage.content);
    assert!(here < SIZE as u64 / 2, "{here} bytes came at 1 kB/s");
    limited.kill();
}

#[test]
fn one_connection_is_one_connection() {
    let stage = Stage::new(LinkBinding::Exact);
    stage.hub.configure(|options| options.content_rate = None);
    stage.pull().args(["--connections", "1"]).any_stdout().run();
    stage.assert_whole();
    assert_eq!(stage.hub.count(Place::Cdn), 1);
}

#[test]
fn a_kill_costs_at_most_four_mebibytes_a_connection() {
    let stage = Stage::new(LinkBinding::Exact);
    let process = stage.pull().args(["--connections", "4"]).spawn();
    let partial = InCache::of(&stage.sandbox, &stage.hub, ID).partial(&stage.hub.etag(ID, NAME));
    // written out of order, so what is right is counted
    until("half of it is here", || in_cache::count_right(&partial, &stage.content) > SIZE as u64 / 2);
    process.kill();
    let here = in_cache::count_right(&partial, &stage.content);
    let open = in_cache::open_streams(&stage.hub.take_requests(), SIZE as u64);
    stage.hub.configure(|options| options.content_rate = None);
    let second = stage.pull().args(["--connections", "7"]).any_stdout().run().json();
    stage.assert_whole();
    let fetched = second["bytes_fetched"].as_u64().expect("a number");
    let most = SIZE as u64 - here + open * (4 << 20);
    assert!(fetched <= most, "{fetched} fetched, {here} were here, {open} streams were open");
    assert!(fetched < SIZE as u64, "something was kept: {fetched}");
}

/// Two cache roots that share a repository's folder but not its locks: what a file system is like where `flock` succeeds
/// for everyone.
#[cfg(unix)]
#[test]
fn where_locks_lie_all_end_well_and_the_files_are_right() {
    let stage = Stage::new(LinkBinding::Exact);
    let shared = stage.sandbox.path("shared/models--org--model");
    fs::create_dir_all(&shared).expect("a folder");
    let processes: Vec<Process> = (0..4)
        .map(|number| {
            let root = stage.sandbox.path(format!("root-{number}"));
            fs::create_dir_all(&root).expect("a folder");
            std::os::unix::fs::symlink(&shared, root.join("models--org--model")).expect("a link");
            let root = root.to_str().expect("Unicode").to_owned();
            stage.pull().args(["--cache-dir", &root]).any_stdout().spawn()
        })
        .collect();
    for process in processes {
        let finished = process.wait();
        assert_eq!(finished.status, 0, "{}", finished.stderr);
    }
    let blob = fs::read(shared.join("blobs").join(stage.hub.etag(ID, NAME))).expect("a blob");
    assert!(blob == stage.content);
    let names: Vec<_> =
        fs::read_dir(shared.join("blobs")).expect("a folder").flatten().map(|one| one.file_name()).collect();
    assert_eq!(names.len(), 1, "nothing is left over: {names:?}");
}
