//! `extra_model_paths.yaml`: folders that a ComfyUI looks into beside its own.
//!
//! ```yaml
//! a1111:                                  # a group; its name means nothing
//!     base_path: ~/stable-diffusion-webui # `~` and `$NAME` are expanded; relative to this file
//!     is_default: true                    # new files go here
//!     checkpoints: models/Stable-diffusion
//!     loras: |                            # several folders, one a line
//!         models/Lora
//!         models/LyCORIS
//! ```
//!
//! Two traps: a relative path without a `base_path` is relative to this file and not to the folder in
//! which ComfyUI was started, and `~` is expanded in `base_path` alone.

use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::yaml::{self, YamlNode};
use super::{ComfyuiError, ModelType};
use crate::regular_file;
use crate::repo::printable;
use crate::settings::env::Env;

/// A folder for one type of models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExtraFolder {
    /// The type.
    pub(crate) kind: ModelType,
    /// The folder.
    pub(crate) folder: PathBuf,
    /// Whether it goes before the folders of that type that are known by then.
    pub(crate) is_default: bool,
}

/// Reads the file at `path`, whose relative paths are relative to the folder `beside`.
pub(super) fn read(path: &Path, beside: &Path, env: &Env) -> Result<Vec<ExtraFolder>, ComfyuiError> {
    let text = regular_file::read_text(path, regular_file::NOTE);
    let text = text.map_err(|source| ComfyuiError::Unreadable { path: path.to_path_buf(), source })?;
    parse(&text, path, beside, env)
}

/// Parses the text of the file at `path`. Without a single group ComfyUI does not start, but there is nothing to mistake.
fn parse(text: &str, path: &Path, beside: &Path, env: &Env) -> Result<Vec<ExtraFolder>, ComfyuiError> {
    let document = yaml::load(text)
        .map_err(|reason| ComfyuiError::Malformed { path: path.to_path_buf(), reason: printable(&reason) })?;
    let wrong = |place: String, expected| ComfyuiError::Shape { path: path.to_path_buf(), place, expected };
    let groups = match &*document {
        YamlNode::Null => return Ok(Vec::new()),
        YamlNode::Mapping(groups) => groups,
        _ => return Err(wrong("the whole".to_owned(), "a mapping of groups")),
    };
    let mut extra = Vec::new();
    for (name, group) in groups {
        let name = printable(name.text().unwrap_or("?"));
        match &**group {
            YamlNode::Mapping(group) => {
                let said = |place: &str, expected| wrong(format!("`{place}` of `{name}`"), expected);
                read_group(group, beside, env, &mut extra).map_err(|(place, expected)| said(&place, expected))?;
            }
            YamlNode::Null => {}
            YamlNode::Text(_) | YamlNode::Sequence(_) if !group.is_true() => {}
            _ => return Err(wrong(format!("the group `{name}`"), "a mapping of types to folders")),
        }
    }
    Ok(extra)
}

/// What is wrong: the key, and what should stand there.
type Wrong = (String, &'static str);

fn read_group(
    group: &[(Rc<YamlNode>, Rc<YamlNode>)],
    beside: &Path,
    env: &Env,
    extra: &mut Vec<ExtraFolder>,
) -> Result<(), Wrong> {
    let mut base = beside.to_path_buf();
    let mut is_default = false;
    for (key, value) in group {
        match key.text() {
            Some("base_path") => {
                let text = value.text().ok_or_else(|| ("base_path".to_owned(), "a folder"))?;
                base = beside.join(env.expand(text));
            }
            Some("is_default") => is_default = value.is_true(),
            _ => {}
        }
    }
    for (key, value) in group {
        let key = key.text().unwrap_or("?");
        if ["base_path", "is_default"].contains(&key) {
            continue;
        }
        let folders = value.text().ok_or_else(|| (printable(key), "a folder, or one folder a line"))?;
        // A name that no type can have is one that nobody can ask for.
        let Ok(kind) = key.parse::<ModelType>() else { continue };
        for folder in folders.split('\n').filter(|folder| !folder.is_empty()) {
            extra.push(ExtraFolder { kind: kind.clone(), folder: plain(&base.join(folder)), is_default });
        }
    }
    Ok(())
}

/// The path without `.`, closing slashes and `x/..`, so that two spellings of a folder are one. Nothing is above a root.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => drop(plain.pop()),
            Component::ParentDir if plain.has_root() => {}
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rest is held to ComfyUI's own answers, in `comfyui::tests`.
    #[test]
    fn what_comfyui_would_stumble_over_is_named() {
        let env = Env::of("/home/bob", []);
        for (text, said) in [
            ("a: [", "is not valid YAML"),
            ("a: {<<: 7}", "is not valid YAML: `<<` takes a mapping"),
            ("a: {vae: !mine /v}", "is not valid YAML: the tag `!mine` is not read"),
            ("a: {vae: =}", "is not valid YAML: `=` is not a value"),
            ("a: 1\n---\nb: 2\n", "is not valid YAML: it holds a second document"),
            (&"[".repeat(40), "is not valid YAML: it is nested more than 32 levels deep"),
            ("- a", "the whole is not a mapping of groups"),
            ("a: models", "the group `a` is not a mapping"),
            ("a:\n  loras: [x, y]\n", "`loras` of `a` is not a folder, or one folder a line"),
            ("a:\n  loras:\n", "`loras` of `a` is not a folder"),
            ("a:\n  vae: 2024-01-01\n", "`vae` of `a` is not a folder"),
            ("a:\n  base_path: 7\n", "`base_path` of `a` is not a folder"),
        ] {
            let path = Path::new("/c/extra_model_paths.yaml");
            let error = parse(text, path, Path::new("/c"), &env).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("extra_model_paths.yaml"), "{error}");
        }
        assert_eq!(parse("# nothing but a comment\n", Path::new("x"), Path::new(""), &env).unwrap(), []);
    }

    #[test]
    fn what_is_no_file_or_too_long_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::of("/home/bob", []);
        assert!(matches!(read(folder.path(), folder.path(), &env), Err(ComfyuiError::Unreadable { .. })));
        let path = folder.path().join("long.yaml");
        std::fs::write(&path, "#".repeat(1 << 20)).unwrap();
        assert!(matches!(read(&path, folder.path(), &env), Err(ComfyuiError::Unreadable { .. })));
    }
}
