//! Searches what a run left behind for the canary in every token of the suite.

use crate::support::CANARY;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead as _, Read as _};
use std::path::{Path, PathBuf};

/// Only the first bytes of larger files are searched: those are models, which come from the hub.
const SEARCHED: u64 = 8 << 20;

/// The places where a token was found.
pub fn find(root: &Path, inputs: &BTreeSet<PathBuf>, stdout: &str, stderr: &str) -> Vec<String> {
    let mut leaks = Vec::new();
    leaks.extend(stdout.contains(CANARY).then(|| "stdout".to_owned()));
    leaks.extend(stderr.contains(CANARY).then(|| "stderr".to_owned()));
    search(root, inputs, &mut leaks);
    leaks
}

fn search(folder: &Path, inputs: &BTreeSet<PathBuf>, leaks: &mut Vec<String>) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.to_string_lossy().contains(CANARY) {
            leaks.push("a file name".to_owned());
        }
        if path.is_symlink() || inputs.contains(&path) {
            continue;
        }
        if path.is_dir() {
            search(&path, inputs, leaks);
        } else if holds(&path) {
            leaks.push(path.display().to_string());
        }
    }
}

fn holds(path: &Path) -> bool {
    let mut start = Vec::new();
    // Sockets and files that vanish meanwhile cannot be read and hold nothing.
    let read = path.is_file() && File::open(path).and_then(|file| file.take(SEARCHED).read_to_end(&mut start)).is_ok();
    read && is_in(&start)
}

/// From one `C` to the next: that is the only search of the standard library in bytes, and it is compiled with
/// optimisation, where one of this crate would take seconds for some megabytes.
fn is_in(bytes: &[u8]) -> bool {
    let (before, after) = CANARY.split_once('C').unwrap_or_default();
    let mut rest = bytes;
    while rest.skip_until(b'C').is_ok_and(|skipped| skipped > 0) {
        let so_far = &bytes[..bytes.len() - rest.len()];
        let is_before = so_far.strip_suffix(b"C").is_some_and(|start| start.ends_with(before.as_bytes()));
        if is_before && rest.starts_with(after.as_bytes()) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::token_of;

    #[test]
    fn finds_a_token_among_much_that_is_none() {
        let token = token_of("bob");
        for (text, found) in [
            (token.clone(), true),
            (format!("CCgatedlgatedlCxC{token}"), true),
            (format!("{}C{token}", "C".repeat(1000)), true),
            (CANARY[..CANARY.len() - 1].to_owned(), false),
            (CANARY.replace('C', "-"), false),
            (format!("{CANARY}!"), true),
            (CANARY[1..].to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(is_in(text.as_bytes()), found, "{text}");
        }
    }

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
