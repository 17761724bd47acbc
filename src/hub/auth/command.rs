//! `token_command`: a password manager that prints the token (`pass`, `op read`, `gh auth token`).
//!
//! The command gets no input. Its time and its output are bounded: a password manager that opens a prompt nobody sees would
//! otherwise hang a CI job for ever, and one that prints without end would fill the memory. Its standard error is the
//! user's, its output is ours and never shown. What it leaves running once it has answered is left alone (an agent that
//! keeps the passphrase for the next time); what does not answer ends with everything that it started.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::{AuthError, Cancellation};
use crate::system::process::ProcessGroup;

/// A person may have to find a phone or a key first.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// The most that is read, in bytes: a token, and what a password manager keeps below it.
const LARGEST: usize = 64 << 10;
const PAUSE: Duration = Duration::from_millis(5);
/// How long a command that was asked to end may take: it gives the terminal back its echo.
const GRACE: Duration = Duration::from_millis(200);

/// Runs the command and returns what it printed.
pub(super) fn output(command: &[String], cancellation: &Cancellation) -> Result<Vec<u8>, AuthError> {
    output_within(command, TIME_LIMIT, cancellation)
}

fn output_within(command: &[String], limit: Duration, cancellation: &Cancellation) -> Result<Vec<u8>, AuthError> {
    let [program, arguments @ ..] = command else { return Ok(Vec::new()) };
    let problem = |problem: String| AuthError::Command { program: program.clone(), problem };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    let running =
        RunningCommand::start(&mut command).map_err(|error| problem(format!("could not be started: {error}")))?;
    running.answer(Instant::now() + limit, cancellation).map_err(|failed| match failed {
        Failed::Late => problem(format!("did not answer within {} seconds", limit.as_secs())),
        Failed::Cancelled => problem("was stopped".to_owned()),
        Failed::Long => problem(format!("printed more than {} KiB", LARGEST >> 10)),
        Failed::Status(status) => problem(format!("failed ({status})")),
        Failed::Lost(error) => problem(format!("could not be waited for: {error}")),
    })
}

/// Why there is no answer.
enum Failed {
    Late,
    Cancelled,
    Long,
    Status(std::process::ExitStatus),
    Lost(std::io::Error),
}

/// A command under way. It does not outlive this without having answered.
struct RunningCommand {
    child: Child,
    printed: Receiver<Vec<u8>>,
    group: ProcessGroup,
    has_ended: bool,
}

impl RunningCommand {
    fn start(command: &mut Command) -> std::io::Result<Self> {
        let group = ProcessGroup::of(command);
        let mut child = command.spawn()?;
        let mut pipe = child.stdout.take();
        let (sender, printed) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = vec![0; 4096];
            let mut total = 0;
            while let Some(count) =
                pipe.as_mut().and_then(|pipe| pipe.read(&mut buffer).ok()).filter(|count| *count > 0)
            {
                total += count;
                if sender.send(buffer[..count].to_vec()).is_err() || total > LARGEST {
                    break;
                }
            }
        });
        Ok(Self { child, printed, group, has_ended: false })
    }

    /// What the command prints until it ends. Where another process keeps the output open, reading stops after the first
    /// line.
    fn answer(mut self, deadline: Instant, cancellation: &Cancellation) -> Result<Vec<u8>, Failed> {
        let mut text = Vec::new();
        let mut is_closed = false;
        loop {
            match self.printed.recv_timeout(PAUSE) {
                Ok(more) => text.extend(more),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    is_closed = true;
                    thread::sleep(PAUSE);
                }
            }
            let ended = self.child.try_wait().map_err(Failed::Lost)?;
            // it may have ended because nobody reads on
            text.extend(self.printed.try_iter().flatten());
            if text.len() > LARGEST {
                return Err(Failed::Long);
            }
            // it may have ended with its last words still on their way
            if let Some(status) = ended.filter(|_| is_closed || text.contains(&b'\n')) {
                self.has_ended = true;
                return if status.success() { Ok(text) } else { Err(Failed::Status(status)) };
            }
            if cancellation.is_cancelled() {
                return Err(Failed::Cancelled);
            }
            if Instant::now() >= deadline {
                return Err(Failed::Late);
            }
        }
    }

    /// Asks it to end, and then makes it.
    fn end(&mut self) {
        self.group.ask_to_end(&self.child);
        let patience = Instant::now() + GRACE;
        while Instant::now() < patience && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(PAUSE);
        }
        self.group.kill(&mut self.child);
        let _ = self.child.wait();
    }
}

impl Drop for RunningCommand {
    fn drop(&mut self) {
        if !self.has_ended {
            self.end();
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn run(command: &[&str]) -> Result<Vec<u8>, String> {
        let command: Vec<String> = command.iter().map(|part| (*part).to_owned()).collect();
        output(&command, &Cancellation::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_output_of_the_command_is_the_token() {
        assert_eq!(run(&["sh", "-c", "echo $0", "canary"]), Ok(b"canary\n".to_vec()));
        assert_eq!(run(&["printf", "canary"]), Ok(b"canary".to_vec()));
    }

    #[test]
    fn a_command_that_fails_is_named_without_its_arguments() {
        for command in [&["sh", "-c", "exit 3", "canary"][..], &["/no/such/program", "canary"]] {
            let error = run(command).unwrap_err();
            assert!(error.contains(command[0]) && !error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn a_command_that_does_not_end_is_given_up() {
        for script in ["exec sleep 600", "exec >&-; exec sleep 600", "echo canary; exec sleep 600"] {
            let command = ["sh", "-c", script].map(str::to_owned);
            let given_up = output_within(&command, Duration::from_millis(200), &Cancellation::default());
            let error = given_up.unwrap_err().to_string();
            assert!(error.contains("`sh` did not answer within"), "{error}");
        }
    }

    #[test]
    fn an_agent_that_it_leaves_behind_does_not_hold_up_the_answer() {
        let printed = run(&["sh", "-c", "sleep 600 & echo $!"]).expect("an answer before the agent ends");
        let agent = String::from_utf8_lossy(&printed).trim().parse().expect("the number of a process");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(agent), nix::sys::signal::SIGKILL).expect("it still runs");
    }

    #[test]
    fn an_output_without_end_is_cut() {
        let error = run(&["yes", "canary"]).unwrap_err();
        assert_eq!(error, "the token command `yes` printed more than 64 KiB");
    }

    #[test]
    fn a_command_that_nobody_waits_for_any_more_is_stopped() {
        let cancellation = Cancellation::default();
        drop(cancellation.on_drop());
        let command = ["sleep", "600"].map(str::to_owned);
        let error = output(&command, &cancellation).unwrap_err().to_string();
        assert_eq!(error, "the token command `sleep` was stopped");
    }
}
