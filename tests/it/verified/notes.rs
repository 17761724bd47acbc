//! The notes about what was hashed: attacked, torn, unwritable, and those of other tools that are not believed.

use super::*;
use crate::support::Place;

#[cfg(unix)]
#[test]
fn what_stands_in_the_place_of_the_notes_is_neither_waited_for_nor_written_through() {
    use std::os::unix::fs::symlink;
    let (hub, sandbox, cached) = stage();
    let precious = sandbox.write("home/precious", "must stay");
    fs::create_dir_all(cached.notes().parent().expect("a folder")).expect("a folder");
    symlink(&precious, cached.notes()).expect("a link");
    pulled(&sandbox);
    assert_eq!(fs::read(&precious).expect("a file"), b"must stay");
    assert!(cached.notes().is_file() && !cached.notes().is_symlink());

    fs::remove_file(cached.notes()).expect("removed");
    settled(&cached.blob(&hub.etag(ID, "model.bin")));
    nix::unistd::mkfifo(&cached.notes(), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    pull(&sandbox).any_stderr().run();
    pull(&sandbox)
        .stderr(str![[r#"
org/model@main is up to date: 2 files

"#]])
        .run();
}

#[cfg(unix)]
#[test]
fn torn_and_hostile_lines_say_nothing_and_the_rest_counts() {
    let (hub, sandbox, cached) = stage();
    pulled(&sandbox);
    let (blob, etag) = (cached.blob(&hub.etag(ID, "model.bin")), hub.etag(ID, "model.bin"));
    let good = fs::read_to_string(cached.notes()).expect("notes");
    settled(&blob);
    let huge = u128::MAX;
    let lines = [
        format!("{etag} 300000 {huge} {huge}"),
        format!("{etag} -1 0 NaN"),
        format!("{etag} 300000"),
        "../../etc/passwd 1 2 3".to_owned(),
        "\0\0\0\0\0".to_owned(),
        "\u{202e}".repeat(100_000),
    ];
    // torn before them, and torn at the end
    fs::write(cached.notes(), format!("{etag} 3\n{}\n{good}{etag} 300000 1", lines.join("\n"))).expect("notes");
    let known = str![[r#"
org/model@main is up to date: 2 files

"#]];
    pull(&sandbox).stderr(known.clone()).run();

    // what is noted after a torn line has a line of its own
    fs::write(cached.notes(), format!("{etag} 3000")).expect("notes");
    pull(&sandbox).any_stderr().run();
    pull(&sandbox).stderr(known).run();

    // bytes that are no text
    fs::write(cached.notes(), b"\xff\xfe\x00\n".repeat(1000)).expect("notes");
    pull(&sandbox).any_stderr().run();
}

#[cfg(unix)]
#[test]
fn a_killed_pull_has_noted_what_is_on_the_disk() {
    use crate::support::{At, Fault, Times};
    let repository = Repository::model(ID).lfs("done.bin", generated(2, 2 << 20)).lfs("late.bin", generated(3, LARGE));
    let hub = Hub::start(vec![repository]);
    let sandbox = Sandbox::new(&hub);
    let cached = InCache::of(&sandbox, &hub, ID);
    hub.fault(At::cdn("late"), Fault::Stall(0), Times::Always);
    let process = pull(&sandbox).args(["--quiet"]).spawn();
    until("the first is in its place and noted", || {
        let noted = fs::read_to_string(cached.notes()).is_ok_and(|notes| notes.contains(&hub.etag(ID, "done.bin")));
        noted && cached.pointer("done.bin").exists()
    });
    process.kill();
    hub.clear_faults();
    hub.take_requests();
    pull(&sandbox)
        .stderr(str![[r#"
org/model@main: 1 file verified (1 file in place before), 300.00 kB fetched in [TIME]

"#]])
        .run();
    assert_eq!(hub.count(Place::Cdn), 1);
}

/// A pull into `desk/here`.
fn into_folder(sandbox: &Sandbox) -> Run {
    sandbox.args(["pull", ID, "--local-dir", "here", "--quiet"]).any_stdout()
}

#[test]
fn a_note_of_hf_is_not_believed_whatever_its_time() {
    let (hub, sandbox, _cached) = stage();
    into_folder(&sandbox).run();
    let place = sandbox.path("desk/here/model.bin");
    for time in ["32503680000.0", "1.0"] {
        fs::remove_file(sandbox.path("desk/here/.cache/huggingface/.gatedl/verified")).expect("notes");
        fs::write(&place, generated(9, LARGE)).expect("damage");
        let note = format!("{}\n{}\n{time}\n", hub.commit(ID, "main"), hub.etag(ID, "model.bin"));
        sandbox.write("desk/here/.cache/huggingface/download/model.bin.metadata", note);
        into_folder(&sandbox).any_stderr().run();
        assert!(fs::read(&place).expect("a file") == generated(1, LARGE), "{time}");
    }
}

#[cfg(unix)]
#[test]
fn an_edit_within_the_second_that_the_file_came_is_found() {
    let (_hub, sandbox, _cached) = stage();
    into_folder(&sandbox).run();
    let place = sandbox.path("desk/here/config.json");
    let modified = fs::metadata(&place).and_then(|found| found.modified()).expect("a time");
    settled(&place);
    fs::write(&place, "{\"a\": 9}\n").expect("an edit");
    fs::File::options().write(true).open(&place).and_then(|file| file.set_modified(modified)).expect("a time");
    into_folder(&sandbox)
        .stderr(str![[r#"
warning: `config.json` in the folder is not what a pull left there; it is replaced

"#]])
        .run();
    assert_eq!(fs::read_to_string(&place).expect("a file"), "{\"a\": 1}\n");
}

#[test]
fn without_links_nothing_is_copied_unhashed() {
    let content = generated(1, LARGE);
    let repository = Repository::model(ID).lfs("one.bin", content.clone()).lfs("two.bin", content.clone());
    let hub = Hub::start(vec![repository]);
    let sandbox = Sandbox::new(&hub);
    let cached = InCache::of(&sandbox, &hub, ID);
    let pull = || pull(&sandbox).env("HF_HUB_DISABLE_SYMLINKS", "1").args(["--quiet"]);
    let blob = cached.blob(&hub.etag(ID, "one.bin"));
    fs::create_dir_all(blob.parent().expect("a folder")).expect("a folder");
    fs::write(&blob, generated(9, LARGE)).expect("another tool's");
    pull().any_stderr().run();
    for name in ["one.bin", "two.bin"] {
        assert!(fs::read(cached.pointer(name)).expect("a file") == content, "{name}");
        // one copy goes wrong later, and is told from the other
        fs::write(cached.pointer(name), generated(9, LARGE)).expect("damage");
        pull().any_stderr().run();
        assert!(fs::read(cached.pointer(name)).expect("a file") == content, "{name}");
    }
    pull().run();
}
