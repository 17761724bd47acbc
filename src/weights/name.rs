//! What a file's name says: whether it is a weight, in which format, of which component, variant and shard.
//!
//! The trap: not every `*.bin` is a model. `training_args.bin` is a pickle of settings, the
//! voices of a speech model are `voices/*.bin`, and OpenVINO's weights end in `.bin` too; so a `.bin` counts only under a
//! name that loaders look for, or beside a safetensors file of the same name.

use std::collections::BTreeSet;

use super::{Format, Listed};

/// What a weight is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of a format that can be asked for.
    Of(Format),
    /// Of one that cannot: TensorFlow, Flax, Rust, OpenVINO, Core ML, and second copies in `original/` or `metal/`.
    Other,
}

/// What a file is within its set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
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
    pub(super) kind: Kind,
    pub(super) role: Role,
    /// The name without variant, shard and ending.
    pub(super) stem: String,
    /// What is one model in every format: `model` for `model.safetensors` and for `pytorch_model.bin`.
    pub(super) component: String,
    /// `fp16` of `model.fp16.safetensors`; empty mostly.
    pub(super) variant: String,
    /// Whether loaders look for this name.
    pub(super) is_canonical: bool,
    ending: &'a str,
}

/// The names that loaders look for.
const CANONICAL: [&str; 4] = ["model", "diffusion_model", "adapter_model", "open_clip_model"];

/// Folders that hold the model once more, in the layout of its makers.
const SECOND_COPIES: [&str; 2] = ["original", "metal"];

/// The weights among files.
pub(super) fn parts<'a>(files: &[Listed<'a>]) -> Vec<Part<'a>> {
    let safetensors: BTreeSet<&str> = files.iter().filter_map(|file| file.path.strip_suffix(".safetensors")).collect();
    let is_copy = |path: &str| SECOND_COPIES.iter().any(|folder| path.split('/').next() == Some(folder));
    let found: Vec<Part<'a>> = files.iter().filter_map(|file| part(file, &safetensors)).collect();
    let has_first = found.iter().any(|part| !is_copy(part.path));
    let copied = |folder: &str| found.iter().any(|part| part.path.split('/').next() == Some(folder));
    if !has_first {
        return found;
    }
    let copies = files.iter().filter(|file| is_copy(file.path) && file.path.split('/').next().is_some_and(copied));
    let copies = copies.map(|file| Part { kind: Kind::Other, ..plain(file, Kind::Other) });
    found.iter().filter(|part| !is_copy(part.path)).cloned().chain(copies).collect()
}

/// Weights without those that are there once more in the same format: `consolidated.safetensors` beside the shards of
/// the model, and at the top of a pipeline the whole of it as one file.
pub(super) fn without_doubles<'p, 'a>(parts: &'p [Part<'a>]) -> Vec<&'p Part<'a>> {
    let canonical: BTreeSet<&str> = parts.iter().filter(|part| part.is_canonical).map(|part| part.folder).collect();
    let is_pipeline = canonical.iter().any(|folder| !folder.is_empty()) && !canonical.contains("");
    let double = |part: &Part<'_>| {
        let consolidated = part.component.starts_with("consolidated") && canonical.contains(part.folder);
        consolidated || (is_pipeline && part.folder.is_empty())
    };
    parts.iter().filter(|part| part.kind != Kind::Other && !double(part)).collect()
}

/// The order in which variants are taken: the plain one first, then the halves.
pub(super) fn preference(variant: &str) -> usize {
    ["", "fp16", "bf16"].iter().position(|known| *known == variant).unwrap_or(3)
}

impl Part<'_> {
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

fn part<'a>(file: &Listed<'a>, safetensors: &BTreeSet<&str>) -> Option<Part<'a>> {
    let name = file.path.rsplit('/').next().unwrap_or(file.path);
    if is_training_state(name) {
        return None;
    }
    if let Some(part) = index(file, name) {
        return Some(part);
    }
    if is_other(file.path, name) {
        return Some(plain(file, Kind::Other));
    }
    if let Some((stem, _)) = name.split_once(".onnx") {
        let end = &name[stem.len()..];
        let is_onnx = end == ".onnx" || end.starts_with(".onnx_data") || end == ".onnx.data";
        return is_onnx.then(|| Part { stem: stem.to_owned(), ..plain(file, Kind::Of(Format::Onnx)) });
    }
    let (stem, ending) = name.rsplit_once('.')?;
    let kind = match ending {
        "safetensors" => Format::Safetensors,
        "gguf" => Format::Gguf,
        "bin" | "pt" | "pth" | "ckpt" => Format::Pytorch,
        _ => return None,
    };
    let part = Part { ending, ..plain(file, Kind::Of(kind)) }.with_stem(stem);
    let twin = file.path.strip_suffix(".bin").is_some_and(|path| safetensors.contains(path));
    (ending != "bin" || part.is_canonical || part.component.starts_with("consolidated") || twin).then_some(part)
}

fn plain<'a>(file: &Listed<'a>, kind: Kind) -> Part<'a> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    Part {
        path: file.path,
        size: file.size,
        folder,
        kind,
        role: Role::Whole,
        stem: String::new(),
        component: String::new(),
        variant: String::new(),
        is_canonical: false,
        ending: "",
    }
}

impl Part<'_> {
    /// Takes a name without its ending apart.
    fn with_stem(mut self, stem: &str) -> Self {
        let (stem, after) = match shard(stem) {
            Some((before, number, of, after)) => {
                self.role = Role::Shard { number, of };
                (before, after)
            }
            None => (stem, ""),
        };
        // `model.fp16`, but not `sd_xl_base_1.0`: only names that loaders look for have variants
        let (base, variant) = stem.split_once('.').unwrap_or((stem, ""));
        let component = |base: &str| base.replace("pytorch_", "");
        self.is_canonical = CANONICAL.contains(&component(base).as_str());
        let (base, variant) = if self.is_canonical { (base, variant) } else { (stem, "") };
        self.component = component(base);
        base.clone_into(&mut self.stem);
        variant.clone_into(&mut self.variant);
        if self.variant.is_empty() {
            after.trim_start_matches('.').clone_into(&mut self.variant);
        }
        self
    }
}

/// `model.safetensors.index.json`, with a variant `model.safetensors.index.fp16.json`.
fn index<'a>(file: &Listed<'a>, name: &'a str) -> Option<Part<'a>> {
    let (of, after) = name.strip_suffix(".json")?.split_once(".index")?;
    let (stem, ending) = of.rsplit_once('.')?;
    let kind = match ending {
        "safetensors" => Kind::Of(Format::Safetensors),
        "bin" => Kind::Of(Format::Pytorch),
        "h5" | "msgpack" => Kind::Other,
        _ => return None,
    };
    let mut part = Part { ending, ..plain(file, kind) }.with_stem(stem);
    part.role = Role::Index;
    if let Some(variant) = after.strip_prefix('.') {
        variant.clone_into(&mut part.variant);
    }
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
    by_ending || by_folder || openvino || tensorflow || (name == "weights.npz")
}
