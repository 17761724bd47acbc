//! The files a command line asks for, and what it asks for in vain.

use super::{Pattern, PatternError, near};

/// The files a user asked for: names after the reference, `--include` and `--exclude`.
///
/// A file is selected when it matches one of the names (if there are any) **and** one of the include patterns (if there
/// are any) and none of the exclude patterns. `hf download` differs on purpose-built traps: it takes names for patterns as
/// soon as there are two of them, skips the misspelt ones without a word, and drops the patterns when there are names
/// (`huggingface_hub` 2.4, `cli/download.py`).
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    names: Vec<ExactName>,
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

/// A name after the reference: never a pattern, because `[` and `?` may be part of a file's name.
#[derive(Clone, Debug)]
enum ExactName {
    File(String),
    /// Everything below a folder. The text keeps its closing slash, so that `onnx/` does not take `onnxruntime.md`.
    Folder(String),
}

impl ExactName {
    fn new(text: String) -> Self {
        if text.ends_with('/') { Self::Folder(text) } else { Self::File(text) }
    }

    fn matches(&self, path: &str) -> bool {
        match self {
            Self::File(name) => path == name,
            Self::Folder(name) => path.starts_with(name.as_str()),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::File(name) | Self::Folder(name) => name,
        }
    }
}

/// Why a selection is an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unmatched {
    /// These names and include patterns match no file at all. One of several is enough: who misspells one of three files
    /// wants to know now, not when the model fails to load.
    #[error("no file in the repository matches {}", list(.0))]
    Missing(Vec<Missing>),
    /// Each name and each include pattern matches some file, but no file passes all that was asked.
    #[error("no file is left: each name and pattern matches some file, but none passes all of them")]
    NothingLeft,
}

/// One name or include pattern that matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// What was asked for.
    pub(crate) wanted: Criterion,
    /// What the user may have meant, nearest first, at most five; for a name, folders (with a closing `/`) too.
    pub(crate) near: Vec<String>,
}

/// What was asked for, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Criterion {
    /// A name after the reference.
    Name(String),
    /// An `--include` pattern.
    Include(String),
}

impl Criterion {
    /// The text as it was written.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Name(text) | Self::Include(text) => text,
        }
    }

    /// Whether this is a name that would be a glob after `--include`: worth a hint, for `hf` takes globs among names.
    #[must_use]
    pub(crate) fn is_name_with_wildcards(&self) -> bool {
        matches!(self, Self::Name(text) if text.contains(['*', '?', '[']))
    }
}

fn list(missing: &[Missing]) -> String {
    let texts: Vec<String> = missing.iter().map(|one| format!("`{}`", one.wanted.as_str())).collect();
    texts.join(", ")
}

impl Selection {
    /// The selection of `names` (exact names, or `folder/` for all below it) and patterns.
    ///
    /// # Errors
    /// When a pattern is too large.
    pub(crate) fn new(names: Vec<String>, include: &[String], exclude: &[String]) -> Result<Self, PatternError> {
        let patterns = |texts: &[String]| -> Result<Vec<Pattern>, PatternError> {
            texts.iter().map(|text| Pattern::new(text)).collect()
        };
        Ok(Self {
            names: names.into_iter().map(ExactName::new).collect(),
            include: patterns(include)?,
            exclude: patterns(exclude)?,
        })
    }

    /// The selection of these names alone.
    #[must_use]
    pub(crate) fn of_names(names: Vec<String>) -> Self {
        Self { names: names.into_iter().map(ExactName::new).collect(), ..Self::default() }
    }

    /// The name when exactly one file was named: then it is the file's path that the user wants to see, not the folder's.
    #[must_use]
    pub(crate) fn only_file(&self) -> Option<&str> {
        match &self.names[..] {
            [ExactName::File(name)] => Some(name),
            _ => None,
        }
    }

    /// Whether it asks for everything but what it excludes: no name, no include pattern.
    #[must_use]
    pub(crate) fn is_open(&self) -> bool {
        self.names.is_empty() && self.include.is_empty()
    }

