//! What to try next about the models of a worker: its catalogs, flows, archives and folders.

use super::list;
use crate::apps::visionatrix::catalog::CatalogError;
use crate::apps::visionatrix::flow::FlowError;
use crate::store::archive::ArchiveError;

pub(super) fn catalog(error: &CatalogError) -> Vec<String> {
    match error {
        CatalogError::Unknown { near, .. } if !near.is_empty() => vec![format!("near names: {}", list(near))],
        CatalogError::Unknown { .. } => vec!["`gatedl vix list` shows all names".to_owned()],
        CatalogError::Entry { .. } | CatalogError::TooManySteps { .. } => {
            vec!["nothing of this catalog is used until that entry is mended or taken out".to_owned()]
        }
        CatalogError::NoFile { .. } => vec!["it takes the address of one file, as `…/resolve/main/NAME`".to_owned()],
        CatalogError::OnePlace { .. } => vec!["give one of them a `filename` of its own".to_owned()],
        CatalogError::NotJson { .. } | CatalogError::NotACatalog { .. } | CatalogError::TooManyRules { .. } => {
            Vec::new()
        }
    }
}

pub(super) fn flow(error: &FlowError) -> Vec<String> {
    match error {
        FlowError::OfTheEditor { .. } => vec!["in ComfyUI, choose \"Export (API)\" and use that file".to_owned()],
        FlowError::Unmatched { .. } => {
            vec!["put the file there yourself, or add an entry for it in a catalog of yours: --catalog FILE".to_owned()]
        }
        FlowError::NotJson { .. } | FlowError::NotAFlow { .. } => Vec::new(),
    }
}

pub(super) fn archive(error: &ArchiveError) -> Vec<String> {
    match error {
        ArchiveError::Occupied { replaceable: true, .. } => {
            vec!["move it away, or replace it with --force".to_owned()]
        }
        ArchiveError::Occupied { .. } => vec!["move it away".to_owned()],
        _ => Vec::new(),
    }
}
