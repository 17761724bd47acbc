//! GGUF: one file, or its splits, for each quantization; a repository often has twenty.
//!
//! The traps: the name of the quantization is written in every way (`q4_k_m`, `Q4_K_M`, `UD-Q4_K_XL`, as a folder); a split
//! without its sisters loads as a broken file; and one name may stand for two things, in two folders, or as a whole file
//! beside its splits. Two are never mixed, and never chosen between.

use std::collections::{BTreeMap, BTreeSet};

use super::name::{Part, ShardRole};
use super::quantization::{QUANT, quantization};
use super::{Format, Offer, WeightsError, absent, sidecar};

/// What tells one file, or one set of splits, from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct SplitKey<'a> {
    quant: String,
    folder: &'a str,
    base: String,
    /// How many splits there should be; none for a whole file.
    splits: Option<u32>,
}

/// One model in one quantization.
#[derive(Debug, Default)]
struct QuantizedModel<'a> {
    files: BTreeMap<u32, &'a str>,
    size: u64,
    example: Option<Part<'a>>,
}

type Models<'a> = BTreeMap<SplitKey<'a>, QuantizedModel<'a>>;

/// The files of one quantization, or of the only model, with what goes along with it; and one file of each model that does
/// not come in that quantization.
pub(super) fn choose<'a>(
    parts: &[Part<'a>],
    wanted: Option<&str>,
) -> Result<(BTreeSet<&'a str>, Vec<&'a str>), WeightsError> {
    let (main, beside) = sidecar::split(parts);
    if main.is_empty() && beside.is_empty() {
        return Err(absent(Format::Gguf, parts));
    }
    let models = models(&main);
    let matching: Vec<(&SplitKey<'a>, &QuantizedModel<'a>)> = match wanted {
        None => models.iter().collect(),
        Some(wanted) => matching(&models, wanted),
    };
    let (key, mut kept) = match (matching[..].as_ref(), wanted) {
        ([(key, only)], _) => (Some(*key), complete(key, only)?),
        ([], None) => (None, BTreeSet::new()),
        ([], Some(wanted)) => {
            let (others, patterns) = offers(models.iter());
            return Err(WeightsError::NoQuant { wanted: wanted.to_owned(), others, patterns });
        }
        (_, None) => {
            let (others, patterns) = offers(models.iter());
            return Err(WeightsError::Ambiguous { others, patterns });
        }
        (several, Some(_)) => {
            return Err(WeightsError::Ambiguous {
                others: Vec::new(),
                patterns: several.iter().map(pattern).collect(),
            });
        }
    };
    kept.extend(sidecar::of(&beside, key.map(|key| (key.folder, key.quant.as_str()))));
    let lacking = match (wanted, key) {
        (Some(_), Some(key)) => lacking(&models, key),
        _ => Vec::new(),
    };
    Ok((kept, lacking))
}

/// The first file of the only model among the files.
pub(super) fn first<'a>(parts: &[Part<'a>]) -> Option<&'a str> {
    let models = models(&sidecar::split(parts).0);
    let mut models = models.values();
    let only = models.next().filter(|_| models.next().is_none())?;
    only.files.values().next().copied()
}

/// All GGUF files, if they are of one model and each of its quantizations has a length that fits.
pub(super) fn only_model<'a>(parts: &[Part<'a>], fits: impl Fn(u64) -> bool) -> Option<Vec<&'a str>> {
    let models = models(&sidecar::split(parts).0);
    let identities: BTreeSet<_> = models.keys().map(SplitKey::identity).collect();
    let all_fit = models.iter().all(|(key, model)| fits(model.size) && complete(key, model).is_ok());
    let files = || models.values().flat_map(|model| model.files.values().copied()).collect();
    (identities.len() == 1 && all_fit).then(files)
}

fn models<'a>(main: &[&Part<'a>]) -> Models<'a> {
    let mut models = Models::new();
    for part in main {
        let (base, quant) = quantization(part);
        let (number, splits) = match part.role {
            ShardRole::Shard { number, of } => (number, Some(of)),
            ShardRole::Whole | ShardRole::Index => (1, None),
        };
        let model = models.entry(SplitKey { quant, folder: part.folder, base, splits }).or_default();
        model.files.insert(number, part.path);
        model.size = model.size.saturating_add(part.size);
        model.example.get_or_insert_with(|| (*part).clone());
    }
    models
}