    /// Whether exactly this file was named.
    #[must_use]
    pub(crate) fn is_named(&self, path: &str) -> bool {
        self.names.iter().any(|name| matches!(name, ExactName::File(file) if file == path))
    }

    /// Whether the file at `path` is selected.
    #[must_use]
    pub(crate) fn contains(&self, path: &str) -> bool {
        (self.names.is_empty() || self.names.iter().any(|name| name.matches(path)))
            && (self.include.is_empty() || self.include.iter().any(|pattern| pattern.matches(path)))
            && !self.exclude.iter().any(|pattern| pattern.matches(path))
    }

    /// Whether nothing is said, so that all is wanted.
    #[must_use]
    pub(crate) const fn is_everything(&self) -> bool {
        self.names.is_empty() && self.include.is_empty() && self.exclude.is_empty()
    }

    /// Whether there are include patterns.
    #[must_use]
    pub(crate) const fn has_patterns(&self) -> bool {
        !self.include.is_empty()
    }

    /// As [`contains`](Self::contains), for a file with a second name that patterns may match as well.
    #[must_use]
    pub(crate) fn contains_either(&self, path: &str, other: &str) -> bool {
        let either = |pattern: &Pattern| pattern.matches(path) || pattern.matches(other);
        (self.names.is_empty() || self.names.iter().any(|name| name.matches(path)))
            && (self.include.is_empty() || self.include.iter().any(either))
            && !self.exclude.iter().any(either)
    }

