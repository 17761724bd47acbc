//! A pull that is stopped (SIGSTOP, a laptop that sleeps) and goes on later, when the server has long given it up.

use crate::in_cache::{self, InCache};
use crate::sandbox::Sandbox;
use crate::support::{At, Fault, Hub, Repository, Times, generated, until};
use std::time::{Duration, Instant};

const ID: &str = "org/model";
const NAME: &str = "model.bin";
const MIB: usize = 1 << 20;
const SIZE: usize = 24 * MIB;

/// The time for which it stood still is longer than its patience, and does not count: it had no chance to try again.
#[test]
fn a_pull_that_was_stopped_for_longer_than_its_patience_goes_on() {
    let content = generated(1, SIZE);
    let hub = Hub::start(vec![Repository::model(ID).lfs(NAME, content.clone())]);
    let sandbox = Sandbox::new(&hub);
    let (cached, etag) = (InCache::of(&sandbox, &hub, ID), hub.etag(ID, NAME));
    hub.fault(At::cdn(NAME), Fault::Slow(4 << 20), Times::Always);
    let process = sandbox.args(["pull", ID, "--connections", "1", "--timeout", "2", "--json"]).spawn();
    until("a part is on the disk", || in_cache::holds(&cached.partial(&etag), &content, 4 * MIB));

    process.stop();
    hub.clear_faults();
    hub.close_connections();
    let stopped = Instant::now();
    until("its patience would be over", || stopped.elapsed() > Duration::from_secs(3));
    process.go_on();

    let finished = process.wait();
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    assert_eq!(finished.json()["bytes_fetched"], SIZE as u64, "no byte was fetched twice");
    cached.is_whole(NAME, &etag, &content).expect("a whole file");
}
