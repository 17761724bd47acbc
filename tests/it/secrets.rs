//! Where a token must not be found: process lists, the files of a run that was killed, the log, JSON. The sandbox
//! searches all output and all files after every run; these tests bring about the states that are worth searching.

use crate::in_cache::{self, InCache};
use crate::sandbox::{Run, Sandbox};
use crate::support::{Access, Account, At, CANARY, Fault, Gate, Hub, Repository, Times, generated, token_of, until};
use std::fs;

const ID: &str = "org/model";
const NAME: &str = "model.bin";
const SIZE: usize = 12 << 20;

fn stage() -> (Hub, Sandbox) {
    let repository = Repository::model(ID).gated(Gate::Manual).lfs(NAME, generated(1, SIZE));
    let hub = Hub::start(vec![repository]).account(Account::new("bob")).access("bob", ID, Access::Granted);
    let sandbox = Sandbox::new(&hub);
    (hub, sandbox)
}

/// The ways to hand over a token, other than by the environment.
fn ways(sandbox: &Sandbox) -> [Run; 2] {
    let file = sandbox.write("secret/token", token_of("bob"));
    let pull = || sandbox.args(["pull", ID, "--verbose"]);
    [pull().args(["--token-stdin"]).stdin(token_of("bob")), pull().args(["--token-file".as_ref(), file.as_os_str()])]
}

#[cfg(target_os = "linux")]
#[test]
fn a_token_is_in_no_process_list() {
    for way in 0..2 {
        let (hub, sandbox) = stage();
        hub.fault(At::cdn(NAME), Fault::Stall(1), Times::Always);
        let process = ways(&sandbox).into_iter().nth(way).expect("a way").spawn();
        hub.until("it stalls", |requests| in_cache::sent(requests) > 0);
        assert!(hub.requests().iter().any(|request| request.token.as_deref() == Some("bob")));
        for list in ["cmdline", "environ", "comm", "status"] {
            let seen = fs::read(format!("/proc/{}/{list}", process.id())).expect("a process list");
            assert!(!seen.is_empty() && !String::from_utf8_lossy(&seen).contains(CANARY), "{list}");
        }
        process.kill();
    }
}

#[test]
fn what_a_killed_run_leaves_holds_neither_token_nor_signed_link() {
    let (hub, sandbox) = stage();
    hub.fault(At::cdn(NAME), Fault::StallAt(10 << 20), Times::Always);
    let [way, _] = ways(&sandbox);
    let process = way.spawn();
    let cached = InCache::of(&sandbox, &hub, ID);
    let (partial, journal) = (cached.partial(&hub.etag(ID, NAME)), cached.journal(&hub.etag(ID, NAME)));
    let content = generated(1, SIZE);
    until("most of it is there", || in_cache::holds(&partial, &content, 9 << 20) && journal.exists());
    let killed = process.kill();
    // all files were searched for the token; a signed link opens the file to whoever reads it
    for text in [fs::read_to_string(&journal).expect("text"), killed.stderr] {
        assert!(!text.is_empty() && !text.contains("X-Amz"), "{text}");
    }
    let lock = sandbox.cache().join(".locks/models--org--model").join(format!("{}.lock", hub.etag(ID, NAME)));
    assert_eq!(fs::metadata(lock).expect("a lock").len(), 0);
}

#[test]
fn the_log_tells_every_request_and_no_secret() {
    let (hub, sandbox) = stage();
    hub.fault(At::cdn(NAME), Fault::Status(403), Times::Next(1));
    let [way, _] = ways(&sandbox);
    let finished = way.any_stdout().any_stderr().run();
    let told = finished.stderr.lines().filter(|line| line.contains("request")).count();
    assert!(told >= hub.count_all(), "{told} of {}\n{}", hub.count_all(), finished.stderr);
    for secret in ["X-Amz-Signature", "Bearer", "uthorization"] {
        assert!(!finished.stderr.contains(secret), "{secret}\n{}", finished.stderr);
    }
}

#[test]
fn an_error_for_machines_holds_no_secret() {
    for (at, fault, status) in [
        (At::cdn(NAME), Fault::Status(403), 7),
        (At::resolve(NAME), Fault::Message { status: 403, text: "You said: X-Amz-Signature" }, 4),
        (At::api("/revision/"), Fault::Status(401), 3),
        (At::cdn(NAME), Fault::FlipBit(3), 6),
    ] {
        let (hub, sandbox) = stage();
        hub.fault(at, fault, Times::Always);
        let [_, way] = ways(&sandbox);
        let finished = way.args(["--json", "--timeout", "2"]).any_stdout().any_stderr().status(status).run();
        let told = finished.json();
        assert_eq!(told["error"]["status"], status);
        assert!(!told["error"]["causes"].to_string().contains("X-Amz"), "{told}");
    }
}

/// Servers name the token that they refuse, and what they say is shown.
#[test]
fn a_token_that_the_server_repeats_is_not_shown() {
    let (hub, sandbox) = stage();
    let text: &'static str = format!("Invalid token {}.", token_of("bob")).leak();
    hub.fault(At::resolve(NAME), Fault::Message { status: 403, text }, Times::Always);
    let [_, way] = ways(&sandbox);
    let finished = way.args(["--json"]).any_stdout().any_stderr().status(4).run();
    assert_eq!(finished.json()["error"]["server_message"], "Invalid token ****.");
}

/// A password in an address ends up in logs wherever it is shown.
#[test]
fn a_secret_in_the_address_of_the_hub_is_not_repeated() {
    let (hub, sandbox) = stage();
    let hub = hub.allow_unused();
    let address = hub.url().replace("http://", &format!("http://user:{CANARY}@"));
    let finished = sandbox.args(["pull", ID, "--verbose"]).env("HF_ENDPOINT", address).spawn().wait();
    assert_ne!(finished.status, 0);
    assert_eq!(hub.count_all(), 0, "{}", finished.stderr);
}
