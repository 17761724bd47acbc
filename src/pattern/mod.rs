//! Which files of a repository are wanted: glob patterns as Python reads them, and the selection made of them.
//!
//! Patterns mean what they mean to `huggingface_hub` (`filter_repo_objects`, which calls `fnmatch.fnmatchcase`), so that
//! a command line copied from `hf download` selects the same files. No glob crate has these rules: in Python's, `*`
//! crosses `/`, there are no `{braces}`, and nothing escapes.

use std::fmt;

use regex::Regex;

mod near;
mod selection;

pub(crate) use near::{LIMIT, near};
pub(crate) use selection::{Criterion, Selection, Unmatched};

/// A glob pattern with the meaning of Python's `fnmatch.fnmatchcase`.
///
/// - Case counts; `*` is any text and `?` any one character, both including `/` and newline; `**` equals `*`
///   (CPython 3.11 `fnmatch.translate`: `*` becomes `.*` and `?` becomes `.` under the `s` flag).
/// - `[seq]` is one character of `seq`, `[!seq]` one that is not; a bracket that never closes is an ordinary character.
/// - Nothing escapes a special character ("There is no way to quote meta-characters", same place); a literal `[` is
///   written `[[]`.
/// - A pattern that ends in `/` means everything below it (`huggingface_hub` 2.4, `_add_wildcard_to_directories`).
/// - A backslash is `/`, in the pattern as in the path (same place, `_normalize_separators`): a pattern typed on Windows
///   works.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    text: String,
    regex: Regex,
}

/// Why a text cannot be used as a pattern. Every text is a valid pattern to Python; the one limit is ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    /// Compiled, the pattern would need more than the megabytes that `regex` allows; that takes some ten thousand
    /// wildcards.
    #[error("the pattern that begins with `{beginning}` is too large ({length} bytes)")]
    TooLarge {
        /// The first characters of the pattern: the whole of it would fill the screen.
        beginning: String,
        /// Length of the whole text in bytes.
        length: usize,
    },
}

