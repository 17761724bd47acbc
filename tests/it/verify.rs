//! `gatedl verify`: what is on the disk is hashed, whoever put it there and whatever was noted about it.

mod folder;
mod hostile;

use crate::in_cache::{self, InCache};
use crate::sandbox::{Run, Sandbox};
use crate::support::{Hub, Repository, generated, until};
use snapbox::str;
use std::fs;
use std::time::{Duration, Instant};

const ID: &str = "org/model";
const LARGE: usize = 300_000;

fn stage() -> (Hub, Sandbox, InCache) {
    let model = Repository::model(ID).file("config.json", "{\"a\": 1}\n").lfs("model.bin", generated(1, LARGE));
    let hub = Hub::start(vec![model]);
    let sandbox = Sandbox::new(&hub);
    let cached = InCache::of(&sandbox, &hub, ID);
    sandbox.args(["pull", ID, "--quiet"]).any_stdout().run();
    hub.take_requests();
    (hub, sandbox, cached)
}

fn verify(sandbox: &Sandbox) -> Run {
    sandbox.args(["verify"])
}

/// One bit of a file.
fn flip(path: &std::path::Path) {
    let mut bytes = fs::read(path).expect("a file");
    bytes[7] ^= 1;
    fs::write(path, bytes).expect("damage");
}

