//! A server that gives each connection 8 MB/s, as distant ones do: only many connections help, and each must be used.

use super::at_most;
use crate::Problem;
use crate::bench::{Bench, Data};
use crate::clients::{aria2c, curl_then_openssl, gatedl, hf};
use crate::files::MEGABYTE;
use crate::measure::{Outcome, float, race};
use crate::report::{Bar, Section};
use crate::serve::link::Binding;
use crate::serve::probe::speeds;
use crate::stage::{Conditions, Stage};

const RATE: u64 = 8 * MEGABYTE;

pub fn free(bench: &Bench) -> Result<Section, Problem> {
    let conditions = Conditions { rate: Some(RATE), ..Conditions::default() };
    let stage = Stage::set(bench, &bench.repository(Data::Pair)?, conditions)?;
    let peers = bench.peers();
    let contenders = [
        gatedl(peers, &stage, Some(16)),
        gatedl(peers, &stage, Some(64)),
        aria2c(peers, &stage),
        curl_then_openssl(peers, &stage),
        hf(peers, &stage),
    ];
    let note = check(&stage, 64)?;
    let outcomes = race(bench, &stage, &contenders)?;
    let bars = vec![against_rate(&outcomes[0], 16, &stage), at_most(&outcomes[1], 1.1, &outcomes[2])];
    Ok(Section::new(outcomes, bars).note(note))
}

pub fn bound(bench: &Bench) -> Result<Section, Problem> {
    let repository = bench.repository(Data::Pair)?;
    let conditions = Conditions { rate: Some(RATE), binding: Binding::ToRange, ..Conditions::default() };
    let stage = Stage::set(bench, &repository, conditions)?;
    // aria2c is handed one link a file, which a bound one cannot be: it gets free ones.
    let free = Stage::set(bench, &repository, Conditions { binding: Binding::Free, ..conditions })?;
    let peers = bench.peers();
    let contenders = [gatedl(peers, &stage, Some(16)), gatedl(peers, &stage, Some(32))];
    let note = check(&stage, 32)?;
    let mut outcomes = race(bench, &stage, &contenders)?;
    outcomes.extend(race(bench, &free, &[aria2c(peers, &free)])?);
    outcomes[2].label += ", free links";
    let mut bars = vec![against_rate(&outcomes[0], 16, &stage), at_most(&outcomes[1], 1.1, &outcomes[2])];
    bars.extend(outcomes[..2].iter().map(|outcome| resolves(outcome, &stage)));
    Ok(Section::new(outcomes, bars).note(note))
}

/// Wall ÷ the time the bytes take on so many connections.
fn against_rate(outcome: &Outcome, connections: u64, stage: &Stage<'_>) -> Bar {
    let shortest = float(stage.repository.size()) / float(connections * RATE);
    let ratio = outcome.wall().map(|wall| wall / shortest);
    Bar::at_most(format!("{} ÷ {shortest:.2} s ({connections} × 8 MB/s)", outcome.label), ratio, 1.2)
}

/// The hub's quota is dear: at most 16 + size / 64 MB requests for links a file.
fn resolves(outcome: &Outcome, stage: &Stage<'_>) -> Bar {
    let files = float(stage.repository.files.len() as u64);
    let allowed = 16.0 + float(stage.repository.size()) / files / float(64 * MEGABYTE);
    let asked = outcome.median(|sample| float(sample.hub.resolves) / files);
    Bar::at_most(format!("{}: links asked for, a file", outcome.label), asked, allowed)
}

/// What the server really gives each of so many connections at once.
fn check(stage: &Stage<'_>, connections: usize) -> Result<String, Problem> {
    let (slowest, fastest) = speeds(connections, RATE / 2, |range| stage.link_for(range))?;
    let [slowest, fastest] = [slowest, fastest].map(|speed| speed / float(MEGABYTE));
    Ok(format!("{}: {connections} connections at once got {slowest:.2} to {fastest:.2} MB/s each", stage.server()))
}
