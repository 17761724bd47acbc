//! ComfyUI's folders: where a model of a type belongs, and where else ComfyUI looks for it.
//!
//! The trap: a file lands where the running server does not look (comfyui-mcp#369). The folders
//! are named after types, but not quite: `unet` and `clip` are old names of two types and still folders of them, a node
//! pack may keep `ultralytics_bbox` in `ultralytics/bbox`, and `extra_model_paths.yaml` adds folders on other disks, for
//! new files too where it says `is_default`. So the folders of a type are computed as ComfyUI computes them.

mod extra;
mod placement;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;

pub use self::extra::ExtraFolder;
pub use self::placement::{Placement, is_model};

use crate::env::Env;
use crate::repo::{Repo, printable};

/// Every type that ComfyUI or a widespread node pack registers, with its folders below `models`; a new file goes into the
/// first. ComfyUI itself has `unet` before `diffusion_models`, but finds a file in either, and people look in the one that
/// has the type's name.
const TYPES: &[(&str, &[&str])] = &[
    ("audio_encoders", &["audio_encoders"]),
    ("birefnet", &["BiRefNet"]),
    ("checkpoints", &["checkpoints"]),
    ("classifiers", &["classifiers"]),
    ("clip_vision", &["clip_vision"]),
    ("configs", &["configs"]),
    ("controlnet", &["controlnet", "t2i_adapter"]),
    ("diffusers", &["diffusers"]),
    ("diffusion_models", &["diffusion_models", "unet"]),
    ("embeddings", &["embeddings"]),
    ("gligen", &["gligen"]),
    ("hypernetworks", &["hypernetworks"]),
    ("InfiniteYou", &["InfiniteYou"]),
    ("instantid", &["instantid"]),
    ("ipadapter", &["ipadapter"]),
    ("loras", &["loras"]),
    ("model_patches", &["model_patches"]),
    ("photomaker", &["photomaker"]),
    ("pulid", &["pulid"]),
    ("sams", &["sams"]),
    ("style_models", &["style_models"]),
    ("text_encoders", &["text_encoders", "clip"]),
    ("ultralytics_bbox", &["ultralytics/bbox"]),
    ("ultralytics_segm", &["ultralytics/segm"]),
    ("upscale_models", &["upscale_models"]),
    ("vae", &["vae"]),
    ("vae_approx", &["vae_approx"]),
];

/// The old names that ComfyUI still takes, with the types that they mean now.
const OLD_NAMES: [(&str, &str); 2] = [("unet", "diffusion_models"), ("clip", "text_encoders")];

/// A kind of model in ComfyUI's words: `checkpoints`, `loras`. Old names are kept as the new ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelType(String);

/// Text that names no model type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` cannot be a model type: letters, digits, `_`, `-` and `.` only")]
pub struct ModelTypeError {
    text: String,
}

impl ModelType {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The type whose folder has this name, where ComfyUI or a widespread node pack has such a folder: `unet` and
    /// `diffusion_models` are folders of one type.
    #[must_use]
    pub fn of_folder(name: &str) -> Option<Self> {
        let owner = TYPES.iter().find(|(_, folders)| folders.contains(&name));
        owner.map(|(kind, _)| Self((*kind).to_owned()))
    }

