//! Which folder of ComfyUI a file of a repository goes into: by what the user says, by what its publisher calls it, or by
//! the folders that repositories made for ComfyUI have (`split_files/text_encoders/…`).
//!
//! The trap: a repository says nowhere what its files are, and a LoRA in `checkpoints` is found
//! by nobody. So a file whose type nothing tells is an error with the types to choose from, before any byte.

use std::collections::BTreeMap;

use super::{ComfyuiError, ModelFolders, ModelType};
use crate::repo::{Repo, RepoPath};

/// Where a file goes: a type, and the path below that type's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placement {
    /// The type.
    pub(crate) kind: ModelType,
    /// The path below the folder of the type.
    pub(crate) below: RepoPath,
}

/// What CivitAI calls files that are not the model itself but come with it.
const CIVITAI_FILES: [(&str, Option<&str>); 12] = [
    ("VAE", Some("vae")),
    ("Text Encoder", Some("text_encoders")),
    ("Vision Encoder", Some("clip_vision")),
    ("CLIPVision", Some("clip_vision")),
    ("UNet", Some("diffusion_models")),
    ("Diffusion Model", Some("diffusion_models")),
    ("ControlNet", Some("controlnet")),
    ("Upscaler", Some("upscale_models")),
    ("Enhancement LoRA", Some("loras")),
    ("Negative", Some("embeddings")),
    ("Config", Some("configs")),
    ("Workflow", None),
];

/// What CivitAI calls models.
const CIVITAI_MODELS: [(&str, &str); 14] = [
    ("Checkpoint", "checkpoints"),
    ("LORA", "loras"),
    ("LoCon", "loras"),
    ("DoRA", "loras"),
    ("TextualInversion", "embeddings"),
    ("Hypernetwork", "hypernetworks"),
    ("VAE", "vae"),
    ("Controlnet", "controlnet"),
    ("Upscaler", "upscale_models"),
    ("TextEncoder", "text_encoders"),
    ("CLIP", "text_encoders"),
    ("CLIPVision", "clip_vision"),
    ("UNet", "diffusion_models"),
    ("MotionModule", "animatediff_models"),
];

impl ModelType {
    /// The type of a file of CivitAI, by what it calls the file and the model: a checkpoint may come with a VAE. None for
    /// what ComfyUI has no folder for (poses, wildcards) or many (detectors). A GGUF file holds what denoises and no more, also
    /// where CivitAI calls the model a checkpoint; no loader of checkpoints takes it.
    #[must_use]
    pub(crate) fn of_civitai(model: Option<&str>, file: Option<&str>, is_gguf: bool) -> Option<Self> {
        let is = |known: &str, said: Option<&str>| said.is_some_and(|said| said.eq_ignore_ascii_case(known));
        let name = match CIVITAI_FILES.iter().find(|(known, _)| is(known, file)) {
            Some((_, kind)) => (*kind)?,
            None => CIVITAI_MODELS.iter().find(|(known, _)| is(known, model))?.1,
        };
        let name = if is_gguf && name == "checkpoints" { "diffusion_models" } else { name };
        name.parse().ok()
    }
}

/// The endings of files that ComfyUI or its widespread node packs load.
const MODELS: [&str; 10] = ["ckpt", "pt", "pt2", "bin", "pth", "safetensors", "pkl", "sft", "gguf", "onnx"];

/// Whether ComfyUI could load the file, by its name.
#[must_use]
pub(crate) fn is_model(path: &RepoPath) -> bool {
    path.file_name().rsplit_once('.').is_some_and(|(_, ending)| MODELS.contains(&ending.to_ascii_lowercase().as_str()))
}

impl ModelFolders {
    /// Where each file of a repository goes, given with the type that its publisher says, if it does; with `kind`, all of
    /// them into the folder of that type. Files for one place must be one file.
    ///
    /// # Errors
    /// When nothing tells the type of a file, or two files would have one name.
    pub(crate) fn placements(
        &self,
        repo: &Repo,
        kind: Option<&ModelType>,
        files: &[(&RepoPath, Option<ModelType>)],
    ) -> Result<Vec<Placement>, ComfyuiError> {
        let mut taken: BTreeMap<(String, String), &RepoPath> = BTreeMap::new();
        let mut placements = Vec::new();
        for (path, published) in files {
            let path = *path;
            let untyped = || ComfyuiError::Untyped { path: path.to_string(), published: None, types: self.types() };
            let placement = place(repo, kind.or(published.as_ref()), path).ok_or_else(untyped)?;
            let place = (placement.kind.to_string(), placement.below.to_string());
            if let Some(other) = taken.insert(place, path) {
                let below = placement.below.to_string();
                return Err(ComfyuiError::OneName { below, one: other.to_string(), other: path.to_string() });
            }
            placements.push(placement);
        }
        Ok(placements)
    }
}

