//! `--local-dir`: plain files in a folder of the user's, with the notes that `huggingface_hub` reads, and without harm to
//! what the user has there.

use crate::in_cache;
use crate::sandbox::{Run, Sandbox};
use crate::support::{At, Fault, Hub, Place, Repository, Times, generated, until};
use regex::Regex;
use snapbox::{assert_data_eq, str};
use std::fs;
use std::path::{Path, PathBuf};

const ID: &str = "org/model";
const LARGE: usize = 300_000;

fn repository() -> Repository {
    Repository::model(ID)
        .file("config.json", "{\"a\": 1}\n")
        .file("sub/deep/t.json", "[]\n")
        .lfs("model.bin", generated(1, LARGE))
}

fn stage() -> (Hub, Sandbox) {
    let hub = Hub::start(vec![repository()]);
    let sandbox = Sandbox::new(&hub);
    (hub, sandbox)
}

/// A pull into `desk/here` of which only the files matter.
fn pull(sandbox: &Sandbox) -> Run {
    sandbox.args(["pull", ID, "--local-dir", "here", "--quiet"]).any_stdout()
}

fn here(sandbox: &Sandbox, path: &str) -> PathBuf {
    sandbox.path("desk/here").join(path)
}

#[track_caller]
fn assert_files(sandbox: &Sandbox) {
    assert_eq!(fs::read_to_string(here(sandbox, "config.json")).expect("a file"), "{\"a\": 1}\n");
    assert_eq!(fs::read_to_string(here(sandbox, "sub/deep/t.json")).expect("a file"), "[]\n");
    assert!(fs::read(here(sandbox, "model.bin")).expect("a file") == generated(1, LARGE));
}

