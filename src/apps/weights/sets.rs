//! One complete set for each component of a repository: the text encoder of a pipeline, a module of a sentence transformer,
//! mostly the model alone.

use std::collections::{BTreeMap, BTreeSet};

use super::chosen::{ChosenSets, ComponentKey};
use super::name::{self, Part, ShardRole, WeightKind};
use super::{Format, WeightFile, WeightsError, absent, doubles};

/// The parts of each component.
fn by_component<'p, 'a>(parts: impl Iterator<Item = &'p Part<'a>>) -> BTreeMap<ComponentKey<'p>, Vec<&'p Part<'a>>> {
    let mut by_component: BTreeMap<ComponentKey<'p>, Vec<&'p Part<'a>>> = BTreeMap::new();
    for part in parts.filter(|part| part.is_tensors()) {
        by_component.entry((part.folder, part.component.as_str())).or_default().push(part);
    }
    by_component
}

/// Safetensors where they are complete, else pickles; incomplete is an error. Under a name of its own only a complete set of
/// safetensors stands for pickles, and everything else stays.
pub(super) fn of_every_component<'p, 'a>(parts: &'p [Part<'a>]) -> Result<ChosenSets<'p, 'a>, WeightsError> {
    let mut chosen = ChosenSets::default();
    for (key, parts) in by_component(parts.iter()) {
        let is_canonical = parts.iter().any(|part| part.is_canonical);
        let formats: &[Format] =
            if is_canonical { &[Format::Safetensors, Format::Pytorch] } else { &[Format::Safetensors] };
        match component(&parts, formats) {
            Ok(files) => chosen.add(key, &parts, files),
            Err(Some((format, missing))) if is_canonical => return Err(WeightsError::Incomplete { format, missing }),
            Err(_) => {}
        }
    }
    Ok(chosen)
}

/// What stays of one format alone.
pub(super) fn of_format<'a>(
    files: &[WeightFile<'a>],
    parts: &[Part<'a>],
    format: Format,
) -> Result<BTreeSet<&'a str>, WeightsError> {
    let has_first = parts.iter().any(|part| part.is_tensors() && part.is_canonical && part.folder.is_empty());
    let candidates: Vec<&Part<'a>> =
        parts.iter().filter(|part| !(has_first && doubles::is_second_copy(part.folder))).collect();
    if !candidates.iter().any(|part| part.kind == WeightKind::Of(format)) {
        return Err(absent(format, parts));
    }
    let mut chosen = ChosenSets::default();
    for (key, parts) in by_component(candidates.into_iter()) {
        match component(&parts, &[format]) {
            Ok(files) => chosen.add(key, &parts, files),
            Err(Some((format, missing))) => return Err(WeightsError::Incomplete { format, missing }),
            Err(None) => {}
        }
    }
    let copies = doubles::of(files, parts, &chosen);
    Ok(chosen.kept.into_iter().filter(|path| !copies.contains(path)).collect())
}

/// Files that are one model in one form: a single file, or shards with their index.
#[derive(Debug, Default)]
struct Set<'a> {
    single: Vec<&'a str>,
    /// By how many there should be, the numbers that there are.
    shards: BTreeMap<u32, BTreeMap<u32, &'a str>>,
    index: Option<&'a str>,
    /// How the first file is called, to name those that are missing.
    example: Option<Part<'a>>,
}

impl<'a> Set<'a> {
    fn add(&mut self, part: &Part<'a>) {
        match part.role {
            ShardRole::Whole => self.single.push(part.path),
            ShardRole::Shard { number, of } => {
                self.shards.entry(of).or_default().insert(number, part.path);
            }
            ShardRole::Index => self.index = Some(part.path),
        }
        if part.role != ShardRole::Index || self.example.is_none() {
            self.example = Some(part.clone());
        }
    }

    /// The files to keep, or the paths of those that are missing. A single file wins, as loaders take it first.
    fn complete(&self) -> Result<Vec<&'a str>, Vec<String>> {
        if !self.single.is_empty() {
            return Ok(self.single.clone());
        }
        let Some(example) = &self.example else { return Err(Vec::new()) };
        // the most nearly complete, where two uploads of different cuts are mixed
        let cut = self.shards.iter().min_by_key(|(of, there)| **of as usize - there.len().min(**of as usize));
        let Some((&of, there)) = cut else { return Err(vec![example.first_shard()]) };
        let gaps = |first: u32| (first..of + first).filter(|number| !there.contains_key(number));
        // most count from one; some from zero, up to the number itself or the one before it
        let first = u32::from(gaps(0).next().is_some());
        let mut missing: Vec<String> = gaps(first).map(|number| example.shard(number, of)).collect();
        match self.index {
            Some(index) if missing.is_empty() => Ok(there.values().copied().chain([index]).collect()),
            Some(_) => Err(missing),
            None => {
                missing.push(example.index());
                Err(missing)
            }
        }
    }
}

/// The files of one component; else the format whose files are missing, or none where it need not be there.
fn component<'a>(parts: &[&Part<'a>], formats: &[Format]) -> Result<Vec<&'a str>, Option<(Format, Vec<String>)>> {
    let mut first_failure = None;
    for &format in formats {
        let mut variants: BTreeMap<(usize, &str), Set<'a>> = BTreeMap::new();
        for part in parts.iter().filter(|part| part.kind == WeightKind::Of(format)) {
            variants.entry((name::preference(&part.variant), part.variant.as_str())).or_default().add(part);
        }
        for set in variants.values() {
            match set.complete() {
                Ok(files) => return Ok(files),
                Err(missing) => {
                    first_failure.get_or_insert((format, missing));
                }
            }
        }
    }
    match (first_failure, formats) {
        (Some(failure), _) => Err(Some(failure)),
        (None, [only]) => match parts.iter().find(|part| part.is_canonical) {
            Some(part) => Err(Some((*only, vec![part.twin(*only)]))),
            None => Err(None),
        },
        (None, _) => Err(None),
    }
}
