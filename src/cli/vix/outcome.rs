//! What became of each model, in words.

use crate::cli::arrival::{cost, word as arrival_word};
use crate::cli::diagnose;
use crate::cli::size;
use crate::cli::terminal::Terminal;
use crate::error::ExitStatus;
use crate::ops::vix::{ModelArrival, ModelOutcome, Placed};

/// The status of one model.
pub(super) fn status(outcome: &ModelOutcome) -> ExitStatus {
    outcome.result.as_ref().map_or_else(crate::error::Error::status, |_| ExitStatus::Done)
}

/// Standard output: where the models are, one a line.
pub(super) fn paths(outcomes: &[ModelOutcome]) -> String {
    let placed = outcomes.iter().filter_map(|outcome| outcome.result.as_ref().ok());
    placed.map(|placed| placed.path.display().to_string()).collect::<Vec<_>>().join("\n")
}

/// Standard error: each failure in full, then a line for each model, then how many there are of which kind.
pub(super) fn tell(outcomes: &[ModelOutcome], terminal: &Terminal) {
    for outcome in outcomes {
        if let Err(error) = &outcome.result {
            // what a loader asks for is in its own error
            let subject = outcome.model.as_ref().map_or("", |model| model.name.as_str());
            Terminal::say(&diagnose::text_about(subject, error, terminal));
        }
    }
    if !terminal.summary {
        return;
    }
    let width = outcomes.iter().map(|outcome| outcome.name.chars().count()).max().unwrap_or_default();
    for outcome in outcomes {
        let (word, size) = (word(outcome), outcome.model.as_ref().map(|model| size::bytes(model.size)));
        let way = match &outcome.result {
            Ok(Placed { way: ModelArrival::Brought(arrival), .. }) => format!("  {}", arrival_word(*arrival)),
            _ => String::new(),
        };
        Terminal::say(format!("{word:>8}  {:width$}  {:>10}{way}", outcome.name, size.unwrap_or_default()).trim_end());
    }
    Terminal::say(&summary(outcomes));
}

fn summary(outcomes: &[ModelOutcome]) -> String {
    let count = |wanted: &str| outcomes.iter().filter(|outcome| word(outcome) == wanted).count();
    let kinds = ["present", "adopted", "placed", "fetched", "unpacked", "to fetch", "failed"];
    let counts: Vec<String> = kinds
        .iter()
        .map(|kind| (count(kind), kind))
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| format!("{count} {kind}"))
        .collect();
    let bytes = |of: fn(&Placed) -> u64| -> u64 { outcomes.iter().flat_map(|outcome| &outcome.result).map(of).sum() };
    let (fetched, planned) = (bytes(bytes_fetched), bytes(bytes_planned));
    let rest = match (fetched, planned) {
        (0, 0) => String::new(),
        (0, planned) => format!("; {} to fetch", size::bytes(planned)),
        (fetched, _) => format!("; {} over the network", size::bytes(fetched)),
    };
    let moved = |placed: &&Placed| {
        matches!(placed.way, ModelArrival::Brought(_) | ModelArrival::Unpacked | ModelArrival::Planned)
    };
    let moved: Vec<&Placed> =
        outcomes.iter().filter_map(|outcome| outcome.result.as_ref().ok()).filter(moved).collect();
    let cost = cost(moved.iter().map(|placed| placed.bytes_copied).sum());
    let rest = if moved.is_empty() { rest } else { format!("{rest}; {cost}") };
    let models = if outcomes.len() == 1 { "1 model".to_owned() } else { format!("{} models", outcomes.len()) };
    format!("{models}: {}{rest}", if counts.is_empty() { "nothing to do".to_owned() } else { counts.join(", ") })
}

fn word(outcome: &ModelOutcome) -> &'static str {
    match &outcome.result {
        Ok(Placed { way: ModelArrival::Planned, .. }) => "to fetch",
        Ok(placed) => state(placed),
        Err(_) => "failed",
    }
}

pub(super) const fn state(placed: &Placed) -> &'static str {
    match placed.way {
        ModelArrival::Present => "present",
        ModelArrival::Adopted => "adopted",
        ModelArrival::Brought(_) if placed.bytes_fetched > 0 => "fetched",
        ModelArrival::Brought(_) => "placed",
        ModelArrival::Unpacked => "unpacked",
        ModelArrival::Planned => "planned",
    }
}

pub(super) const fn bytes_fetched(placed: &Placed) -> u64 {
    if matches!(placed.way, ModelArrival::Planned) { 0 } else { placed.bytes_fetched }
}

pub(super) const fn bytes_planned(placed: &Placed) -> u64 {
    if matches!(placed.way, ModelArrival::Planned) { placed.bytes_fetched } else { 0 }
}
