//! What stands beside a GGUF model and is none itself: a vision projector (`mmproj-…`), a module that predicts several
//! tokens (`mtp-…`), the importance matrix that the quantizations were made with.
//!
//! The names are a convention (ggml-org/ggml#1496), and older than it: `mmproj` stands anywhere in a name, and `MTP` behind
//! it or as a folder. There are whole models with an MTP module in them that say so too, so it is one only where a model of
//! the rest of the name is there and is much larger.

use std::collections::{BTreeMap, BTreeSet};

use super::Format;
use super::name::{Part, WeightKind};
use super::quantization::quantization;

/// The models among the GGUF files, and what goes along with them. An importance matrix is neither.
pub(super) fn split<'p, 'a>(parts: &'p [Part<'a>]) -> (Vec<&'p Part<'a>>, Vec<&'p Part<'a>>) {
    let gguf = parts.iter().filter(|part| part.kind == WeightKind::Of(Format::Gguf));
    let models: Vec<&Part<'a>> = gguf.filter(|part| !part.stem.to_ascii_lowercase().contains("imatrix")).collect();
    let largest = models.iter().filter(|part| !is_named(part)).map(|part| part.size).max();
    let is_beside = |part: &&Part<'a>| {
        let is_small = largest.is_some_and(|largest| part.size <= largest / 2);
        is_projector(part) || (is_predictor(part) && (is_small || (largest.is_some() && is_prefixed(part))))
    };
    let (beside, main) = models.into_iter().partition(is_beside);
    (main, beside)
}

fn is_projector(part: &Part<'_>) -> bool {
    part.stem.to_ascii_lowercase().contains("mmproj")
}

fn is_predictor(part: &Part<'_>) -> bool {
    let folder = part.folder.rsplit('/').next().unwrap_or_default();
    folder.eq_ignore_ascii_case("mtp") || part.stem.split(['-', '_', '.']).any(|word| word.eq_ignore_ascii_case("mtp"))
}

fn is_prefixed(part: &Part<'_>) -> bool {
    part.stem.split(['-', '_']).next().is_some_and(|word| word.eq_ignore_ascii_case("mtp"))
}

fn is_named(part: &Part<'_>) -> bool {
    is_projector(part) || is_predictor(part)
}

/// What goes along with a model, told by its folder and its quantization: of each companion one precision, and where the
/// folder of the model has projectors, none of another folder.
pub(super) fn of<'a>(beside: &[&Part<'a>], model: Option<(&str, &str)>) -> BTreeSet<&'a str> {
    let (folder, quant) = model.unwrap_or_default();
    let mut by_name: BTreeMap<(&str, String), Vec<&Part<'a>>> = BTreeMap::new();
    for part in beside {
        by_name.entry((part.folder, quantization(part).0.to_ascii_lowercase())).or_default().push(part);
    }
    let has_own = beside.iter().any(|part| is_projector(part) && part.folder == folder);
    by_name.retain(|(at, _), parts| !has_own || *at == folder || !parts.iter().any(|part| is_projector(part)));
    by_name.into_values().flat_map(|parts| one_precision(&parts, quant)).collect()
}

/// A projector in half precision, which every loader takes; a predictor in the quantization of its model; all where neither
/// is there, since nothing says which.
fn one_precision<'a>(parts: &[&Part<'a>], quant: &str) -> Vec<&'a str> {
    let mut order = vec!["F16", "FP16", "BF16", quant];
    if !parts.iter().any(|part| is_projector(part)) {
        order.rotate_right(1);
    }
    let of = |wanted: &str| -> Vec<&'a str> {
        parts.iter().filter(|part| quantization(part).1 == wanted).map(|part| part.path).collect()
    };
    let found = order.into_iter().map(of).find(|found| !found.is_empty());
    found.unwrap_or_else(|| parts.iter().map(|part| part.path).collect())
}
