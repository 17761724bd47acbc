//! `gatedl cache`: what is here, and what may go without a loss to anybody.

#[cfg(unix)]
mod beside;
mod room;

use crate::in_cache::InCache;
use crate::sandbox::{Run, Sandbox};
use crate::support::{Hub, Repository, generated};
use serde_json::Value;
use snapbox::str;
use std::fs::{self, FileTimes};
use std::path::Path;
use std::time::{Duration, SystemTime};

const ID: &str = "org/model";
const LARGE: usize = 300_000;

/// A model with two commits that share a file, and a data set.
fn stage() -> (Hub, Sandbox, InCache) {
    let model =
        Repository::model(ID).file("config.json", "{\"a\": 1}\n").lfs("model.bin", generated(1, LARGE)).tag("v1");
    let model = model.commit(|tree| tree.file("config.json", "{\"a\": 2}\n"));
    let data = Repository::dataset("org/data").lfs("train.bin", generated(2, 50_000));
    let hub = Hub::start(vec![model, data]);
    let sandbox = Sandbox::new(&hub);
    for reference in ["org/model@v1", ID, "datasets/org/data"] {
        sandbox.args(["pull", reference, "--quiet"]).any_stdout().run();
    }
    hub.take_requests();
    let cached = InCache::of(&sandbox, &hub, ID);
    (hub, sandbox, cached)
}

fn cache<const N: usize>(sandbox: &Sandbox, arguments: [&str; N]) -> Run {
    sandbox.args(["cache"]).args(arguments)
}

/// Sets when a file was last used and changed.
fn used(path: &Path, days: u64) {
    let time = SystemTime::now() - Duration::from_secs(days * 86_400);
    let times = FileTimes::new().set_accessed(time).set_modified(time);
    let opened = fs::File::options().write(true).open(path);
    opened.and_then(|file| file.set_times(times)).expect("a file of ours");
}

fn repos(document: &Value) -> Vec<&str> {
    document["repos"].as_array().into_iter().flatten().filter_map(|repo| repo["repo"].as_str()).collect()
}

#[test]
fn what_is_here_is_counted_once() {
    let (hub, sandbox, _) = stage();
    for entry in fs::read_dir(sandbox.cache().join("models--org--model/blobs")).expect("blobs").flatten() {
        used(&entry.path(), 40);
    }
    let document = cache(&sandbox, ["ls", "--json", "--filter", "used>30d"]).any_stdout().run().json();
    assert_eq!(repos(&document), [ID]);
    let document = cache(&sandbox, ["ls", "--json"]).any_stdout().run().json();
    assert_eq!(document["version"], 1);
    assert_eq!(repos(&document), ["org/data", ID]);
    // two small files and one large one, which both commits have
    assert_eq!(document["repos"][1]["size"], LARGE as u64 + 18, "{document}");
    assert_eq!(document["repos"][1]["revisions"].as_array().map(Vec::len), Some(2));
    assert_eq!(document["size"], LARGE as u64 + 18 + 50_000);
    assert_eq!(document["repos"][1]["in_use"], false);
    cache(&sandbox, ["ls", "--filter", "size>100kB", "--filter", "type=model"])
        .stdout(str![[r#"
REPOSITORY       SIZE  USED     NAMES     STATE
org/model   300.02 kB  [TIME] ago  v1, main

1 repository, 2 revisions, 300.02 kB

"#]])
        .run();
    cache(&sandbox, ["ls", "--revisions", "--filter", "size<100kB"])
        .stdout(str![[r#"
REPOSITORY         COMMIT            SIZE  USED     NAMES
datasets/org/data  a16b37e235eb  50.00 kB  [TIME] ago  main

1 repository, 1 revision, 50.00 kB

"#]])
        .run();
    for (filter, found) in [("used>30d", &[][..]), ("used<30d", &["org/data", ID][..]), ("provider=ba", &[])] {
        let document = cache(&sandbox, ["ls", "--json", "--filter", filter]).any_stdout().run().json();
        assert_eq!(repos(&document), found, "{filter}");
    }
    cache(&sandbox, ["ls", "--filter", "colour=red"]).status(2).any_stderr().run();
    assert_eq!(hub.take_log(), "");
}

#[test]
fn the_path_of_what_is_here_is_printed() {
    let (hub, sandbox, _) = stage();
    let snapshot = |revision: &str| {
        format!("[ROOT]/cache/huggingface/hub/models--org--model/snapshots/{}", hub.commit(ID, revision))
    };
    cache(&sandbox, ["path", ID]).stdout(snapshot("main") + "\n").run();
    cache(&sandbox, ["path", "org/model@v1"]).stdout(snapshot("v1") + "\n").run();
    cache(&sandbox, ["path", "hf://org/model@v1/config.json"]).stdout(snapshot("v1") + "/config.json\n").run();
    for missing in ["org/other", "org/model@v2", "hf://org/model@v1/other.json"] {
        cache(&sandbox, ["path", missing]).status(5).stderr(format!("error: `{missing}` is not in the cache\n")).run();
    }
    assert_eq!(hub.take_log(), "");
}

#[test]
fn no_cache_is_nothing_to_show_and_nothing_to_remove() {
    let sandbox = Sandbox::without_hub();
    cache(&sandbox, ["ls"]).stdout("0 repositories, 0 revisions, 0 B\n").run();
    for command in [&["prune"][..], &["gc", "--max-size", "0"]] {
        sandbox.args(["cache"]).args(command).stdout("nothing to remove\n").run();
    }
    cache(&sandbox, ["rm", ID, "--yes"]).status(5).any_stderr().run();
    assert_eq!(sandbox.tree("cache"), "");
}
