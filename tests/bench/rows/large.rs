//! Large files from a server that is as fast as this machine: what a download costs when nothing else is slow.

use super::{at_most, times_faster};
use crate::Problem;
use crate::bench::{Bench, Data};
use crate::clients::{aria2c, curl_then_openssl, gatedl, hf};
use crate::measure::race;
use crate::report::Section;
use crate::stage::{Conditions, Stage};

pub fn shards(bench: &Bench) -> Result<Section, Problem> {
    let stage = Stage::set(bench, &bench.repository(Data::Shards)?, Conditions::default())?;
    let peers = bench.peers();
    let contenders =
        [gatedl(peers, &stage, None), curl_then_openssl(peers, &stage), aria2c(peers, &stage), hf(peers, &stage)];
    let outcomes = race(bench, &stage, &contenders)?;
    let bars = vec![at_most(&outcomes[0], 1.0, &outcomes[1]), times_faster(&outcomes[0], 2.5, &outcomes[3])];
    Ok(Section::new(outcomes, bars).note(format!("served by {}", stage.server())))
}

pub fn shards_over_tls(bench: &Bench) -> Result<Section, Problem> {
    if bench.peers().nginx.is_none() || bench.peers().openssl.is_none() {
        return Ok(Section::skipped("needs nginx and openssl"));
    }
    let conditions = Conditions { tls: true, ..Conditions::default() };
    let stage = Stage::set(bench, &bench.repository(Data::Shards)?, conditions)?;
    let contenders = [gatedl(bench.peers(), &stage, None), curl_then_openssl(bench.peers(), &stage)];
    let outcomes = race(bench, &stage, &contenders)?;
    let bars = vec![at_most(&outcomes[0], 1.0, &outcomes[1])];
    Ok(Section::new(outcomes, bars).note("served by nginx, hub and files with TLS"))
}

pub fn single(bench: &Bench) -> Result<Section, Problem> {
    let stage = Stage::set(bench, &bench.repository(Data::Single)?, Conditions::default())?;
    let contenders = [gatedl(bench.peers(), &stage, None), curl_then_openssl(bench.peers(), &stage)];
    let outcomes = race(bench, &stage, &contenders)?;
    let bars = vec![at_most(&outcomes[0], 0.9, &outcomes[1])];
    Ok(Section::new(outcomes, bars).note(format!("served by {}", stage.server())))
}
