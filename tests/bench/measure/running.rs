//! A command under its guard: started with a clean environment, ended in time, and gone when this is dropped.

use super::GUARD;
use crate::Problem;
use serde::Deserialize;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longer than the slowest honest run here; a client that hangs ends with it.
const LIMIT: Duration = Duration::from_secs(300);

/// How often the end is looked for. The guard takes the time, so this costs no accuracy.
const GLANCE: Duration = Duration::from_millis(10);

/// Set by Ctrl-C: whatever runs is ended, and the bench tidies up.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// A command to run, and where it puts what it downloads.
#[derive(Clone, Debug)]
#[must_use]
pub struct Task {
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    pub delivered: PathBuf,
}

impl Task {
    pub fn new(program: impl Into<OsString>, delivered: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), arguments: Vec::new(), environment: Vec::new(), delivered: delivered.into() }
    }

    pub fn args<Argument: AsRef<OsStr>>(&mut self, arguments: impl IntoIterator<Item = Argument>) -> &mut Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    pub fn env(&mut self, name: &str, value: impl AsRef<OsStr>) -> &mut Self {
        self.environment.push((name.into(), value.as_ref().to_owned()));
        self
    }
}

/// What a client used, its children included; memory is that of the largest process.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Usage {
    /// Seconds.
    pub wall: f64,
    /// Seconds of all processors.
    pub processor: f64,
    /// Bytes.
    pub peak: u64,
    /// `None` when a signal ended it, such as ours.
    status: Option<i32>,
}

pub struct Running {
    guard: Child,
    report: PathBuf,
    errors: PathBuf,
}

impl Running {
    /// Starts `task` in `folder`, which is also its home.
    pub fn start(task: &Task, folder: &Path) -> Result<Self, Problem> {
        let (report, errors) = (folder.join("usage.json"), folder.join("stderr.txt"));
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(GUARD).arg(&report).arg(&task.program).args(&task.arguments);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LANG", "C.UTF-8");
        command.env("HOME", folder).env("TMPDIR", folder).envs(task.environment.iter().cloned());
        command.current_dir(folder).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(fs::File::create(&errors)?);
        Ok(Self { guard: command.spawn()?, report, errors })
    }

    /// Until it ends by itself; an error when that is not well or not in time.
    pub fn wait(mut self) -> Result<Usage, Problem> {
        let deadline = Instant::now() + LIMIT;
        let usage = self.watch(|| Instant::now() > deadline)?;
        match usage.status {
            Some(0) => Ok(usage),
            Some(status) => Err(format!("exit status {status}: {}", self.errors()).into()),
            None if usage.wall >= LIMIT.as_secs_f64() => Err("killed: it did not come to an end".into()),
            None => Err(format!("ended by a signal: {}", self.errors()).into()),
        }
    }

    /// Kills it as soon as `is_time` says so; an error when it has ended before.
    pub fn kill_when(mut self, is_time: impl Fn() -> bool) -> Result<(), Problem> {
        match self.watch(is_time)?.status {
            None => Ok(()),
            Some(_) => Err(format!("it ended before it could be killed: {}", self.errors()).into()),
        }
    }

    /// Until it has ended, or was killed because `is_time`.
    fn watch(&mut self, is_time: impl Fn() -> bool) -> Result<Usage, Problem> {
        while self.guard.try_wait()?.is_none() {
            if INTERRUPTED.load(Ordering::Relaxed) {
                return Err("interrupted".into());
            }
            if is_time() {
                self.kill();
            }
            sleep(GLANCE);
        }
        let report = fs::read(&self.report).map_err(|_| format!("not started: {}", self.errors()))?;
        Ok(serde_json::from_slice(&report)?)
    }

    /// What it complained about last.
    pub fn errors(&self) -> String {
        let text = fs::read(&self.errors).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let last: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).rev().take(3).collect();
        last.into_iter().rev().collect::<Vec<_>>().join(" / ")
    }

    /// Lets go of the guard's input, at which it kills the client and reports.
    fn kill(&mut self) {
        drop(self.guard.stdin.take());
        self.guard.wait().ok();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
