//! A pull that has nothing to do leaves the disk as it is: no ref, no note, not even one that goes away again.

use super::*;
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

/// What no program can change without leaving a trace, of everything below a folder: inode and time of change. A folder's
/// moves with each name that comes or goes.
fn states(folder: &Path) -> BTreeMap<PathBuf, (u64, i64, i64)> {
    let state = |found: Metadata| (found.ino(), found.ctime(), found.ctime_nsec());
    let mut states = BTreeMap::new();
    let mut left = vec![folder.to_path_buf()];
    while let Some(path) = left.pop() {
        let found = fs::symlink_metadata(&path).expect("it is there");
        if found.is_dir() {
            left.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        }
        states.insert(path, state(found));
    }
    states
}

/// Runs each pull twice: the first may make a ref or a folder of its own, the second has nothing to do.
#[test]
fn a_pull_with_nothing_to_do_writes_nothing() {
    let (hub, sandbox, _) = stage();
    let pinned = format!("{ID}@{}", hub.commit(ID, "main"));
    let untouched = states(sandbox.root());
    pulled(&sandbox);
    assert_ne!(states(sandbox.root()), untouched, "what is written is seen");
    let unlinked = ["--cache-dir", "unlinked"];
    for (args, variable, requests) in [
        (&[ID][..], None, 1),
        (&[&pinned], None, 0),
        (&[ID, "--offline"], None, 0),
        (&[ID, "--local-dir", "here"], None, 1),
        (&[&pinned, "--local-dir", "here"], None, 0),
        (&[&[ID][..], &unlinked].concat(), Some("HF_HUB_DISABLE_SYMLINKS"), 1),
        (&[&[pinned.as_str()][..], &unlinked].concat(), Some("HF_HUB_DISABLE_SYMLINKS"), 0),
    ] {
        let run = || {
            let run = sandbox.args(["pull"]).args(args).any_stdout().any_stderr();
            variable.into_iter().fold(run, |run, name| run.env(name, "1")).run()
        };
        run();
        // what changed just now is hashed once more, and noted then
        settled(&newest(sandbox.root()));
        run();
        hub.take_log();
        let before = states(sandbox.root());
        let finished = run();
        assert!(finished.stderr.ends_with("is up to date: 2 files\n"), "{args:?}: {}", finished.stderr);
        assert_eq!(states(sandbox.root()), before, "{args:?}");
        assert_eq!(hub.take_log().lines().count(), requests, "{args:?}");
    }
}

/// The file or folder that changed last.
fn newest(folder: &Path) -> PathBuf {
    let newest = states(folder).into_iter().max_by_key(|(_, (_, seconds, nanoseconds))| (*seconds, *nanoseconds));
    newest.expect("something").0
}
