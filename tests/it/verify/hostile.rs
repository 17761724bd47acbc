//! A cache that others write into: names that are none, and things that are no files.

use super::{ID, stage, verify};
use snapbox::str;
use std::fs;

#[cfg(unix)]
#[test]
fn pipes_folders_and_circles_are_named_and_nobody_waits_for_them() {
    use std::os::unix::fs::symlink;
    let (hub, sandbox, cached) = stage();
    let pipe = |path: &std::path::Path| {
        nix::unistd::mkfifo(path, nix::sys::stat::Mode::from_bits_truncate(0o644)).expect("a pipe");
    };
    let blob = cached.blob(&hub.etag(ID, "model.bin"));
    fs::remove_file(&blob).expect("a blob");
    pipe(&blob);
    fs::create_dir(cached.blob(&"cd".repeat(20))).expect("a folder");
    symlink(".", cached.pointer("circle")).expect("a link");
    symlink("nowhere", cached.pointer("lost")).expect("a link");
    pipe(&cached.pointer("pipe"));
    fs::write(cached.pointer("back\\slash\u{1b}[31m"), "x").expect("a file");
    verify(&sandbox)
        .args(["--quiet"])
        .status(6)
        .stdout(str![[r#"
FILE                                            STATE                         OF
back/slash[31m                                  extra                         org/model@63554d3fda71
circle                                          extra                         org/model@63554d3fda71
lost                                            extra                         org/model@63554d3fda71
model.bin                                       wrong: it is no regular file  org/model@63554d3fda71
pipe                                            extra                         org/model@63554d3fda71
blobs/cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd  wrong: it is no regular file  org/model

1 file right, 9 B hashed; 2 wrong, 4 extra

"#]])
        .run();
}

#[test]
fn folders_that_no_repository_can_have_are_left_alone() {
    let (_hub, sandbox, _) = stage();
    for name in ["models--..--x", "models--a--b--c", "models----", "buckets--a--b", "x"] {
        sandbox.write(&format!("cache/huggingface/hub/{name}/blobs/{}", "ab".repeat(20)), "x");
    }
    sandbox.write("cache/huggingface/hub/models--org--file", "x");
    verify(&sandbox).args(["--quiet"]).stdout("2 files right, 300.01 kB hashed\n").run();
}

#[test]
fn a_listing_that_cannot_be_trusted_is_none() {
    let (hub, sandbox, cached) = stage();
    let tree = format!("cache/huggingface/hub/models--org--model/trees/{}.json", hub.commit(ID, "main"));
    let listing = String::from_utf8(sandbox.read(&tree)).expect("JSON");
    sandbox.write(&tree, listing.replace("config.json", "../../../../outside"));
    fs::write(cached.pointer("more.txt"), "by hand").expect("a file");
    verify(&sandbox)
        .args(["--quiet"])
        .status(6)
        .stdout(str![[r#"
FILE      STATE    OF
more.txt  unknown  org/model@63554d3fda71

2 files right, 300.01 kB hashed; 1 unknown

"#]])
        .run();
}
