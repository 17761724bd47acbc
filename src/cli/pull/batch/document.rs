//! The JSON document of many pulls. It is an API: fields are added, never renamed.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::Wanted;
use crate::cli::diagnose;
use crate::cli::pull::outcome;
use crate::error::ExitStatus;
use crate::ops::batch::Outcome;

/// What became of all lines.
#[derive(Debug, Serialize)]
pub(super) struct BatchDocument {
    version: u32,
    status: u8,
    /// What came over the network for all of them, in bytes; of a dry run nothing did.
    bytes_fetched: u64,
    pulls: Vec<LineDocument>,
}

/// What became of a line: the document of its pull, or of its error.
#[derive(Debug, Serialize)]
struct LineDocument {
    /// Where it stands: "`models.txt`, line 3".
    line: String,
    status: u8,
    #[serde(flatten)]
    outcome: Value,
}

impl BatchDocument {
    pub(super) fn of(wanted: &[Wanted], outcomes: &[Outcome], status: ExitStatus, took: Duration) -> Self {
        let line = |(one, outcome): (&Wanted, &Outcome)| LineDocument {
            line: one.line.place.clone(),
            status: super::status(outcome).code(),
            outcome: match outcome {
                Ok(pulled) => outcome::document(&one.request, pulled, took),
                Err(error) => diagnose::document(error),
            },
        };
        let fetched = |(one, outcome): (&Wanted, &Outcome)| match outcome {
            Ok(pulled) if !one.request.dry_run => pulled.bytes_fetched,
            _ => 0,
        };
        Self {
            version: 1,
            status: status.code(),
            bytes_fetched: wanted.iter().zip(outcomes).map(fetched).sum(),
            pulls: wanted.iter().zip(outcomes).map(line).collect(),
        }
    }
}