/// The whole of a pipeline is one model, so it keeps its tree; of everything else, what stands below the folder of the
/// type, or the name alone.
fn place(repo: &Repo, kind: Option<&ModelType>, path: &RepoPath) -> Option<Placement> {
    if let Some(kind) = kind.filter(|kind| kind.as_str() == "diffusers") {
        let name = repo.id.as_str().rsplit('/').next()?;
        return Some(Placement { kind: kind.clone(), below: format!("{name}/{path}").parse().ok()? });
    }
    let parts: Vec<&str> = path.parts().collect();
    let folders = &parts[..parts.len() - 1];
    let typed = folders.iter().enumerate().filter_map(|(at, folder)| Some((at, ModelType::of_folder(folder)?)));
    let found = match kind {
        None => typed.into_iter().next(),
        Some(kind) => typed.into_iter().find(|(_, found)| found == kind),
    };
    let (kind, below) = match (found, kind) {
        (Some((at, kind)), _) => (kind, parts[at + 1..].join("/")),
        (None, Some(kind)) => (kind.clone(), path.file_name().to_owned()),
        (None, None) => return None,
    };
    Some(Placement { kind, below: below.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::comfyui::registry::Registry;
    use crate::repo::RepoKind;

    fn placed(kind: Option<&str>, paths: &[&str]) -> Result<Vec<String>, String> {
        let repo = Repo { kind: RepoKind::Model, id: "org/pipe".parse().unwrap() };
        let kind: Option<ModelType> = kind.map(|kind| kind.parse().unwrap());
        let paths: Vec<RepoPath> = paths.iter().map(|path| path.parse().unwrap()).collect();
        let folders = ModelFolders { models: "/m".into(), registry: Registry::of_comfyui("/m".as_ref()) };
        let files: Vec<_> = paths.iter().map(|path| (path, None)).collect();
        let placements = folders.placements(&repo, kind.as_ref(), &files);
        let placements = placements.map_err(|error| error.to_string())?;
        Ok(placements.iter().map(|place| format!("{} {}", place.kind, place.below)).collect())
    }

    #[test]
    fn a_file_goes_where_its_folder_or_the_user_says() {
        for (kind, path, expected) in [
            (None, "split_files/diffusion_models/x.safetensors", "diffusion_models x.safetensors"),
            (None, "split_files/text_encoders/t5/x.safetensors", "text_encoders t5/x.safetensors"),
            (None, "unet/x.gguf", "diffusion_models x.gguf"),
            (None, "clip/x.safetensors", "text_encoders x.safetensors"),
            (Some("loras"), "x.safetensors", "loras x.safetensors"),
            (Some("loras"), "any/depth/x.safetensors", "loras x.safetensors"),
            (Some("unet"), "split_files/diffusion_models/wan/x.safetensors", "diffusion_models wan/x.safetensors"),
            (Some("vae"), "split_files/loras/x.safetensors", "vae x.safetensors"),
            (Some("diffusers"), "unet/model.safetensors", "diffusers pipe/unet/model.safetensors"),
        ] {
            assert_eq!(placed(kind, &[path]).unwrap(), [expected], "{path}");
        }
    }

    #[test]
    fn what_nothing_tells_and_what_collides_is_an_error() {
        let error = placed(None, &["x.safetensors"]).unwrap_err();
        assert_eq!(error, "nothing tells which of ComfyUI's folders `x.safetensors` belongs in");
        let error = placed(Some("loras"), &["a/x.safetensors", "b/x.safetensors"]).unwrap_err();
        assert_eq!(error, "`a/x.safetensors` and `b/x.safetensors` would both become `x.safetensors`");
        assert_eq!(placed(None, &["vae/x.pt", "loras/x.pt"]).unwrap().len(), 2);
    }

    #[test]
    fn what_civitai_says_of_a_file_goes_before_what_it_says_of_the_model() {
        for (model, file, expected) in [
            (Some("Checkpoint"), Some("Model"), Some("checkpoints")),
            (Some("Checkpoint"), Some("VAE"), Some("vae")),
            (Some("Checkpoint"), Some("Config"), Some("configs")),
            (Some("LORA"), Some("Pruned Model"), Some("loras")),
            (Some("DoRA"), None, Some("loras")),
            (Some("TextualInversion"), Some("Negative"), Some("embeddings")),
            (Some("MotionModule"), Some("Model"), Some("animatediff_models")),
            (Some("Detection"), Some("Model"), None),
            (Some("Workflows"), Some("Archive"), None),
            (Some("Checkpoint"), Some("Workflow"), None),
            (None, None, None),
        ] {
            let found = ModelType::of_civitai(model, file, false);
            assert_eq!(found.as_ref().map(ModelType::as_str), expected, "{model:?} {file:?}");
        }
        for (model, file, expected) in [
            ("Checkpoint", "Model", "diffusion_models"),
            ("Checkpoint", "Text Encoder", "text_encoders"),
            ("LORA", "Model", "loras"),
            ("UNet", "Model", "diffusion_models"),
        ] {
            let found = ModelType::of_civitai(Some(model), Some(file), true).expect("a type");
            assert_eq!(found.as_str(), expected, "{model} {file} as GGUF");
        }
    }

    #[test]
    fn models_are_known_by_their_endings() {
        let is = |path: &str| is_model(&path.parse().unwrap());
        assert!(is("a/x.safetensors") && is("x.GGUF") && is("x.pth"));
        assert!(!is("README.md") && !is(".gitattributes") && !is("model.safetensors.index.json") && !is("bin"));
    }
}