fn notes(sandbox: &Sandbox, path: &str) -> String {
    let path = here(sandbox, ".cache/huggingface/download").join(format!("{path}.metadata"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn plain_files_with_notes_beside_them_and_the_cache_untouched() {
    let (hub, sandbox) = stage();
    sandbox
        .args(["pull", ID, "--local-dir", "here"])
        .stdout(str![[r#"
[ROOT]/desk/here

"#]])
        .stderr(str![[r#"
org/model@main: 3 files verified, 300.01 kB fetched in [TIME]

"#]])
        .run();
    assert_files(&sandbox);
    assert_data_eq!(
        sandbox.tree("desk"),
        str![[r#"
here/.cache/huggingface/.gatedl/verified
here/.cache/huggingface/.gitignore
here/.cache/huggingface/CACHEDIR.TAG
here/.cache/huggingface/download/config.json.lock
here/.cache/huggingface/download/config.json.metadata
here/.cache/huggingface/download/model.bin.lock
here/.cache/huggingface/download/model.bin.metadata
here/.cache/huggingface/download/sub/deep/t.json.lock
here/.cache/huggingface/download/sub/deep/t.json.metadata
here/.cache/huggingface/trees/dc087ff6b1fb7a6dc1438e63af8bcb03ae83297f.json
here/config.json
here/model.bin
here/sub/deep/t.json

"#]]
    );
    assert_eq!(sandbox.tree("cache"), "");
    for path in ["config.json", "sub/deep/t.json", "model.bin"] {
        let shape = format!(r"^{}\n{}\n\d{{10}}\.\d+\n$", hub.commit(ID, "main"), hub.etag(ID, path));
        assert!(Regex::new(&shape).expect("a pattern").is_match(&notes(&sandbox, path)), "{:?}", notes(&sandbox, path));
        assert!(!here(&sandbox, path).is_symlink());
    }
    assert_eq!(sandbox.read("desk/here/.cache/huggingface/.gitignore"), b"*");
}

#[test]
fn one_named_file_is_what_is_printed() {
    let (_hub, sandbox) = stage();
    sandbox
        .args(["pull", ID, "sub/deep/t.json", "--local-dir", "here", "--quiet"])
        .stdout(str![[r#"
[ROOT]/desk/here/sub/deep/t.json

"#]])
        .run();
    assert!(!here(&sandbox, "config.json").exists());
}

#[test]
fn a_second_pull_of_a_branch_takes_one_request_and_of_a_commit_none() {
    let (hub, sandbox) = stage();
    pull(&sandbox).run();
    hub.take_requests();
    pull(&sandbox).run();
    assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/org/model/revision/main 200

"#]]
    );
    pull(&sandbox).args(["--revision", &hub.commit(ID, "main")]).run();
    pull(&sandbox).args(["--offline", "--revision", &hub.commit(ID, "main")]).run();
    assert_eq!(hub.count_all(), 0);
}

#[test]
fn offline_a_new_folder_gets_what_the_cache_has() {
    let (hub, sandbox) = stage();
    sandbox.args(["pull", ID, "--quiet"]).any_stdout().run();
    hub.take_requests();
    let offline = || pull(&sandbox).args(["--offline"]);
    offline().args(["--dry-run"]).any_stdout().run();
    assert!(!here(&sandbox, "").exists(), "a plan writes nothing");
    offline().run();
    assert_files(&sandbox);
    fs::remove_dir_all(here(&sandbox, "")).expect("it was there");
    // what is not what its name says is not taken
    let blob = fs::canonicalize(in_cache::InCache::of(&sandbox, &hub, ID).pointer("model.bin")).expect("a blob");
    let mut content = fs::read(&blob).expect("a blob");
    content[0] ^= 1;
    fs::write(&blob, content).expect("a blob");
    offline()
        .status(5)
        .stderr(str![[r#"
error: `org/model` at `main` is not complete in the cache, and gatedl is offline
hint: missing: `model.bin`
hint: run the same command online once (without --offline and HF_HUB_OFFLINE)

"#]])
        .run();
    assert!(!here(&sandbox, "model.bin").exists());
    fs::remove_file(&blob).expect("it was there");
    offline().status(5).any_stderr().run();
    assert_eq!(hub.count_all(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_cache_that_can_only_be_read_has_ways_around_it() {
    let (_hub, sandbox) = stage();
    // nobody makes folders there, root neither
    sandbox
        .args(["pull", ID, "--cache-dir", "/sys/gatedl"])
        .status(8)
        .stderr(str![[r#"
error: the cache can only be read: could not create the folder `/sys/gatedl[..]`
  caused by: [..]
hint: --offline takes what the cache has, at the commit that it has
hint: --cache-dir names another cache; `gatedl pull` also takes --local-dir

"#]])
        .run();
}

#[test]
fn a_new_commit_brings_only_what_changed() {
    let (hub, sandbox) = stage();
    pull(&sandbox).run();
    let commit = hub.push(ID, |tree| tree.file("config.json", "{\"a\": 2}\n"));
    hub.take_requests();
    pull(&sandbox).run();
    assert_eq!(in_cache::gets(&hub.take_requests()), 1);
    assert_eq!(fs::read_to_string(here(&sandbox, "config.json")).expect("a file"), "{\"a\": 2}\n");
    for path in ["config.json", "sub/deep/t.json", "model.bin"] {
        assert!(notes(&sandbox, path).starts_with(&commit), "{path} is noted as that of the new commit");
    }
}

#[test]
fn what_the_user_changed_is_replaced_only_by_verified_content() {
    let (hub, sandbox) = stage();
    fs::create_dir_all(here(&sandbox, "")).expect("a folder");
    fs::write(here(&sandbox, "model.bin"), "the user's own").expect("a file");
    for (fault, status) in [(Fault::FlipBit(5), 6), (Fault::HtmlPage, 7)] {
        hub.fault(At::cdn("model.bin"), fault, Times::Always);
        pull(&sandbox).status(status).any_stderr().run();
        assert_eq!(fs::read_to_string(here(&sandbox, "model.bin")).expect("a file"), "the user's own");
        hub.clear_faults();
    }
    pull(&sandbox)
        .stderr(str![[r#"
warning: `model.bin` in the folder is not what a pull left there; it is replaced

"#]])
        .run();
    assert_files(&sandbox);

    // the same length, but younger than its note
    fs::write(here(&sandbox, "config.json"), "{\"a\": 9}\n").expect("a file");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    let file = fs::File::options().write(true).open(here(&sandbox, "config.json"));
    file.and_then(|file| file.set_modified(later)).expect("a time");
    pull(&sandbox)
        .stderr(str![[r#"
warning: `config.json` in the folder is not what a pull left there; it is replaced

"#]])
        .run();
    assert_files(&sandbox);
}

#[test]
fn files_that_are_there_and_right_are_not_fetched() {
    let (hub, sandbox) = stage();
    fs::create_dir_all(here(&sandbox, "")).expect("a folder");
    fs::write(here(&sandbox, "model.bin"), generated(1, LARGE)).expect("a file");
    pull(&sandbox).run();
    assert_eq!(hub.count(Place::Cdn), 0);
    assert_files(&sandbox);
    assert!(notes(&sandbox, "model.bin").contains(&hub.etag(ID, "model.bin")), "noted, so that it is not read again");
}

#[test]
fn force_fetches_again() {
    let (hub, sandbox) = stage();
    pull(&sandbox).run();
    hub.take_requests();
    pull(&sandbox).args(["--force"]).run();
    assert_eq!(in_cache::gets(&hub.take_requests()), 3);
    assert_files(&sandbox);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_the_folder_is_refused() {
    use std::os::unix::fs::symlink;
    let (hub, sandbox) = stage();
    sandbox.write("home/precious/deep/t.json", "must stay");
    fs::create_dir_all(here(&sandbox, "")).expect("a folder");
    symlink(sandbox.path("home/precious"), here(&sandbox, "sub")).expect("a link");
    sandbox
        .args(["pull", ID, "--local-dir", "here"])
        .status(8)
        .stderr(str![[r#"
error: `[ROOT]/desk/here/sub` is a link out of the destination folder (to `[ROOT]/home/precious`)

"#]])
        .run();
    assert_eq!(sandbox.read("home/precious/deep/t.json"), b"must stay");
    assert_eq!(in_cache::gets(&hub.requests()), 0);

    // the notes are no way out either
    let (_hub, sandbox) = stage();
    fs::create_dir_all(here(&sandbox, "")).expect("a folder");
    fs::create_dir_all(sandbox.path("home/precious")).expect("a folder");
    symlink(sandbox.path("home/precious"), here(&sandbox, ".cache")).expect("a link");
    sandbox
        .args(["pull", ID, "--local-dir", "here"])
        .status(8)
        .stderr(str![[r#"
error: `[ROOT]/desk/here/.cache` is a link out of the destination folder (to `[ROOT]/home/precious`)

"#]])
        .run();
    assert_eq!(sandbox.tree("home"), "precious/\n");
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_a_file_is_replaced_and_not_followed() {
    let (_hub, sandbox) = stage();
    let precious = sandbox.write("home/precious", "must stay");
    fs::create_dir_all(here(&sandbox, "")).expect("a folder");
    std::os::unix::fs::symlink(&precious, here(&sandbox, "model.bin")).expect("a link");
    pull(&sandbox)
        .stderr(str![[r#"
warning: `model.bin` in the folder is not what a pull left there; it is replaced

"#]])
        .run();
    assert_files(&sandbox);
    assert!(!here(&sandbox, "model.bin").is_symlink());
    assert_eq!(sandbox.read("home/precious"), b"must stay");
}

#[cfg(unix)]
#[test]
fn the_folder_itself_may_be_a_link() {
    let (_hub, sandbox) = stage();
    fs::create_dir_all(sandbox.path("home/disk")).expect("a folder");
    std::os::unix::fs::symlink(sandbox.path("home/disk"), sandbox.path("desk/here")).expect("a link");
    pull(&sandbox).run();
    assert_files(&sandbox);
    assert!(sandbox.path("home/disk/model.bin").is_file());
}

#[test]
fn something_in_the_way_is_named_before_any_byte() {
    let cases: [(&str, snapbox::data::Inline); 4] = [
        (
            "desk/here",
            str![[r#"
error: `[ROOT]/desk/here` is in the way: a folder is needed there

"#]],
        ),
        (
            "desk/here/sub",
            str![[r#"
error: `[ROOT]/desk/here/sub` is in the way: a folder is needed there

"#]],
        ),
        (
            "desk/here/model.bin/theirs",
            str![[r#"
error: a folder stands in the way of the file `[ROOT]/desk/here/model.bin`

"#]],
        ),
        (
            "desk/here/.cache/huggingface",
            str![[r#"
error: `[ROOT]/desk/here/.cache/huggingface` is in the way: a folder is needed there

"#]],
        ),
    ];
    for (path, expected) in cases {
        let (hub, sandbox) = stage();
        sandbox.write(path, "theirs");
        sandbox.args(["pull", ID, "--local-dir", "here"]).status(8).stderr(expected).run();
        assert_eq!(sandbox.read(path), b"theirs");
        assert_eq!(in_cache::gets(&hub.requests()), 0);
    }
}

#[test]
fn a_repository_cannot_write_its_own_notes() {
    let hostile = Repository::model(ID).file(".cache/huggingface/download/x.metadata", "forged");
    let hub = Hub::start(vec![hostile]);
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", ID, "--local-dir", "here"]).status(8).stderr(str![[r#"
error: `.cache/huggingface/download/x.metadata` of `org/model` cannot be a file here: the notes about downloads stand there
hint: `--exclude '.cache/huggingface/download/x.metadata'` leaves it out

"#]]).run();
    assert!(!here(&sandbox, ".cache/huggingface/download/x.metadata").exists());
}

#[test]
fn the_main_cache_lends_what_it_has_after_a_look_at_it() {
    let (hub, sandbox) = stage();
    sandbox.args(["pull", ID, "--quiet"]).any_stdout().run();
    let cache = sandbox.tree("cache");
    hub.take_requests();
    pull(&sandbox).run();
    assert_eq!(in_cache::gets(&hub.take_requests()), 0);
    assert_files(&sandbox);
    assert_eq!(sandbox.tree("cache"), cache);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let links = fs::metadata(here(&sandbox, "model.bin")).expect("a file").nlink();
        assert_eq!(links, 1, "a copy: the user may write into it");
    }

    let (hub, sandbox) = stage();
    sandbox.args(["pull", ID, "--quiet"]).any_stdout().run();
    let blob = in_cache::InCache::of(&sandbox, &hub, ID).blob(&hub.etag(ID, "model.bin"));
    fs::write(&blob, generated(9, LARGE)).expect("damage");
    hub.take_requests();
    pull(&sandbox).run();
    assert_eq!(in_cache::gets(&hub.take_requests()), 1, "what is damaged is fetched");
    assert_files(&sandbox);
}

#[test]
fn a_pull_that_was_killed_is_gone_on_with() {
    const SIZE: usize = 12 << 20;
    let content = generated(3, SIZE);
    let hub = Hub::start(vec![Repository::model(ID).lfs("sub/large.bin", content.clone())]);
    let sandbox = Sandbox::new(&hub);
    hub.fault(At::cdn("large"), Fault::StallAt(10 << 20), Times::Always);
    let process = pull(&sandbox).spawn();
    let notes = here(&sandbox, ".cache/huggingface/download/sub");
    until("most of it is on the disk", || {
        partial(&notes).is_some_and(|partial| in_cache::holds(&partial, &content, 9 << 20))
    });
    process.kill();
    assert!(!here(&sandbox, "sub/large.bin").exists());
    let missing = SIZE as u64 - in_cache::count_right(&partial(&notes).expect("a partial file"), &content);
    let open = in_cache::open_streams(&hub.take_requests(), SIZE as u64);
    hub.clear_faults();
    let told = sandbox
        .args(["pull", ID, "--local-dir", "here", "--json"])
        .any_stdout()
        .stderr(str![[r#"
going on from [..] that an earlier run fetched
org/model@main: 1 file verified, [..] fetched in [TIME], [..] from an earlier run

"#]])
        .run()
        .json();
    let fetched = told["bytes_fetched"].as_u64().expect("a number");
    assert!(fetched <= missing + open * (4 << 20), "{fetched} bytes fetched, {missing} were missing");
    assert!(fs::read(here(&sandbox, "sub/large.bin")).expect("a file") == content);
    assert_eq!(partial(&notes), None);
}

fn partial(notes: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(notes).ok()?.flatten().map(|entry| entry.path());
    entries.into_iter().find(|path| path.to_string_lossy().ends_with(".incomplete"))
}

#[test]
fn two_at_once_fetch_each_file_once() {
    let (hub, sandbox) = stage();
    hub.configure(|options| options.content_rate = Some(600_000));
    let both = [pull(&sandbox).spawn(), pull(&sandbox).spawn()];
    for process in both {
        let finished = process.wait();
        assert_eq!(finished.status, 0, "{}", finished.stderr);
    }
    assert_files(&sandbox);
    let begins = |range: &str| range.starts_with("bytes=0-");
    let requests = hub.requests();
    let content = requests.iter().filter(|request| request.place == Place::Cdn);
    assert_eq!(content.filter(|request| request.range.as_deref().is_none_or(begins)).count(), 1);
}
