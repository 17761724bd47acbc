//! The real binary in a world of its own: a fresh folder for everything, an empty environment, a hub on loopback.
//!
//! ```ignore
//! let sandbox = Sandbox::new(&hub);
//! sandbox
//!     .args(["pull", "org/model"])
//!     .env("HF_TOKEN", token_of("bob"))
//!     .stdout(str![["[ROOT]/cache/huggingface/hub/models--org--model/snapshots/…\n"]])
//!     .stderr(str![[…]])
//!     .run();
//! ```
//!
//! A run is compared exactly: status 0, nothing on stdout, nothing on stderr, unless the test says otherwise. After
//! every run all output and all files are searched for the tokens' canary.

#![allow(dead_code, reason = "a language is larger than the sentences said so far")]

mod leak;
mod process;
mod redaction;
mod run;

pub use process::Process;
pub use run::{Finished, Run};

use crate::support::{CivitAi, Hub};
use redaction::Redaction;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;

/// The folder a test runs in, and what is the same for all its runs. Cheap to clone; the folder goes with the last.
#[derive(Clone)]
#[must_use]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    root: TempDir,
    endpoints: Vec<(&'static str, String)>,
    redaction: Redaction,
    /// Files the test wrote: they may hold tokens.
    inputs: Mutex<BTreeSet<PathBuf>>,
}

impl Sandbox {
    pub fn new(hub: &Hub) -> Self {
        Self::build(Some(hub), None)
    }

    /// For what needs no hub: usage errors, help, broken configuration.
    pub fn without_hub() -> Self {
        Self::build(None, None)
    }

    /// A world with a CivitAI in it, and perhaps a hub beside it.
    pub fn with_civitai(civitai: &CivitAi, hub: Option<&Hub>) -> Self {
        Self::build(hub, Some(civitai))
    }

    fn build(hub: Option<&Hub>, civitai: Option<&CivitAi>) -> Self {
        let root = TempDir::with_prefix("gatedl-test-").expect("a temporary folder");
        for folder in ["home", "cache", "config", "data", "state", "run", "tmp", "desk"] {
            fs::create_dir(root.path().join(folder)).expect("a folder in a fresh folder");
        }
        let redaction = Redaction::new(root.path(), hub, civitai);
        let hub = hub.map(|hub| ("HF_ENDPOINT", hub.url()));
        let civitai = civitai.map(|civitai| ("CIVITAI_ENDPOINT", civitai.url()));
        let endpoints = hub.into_iter().chain(civitai).collect();
        Self(Arc::new(Inner { root, endpoints, redaction, inputs: Mutex::default() }))
    }

    pub fn root(&self) -> &Path {
        self.0.root.path()
    }

    /// Where `huggingface_hub` and gatedl keep models in this sandbox.
    pub fn cache(&self) -> PathBuf {
        self.path("cache/huggingface/hub")
    }

    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root().join(relative)
    }

    /// A run with the sandbox's environment and nothing else yet.
    pub fn command(&self) -> Run {
        Run::new(self.clone())
    }

    pub fn args<Argument: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = Argument>) -> Run {
        self.command().args(args)
    }

    pub fn env(&self, name: &str, value: impl AsRef<OsStr>) -> Run {
        self.command().env(name, value)
    }

    /// Writes an input file (parents included); it may hold a token.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap_or(self.root())).expect("a parent folder");
        fs::write(&path, content).expect("an input file");
        self.allow_token_in(relative);
        path
    }

    /// As [`write`](Self::write), for what only its owner may read: logins, configuration with a token in it.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write_private(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.write(relative, content);
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a mode of our own");
        path
    }

    /// A file in which the program is meant to keep a token.
    pub fn allow_token_in(&self, relative: &str) {
        let mut inputs = self.0.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        inputs.insert(self.path(relative));
    }

    /// # Panics
    /// When it cannot be read.
    pub fn read(&self, relative: impl AsRef<Path>) -> Vec<u8> {
        let path = self.path(relative);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Everything below a folder, sorted, a line each: files by name, links with their target, empty folders with a
    /// slash. Nothing when the folder does not exist.
    pub fn tree(&self, relative: impl AsRef<Path>) -> String {
        let base = self.path(relative);
        let mut lines = Vec::new();
        list(&base, &base, &mut lines);
        lines.sort();
        lines.concat()
    }

    pub fn redact(&self, text: &str) -> String {
        self.0.redaction.redact(text)
    }

    /// The runs' environment. Everything a program may ask for is inside the sandbox.
    fn environment(&self) -> Vec<(String, PathBuf)> {
        let mut environment: Vec<(String, PathBuf)> = [
            ("HOME", "home"),
            ("USERPROFILE", "home"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_RUNTIME_DIR", "run"),
            ("APPDATA", "config"),
            ("LOCALAPPDATA", "cache"),
            ("TMPDIR", "tmp"),
            ("TEMP", "tmp"),
            ("TMP", "tmp"),
        ]
        .map(|(name, folder)| (name.to_owned(), self.path(folder)))
        .to_vec();
        for name in ["PATH", "SystemRoot"] {
            #[allow(
                clippy::disallowed_methods,
                reason = "what no program can start without, from outside the sandbox"
            )]
            environment.extend(std::env::var_os(name).map(|value| (name.to_owned(), value.into())));
        }
        // Every https request ends here: a test that goes astray must fail, not call the real hub.
        environment.push(("HTTPS_PROXY".to_owned(), "http://127.0.0.1:9".into()));
        environment.extend(self.0.endpoints.iter().map(|(name, url)| ((*name).to_owned(), url.into())));
        environment
    }

    /// # Panics
    /// When a token is in the output or in a file that is no input of the test.
    fn fail_on_leak(&self, stdout: &str, stderr: &str) {
        let inputs = self.0.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        let leaks = leak::find(self.root(), &inputs, stdout, stderr);
        assert!(leaks.is_empty(), "a token was found in {}", leaks.join(", "));
    }
}

fn list(base: &Path, folder: &Path, lines: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.strip_prefix(base).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        if let Ok(target) = fs::read_link(&path) {
            lines.push(format!("{name} -> {}\n", target.to_string_lossy().replace('\\', "/")));
        } else if path.is_dir() {
            if fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_none()) {
                lines.push(format!("{name}/\n"));
            }
            list(base, &path, lines);
        } else {
            lines.push(format!("{name}\n"));
        }
    }
}
