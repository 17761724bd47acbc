//! Names in the way of others, names that are long, names that a shell would have read in another way, and what killed runs
//! left under names of their own.

use crate::in_cache::InCache;
use crate::sandbox::{Run, Sandbox};
use crate::support::{Hub, Repository, generated};
use snapbox::str;
use std::fs;
use std::path::PathBuf;

const ID: &str = "org/model";

fn stage() -> (Hub, Sandbox) {
    let hub =
        Hub::start(vec![Repository::model(ID).file("config.json", "{}\n").lfs("model.bin", generated(1, 300_000))]);
    let sandbox = Sandbox::new(&hub);
    (hub, sandbox)
}

fn local(sandbox: &Sandbox, hub: &Hub) -> Run {
    let endpoint = hub.url();
    sandbox.args(["pull", ID, "--local-dir", "here", "--quiet"]).env("HF_ENDPOINT", endpoint).any_stdout()
}

#[test]
fn a_branch_that_moves_between_a_name_and_a_name_below_it() {
    let (_hub, sandbox) = stage();
    sandbox.args(["pull", ID, "--quiet"]).any_stdout().run();
    let main = sandbox.cache().join("models--org--model/refs/main");
    // as a pull of the branch `main/x` would have left it
    let commit = fs::read(&main).expect("a ref");
    fs::remove_file(&main).expect("a ref");
    fs::create_dir(&main).expect("a folder");
    fs::write(main.join("x"), &commit).expect("a ref");
    sandbox.args(["pull", ID, "--quiet"]).any_stdout().run();
    assert_eq!(fs::read(&main).expect("a ref"), commit);
}

#[test]
fn a_file_that_becomes_a_folder_and_back_in_a_folder_of_the_user() {
    let hub = |path: &str| Hub::start(vec![Repository::model(ID).file(path, "new\n").file("config.json", "{}\n")]);
    let (file, folder) = (hub("data"), hub("data/x.json"));
    let sandbox = Sandbox::new(&file);
    let here = sandbox.path("desk/here");
    local(&sandbox, &file).run();
    assert!(here.join("data").is_file());
    local(&sandbox, &folder).run();
    assert!(here.join("data/x.json").is_file());
    local(&sandbox, &file).run();
    assert!(here.join("data").is_file());
}

#[test]
fn a_file_of_the_users_own_makes_no_room() {
    let hub = Hub::start(vec![Repository::model(ID).file("data/x.json", "new\n")]);
    let sandbox = Sandbox::new(&hub);
    let own = sandbox.write("desk/here/data", "mine");
    let finished = local(&sandbox, &hub).status(8).any_stderr().run();
    assert!(finished.stderr.contains("is in the way: a folder is needed there"), "{}", finished.stderr);
    assert_eq!(fs::read(own).expect("a file"), b"mine");
}