#[test]
fn what_is_right_is_counted_and_nobody_is_asked() {
    let (hub, sandbox, _) = stage();
    let hashing = str![[r#"
hashing 2 files that are here (300.01 kB)

"#]];
    for arguments in [&[][..], &[ID], &["org/model@main"], &["hf:org/model"]] {
        verify(&sandbox).args(arguments).stdout("2 files right, 300.01 kB hashed\n").stderr(hashing.clone()).run();
    }
    verify(&sandbox)
        .args(["hf://org/model@main/model.bin", "--quiet"])
        .stdout("1 file right, 300.00 kB hashed\n")
        .run();
    assert_eq!(hub.take_log(), "");
}

#[test]
fn one_flipped_byte_is_named_without_a_network_and_nothing_is_called_right() {
    let (hub, sandbox, cached) = stage();
    let blob = cached.blob(&hub.etag(ID, "model.bin"));
    flip(&blob);
    let offline = || verify(&sandbox).env("HF_ENDPOINT", "http://127.0.0.1:9");
    offline()
        .status(6)
        .stdout(str![[r#"
FILE       STATE                                         OF
model.bin  wrong: its content is not what its hash says  org/model@63554d3fda71

1 file right, 300.01 kB hashed; 1 wrong

"#]])
        .stderr(str![[r#"
hashing 2 files that are here (300.01 kB)
hint: the same command with --repair fetches what is wrong again

"#]])
        .run();
    let document = offline().args(["--json", "--quiet"]).status(6).any_stdout().run().json();
    assert_eq!(document["version"], 1);
    assert_eq!((&document["status"], &document["right"]), (&6.into(), &1.into()), "{document}");
    assert_eq!(document["files"].as_array().map(Vec::len), Some(1), "{document}");
    assert_eq!(document["files"][0]["state"], "wrong");
    assert_eq!(document["files"][0]["path"], "model.bin");
    assert_eq!(document["files"][0]["repo"], ID);
    // and no pull takes it for right
    sandbox.args(["pull", ID, "--offline"]).status(5).any_stderr().run();
    assert_eq!(hub.take_log(), "");
}

#[test]
fn repair_fetches_what_is_wrong_alone() {
    let (hub, sandbox, cached) = stage();
    let (blob, config) = (cached.blob(&hub.etag(ID, "model.bin")), cached.blob(&hub.etag(ID, "config.json")));
    flip(&blob);
    let untouched = fs::metadata(&config).and_then(|found| found.modified()).expect("a file");
    verify(&sandbox)
        .args(["--repair", "--quiet"])
        .stdout(str![[r#"
FILE       STATE     OF
model.bin  repaired  org/model@63554d3fda71

1 file right, 300.01 kB hashed; 1 repaired

"#]])
        .stderr(str![[r#"
warning: `model.bin` is damaged in the cache: `[ROOT]/cache/huggingface/hub/models--org--model/blobs/3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94` is not what its name says; fetching it again

"#]])
        .run();
    let requests = hub.take_requests();
    assert_eq!(in_cache::gets(&requests), 1, "{requests:?}");
    cached.is_whole("model.bin", &hub.etag(ID, "model.bin"), &generated(1, LARGE)).expect("whole");
    assert_eq!(fs::metadata(&config).and_then(|found| found.modified()).expect("a file"), untouched);
    verify(&sandbox).args(["--quiet"]).stdout("2 files right, 300.01 kB hashed\n").run();
    assert_eq!(hub.take_log(), "");
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_wrong_and_what_was_left_out_is_missing() {
    let (hub, sandbox, cached) = stage();
    fs::remove_file(cached.blob(&hub.etag(ID, "model.bin"))).expect("a blob");
    fs::remove_file(cached.pointer("config.json")).expect("a link");
    let blob = cached.blob(&hub.etag(ID, "config.json"));
    verify(&sandbox)
        .args([ID, "--quiet"])
        .status(6)
        .stdout(str![[r#"
FILE         STATE                           OF
model.bin    wrong: it is a link to nothing  org/model@63554d3fda71
config.json  missing                         org/model@63554d3fda71

1 file right, 9 B hashed; 1 wrong, 1 missing

"#]])
        .run();
    verify(&sandbox).args(["--repair", "--quiet"]).any_stdout().run();
    assert_eq!(in_cache::gets(&hub.take_requests()), 1);
    assert!(blob.exists() && !cached.pointer("config.json").exists(), "what is missing was left out by somebody");
    assert!(cached.pointer("model.bin").exists());
}

#[cfg(unix)]
#[test]
fn a_cache_of_other_tools_is_judged_by_the_names_of_its_blobs_and_paid_for_once() {
    let (hub, sandbox, cached) = stage();
    let root = sandbox.cache().join("models--org--model");
    for ours in [".gatedl", "trees"] {
        fs::remove_dir_all(root.join(ours)).expect("a folder");
    }
    crate::verified::settled(&cached.blob(&hub.etag(ID, "config.json")));
    verify(&sandbox).args(["--quiet"]).stdout("2 files right, 300.01 kB hashed\n").run();
    let notes = fs::read_to_string(cached.notes()).expect("notes");
    assert_eq!(notes.lines().count(), 2, "{notes}");
    // nothing is hashed, and nothing noted twice
    sandbox.args(["pull", ID, "--offline"]).any_stdout().stderr("org/model@main is up to date: 2 files\n").run();
    verify(&sandbox).args(["--quiet"]).any_stdout().run();
    assert_eq!(fs::read_to_string(cached.notes()).expect("notes"), notes);

    flip(&cached.blob(&hub.etag(ID, "config.json")));
    fs::write(cached.blob(&"ab".repeat(32)), "of no commit").expect("a blob");
    verify(&sandbox)
        .args(["--quiet"])
        .status(6)
        .stdout(str![[r#"
FILE                                                                    STATE                                         OF
config.json                                                             wrong: its content is not what its hash says  org/model@63554d3fda71
blobs/abababababababababababababababababababababababababababababababab  wrong: its content is not what its hash says  org/model

1 file right, 300.02 kB hashed; 2 wrong

"#]])
        .run();
    verify(&sandbox).args(["--quiet", "--repair"]).any_stdout().any_stderr().run();
    assert!(!cached.blob(&"ab".repeat(32)).exists(), "of use to nobody");
    verify(&sandbox).args(["--quiet"]).stdout("2 files right, 300.01 kB hashed\n").run();
    hub.take_requests();
}

#[test]
fn what_is_not_here_is_not_found_and_what_is_no_reference_is_none() {
    let (_hub, sandbox, _) = stage();
    for reference in ["org/other", "org/model@v2", "datasets/org/model", "civitai:1@2"] {
        verify(&sandbox)
            .args([reference])
            .status(5)
            .stderr(format!("error: `{reference}` is not in the cache\n"))
            .run();
    }
    verify(&sandbox).args(["org/model:Q4_K_M"]).status(2).any_stderr().run();
}

#[test]
fn no_cache_is_nothing_wrong() {
    let sandbox = Sandbox::without_hub();
    verify(&sandbox).stdout("0 files right, 0 B hashed\n").run();
    assert_eq!(sandbox.tree("cache"), "");
}

#[cfg(unix)]
#[test]
fn a_stop_is_heard_while_much_is_hashed() {
    let (hub, sandbox, cached) = stage();
    // 64 GB of nothing
    let blob = cached.blob(&hub.etag(ID, "model.bin"));
    fs::remove_dir_all(sandbox.cache().join("models--org--model/trees")).expect("a folder");
    fs::File::options().write(true).open(&blob).and_then(|file| file.set_len(64 << 30)).expect("a hole");
    let mut process = verify(&sandbox).spawn();
    until("it is being hashed", || process.stderr().contains("hashing 2 files that are here (68.72 GB)"));
    process.interrupt();
    let asked = Instant::now();
    until("it ends", || process.has_ended());
    // the hash alone would take half a minute on the fastest of machines
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    assert_eq!(process.wait().status, 130);
    // the search for leaks reads every file
    fs::remove_file(&blob).expect("removed");
}
