//! Where the bench ran and whom it found: a time means nothing without them.

use std::ffi::OsString;
use std::fs;
use std::process::{Command, Stdio};

/// The versions of the peers found; `None` is a peer that is missing.
#[derive(Debug)]
pub struct Peers {
    pub gatedl: Gatedl,
    pub curl: Option<String>,
    pub openssl: Option<String>,
    pub aria2c: Option<String>,
    pub hf: Option<Hf>,
    pub nginx: Option<String>,
}

#[derive(Debug)]
pub struct Gatedl {
    pub version: String,
    /// Whether `--connections` exists.
    pub has_connections: bool,
}

#[derive(Debug)]
pub struct Hf {
    pub program: OsString,
    pub version: String,
}

pub const GATEDL: &str = env!("CARGO_BIN_EXE_gatedl");

impl Peers {
    pub fn find() -> Self {
        let first_line = |text: String| text.lines().next().map(str::trim).unwrap_or_default().to_owned();
        let ask = |program: &str, word: &str| said(program.into(), &[word]).map(first_line);
        let help = said(GATEDL.into(), &["pull", "--help"]).unwrap_or_default();
        let program = std::env::var_os("BENCH_HF").unwrap_or_else(|| "hf".into());
        let hf = said(program.clone(), &["version"]).map(|text| Hf { version: digits(&text), program });
        Self {
            gatedl: Gatedl {
                version: ask(GATEDL, "--version").map(|text| digits(&text)).unwrap_or_default(),
                has_connections: help.contains("--connections"),
            },
            curl: ask("curl", "--version").map(|text| digits(&text)),
            openssl: ask("openssl", "version").map(|text| digits(&text)),
            aria2c: ask("aria2c", "--version").map(|text| digits(&text)),
            hf,
            nginx: ask("nginx", "-v").map(|text| digits(&text)),
        }
    }

    /// A line for the page.
    pub fn line(&self) -> String {
        let named = |name: &str, version: Option<&String>| match version {
            Some(version) => format!("{name} {version}"),
            None => format!("no {name}"),
        };
        let peers = [
            named("gatedl", Some(&self.gatedl.version)),
            named("curl", self.curl.as_ref()),
            named("openssl", self.openssl.as_ref()),
            named("aria2c", self.aria2c.as_ref()),
            named("hf", self.hf.as_ref().map(|hf| &hf.version)),
            named("nginx", self.nginx.as_ref()),
        ];
        peers.join(", ")
    }
}

/// Processors and kernel, as far as they can be found out.
pub fn line() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let kernel = said("uname".into(), &["-sr"]).unwrap_or_default();
    let description = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = description.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches(['\t', ' ', ':']);
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.lines().next().and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let gigabytes = memory.unwrap_or_default() >> 20;
    format!("{cores} cores ({model}), {gigabytes} GiB, {}, load before the start {load}", kernel.trim())
}

/// What a program says, on either stream; `None` when it is missing or fails.
fn said(program: OsString, words: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(words).env("HF_HUB_DISABLE_UPDATE_CHECK", "1").env("NO_COLOR", "1").stdin(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// The version in a text: its first word, or part of one, with digits around a dot.
fn digits(text: &str) -> String {
    let is_version = |word: &&str| word.contains('.') && word.starts_with(|first: char| first.is_ascii_digit());
    let found = text.split(|letter: char| letter.is_whitespace() || letter == '/').find(is_version);
    found.unwrap_or(text.trim()).to_owned()
}
