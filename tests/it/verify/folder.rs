//! `--local-dir`: a folder of the user's, by the notes beside its files.

use super::{ID, LARGE, flip, stage, verify};
use crate::in_cache;
use crate::support::generated;
use snapbox::str;
use std::fs;

#[test]
fn a_folder_is_judged_by_the_notes_beside_its_files() {
    let (hub, sandbox, _) = stage();
    let folder = sandbox.path("desk/model");
    sandbox.args(["pull", ID, "--local-dir", "model", "--quiet"]).any_stdout().run();
    hub.take_requests();
    let run = || verify(&sandbox).args(["--local-dir", "model", "--quiet"]);
    run().stdout("2 files right, 300.01 kB hashed\n").run();

    flip(&folder.join("model.bin"));
    fs::remove_file(folder.join("config.json")).expect("a file");
    fs::create_dir(folder.join("my")).expect("a folder");
    fs::write(folder.join("my/notes.txt"), "mine").expect("a file");
    let found = str![[r#"
FILE          STATE                                         OF
model.bin     wrong: its content is not what its hash says  @63554d3fda71
my/notes.txt  extra
config.json   missing                                       @63554d3fda71

0 files right, 300.00 kB hashed; 1 wrong, 1 missing, 1 extra

"#]];
    run().status(6).stdout(found.clone()).run();
    run()
        .args(["--repair"])
        .status(2)
        .stderr(str![[r#"
error: the folder does not tell what it was filled with; name the repository: gatedl verify org/model --local-dir DIR --repair

"#]])
        .run();
    assert_eq!(hub.take_log(), "");
    run().args([ID, "--repair"]).any_stdout().any_stderr().run();
    assert_eq!(fs::read(folder.join("model.bin")).expect("a file"), generated(1, LARGE));
    assert!(!folder.join("config.json").exists(), "only what is wrong is fetched");
    assert!(in_cache::gets(&hub.take_requests()) <= 1);
    // what is not listed is an error where that is asked for
    let extra = run().args(["--extra", "--json"]).status(6).any_stdout().run().json();
    assert_eq!(extra["files"][0]["state"], "extra", "{extra}");
    run().any_stdout().run();
}

#[test]
fn a_folder_of_somebody_else_is_unknown_and_none_is_an_error() {
    let (_hub, sandbox, _) = stage();
    sandbox.write("desk/other/x.txt", "x");
    verify(&sandbox)
        .args(["--local-dir", "other", "--quiet"])
        .status(6)
        .stdout(str![[r#"
FILE   STATE    OF
x.txt  unknown

0 files right, 0 B hashed; 1 unknown

"#]])
        .run();
    verify(&sandbox)
        .args(["--local-dir", "none"])
        .status(2)
        .stderr(str![[r#"
error: could not read `none`
  caused by: No such file or directory (os error 2)

"#]])
        .run();
}
