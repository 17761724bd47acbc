//! ComfyUI's folders: where a model of a type belongs, and where else ComfyUI looks for it.
//!
//! The trap: a file lands where the running server does not look (comfyui-mcp#369). The folders
//! are named after types, but not quite: `unet` and `clip` are old names of two types and still folders of them, a node
//! pack may keep `ultralytics_bbox` in `ultralytics/bbox`, `extra_model_paths.yaml` adds folders on other disks, for
//! new files too where it says `is_default`, and a Visionatrix worker puts its own folders before those of some types and
//! leaves the others alone. So the folders of a type are computed as ComfyUI computes them, in its order; what its own code
//! answers is the table `tests/it/data/comfyui.json`.

mod extra;
mod placement;
mod registry;
mod startup;
#[cfg(test)]
mod tests;
mod yaml;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;

pub(crate) use self::placement::is_model;
pub(crate) use self::startup::{Startup, WorkerFolders};

use self::registry::Registry;
use crate::repo::{Repo, RepoPath, printable};

/// The old names that ComfyUI still takes, with the types that they mean now.
const OLD_NAMES: [(&str, &str); 2] = [("unet", "diffusion_models"), ("clip", "text_encoders")];

/// A kind of model in ComfyUI's words: `checkpoints`, `loras`. Old names are kept as the new ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ModelType(String);

/// Text that names no model type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` cannot be a model type: letters, digits, `_`, `-` and `.` only")]
pub(crate) struct ModelTypeError {
    text: String,
}

impl ModelType {
    /// The name.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The type whose folder has this name, where ComfyUI or a widespread node pack has such a folder: `unet` and
    /// `diffusion_models` are folders of one type.
    #[must_use]
    pub(crate) fn of_folder(name: &str) -> Option<Self> {
        registry::owner(name).map(|kind| Self(kind.to_owned()))
    }
}

impl FromStr for ModelType {
    type Err = ModelTypeError;

    fn from_str(text: &str) -> Result<Self, ModelTypeError> {
        let is_plain = |character: char| character.is_ascii_alphanumeric() || "_-.".contains(character);
        if text.is_empty() || text.starts_with('.') || !text.chars().all(is_plain) {
            return Err(ModelTypeError { text: printable(text) });
        }
        let now = OLD_NAMES.iter().find(|(old, _)| *old == text).map_or(text, |(_, new)| new);
        Ok(Self(now.to_owned()))
    }
}

impl fmt::Display for ModelType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The folders of one ComfyUI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModelFolders {
    /// The folder of the folders that node packs register.
    models: PathBuf,
    registry: Registry,
}

/// Why there is no place for a model. All of these are for the user to put right, the first three in
/// `extra_model_paths.yaml`.
#[derive(Debug, Error)]
pub(crate) enum ComfyuiError {
    /// The file is there and cannot be read.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no YAML.
    #[error("`{}` is not valid YAML: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the parser says, with the line.
        reason: String,
    },
    /// It is YAML of another shape.
    #[error("`{}` does not say folders as ComfyUI reads them: {place} is not {expected}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The key that is wrong.
        place: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// Nothing tells what a file is.
    #[error("{}", untyped(path, published.as_deref()))]
    Untyped {
        /// The file.
        path: String,
        /// What its publisher calls it, if it does.
        published: Option<String>,
        /// The types that it may be.
        types: Vec<ModelType>,
    },
    /// Two files of the repository would have one name.
    #[error("`{one}` and `{other}` would both become `{below}`")]
    OneName {
        /// The name.
        below: String,
        /// One file.
        one: String,
        /// The other.
        other: String,
    },
    /// Nothing that ComfyUI loads.
    #[error("`{repo}` has no file that ComfyUI loads")]
    NoModels {
        /// The repository.
        repo: Repo,
    },
}

fn untyped(path: &str, published: Option<&str>) -> String {
    match published {
        Some(published) => {
            format!("ComfyUI has no folder that is meant for `{}`, as `{path}` is called", printable(published))
        }
        None => format!("nothing tells which of ComfyUI's folders `{path}` belongs in"),
    }
}

impl ModelFolders {
    /// The folders of a type, in the order in which ComfyUI looks. A type that nobody knows has the folder of its name, as
    /// node packs register theirs.
    #[must_use]
    pub(crate) fn of(&self, kind: &ModelType) -> Vec<PathBuf> {
        self.registry.of(kind).map_or_else(|| vec![self.models.join(kind.as_str())], <[PathBuf]>::to_vec)
    }

    /// The folder that a new file goes into: the first. ComfyUI itself has `unet` before `diffusion_models`, but finds a
    /// file in either, and people look in the one that has the type's name; unless a file of that path in `unet` would
    /// be found first.
    #[must_use]
    pub(crate) fn home(&self, kind: &ModelType, below: &RepoPath) -> PathBuf {
        let folders = self.of(kind);
        let sibling = folders[0].with_file_name("diffusion_models");
        let is_old = folders[0].file_name().is_some_and(|name| name == "unet") && folders.contains(&sibling);
        if is_old && !folders[0].join(below.to_path()).exists() { sibling } else { folders[0].clone() }
    }

    /// Whether ComfyUI, one of its widespread node packs or an `extra_model_paths.yaml` has folders for the type.
    #[must_use]
    pub(crate) fn knows(&self, kind: &ModelType) -> bool {
        self.registry.of(kind).is_some()
    }

    /// The folder that the folders of types stand in.
    #[must_use]
    pub(crate) fn models(&self) -> &Path {
        &self.models
    }

    /// Every type that has a folder here, sorted.
    #[must_use]
    pub(crate) fn types(&self) -> Vec<ModelType> {
        let mut types: Vec<ModelType> =
            self.registry.types().filter(|kind| *kind.0 != *"custom_nodes").cloned().collect();
        types.sort_by_key(|kind| kind.0.to_ascii_lowercase());
        types
    }
}
