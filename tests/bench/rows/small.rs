//! Many small files, where requests are the work and not bytes, and the pull that finds everything here.

use super::{at_most, times_faster};
use crate::Problem;
use crate::bench::{Bench, Data};
use crate::clients::{Addresses, MEMORY, curl, download, gatedl, hf, pull};
use crate::measure::{Contender, Outcome, Running, Task, float, race};
use crate::report::{Bar, Section};
use crate::stage::{Conditions, Stage};
use std::fs;
use std::time::Duration;

pub fn near(bench: &Bench) -> Result<Section, Problem> {
    let outcomes = compare(bench, Duration::ZERO)?;
    let bars = vec![times_faster(&outcomes[0], 12.0, &outcomes[3]), at_most(&outcomes[0], 1.3, &outcomes[1])];
    Ok(Section::new(outcomes, bars)
        .note("in git, of a public repository: the hub redirects each to its own cache, which makes 2 requests a file")
        .note("curl with final URLs is spared the first of them"))
}

pub fn distant(bench: &Bench) -> Result<Section, Problem> {
    let outcomes = compare(bench, Duration::from_millis(50))?;
    let bars = vec![times_faster(&outcomes[0], 8.0, &outcomes[3])];
    Ok(Section::new(outcomes, bars))
}

fn compare(bench: &Bench, delay: Duration) -> Result<Vec<Outcome>, Problem> {
    let conditions = Conditions { delay, ..Conditions::default() };
    let stage = Stage::set(bench, &bench.repository(Data::Small)?, conditions)?;
    let peers = bench.peers();
    let contenders = [
        gatedl(peers, &stage, None),
        curl(peers, &stage, Addresses::Final),
        curl(peers, &stage, Addresses::Resolve),
        hf(peers, &stage),
    ];
    race(bench, &stage, &contenders)
}

pub fn noop(bench: &Bench) -> Result<Section, Problem> {
    let stage = Stage::set(bench, &bench.repository(Data::Small)?, Conditions::default())?;
    let warm = bench.place().fresh("noop")?;
    let (ours, theirs) = (warm.join("gatedl"), warm.join("hf"));
    first_pull(bench, &pull(&stage, &ours, None))?;
    let peers = bench.peers();
    if peers.hf.is_some() {
        first_pull(bench, &download(peers, &stage, &theirs)?)?;
    }
    let contenders = [
        Contender::ours("gatedl", MEMORY, |_| Ok(pull(&stage, &ours, None))),
        Contender::peer("hf download", peers.hf.is_some(), |_| download(peers, &stage, &theirs)),
    ];
    let outcomes = race(bench, &stage, &contenders)?;
    let requests = outcomes[0].median(|sample| float(sample.hub.requests + sample.content.requests));
    let bars = vec![Bar::at_most("gatedl: requests", requests, 1.0), times_faster(&outcomes[0], 20.0, &outcomes[1])];
    fs::remove_dir_all(warm)?;
    Ok(Section::new(outcomes, bars).note("hf-hub's snapshot_download, the other bar, is a library: not run here"))
}

/// Fills the cache that the row then finds.
fn first_pull(bench: &Bench, task: &Task) -> Result<(), Problem> {
    let folder = bench.place().fresh("run")?;
    Running::start(task, &folder)?.wait()?;
    Ok(())
}