impl SplitKey<'_> {
    /// What it is offered as: its quantization, or its name where it has none.
    fn offered(&self) -> &str {
        if self.quant.is_empty() { &self.base } else { &self.quant }
    }

    /// Which model it is, whatever its quantization. A folder may be called after one.
    fn identity(&self) -> (String, String) {
        let plain = |text: &str| text.to_ascii_lowercase().trim_matches(['-', '.', '_', ' ']).to_owned();
        let is_of_form = self.folder.eq_ignore_ascii_case("gguf") || QUANT.is_match(self.folder);
        (if is_of_form { String::new() } else { plain(self.folder) }, plain(&self.base).replace("--", "-"))
    }
}

/// The models of a quantization, written in any case; `Q4_K_XL` is also `UD-Q4_K_XL`, if nothing is called that way itself.
fn matching<'m, 'a>(models: &'m Models<'a>, wanted: &str) -> Vec<(&'m SplitKey<'a>, &'m QuantizedModel<'a>)> {
    let named = |name: &str| models.iter().filter(|(key, _)| key.offered().eq_ignore_ascii_case(name)).collect();
    let exact: Vec<_> = named(wanted);
    if exact.is_empty() { named(&format!("UD-{wanted}")) } else { exact }
}

fn complete<'a>(key: &SplitKey<'a>, model: &QuantizedModel<'a>) -> Result<BTreeSet<&'a str>, WeightsError> {
    let of = key.splits.unwrap_or(1);
    let missing = (1..=of).filter(|number| !model.files.contains_key(number));
    let missing: Vec<String> = missing.filter_map(|number| Some(model.example.as_ref()?.shard(number, of))).collect();
    if !missing.is_empty() {
        return Err(WeightsError::Incomplete { format: Format::Gguf, missing });
    }
    Ok(model.files.values().copied().collect())
}

/// One file of each other model that has nothing of the quantization.
fn lacking<'a>(models: &Models<'a>, chosen: &SplitKey<'a>) -> Vec<&'a str> {
    let mut others: BTreeMap<_, &'a str> = BTreeMap::new();
    for (key, model) in models.iter().filter(|(key, _)| key.identity() != chosen.identity()) {
        let first = model.files.values().next().copied();
        others.entry(key.identity()).or_insert(first.unwrap_or_default());
    }
    others.into_values().collect()
}

/// What may be asked for, by size: quantizations that are there once, and patterns for everything else.
fn offers<'m, 'a: 'm>(
    models: impl Iterator<Item = (&'m SplitKey<'a>, &'m QuantizedModel<'a>)>,
) -> (Vec<Offer>, Vec<Offer>) {
    let mut by_name: BTreeMap<String, Vec<(&SplitKey<'a>, &QuantizedModel<'a>)>> = BTreeMap::new();
    for (key, model) in models {
        by_name.entry(key.offered().to_ascii_uppercase()).or_default().push((key, model));
    }
    let (mut quants, mut patterns) = (Vec::new(), Vec::new());
    for models in by_name.values() {
        match models[..].as_ref() {
            [(key, only)] => quants.push(Offer { name: key.offered().to_owned(), size: only.size }),
            several => patterns.extend(several.iter().map(pattern)),
        }
    }
    quants.sort_by_key(|one| one.size);
    (quants, patterns)
}

/// The pattern that takes one model and no other.
fn pattern((key, model): &(&SplitKey<'_>, &QuantizedModel<'_>)) -> Offer {
    let first = model.files.values().next().copied().unwrap_or_default();
    let escaped = |text: &str| text.replace('[', "[[]").replace('*', "[*]").replace('?', "[?]");
    let splits = key.splits.and_then(|_| {
        let (before, of) = first.rsplit_once("-of-")?;
        let (before, _) = before.rsplit_once(['-', '_'])?;
        Some(format!("{}-*-of-{}", escaped(before), escaped(of)))
    });
    Offer { name: splits.unwrap_or_else(|| escaped(first)), size: model.size }
}
