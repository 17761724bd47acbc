//! One set of weights instead of three: which files of a repository are the same model once more.
//!
//! A repository often holds its model as safetensors, as pickles, for TensorFlow, for Flax, as ONNX and in the layout of
//! its makers: Llama 3.1 8B is 16 GB twice, gpt-oss three times. Everything here is judged by names and sizes, as a
//! listing has them, and everything that is no weight stays.
//!
//! The trap: a set of which one shard is missing looks like a set. Shards say how many they are
//! (`-00001-of-00004`) and are found through an index (`model.safetensors.index.json`), so a set is complete when all of
//! that is listed; an incomplete one is never chosen, and where it was asked for, what is missing is named.

mod gguf;
mod name;
mod onnx;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use thiserror::Error;

pub use self::onnx::{Dtype, DtypeError};

use self::name::{Kind, Part, Role};

/// A file as far as its choice depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed<'a> {
    /// Its path in the repository.
    pub path: &'a str,
    /// Its length in bytes.
    pub size: u64,
}

/// A form in which weights come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// `*.safetensors`.
    Safetensors,
    /// `*.gguf`.
    Gguf,
    /// `*.onnx` with their external data.
    Onnx,
    /// `*.bin`, `*.pth`, `*.pt`, `*.ckpt`.
    Pytorch,
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Safetensors => "safetensors",
            Self::Gguf => "gguf",
            Self::Onnx => "onnx",
            Self::Pytorch => "pytorch",
        })
    }
}

/// Which weights are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// One complete set: safetensors where there is one, else pickles, else GGUF, else ONNX.
    Auto,
    /// One complete set of this format.
    Only(Format),
    /// The GGUF files of this quantization.
    Quant(String),
}

/// Why there are no weights to choose. Each text goes on after the repository's name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WeightsError {
    /// No weights of the format.
    #[error("has no {format} weights")]
    Absent {
        /// The format.
        format: Format,
        /// The formats that there are, with their sizes.
        others: Vec<Offer>,
    },
    /// Some, but not all.
    #[error("has only a part of its {format} weights: {} missing", list(missing))]
    Incomplete {
        /// The format.
        format: Format,
        /// Paths of what is missing.
        missing: Vec<String>,
    },
    /// No GGUF file of the quantization.
    #[error("has no quantization `{wanted}`")]
    NoQuant {
        /// What was asked for.
        wanted: String,
        /// The quantizations that there are, with their sizes.
        others: Vec<Offer>,
    },
    /// Several GGUF models, and nothing says which.
    #[error("has several GGUF models, and one must be chosen")]
    Ambiguous {
        /// What there is, with sizes.
        others: Vec<Offer>,
    },
}

/// Something to choose, and how large it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What it is called.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
}

fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
    let more = names.len() - shown.len();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest} {}", shown.join(", "), if names.len() == 1 { "is" } else { "are" })
}

/// The paths that a choice leaves out; weights only.
///
/// # Errors
/// When there is no such set, or it is incomplete, or nothing says which.
pub fn left_out<'a>(choice: &Choice, files: &[Listed<'a>]) -> Result<BTreeSet<&'a str>, WeightsError> {
    let parts = name::parts(files);
    let kept: BTreeSet<&str> = match choice {
        Choice::Quant(wanted) => gguf::choose(&parts, Some(wanted))?,
        Choice::Only(Format::Gguf) => gguf::choose(&parts, None)?,
        Choice::Only(Format::Onnx) => onnx::choose(&parts).ok_or_else(|| absent(Format::Onnx, &parts))?,
        Choice::Only(format) => components(&parts, &[*format])?,
        Choice::Auto => return auto(files, &parts),
    };
    Ok(parts.iter().map(|part| part.path).filter(|path| !kept.contains(path)).collect())
}

fn auto<'a>(files: &[Listed<'a>], parts: &[Part<'a>]) -> Result<BTreeSet<&'a str>, WeightsError> {
    let has = |kind: Kind| parts.iter().any(|part| part.kind == kind);
    if has(Kind::Of(Format::Safetensors)) || has(Kind::Of(Format::Pytorch)) {
        let kept = components(parts, &[Format::Safetensors, Format::Pytorch])?;
        return Ok(parts.iter().map(|part| part.path).filter(|path| !kept.contains(path)).collect());
    }
    match [Format::Gguf, Format::Onnx].into_iter().find(|format| has(Kind::Of(*format))) {
        Some(format) => left_out(&Choice::Only(format), files),
        // nothing but what no flag names: TensorFlow or Flax alone, or no weights at all
        None => Ok(BTreeSet::new()),
    }
}

/// How many bytes [`Choice::Auto`] leaves out, if it would choose and that is less than everything.
#[must_use]
pub fn saved_by_auto(files: &[Listed<'_>]) -> Option<u64> {
    let left_out = left_out(&Choice::Auto, files).ok()?;
    let saved = files.iter().filter(|file| left_out.contains(file.path)).map(|file| file.size).sum();
    (saved > 0).then_some(saved)
}

fn absent(format: Format, parts: &[Part<'_>]) -> WeightsError {
    let mut sizes: BTreeMap<Format, u64> = BTreeMap::new();
    for part in parts {
        if let Kind::Of(format) = part.kind {
            *sizes.entry(format).or_default() += part.size;
        }
    }
    let others = sizes.into_iter().map(|(format, size)| Offer { name: format.to_string(), size }).collect();
    WeightsError::Absent { format, others }
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
            Role::Whole => self.single.push(part.path),
            Role::Shard { number, of } => {
                self.shards.entry(of).or_default().insert(number, part.path);
            }
            Role::Index => self.index = Some(part.path),
        }
        if part.role != Role::Index || self.example.is_none() {
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

/// Chooses for every component of the repository (the text encoder of a pipeline, a module of a sentence transformer,
/// mostly the model alone) the first of the formats in which it is complete.
fn components<'a>(parts: &[Part<'a>], formats: &[Format]) -> Result<BTreeSet<&'a str>, WeightsError> {
    let candidates = name::without_doubles(parts);
    let wanted = |part: &&&Part<'_>| matches!(part.kind, Kind::Of(format) if formats.contains(&format));
    if candidates.iter().filter(wanted).count() == 0 {
        return Err(absent(formats[0], parts));
    }
    let mut by_component: BTreeMap<(&str, &str), Vec<&Part<'a>>> = BTreeMap::new();
    for &part in candidates.iter().filter(|part| matches!(part.kind, Kind::Of(Format::Safetensors | Format::Pytorch))) {
        by_component.entry((part.folder, part.component.as_str())).or_default().push(part);
    }
    let mut kept = BTreeSet::new();
    for parts in by_component.values() {
        match component(parts, formats) {
            Ok(files) => kept.extend(files),
            Err(Some((format, missing))) => return Err(WeightsError::Incomplete { format, missing }),
            Err(None) => {}
        }
    }
    Ok(kept)
}

/// The files of one component; else the format whose files are missing, or none where it need not be there.
fn component<'a>(parts: &[&Part<'a>], formats: &[Format]) -> Result<Vec<&'a str>, Option<(Format, Vec<String>)>> {
    let mut first_failure = None;
    for &format in formats {
        let mut variants: BTreeMap<(usize, &str), Set<'a>> = BTreeMap::new();
        for part in parts.iter().filter(|part| part.kind == Kind::Of(format)) {
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
        (None, [only]) if parts.iter().any(|part| part.is_canonical) => Err(Some((*only, vec![parts[0].twin(*only)]))),
        (None, _) => Err(None),
    }
}

#[cfg(test)]
mod tests;