impl Pattern {
    /// Reads `text` as a pattern.
    ///
    /// # Errors
    /// Only when the pattern is too large to compile.
    pub(crate) fn new(text: &str) -> Result<Self, PatternError> {
        let regex = Regex::new(&translate(text))
            .map_err(|_| PatternError::TooLarge { beginning: text.chars().take(40).collect(), length: text.len() })?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// Whether the whole of `path` matches.
    #[must_use]
    pub(crate) fn matches(&self, path: &str) -> bool {
        if path.contains('\\') { self.regex.is_match(&path.replace('\\', "/")) } else { self.regex.is_match(path) }
    }

    /// The pattern as it was written.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// The regular expression that means what `fnmatch.translate` makes of `pattern`.
///
/// CPython writes an inner `*` as the atomic group `(?>.*?fixed)`. That is for speed only, every fixed piece has a fixed
/// length, and `regex` never backtracks; so here it is a plain `.*`.
fn translate(pattern: &str) -> String {
    let mut characters: Vec<char> = pattern.replace('\\', "/").chars().collect();
    if characters.last() == Some(&'/') {
        characters.push('*');
    }
    let mut expression = String::from(r"(?s)\A");
    let mut at = 0;
    while at < characters.len() {
        let character = characters[at];
        at += 1;
        match character {
            '*' if expression.ends_with(".*") => {} // `**` is `*`; a literal dot ends in `\.`, so this is our own
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            '[' => match closing_bracket(&characters, at) {
                Some(end) => {
                    push_class(&mut expression, &characters[at..end]);
                    at = end + 1;
                }
                None => push_literal(&mut expression, '['),
            },
            literal => push_literal(&mut expression, literal),
        }
    }
    expression.push_str(r"\z");
    expression
}

/// Where the bracket expression that starts at `start` (just after its `[`) ends. A `]` that comes first, also first
/// after `!`, belongs to the set.
fn closing_bracket(characters: &[char], start: usize) -> Option<usize> {
    let mut at = start;
    if characters.get(at) == Some(&'!') {
        at += 1;
    }
    if characters.get(at) == Some(&']') {
        at += 1;
    }
    (at..characters.len()).find(|&place| characters[place] == ']')
}

/// One piece of a bracket expression after CPython has sorted its hyphens.
#[derive(Clone, Copy)]
enum Piece {
    One(char),
    /// A hyphen between two characters that make a range.
    Through,
}

/// Appends the class for the inside of a bracket expression.
///
/// `regex` reads `[`, `&&`, `--` and `~~` inside a class in its own way, so nothing is handed through: each character
/// is written as an escaped literal.
fn push_class(expression: &mut String, inside: &[char]) {
    let pieces = sort_hyphens(inside);
    // Python looks for `!` only now, when empty ranges are gone: to it, `[z-a!b]` is `[!b]`.
    let (negated, pieces) = match pieces.split_first() {
        Some((Piece::One('!'), rest)) => (true, rest),
        _ => (false, &pieces[..]),
    };
    match (negated, pieces) {
        (false, []) => expression.push_str(r"[^\x00-\x{10FFFF}]"), // matches nothing; Python writes `(?!)`
        (true, []) => expression.push('.'),
        (_, mut rest) => {
            expression.push_str(if negated { "[^" } else { "[" });
            loop {
                // A hyphen that lost its left side with the `!` stands for itself.
                let literal = |piece| match piece {
                    Piece::One(character) => character,
                    Piece::Through => '-',
                };
                rest = match *rest {
                    [] => break,
                    [low, Piece::Through, high, ..] => {
                        push_literal(expression, literal(low));
                        expression.push('-');
                        push_literal(expression, literal(high));
                        &rest[3..]
                    }
                    [one, ..] => {
                        push_literal(expression, literal(one));
                        &rest[1..]
                    }
                };
            }
            expression.push(']');
        }
    }
}

/// Tells the hyphens that make a range from those that stand for themselves, and drops empty ranges such as `z-a`,
/// step by step as CPython 3.11 does: its answers in odd cases follow from its steps, not from a rule.
fn sort_hyphens(inside: &[char]) -> Vec<Piece> {
    let mut chunks: Vec<Vec<char>> = Vec::new();
    let mut start = 0;
    // The first character (after `!`) is never a range's hyphen, nor are the two after one.
    let mut from = if inside.first() == Some(&'!') { 2 } else { 1 };
    while let Some(hyphen) = (from..inside.len()).find(|&place| inside[place] == '-') {
        chunks.push(inside[start..hyphen].to_vec());
        start = hyphen + 1;
        from = hyphen + 3;
    }
    match (chunks.last_mut(), &inside[start..]) {
        (Some(last), []) => last.push('-'),
        (_, rest) => chunks.push(rest.to_vec()),
    }
    for right in (1..chunks.len()).rev() {
        if chunks[right - 1].last() > chunks[right].first() {
            let high_side = chunks.remove(right);
            chunks[right - 1].pop();
            chunks[right - 1].extend(&high_side[1..]);
        }
    }
    let mut pieces = Vec::with_capacity(inside.len());
    for (index, chunk) in chunks.iter().enumerate() {
        if index > 0 {
            pieces.push(Piece::Through);
        }
        pieces.extend(chunk.iter().copied().map(Piece::One));
    }
    pieces
}

fn push_literal(expression: &mut String, character: char) {
    // In a class `regex` would read a bare `-`, `^`, `&` or `~` as an operator; `escape` covers them all.
    expression.push_str(&regex::escape(character.encode_utf8(&mut [0; 4])));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        Pattern::new(pattern).unwrap().matches(path)
    }

    /// Python's own answers, by `python3 tests/it/data/fnmatch.py > tests/it/data/fnmatch.tsv`, which runs
    /// `fnmatch.fnmatchcase(path, pattern)` of CPython 3.11 over the patterns and paths listed in that file.
    #[test]
    fn agrees_with_python() {
        let table = include_str!("../../tests/it/data/fnmatch.tsv");
        let mut rows = 0;
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let mut columns = line.split('\t');
            let mut text = || serde_json::from_str::<String>(columns.next().unwrap()).unwrap();
            let (pattern, path) = (text(), text());
            let expected = columns.next().unwrap() == "True";
            assert_eq!(matches(&pattern, &path), expected, "pattern {pattern:?}, path {path:?}");
            rows += 1;
        }
        assert!(rows >= 150, "only {rows} rows");
    }

    #[test]
    fn a_trailing_slash_means_everything_below() {
        assert!(matches("onnx/", "onnx/model.onnx"));
        assert!(matches("onnx/", "onnx/fp16/model.onnx"));
        assert!(!matches("onnx/", "onnx"));
        assert!(!matches("onnx/", "text/onnx/model.onnx"));
        assert_eq!(Pattern::new("onnx/").unwrap().as_str(), "onnx/");
    }

    #[test]
    fn a_backslash_is_a_slash() {
        assert!(matches(r"onnx\*", "onnx/model.onnx"));
        assert!(matches("onnx/*", r"onnx\model.onnx"));
    }

    #[test]
    fn a_pattern_too_large_to_compile_is_an_error() {
        let error = Pattern::new(&"?".repeat(100_000)).unwrap_err();
        assert!(error.to_string().starts_with("the pattern that begins with `????"), "{error}");
        assert!(error.to_string().len() < 120, "{error}");
    }

    proptest! {
        #[test]
        fn never_panics(pattern in r"[\[\]!^*?/a-e&|~\\.\n-]{0,20}", path in r"[\[\]!^/a-e&|~\\.\n-]{0,8}") {
            matches(&pattern, &path);
        }

        #[test]
        fn never_panics_on_any_text(pattern in any::<String>(), path in any::<String>()) {
            matches(&pattern, &path);
        }

        #[test]
        fn text_without_wildcards_matches_itself(text in r"[^\[*?\\]{0,20}[^\[*?\\/]") {
            prop_assert!(matches(&text, &text));
        }
    }
}
