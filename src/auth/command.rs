//! `token_command`: a password manager that prints the token (`pass`, `op read`, `gh auth token`).
//!
//! The command gets no input and a time limit: a password manager that opens a prompt nobody sees would otherwise hang a
//! CI job for ever. Its standard error is the user's, its output is ours and never shown.

use std::io::{self, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::AuthError;

/// A person may have to find a phone or a key first.
const TIME_LIMIT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(5);

/// Runs the command and returns what it printed.
pub(super) fn output(command: &[String]) -> Result<String, AuthError> {
    output_within(command, TIME_LIMIT)
}

fn output_within(command: &[String], limit: Duration) -> Result<String, AuthError> {
    let [program, arguments @ ..] = command else { return Ok(String::new()) };
    let problem = |problem: String| AuthError::Command { program: program.clone(), problem };
    let deadline = Instant::now() + limit;
    let spawned = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| problem(format!("could not be started: {error}")))?;
    let mut printed = child.stdout.take();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        let read = printed.as_mut().map_or(Ok(0), |pipe| pipe.read_to_string(&mut text));
        // the receiver is gone only after the time limit, when nobody wants the text any more
        drop(sender.send(read.map(|_| text)));
    });
    // closing its output is not ending: a command may do the one and sleep on
    let text = receiver.recv_timeout(limit).ok();
    let status = if text.is_some() { wait_until(&mut child, deadline) } else { Ok(None) };
    let status = status.map_err(|error| problem(format!("could not be waited for: {error}")))?;
    let (Some(text), Some(status)) = (text, status) else {
        // it may have ended by itself this very moment; either way it is over
        drop(child.kill());
        drop(child.wait());
        return Err(problem(format!("did not answer within {} seconds", limit.as_secs())));
    };
    if !status.success() {
        return Err(problem(format!("failed ({status})")));
    }
    text.map_err(|error| problem(format!("printed something unreadable: {error}")))
}

/// The status of a child that ends in time.
fn wait_until(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        match child.try_wait()? {
            None if Instant::now() < deadline => thread::sleep(PAUSE),
            status => return Ok(status),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn run(command: &[&str]) -> Result<String, String> {
        output(&command.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_output_of_the_command_is_the_token() {
        assert_eq!(run(&["sh", "-c", "echo $0", "canary"]), Ok("canary\n".to_owned()));
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
        for script in ["exec sleep 600", "exec >&-; exec sleep 600"] {
            let command = ["sh", "-c", script].map(str::to_owned);
            let error = output_within(&command, Duration::from_millis(200)).unwrap_err().to_string();
            assert!(error.contains("`sh` did not answer within"), "{error}");
        }
    }
}
