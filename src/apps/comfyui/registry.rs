//! Which type has which folders: ComfyUI's `folder_names_and_paths`, filled in the same order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::ModelType;

/// What ComfyUI itself registers below its `models`.
const CORE: &[(&str, &[&str])] = &[
    ("audio_encoders", &["audio_encoders"]),
    ("background_removal", &["background_removal"]),
    ("checkpoints", &["checkpoints"]),
    ("classifiers", &["classifiers"]),
    ("clip_vision", &["clip_vision"]),
    ("configs", &["configs"]),
    ("controlnet", &["controlnet", "t2i_adapter"]),
    ("detection", &["detection"]),
    ("diffusers", &["diffusers"]),
    ("diffusion_models", &["unet", "diffusion_models"]),
    ("embeddings", &["embeddings"]),
    ("frame_interpolation", &["frame_interpolation"]),
    ("geometry_estimation", &["geometry_estimation"]),
    ("gligen", &["gligen"]),
    ("hypernetworks", &["hypernetworks"]),
    ("latent_upscale_models", &["latent_upscale_models"]),
    ("loras", &["loras"]),
    ("model_patches", &["model_patches"]),
    ("optical_flow", &["optical_flow"]),
    ("photomaker", &["photomaker"]),
    ("style_models", &["style_models"]),
    ("text_encoders", &["text_encoders", "clip"]),
    ("upscale_models", &["upscale_models"]),
    ("vae", &["vae"]),
    ("vae_approx", &["vae_approx"]),
];

/// What ComfyUI adds for the models that its own nodes save, below `output`.
const SAVED: &[(&str, &str)] = &[
    ("checkpoints", "checkpoints"),
    ("text_encoders", "clip"),
    ("vae", "vae"),
    ("diffusion_models", "diffusion_models"),
    ("loras", "loras"),
];

/// What a Visionatrix worker puts before those, below its own folder of models; the last that it adds comes first.
const WORKER: &[(&str, &[&str])] = &[
    ("checkpoints", &["checkpoints"]),
    ("text_encoders", &["text_encoders"]),
    ("clip_vision", &["clip_vision"]),
    ("controlnet", &["controlnet"]),
    ("diffusion_models", &["unet", "diffusion_models"]),
    ("diffusers", &["diffusers"]),
    ("ipadapter", &["ipadapter"]),
    ("instantid", &["instantid"]),
    ("loras", &["loras", "photomaker"]),
    ("photomaker", &["photomaker"]),
    ("sams", &["sams"]),
    ("style_models", &["style_models"]),
    ("ultralytics", &["ultralytics"]),
    ("ultralytics_bbox", &["ultralytics/bbox"]),
    ("ultralytics_segm", &["ultralytics/segm"]),
    ("upscale_models", &["upscale_models"]),
    ("vae", &["vae"]),
    ("vae_approx", &["vae_approx"]),
    ("pulid", &["pulid"]),
    ("birefnet", &["BiRefNet", "birefnet"]),
];

/// What widespread node packs register, each only where nobody has named a folder for its type.
const PACKS: &[(&str, &str)] = &[
    ("animatediff_models", "animatediff_models"),
    ("birefnet", "BiRefNet"),
    ("InfiniteYou", "InfiniteYou"),
    ("instantid", "instantid"),
    ("ipadapter", "ipadapter"),
    ("pulid", "pulid"),
    ("sams", "sams"),
    ("ultralytics_bbox", "ultralytics/bbox"),
    ("ultralytics_segm", "ultralytics/segm"),
];

/// The folders of each type, in the order in which ComfyUI looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Registry(BTreeMap<ModelType, Vec<PathBuf>>);

/// The type whose folder has this name, in ComfyUI or a widespread node pack.
pub(super) fn owner(folder: &str) -> Option<&'static str> {
    let core = CORE.iter().find(|(_, folders)| folders.contains(&folder)).map(|(kind, _)| *kind);
    core.or_else(|| PACKS.iter().find(|(_, pack)| *pack == folder).map(|(kind, _)| *kind))
}

impl Registry {
    /// What ComfyUI registers first.
    pub(super) fn of_comfyui(models: &Path) -> Self {
        let mut registry = Self::default();
        for (kind, folders) in CORE {
            for folder in *folders {
                registry.add(kind, models.join(folder), false);
            }
        }
        registry
    }

    /// What a worker puts before it.
    pub(super) fn add_of_worker(&mut self, models: &Path) {
        for (kind, folders) in WORKER {
            for folder in folders.iter().rev() {
                self.add(kind, models.join(folder), true);
            }
        }
    }

    /// What is added after the extra paths.
    pub(super) fn add_saved(&mut self, output: &Path) {
        for (kind, folder) in SAVED {
            self.add(kind, output.join(folder), false);
        }
    }

    /// What node packs add when ComfyUI has started.
    pub(super) fn add_of_packs(&mut self, models: &Path) {
        for (kind, folder) in PACKS {
            self.0.entry(ModelType((*kind).to_owned())).or_insert_with(|| vec![models.join(folder)]);
        }
    }

    /// ComfyUI's `add_model_folder_path`. What is known already keeps its place, unless it is to come first.
    pub(super) fn add(&mut self, kind: &str, folder: PathBuf, is_default: bool) {
        let folders = self.0.entry(ModelType(kind.to_owned())).or_default();
        match (folders.iter().position(|known| *known == folder), is_default) {
            (Some(_), false) => {}
            (None, false) => folders.push(folder),
            (known, true) => {
                known.map(|at| folders.remove(at));
                folders.insert(0, folder);
            }
        }
    }

    pub(super) fn of(&self, kind: &ModelType) -> Option<&[PathBuf]> {
        self.0.get(kind).map(Vec::as_slice)
    }

    pub(super) fn types(&self) -> impl Iterator<Item = &ModelType> {
        self.0.keys()
    }
}
