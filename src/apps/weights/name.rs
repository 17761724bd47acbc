//! What a file's name says: whether it is a weight, in which format, of which component, variant and shard.
//!
//! The trap: not every `*.bin` is a model. `training_args.bin` is a pickle of settings, the
//! voices of a speech model are `voices/*.bin`, and OpenVINO's weights end in `.bin` too; so a `.bin` counts only under a
//! name that loaders look for, or beside a safetensors file of the same name.

use std::collections::BTreeSet;

use super::{Format, WeightFile};

/// What a weight is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WeightKind {
    /// Of a format that can be asked for.
    Of(Format),
    /// Of one that cannot: TensorFlow, Flax, Rust, OpenVINO, Core ML, Metal.
    Other,
}

/// What a file is within its set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShardRole {
    Whole,
    Shard { number: u32, of: u32 },
    Index,
}

/// A weight.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    pub(super) path: &'a str,
    pub(super) size: u64,
    /// Everything before the name, without the slash.
    pub(super) folder: &'a str,
    pub(super) kind: WeightKind,
    pub(super) role: ShardRole,
    /// The name without variant, shard and ending.
    pub(super) stem: String,
    /// What is one model in every format: `model` for `model.safetensors` and for `pytorch_model.bin`.
    pub(super) component: String,
    /// `fp16` of `model.fp16.safetensors`; empty mostly.
    pub(super) variant: String,
    /// Whether loaders look for this name; of a form that cannot be asked for, whether it names such a model.
    pub(super) is_canonical: bool,
    ending: &'a str,
}

/// What a whole model is called in every format.
pub(super) const MODELS: [&str; 3] = ["model", "diffusion_model", "open_clip_model"];

/// The precisions that a name may have: the same weights, rounded. Anything else in that place (`non_ema`) are others.
const PRECISIONS: [&str; 12] =
    ["fp16", "bf16", "fp32", "f16", "f32", "fp8", "fp8_e4m3fn", "fp8_e5m2", "int8", "int4", "8bit", "4bit"];

/// The forms that cannot be asked for, by what the name of a model begins with.
const OTHER_FORMS: [&str; 4] = ["tf_", "flax_", "rust_", "openvino_"];

/// The weights among files.
pub(super) fn parts<'a>(files: &[WeightFile<'a>]) -> Vec<Part<'a>> {
    let safetensors: BTreeSet<&str> = files.iter().filter_map(|file| file.path.strip_suffix(".safetensors")).collect();
    files.iter().filter_map(|file| part(file, &safetensors)).collect()
}

/// The order in which variants are taken: the plain one first, then the halves.
pub(super) fn preference(variant: &str) -> usize {
    ["", "fp16", "bf16"].iter().position(|known| *known == variant).unwrap_or(3)
}

impl Part<'_> {
    /// Whether it is of the two formats of which a set is chosen.
    pub(super) fn is_tensors(&self) -> bool {
        matches!(self.kind, WeightKind::Of(Format::Safetensors | Format::Pytorch))
    }

    /// The folder of the component that it is a form of: exporters put theirs into `onnx` and `openvino`, and cut a VAE in
    /// two.
    pub(super) fn home(&self) -> &str {
        let (above, last) = self.folder.rsplit_once('/').unwrap_or(("", self.folder));
        match (self.kind, last) {
            (WeightKind::Of(Format::Onnx), "onnx") | (WeightKind::Other, "openvino") => above,
            (WeightKind::Of(Format::Onnx) | WeightKind::Other, "vae_encoder" | "vae_decoder") if above.is_empty() => {
                "vae"
            }
            _ => self.folder,
        }
    }

    fn named(&self, name: &str) -> String {
        if self.folder.is_empty() { name.to_owned() } else { format!("{}/{name}", self.folder) }
    }

    fn dotted_variant(&self) -> String {
        if self.variant.is_empty() { String::new() } else { format!(".{}", self.variant) }
    }

    /// How the shard of a number would be called.
    pub(super) fn shard(&self, number: u32, of: u32) -> String {
        self.named(&format!("{}{}-{number:05}-of-{of:05}.{}", self.stem, self.dotted_variant(), self.ending))
    }

    /// What an index without shards leads to.
    pub(super) fn first_shard(&self) -> String {
        self.named(&format!("{}{}-00001-of-….{}", self.stem, self.dotted_variant(), self.ending))
    }

    /// How the index would be called.
    pub(super) fn index(&self) -> String {
        self.named(&format!("{}.{}.index{}.json", self.stem, self.ending, self.dotted_variant()))
    }

    /// How the same component would be called in another format.
    pub(super) fn twin(&self, format: Format) -> String {
        match (format, self.component.as_str()) {
            (Format::Pytorch, "model") => self.named("pytorch_model.bin"),
            (Format::Pytorch, "diffusion_model") => self.named("diffusion_pytorch_model.bin"),
            (Format::Pytorch, component) => self.named(&format!("{component}.bin")),
            (_, "diffusion_model") => self.named("diffusion_pytorch_model.safetensors"),
            (_, component) => self.named(&format!("{component}.{format}")),
        }
    }
}

