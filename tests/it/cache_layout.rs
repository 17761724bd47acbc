//! What a pull leaves in the cache, byte for byte, and what it leaves alone.

use crate::in_cache::{self, InCache};
use crate::sandbox::{Run, Sandbox};
use crate::support::{At, Fault, Hub, Place, Repository, Times, generated};
use snapbox::{assert_data_eq, str};
use std::fs;
use std::path::Path;

const ID: &str = "org/model";

fn repository() -> Repository {
    Repository::model(ID)
        .file("config.json", "{\"a\": 1}\n")
        .file("sub/deep/t.json", "[]\n")
        .lfs("model.bin", generated(1, 300_000))
}

fn stage() -> (Hub, Sandbox) {
    let hub = Hub::start(vec![repository()]);
    let sandbox = Sandbox::new(&hub);
    (hub, sandbox)
}

/// A pull of which only the files matter.
fn pull(sandbox: &Sandbox) -> Run {
    sandbox.args(["pull", ID, "--quiet"]).any_stdout()
}

#[test]
fn a_pull_leaves_the_layout_that_every_tool_reads() {
    let (hub, sandbox) = stage();
    sandbox
        .args(["pull", ID])
        .stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--org--model/snapshots/dc087ff6b1fb7a6dc1438e63af8bcb03ae83297f

"#]])
        .stderr(str![[r#"
org/model@main: 3 files verified, 300.01 kB fetched in [TIME]

"#]])
        .run();
    assert_data_eq!(
        sandbox.tree("cache"),
        str![[r#"
huggingface/hub/.locks/models--org--model/3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94.lock
huggingface/hub/.locks/models--org--model/cb5b2f69babc53f9145b45ad20b9a075d48717ef.lock
huggingface/hub/.locks/models--org--model/fe51488c7066f6687ef680d6bfaa4f7768ef205c.lock
huggingface/hub/CACHEDIR.TAG
huggingface/hub/models--org--model/.gatedl/verified
huggingface/hub/models--org--model/blobs/3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94
huggingface/hub/models--org--model/blobs/cb5b2f69babc53f9145b45ad20b9a075d48717ef
huggingface/hub/models--org--model/blobs/fe51488c7066f6687ef680d6bfaa4f7768ef205c
huggingface/hub/models--org--model/refs/main
huggingface/hub/models--org--model/snapshots/dc087ff6b1fb7a6dc1438e63af8bcb03ae83297f/config.json -> ../../blobs/cb5b2f69babc53f9145b45ad20b9a075d48717ef
huggingface/hub/models--org--model/snapshots/dc087ff6b1fb7a6dc1438e63af8bcb03ae83297f/model.bin -> ../../blobs/3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94
huggingface/hub/models--org--model/snapshots/dc087ff6b1fb7a6dc1438e63af8bcb03ae83297f/sub/deep/t.json -> ../../../../blobs/fe51488c7066f6687ef680d6bfaa4f7768ef205c
huggingface/hub/models--org--model/trees/dc087ff6b1fb7a6dc1438e63af8bcb03ae83297f.json

"#]]
    );
    let folder = "cache/huggingface/hub/models--org--model";
    assert_data_eq!(
        String::from_utf8_lossy(&sandbox.read("cache/huggingface/hub/CACHEDIR.TAG")).into_owned(),
        str![[r#"
Signature: 8a477f597d28d172789f06886806bc55
# This file is a cache directory tag created by huggingface_hub.
# For information about cache directory tags, see:
#	https://bford.info/cachedir/

"#]]
    );
    assert_eq!(sandbox.read(format!("{folder}/refs/main")), hub.commit(ID, "main").as_bytes());
    let listing = sandbox.read(format!("{folder}/trees/{}.json", hub.commit(ID, "main")));
    assert_data_eq!(
        String::from_utf8_lossy(&listing).into_owned(),
        str![[r#"
{
 "format_version": 1,
 "files": {
  "config.json": {
   "size": 9,
   "blob_id": "cb5b2f69babc53f9145b45ad20b9a075d48717ef"
  },
  "model.bin": {
   "size": 300000,
   "blob_id": "77cff2a3911a94969ca371a5fd0bfefa99d07462",
   "lfs_sha256": "3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94",
   "lfs_size": 300000
  },
  "sub/deep/t.json": {
   "size": 3,
   "blob_id": "fe51488c7066f6687ef680d6bfaa4f7768ef205c"
  }
 }
}
"#]]
    );
    for lock in fs::read_dir(sandbox.cache().join(".locks/models--org--model")).expect("locks").flatten() {
        assert_eq!(lock.metadata().expect("a lock").len(), 0);
    }
}

#[test]
fn every_kind_of_revision_has_its_ref_and_a_commit_too() {
    let repository = repository().branch("feature/x").tag("v1").pull_request(1, |tree| tree.file("new", "new"));
    let hub = Hub::start(vec![repository]);
    let sandbox = Sandbox::new(&hub);
    for revision in ["feature/x", "v1", "refs/pr/1", hub.commit(ID, "v1").as_str()] {
        pull(&sandbox).args(["--revision", revision]).run();
    }
    assert_data_eq!(
        sandbox.tree("cache/huggingface/hub/models--org--model/refs"),
        str![[r#"
dc087ff6b1fb7a6dc1438e63af8bcb03ae83297f
feature/x
refs/pr/1
v1

"#]]
    );
    for revision in ["feature/x", "v1", "refs/pr/1", hub.commit(ID, "v1").as_str()] {
        let written = sandbox.read(format!("cache/huggingface/hub/models--org--model/refs/{revision}"));
        assert_eq!(written, hub.commit(ID, revision).as_bytes());
    }
}

#[test]
fn datasets_spaces_and_ids_without_an_owner_have_folders_of_their_own() {
    let hub = Hub::start(vec![
        Repository::model("gpt2").file("f", "1"),
        Repository::dataset("org/data").file("f", "2"),
        Repository::space("org/space").file("f", "3"),
    ]);
    let sandbox = Sandbox::new(&hub);
    for reference in ["gpt2", "datasets/org/data", "spaces/org/space"] {
        sandbox.args(["pull", reference, "--quiet"]).any_stdout().run();
    }
    assert_data_eq!(
        sandbox.tree("cache/huggingface/hub"),
        str![[r#"
.locks/datasets--org--data/d8263ee9860594d2806b0dfd1bfd17528b0ba2a4.lock
.locks/models--gpt2/56a6051ca2b02b04ef92d5150c9ef600403cb1de.lock
.locks/spaces--org--space/e440e5c842586965a7fb77deda2eca68612b1f53.lock
CACHEDIR.TAG
datasets--org--data/.gatedl/verified
datasets--org--data/blobs/d8263ee9860594d2806b0dfd1bfd17528b0ba2a4
datasets--org--data/refs/main
datasets--org--data/snapshots/6fe734f26201b87ce46d92f435a29bf38189d768/f -> ../../blobs/d8263ee9860594d2806b0dfd1bfd17528b0ba2a4
datasets--org--data/trees/6fe734f26201b87ce46d92f435a29bf38189d768.json
models--gpt2/.gatedl/verified
models--gpt2/blobs/56a6051ca2b02b04ef92d5150c9ef600403cb1de
models--gpt2/refs/main
models--gpt2/snapshots/58375fae57b24ef0029e4194c100075aa9fbd729/f -> ../../blobs/56a6051ca2b02b04ef92d5150c9ef600403cb1de
models--gpt2/trees/58375fae57b24ef0029e4194c100075aa9fbd729.json
spaces--org--space/.gatedl/verified
spaces--org--space/blobs/e440e5c842586965a7fb77deda2eca68612b1f53
spaces--org--space/refs/main
spaces--org--space/snapshots/e35442948931bfefae0fb3ba09dd9c3c7c8b77d1/f -> ../../blobs/e440e5c842586965a7fb77deda2eca68612b1f53
spaces--org--space/trees/e35442948931bfefae0fb3ba09dd9c3c7c8b77d1.json

"#]]
    );
}

#[cfg(unix)]
#[test]
fn modes_are_what_the_umask_leaves_and_locks_are_open_to_the_group() {
    let (_hub, sandbox) = stage();
    pull(&sandbox).after("umask 022").run();
    assert_data_eq!(
        modes(&sandbox),
        str![[r#"
0644 CACHEDIR.TAG
0644 models--org--model/.gatedl/verified
0644 models--org--model/blobs/HASH
0644 models--org--model/refs/main
0644 models--org--model/trees/HASH.json
0664 .locks/models--org--model/HASH.lock
0755 .locks/
0755 .locks/models--org--model/
0755 models--org--model/
0755 models--org--model/.gatedl/
0755 models--org--model/blobs/
0755 models--org--model/refs/
0755 models--org--model/snapshots/
0755 models--org--model/snapshots/HASH/
0755 models--org--model/snapshots/HASH/sub/
0755 models--org--model/snapshots/HASH/sub/deep/
0755 models--org--model/trees/

"#]]
    );
    let (_hub, sandbox) = stage();
    pull(&sandbox).after("umask 077").run();
    assert_data_eq!(
        modes(&sandbox),
        str![[r#"
0600 CACHEDIR.TAG
0600 models--org--model/.gatedl/verified
0600 models--org--model/blobs/HASH
0600 models--org--model/refs/main
0600 models--org--model/trees/HASH.json
0664 .locks/models--org--model/HASH.lock
0700 .locks/
0700 .locks/models--org--model/
0700 models--org--model/
0700 models--org--model/.gatedl/
0700 models--org--model/blobs/
0700 models--org--model/refs/
0700 models--org--model/snapshots/
0700 models--org--model/snapshots/HASH/
0700 models--org--model/snapshots/HASH/sub/
0700 models--org--model/snapshots/HASH/sub/deep/
0700 models--org--model/trees/

"#]]
    );
}

/// The mode of everything below the cache root, without the parts of names that are hashes.
#[cfg(unix)]
fn modes(sandbox: &Sandbox) -> String {
    use regex::Regex;
    use std::collections::BTreeSet;
    use std::os::unix::fs::PermissionsExt as _;
    fn walk(base: &Path, folder: &Path, hash: &Regex, lines: &mut BTreeSet<String>) {
        for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
            if path.is_symlink() {
                continue;
            }
            let name = path.strip_prefix(base).expect("below").to_string_lossy().into_owned();
            let mode = path.metadata().expect("there").permissions().mode() & 0o7777;
            let slash = if path.is_dir() { "/" } else { "" };
            lines.insert(format!("{mode:04o} {}{slash}\n", hash.replace(&name, "HASH")));
            if path.is_dir() {
                walk(base, &path, hash, lines);
            }
        }
    }
    let mut lines = BTreeSet::new();
    let hash = Regex::new("[0-9a-f]{40,64}").expect("a pattern");
    walk(&sandbox.cache(), &sandbox.cache(), &hash, &mut lines);
    lines.into_iter().collect()
}

#[test]
fn what_other_tools_keep_is_left_alone() {
    let (hub, sandbox) = stage();
    let folder = "cache/huggingface/hub/models--org--model";
    let commit = hub.commit(ID, "main");
    let kept = [
        format!("{folder}/.no_exist/{commit}/adapter_config.json"),
        format!("{folder}/blobs/0123456789abcdef0123456789abcdef01234567"),
        format!("{folder}/blobs/0123456789abcdef0123456789abcdef01234567.1a2b3c4d.incomplete"),
        format!("{folder}/refs/older"),
        format!("{folder}/trees/0123456789abcdef0123456789abcdef01234567.json"),
        "cache/huggingface/hub/CACHEDIR.TAG".to_owned(),
        "cache/huggingface/hub/.locks/models--org--model/0123456789abcdef0123456789abcdef01234567.lock".to_owned(),
        "cache/huggingface/hub/models--org--other/refs/main".to_owned(),
    ];
    for path in &kept {
        sandbox.write(path, "another tool's");
    }
    pull(&sandbox).run();
    pull(&sandbox).args(["--force"]).run();
    for path in &kept {
        assert_eq!(sandbox.read(path), b"another tool's", "{path}");
    }
}

#[test]
fn the_ref_and_the_listing_are_written_last() {
    let (hub, sandbox) = stage();
    hub.fault(At::cdn("model.bin"), Fault::Stall(1000), Times::Always);
    let process = pull(&sandbox).spawn();
    let cached = InCache::of(&sandbox, &hub, ID);
    crate::support::until("the small files are there", || {
        cached.pointer("config.json").exists() && cached.pointer("sub/deep/t.json").exists()
    });
    hub.until("the large one stalls", |requests| requests.iter().any(|request| request.place == Place::Cdn));
    process.kill();
    let folder = sandbox.tree("cache/huggingface/hub/models--org--model");
    assert!(!folder.contains("refs/main") && !folder.contains(".json\n"), "{folder}");
    let names: Vec<_> =
        fs::read_dir(sandbox.cache()).expect("a cache").flatten().map(|entry| entry.file_name()).collect();
    let known =
        |name: &std::ffi::OsString| [".locks", "CACHEDIR.TAG", "models--org--model"].iter().any(|one| name == one);
    assert!(names.iter().all(known), "{names:?}");

    hub.clear_faults();
    hub.take_requests();
    pull(&sandbox).run();
    assert_eq!(in_cache::gets(&hub.take_requests()), 1, "what was verified is not fetched again");
    cached.is_whole("model.bin", &hub.etag(ID, "model.bin"), &generated(1, 300_000)).expect("whole");
}

#[test]
fn a_failed_pull_of_a_new_commit_leaves_the_old_ref() {
    let (hub, sandbox) = stage();
    pull(&sandbox).run();
    let old = hub.commit(ID, "main");
    hub.push(ID, |tree| tree.lfs("model.bin", generated(2, 300_000)));
    hub.fault(At::cdn("model.bin"), Fault::FlipBit(7), Times::Always);
    pull(&sandbox).status(6).any_stderr().run();
    assert_eq!(sandbox.read("cache/huggingface/hub/models--org--model/refs/main"), old.as_bytes());
    hub.clear_faults();
    sandbox.args(["pull", ID, "--offline", "--quiet"]).any_stdout().run();
}

#[test]
fn files_of_one_content_share_a_blob_and_a_request() {
    let content = generated(3, 200_000);
    let repository = Repository::model(ID).lfs("a.bin", content.clone()).lfs("sub/b.bin", content.clone());
    let hub = Hub::start(vec![repository]);
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox).run();
    assert_eq!(in_cache::sent(&hub.requests()), 200_000);
    let cached = InCache::of(&sandbox, &hub, ID);
    for name in ["a.bin", "sub/b.bin"] {
        cached.is_whole(name, &hub.etag(ID, name), &content).expect("whole");
    }
}

#[test]
fn without_links_the_files_stand_in_the_snapshot() {
    let (hub, sandbox) = stage();
    let pull = || pull(&sandbox).env("HF_HUB_DISABLE_SYMLINKS", "1");
    pull().run();
    assert_data_eq!(
        sandbox.tree("cache/huggingface/hub/models--org--model"),
        str![[r#"
.gatedl/verified
blobs/
refs/main
snapshots/dc087ff6b1fb7a6dc1438e63af8bcb03ae83297f/config.json
snapshots/dc087ff6b1fb7a6dc1438e63af8bcb03ae83297f/model.bin
snapshots/dc087ff6b1fb7a6dc1438e63af8bcb03ae83297f/sub/deep/t.json
trees/dc087ff6b1fb7a6dc1438e63af8bcb03ae83297f.json

"#]]
    );
    let cached = InCache::of(&sandbox, &hub, ID);
    assert!(fs::read(cached.pointer("model.bin")).expect("a file") == generated(1, 300_000));

    hub.take_requests();
    pull().run();
    assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/org/model/revision/main 200

"#]]
    );
    pull().args(["--force"]).run();
    assert!(fs::read(cached.pointer("model.bin")).expect("a file") == generated(1, 300_000));
    assert_eq!(in_cache::gets(&hub.take_requests()), 3);
}

/// What `huggingface_hub` 2 makes of a file that came through xet.
#[cfg(unix)]
fn share(sandbox: &Sandbox, hub: &Hub, content: &[u8]) -> std::path::PathBuf {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let xet = "ab".repeat(32);
    sandbox.write("cache/huggingface/hub/blobs/.huggingface-shared-blobs", "1\n");
    let shared = sandbox.write(&format!("cache/huggingface/hub/blobs/ab/{xet}"), content);
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o444)).expect("a mode");
    let blob = InCache::of(sandbox, hub, ID).blob(&hub.etag(ID, "model.bin"));
    fs::create_dir_all(blob.parent().expect("a folder")).expect("a folder");
    symlink(format!("../../blobs/ab/{xet}"), blob).expect("a link");
    shared
}

#[cfg(unix)]
#[test]
fn a_blob_in_the_shared_store_is_read_and_never_written_through() {
    let (hub, sandbox) = stage();
    let right = generated(1, 300_000);
    share(&sandbox, &hub, &right);
    let blob = InCache::of(&sandbox, &hub, ID).blob(&hub.etag(ID, "model.bin"));
    pull(&sandbox).run();
    assert_eq!(hub.count(Place::Cdn), 0);
    assert!(blob.is_symlink());
    assert!(fs::read(InCache::of(&sandbox, &hub, ID).pointer("model.bin")).expect("a file") == right);

    let wrong = generated(9, 300_000);
    let (hub, sandbox) = stage();
    let damaged = share(&sandbox, &hub, &wrong);
    pull(&sandbox).args(["--force"]).run();
    let blob = InCache::of(&sandbox, &hub, ID).blob(&hub.etag(ID, "model.bin"));
    assert!(!blob.is_symlink() && fs::read(&blob).expect("a file") == right);
    assert!(fs::read(&damaged).expect("a file") == wrong, "the store belongs to another tool");
}

#[cfg(unix)]
#[test]
fn a_link_to_a_shared_blob_that_is_gone_is_replaced() {
    let (hub, sandbox) = stage();
    fs::remove_file(share(&sandbox, &hub, b"x")).expect("removed");
    pull(&sandbox).run();
    let cached = InCache::of(&sandbox, &hub, ID);
    cached.is_whole("model.bin", &hub.etag(ID, "model.bin"), &generated(1, 300_000)).expect("whole");
}

#[test]
fn a_blob_of_the_wrong_length_is_fetched_again() {
    let (hub, sandbox) = stage();
    let cached = InCache::of(&sandbox, &hub, ID);
    for wrong in [Vec::new(), vec![b'x'; 299_999], vec![b'x'; 300_001]] {
        let blob = cached.blob(&hub.etag(ID, "model.bin"));
        fs::create_dir_all(blob.parent().expect("a folder")).expect("a folder");
        fs::write(&blob, &wrong).expect("a blob");
        pull(&sandbox).stderr(str![[r#"
warning: `model.bin` is damaged in the cache: `[ROOT]/cache/huggingface/hub/models--org--model/blobs/3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94` is not what its name says; fetching it again

"#]]).run();
        cached.is_whole("model.bin", &hub.etag(ID, "model.bin"), &generated(1, 300_000)).expect("whole");
    }
}

#[test]
fn a_blob_of_another_repository_is_used_if_it_is_right() {
    let other = Repository::model("org/other").lfs("weights", generated(1, 300_000));
    let hub = Hub::start(vec![repository(), other]);
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "org/other", "--quiet"]).any_stdout().run();
    hub.take_requests();
    let told = sandbox.args(["pull", ID, "--json", "--quiet"]).any_stdout().run().json();
    assert_eq!(hub.count(Place::Cdn), 0, "{}", hub.log());
    let states: Vec<_> = told["files"].as_array().expect("files").iter().map(|file| &file["state"]).collect();
    assert_eq!(states, ["fetched", "reused", "fetched"]);
    let cached = InCache::of(&sandbox, &hub, ID);
    cached.is_whole("model.bin", &hub.etag(ID, "model.bin"), &generated(1, 300_000)).expect("whole");
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let inode = |path: &Path| fs::metadata(path).expect("a blob").ino();
        let blob = cached.blob(&hub.etag(ID, "model.bin"));
        let original = InCache::of(&sandbox, &hub, "org/other").blob(&hub.etag(ID, "model.bin"));
        assert_eq!(inode(&blob), inode(&original), "linked, not copied");
        // and never written into: the other repository keeps its own
        pull(&sandbox).args(["--force"]).run();
        assert_ne!(inode(&blob), inode(&original));
    }
}

#[test]
fn a_damaged_blob_of_another_repository_is_not_used() {
    let other = Repository::model("org/other").lfs("weights", generated(1, 300_000));
    let hub = Hub::start(vec![repository(), other]);
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "org/other", "--quiet"]).any_stdout().run();
    let original = InCache::of(&sandbox, &hub, "org/other").blob(&hub.etag(ID, "model.bin"));
    fs::write(&original, generated(9, 300_000)).expect("damage");
    hub.take_requests();
    pull(&sandbox).run();
    assert_eq!(hub.count(Place::Cdn), 1);
    let cached = InCache::of(&sandbox, &hub, ID);
    cached.is_whole("model.bin", &hub.etag(ID, "model.bin"), &generated(1, 300_000)).expect("whole");
    assert!(fs::read(&original).expect("a file") == generated(9, 300_000), "another repository's is not touched");
}

#[test]
fn a_complete_cache_is_only_read() {
    let (_hub, sandbox) = stage();
    pull(&sandbox).run();
    // a change of modes makes notes of what was hashed unfit, and where modes do not bind, new ones are written
    let times = || times(&sandbox.cache()).into_iter().filter(|(path, _)| !path.ends_with(".gatedl/verified"));
    let (before, tree) = (times().collect::<Vec<_>>(), sandbox.tree("cache"));
    write_protect(&sandbox.cache(), true);
    for arguments in [&[][..], &["--revision", "main", "config.json"], &["--offline"], &["--dry-run"]] {
        pull(&sandbox).args(arguments).run();
    }
    write_protect(&sandbox.cache(), false);
    // modes do not bind root, but what was written shows
    assert_eq!(times().collect::<Vec<_>>(), before);
    assert_eq!(sandbox.tree("cache"), tree);
}

fn times(folder: &Path) -> Vec<(std::path::PathBuf, std::time::SystemTime)> {
    let mut times = vec![(folder.to_owned(), folder.metadata().and_then(|found| found.modified()).expect("a time"))];
    for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            times.extend(self::times(&path));
        } else {
            times.push((path.clone(), path.metadata().and_then(|found| found.modified()).expect("a time")));
        }
    }
    times.sort();
    times
}

fn write_protect(path: &Path, protect: bool) {
    if path.is_symlink() {
        return;
    }
    let folder = path.is_dir();
    let children = || fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    if folder && protect {
        children().for_each(|child| write_protect(&child, protect));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = if folder { 0o755 } else { 0o644 };
        let mode = if protect { mode & 0o555 } else { mode };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    }
    if folder && !protect {
        children().for_each(|child| write_protect(&child, protect));
    }
}

#[test]
fn something_in_the_way_is_named_before_any_byte() {
    let cases: [(&str, snapbox::data::Inline); 4] = [
        (
            "cache/huggingface/hub",
            str![[r#"
error: `[ROOT]/cache/huggingface/hub` is in the way: a folder is needed there

"#]],
        ),
        (
            "cache/huggingface/hub/models--org--model",
            str![[r#"
error: `[ROOT]/cache/huggingface/hub/models--org--model` is in the way: a folder is needed there

"#]],
        ),
        (
            "cache/huggingface/hub/models--org--model/blobs",
            str![[r#"
error: `[ROOT]/cache/huggingface/hub/models--org--model/blobs` is in the way: a folder is needed there

"#]],
        ),
        (
            "cache/huggingface/hub/models--org--model/snapshots",
            str![[r#"
error: `[ROOT]/cache/huggingface/hub/models--org--model/snapshots` is in the way: a folder is needed there

"#]],
        ),
    ];
    for (path, expected) in cases {
        let (hub, sandbox) = stage();
        sandbox.write(path, "a file");
        sandbox.args(["pull", ID]).status(8).stderr(expected).run();
        assert_eq!(in_cache::gets(&hub.requests()), 0);
        assert_eq!(sandbox.read(path), b"a file");
    }
}

#[test]
fn something_in_the_way_of_one_file_is_named() {
    let (hub, sandbox) = stage();
    let folder = format!("cache/huggingface/hub/models--org--model/snapshots/{}/config.json", hub.commit(ID, "main"));
    sandbox.write(&format!("{folder}/theirs"), "keep");
    sandbox.args(["pull", ID]).status(8).stderr(str![[r#"
error: a folder stands in the way of the file `[ROOT]/cache/huggingface/hub/models--org--model/snapshots/dc087ff6b1fb7a6dc1438e63af8bcb03ae83297f/config.json`

"#]]).run();
    assert_eq!(sandbox.read(format!("{folder}/theirs")), b"keep");
    assert_eq!(InCache::of(&sandbox, &hub, ID).main(), None);

    let (hub, sandbox) = stage();
    let lock = format!("cache/huggingface/hub/.locks/models--org--model/{}.lock", hub.etag(ID, "model.bin"));
    fs::create_dir_all(sandbox.path(lock)).expect("a folder");
    sandbox.args(["pull", ID, "model.bin"]).status(8).stderr(str![[r#"
error: `[ROOT]/cache/huggingface/hub/.locks/models--org--model/3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94.lock` is not a regular file, so it cannot serve as a lock

"#]]).run();

    let (_hub, sandbox) = stage();
    sandbox.write("cache/huggingface/hub/models--org--model/refs/main/theirs", "keep");
    sandbox
        .args(["pull", ID])
        .status(8)
        .stderr(str![[r#"
error: a folder stands in the way of the file `[ROOT]/cache/huggingface/hub/models--org--model/refs/main`

"#]])
        .run();
}

#[test]
fn a_job_that_does_not_fit_on_the_disk_is_refused_before_its_first_byte() {
    let (hub, sandbox) = stage();
    hub.fault(At::api("/tree/"), Fault::TreeSize(1 << 60), Times::Always);
    sandbox
        .args(["pull", ID])
        .status(8)
        .stderr(str![[r#"
error: not enough space for `[ROOT]/cache/huggingface/hub/models--org--model/snapshots/dc087ff6b1fb7a6dc1438e63af8bcb03ae83297f`: 3458764513820840940 bytes needed, [..] available
hint: make room, or name another folder with --cache-dir or --local-dir; what has arrived is kept

"#]])
        .run();
    assert_eq!(in_cache::gets(&hub.requests()), 0);
    assert_eq!(sandbox.tree("cache"), "");
    sandbox.args(["pull", ID, "--local-dir", "here"]).status(8).any_stderr().run();
    assert_eq!(sandbox.tree("desk"), "");
}

#[test]
fn sizes_whose_sum_is_beyond_all_numbers_are_refused() {
    let (hub, sandbox) = stage();
    hub.fault(At::api("/tree/"), Fault::TreeSize(i64::MAX - 1_000_000), Times::Always);
    let finished = sandbox.args(["pull", ID]).spawn().wait();
    assert!([7, 8].contains(&finished.status), "exit {}\n{}", finished.status, finished.stderr);
    assert_eq!(in_cache::gets(&hub.requests()), 0);
    assert_eq!(sandbox.tree("cache"), "");
}

/// The ref is what other programs believe, so it comes after all that it promises.
#[test]
fn a_listing_that_cannot_be_written_leaves_no_ref() {
    let (hub, sandbox) = stage();
    let listing = format!("models--org--model/trees/{}.json", hub.commit(ID, "main"));
    fs::create_dir_all(sandbox.cache().join(listing).join("in-the-way")).expect("a folder");
    pull(&sandbox).any_stderr().status(8).run();
    assert_eq!(InCache::of(&sandbox, &hub, ID).main(), None);
}