    fn folders(&self) -> Vec<&str> {
        let known = TYPES.iter().find(|(kind, _)| *kind == self.0);
        known.map_or_else(|| vec![self.as_str()], |(_, folders)| folders.to_vec())
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
pub struct ModelFolders {
    models: PathBuf,
    extra: Vec<ExtraFolder>,
}

/// Why there is no place for a model. All of these are for the user to put right, the first three in
/// `extra_model_paths.yaml`.
#[derive(Debug, Error)]
pub enum ComfyuiError {
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
    #[error("nothing tells which of ComfyUI's folders `{path}` belongs in")]
    Untyped {
        /// The file.
        path: String,
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

impl ModelFolders {
    /// The folders below `models`, and those that an `extra_model_paths.yaml` adds.
    #[must_use]
    pub const fn new(models: PathBuf, extra: Vec<ExtraFolder>) -> Self {
        Self { models, extra }
    }

    /// The folders of the ComfyUI at `root`: those below `models` (its own folder of that name, unless another is given)
    /// and those of its `extra_model_paths.yaml`, if it has one. Reads that file, and no folder has to exist.
    ///
    /// # Errors
    /// When that file is there and unusable. ComfyUI does not start with such a file either.
    pub fn of_application(root: &Path, models: Option<&Path>, env: &Env) -> Result<Self, ComfyuiError> {
        let models = models.map_or_else(|| root.join("models"), Path::to_path_buf);
        Ok(Self::new(models, extra::read(&root.join("extra_model_paths.yaml"), env)?))
    }

    /// The folders of a type, in the order in which ComfyUI looks; a new file goes into the first. A type that nobody
    /// knows has the folder of its name, as node packs register theirs.
    #[must_use]
    pub fn of(&self, kind: &ModelType) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = kind.folders().iter().map(|below| self.models.join(below)).collect();
        for extra in self.extra.iter().filter(|extra| extra.kind == *kind) {
            let known = folders.iter().position(|folder| *folder == extra.folder);
            match (known, extra.is_default) {
                (Some(_), false) => {}
                (None, false) => folders.push(extra.folder.clone()),
                (known, true) => {
                    known.map(|at| folders.remove(at));
                    folders.insert(0, extra.folder.clone());
                }
            }
        }
        folders
    }

    /// The folder that the folders of types stand in.
    #[must_use]
    pub fn models(&self) -> &Path {
        &self.models
    }

    /// Every type that has a folder here, sorted.
    #[must_use]
    pub fn types(&self) -> Vec<ModelType> {
        let known = TYPES.iter().map(|(kind, _)| ModelType((*kind).to_owned()));
        let mut types: Vec<ModelType> = known.chain(self.extra.iter().map(|extra| extra.kind.clone())).collect();
        types.sort_by_key(|kind| kind.0.to_ascii_lowercase());
        types.dedup();
        types
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(extra: &[(&str, &str, bool)]) -> ModelFolders {
        let extra = extra.iter().map(|(kind, folder, is_default)| ExtraFolder {
            kind: kind.parse().unwrap(),
            folder: PathBuf::from(folder),
            is_default: *is_default,
        });
        ModelFolders::new("/c/models".into(), extra.collect())
    }

    fn of(folders: &ModelFolders, kind: &str) -> Vec<String> {
        let found = folders.of(&kind.parse().unwrap());
        found.iter().map(|folder| folder.display().to_string().replace('\\', "/")).collect()
    }

    #[test]
    fn a_type_has_its_folders_and_old_names_mean_the_new_ones() {
        let plain = folders(&[]);
        for (kind, expected) in [
            ("checkpoints", vec!["/c/models/checkpoints"]),
            ("unet", vec!["/c/models/diffusion_models", "/c/models/unet"]),
            ("diffusion_models", vec!["/c/models/diffusion_models", "/c/models/unet"]),
            ("clip", vec!["/c/models/text_encoders", "/c/models/clip"]),
            ("controlnet", vec!["/c/models/controlnet", "/c/models/t2i_adapter"]),
            ("ultralytics_bbox", vec!["/c/models/ultralytics/bbox"]),
            ("birefnet", vec!["/c/models/BiRefNet"]),
            ("of_a_node_pack", vec!["/c/models/of_a_node_pack"]),
        ] {
            assert_eq!(of(&plain, kind), expected, "{kind}");
        }
    }

    #[test]
    fn extra_folders_come_last_and_default_ones_first() {
        let extra = folders(&[
            ("loras", "/disk/lora", false),
            ("unet", "/disk/unet", true),
            ("loras", "/disk/lora", false),
            ("vae", "/c/models/vae", false),
            ("controlnet", "/c/models/t2i_adapter", true),
            ("checkpoints", "/one", true),
            ("checkpoints", "/two", true),
        ]);
        assert_eq!(of(&extra, "loras"), ["/c/models/loras", "/disk/lora"]);
        assert_eq!(of(&extra, "unet"), ["/disk/unet", "/c/models/diffusion_models", "/c/models/unet"]);
        assert_eq!(of(&extra, "vae"), ["/c/models/vae"]);
        assert_eq!(of(&extra, "controlnet"), ["/c/models/t2i_adapter", "/c/models/controlnet"]);
        assert_eq!(of(&extra, "checkpoints"), ["/two", "/one", "/c/models/checkpoints"]);
        assert!(folders(&[("mine", "/x", false)]).types().contains(&"mine".parse().unwrap()));
    }

    #[test]
    fn a_type_is_one_plain_word() {
        for bad in ["", "..", ".hidden", "a/b", "a\\b", "C:", "a b", "\u{202E}x"] {
            assert!(bad.parse::<ModelType>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn folders_name_their_type() {
        for (folder, kind) in [("t2i_adapter", "controlnet"), ("clip", "text_encoders"), ("loras", "loras")] {
            assert_eq!(ModelType::of_folder(folder).unwrap().as_str(), kind);
        }
        for other in ["split_files", "onnx", "original", "unet2", "Loras"] {
            assert_eq!(ModelType::of_folder(other), None, "{other}");
        }
    }
}
