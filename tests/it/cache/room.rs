//! `rm`, `prune` and `gc`: what goes, what stays, and who is asked.

use super::{ID, cache, repos, stage, used};
use crate::in_cache::InCache;
use crate::sandbox::Sandbox;
use crate::support::Hub;
use snapbox::str;
use std::fs;

fn names(sandbox: &Sandbox) -> Vec<String> {
    let document = cache(sandbox, ["ls", "--json"]).any_stdout().run().json();
    repos(&document).into_iter().map(str::to_owned).collect()
}

fn others_are_whole(sandbox: &Sandbox, hub: &Hub) {
    sandbox.args(["verify", "--quiet"]).any_stdout().run();
    assert_eq!(hub.take_log(), "");
}

#[test]
fn a_repository_goes_with_all_that_it_has_and_nothing_else() {
    let (hub, sandbox, _) = stage();
    let before = sandbox.tree("cache");
    cache(&sandbox, ["rm", ID, "--dry-run"])
        .stdout(str![[r#"
 300.02 kB  org/model: the repository
300.02 kB would be removed

"#]])
        .run();
    cache(&sandbox, ["rm", ID])
        .status(2)
        .stderr(str![[r#"
error: nobody can be asked here: say --yes to remove it, or --dry-run to see what would go

"#]])
        .run();
    assert_eq!(sandbox.tree("cache"), before);
    let document = cache(&sandbox, ["rm", ID, "--yes", "--json"]).any_stdout().run().json();
    assert_eq!((&document["removed"], &document["size"]), (&true.into(), &300_018.into()), "{document}");
    assert!(!sandbox.cache().join("models--org--model").exists());
    assert_eq!(names(&sandbox), ["org/data"]);
    others_are_whole(&sandbox, &hub);
    // what is gone is fetched again
    sandbox.args(["pull", ID, "--quiet"]).any_stdout().run();
    hub.take_requests();
}

#[test]
fn a_revision_goes_with_what_only_it_has() {
    let (hub, sandbox, cached) = stage();
    cache(&sandbox, ["rm", "org/model@v1", "--yes"])
        .stdout(str![[r#"
       9 B  org/model: commit 63554d3fda71 (v1)
9 B removed

"#]])
        .run();
    assert!(cached.blob(&hub.etag(ID, "model.bin")).exists(), "main has it too");
    assert!(!sandbox.cache().join("models--org--model/refs/v1").exists());
    others_are_whole(&sandbox, &hub);
    cache(&sandbox, ["rm", "org/model@v1", "--yes"]).status(5).any_stderr().run();
    // the last one takes the repository with it
    cache(&sandbox, ["rm", "org/model@main", "--yes", "--quiet"]).any_stdout().run();
    assert_eq!(names(&sandbox), ["org/data"]);
}

#[test]
fn one_name_of_two_goes_alone() {
    let (hub, sandbox, cached) = stage();
    let folder = sandbox.cache().join("models--org--model");
    fs::write(folder.join("refs/other"), hub.commit(ID, "main")).expect("a ref");
    cache(&sandbox, ["rm", "org/model@other", "--yes"])
        .stdout(str![[r#"
       0 B  org/model: the name other
0 B removed

"#]])
        .run();
    assert!(cached.pointer("model.bin").exists() && !folder.join("refs/other").exists());
    others_are_whole(&sandbox, &hub);
}

#[test]
fn a_file_goes_from_the_revisions_that_are_meant() {
    let (hub, sandbox, cached) = stage();
    cache(&sandbox, ["rm", "hf://org/model@main/model.bin", "--yes"])
        .stdout(str![[r#"
       0 B  org/model: model.bin
0 B removed

"#]])
        .run();
    assert!(!cached.pointer("model.bin").is_symlink());
    assert!(cached.blob(&hub.etag(ID, "model.bin")).exists(), "v1 has it too");
    cache(&sandbox, ["rm", "hf://org/model@v1/model.bin", "--yes"]).any_stdout().run();
    assert!(!cached.blob(&hub.etag(ID, "model.bin")).exists());
    cache(&sandbox, ["rm", "hf://org/model@v1/model.bin", "--yes"]).status(5).any_stderr().run();
    others_are_whole(&sandbox, &hub);
}

/// Leaves what nobody has a use for.
fn litter(hub: &Hub, sandbox: &Sandbox, cached: &InCache) {
    let folder = sandbox.cache().join("models--org--model");
    fs::remove_file(folder.join("refs/v1")).expect("a ref");
    fs::write(folder.join("refs/lost"), "ab".repeat(20)).expect("a ref");
    fs::write(cached.blob(&"cd".repeat(20)), "of nobody").expect("a blob");
    let etag = hub.etag(ID, "model.bin");
    fs::write(cached.blob(&format!("{etag}.01234567.incomplete")), vec![1; 10_000]).expect("a leftover of hf");
    fs::write(cached.partial(&"ef".repeat(20)), vec![1; 10_000]).expect("ours");
    #[cfg(unix)]
    std::os::unix::fs::symlink("../../blobs/gone", cached.pointer("broken")).expect("a link");
    fs::create_dir_all(sandbox.cache().join("models--org--denied/refs")).expect("what a denied pull of hf leaves");
}

#[cfg(unix)]
#[test]
fn prune_takes_what_is_of_use_to_nobody() {
    let (hub, sandbox, cached) = stage();
    litter(&hub, &sandbox, &cached);
    let before = sandbox.tree("cache");
    let planned = str![[r#"
       0 B  org/denied: the repository
[..]  org/model: 1 unfinished file that no program goes on from
       9 B  org/model: commit 63554d3fda71
       9 B  org/model: 1 blob without a name
       0 B  org/model: 2 names that lead to nothing
[..] would be removed

"#]];
    cache(&sandbox, ["prune", "--dry-run"]).stdout(planned).run();
    assert_eq!(sandbox.tree("cache"), before);
    cache(&sandbox, ["prune", "--yes"]).any_stdout().run();
    assert!(cached.partial(&"ef".repeat(20)).exists(), "a pull goes on from it");
    assert!(!sandbox.cache().join("models--org--denied").exists());
    assert!(!cached.blob(&"cd".repeat(20)).exists());
    assert!(!cached.pointer("broken").is_symlink());
    assert!(cached.pointer("model.bin").exists());
    cache(&sandbox, ["prune", "--yes"]).stdout("nothing to remove\n").run();
    others_are_whole(&sandbox, &hub);
}

/// Snapshots of other tools may be called anything, and a folder that cannot be read may name anything.
#[cfg(unix)]
#[test]
fn what_has_a_name_of_whatever_kind_stays() {
    let (hub, sandbox, cached) = stage();
    let folder = sandbox.cache().join("models--org--model");
    let blob = cached.blob(&"cd".repeat(20));
    fs::write(&blob, "of another tool").expect("a blob");
    fs::create_dir_all(folder.join("snapshots/by-hand/sub")).expect("a folder");
    let link = format!("../../../blobs/{}", "cd".repeat(20));
    std::os::unix::fs::symlink(link, folder.join("snapshots/by-hand/sub/x.bin")).expect("a link");
    cache(&sandbox, ["prune", "--yes"]).stdout("nothing to remove\n").run();
    cache(&sandbox, ["rm", "org/model@v1", "--yes"]).any_stdout().run();
    assert!(blob.exists() && cached.blob(&hub.etag(ID, "model.bin")).exists());
}

#[test]
fn gc_takes_the_least_recently_used_first_and_no_more_than_it_must() {
    let (hub, sandbox, cached) = stage();
    let train =
        InCache::of_kind(&sandbox, &hub, "datasets", "org/data").blob(&hub.etag("datasets/org/data", "train.bin"));
    cache(&sandbox, ["gc", "--max-size", "1G"]).stdout("nothing to remove\n").run();
    // last, since whoever searches all files for tokens uses them
    used(&train, 1);
    for entry in fs::read_dir(sandbox.cache().join("models--org--model/blobs")).expect("blobs").flatten() {
        used(&entry.path(), 2);
    }
    cache(&sandbox, ["gc", "--max-size", "100kB", "--yes"])
        .stdout(str![[r#"
       9 B  org/model: commit 63554d3fda71 (v1)
 300.01 kB  org/model: commit b02ed49a049d (main)
300.02 kB removed

"#]])
        .run();
    assert!(train.exists() && !cached.pointer("model.bin").exists());
    others_are_whole(&sandbox, &hub);
    cache(&sandbox, ["gc", "--max-size", "0", "--yes"]).any_stdout().run();
    assert_eq!(names(&sandbox), Vec::<String>::new());
    cache(&sandbox, ["gc", "--max-size", "much"]).status(2).any_stderr().run();
}
