//! Other programs at work in the cache meanwhile: what is removed, what is planted, and what is not done yet.

use super::*;
use crate::support::{At, Fault, Times};

#[cfg(unix)]
#[test]
fn what_another_program_removes_meanwhile_is_fetched_again() {
    let (hub, sandbox, cached) = stage();
    // the large one does not come until the small one is in its place, and gone
    hub.fault(At::cdn("model.bin"), Fault::RateLimited { retry_after: Some(1), reset: None }, Times::Always);
    let process = pull(&sandbox).spawn();
    until("the small one is in its place", || cached.pointer("config.json").exists());
    fs::remove_file(cached.pointer("config.json")).expect("a pointer");
    fs::remove_file(cached.blob(&hub.etag(ID, "config.json"))).expect("a blob");
    hub.clear_faults();
    let finished = process.wait();
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    let path = cached.pointer("config.json");
    let said = format!("warning: another program removed `{}` while it was pulled; looking again\n", path.display());
    assert!(finished.stderr.contains(&said), "{}", finished.stderr);
    cached.is_whole("config.json", &hub.etag(ID, "config.json"), b"{\"a\": 1}\n").expect("whole");
    cached.is_whole("model.bin", &hub.etag(ID, "model.bin"), &generated(1, LARGE)).expect("whole");
}

#[test]
fn a_pull_that_is_not_done_holds_its_commit_until_it_is() {
    let (hub, sandbox, cached) = stage();
    hub.fault(At::cdn("model.bin"), Fault::Stall(1000), Times::Always);
    let process = pull(&sandbox).spawn();
    until("the small one is in its place", || cached.pointer("config.json").exists());
    process.kill();
    assert_eq!(fs::read_to_string(cached.marks().join("main")).expect("a mark"), hub.commit(ID, "main"));
    assert_eq!(cached.main(), None);
    // the doctor does not propose what would delete it
    sandbox.write("cache/huggingface/hub/models--org--old/blobs/bb.01234567.incomplete", "left");
    let report = sandbox.args(["doctor", "--offline"]).any_stdout().run();
    assert!(report.stdout.contains("`hf cache prune` would also delete what gatedl goes on from"), "{}", report.stdout);

    hub.clear_faults();
    pull(&sandbox).any_stderr().run();
    assert!(!cached.marks().exists());
    cached.is_whole("model.bin", &hub.etag(ID, "model.bin"), &generated(1, LARGE)).expect("whole");
}

#[test]
fn a_commit_that_is_here_gets_its_ref_without_a_request() {
    let (hub, sandbox, _cached) = stage();
    pulled(&sandbox);
    hub.take_requests();
    let commit = hub.commit(ID, "main");
    let written = format!("cache/huggingface/hub/models--org--model/refs/{commit}");
    pull(&sandbox).args(["--dry-run", "--revision", &commit]).run();
    assert!(!sandbox.path(&written).exists(), "a dry run writes nothing");
    pull(&sandbox).args(["--quiet", "--revision", &commit]).run();
    assert_eq!(sandbox.read(&written), commit.as_bytes());
    assert_eq!(hub.count_all(), 0);
}

#[cfg(unix)]
#[test]
fn below_a_snapshot_nothing_is_followed() {
    use std::os::unix::fs::symlink;
    for planted in ["sub", ""] {
        let hub = Hub::start(vec![Repository::model(ID).file("sub/x.json", "{}\n")]);
        let sandbox = Sandbox::new(&hub);
        let precious = sandbox.write("home/precious/x.json", "must stay");
        sandbox.write("home/precious/sub/x.json", "must stay");
        let snapshot = InCache::of(&sandbox, &hub, ID).pointer("");
        let link = snapshot.join(planted);
        let link = Path::new(link.to_str().expect("text").trim_end_matches('/'));
        fs::create_dir_all(link.parent().expect("a folder")).expect("a folder");
        symlink(precious.parent().expect("a folder"), link).expect("a link");
        let finished = pull(&sandbox).status(8).any_stderr().run();
        let said = format!("error: `{}` is in the way: a folder is needed there\n", link.display());
        assert!(finished.stderr.contains(&said), "{}", finished.stderr);
        assert_eq!(sandbox.tree("home"), "precious/sub/x.json\nprecious/x.json\n");
        for path in ["home/precious/x.json", "home/precious/sub/x.json"] {
            assert_eq!(sandbox.read(path), b"must stay");
        }
        assert_eq!(in_cache::gets(&hub.requests()), 0, "found before the first byte");
        assert_eq!(InCache::of(&sandbox, &hub, ID).main(), None);
    }
}
