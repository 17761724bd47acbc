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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::token_of;

    #[test]
    fn finds_a_token_in_files_names_and_output_but_not_in_inputs() {
        let root = tempfile::tempdir().expect("a folder");
        let token = token_of("bob");
        let write = |name: &str, content: &str| {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(&path, content).expect("a file");
            path
        };
        let input = write("token", &token);
        let inputs = BTreeSet::from([input]);
        assert_eq!(find(root.path(), &inputs, "fine", "fine"), Vec::<String>::new());

        let leaked = write("deep/log.txt", &format!("bearer {token}!"));
        write(&token, "");
        let mut found = find(root.path(), &inputs, &token, "fine");
        found.sort();
        let mut expected = vec![leaked.display().to_string(), "a file name".to_owned(), "stdout".to_owned()];
        expected.sort();
        assert_eq!(found, expected);
    }
}
