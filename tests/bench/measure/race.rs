//! Contenders in turns: A B C, A B C, … so that whatever else the machine does hits them alike.

use super::{Outcome, Running, Sample, Task};
use crate::Problem;
use crate::bench::Bench;
use crate::stage::Stage;
use std::path::Path;
use std::sync::atomic::Ordering;

type MakeTask<'row> = Box<dyn Fn(&Path) -> Result<Task, Problem> + 'row>;

/// A client in a row.
pub struct Contender<'row> {
    label: String,
    is_installed: bool,
    /// The command for a run in a fresh folder.
    task: MakeTask<'row>,
    memory_bar: Option<u64>,
    /// Its files are compared byte for byte after the first run; those of others are only measured.
    is_ours: bool,
}

impl<'row> Contender<'row> {
    pub fn ours(
        label: impl Into<String>,
        memory_bar: u64,
        task: impl Fn(&Path) -> Result<Task, Problem> + 'row,
    ) -> Self {
        let label = label.into();
        Self { label, is_installed: true, task: Box::new(task), memory_bar: Some(memory_bar), is_ours: true }
    }

    pub fn peer(label: &str, is_installed: bool, task: impl Fn(&Path) -> Result<Task, Problem> + 'row) -> Self {
        Self { label: label.to_owned(), is_installed, task: Box::new(task), memory_bar: None, is_ours: false }
    }
}

/// Lets each contender run as often as the bench was asked for.
pub fn race(bench: &Bench, stage: &Stage<'_>, contenders: &[Contender<'_>]) -> Result<Vec<Outcome>, Problem> {
    let begin = |contender: &Contender<'_>| Outcome {
        label: contender.label.clone(),
        samples: Vec::new(),
        failure: (!contender.is_installed).then(|| "not installed".to_owned()),
        memory_bar: contender.memory_bar,
    };
    let mut outcomes: Vec<Outcome> = contenders.iter().map(begin).collect();
    for run in 0..bench.runs() {
        for (contender, outcome) in contenders.iter().zip(&mut outcomes) {
            if outcome.failure.is_some() {
                continue;
            }
            match once(bench, stage, &contender.task, contender.is_ours && run == 0) {
                Ok(sample) => {
                    eprintln!("  run {}: {:<38} {:8.3} s", run + 1, contender.label, sample.usage.wall);
                    outcome.samples.push(sample);
                }
                Err(problem) => {
                    eprintln!("  run {}: {:<38} {problem}", run + 1, contender.label);
                    outcome.failure = Some(problem.to_string());
                }
            }
            if super::INTERRUPTED.load(Ordering::Relaxed) {
                return Err("interrupted".into());
            }
        }
    }
    Ok(outcomes)
}

fn once(
    bench: &Bench,
    stage: &Stage<'_>,
    task: &dyn Fn(&Path) -> Result<Task, Problem>,
    thoroughly: bool,
) -> Result<Sample, Problem> {
    let folder = bench.place().fresh("run")?;
    let task = task(&folder)?;
    let before = (stage.hub_traffic(), stage.content_traffic());
    let usage = Running::start(&task, &folder)?.wait()?;
    let sample =
        Sample { usage, hub: stage.hub_traffic().since(before.0), content: stage.content_traffic().since(before.1) };
    stage.repository.check(&task.delivered, thoroughly)?;
    // Its room is needed by the next one.
    std::fs::remove_dir_all(&folder)?;
    Ok(sample)
}
