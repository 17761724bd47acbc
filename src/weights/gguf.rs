//! GGUF: one file, or its splits, for each quantization; a repository often has twenty.
//!
//! The trap: the name of the quantization is written in every way (`q4_k_m`, `Q4_K_M`,
//! `UD-Q4_K_XL`, as a folder), and a split without its sisters loads as a broken file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;

use super::name::{Kind, Part, Role};
use super::{Format, Offer, WeightsError, absent};

static QUANT: LazyLock<Regex> = LazyLock::new(|| {
    let names = r"I?Q[1-8](?:_[0-9A-Z]+)*|TQ[12]_0|BF16|FP?16|FP?32|MXFP4(?:_MOE)?|NVFP4";
    Regex::new(&format!("(?i)(?:^|[-._/ ])((?:UD-)?(?:{names}))(?:$|[-./])")).expect("a constant expression")
});

/// One model in one quantization.
#[derive(Debug, Default)]
struct Model<'a> {
    files: BTreeMap<u32, &'a str>,
    of: u32,
    size: u64,
    example: Option<Part<'a>>,
}

/// The files of one quantization, or of the only one; a vision projector goes with whatever is chosen.
pub(super) fn choose<'a>(parts: &[Part<'a>], wanted: Option<&str>) -> Result<BTreeSet<&'a str>, WeightsError> {
    let gguf = || parts.iter().filter(|part| part.kind == Kind::Of(Format::Gguf));
    let is_projector = |part: &&Part<'_>| part.stem.to_ascii_lowercase().contains("mmproj");
    let mut models: BTreeMap<(String, String), Model<'a>> = BTreeMap::new();
    for part in gguf().filter(|part| !is_projector(part)) {
        let (base, quant) = quantization(part);
        let model = models.entry((quant, base)).or_default();
        let (number, of) = match part.role {
            Role::Shard { number, of } => (number, of),
            Role::Whole | Role::Index => (1, 1),
        };
        model.files.insert(number, part.path);
        model.of = model.of.max(of);
        model.size += part.size;
        model.example = Some(part.clone());
    }
    if models.is_empty() && gguf().next().is_none() {
        return Err(absent(Format::Gguf, parts));
    }
    let matching: Vec<&Model<'a>> = match wanted {
        None => models.values().collect(),
        Some(wanted) => matching(&models, wanted),
    };
    let mut kept = match (matching[..].as_ref(), wanted) {
        ([only], _) => complete(only)?,
        ([], None) => BTreeSet::new(),
        ([], Some(wanted)) => {
            return Err(WeightsError::NoQuant { wanted: wanted.to_owned(), others: sizes(&models) });
        }
        (_, None) => return Err(WeightsError::Ambiguous { others: sizes(&models) }),
        (several, Some(_)) => return Err(WeightsError::Ambiguous { others: by_file(several) }),
    };
    kept.extend(projector(&gguf().filter(is_projector).collect::<Vec<_>>()));
    Ok(kept)
}

/// The models of a quantization, written in any case; `Q4_K_XL` is also `UD-Q4_K_XL`, if nothing is called that way itself.
fn matching<'m, 'a>(models: &'m BTreeMap<(String, String), Model<'a>>, wanted: &str) -> Vec<&'m Model<'a>> {
    let wanted = wanted.to_ascii_uppercase();
    let named = |name: &str| models.iter().filter(|((quant, _), _)| quant == name).map(|(_, model)| model).collect();
    let exact: Vec<_> = named(&wanted);
    if exact.is_empty() { named(&format!("UD-{wanted}")) } else { exact }
}

/// The name without its quantization, and that, from the name or from the folder. The splits of one model have one base.
fn quantization(part: &Part<'_>) -> (String, String) {
    for text in [part.stem.as_str(), part.folder] {
        if let Some(found) = QUANT.captures_iter(text).last().and_then(|captures| captures.get(1)) {
            let base = format!("{}{}", &text[..found.start()], &text[found.end()..]);
            let base = if text == part.stem { base } else { part.stem.clone() };
            return (base, found.as_str().to_ascii_uppercase());
        }
    }
    (part.stem.clone(), String::new())
}

fn complete<'a>(model: &Model<'a>) -> Result<BTreeSet<&'a str>, WeightsError> {
    let missing = (1..=model.of).filter(|number| !model.files.contains_key(number));
    let missing: Vec<String> =
        missing.filter_map(|number| Some(model.example.as_ref()?.shard(number, model.of))).collect();
    if !missing.is_empty() {
        return Err(WeightsError::Incomplete { format: Format::Gguf, missing });
    }
    Ok(model.files.values().copied().collect())
}

/// A vision projector has precisions, not quantizations: half where there is one, which every loader takes.
fn projector<'a>(projectors: &[&Part<'a>]) -> Vec<&'a str> {
    let half = projectors.iter().find(|part| ["F16", "FP16"].contains(&quantization(part).1.as_str()));
    half.map_or_else(|| projectors.iter().map(|part| part.path).collect(), |half| vec![half.path])
}

fn sizes(models: &BTreeMap<(String, String), Model<'_>>) -> Vec<Offer> {
    let mut sizes: Vec<Offer> = Vec::new();
    for ((quant, base), model) in models {
        let name = if quant.is_empty() { base } else { quant };
        match sizes.last_mut().filter(|last| last.name == *name) {
            Some(same) => same.size += model.size,
            None => sizes.push(Offer { name: name.clone(), size: model.size }),
        }
    }
    sizes.sort_by_key(|one| one.size);
    sizes
}

fn by_file(models: &[&Model<'_>]) -> Vec<Offer> {
    let first = |model: &&Model<'_>| model.files.values().next().map_or(String::new(), ToString::to_string);
    models.iter().map(|model| Offer { name: first(model), size: model.size }).collect()
}
