//! Which inputs of which nodes name a file: the classes that Visionatrix 2.7 knows, one row each.

use serde_json::{Map, Value};

use crate::repo::printable;

/// An input of a node that names a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loader {
    /// The number of the node.
    pub(crate) node: String,
    /// Its class.
    pub(crate) class: String,
    /// The input.
    pub(crate) input: String,
    /// What it names.
    pub(crate) value: String,
    types: &'static [&'static str],
    is_preset: bool,
}

/// A class, the inputs that name files, the types of models that those are. No types: expressions alone decide.
struct LoaderRow(&'static str, &'static [&'static str], &'static [&'static str]);

const ROWS: &[LoaderRow] = &[
    LoaderRow("CheckpointLoaderSimple", &["ckpt_name"], &["checkpoints"]),
    LoaderRow("ImageOnlyCheckpointLoader", &["ckpt_name"], &["checkpoints"]),
    LoaderRow("Efficient Loader", &["ckpt_name"], &["checkpoints"]),
    LoaderRow("Efficient Loader", &["lora_name"], &["loras"]),
    LoaderRow("SUPIR_model_loader_v2", &["supir_model"], &["checkpoints"]),
    LoaderRow("UNETLoader", &["unet_name"], &["diffusion_models"]),
    LoaderRow("CLIPLoader", &["clip_name"], &["text_encoders"]),
    LoaderRow("DualCLIPLoader", &["clip_name1", "clip_name2"], &["text_encoders"]),
    LoaderRow("TripleCLIPLoader", &["clip_name1", "clip_name2", "clip_name3"], &["text_encoders"]),
    LoaderRow("QuadrupleCLIPLoader", &["clip_name1", "clip_name2", "clip_name3", "clip_name4"], &["text_encoders"]),
    LoaderRow("CLIPVisionLoader", &["clip_name"], &["clip_vision"]),
    LoaderRow("VAELoader", &["vae_name"], &["vae"]),
    LoaderRow("LoraLoader", &["lora_name"], &["loras"]),
    LoaderRow("LoraLoaderModelOnly", &["lora_name"], &["loras"]),
    LoaderRow("Lora Loader Stack (rgthree)", &["lora_01", "lora_02", "lora_03", "lora_04"], &["loras"]),
    LoaderRow("ControlNetLoader", &["control_net_name"], &["controlnet"]),
    LoaderRow("StyleModelLoader", &["style_model_name"], &["style_models"]),
    LoaderRow("UpscaleModelLoader", &["model_name"], &["upscale_models"]),
    LoaderRow("IPAdapterUnifiedLoader", &["preset"], &["ipadapter", "clip_vision"]),
    LoaderRow("InstantIDModelLoader", &["instantid_file"], &["instantid"]),
    LoaderRow("PulidModelLoader", &["pulid_file"], &["pulid"]),
    LoaderRow("PulidFluxModelLoader", &["pulid_file"], &["pulid"]),
    LoaderRow("PhotoMakerLoader", &["photomaker_model_name"], &["photomaker"]),
    LoaderRow("PhotoMakerLoaderPlus", &["photomaker_model_name"], &["photomaker"]),
    LoaderRow("InfiniteYouApply", &["adapter_file"], &["InfiniteYou"]),
    LoaderRow("LoadRembgByBiRefNetModel", &["model"], &["birefnet"]),
    LoaderRow("RIFE VFI", &["ckpt_name"], &[]),
    LoaderRow("DWPreprocessor", &["bbox_detector", "pose_estimator"], &[]),
];

/// This one has any number of inputs `lora_N`, each an object with the name in its key `lora`.
const STACK: &str = "Power Lora Loader (rgthree)";

impl Loader {
    /// Where it is: `12 (LoraLoader.lora_name)`.
    #[must_use]
    pub(crate) fn place(&self) -> String {
        printable(&format!("{} ({}.{})", self.node, self.class, self.input))
    }

    /// Whether a model of these types can be meant. An entry without types, or an input without, leaves it to the names.
    #[must_use]
    pub(crate) fn takes(&self, types: &[String]) -> bool {
        types.is_empty() || self.types.is_empty() || types.iter().any(|name| self.types.contains(&name.as_str()))
    }

    /// Whether it names one file; a preset stands for as many as it needs.
    #[must_use]
    pub(crate) const fn names_one_file(&self) -> bool {
        !self.is_preset
    }
}

/// The inputs of a node that name models. One that is linked to another node names none that could be known here.
pub(super) fn loaders(node: &str, class: &str, inputs: &Map<String, Value>) -> Vec<Loader> {
    let loader = |input: &str, value: Option<&Value>, types: &'static [&'static str]| {
        let value = value?.as_str().filter(|value| !value.is_empty() && *value != "None")?;
        Some(Loader {
            node: node.to_owned(),
            class: class.to_owned(),
            input: input.to_owned(),
            value: printable(value),
            types,
            is_preset: types.len() != 1,
        })
    };
    if class == STACK {
        let stacked = inputs.iter().filter(|(name, _)| {
            name.strip_prefix("lora_").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        });
        return stacked.filter_map(|(_, value)| loader("lora", value.get("lora"), &["loras"])).collect();
    }
    let rows = ROWS.iter().filter(|LoaderRow(name, ..)| *name == class);
    rows.flat_map(|LoaderRow(_, names, types)| names.iter().filter_map(|name| loader(name, inputs.get(*name), types)))
        .collect()
}
