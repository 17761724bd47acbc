//! Paths as people write them: what a shell would have made of them, or an error.

use std::ffi::OsStr;
use std::path::PathBuf;

use super::{Env, EnvError, GATEDL_CONFIG, Group, HF_TOKEN_PATH, VARIABLES, home_folder};

/// What is wrong with a path as it is written, where a shell would have made another one of it.
#[must_use]
pub(crate) fn path_problem(text: &str) -> Option<&'static str> {
    let is_quoted = |quote| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
    if is_quoted('"') || is_quoted('\'') {
        return Some("the quotes are part of it; leave them out");
    }
    match text.strip_prefix('~')?.chars().next() {
        None | Some('/' | '\\') => None,
        Some(_) => {
            Some("`~name` is another user's home for a shell; write it out, or `./~name` for a file of that name")
        }
    }
}

/// A path on the command line: a shell leaves the `~` of `--option=~/x` alone, and nobody means a folder of that name.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn typed_path(text: &OsStr) -> Result<PathBuf, &'static str> {
    let Some(written) = text.to_str() else { return Ok(PathBuf::from(text)) };
    if let Some(problem) = path_problem(written) {
        return Err(problem);
    }
    let Some(below) = written.strip_prefix('~') else { return Ok(PathBuf::from(text)) };
    let home = home_folder().ok_or("the home folder is not known")?;
    Ok(if below.is_empty() { home } else { home.join(&below[1..]) })
}

impl Env {
    /// Looks at every variable that holds a path.
    ///
    /// # Errors
    /// The first whose value cannot be used as a path.
    pub fn check_paths(&self) -> Result<(), EnvError> {
        let folders = VARIABLES.iter().filter(|variable| variable.group == Group::Folders);
        for variable in folders.chain([&HF_TOKEN_PATH, &GATEDL_CONFIG]) {
            let text = self.values.get(variable.name).and_then(|value| value.to_str());
            if let Some(problem) = text.and_then(path_problem) {
                return Err(EnvError::Path { name: variable.name, problem });
            }
        }
        Ok(())
    }

    /// Expands a leading `~` and `$NAME` or `${NAME}`; a name that is not set stays as it is written.
    #[must_use]
    pub fn expand(&self, text: &str) -> PathBuf {
        let expanded = self.expand_names(text);
        match (expanded.strip_prefix('~'), &self.home) {
            (Some(""), Some(home)) => home.clone(),
            (Some(rest), Some(home)) if rest.starts_with(['/', '\\']) => home.join(&rest[1..]),
            _ => PathBuf::from(expanded),
        }
    }

    fn expand_names(&self, text: &str) -> String {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some(start) = rest.find('$') {
            expanded.push_str(&rest[..start]);
            rest = &rest[start..];
            let braced = rest[1..].strip_prefix('{').and_then(|inner| inner.split_once('}')).map(|(name, _)| name);
            let name = braced.unwrap_or_else(|| {
                let end =
                    rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(rest.len(), |at| at + 1);
                &rest[1..end]
            });
            let length = name.len() + if braced.is_some() { 3 } else { 1 };
            match self.values.get(name).and_then(|value| value.to_str()) {
                Some(value) => expanded.push_str(value),
                None => expanded.push_str(&rest[..length]),
            }
            rest = &rest[length..];
        }
        expanded + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_what_a_shell_would_have_meant_or_is_an_error() {
        for bad in ["~bob", "~bob/x", "\"/x\"", "'~/x'"] {
            assert!(path_problem(bad).is_some() && typed_path(OsStr::new(bad)).is_err(), "{bad}");
            let env = Env::of("/h", [("HF_HOME", bad)]);
            assert!(env.check_paths().unwrap_err().to_string().contains("HF_HOME"), "{bad}");
        }
        for good in ["/x", "x~", "./~bob", "it's", "\"", "", "a/~/b"] {
            assert_eq!(typed_path(OsStr::new(good)), Ok(PathBuf::from(good)));
            assert_eq!(Env::of("/h", [("HF_HOME", good), ("COMFYUI_DIR", "~/x")]).check_paths(), Ok(()));
        }
        let home = home_folder().unwrap();
        assert_eq!(typed_path(OsStr::new("~")), Ok(home.clone()));
        assert_eq!(typed_path(OsStr::new("~/a/~")), Ok(home.join("a/~")));
    }
}
