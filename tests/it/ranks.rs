//! The house itself: who may know whom, who may speak, and how large a page may be. Held here because no linter can.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const LONGEST_FILE: usize = 350;
const LONGEST_FUNCTION: usize = 80;

struct Source {
    /// Below `src`, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// The room: the first part of the path, `pull` of `pull/refused.rs`.
    fn room(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }

    /// The code without its tests, which stand at the end.
    fn code(&self) -> &str {
        self.text.split("\n#[cfg(test)]\n").next().unwrap_or_default()
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    let sources: Vec<Source> = paths
        .into_iter()
        .map(|path| Source {
            text: fs::read_to_string(&path).expect("sources are text"),
            path: path.strip_prefix(&root).expect("below the root").to_string_lossy().replace('\\', "/"),
        })
        .collect();
    assert!(sources.len() > 30, "the sources were not found");
    sources
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// The table in `lib.rs`: each room with its rank.
fn ranks(sources: &[Source]) -> BTreeMap<String, u32> {
    let map = &sources.iter().find(|source| source.path == "lib.rs").expect("a map").text;
    let rows = map.lines().filter_map(|line| line.strip_prefix("//! | "));
    let mut ranks = BTreeMap::new();
    for row in rows {
        let mut cells = row.split(" | ");
        let Some(Ok(rank)) = cells.next().map(|cell| cell.trim().parse()) else {
            continue;
        };
        let rooms = cells.next().unwrap_or_default();
        ranks.extend(rooms.split("[`").skip(1).filter_map(|rest| {
            let room = rest.split_once('`')?.0;
            Some((room.trim_start_matches("mod@").to_owned(), rank))
        }));
    }
    ranks
}

/// Every room that the code names by `crate::room`.
fn named(code: &str) -> Vec<String> {
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let word = |text: &str| text.split(|character| !is_name(character)).next().unwrap_or_default().to_owned();
    let mut rooms = Vec::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => {
                let list = list.split("};").next().unwrap_or_default();
                rooms.extend(list.split(',').map(|entry| word(entry.trim())));
            }
            None => rooms.push(word(rest)),
        }
    }
    rooms
}

#[test]
fn every_room_is_in_the_table_with_its_rank() {
    let sources = sources();
    let ranks = ranks(&sources);
    for source in sources.iter().filter(|source| !["lib.rs", "main.rs"].contains(&source.path.as_str())) {
        assert!(ranks.contains_key(source.room()), "{} is in no row of the table in src/lib.rs", source.path);
    }
    for room in ranks.keys() {
        assert!(sources.iter().any(|source| source.room() == room), "the table in src/lib.rs names {room}");
    }
}

#[test]
fn a_module_imports_only_lower_ranks_and_its_own_children() {
    let sources = sources();
    let ranks = ranks(&sources);
    let mut wrong = Vec::new();
    for source in sources.iter().filter(|source| ranks.contains_key(source.room())) {
        let own = ranks[source.room()];
        for room in named(source.code()) {
            let other = *ranks.get(&room).unwrap_or_else(|| panic!("{} names crate::{room}", source.path));
            // Words are made of words: rank 1 may name rank 1.
            let lower = other < own || (other == 1 && own == 1) || room == source.room();
            if !lower {
                wrong.push(format!("{} (rank {own}) imports {room} (rank {other})", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_front_end_speaks_ends_the_process_or_reads_the_environment() {
    for source in sources().iter().filter(|source| source.room() != "cli") {
        let code: String =
            source.code().lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        let mut forbidden =
            vec!["println!", "eprintln!", "print!(", "eprint!(", "process::exit", "io::stdout", "io::stderr"];
        if source.path != "env.rs" {
            forbidden.extend(["std::env::", "env::var(", "env::vars", "env::args", "dirs::"]);
        }
        for word in forbidden {
            assert!(!code.contains(word), "{} says {word}", source.path);
        }
    }
}

#[test]
fn every_file_is_one_page_and_says_what_it_is_for() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > LONGEST_FILE {
            wrong.push(format!("{} has {lines} lines", source.path));
        }
        if !source.text.starts_with("//! ") {
            wrong.push(format!("{} does not open with what it is for", source.path));
        }
        let name = source.path.rsplit('/').next().unwrap_or_default();
        if ["utils.rs", "util.rs", "helpers.rs", "helper.rs", "common.rs", "misc.rs", "types.rs"].contains(&name) {
            wrong.push(format!("{} is named after nothing", source.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_function_fits_on_a_screen() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| opens_function(line)) {
            let indent = line.len() - line.trim_start().len();
            let closing = format!("{}}}", " ".repeat(indent));
            let length = lines[at..].iter().position(|line| *line == closing).unwrap_or(0);
            if length > LONGEST_FUNCTION {
                wrong.push(format!("{}:{} is {length} lines long", source.path, at + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Rustfmt writes the head of a function so that this is enough.
fn opens_function(line: &str) -> bool {
    let line = line.trim_start();
    let line = ["pub(super) ", "pub(crate) ", "pub ", "const ", "async "]
        .iter()
        .fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
    line.starts_with("fn ") && !line.ends_with(';') && !line.ends_with('}')
}

#[test]
fn the_reader_of_imports_reads_them() {
    let code = "use crate::auth::{self, X};\nuse crate::{cache, http::Client};\n// crate::cli\nlet x = crate::repo::printable(y);";
    assert_eq!(named(code), ["auth", "cache", "http", "repo"]);
}
