//! A run that is still going: for tests that kill it, interrupt it, or watch it.

use super::{Finished, Sandbox};
use crate::support::patience::LIMIT;
use std::io::{Read, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

type Collected = Arc<Mutex<Vec<u8>>>;

/// What a run reads.
#[derive(Default)]
pub enum Input {
    #[default]
    Nothing,
    Bytes(Vec<u8>),
    From(Stdio),
}

/// A running gatedl. Dropping it kills it.
#[must_use]
pub struct Process {
    sandbox: Sandbox,
    child: Child,
    stdout: Collected,
    stderr: Collected,
    /// Says once for each of the two streams that it has ended.
    ended: Receiver<()>,
}

impl Process {
    /// # Panics
    /// When it cannot be started.
    pub(super) fn start(sandbox: Sandbox, mut command: Command, stdin: Input, stdout: Option<Stdio>) -> Self {
        command.stdout(stdout.unwrap_or_else(Stdio::piped)).stderr(Stdio::piped());
        let (from, input) = match stdin {
            Input::Nothing => (Stdio::null(), None),
            Input::Bytes(bytes) => (Stdio::piped(), Some(bytes)),
            Input::From(from) => (from, None),
        };
        let mut child = command.stdin(from).spawn().expect("gatedl starts");
        if let (Some(mut pipe), Some(input)) = (child.stdin.take(), input) {
            // In a thread, because the program may read late or never.
            thread::spawn(move || pipe.write_all(&input));
        }
        let (sender, ended) = channel();
        let stdout = collect(child.stdout.take(), sender.clone());
        let stderr = collect(child.stderr.take(), sender);
        Self { sandbox, child, stdout, stderr, ended }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn stdout(&self) -> String {
        text(&self.stdout)
    }

    /// What it has printed so far.
    pub fn stderr(&self) -> String {
        text(&self.stderr)
    }

    /// Whether it has ended by itself.
    ///
    /// # Panics
    /// When the system cannot tell.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child can be asked for").is_some()
    }

    /// SIGKILL: nothing of the program runs any more.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(mut self) -> Finished {
        self.child.kill().expect("a child can be killed");
        self.wait()
    }

    /// Ctrl-C.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        self.signal("-INT");
    }

    #[cfg(unix)]
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// SIGSTOP; it stands still when this returns.
    #[cfg(target_os = "linux")]
    pub fn stop(&self) {
        self.signal("-STOP");
        let stat = format!("/proc/{}/stat", self.id());
        let is_stopped = || std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T "));
        crate::support::until("the process stands still", is_stopped);
    }

    /// SIGCONT.
    #[cfg(target_os = "linux")]
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    // By the command, because a call would need unsafe code or a dependency.
    #[cfg(unix)]
    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "the process is gone");
    }

    /// Waits for the end, at most the time limit; then searches everything for leaked tokens.
    ///
    /// # Panics
    /// When it does not end in time (it is killed then), or when a token leaked.
    pub fn wait(mut self) -> Finished {
        let deadline = Instant::now() + LIMIT;
        for _ in 0..2 {
            let left = deadline.saturating_duration_since(Instant::now());
            if self.ended.recv_timeout(left).is_err() {
                self.child.kill().ok();
                panic!("gatedl did not end in time\nstdout: {}\nstderr: {}", self.stdout(), self.stderr());
            }
        }
        let status = self.child.wait().expect("a child can be waited for");
        let finished = Finished { status: code(status), stdout: self.stdout(), stderr: self.stderr() };
        self.sandbox.fail_on_leak(&finished.stdout, &finished.stderr);
        finished
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is the usual case.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>, ended: Sender<()>) -> Collected {
    let collected = Collected::default();
    let for_thread = Arc::clone(&collected);
    thread::spawn(move || {
        let mut pipe = pipe;
        let mut buffer = [0; 4096];
        while let Some(count) = pipe.as_mut().and_then(|pipe| pipe.read(&mut buffer).ok()).filter(|count| *count > 0) {
            let mut collected = for_thread.lock().unwrap_or_else(PoisonError::into_inner);
            collected.extend_from_slice(&buffer[..count]);
        }
        let _ = ended.send(());
    });
    collected
}

fn text(collected: &Collected) -> String {
    String::from_utf8_lossy(&collected.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

/// The exit code; for a process ended by a signal 128 plus its number, as shells say it.
fn code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return 128 + signal;
    }
    status.code().unwrap_or(-1)
}
