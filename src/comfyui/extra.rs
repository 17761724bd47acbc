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

use std::path::{Path, PathBuf};

use saphyr::{LoadableYamlNode as _, Mapping, Scalar, Yaml};

use super::{ComfyuiError, ModelType};
use crate::env::Env;
use crate::regular_file;
use crate::repo::printable;

/// A folder for one type of models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraFolder {
    /// The type.
    pub kind: ModelType,
    /// The folder.
    pub folder: PathBuf,
    /// Whether it goes before the folders of that type that are known by then.
    pub is_default: bool,
}

/// Reads the file; where there is none, there are no extra folders.
pub(super) fn read(path: &Path, env: &Env) -> Result<Vec<ExtraFolder>, ComfyuiError> {
    match regular_file::read_text(path, regular_file::TEXT) {
        Ok(text) => parse(&text, path, env),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(ComfyuiError::Unreadable { path: path.to_path_buf(), source }),
    }
}

/// Parses the text of the file at `path`.
fn parse(text: &str, path: &Path, env: &Env) -> Result<Vec<ExtraFolder>, ComfyuiError> {
    let documents = Yaml::load_from_str(text)
        .map_err(|error| ComfyuiError::Malformed { path: path.to_path_buf(), reason: printable(&error.to_string()) })?;
    let wrong = |place: String, expected| ComfyuiError::Shape { path: path.to_path_buf(), place, expected };
    let groups = match documents.first() {
        None => return Ok(Vec::new()),
        Some(document) if is_null(document) => return Ok(Vec::new()),
        Some(Yaml::Mapping(groups)) => groups,
        Some(_) => return Err(wrong("the whole".to_owned(), "a mapping of groups")),
    };
    let mut extra = Vec::new();
    for (name, group) in groups {
        let name = printable(name.as_str().unwrap_or("?"));
        match group {
            Yaml::Mapping(group) => {
                let said = |place: &str, expected| wrong(format!("`{place}` of `{name}`"), expected);
                read_group(group, path, env, &mut extra).map_err(|(place, expected)| said(&place, expected))?;
            }
            empty if is_null(empty) => {}
            _ => return Err(wrong(format!("the group `{name}`"), "a mapping of types to folders")),
        }
    }
    Ok(extra)
}

