//! Searches what a run left behind for the canary in every token of the suite.

use crate::support::CANARY;
use regex::bytes::Regex;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Only the first bytes of larger files are searched: those are models, which come from the hub.
const SEARCHED: u64 = 8 << 20;

/// The places where a token was found.
pub fn find(root: &Path, inputs: &BTreeSet<PathBuf>, stdout: &str, stderr: &str) -> Vec<String> {
    let mut leaks = Vec::new();
    leaks.extend(stdout.contains(CANARY).then(|| "stdout".to_owned()));
    leaks.extend(stderr.contains(CANARY).then(|| "stderr".to_owned()));
    // The search of the regex crate is fast even where this test is not optimised.
    let canary = Regex::new(CANARY).expect("the canary is letters only");
    search(root, inputs, &canary, &mut leaks);
    leaks
}

fn search(folder: &Path, inputs: &BTreeSet<PathBuf>, canary: &Regex, leaks: &mut Vec<String>) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.to_string_lossy().contains(CANARY) {
            leaks.push("a file name".to_owned());
        }
        if path.is_symlink() || inputs.contains(&path) {
            continue;
        }
        if path.is_dir() {
            search(&path, inputs, canary, leaks);
        } else if holds(&path, canary) {
            leaks.push(path.display().to_string());
        }
    }
}

fn holds(path: &Path, canary: &Regex) -> bool {
    let mut start = Vec::new();
    // Sockets and files that vanish meanwhile cannot be read and hold nothing.
    let read = path.is_file() && File::open(path).and_then(|file| file.take(SEARCHED).read_to_end(&mut start)).is_ok();
    read && canary.is_match(&start)
}
