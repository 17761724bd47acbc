//! Making room beside those who work in the same cache, and at a terminal.

use super::{ID, LARGE, cache, stage};
use crate::in_cache::InCache;
use crate::sandbox::{Process, Sandbox};
use crate::support::{Hub, Repository, generated, until};
use snapbox::str;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

#[test]
fn what_another_tool_holds_is_left_alone() {
    let (hub, sandbox, cached) = stage();
    let etag = hub.etag(ID, "model.bin");
    let lock = sandbox.cache().join(format!(".locks/models--org--model/{etag}.lock"));
    let held = fs::File::options().write(true).open(&lock).expect("a lock");
    held.try_lock().expect("free");
    let leftover = cached.blob(&format!("{etag}.01234567.incomplete"));
    fs::write(&leftover, "being written").expect("a partial file");
    let before = sandbox.tree("cache");
    let said = format!("warning: `org/model` is left alone: process {} works in it\n", std::process::id());
    cache(&sandbox, ["rm", ID, "--yes"]).status(8).stdout("nothing to remove\n").stderr(said.clone()).run();
    cache(&sandbox, ["prune", "--yes"]).stdout("nothing to remove\n").stderr(said.clone()).run();
    let document = cache(&sandbox, ["ls", "--json"]).any_stdout().run().json();
    assert_eq!(document["repos"][1]["in_use"], true, "{document}");
    assert_eq!(document["repos"][1]["process"], std::process::id());
    assert_eq!(sandbox.tree("cache"), before);
    cache(&sandbox, ["gc", "--max-size", "0", "--yes"]).any_stdout().stderr(said).run();
    assert!(cached.pointer("model.bin").exists() && leftover.exists());
    drop(held);
    cache(&sandbox, ["rm", ID, "--yes"]).any_stdout().run();
    assert!(!leftover.exists());
    hub.take_requests();
}

#[test]
fn a_pull_that_is_under_way_keeps_what_it_has() {
    let model = Repository::model(ID).file("config.json", "{}\n").lfs("model.bin", generated(1, LARGE));
    let hub = Hub::start(vec![model]).with(|options| options.content_rate = Some(100_000));
    let sandbox = Sandbox::new(&hub);
    let cached = InCache::of(&sandbox, &hub, ID);
    let process = sandbox.args(["pull", ID]).spawn();
    until("the small one is in its place", || cached.pointer("config.json").exists());
    for command in [&["rm", ID][..], &["prune"], &["gc", "--max-size", "0"]] {
        let status = if command[0] == "rm" { 8 } else { 0 };
        sandbox.args(["cache"]).args(command).args(["--yes"]).status(status).any_stdout().any_stderr().run();
        assert!(cached.pointer("config.json").exists());
    }
    let finished = process.wait();
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    assert!(!finished.stderr.contains("another program"), "{}", finished.stderr);
    cached.is_whole("model.bin", &hub.etag(ID, "model.bin"), &generated(1, LARGE)).expect("whole");
}

#[test]
fn eight_pulls_beside_those_who_make_room_lose_nothing() {
    let add = |model: Repository, number: u64| model.lfs(&format!("{number}.bin"), generated(number, 200_000));
    let hub = Hub::start(vec![(0..6).fold(Repository::model(ID), add)]);
    hub.configure(|options| options.content_rate = Some(2_000_000));
    let sandbox = Sandbox::new(&hub);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for command in [&["rm", ID][..], &["prune"], &["gc", "--max-size", "0"]] {
            let (sandbox, done) = (sandbox.clone(), &done);
            scope.spawn(move || {
                while !done.load(Ordering::SeqCst) {
                    let run = sandbox.args(["cache"]).args(command).args(["--yes", "--quiet"]);
                    let finished = run.spawn().wait();
                    assert!([0, 5, 8].contains(&finished.status), "{command:?}: {}", finished.stderr);
                }
            });
        }
        let pulls: Vec<Process> = (0..8).map(|_| sandbox.args(["pull", ID, "--quiet"]).spawn()).collect();
        let ended: Vec<_> = pulls.into_iter().map(Process::wait).collect();
        done.store(true, Ordering::SeqCst);
        for finished in ended {
            assert_eq!(finished.status, 0, "{}", finished.stderr);
        }
    });
    // whoever came last may have taken all of it, but no part of it
    sandbox.args(["verify", "--json", "--quiet"]).any_stdout().run();
    sandbox.args(["pull", ID, "--quiet"]).any_stdout().run();
    let cached = InCache::of(&sandbox, &hub, ID);
    for number in 0..6 {
        let name = format!("{number}.bin");
        cached.is_whole(&name, &hub.etag(ID, &name), &generated(number, 200_000)).expect("whole");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn at_a_terminal_it_asks_first() {
    use std::io::Write as _;
    let (hub, sandbox, _) = stage();
    for (answer, is_there) in [("n\n", true), ("\n", true), ("y\n", false)] {
        let nix::pty::OpenptyResult { master, slave } = nix::pty::openpty(None, None).expect("a terminal");
        let process = cache(&sandbox, ["rm", "datasets/org/data"]).at_terminal(slave).spawn();
        until("it asks", || process.stderr().contains("remove 50.00 kB? [y/N]"));
        fs::File::from(master.try_clone().expect("a second handle")).write_all(answer.as_bytes()).expect("typed");
        assert_eq!(process.wait().status, 0);
        assert_eq!(sandbox.cache().join("datasets--org--data").exists(), is_there, "{answer:?}");
        drop(master);
    }
    let nix::pty::OpenptyResult { master, slave } = nix::pty::openpty(None, None).expect("a terminal");
    let process = cache(&sandbox, ["rm", ID]).at_terminal(slave).spawn();
    until("it asks", || process.stderr().contains("[y/N]"));
    process.interrupt();
    assert_eq!(process.wait().status, 130);
    drop(master);
    assert!(sandbox.cache().join("models--org--model").exists());
    assert_eq!(hub.take_log(), "");
}

/// A repository of a cache that another user owns may be a link to anywhere.
#[test]
fn a_repository_that_is_a_link_is_not_followed() {
    let (hub, sandbox, _) = stage();
    let (real, link) = (sandbox.path("elsewhere"), sandbox.cache().join("models--org--model"));
    fs::rename(&link, &real).expect("moved");
    std::os::unix::fs::symlink(&real, &link).expect("a link");
    cache(&sandbox, ["rm", ID, "--yes"])
        .status(8)
        .stderr(str![[r#"
error: `[ROOT]/cache/huggingface/hub/models--org--model` is a link out of the destination folder (to `[ROOT]/elsewhere`)

"#]])
        .run();
    assert!(real.join("refs/main").exists());
    assert_eq!(hub.take_log(), "");
}
