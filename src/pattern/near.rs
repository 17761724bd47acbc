//! What a user may have meant: the paths nearest to a name or pattern that matches nothing.
//!
//! A hint, so it may be wrong but not noisy: few answers, the same ones in the same order each time, none rather than a
//! far-fetched one.

use std::collections::BTreeSet;

use strsim::normalized_damerau_levenshtein;

use super::Pattern;

/// At most so many near names are shown: five fit on the screen beside the error.
pub(crate) const LIMIT: usize = 5;

/// How alike two texts must be, of 1. At 0.7 one letter in three or four may be wrong: `modle.safetensor` still finds
/// `model.safetensors`, and `config.json` does not find `vocab.json` (0.55).
const ALIKE: f64 = 0.7;

/// Shorter literal parts of a pattern are in every second path and tell nothing.
const TELLING: usize = 3;

/// Near paths for a name, folders included.
pub(super) fn to_name(name: &str, paths: &[&str]) -> Vec<String> {
    let folders = folders(paths);
    near(name, paths.iter().copied().chain(folders.iter().copied()))
}

/// The candidates nearest to a name, nearest first, at most five.
pub(crate) fn near<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted = name.to_lowercase();
    nearest(candidates.filter_map(|path| {
        let candidate = path.to_lowercase();
        let likeness = if candidate.trim_end_matches('/') == wanted.trim_end_matches('/') {
            2.0 // only the case, or the slash that tells a folder
        } else {
            alike(&wanted, &candidate).max(alike(last_part(&wanted), last_part(&candidate)))
        };
        (likeness >= ALIKE).then_some((likeness, path))
    }))
}

/// Near paths for an include pattern: those it matches when case does not count, those that hold its longest literal
/// part, and those that begin or end almost like it.
pub(super) fn to_pattern(pattern: &str, paths: &[&str]) -> Vec<String> {
    let wanted = pattern.to_lowercase();
    let Ok(any_case) = Pattern::new(&wanted) else {
        return Vec::new();
    };
    let pieces: Vec<&str> = wanted.split(['*', '?', '[', ']']).collect();
    if pieces.len() == 1 {
        return to_name(pattern, paths);
    }
    let longest = pieces.iter().max_by_key(|piece| piece.chars().count()).copied().unwrap_or_default();
    let telling = |piece: &str| piece.chars().count() >= TELLING;
    // How much of a path to compare with a piece: one letter more or less, for one may be doubled or missing.
    let sides = |piece: &str| {
        let length = piece.chars().count();
        if telling(piece) { length - 1..length + 2 } else { 0..0 }
    };
    nearest(paths.iter().filter_map(|&path| {
        let candidate = path.to_lowercase();
        let likeness = if any_case.matches(&candidate) {
            2.0
        } else if telling(longest) && candidate.contains(longest) {
            1.0
        } else {
            let (head, tail) = (pieces[0], pieces[pieces.len() - 1]);
            let begins = sides(head).map(|length| alike(head, beginning(&candidate, length)));
            let ends = sides(tail).map(|length| alike(tail, ending(&candidate, length)));
            begins.chain(ends).fold(0.0, f64::max)
        };
        (likeness >= ALIKE).then_some((likeness, path))
    }))
}

fn alike(wanted: &str, candidate: &str) -> f64 {
    // The comparison takes time and memory by the product of the lengths. Two texts whose lengths are further apart than
    // this cannot be alike, and a hostile listing must not be able to make an error message expensive.
    let (wanted_length, candidate_length) = (wanted.len(), candidate.len());
    if wanted_length > 500 || candidate_length > 500 || wanted_length.abs_diff(candidate_length) > 200 {
        return 0.0;
    }
    normalized_damerau_levenshtein(wanted, candidate)
}

