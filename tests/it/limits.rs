//! What a system allows a process: open files, sizes of files, time. None of it may cost what has arrived.

use crate::in_cache::InCache;
use crate::sandbox::{Run, Sandbox};
#[cfg(target_os = "linux")]
use crate::support::{At, Fault, Place, Times, until};
use crate::support::{Hub, Repository, generated};
#[cfg(target_os = "linux")]
use std::{fs, path::PathBuf};

const ID: &str = "org/model";
const NAME: &str = "model.safetensors";
const MIB: usize = 1 << 20;

fn large() -> (Hub, Sandbox) {
    let hub = Hub::start(vec![Repository::model(ID).lfs(NAME, generated(3, 8 * MIB))]);
    let sandbox = Sandbox::new(&hub);
    (hub, sandbox)
}

fn pull(sandbox: &Sandbox) -> Run {
    sandbox.args(["pull", ID])
}

/// Batch systems give as few as 64; three hundred small files at once wanted 200.
#[test]
fn few_open_files_mean_fewer_at_once() {
    let names: Vec<String> = (0..300).map(|number| format!("part-{number:03}.json")).collect();
    let add = |repository: Repository, name: &String| repository.file(name, generated(7, 900));
    let repository = names.iter().fold(Repository::model(ID), add).lfs(NAME, generated(3, 8 * MIB));
    let hub = Hub::start(vec![repository]);
    hub.configure(|options| options.cdn_delay = std::time::Duration::from_millis(1));
    for limit in ["ulimit -n 24", "ulimit -n 64", "ulimit -n 256"] {
        let sandbox = Sandbox::new(&hub);
        pull(&sandbox).after(limit).any_stdout().any_stderr().run();
        let cached = InCache::of(&sandbox, &hub, ID);
        cached.is_whole(NAME, &hub.etag(ID, NAME), &generated(3, 8 * MIB)).expect("a whole file");
    }
}

#[test]
fn a_file_larger_than_the_limit_of_file_sizes_is_an_error_and_no_core_dump() {
    let (hub, sandbox) = large();
    // in blocks of 512 bytes: 4 MiB
    let stopped = pull(&sandbox).after("ulimit -f 8192").any_stderr().status(8).run();
    let said = sandbox.redact(&stopped.stderr);
    assert!(
        said.starts_with("error: could not write `[ROOT]/cache/huggingface/hub/models--org--model/blobs/"),
        "{said}"
    );
    assert!(said.contains("hint: files of this size may not be written there: `ulimit -f`"), "{said}");
    hub.take_requests();
    let second = pull(&sandbox).args(["--json"]).any_stdout().any_stderr().run().json();
    let fetched = second["bytes_fetched"].as_u64().expect("a number");
    assert!(fetched < 6 << 20, "{fetched} fetched, though some of it was here");
}

/// Two to the power of this: a file of a terabyte takes longer to hash than a test may take.
#[cfg(target_os = "linux")]
const TERABYTE: u32 = 40;

/// A hub whose file is said to be so large, and a file of that size here.
#[cfg(target_os = "linux")]
fn huge(place: impl FnOnce(&Hub, &Sandbox) -> PathBuf) -> (Hub, Sandbox) {
    let (hub, sandbox) = large();
    hub.fault(At::api("tree"), Fault::TreeSize((1 << TERABYTE) - (8 << 20)), Times::Always);
    let path = place(&hub, &sandbox);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    let sparse = fs::File::create(path).expect("a file");
    sparse.set_len(1 << TERABYTE).expect("a file system with sparse files");
    (hub, sandbox)
}

#[cfg(target_os = "linux")]
fn interrupt_while_it_hashes(hub: &Hub, pull: Run) {
    let process = pull.spawn();
    until("it is being read", || read_bytes(process.id()) > 64 << 20);
    process.interrupt();
    let stopped = process.wait();
    assert_eq!(stopped.status, 130, "{}", stopped.stderr);
    assert!(stopped.stderr.contains("error: interrupted"), "{}", stopped.stderr);
    assert_eq!(hub.count(Place::Cdn), 0);
}

#[test]
#[cfg(target_os = "linux")]
fn a_signal_is_heard_while_what_another_repository_has_is_hashed() {
    let in_other =
        |hub: &Hub, sandbox: &Sandbox| sandbox.cache().join("models--org--other/blobs").join(hub.etag(ID, NAME));
    let (hub, sandbox) = huge(in_other);
    interrupt_while_it_hashes(&hub, pull(&sandbox));
}

#[test]
#[cfg(target_os = "linux")]
fn a_signal_is_heard_while_a_file_in_a_folder_is_hashed() {
    let (hub, sandbox) = huge(|_, sandbox| sandbox.path("models").join(NAME));
    // a note of Python's that is older than the file: it may have been changed since
    let note = format!("models/.cache/huggingface/download/{NAME}.metadata");
    sandbox.write(&note, format!("{}\n{}\n1.5\n", "5b".repeat(20), hub.etag(ID, NAME)));
    let folder = sandbox.path("models");
    interrupt_while_it_hashes(&hub, pull(&sandbox).args(["--local-dir".as_ref(), folder.as_os_str()]));
}

/// How many bytes a process has read, from disks, caches and sockets.
#[cfg(target_os = "linux")]
fn read_bytes(process: u32) -> u64 {
    let counts = fs::read_to_string(format!("/proc/{process}/io")).unwrap_or_default();
    let read = counts.lines().find_map(|line| line.strip_prefix("rchar: "));
    read.and_then(|number| number.parse().ok()).unwrap_or(0)
}
