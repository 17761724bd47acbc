//! One run of gatedl as a sentence: arguments, environment, and what must come of it.

use super::process::Input;
use super::{Process, Sandbox};
use crate::support::CANARY;
use snapbox::{Assert, Data, IntoData as _};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What a run said and how it ended. The texts are as printed, not redacted.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The exit code, or 128 plus the number of the signal.
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// # Panics
    /// When stdout is not one JSON document.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {:?}", self.stdout))
    }
}

/// Nothing happens until [`run`](Self::run) or [`spawn`](Self::spawn).
#[must_use]
pub struct Run {
    sandbox: Sandbox,
    args: Vec<OsString>,
    environment: BTreeMap<String, Option<OsString>>,
    folder: PathBuf,
    stdin: Input,
    #[cfg(target_os = "linux")]
    on_terminal: bool,
    #[cfg(unix)]
    after: Option<&'static str>,
    /// A line for the shell instead of arguments.
    #[cfg(unix)]
    line: Option<String>,
    /// `None`: anything goes.
    stdout: Option<Data>,
    stderr: Option<Data>,
    status: i32,
    stdout_to: Option<Stdio>,
}

impl Run {
    pub(super) fn new(sandbox: Sandbox) -> Self {
        let folder = sandbox.path("desk");
        Self {
            sandbox,
            args: Vec::new(),
            environment: BTreeMap::new(),
            folder,
            stdin: Input::Nothing,
            #[cfg(target_os = "linux")]
            on_terminal: false,
            #[cfg(unix)]
            after: None,
            #[cfg(unix)]
            line: None,
            stdout: Some("".into_data()),
            stderr: Some("".into_data()),
            status: 0,
            stdout_to: None,
        }
    }

    /// # Panics
    /// When an argument holds a token: there is no such way to give one, and process lists are public.
    pub fn args<Argument: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = Argument>) -> Self {
        for arg in args {
            let arg = arg.as_ref().to_owned();
            assert!(!arg.to_string_lossy().contains(CANARY), "a token on the command line");
            self.args.push(arg);
        }
        self
    }

    /// A link from the clipboard, which may hold a token.
    pub fn pasted(mut self, link: &str) -> Self {
        self.args.push(link.into());
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.insert(name.to_owned(), Some(value.as_ref().to_owned()));
        self
    }

    /// Takes away what the sandbox sets, such as `HF_ENDPOINT`.
    pub fn without_env(mut self, name: &str) -> Self {
        self.environment.insert(name.to_owned(), None);
        self
    }

    /// The working folder, below the sandbox.
    pub fn in_folder(mut self, relative: &str) -> Self {
        self.folder = self.sandbox.path(relative);
        self
    }

    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.stdin = Input::Bytes(input.into());
        self
    }

    /// At a terminal of its own, whose other end the test holds.
    #[cfg(target_os = "linux")]
    pub fn at_terminal(mut self, terminal: impl Into<Stdio>) -> Self {
        self.stdin = Input::From(terminal.into());
        self.on_terminal = true;
        self
    }

    /// A line as it is pasted into a shell, in which `gatedl` is the program.
    #[cfg(unix)]
    pub fn line(mut self, line: impl Into<String>) -> Self {
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_gatedl"));
        let folder = program.parent().expect("a program is in a folder").display();
        self.line = Some(line.into());
        self.env("PATH", format!("{folder}:/usr/bin:/bin"))
    }

    /// In a process that a shell has prepared: `umask 007`, `ulimit -n 64`.
    #[cfg(unix)]
    pub fn after(mut self, command: &'static str) -> Self {
        self.after = Some(command);
        self
    }

    pub fn stdout(mut self, expected: impl snapbox::IntoData) -> Self {
        self.stdout = Some(expected.into_data());
        self
    }

    pub fn stderr(mut self, expected: impl snapbox::IntoData) -> Self {
        self.stderr = Some(expected.into_data());
        self
    }

    /// Sends stdout elsewhere: a pipe that nobody reads, a full disk.
    pub fn stdout_to(mut self, target: impl Into<Stdio>) -> Self {
        self.stdout_to = Some(target.into());
        self
    }

    /// For the few tests that look at the text themselves or are about something else.
    pub fn any_stdout(mut self) -> Self {
        self.stdout = None;
        self
    }

    pub fn any_stderr(mut self) -> Self {
        self.stderr = None;
        self
    }

    pub fn status(mut self, status: i32) -> Self {
        self.status = status;
        self
    }

    /// Runs to the end and compares status and both streams, all three before it fails.
    ///
    /// # Panics
    /// When anything differs, the time limit passes, or a token leaked.
    #[track_caller]
    pub fn run(mut self) -> Finished {
        let (command, stdout) = (self.build(), self.stdout_to.take());
        let finished = Process::start(self.sandbox.clone(), command, std::mem::take(&mut self.stdin), stdout).wait();
        let mut complaints = String::new();
        if finished.status != self.status {
            complaints = format!("expected exit status {}, got {}\n", self.status, finished.status);
        }
        complaints += &self.compare("stdout", &finished.stdout, self.stdout.as_ref());
        complaints += &self.compare("stderr", &finished.stderr, self.stderr.as_ref());
        assert!(
            complaints.is_empty(),
            "gatedl {}\n{complaints}\nstdout:\n{}\nstderr:\n{}",
            format!("{:?}", self.args).replace(CANARY, "[TOKEN]"),
            self.sandbox.redact(&finished.stdout),
            self.sandbox.redact(&finished.stderr),
        );
        finished
    }

    /// Starts it and returns at once; expectations are up to the test then.
    pub fn spawn(self) -> Process {
        let command = self.build();
        Process::start(self.sandbox, command, self.stdin, self.stdout_to)
    }

    fn build(&self) -> Command {
        let mut command = self.program();
        command.args(&self.args).current_dir(&self.folder).env_clear().envs(self.sandbox.environment());
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    fn program(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_gatedl");
        // By a shell, because a call before exec would need unsafe code.
        #[cfg(unix)]
        if let Some(line) = &self.line {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", line]);
            return shell;
        }
        #[cfg(unix)]
        if let Some(prepare) = self.after {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", "eval \"$0\" && exec \"$@\"", prepare, program]);
            return shell;
        }
        #[cfg(target_os = "linux")]
        if self.on_terminal {
            let mut session = Command::new("setsid");
            session.args(["--ctty", program]);
            return session;
        }
        Command::new(program)
    }

    /// Empty when they agree. With `SNAPSHOTS=overwrite` a differing snapshot is rewritten in the test's source.
    fn compare(&self, name: &str, actual: &str, expected: Option<&Data>) -> String {
        let Some(expected) = expected else {
            return String::new();
        };
        let actual = self.sandbox.redact(actual).into_data();
        let assert = Assert::new().action_env("SNAPSHOTS");
        match assert.try_eq(Some(&name), actual, expected.clone()) {
            Ok(()) => String::new(),
            Err(difference) => format!("{difference}\n"),
        }
    }
}
