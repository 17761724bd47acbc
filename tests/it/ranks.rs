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
    /// Where it stands, as code names it: `ops::pull::settle` of `ops/pull/settle.rs`, `fetch` of `fetch/mod.rs`.
    fn module(&self) -> String {
        let path = self.path.trim_end_matches(".rs");
        path.strip_suffix("/mod").unwrap_or(path).replace('/', "::")
    }

    /// The lines that are compiled into the program: no comments, and nothing that only tests have.
    fn code(&self) -> String {
        let mut code = String::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            let trimmed = line.trim_start();
            if trimmed == "#[cfg(test)]" || trimmed.starts_with("#[cfg(all(test, ") {
                skip_item(&mut lines, line.len() - trimmed.len());
            } else if !trimmed.starts_with("//") {
                code += line;
                code.push('\n');
            }
        }
        code
    }
}

/// Passes by one item: up to its semicolon, or to what closes it, which rustfmt puts below its beginning.
fn skip_item<'a>(lines: &mut impl Iterator<Item = &'a str>, indent: usize) {
    let margin = " ".repeat(indent);
    let attribute = format!("{margin}#[");
    let first = lines.by_ref().find(|line| !line.starts_with(&attribute)).unwrap_or_default();
    let closes = |line: &&str| line.strip_prefix(&margin).is_some_and(|rest| rest.starts_with(['}', ']', ')']));
    if first.ends_with('=') {
        lines.by_ref().find(|line| line.ends_with(';'));
    } else if !first.ends_with([';', '}', ',']) {
        lines.by_ref().find(closes);
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

/// Every path that the code names, from the root of the crate on, with the braces of a `use` unfolded.
fn named(module: &str, code: &str) -> Vec<String> {
    let mut paths: Vec<String> = code.split("crate::").skip(1).flat_map(|rest| unfold(rest).0).collect();
    let module: Vec<&str> = module.split("::").collect();
    let mut up = 0;
    for rest in code.split("super::").skip(1) {
        up += 1;
        // `super::super::` is two pieces, and the first of them is empty
        if !rest.is_empty() {
            let room = module[..module.len().saturating_sub(up)].iter().map(|part| format!("{part}::"));
            let room: String = room.collect();
            // `super::*` names the room above itself
            let below =
                unfold(rest).0.into_iter().map(|path| format!("{room}{path}").trim_end_matches("::").to_owned());
            paths.extend(below.filter(|path| !path.is_empty()));
            up = 0;
        }
    }
    paths
}

/// The paths that a text begins with, and what stands behind them.
fn unfold(text: &str) -> (Vec<String>, &str) {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        let mut paths = Vec::new();
        loop {
            let (some, behind) = unfold(rest);
            paths.extend(some);
            // ` as other` is no part of a path
            let end = behind.find([',', '}']).unwrap_or(behind.len());
            match behind[end..].strip_prefix(',') {
                Some(more) if !more.trim_start().starts_with('}') => rest = more,
                Some(more) => return (paths, more.trim_start().trim_start_matches('}')),
                None => return (paths, behind[end..].trim_start_matches('}')),
            }
        }
    }
    let end = text.find(|character: char| !character.is_ascii_alphanumeric() && character != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    match rest.strip_prefix("::") {
        Some(below) => {
            let (paths, rest) = unfold(below);
            (paths.into_iter().map(|path| format!("{name}::{path}")).collect(), rest)
        }
        None => (vec![name.to_owned()], rest),
    }
}

/// The room of the table that a module or a path is in: the longest that it begins with.
fn room_of<'a>(ranks: &'a BTreeMap<String, u32>, path: &str) -> Option<(&'a str, u32)> {
    let is_in = |room: &str| path == room || path.strip_prefix(room).is_some_and(|rest| rest.starts_with("::"));
    let found = ranks.iter().filter(|(room, _)| is_in(room)).max_by_key(|(room, _)| room.len());
    found.map(|(room, rank)| (room.as_str(), *rank))
}

/// Pages that only name the rooms below them: `ops/mod.rs` of `ops::pull`.
fn is_doorway(ranks: &BTreeMap<String, u32>, module: &str) -> bool {
    let below = format!("{module}::");
    ["lib", "main"].contains(&module) || ranks.keys().any(|room| room.starts_with(&below))
}

#[test]
fn every_room_is_in_the_table_with_its_rank() {
    let sources = sources();
    let ranks = ranks(&sources);
    for source in &sources {
        let module = source.module();
        let known = room_of(&ranks, &module).is_some() || is_doorway(&ranks, &module);
        assert!(known, "{} is in no row of the table in src/lib.rs", source.path);
    }
    for room in ranks.keys() {
        assert!(sources.iter().any(|source| source.module() == *room), "the table in src/lib.rs names {room}");
    }
}

#[test]
fn a_module_imports_only_lower_ranks_and_its_own_children() {
    let sources = sources();
    let ranks = ranks(&sources);
    let mut wrong = Vec::new();
    for source in &sources {
        let module = source.module();
        let Some((own, rank)) = room_of(&ranks, &module) else {
            let named = named(&module, &source.code());
            assert!(named.is_empty(), "{} is a doorway and names {named:?}", source.path);
            continue;
        };
        for path in named(&module, &source.code()) {
            let (other, others) =
                room_of(&ranks, &path).unwrap_or_else(|| panic!("{} names crate::{path}", source.path));
            // Words are made of words.
            let lower = others < rank || (others == 0 && rank == 0) || other == own;
            if !lower {
                wrong.push(format!("{} (rank {rank}) imports {other} (rank {others})", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_front_end_speaks_ends_the_process_or_reads_the_environment() {
    for source in sources().iter().filter(|source| !source.path.starts_with("cli/")) {
        let code = source.code();
        let mut forbidden =
            vec!["println!", "eprintln!", "print!(", "eprint!(", "process::exit", "io::stdout", "io::stderr"];
        if source.path != "settings/env.rs" {
            forbidden.extend(["std::env::", "env::var(", "env::vars", "env::args", "dirs::"]);
        }
        for word in forbidden {
            assert!(!code.contains(word), "{} says {word}", source.path);
        }
    }
}

#[test]
fn what_differs_between_systems_is_in_one_room() {
    let words = ["cfg(unix", "cfg(windows", "cfg(not(unix", "cfg(not(windows", "target_os", "cfg!(", "std::os::"];
    for source in sources() {
        let may = source.path.starts_with("system/") || ["lib.rs", "store/cache/process.rs"].contains(&&*source.path);
        let (code, is_test) = (source.code(), source.module().split("::").any(|part| part == "tests"));
        for word in words.iter().filter(|_| !may && !is_test) {
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
    let line = match line.strip_prefix("pub(") {
        Some(rest) => rest.split_once(") ").map_or(rest, |(_, rest)| rest),
        None => line,
    };
    let line = ["pub ", "const ", "async "].iter().fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
    line.starts_with("fn ") && !line.ends_with(';') && !line.ends_with('}')
}

#[test]
fn no_two_types_have_one_name() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources() {
        for line in source.text.lines() {
            let words = line.split([' ', '<', '(', '{', ';', '=']).skip_while(|word| word.starts_with("pub"));
            let mut words = words.skip_while(|word| word.ends_with(')') || *word == "in");
            if !line.starts_with(' ')
                && let Some(kind @ ("struct" | "enum" | "trait" | "type")) = words.next()
                && let Some(name) = words.next()
            {
                places.entry(name.to_owned()).or_default().push(format!("{kind} in {}", source.path));
            }
        }
    }
    assert!(places.len() > 200, "the types were not found");
    places.retain(|_, places| places.len() > 1);
    assert!(places.is_empty(), "one thing one name, one name one thing: {places:#?}");
}

#[test]
fn the_reader_of_imports_reads_them() {
    let text = "use crate::hub::{self, auth::{X, Y as Z}, http::Client};\n// crate::cli\n#[cfg(test)]\nuse crate::test;\n\
        let x = crate::repo::printable(y);\n#[cfg(test)]\nimpl X {\n    fn x() {\n        crate::cli::x();\n    }\n}\n\
        let y = crate::store::z();\nuse super::super::access::Q;\nuse super::{R, S};\n#[cfg(test)]\nmod tests {\n    use crate::cli;\n}\n";
    let source = Source { path: "ops/pull/x.rs".to_owned(), text: text.to_owned() };
    let expected = [
        "hub::self",
        "hub::auth::X",
        "hub::auth::Y",
        "hub::http::Client",
        "repo::printable",
        "store::z",
        "ops::access::Q",
        "ops::pull::R",
        "ops::pull::S",
    ];
    assert_eq!(named("ops::pull::x", &source.code()), expected);
    assert_eq!(source.module(), "ops::pull::x");
    assert!(opens_function("    pub(in crate::cli) async fn run(x: X) -> Y {"));
    assert!(!opens_function("    fn name(&self) -> &str;"));
}