/// What is wrong: the key, and what should stand there.
type Wrong = (String, &'static str);

fn read_group(group: &Mapping<'_>, path: &Path, env: &Env, extra: &mut Vec<ExtraFolder>) -> Result<(), Wrong> {
    let beside = path.parent().unwrap_or(Path::new(""));
    let mut base = beside.to_path_buf();
    let mut is_default = false;
    for (key, value) in group {
        match key.as_str() {
            Some("base_path") => {
                let text = value.as_str().ok_or_else(|| ("base_path".to_owned(), "a folder"))?;
                base = beside.join(env.expand(text));
            }
            Some("is_default") => is_default = is_true(value),
            _ => {}
        }
    }
    for (key, value) in group {
        let Some(key) = key.as_str().filter(|key| !["base_path", "is_default"].contains(key)) else { continue };
        let folders = value.as_str().ok_or_else(|| (printable(key), "a folder, or one folder a line"))?;
        // A name that no type can have is one that nobody can ask for.
        let Ok(kind) = key.parse::<ModelType>() else { continue };
        for folder in folders.lines().map(str::trim_end).filter(|folder| !folder.is_empty()) {
            extra.push(ExtraFolder { kind: kind.clone(), folder: plain(&base.join(folder)), is_default });
        }
    }
    Ok(())
}

/// The path without `.`, closing slashes and `x/..`, so that two spellings of a folder are one.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if plain.file_name().is_some() => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

fn is_null(value: &Yaml<'_>) -> bool {
    matches!(value, Yaml::Value(Scalar::Null))
}

/// Whether Python would take the value for true. ComfyUI's parser is one of YAML 1.1, to which `yes` and `on` are true and
/// `no` and `off` false; to ours they are words.
fn is_true(value: &Yaml<'_>) -> bool {
    match value {
        Yaml::Value(Scalar::Null) => false,
        Yaml::Value(Scalar::Boolean(value)) => *value,
        Yaml::Value(Scalar::Integer(value)) => *value != 0,
        Yaml::Value(Scalar::String(word)) => !["", "no", "off"].contains(&word.to_lowercase().as_str()),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<(String, String, bool)>, String> {
        let env = Env::of("/home/bob", [("DISK", "/disk")]);
        let extra = parse(text, Path::new("/c/extra_model_paths.yaml"), &env).map_err(|error| error.to_string())?;
        let row = |one: &ExtraFolder| {
            (one.kind.to_string(), one.folder.display().to_string().replace('\\', "/"), one.is_default)
        };
        Ok(extra.iter().map(row).collect())
    }

    fn row(kind: &str, folder: &str, is_default: bool) -> (String, String, bool) {
        (kind.to_owned(), folder.to_owned(), is_default)
    }

    #[test]
    fn folders_are_found_as_comfyui_finds_them() {
        for (text, expected) in [
            ("", vec![]),
            ("# nothing but a comment\n", vec![]),
            ("a1111:\n", vec![]),
            ("a: {checkpoints: models/x}", vec![row("checkpoints", "/c/models/x", false)]),
            ("a:\n  base_path: ~/sd\n  vae: VAE/\n", vec![row("vae", "/home/bob/sd/VAE", false)]),
            ("a:\n  vae: VAE\n  base_path: $DISK/sd\n", vec![row("vae", "/disk/sd/VAE", false)]),
            ("a:\n  base_path: ../shared\n  vae: ./v\n", vec![row("vae", "/shared/v", false)]),
            (
                "a:\n  base_path: /x\n  vae: /abs\n  loras: ~/l\n",
                vec![row("vae", "/abs", false), row("loras", "/x/~/l", false)],
            ),
            (
                "a:\n  base_path: /x\n  loras: |\n    Lora\n    Ly CORIS  \n\n  unet: u\nb:\n  clip: /t\n",
                vec![
                    row("loras", "/x/Lora", false),
                    row("loras", "/x/Ly CORIS", false),
                    row("diffusion_models", "/x/u", false),
                    row("text_encoders", "/t", false),
                ],
            ),
            ("a:\n  is_default: true\n  vae: /v\n", vec![row("vae", "/v", true)]),
            ("a:\n  is_default: yes\n  vae: /v\n", vec![row("vae", "/v", true)]),
            ("a:\n  is_default: off\n  vae: /v\n", vec![row("vae", "/v", false)]),
            ("a:\n  is_default: 0\n  vae: /v\n", vec![row("vae", "/v", false)]),
            ("a:\n  'my / type': /v\n  vae: /w\n", vec![row("vae", "/w", false)]),
        ] {
            assert_eq!(parsed(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_comfyui_would_stumble_over_is_named() {
        for (text, said) in [
            ("a: [", "is not valid YAML"),
            ("- a", "the whole is not a mapping of groups"),
            ("a: models", "the group `a` is not a mapping"),
            ("a:\n  loras: [x, y]\n", "`loras` of `a` is not a folder, or one folder a line"),
            ("a:\n  loras:\n", "`loras` of `a` is not a folder"),
            ("a:\n  base_path: 7\n", "`base_path` of `a` is not a folder"),
        ] {
            let error = parsed(text).unwrap_err();
            assert!(error.contains(said) && error.contains("extra_model_paths.yaml"), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_missing_adds_nothing_and_one_that_cannot_be_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::of("/home/bob", []);
        assert_eq!(read(&folder.path().join("extra_model_paths.yaml"), &env).unwrap(), []);
        assert!(matches!(read(folder.path(), &env), Err(ComfyuiError::Unreadable { .. })));
    }
}