/// The best of `candidates` by likeness, equals by path.
fn nearest<'a>(candidates: impl Iterator<Item = (f64, &'a str)>) -> Vec<String> {
    let mut candidates: Vec<(f64, &str)> = candidates.collect();
    candidates
        .sort_by(|(one, one_path), (other, other_path)| other.total_cmp(one).then_with(|| one_path.cmp(other_path)));
    // a file of CivitAI has a path and a name, mostly the same
    candidates.dedup_by_key(|(_, path)| *path);
    candidates.truncate(LIMIT);
    candidates.into_iter().map(|(_, path)| path.to_owned()).collect()
}

/// All folders of a listing, each with its closing slash.
fn folders<'a>(paths: &[&'a str]) -> BTreeSet<&'a str> {
    paths.iter().flat_map(|path| path.match_indices('/').map(|(slash, _)| &path[..=slash])).collect()
}

/// The file or folder name at the end of a path.
fn last_part(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    path.rsplit('/').next().unwrap_or(path)
}

/// The first `count` characters of `text`.
fn beginning(text: &str, count: usize) -> &str {
    let end = text.char_indices().nth(count).map_or(text.len(), |(place, _)| place);
    &text[..end]
}

/// The last `count` characters of `text`; `count` is not 0.
fn ending(text: &str, count: usize) -> &str {
    let start = text.char_indices().rev().nth(count - 1).map_or(0, |(place, _)| place);
    &text[start..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATHS: [&str; 12] = [
        ".gitattributes",
        "README.md",
        "config.json",
        "generation_config.json",
        "model-00001-of-00003.safetensors",
        "model-00002-of-00003.safetensors",
        "model-00003-of-00003.safetensors",
        "model.safetensors",
        "onnx/config.json",
        "onnx/model_quantized.onnx",
        "tokenizer.json",
        "vocab.json",
    ];

    #[test]
    fn names() {
        let near = |name| to_name(name, &PATHS);
        assert_eq!(near("Config.json"), ["config.json", "onnx/config.json"]);
        assert_eq!(near("readme.md"), ["README.md"]);
        assert_eq!(near("modle.safetensor"), ["model.safetensors"]);
        assert_eq!(near("model_quantized.onnx"), ["onnx/model_quantized.onnx"]);
        assert_eq!(near("fp16/config.json"), ["config.json", "onnx/config.json"]);
        assert_eq!(near("onnx"), ["onnx/"]);
        assert_eq!(near("Onnx/"), ["onnx/"]);
        assert_eq!(near("pytorch_model.bin"), [""; 0]);
        assert_eq!(near(""), [""; 0]);
        assert_eq!(to_name("modle.bin", &["model.bin", "model.bin", "x"]), ["model.bin"], "each once");
    }

    #[test]
    fn shards_are_near_by_number_and_limited() {
        let near = to_name("model-00004-of-00003.safetensors", &PATHS);
        assert_eq!(near, PATHS[4..7]);
        let shards: Vec<String> = (0..100).map(|shard| format!("model-{shard:05}.safetensors")).collect();
        let shards: Vec<&str> = shards.iter().map(String::as_str).collect();
        assert_eq!(to_name("model-00100.safetensors", &shards).len(), LIMIT);
    }

    #[test]
    fn patterns() {
        let near = |pattern| to_pattern(pattern, &PATHS);
        assert_eq!(near("*.MD"), ["README.md"]);
        assert_eq!(near("*.safetensor")[0], "model-00001-of-00003.safetensors");
        assert_eq!(near("*.onx"), ["onnx/model_quantized.onnx"]);
        assert_eq!(near("tokeniser*"), ["tokenizer.json"]);
        assert_eq!(near("fp16/*.gguf"), [""; 0]);
        assert_eq!(near("*"), PATHS[..LIMIT].to_vec());
        assert_eq!(near("confg.json"), ["config.json", "onnx/config.json"]);
    }

    proptest! {
        #[test]
        fn never_panics(wanted in any::<String>(), paths in prop::collection::vec(any::<String>(), 0..6)) {
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            prop_assert!(to_name(&wanted, &paths).len() <= LIMIT);
            prop_assert!(to_pattern(&wanted, &paths).len() <= LIMIT);
        }
    }
}