    /// The selected ones among `paths`, in the order they come.
    ///
    /// An exclude pattern that matches nothing is fine (`--exclude '*.bin'` is a habit, not a demand), and so is an empty
    /// repository of which all is wanted.
    ///
    /// # Errors
    /// When a name or an include pattern matches none of `paths`, or no file is left.
    pub(crate) fn select<'a>(&self, paths: impl Iterator<Item = &'a str>) -> Result<Vec<&'a str>, Unmatched> {
        let paths: Vec<&str> = paths.collect();
        let missing = self.missing(&paths);
        if !missing.is_empty() {
            return Err(Unmatched::Missing(missing));
        }
        let selected: Vec<&str> = paths.iter().copied().filter(|path| self.contains(path)).collect();
        if selected.is_empty() && !paths.is_empty() {
            return Err(Unmatched::NothingLeft);
        }
        Ok(selected)
    }

    fn missing(&self, paths: &[&str]) -> Vec<Missing> {
        let names = self.names.iter().filter(|name| !paths.iter().any(|path| name.matches(path)));
        let include = self.include.iter().filter(|pattern| !paths.iter().any(|path| pattern.matches(path)));
        names
            .map(|name| Missing {
                near: near::to_name(name.as_str(), paths),
                wanted: Criterion::Name(name.as_str().to_owned()),
            })
            .chain(include.map(|pattern| Missing {
                near: near::to_pattern(pattern.as_str(), paths),
                wanted: Criterion::Include(pattern.as_str().to_owned()),
            }))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATHS: [&str; 6] =
        [".gitattributes", "config.json", "model.safetensors", "onnx/config.json", "onnx/model.onnx", "onnxruntime.md"];

    fn selection(names: &[&str], include: &[&str], exclude: &[&str]) -> Selection {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        Selection::new(owned(names), &owned(include), &owned(exclude)).unwrap()
    }

    fn select(names: &[&str], include: &[&str], exclude: &[&str]) -> Result<Vec<&'static str>, Unmatched> {
        selection(names, include, exclude).select(PATHS.into_iter())
    }

    fn missing(names: &[&str], include: &[&str]) -> Vec<String> {
        match select(names, include, &[]) {
            Err(Unmatched::Missing(missing)) => missing.iter().map(|one| one.wanted.as_str().to_owned()).collect(),
            other => panic!("expected something missing, got {other:?}"),
        }
    }

    #[test]
    fn without_a_word_all_files_are_selected() {
        assert_eq!(select(&[], &[], &[]).unwrap(), PATHS);
    }

    #[test]
    fn names_are_exact_and_folders_take_all_below() {
        assert_eq!(select(&["config.json"], &[], &[]).unwrap(), ["config.json"]);
        assert_eq!(select(&["onnx/"], &[], &[]).unwrap(), ["onnx/config.json", "onnx/model.onnx"]);
        assert_eq!(missing(&["onnx", "*.json"], &[]), ["onnx", "*.json"]);
    }

    #[test]
    fn a_name_may_hold_glob_characters() {
        let odd = selection(&["a[1].txt"], &[], &[]);
        assert_eq!(odd.select(["a1.txt", "a[1].txt"].into_iter()).unwrap(), ["a[1].txt"]);
        assert!(Criterion::Name("*.json".to_owned()).is_name_with_wildcards());
        assert!(!Criterion::Include("*.json".to_owned()).is_name_with_wildcards());
    }

    #[test]
    fn names_and_include_must_both_match() {
        assert_eq!(select(&["onnx/"], &["*.json"], &[]).unwrap(), ["onnx/config.json"]);
        assert_eq!(select(&["onnx/"], &["*.md"], &[]), Err(Unmatched::NothingLeft));
    }

    #[test]
    fn exclude_wins_and_need_not_match() {
        assert_eq!(select(&[], &["*.json"], &["onnx/*", "*.bin"]).unwrap(), ["config.json"]);
        assert_eq!(select(&["config.json"], &[], &["*"]), Err(Unmatched::NothingLeft));
        assert_eq!(select(&[], &[], &["*"]), Err(Unmatched::NothingLeft));
    }

    #[test]
    fn one_of_several_that_matches_nothing_is_an_error() {
        assert_eq!(missing(&["config.json", "confg.json"], &[]), ["confg.json"]);
        assert_eq!(missing(&[], &["*.json", "*.gguf"]), ["*.gguf"]);
        assert_eq!(missing(&["nothing.bin"], &["*.gguf"]), ["nothing.bin", "*.gguf"]);
    }

    #[test]
    fn the_message_names_what_is_missing() {
        let error = select(&["confg.json"], &["*.gguf"], &[]).unwrap_err();
        assert_eq!(error.to_string(), "no file in the repository matches `confg.json`, `*.gguf`");
        let Unmatched::Missing(missing) = error else { panic!("{error:?}") };
        assert_eq!(missing[0].near, ["config.json", "onnx/config.json"]);
    }

    #[test]
    fn an_empty_repository_has_all_its_files() {
        assert_eq!(selection(&[], &[], &[]).select(std::iter::empty()), Ok(vec![]));
        assert!(selection(&["a"], &[], &[]).select(std::iter::empty()).is_err());
    }

    #[test]
    fn exactly_one_named_file_is_known() {
        assert_eq!(selection(&["a"], &[], &[]).only_file(), Some("a"));
        assert_eq!(selection(&["a/"], &[], &[]).only_file(), None);
        assert_eq!(selection(&["a", "b"], &[], &[]).only_file(), None);
    }

    proptest! {
        #[test]
        fn never_panics_and_never_selects_what_was_not_there(
            names in prop::collection::vec("[a-c/.*]{0,4}", 0..3),
            include in prop::collection::vec(r"[a-c/.*\[\]!-]{0,4}", 0..3),
            exclude in prop::collection::vec(r"[a-c/.*\[\]!-]{0,4}", 0..2),
            paths in prop::collection::vec("[a-cé/.]{0,6}", 0..8),
        ) {
            let selection = Selection::new(names, &include, &exclude).unwrap();
            if let Ok(selected) = selection.select(paths.iter().map(String::as_str)) {
                prop_assert!(selected.iter().all(|path| paths.iter().any(|known| known == path)));
            }
        }
    }
}
