//! One set of weights instead of three: which files of a repository are the same model once more.
//!
//! A repository often holds its model as safetensors, as pickles, for TensorFlow, for Flax, as ONNX and in the layout of
//! its makers: Llama 3.1 8B is 16 GB twice, gpt-oss three times. Everything here is judged by names and sizes, as a
//! listing has them, and everything that is no weight stays.
//!
//! The rule: when unsure, keep. Left out is what loaders know as the same weights by its name (`pytorch_model.bin` beside
//! `model.safetensors`), or what fits to the byte where names say nothing. A VAE as `.pth` at the root, a LoRA, an ONNX
//! model of another task are nobody's copy.
//!
//! The trap: a set of which one shard is missing looks like a set. Shards say how many they are
//! (`-00001-of-00004`) and are found through an index (`model.safetensors.index.json`), so a set is complete when all of
//! that is listed; an incomplete one is never chosen, and where it was asked for, what is missing is named.

mod chosen;
mod doubles;
mod gguf;
mod name;
mod onnx;
mod quantization;
mod sets;
mod sidecar;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use thiserror::Error;

pub(crate) use self::onnx::{Dtype, DtypeError};

use self::name::{Part, WeightKind};

/// A file as far as its choice depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WeightFile<'a> {
    /// Its path in the repository.
    pub(crate) path: &'a str,
    /// Its length in bytes.
    pub(crate) size: u64,
}

/// A form in which weights come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Format {
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
pub(crate) enum Choice {
    /// Everything but what is there once more: of each component safetensors if they are complete, else pickles; where
    /// there is neither, one GGUF model, else ONNX.
    Auto,
    /// One complete set of this format.
    Only(Format),
    /// The GGUF files of this quantization.
    Quant(String),
}

/// Why there are no weights to choose. Each text goes on after the repository's name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum WeightsError {
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
        /// The quantizations that there are once, with their sizes.
        others: Vec<Offer>,
        /// What must be named by a pattern, with sizes.
        patterns: Vec<Offer>,
    },
    /// Several GGUF models, and nothing says which.
    #[error("has several GGUF models, and one must be chosen")]
    Ambiguous {
        /// The quantizations that there are once, with their sizes.
        others: Vec<Offer>,
        /// What must be named by a pattern, with sizes.
        patterns: Vec<Offer>,
    },
}

/// Something to choose, and how large it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    /// What it is called.
    pub(crate) name: String,
    /// Its length in bytes.
    pub(crate) size: u64,
}

fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
    let more = names.len() - shown.len();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest} {}", shown.join(", "), if names.len() == 1 { "is" } else { "are" })
}

/// What a choice leaves out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct OmittedWeights<'a> {
    /// The paths.
    pub(crate) paths: BTreeSet<&'a str>,
    /// One path of each GGUF model that is left out because it does not come in the quantization that was asked for.
    pub(crate) lacking: Vec<&'a str>,
}

/// What a choice leaves out; weights only. [`Choice::Auto`] leaves out what is provably the same weights as something that
/// stays, and nothing else.
///
/// # Errors
/// When there is no such set, or it is incomplete, or nothing says which.
pub(crate) fn left_out<'a>(choice: &Choice, files: &[WeightFile<'a>]) -> Result<OmittedWeights<'a>, WeightsError> {
    let parts = name::parts(files);
    let format = match choice {
        Choice::Auto => match sole_format(&parts) {
            Some(format) => format,
            None => return Ok(OmittedWeights { paths: auto(files, &parts)?, lacking: Vec::new() }),
        },
        Choice::Quant(_) => Format::Gguf,
        Choice::Only(format) => *format,
    };
    let (kept, lacking) = match (format, choice) {
        (Format::Gguf, Choice::Quant(wanted)) => gguf::choose(&parts, Some(wanted))?,
        (Format::Gguf, _) => gguf::choose(&parts, None)?,
        (Format::Onnx, _) => (onnx::choose(&parts).ok_or_else(|| absent(Format::Onnx, &parts))?, Vec::new()),
        (format, _) => (sets::of_format(files, &parts, format)?, Vec::new()),
    };
    let paths = parts.iter().map(|part| part.path).filter(|path| !kept.contains(path)).collect();
    Ok(OmittedWeights { paths, lacking })
}

/// GGUF or ONNX, where nothing else is there that could be chosen.
fn sole_format(parts: &[Part<'_>]) -> Option<Format> {
    let has = |format: Format| parts.iter().any(|part| part.kind == WeightKind::Of(format));
    if has(Format::Safetensors) || has(Format::Pytorch) {
        return None;
    }
    [Format::Gguf, Format::Onnx].into_iter().find(|format| has(*format))
}

/// What is there once more: first within every component of the repository, then what is a copy of a whole one.
fn auto<'a>(files: &[WeightFile<'a>], parts: &[Part<'a>]) -> Result<BTreeSet<&'a str>, WeightsError> {
    let chosen = sets::of_every_component(parts)?;
    let copies = doubles::of(files, parts, &chosen);
    Ok(chosen.left_out.into_iter().chain(copies).collect())
}

/// The file that a program is given to load a chosen quantization: the only one, or the first of its splits.
#[must_use]
pub(crate) fn first_of_quantization<'a>(files: &[WeightFile<'a>]) -> Option<&'a str> {
    gguf::first(&name::parts(files))
}

/// How many bytes [`Choice::Auto`] leaves out, if it would choose and that is less than everything.
#[must_use]
pub(crate) fn saved_by_auto(files: &[WeightFile<'_>]) -> Option<u64> {
    let saved = left_out(&Choice::Auto, files).ok()?.size(files);
    (saved > 0).then_some(saved)
}

impl OmittedWeights<'_> {
    /// How many bytes of the listing that is.
    #[must_use]
    pub(crate) fn size(&self, files: &[WeightFile<'_>]) -> u64 {
        let left_out = files.iter().filter(|file| self.paths.contains(file.path));
        left_out.fold(0, |sum, file| sum.saturating_add(file.size))
    }
}

fn absent(format: Format, parts: &[Part<'_>]) -> WeightsError {
    let mut sizes: BTreeMap<Format, u64> = BTreeMap::new();
    for part in parts {
        if let WeightKind::Of(format) = part.kind {
            let sum = sizes.entry(format).or_default();
            *sum = sum.saturating_add(part.size);
        }
    }
    let others = sizes.into_iter().map(|(format, size)| Offer { name: format.to_string(), size }).collect();
    WeightsError::Absent { format, others }
}

#[cfg(test)]
mod tests;
