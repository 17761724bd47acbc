//! What is a copy of a whole component under another name: the layout of its makers, a conversion, the pipeline as one file.
//!
//! The traps: at the root of a pipeline stand its LoRA, its VAE and its text encoder as well, and none of them is in the
//! folders; an ONNX file may be a model of another task. So a copy is known by a name that tools agree on, and where there
//! is no such name, by its length to a thousandth; and nothing that is far from the length of its original is its copy.

use std::collections::{BTreeMap, BTreeSet};

use super::chosen::ChosenSets;
use super::name::{Part, ShardRole};
use super::{Format, WeightFile, WeightKind, gguf, onnx};

/// What exporters call the sessions of one model.
const SESSIONS: [&str; 11] = [
    "audio_encoder",
    "decoder_model",
    "decoder_model_merged",
    "decoder_with_past_model",
    "embed_tokens",
    "encoder_model",
    "model",
    "prompt_encoder_mask_decoder",
    "text_model",
    "vision_encoder",
    "vision_model",
];

/// Folders of a pipeline that its single file never holds.
const NOT_IN_ONE_FILE: [&str; 3] = ["feature_extractor", "image_encoder", "safety_checker"];

/// A length that fits by chance is that of a small file; a large one costs enough to look.
const TELLING: u64 = 1_000_000_000;

/// Whether a folder holds the model once more, in the layout of its makers.
pub(super) fn is_second_copy(folder: &str) -> bool {
    ["original", "metal"].contains(&folder.split('/').next().unwrap_or_default())
}

/// The copies of components that stay.
pub(super) fn of<'a>(files: &[WeightFile<'a>], parts: &[Part<'a>], chosen: &ChosenSets<'_, 'a>) -> BTreeSet<&'a str> {
    let mut copies: BTreeSet<&str> = conversions(parts, chosen).chain(ggufs(parts, chosen)).collect();
    copies.extend(layouts(parts, chosen));
    copies.extend(in_one_file(files, parts, chosen));
    copies
}

/// What exporters made of the model of a folder: sessions of ONNX, and what is called after it for other frameworks.
fn conversions<'a>(parts: &[Part<'a>], chosen: &ChosenSets<'_, 'a>) -> impl Iterator<Item = &'a str> {
    let is_one = |part: &&Part<'_>| match part.kind {
        WeightKind::Of(Format::Onnx) => SESSIONS.contains(&onnx::session(&part.stem)),
        WeightKind::Other if part.is_canonical => true,
        // Intel's exporter appends how it rounded
        WeightKind::Other => {
            let name = part.component.trim_end_matches("_quantized").trim_end_matches("_qint8");
            SESSIONS.contains(&name.trim_end_matches("_qint4"))
        }
        WeightKind::Of(_) => false,
    };
    parts.iter().filter(move |part| is_one(part) && chosen.main_of(part.home()).is_some()).map(|part| part.path)
}

/// The GGUF files beside a model of transformers, where all of them are of one model.
fn ggufs<'a>(parts: &[Part<'a>], chosen: &ChosenSets<'_, 'a>) -> Vec<&'a str> {
    let Some(original) = chosen.main_of("") else { return Vec::new() };
    gguf::only_model(parts, |size| is_near(size, original, 24)).unwrap_or_default()
}

/// `consolidated*` beside the shards of the model, and the folders of the makers.
fn layouts<'a>(parts: &[Part<'a>], chosen: &ChosenSets<'_, 'a>) -> Vec<&'a str> {
    let mut layouts: BTreeMap<&str, Vec<&Part<'a>>> = BTreeMap::new();
    for part in parts.iter().filter(|part| part.is_tensors() || part.kind == WeightKind::Other) {
        let is_consolidated = part.component.split(['.', '-']).next() == Some("consolidated");
        let is_model = part.stem.split('-').next() == Some("model") && is_second_copy(part.folder);
        if is_consolidated || is_model {
            layouts.entry(part.folder).or_default().push(part);
        }
    }
    let copies = layouts.into_iter().filter(|(folder, parts)| {
        let original = if is_second_copy(folder) { chosen.main_of("") } else { chosen.main_of(folder) };
        let size = parts.iter().fold(0, |sum: u64, part| sum.saturating_add(part.size));
        original.is_some_and(|original| is_near(size, original, 5))
    });
    copies.flat_map(|(_, parts)| parts).map(|part| part.path).collect()
}

/// Whether precision alone may be what makes two lengths differ.
fn is_near(left: u64, right: u64, times: u64) -> bool {
    left <= right.saturating_mul(times) && right <= left.saturating_mul(times)
}

/// The whole of a pipeline as one file at its root, or what denoises alone, where exactly one file fits.
fn in_one_file<'a>(files: &[WeightFile<'a>], parts: &[Part<'a>], chosen: &ChosenSets<'_, 'a>) -> Option<&'a str> {
    files.iter().find(|file| file.path == "model_index.json")?;
    let folders: BTreeSet<&str> = chosen.whole.keys().map(|(folder, _)| *folder).collect();
    let held = folders.into_iter().filter(|folder| !folder.is_empty() && !NOT_IN_ONE_FILE.contains(folder));
    let whole = held.filter_map(|folder| chosen.main_of(folder)).fold(0, u64::saturating_add);
    let denoiser = ["transformer", "unet"].iter().find_map(|folder| chosen.main_of(folder));
    let fits = |size: u64| [Some(whole), denoiser].into_iter().flatten().any(|original| is_as_long(size, original));
    let at_root =
        parts.iter().filter(|part| part.folder.is_empty() && part.role == ShardRole::Whole && part.is_tensors());
    let mut fitting = at_root
        .filter(|part| !part.is_canonical && part.size >= TELLING && !chosen.left_out.contains(part.path))
        .filter(|part| fits(part.size));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Some(only.path),
        _ => None,
    }
}

/// Whether two lengths are those of the same weights in the same precision, or in one of half or twice the bits.
fn is_as_long(size: u64, original: u64) -> bool {
    let (size, original) = (u128::from(size), u128::from(original));
    let pairs = [(size, original), (size * 2, original), (size, original * 2)];
    pairs.into_iter().any(|(one, other)| one.abs_diff(other) * 1_000 <= other)
}
