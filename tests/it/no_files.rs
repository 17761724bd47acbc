//! Where a small file is expected something else stands: a pipe that nobody writes into, a link to a device without an
//! end. Nothing waits for it or reads it.

use crate::in_cache::InCache;
use crate::sandbox::Sandbox;
use crate::support::{Hub, Repository, generated};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use snapbox::str;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

const ID: &str = "org/model";
const SIZE: usize = 300_000;

fn stage() -> (Hub, Sandbox) {
    let repository = Repository::model(ID).file("config.json", "{}\n").lfs("model.bin", generated(1, SIZE));
    let hub = Hub::start(vec![repository]);
    let sandbox = Sandbox::new(&hub);
    (hub, sandbox)
}

/// Both kinds, each made at a path that had a file or nothing.
const KINDS: [fn(&Path); 2] = [
    |path| mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR).expect("a pipe"),
    |path| symlink("/dev/zero", path).expect("a link"),
];

fn replace(path: &Path, make: fn(&Path)) {
    fs::create_dir_all(path.parent().expect("a folder above")).expect("a folder");
    if path.symlink_metadata().is_ok() {
        fs::remove_file(path).expect("a file to replace");
    }
    make(path);
}

#[test]
fn a_ref_a_listing_and_a_journal_that_are_no_files_are_as_good_as_none() {
    for make in KINDS {
        let (hub, sandbox) = stage();
        sandbox.args(["pull", ID, "--quiet"]).any_stdout().run();
        let cached = InCache::of(&sandbox, &hub, ID);
        let repo = sandbox.cache().join("models--org--model");
        let etag = hub.etag(ID, "model.bin");
        replace(&repo.join("refs/main"), make);
        replace(&repo.join(format!("trees/{}.json", hub.commit(ID, "main"))), make);
        replace(&cached.journal(&etag), make);
        fs::remove_file(cached.blob(&etag)).expect("a blob");
        sandbox.args(["pull", ID, "--offline"]).status(5).any_stderr().run();
        sandbox.args(["pull", ID, "--quiet"]).any_stdout().run();
        cached.is_whole("model.bin", &etag, &generated(1, SIZE)).expect("a whole file");
        assert!(repo.join("refs/main").symlink_metadata().expect("a ref").is_file());
    }
}

#[test]
fn notes_and_locks_of_a_folder_that_are_no_files() {
    for make in KINDS {
        let (_hub, sandbox) = stage();
        let pull = || sandbox.args(["pull", ID, "--local-dir", "here", "--quiet"]).any_stdout();
        pull().run();
        let notes = sandbox.path("desk/here/.cache/huggingface/download");
        replace(&notes.join("model.bin.metadata"), make);
        pull().run();
        assert!(notes.join("model.bin.metadata").symlink_metadata().expect("a note").is_file());
    }
}

#[test]
fn a_configuration_that_is_no_file_is_named() {
    for make in KINDS {
        let sandbox = Sandbox::without_hub();
        replace(&sandbox.path("config/gatedl/config.toml"), make);
        sandbox
            .args(["pull", ID])
            .status(2)
            .stderr(str![[r#"
error: could not read the configuration file `[ROOT]/config/gatedl/config.toml`
  caused by: it is not a regular file

"#]])
            .run();
    }
}

#[test]
fn a_stored_login_that_is_no_file_is_named() {
    for make in KINDS {
        let sandbox = Sandbox::without_hub();
        replace(&sandbox.path("cache/huggingface/token"), make);
        let finished = sandbox.args(["pull", ID]).any_stderr().status(2).run();
        assert!(finished.stderr.contains("it is not a regular file"), "{}", finished.stderr);
    }
}

#[test]
fn a_token_file_without_an_end_is_read_up_to_a_limit() {
    let sandbox = Sandbox::without_hub();
    let finished = sandbox.args(["pull", ID, "--token-file", "/dev/zero"]).any_stderr().status(2).run();
    assert!(finished.stderr.contains("it has more than"), "{}", finished.stderr);
}

#[test]
fn doctor_does_not_wait_for_a_lock_that_is_a_pipe() {
    let (hub, sandbox) = stage();
    let etag = hub.etag(ID, "model.bin");
    let cached = InCache::of(&sandbox, &hub, ID);
    replace(&cached.partial(&etag), |path| fs::write(path, "x").expect("a file"));
    replace(&sandbox.cache().join(format!(".locks/models--org--model/{etag}.lock")), KINDS[0]);
    let finished = sandbox.args(["doctor"]).any_stdout().any_stderr().run();
    assert!(finished.stdout.contains("unfinished"), "{}", finished.stdout);
}
