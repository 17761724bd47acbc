//! No work is lost: a run that is killed, interrupted or cut is gone on with, and what was damaged meanwhile is fetched
//! again, once and by itself.

use crate::forward::idle_authority;
use crate::in_cache::{self, InCache};
use crate::sandbox::{Finished, Process, Run, Sandbox};
use crate::support::{Access, Account, At, Fault, Gate, Hub, Repository, Times, generated, token_of, until};
use bytes::Bytes;
use snapbox::str;
use std::fs::{self, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const ID: &str = "org/model";
const NAME: &str = "model.bin";
const MIB: usize = 1 << 20;
const SIZE: usize = 20 * MIB;
/// What a kill may cost each connection that was open.
const LOST_BY_A_KILL: u64 = 4 << 20;

/// What the system may hold of one connection between hub and client.
const IN_FLIGHT: u64 = 6 << 20;

/// A gated repository with one large file, and a pull of it.
struct Transfer {
    content: Bytes,
    hub: Hub,
    sandbox: Sandbox,
    authority: PathBuf,
}

impl Transfer {
    fn new() -> Self {
        let content = generated(1, SIZE);
        let repository = Repository::model(ID).gated(Gate::Manual).lfs(NAME, content.clone());
        let hub = Hub::start(vec![repository]).account(Account::new("bob")).access("bob", ID, Access::Granted);
        let sandbox = Sandbox::new(&hub);
        let authority = sandbox.write("authority.pem", idle_authority());
        Self { content, hub, sandbox, authority }
    }

    /// One whose first run was killed when about so many bytes were there. The second value is what a next run may fetch
    /// at most.
    fn killed_at(at: usize) -> (Self, u64) {
        let transfer = Self::new();
        let killed = transfer.start_until(at).kill();
        assert_eq!(killed.status, 137);
        transfer.cached().is_nameless().expect("no names");
        let open = in_cache::open_streams(&transfer.hub.take_requests(), SIZE as u64);
        let most = transfer.missing() + open * LOST_BY_A_KILL;
        (transfer, most)
    }

    /// Over one connection, so that bytes can be counted: where connections share a file, what a server has sent ahead
    /// of its share is lost.
    fn pull(&self) -> Run {
        self.sandbox
            .args(["pull", ID, "--connections", "1"])
            .env("HF_TOKEN", token_of("bob"))
            .env("HF_HUB_DOWNLOAD_TIMEOUT", "30")
            .env("SSL_CERT_FILE", &self.authority)
    }

    /// Starts a pull that gets all bytes before `at` and none after it, and waits until it has them.
    fn start_until(&self, at: usize) -> Process {
        self.hub.fault(At::cdn(NAME), Fault::StallAt(at as u64), Times::Always);
        let process = self.pull().spawn();
        let partial = self.partial();
        until("most of it is on the disk", || in_cache::holds(&partial, &self.content, at.saturating_sub(MIB)));
        self.hub.clear_faults();
        process
    }

    /// Runs to a good end, with the right bytes. The number is how many were fetched.
    #[track_caller]
    fn finish(&self, run: Run) -> (Finished, u64) {
        self.hub.take_requests();
        let finished = run.args(["--json"]).any_stdout().run();
        self.assert_whole();
        let fetched = finished.json()["bytes_fetched"].as_u64().expect("a number");
        let requests = self.hub.take_requests();
        let (sent, gets) = (in_cache::sent(&requests), in_cache::gets(&requests) as u64);
        // what is on its way when a stream is given up is sent and not fetched
        let on_their_way = fetched..=fetched + gets * IN_FLIGHT;
        assert!(on_their_way.contains(&sent), "{fetched} bytes fetched, {sent} sent over {gets} streams");
        (finished, fetched)
    }

    #[track_caller]
    fn assert_whole(&self) {
        let etag = self.hub.etag(ID, NAME);
        self.cached().is_whole(NAME, &etag, &self.content).expect("a whole file");
    }

    fn cached(&self) -> InCache {
        InCache::of(&self.sandbox, &self.hub, ID)
    }

    fn partial(&self) -> PathBuf {
        self.cached().partial(&self.hub.etag(ID, NAME))
    }

    fn journal(&self) -> PathBuf {
        self.cached().journal(&self.hub.etag(ID, NAME))
    }

    /// How many bytes are not on the disk.
    fn missing(&self) -> u64 {
        SIZE as u64 - in_cache::count_right(&self.partial(), &self.content)
    }
}

fn overwrite(path: &Path, at: usize, bytes: &[u8]) {
    let mut file = OpenOptions::new().write(true).open(path).expect("a file to tamper with");
    file.seek(SeekFrom::Start(at as u64)).expect("a place in it");
    file.write_all(bytes).expect("a write");
}

fn append(path: &Path, bytes: &[u8]) {
    let mut file = OpenOptions::new().append(true).open(path).expect("a file to tamper with");
    file.write_all(bytes).expect("a write");
}

#[test]
fn a_kill_at_any_moment_costs_at_most_four_mebibytes_a_connection() {
    for at in [MIB, 4 * MIB + 300_000, 9 * MIB, 13 * MIB + 1, SIZE - MIB, SIZE - 1] {
        let (transfer, most) = Transfer::killed_at(at);
        let (finished, fetched) = transfer.finish(transfer.pull().any_stderr());
        assert!(fetched <= most, "killed at {at}: {fetched} bytes fetched, not {most} at most\n{}", finished.stderr);
    }
}

/// The journal is written while the line pauses, so a kill in the pause costs nothing at all.
#[test]
fn a_kill_while_the_line_pauses_costs_no_byte() {
    let (transfer, at) = (Transfer::new(), 5 * MIB as u64 + 70_001);
    transfer.hub.fault(At::cdn(NAME), Fault::StallAt(at), Times::Always);
    let process = transfer.pull().spawn();
    let planned = || transfer.pull().args(["--dry-run", "--json"]).any_stdout().run().json()["bytes_to_fetch"].as_u64();
    until("the journal knows all of it", || planned() == Some(SIZE as u64 - at));
    assert_eq!(process.kill().status, 137);
    transfer.hub.clear_faults();
    let (_, fetched) = transfer.finish(transfer.pull().any_stderr());
    assert_eq!(fetched, SIZE as u64 - at);
}

#[test]
fn a_run_after_a_kill_says_that_it_goes_on() {
    let (transfer, most) = Transfer::killed_at(14 * MIB);
    let plan = transfer.pull().args(["--dry-run", "--json"]).any_stdout().run().json();
    assert_eq!(plan["files"][0]["state"], "resume");
    assert!(plan["bytes_to_fetch"].as_u64().expect("a number") <= most, "{plan}");
    let (finished, _) = transfer.finish(transfer.pull().stderr(str![[r#"
going on from [..] that an earlier run fetched
org/model@main: 1 file verified, [..] fetched in [TIME], [..] from an earlier run

"#]]));
    let told = finished.json();
    assert_eq!(told["files"][0]["state"], "resumed");
}

#[test]
fn a_run_may_be_killed_again_and_again_and_still_gets_on() {
    let (transfer, _) = Transfer::killed_at(6 * MIB);
    let mut before = transfer.missing();
    for at in [12 * MIB, 18 * MIB] {
        assert_eq!(transfer.start_until(at).kill().status, 137);
        let missing = transfer.missing();
        assert!(missing < before, "{missing} bytes are missing, as many as before");
        before = missing;
    }
    let (_, fetched) = transfer.finish(transfer.pull().any_stderr());
    assert!(fetched < SIZE as u64 / 2);
}

#[test]
fn a_partial_file_with_a_changed_bit_is_fetched_again_once_and_says_so() {
    let (transfer, most) = Transfer::killed_at(12 * MIB);
    let wrong = transfer.content[MIB] ^ 1;
    overwrite(&transfer.partial(), MIB, &[wrong]);
    let (_, fetched) = transfer.finish(transfer.pull().stderr(str![[r#"
going on from [..] that an earlier run fetched
warning: what an earlier run left of `model.bin` was damaged; fetching it again
org/model@main: 1 file verified, [..] fetched in [TIME], [..] from an earlier run

"#]]));
    assert!(fetched <= most + SIZE as u64, "{fetched} bytes fetched");
}

#[test]
fn a_hole_where_the_journal_claims_bytes_is_found_by_the_hash() {
    // as after a loss of power: the journal reached the disk, the bytes did not
    let (transfer, most) = Transfer::killed_at(12 * MIB);
    overwrite(&transfer.partial(), 2 * MIB, &vec![0; MIB]);
    let (finished, fetched) = transfer.finish(transfer.pull().any_stderr());
    let told = "warning: what an earlier run left of `model.bin` has holes; fetching those again";
    assert!(finished.stderr.contains(told), "{}", finished.stderr);
    assert!(fetched <= most + MIB as u64, "a hole costs itself: {fetched} bytes, not {most} and a mebibyte");
}

#[test]
fn a_whole_file_whose_journal_is_lost_is_hashed_and_not_fetched() {
    let transfer = Transfer::new();
    let partial = transfer.partial();
    fs::create_dir_all(partial.parent().expect("a folder above")).expect("a folder");
    fs::write(&partial, &transfer.content).expect("a whole file");
    let (_, fetched) = transfer.finish(transfer.pull().any_stderr());
    assert_eq!(fetched, 0);
}

#[test]
fn damage_on_the_disk_and_on_the_line_ends_in_a_refusal_and_not_in_a_loop() {
    let (transfer, most) = Transfer::killed_at(12 * MIB);
    transfer.hub.fault(At::cdn(NAME), Fault::FlipBit(19 * MIB as u64), Times::Always);
    transfer.pull().status(6).stderr(str![[r#"
going on from [..] that an earlier run fetched
warning: what an earlier run left of `model.bin` was damaged; fetching it again
error: `model.bin` did not verify and was deleted
  caused by: the content has the hash sha256:[..], the publisher lists sha256:53faf9ffae911db411194223a776574295dcf36ed55d8c9337922e0efe79558b
hint: run the command again; if it ends the same way, something on the line (a proxy, a mirror) changes files

"#]]).run();
    transfer.cached().is_nameless().expect("no names");
    // once again in any case, and the rest of the first time
    assert!(in_cache::sent(&transfer.hub.take_requests()) <= most + 2 * SIZE as u64);
    transfer.hub.clear_faults();
    let (_, fetched) = transfer.finish(transfer.pull().any_stderr());
    assert_eq!(fetched, SIZE as u64, "nothing of what was wrong is used");
}

#[test]
fn a_journal_that_was_tampered_with_costs_bytes_at_most() {
    type Tamper = fn(&Path);
    let tampers: [(&str, Tamper); 7] = [
        ("removed", |journal| fs::remove_file(journal).expect("removed")),
        ("emptied", |journal| fs::write(journal, "").expect("written")),
        ("garbage", |journal| fs::write(journal, generated(9, 5_000)).expect("written")),
        ("cut in half", |journal| {
            let half = fs::metadata(journal).expect("a journal").len() / 2;
            OpenOptions::new().write(true).open(journal).and_then(|file| file.set_len(half)).expect("cut");
        }),
        ("with an end that is none", |journal| append(journal, &[0xff; 100])),
        ("that claims too much", |journal| append(journal, b"0 18446744073709551615\n0 20971520\n")),
        ("with a changed bit in each line", |journal| {
            let mut text = fs::read(journal).expect("a journal");
            text.chunks_mut(24).for_each(|line| line[0] ^= 2);
            fs::write(journal, text).expect("written");
        }),
    ];
    for (name, tamper) in tampers {
        let (transfer, _) = Transfer::killed_at(9 * MIB);
        tamper(&transfer.journal());
        let (finished, fetched) = transfer.finish(transfer.pull().any_stderr());
        assert!(fetched <= 2 * SIZE as u64, "a journal {name}: {fetched} bytes\n{}", finished.stderr);
    }
}

#[test]
fn a_partial_file_of_the_wrong_length_ends_right() {
    let (longer, _) = Transfer::killed_at(12 * MIB);
    append(&longer.partial(), &vec![b'x'; SIZE]);
    longer.finish(longer.pull().any_stderr());

    let (shorter, _) = Transfer::killed_at(12 * MIB);
    let file = OpenOptions::new().write(true).open(shorter.partial());
    file.and_then(|file| file.set_len(MIB as u64)).expect("cut");
    shorter.finish(shorter.pull().any_stderr());
}

/// What `hf cache prune` does: it sweeps `*.incomplete` and knows nothing of journals.
#[test]
fn a_partial_file_that_was_swept_is_begun_anew() {
    let (transfer, _) = Transfer::killed_at(12 * MIB);
    assert!(transfer.journal().exists());
    fs::remove_file(transfer.partial()).expect("swept");
    let (finished, fetched) = transfer.finish(transfer.pull().any_stderr());
    assert_eq!(fetched, SIZE as u64);
    assert!(!finished.stderr.contains("going on"), "{}", finished.stderr);
}

#[cfg(unix)]
#[test]
fn a_link_where_the_partial_file_belongs_is_not_written_through() {
    let transfer = Transfer::new();
    let precious = transfer.sandbox.write("home/precious", "must stay");
    let partial = transfer.partial();
    fs::create_dir_all(partial.parent().expect("a folder")).expect("a folder");
    std::os::unix::fs::symlink(&precious, &partial).expect("a link");
    let finished = transfer.pull().spawn().wait();
    assert_eq!(fs::read(&precious).expect("readable"), b"must stay", "exit {}", finished.status);
    assert!([0, 8].contains(&finished.status), "{}", finished.stderr);
    if finished.status == 0 {
        transfer.assert_whole();
    }
}

#[test]
fn the_partial_file_of_another_version_is_not_used() {
    let (mut transfer, _) = Transfer::killed_at(12 * MIB);
    let old = [transfer.partial(), transfer.journal()];
    let newer = generated(2, SIZE);
    transfer.hub.push(ID, |tree| tree.lfs(NAME, newer.clone()));
    transfer.content = newer;
    // even where somebody gave it the name of the new one
    fs::copy(&old[0], transfer.partial()).expect("a copy");
    fs::copy(&old[1], transfer.journal()).expect("a copy");
    let told = transfer.pull().args(["--json"]).any_stdout().any_stderr().run().json();
    assert_eq!(told["bytes_fetched"], SIZE as u64);
    let pointer = transfer.cached().pointer(NAME);
    assert!(fs::read(pointer).expect("a file") == transfer.content);
    assert!(!transfer.partial().exists() && !transfer.journal().exists());
}

#[test]
fn force_fetches_again_what_an_earlier_run_left() {
    let (transfer, _) = Transfer::killed_at(12 * MIB);
    let (finished, fetched) = transfer.finish(transfer.pull().args(["--force"]).any_stderr());
    assert_eq!(fetched, SIZE as u64);
    assert!(!finished.stderr.contains("going on"), "{}", finished.stderr);
}

#[cfg(unix)]
#[test]
fn ctrl_c_and_sigterm_end_within_a_second_and_keep_what_is_there() {
    let signals: [fn(&Process); 2] = [Process::interrupt, Process::terminate];
    for signal in signals {
        let transfer = Transfer::new();
        let process = transfer.start_until(12 * MIB);
        let (finished, took) = end_by(process, signal);
        assert_eq!(finished.status, 130);
        assert!(took < Duration::from_secs(1), "it took {took:?}");
        snapbox::assert_data_eq!(
            transfer.sandbox.redact(&finished.stderr),
            str![[r#"
error: interrupted; what has arrived is kept
hint: run the same command again to go on from there

"#]]
        );
        assert_eq!(finished.stdout, "");
        transfer.cached().is_nameless().expect("no names");
        let open = in_cache::open_streams(&transfer.hub.take_requests(), SIZE as u64);
        let most = transfer.missing() + open * MIB as u64;
        let (_, fetched) = transfer.finish(transfer.pull().any_stderr());
        assert!(fetched <= most, "{fetched} bytes fetched, not {most} at most");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_wait_that_the_server_ordered() {
    let transfer = Transfer::new();
    let limit = Fault::RateLimited { retry_after: Some(300), reset: None };
    transfer.hub.fault(At::api(""), limit, Times::Always);
    let process = transfer.pull().spawn();
    until("it waits", || process.stderr().contains("rate limited, going on in"));
    let (finished, took) = end_by(process, Process::interrupt);
    assert_eq!(finished.status, 130);
    assert!(took < Duration::from_secs(1), "it took {took:?}");
    assert_eq!(transfer.sandbox.tree("cache"), "");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_tells_machines_so() {
    let transfer = Transfer::new();
    transfer.hub.fault(At::cdn(NAME), Fault::StallAt(MIB as u64), Times::Always);
    let process = transfer.pull().args(["--json"]).spawn();
    transfer.hub.until("it stalls", |requests| in_cache::sent(requests) >= MIB as u64);
    let (finished, _) = end_by(process, Process::interrupt);
    let told = finished.json();
    assert_eq!((&told["error"]["kind"], &told["error"]["status"]), (&"interrupted".into(), &130.into()));
}

/// Sends a signal and waits for the end, without the search for leaks that follows it.
#[cfg(unix)]
fn end_by(mut process: Process, signal: fn(&Process)) -> (Finished, Duration) {
    let since = Instant::now();
    signal(&process);
    until("it ends", || process.has_ended());
    let took = since.elapsed();
    (process.wait(), took)
}

#[test]
fn a_connection_that_is_cut_many_times_loses_nothing() {
    let transfer = Transfer::new();
    transfer.hub.fault(At::cdn(NAME), Fault::Cut(2 * MIB as u64 + 12_345), Times::Next(6));
    let (_, fetched) = transfer.finish(transfer.pull().any_stderr());
    // a connection that is given up for a faster one may have had a piece that was not written yet
    assert!(fetched < (SIZE + MIB) as u64, "{fetched} bytes fetched");
}

#[test]
fn links_that_expired_are_asked_for_again() {
    let transfer = Transfer::new();
    transfer.hub.configure(|options| options.link_uses = Some(1));
    transfer.hub.fault(At::cdn(NAME), Fault::Cut(6 * MIB as u64), Times::Next(2));
    transfer.finish(transfer.pull().any_stderr());

    let transfer = Transfer::new();
    transfer.hub.fault(At::cdn(NAME), Fault::Stall(6 * MIB as u64), Times::Next(1));
    let process = transfer.pull().env("HF_HUB_DOWNLOAD_TIMEOUT", "1").spawn();
    transfer.hub.until("it stalls", |requests| in_cache::sent(requests) >= 6 * MIB as u64);
    transfer.hub.expire_links();
    let finished = process.wait();
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    transfer.assert_whole();
}

#[test]
fn the_whole_file_in_answer_to_a_range_is_used_as_that() {
    let (transfer, most) = Transfer::killed_at(12 * MIB);
    transfer.hub.fault(At::cdn(NAME), Fault::IgnoreRange, Times::Always);
    transfer.hub.take_requests();
    transfer.pull().any_stdout().any_stderr().run();
    transfer.assert_whole();
    let sent = in_cache::sent(&transfer.hub.take_requests());
    assert!(sent <= most + 2 * SIZE as u64, "{sent} bytes sent");
}

#[test]
fn a_gate_that_closes_between_two_runs_keeps_the_partial_file() {
    let (transfer, most) = Transfer::killed_at(14 * MIB);
    transfer.hub.set_access("bob", ID, Access::Rejected);
    transfer.pull().status(4).any_stderr().run();
    assert!(transfer.partial().exists());
    transfer.hub.set_access("bob", ID, Access::Granted);
    let (_, fetched) = transfer.finish(transfer.pull().any_stderr());
    assert!(fetched <= most);
}

#[test]
fn a_gate_that_closes_in_the_middle_is_named_and_costs_no_bytes() {
    let transfer = Transfer::new();
    transfer.hub.fault(At::cdn(NAME), Fault::StallAt(14 * MIB as u64), Times::Always);
    let process = transfer.pull().env("HF_HUB_DOWNLOAD_TIMEOUT", "1").spawn();
    transfer.hub.until("it stalls", |requests| in_cache::sent(requests) >= 14 * MIB as u64);
    transfer.hub.set_access("bob", ID, Access::Rejected);
    let finished = process.wait();
    assert_eq!(finished.status, 4, "{}", finished.stderr);
    snapbox::assert_data_eq!(
        transfer.sandbox.redact(&finished.stderr),
        str![[r#"
error: access to `org/model` is gated and the request of this account was rejected
  caused by: 403 Forbidden for [HUB]/org/model/resolve/420302069b457838b6ec7fd1513eb8ba895dbc23/model.bin (request id [ID])
  server says: Your request to access model org/model has been rejected by the repo's authors.
hint: a rejected request cannot be repeated; only the owners can help: https://huggingface.co/org/model/discussions
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]
    );
    transfer.hub.set_access("bob", ID, Access::Granted);
    transfer.hub.clear_faults();
    let most = transfer.missing() + LOST_BY_A_KILL;
    let (_, fetched) = transfer.finish(transfer.pull().any_stderr());
    assert!(fetched <= most, "{fetched} bytes fetched, not {most} at most");
}
