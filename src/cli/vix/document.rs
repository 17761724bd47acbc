//! The documents of `gatedl vix pull` and `gatedl vix list`.

use serde::Serialize;

use super::{outcome, table};
use crate::cli::arrival;
use crate::cli::diagnose::ErrorObject;
use crate::cli::document::VERSION;
use crate::error::ExitStatus;
use crate::ops::vix::{CatalogRow, ModelArrival, ModelOutcome, Placed};

/// What became of each model.
#[derive(Serialize)]
pub(super) struct VixPullDocument<'a> {
    version: u32,
    models: Vec<OutcomeObject<'a>>,
    bytes_fetched: u64,
    bytes_to_fetch: u64,
    status: u8,
}

#[derive(Serialize)]
struct OutcomeObject<'a> {
    name: &'a str,
    /// What its entry says; a loader that nothing answers to has none.
    #[serde(flatten)]
    entry: Option<EntryPart>,
    state: &'static str,
    #[serde(flatten)]
    placed: Option<PlacedPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorObject>,
}

#[derive(Serialize)]
struct EntryPart {
    size: u64,
    digest: String,
    gated: bool,
}

#[derive(Serialize)]
struct PlacedPart {
    path: String,
    bytes_fetched: u64,
    bytes_copied: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    arrived_by: Option<&'static str>,
}

impl<'a> VixPullDocument<'a> {
    pub(super) fn of(outcomes: &'a [ModelOutcome], status: ExitStatus) -> Self {
        let sum = |bytes: fn(&Placed) -> u64| outcomes.iter().flat_map(|outcome| &outcome.result).map(bytes).sum();
        Self {
            version: VERSION,
            models: outcomes.iter().map(OutcomeObject::from).collect(),
            bytes_fetched: sum(outcome::bytes_fetched),
            bytes_to_fetch: sum(outcome::bytes_planned),
            status: status.code(),
        }
    }
}

impl<'a> From<&'a ModelOutcome> for OutcomeObject<'a> {
    fn from(outcome: &'a ModelOutcome) -> Self {
        let placed = outcome.result.as_ref().ok();
        Self {
            name: &outcome.name,
            entry: outcome.model.as_ref().map(|model| EntryPart {
                size: model.size,
                digest: model.digest.to_string(),
                gated: model.gated,
            }),
            state: placed.map_or("failed", outcome::state),
            placed: placed.map(PlacedPart::from),
            error: outcome.result.as_ref().err().map(ErrorObject::from),
        }
    }
}

impl From<&Placed> for PlacedPart {
    fn from(placed: &Placed) -> Self {
        let is_planned = matches!(placed.way, ModelArrival::Planned);
        Self {
            path: placed.path.display().to_string(),
            bytes_fetched: outcome::bytes_fetched(placed),
            bytes_copied: if is_planned { 0 } else { placed.bytes_copied },
            arrived_by: match placed.way {
                ModelArrival::Brought(way) => Some(arrival::word(way)),
                _ => None,
            },
        }
    }
}

/// What a worker has and lacks.
#[derive(Serialize)]
pub(super) struct VixListDocument<'a> {
    version: u32,
    models: Vec<ModelObject<'a>>,
    /// Whether what is present was hashed.
    verified: bool,
}

#[derive(Serialize)]
struct ModelObject<'a> {
    name: &'a str,
    state: &'static str,
    size: u64,
    digest: String,
    gated: bool,
    types: &'a [String],
    provider: Option<&'a str>,
    host: Option<&'a str>,
    token: Option<&'a str>,
    path: String,
}

impl<'a> VixListDocument<'a> {
    pub(super) fn of(listed: &'a [CatalogRow], verified: bool) -> Self {
        Self { version: VERSION, models: listed.iter().map(ModelObject::from).collect(), verified }
    }
}

impl<'a> From<&'a CatalogRow> for ModelObject<'a> {
    fn from(row: &'a CatalogRow) -> Self {
        Self {
            name: &row.model.name,
            state: table::word(row.state),
            size: row.model.size,
            digest: row.model.digest.to_string(),
            gated: row.model.gated,
            types: row.model.types(),
            provider: row.provider.as_deref(),
            host: row.model.url.host_str(),
            token: row.token.as_deref(),
            path: row.path.display().to_string(),
        }
    }
}
