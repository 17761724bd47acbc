//! The JSON document of many pulls. It is an API: fields are added, never renamed.

use std::time::Duration;

use serde::Serialize;

use super::Wanted;
use crate::cli::diagnose::{ErrorDocument, ErrorObject};
use crate::cli::document::VERSION;
use crate::cli::pull::document::PullDocument;
use crate::error::ExitStatus;
use crate::ops::batch::Outcome;

/// What became of all lines.
#[derive(Serialize)]
pub(super) struct BatchDocument<'a> {
    version: u32,
    status: u8,
    /// What came over the network for all of them, in bytes; of a dry run nothing did.
    bytes_fetched: u64,
    pulls: Vec<LineDocument<'a>>,
}

/// What became of a line: the document of its pull, or of its error.
#[derive(Serialize)]
struct LineDocument<'a> {
    /// Where it stands: "`models.txt`, line 3".
    line: String,
    status: u8,
    #[serde(flatten)]
    outcome: LineOutcome<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum LineOutcome<'a> {
    Pulled(Box<PullDocument<'a>>),
    Failed(ErrorDocument),
}

impl<'a> BatchDocument<'a> {
    pub(super) fn of(wanted: &'a [Wanted], outcomes: &'a [Outcome], status: ExitStatus, took: Duration) -> Self {
        let line = |(one, outcome): (&'a Wanted, &'a Outcome)| LineDocument {
            line: one.line.place.clone(),
            status: super::status(outcome).code(),
            outcome: match outcome {
                Ok(pulled) => LineOutcome::Pulled(Box::new(PullDocument::of(&one.request, pulled, took))),
                Err(error) => LineOutcome::Failed(ErrorObject::from(&**error).into()),
            },
        };
        let fetched = |(one, outcome): (&Wanted, &Outcome)| match outcome {
            Ok(pulled) if !one.request.dry_run => pulled.bytes_fetched,
            _ => 0,
        };
        Self {
            version: VERSION,
            status: status.code(),
            bytes_fetched: wanted.iter().zip(outcomes).map(fetched).sum(),
            pulls: wanted.iter().zip(outcomes).map(line).collect(),
        }
    }
}
