//! Killed in the middle and run again: what the second run fetches, by the server's count.
//!
//! The server gives each connection 25 MB/s, which clients here keep up with. So what it has sent has been received,
//! but for little, and what is sent twice was lost by the client and not in the buffers between.

use crate::Problem;
use crate::bench::{Bench, Data};
use crate::clients::{MEMORY, pull};
use crate::files::MEGABYTE;
use crate::measure::{Outcome, Running, Sample, float};
use crate::report::{Bar, Section};
use crate::serve::Traffic;
use crate::stage::{Conditions, Stage};
use std::thread::sleep;
use std::time::Duration;

const RATE: u64 = 25 * MEGABYTE;

/// What a kill may cost, a connection.
const LOSS: u64 = 4 << 20;

/// What is on its way to a client that is gone is still counted for a moment.
const LAST_BYTES: Duration = Duration::from_millis(300);

/// One kill and the run after it.
struct Resumed {
    second: Sample,
    /// Sent before the kill and again after it.
    lost: u64,
    /// At once before the kill.
    connections: u64,
}

pub fn run(bench: &Bench) -> Result<Section, Problem> {
    let conditions = Conditions { rate: Some(RATE), ..Conditions::default() };
    let stage = Stage::set(bench, &bench.repository(Data::Shards)?, conditions)?;
    let mut all = Vec::new();
    for run in 0..bench.runs() {
        let resumed = kill_and_resume(bench, &stage)?;
        let Resumed { second, lost, connections } = &resumed;
        let fetched = second.content.bytes / MEGABYTE;
        eprintln!("  run {}: second run {fetched} MB, {lost} bytes lost on {connections} connections", run + 1);
        all.push(resumed);
    }
    let total = float(stage.repository.size());
    all.sort_by_key(|resumed| resumed.lost);
    let Some(worst) = all.last() else {
        return Err("no runs".into());
    };
    let note = format!(
        "killed after {:.1} MB; the second run fetched {:.1} MB; {:.1} MB sent twice, on {} connections",
        (total - float(worst.second.content.bytes) + float(worst.lost)) / float(MEGABYTE),
        float(worst.second.content.bytes) / float(MEGABYTE),
        float(worst.lost) / float(MEGABYTE),
        worst.connections,
    );
    let allowed = float(worst.connections.max(1) * LOSS) / float(MEGABYTE);
    let lost = Some(float(worst.lost) / float(MEGABYTE));
    let bar = Bar::at_most("gatedl: MB fetched beyond the missing half", lost, allowed);
    let outcome = Outcome {
        label: "gatedl, second run".to_owned(),
        samples: all.iter().map(|resumed| resumed.second).collect(),
        failure: None,
        memory_bar: Some(MEMORY),
    };
    Ok(Section::new(vec![outcome], vec![bar]).note(note))
}

fn kill_and_resume(bench: &Bench, stage: &Stage<'_>) -> Result<Resumed, Problem> {
    let folder = bench.place().fresh("run")?;
    let task = pull(stage, &folder.join("home"), None);
    let half = stage.repository.size() / 2;
    let traffic = || (stage.hub_traffic(), stage.content_traffic());
    let begin = traffic();
    stage.take_most_connections();
    let sent = |since: Traffic| stage.content_traffic().since(since).bytes;
    Running::start(&task, &folder)?.kill_when(|| sent(begin.1) >= half)?;
    sleep(LAST_BYTES);
    let connections = stage.take_most_connections();
    let middle = traffic();
    let usage = Running::start(&task, &folder)?.wait()?;
    let end = traffic();
    stage.repository.check(&task.delivered, true)?;
    std::fs::remove_dir_all(&folder)?;
    let second = Sample { usage, hub: end.0.since(middle.0), content: end.1.since(middle.1) };
    let lost = end.1.since(begin.1).bytes.saturating_sub(stage.repository.size());
    Ok(Resumed { second, lost, connections })
}