#[test]
fn a_file_of_the_users_own_is_not_replaced_without_a_word() {
    let (hub, sandbox) = stage();
    sandbox.write("desk/here/config.json", "mine");
    local(&sandbox, &hub)
        .stderr(str![[r#"
warning: `config.json` in the folder is not what a pull left there; it is replaced

"#]])
        .run();
    local(&sandbox, &hub).args(["--force"]).run();
}

#[test]
fn names_of_every_length_that_a_file_system_has() {
    let names: Vec<String> = [240, 246, 247, 250, 251, 255].map(|length| "n".repeat(length)).into();
    let repository = names.iter().fold(Repository::model(ID), |repository, name| repository.file(name, "{}\n"));
    let hub = Hub::start(vec![repository]);
    let sandbox = Sandbox::new(&hub);
    for _ in 0..2 {
        local(&sandbox, &hub).run();
        for name in &names {
            assert_eq!(fs::read(sandbox.path("desk/here").join(name)).expect("a file"), b"{}\n", "{}", name.len());
        }
    }
    sandbox.args(["pull", ID, "--quiet"]).any_stdout().run();
}

#[test]
fn notes_that_somebody_committed_do_not_stop_a_pull() {
    let repository =
        Repository::model(ID).file("config.json", "{}\n").file(".cache/huggingface/download/x.metadata", "a");
    let hub = Hub::start(vec![repository]);
    let sandbox = Sandbox::new(&hub);
    local(&sandbox, &hub)
        .stderr(str![[r#"
warning: `.cache/huggingface/download/x.metadata` is left out, for it cannot be a file here: the notes about downloads stand there

"#]])
        .run();
    assert!(sandbox.path("desk/here/config.json").is_file());
    assert!(!sandbox.path("desk/here/.cache/huggingface/download/x.metadata").exists());
}

#[test]
fn a_tilde_is_the_home_folder_and_quotes_are_an_error() {
    let (_hub, sandbox) = stage();
    sandbox.args(["pull", ID, "--quiet", "--local-dir=~/x"]).any_stdout().run();
    assert!(sandbox.path("home/x/config.json").is_file() && !sandbox.path("desk/~").exists());
    sandbox.args(["pull", ID, "--quiet", "--cache-dir=~/c"]).any_stdout().run();
    assert!(sandbox.path("home/c/models--org--model").is_dir());
    sandbox.write_private("home/t", "token-of-nobody");
    let finished = sandbox.args(["pull", ID, "--token-file=~/none"]).status(2).any_stderr().run();
    assert!(finished.stderr.contains("home/none"), "{}", finished.stderr);
    for (argument, problem) in [("--local-dir=~bob/x", "another user's home"), ("--cache-dir='~/c'", "leave them out")]
    {
        let finished = sandbox.args(["pull", ID, argument]).status(2).any_stderr().run();
        assert!(finished.stderr.contains(problem), "{}", finished.stderr);
    }
    let finished = sandbox.args(["pull", ID]).env("HF_HOME", "\"/x\"").status(2).any_stderr().run();
    assert!(finished.stderr.contains("HF_HOME") && finished.stderr.contains("leave them out"), "{}", finished.stderr);
}

#[cfg(unix)]
#[test]
fn a_cache_behind_a_link_to_a_disk_that_is_not_mounted() {
    let (_hub, sandbox) = stage();
    std::os::unix::fs::symlink("/not/mounted", sandbox.path("hf")).expect("a link");
    let finished = sandbox.args(["pull", ID]).env("HF_HOME", sandbox.path("hf")).status(8).any_stderr().run();
    let told = "/hf` is a link to `/not/mounted`, which is not there; is its disk mounted?";
    assert!(finished.stderr.contains(told), "{}", finished.stderr);
}

/// What runs leave that are killed between making a temporary file and giving it its name.
#[cfg(target_os = "linux")]
#[test]
fn what_killed_runs_left_is_named_by_doctor_and_removed_by_the_next_pull() {
    let (hub, sandbox) = stage();
    sandbox.args(["pull", ID, "config.json", "--quiet"]).any_stdout().run();
    let repo = sandbox.cache().join("models--org--model");
    let name = name_of_a_dead_run(&sandbox, &hub);
    let left: Vec<PathBuf> = [
        format!(".gatedl/link-{name}"),
        format!(".gatedl/write-{name}.tmp"),
        format!(".gatedl/copy-{name}.tmp"),
        format!(".gatedl/{}.journal", "ab".repeat(32)),
        format!("blobs/{}.{name}.gatedl.incomplete", "ab".repeat(32)),
    ]
    .map(|name| repo.join(name))
    .into();
    for path in &left {
        fs::write(path, "left").expect("a file");
    }
    let told = sandbox.args(["doctor", "--offline"]).any_stdout().any_stderr().run().stdout;
    assert!(told.contains("4 of a gatedl that was killed, which the next pull of the repository removes"), "{told}");
    sandbox.args(["pull", ID, "--quiet"]).any_stdout().run();
    assert!(left.iter().all(|path| !path.exists()), "{}", sandbox.tree("cache"));
    assert_eq!(InCache::of(&sandbox, &hub, ID).unfinished(), Vec::<PathBuf>::new());
}

/// The mark in the journal of a run that was killed, with the end that names of temporary files have.
#[cfg(target_os = "linux")]
fn name_of_a_dead_run(sandbox: &Sandbox, hub: &Hub) -> String {
    use crate::support::{At, Fault, Times, until};
    hub.fault(At::cdn("model.bin"), Fault::Stall(0), Times::Always);
    let process = sandbox.args(["pull", ID]).spawn();
    let cached = InCache::of(sandbox, hub, ID);
    let (journal, partial) = (cached.journal(&hub.etag(ID, "model.bin")), cached.partial(&hub.etag(ID, "model.bin")));
    until("the journal is marked", || partial.exists());
    process.kill();
    hub.clear_faults();
    let text = fs::read_to_string(journal).expect("a journal");
    let mark: u64 = text.lines().nth(1).and_then(|line| line.strip_suffix(" 0")?.parse().ok()).expect("a mark");
    format!("w{mark:016x}-abc")
}