fn part<'a>(file: &WeightFile<'a>, safetensors: &BTreeSet<&str>) -> Option<Part<'a>> {
    let name = file.path.rsplit('/').next().unwrap_or(file.path);
    if is_training_state(name) {
        return None;
    }
    if let Some(part) = index(file, name) {
        return Some(part);
    }
    if is_other(file.path, name) {
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        return Some(Part { ending, ..plain(file, WeightKind::Other) }.with_stem(stem));
    }
    if let Some((stem, _)) = name.split_once(".onnx") {
        let end = &name[stem.len()..];
        let is_onnx = end == ".onnx" || end.starts_with(".onnx_data") || end == ".onnx.data";
        return is_onnx.then(|| Part { stem: stem.to_owned(), ..plain(file, WeightKind::Of(Format::Onnx)) });
    }
    let (stem, ending) = name.rsplit_once('.')?;
    let kind = match ending {
        "safetensors" => Format::Safetensors,
        "gguf" => Format::Gguf,
        "bin" | "pt" | "pth" | "ckpt" => Format::Pytorch,
        _ => return None,
    };
    let part = Part { ending, ..plain(file, WeightKind::Of(kind)) }.with_stem(stem);
    let twin = file.path.strip_suffix(".bin").is_some_and(|path| safetensors.contains(path));
    let base = part.component.split('.').next().unwrap_or_default();
    (ending != "bin" || is_canonical(base) || base == "consolidated" || twin).then_some(part)
}

fn plain<'a>(file: &WeightFile<'a>, kind: WeightKind) -> Part<'a> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    Part {
        path: file.path,
        size: file.size,
        folder,
        kind,
        role: ShardRole::Whole,
        stem: String::new(),
        component: String::new(),
        variant: String::new(),
        is_canonical: false,
        ending: "",
    }
}

/// Whether loaders look for a component of this name.
fn is_canonical(component: &str) -> bool {
    component == "adapter_model" || MODELS.contains(&component)
}

impl Part<'_> {
    /// Takes a name without its ending apart.
    fn with_stem(mut self, stem: &str) -> Self {
        let (stem, after) = match shard(stem) {
            Some((before, number, of, after)) => {
                self.role = ShardRole::Shard { number, of };
                (before, after)
            }
            None => (stem, ""),
        };
        // `model.fp16`, but not `sd_xl_base_1.0`: only names that loaders look for have variants
        let (base, words) = stem.split_once('.').unwrap_or((stem, ""));
        let component = self.component_of(base);
        if is_canonical(&component) {
            self.is_canonical = true;
            self.component = component;
            base.clone_into(&mut self.stem);
            self.qualify(words);
        } else {
            self.component = self.component_of(stem);
            stem.clone_into(&mut self.stem);
        }
        self.qualify(after);
        self
    }

    /// The name without what says the format. A form that cannot be asked for, under a name that does not say so, is none
    /// of anything.
    fn component_of(&self, base: &str) -> String {
        if self.kind != WeightKind::Other {
            return base.replace("pytorch_", "");
        }
        let form = OTHER_FORMS.iter().find(|form| base.contains(*form));
        form.map_or_else(String::new, |form| base.replacen(form, "", 1))
    }

    /// Takes the words behind a name: a precision is a variant of it, any other makes it another component.
    fn qualify(&mut self, words: &str) {
        for word in words.split('.').filter(|word| !word.is_empty()) {
            if self.variant.is_empty() && PRECISIONS.contains(&word.to_ascii_lowercase().as_str()) {
                word.clone_into(&mut self.variant);
            } else {
                self.is_canonical = false;
                self.component += &format!(".{word}");
                self.stem += &format!(".{word}");
            }
        }
    }
}

/// `model.safetensors.index.json`, with a variant `model.safetensors.index.fp16.json`.
fn index<'a>(file: &WeightFile<'a>, name: &'a str) -> Option<Part<'a>> {
    let (of, after) = name.strip_suffix(".json")?.split_once(".index")?;
    let (stem, ending) = of.rsplit_once('.')?;
    let kind = match ending {
        "safetensors" => WeightKind::Of(Format::Safetensors),
        "bin" => WeightKind::Of(Format::Pytorch),
        "h5" | "msgpack" => WeightKind::Other,
        _ => return None,
    };
    let mut part = Part { ending, ..plain(file, kind) }.with_stem(stem);
    part.role = ShardRole::Index;
    part.qualify(after);
    Some(part)
}

/// `before-00001-of-00004after`.
pub(super) fn shard(stem: &str) -> Option<(&str, u32, u32, &str)> {
    let (left, right) = stem.split_once("-of-")?;
    let (before, number) = left.rsplit_once(['-', '_'])?;
    let digits = right.find(|character: char| !character.is_ascii_digit()).unwrap_or(right.len());
    let (of, after) = right.split_at(digits);
    let of = of.parse().ok().filter(|of| (1..=99_999).contains(of))?;
    Some((before, number.parse().ok()?, of, after))
}

fn is_training_state(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    let exact = ["training_args", "optimizer", "scheduler", "scaler"].contains(&stem);
    exact || name.starts_with("rng_state") || name.starts_with("random_states")
}

fn is_other(path: &str, name: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let by_ending = ["h5", "msgpack", "ot", "tflite", "mlmodel", "keras"].contains(&ending);
    let by_folder = lower.contains(".mlpackage/") || lower.contains(".mlmodelc/");
    let openvino = lower.contains("openvino") && ["bin", "xml"].contains(&ending);
    let tensorflow = name == "saved_model.pb" || name.contains(".ckpt.") || name.contains(".ckpt-");
    let metal = path.starts_with("metal/") && ending == "bin";
    by_ending || by_folder || openvino || tensorflow || metal || (name == "weights.npz")
}
