//! What a worker has and lacks, as a table.

use crate::cli::size;
use crate::cli::table::{self, Heading};
use crate::ops::vix::{CatalogRow, ModelState};

const HEADINGS: [Heading; 6] = [
    Heading::Text("NAME"),
    Heading::Text("STATE"),
    Heading::Number("SIZE"),
    Heading::Text("GATED"),
    Heading::Text("TOKEN"),
    Heading::Text("PATH"),
];

/// The table for people.
pub(super) fn text(listed: &[CatalogRow]) -> String {
    let rows: Vec<[String; 6]> = listed.iter().map(row).collect();
    // in full: names are typed again, and paths are copied
    table::render(HEADINGS, &rows, None).trim_end().to_owned()
}

fn row(listed: &CatalogRow) -> [String; 6] {
    let token = match (&listed.provider, &listed.token) {
        (None, _) => "-".to_owned(),
        (Some(_), None) => "none".to_owned(),
        (Some(_), Some(source)) => source.clone(),
    };
    [
        listed.model.name.clone(),
        word(listed.state).to_owned(),
        size::bytes(listed.model.size),
        if listed.model.gated { "yes" } else { "no" }.to_owned(),
        token,
        listed.path.display().to_string(),
    ]
}

/// One line about the whole.
pub(super) fn summary(listed: &[CatalogRow], verified: bool) -> String {
    let here = listed.iter().filter(|one| one.state == ModelState::Present).count();
    let missing: u64 = listed.iter().filter(|one| one.state != ModelState::Present).map(|one| one.model.size).sum();
    let how = if verified { "hashed" } else { "by name and length; --verify hashes them" };
    let rest = if missing > 0 { format!(", {} to fetch", size::bytes(missing)) } else { String::new() };
    format!("{here} of {} here ({how}){rest}", listed.len())
}

pub(super) const fn word(state: ModelState) -> &'static str {
    match state {
        ModelState::Present => "present",
        ModelState::Occupied => "occupied",
        ModelState::Dummy => "dummy",
        ModelState::Missing => "missing",
    }
}
