//! ONNX: a session in several precisions, told apart by the ends of their names, and the data beside it.
//!
//! The trap: a session above 2 GB keeps its weights in `model_q4.onnx_data`, `…_data_1` and so
//! on; without them the small `.onnx` file loads and then fails. So they go wherever their session goes.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use thiserror::Error;

use super::name::{Part, WeightKind};
use super::{Format, Offer, WeightFile};
use crate::repo::printable;

/// A precision, by the name that Transformers.js has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dtype {
    name: &'static str,
    suffix: &'static str,
}

/// Transformers.js' names with the ends of file names, the plain one first.
const DTYPES: [Dtype; 12] = [
    Dtype { name: "fp32", suffix: "" },
    Dtype { name: "fp16", suffix: "_fp16" },
    Dtype { name: "q8", suffix: "_quantized" },
    Dtype { name: "int8", suffix: "_int8" },
    Dtype { name: "uint8", suffix: "_uint8" },
    Dtype { name: "q4", suffix: "_q4" },
    Dtype { name: "q4f16", suffix: "_q4f16" },
    Dtype { name: "bnb4", suffix: "_bnb4" },
    Dtype { name: "q2", suffix: "_q2" },
    Dtype { name: "q2f16", suffix: "_q2f16" },
    Dtype { name: "q1", suffix: "_q1" },
    Dtype { name: "q1f16", suffix: "_q1f16" },
];

/// Why a precision cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum DtypeError {
    /// Transformers.js knows no such name.
    #[error("`{text}` is no precision of Transformers.js: {}", names().join(", "))]
    Unknown {
        /// What was asked for.
        text: String,
    },
    /// The repository has none of it.
    #[error("has no ONNX files of the precision `{wanted}`")]
    Absent {
        /// What was asked for.
        wanted: &'static str,
        /// The precisions that there are, with their sizes.
        others: Vec<Offer>,
    },
}

fn names() -> Vec<&'static str> {
    DTYPES.iter().map(|dtype| dtype.name).collect()
}

impl FromStr for Dtype {
    type Err = DtypeError;

    fn from_str(text: &str) -> Result<Self, DtypeError> {
        let known = DTYPES.into_iter().find(|dtype| dtype.name.eq_ignore_ascii_case(text));
        known.ok_or_else(|| DtypeError::Unknown { text: printable(text) })
    }
}

impl Dtype {
    /// Transformers.js' name for it.
    #[must_use]
    pub(crate) const fn name(self) -> &'static str {
        self.name
    }

    /// The ONNX files of other precisions. A session that does not come in this one stays in the first that it has, since
    /// the model does not load without it.
    ///
    /// # Errors
    /// When there are none of this one.
    pub(crate) fn others<'a>(self, files: &[WeightFile<'a>]) -> Result<Precise<'a>, DtypeError> {
        let parts = super::name::parts(files);
        let own = DTYPES.iter().position(|dtype| *dtype == self).unwrap_or_default();
        let mut sessions: BTreeMap<(&str, &str), BTreeSet<usize>> = BTreeMap::new();
        let mut sizes: BTreeMap<usize, u64> = BTreeMap::new();
        for part in onnx(&parts) {
            let (session, precision) = precision(&part.stem);
            sessions.entry((part.folder, session)).or_default().insert(precision);
            let sum = sizes.entry(precision).or_default();
            *sum = sum.saturating_add(part.size);
        }
        if !sizes.contains_key(&own) {
            let named = |(at, size): (usize, u64)| Some(Offer { name: DTYPES.get(at)?.name.to_owned(), size });
            let others = sizes.into_iter().filter_map(named).collect();
            return Err(DtypeError::Absent { wanted: self.name, others });
        }
        let taken = |there: &BTreeSet<usize>| there.get(&own).or(there.first()).copied();
        let lacking =
            sessions.iter().filter(|(_, there)| !there.contains(&own)).filter_map(|((folder, session), there)| {
                let at = if folder.is_empty() { (*session).to_owned() } else { format!("{folder}/{session}") };
                Some((at, DTYPES.get(taken(there)?).map_or("as it is", |dtype| dtype.name)))
            });
        let lacking = lacking.collect();
        let stays = |part: &&Part<'_>| {
            let (session, precision) = precision(&part.stem);
            sessions.get(&(part.folder, session)).and_then(taken) == Some(precision)
        };
        let left_out = onnx(&parts).filter(|part| !stays(part)).map(|part| part.path).collect();
        Ok(Precise { left_out, lacking })
    }
}

/// What a precision comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Precise<'a> {
    /// The files of other precisions.
    pub(crate) left_out: BTreeSet<&'a str>,
    /// The sessions that do not come in it, with the precision that they stay in.
    pub(crate) lacking: Vec<(String, &'static str)>,
}

fn onnx<'p, 'a>(parts: &'p [Part<'a>]) -> impl Iterator<Item = &'p Part<'a>> {
    parts.iter().filter(|part| part.kind == WeightKind::Of(Format::Onnx))
}

/// A session's name without its precision.
pub(super) fn session(stem: &str) -> &str {
    precision(stem).0
}

/// A session's name without its precision, and which that is: a place in [`DTYPES`], or one behind it for the levels and
/// instruction sets of Optimum (`model_O2`, `model_qint8_avx512`).
fn precision(stem: &str) -> (&str, usize) {
    let known = DTYPES.iter().enumerate().skip(1);
    let by_suffix = known.filter_map(|(at, dtype)| Some((stem.strip_suffix(dtype.suffix)?, at)));
    if let Some(found) = by_suffix.min_by_key(|(base, _)| base.len()) {
        return found;
    }
    let optimum = ["_O1", "_O2", "_O3", "_O4"].iter().find_map(|level| stem.strip_suffix(level));
    let optimum = optimum.or_else(|| Some(stem.split_once("_qint8_").or_else(|| stem.split_once("_quint8_"))?.0));
    optimum.map_or((stem, 0), |base| (base, DTYPES.len()))
}

/// Every session once: plain where it is, else in the first precision that it has.
pub(super) fn choose<'a>(parts: &[Part<'a>]) -> Option<BTreeSet<&'a str>> {
    let mut best: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for part in onnx(parts) {
        let (session, precision) = precision(&part.stem);
        let best = best.entry((part.folder, session)).or_insert(precision);
        *best = precision.min(*best);
    }
    let is_best = |part: &&Part<'_>| {
        let (session, precision) = precision(&part.stem);
        best.get(&(part.folder, session)) == Some(&precision)
    };
    (!best.is_empty()).then(|| onnx(parts).filter(is_best).map(|part| part.path).collect())
}
