//! What is known of a provider stands in one table: nothing else in the source asks for its name, or which protocol it
//! speaks, but what speaks that protocol.

use std::fs;
use std::path::{Path, PathBuf};

const TABLE: &str = "settings/provider/table.rs";
const PROTOCOLS: &str = "hub/provider/";

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else {
            found.push(entry);
        }
    }
}

/// The lines of the source that hold one of the texts, by their file below `src`, without those that are allowed to.
fn lines_with(texts: &[String], is_allowed: impl Fn(&str) -> bool) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut found = Vec::new();
    for file in files {
        let below = file.strip_prefix(&root).expect("below").to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(&file).expect("a source");
        let hits = text.lines().filter(|line| texts.iter().any(|text| line.contains(text.as_str())));
        found.extend(hits.filter(|_| !is_allowed(&below)).map(|line| format!("{below}: {}", line.trim())));
    }
    found
}

#[test]
fn a_protocol_is_asked_for_by_nobody_but_what_speaks_it() {
    let named = [" Protocol::".to_owned(), "(Protocol::".to_owned(), "!Protocol::".to_owned()];
    assert!(lines_with(&named, |_| false).len() > 2, "they are named somewhere");
    let elsewhere = lines_with(&named, |file| file == TABLE || file.starts_with(PROTOCOLS));
    assert!(elsewhere.is_empty(), "{elsewhere:#?}");
}

#[test]
fn no_providers_name_is_compared_outside_the_table() {
    let compared = |name: &str| [format!("== \"{name}\""), format!("!= \"{name}\""), format!("\"{name}\" =>")];
    let compared: Vec<String> = ["hf", "ba", "civitai"].into_iter().flat_map(compared).collect();
    let elsewhere = lines_with(&compared, |file| file == TABLE || file.ends_with("tests.rs"));
    assert!(elsewhere.is_empty(), "{elsewhere:#?}");
}
