//! The clients and how each is asked to do the same: fresh cache, no token, no progress, nothing but loopback.

use crate::Problem;
use crate::files::{Content, Repository};
use crate::machine::{GATEDL, Peers};
use crate::measure::{Contender, Task};
use crate::stage::Stage;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The memory bars, in bytes: at the default, and with 64 connections.
pub const MEMORY: u64 = 32 << 20;
pub const MEMORY_OF_MANY: u64 = 64 << 20;

/// Which addresses curl is handed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// Those that answer with the bytes.
    Final,
    /// Those of the hub that redirect to them, as gatedl has to ask too.
    Resolve,
}

/// gatedl, at its default or with so many connections.
pub fn gatedl<'row>(peers: &Peers, stage: &'row Stage<'_>, connections: Option<u16>) -> Contender<'row> {
    let asked = connections.filter(|_| peers.gatedl.has_connections);
    let label = match (connections, asked) {
        (None, _) => "gatedl".to_owned(),
        (Some(number), Some(_)) => format!("gatedl --connections {number}"),
        (Some(number), None) => format!("gatedl (no --connections {number})"),
    };
    let memory_bar = if connections.is_some_and(|number| number > 16) { MEMORY_OF_MANY } else { MEMORY };
    Contender::ours(label, memory_bar, move |folder| Ok(pull(stage, &folder.join("home"), asked)))
}

/// `gatedl pull` into the cache below `home`.
pub fn pull(stage: &Stage<'_>, home: &Path, connections: Option<u16>) -> Task {
    let mut task = Task::new(GATEDL, snapshot(home, &stage.repository));
    task.args(["pull", &stage.repository.id, "--quiet"]);
    if let Some(number) = connections {
        task.args(["--connections", &number.to_string()]);
    }
    task.env("HF_ENDPOINT", &stage.endpoint).env("HF_HOME", home);
    if let Some(authority) = stage.authority {
        task.env("SSL_CERT_FILE", authority);
    }
    task
}

pub fn hf<'row>(peers: &'row Peers, stage: &'row Stage<'_>) -> Contender<'row> {
    let task = |folder: &Path| download(peers, stage, &folder.join("home"));
    Contender::peer("hf download", peers.hf.is_some(), task)
}

/// `hf download` into the cache below `home`.
pub fn download(peers: &Peers, stage: &Stage<'_>, home: &Path) -> Result<Task, Problem> {
    let program = &peers.hf.as_ref().ok_or("hf is not installed")?.program;
    let mut task = Task::new(program, snapshot(home, &stage.repository));
    task.args(["download", &stage.repository.id]);
    task.env("HF_ENDPOINT", &stage.endpoint).env("HF_HOME", home);
    for switch in ["XET", "TELEMETRY", "UPDATE_CHECK", "PROGRESS_BARS"] {
        task.env(&format!("HF_HUB_DISABLE_{switch}"), "1");
    }
    Ok(task)
}

/// Where clients of the shared cache put the files of the repository.
fn snapshot(home: &Path, repository: &Repository) -> PathBuf {
    let folder = format!("hub/models--{}/snapshots/{}", repository.id.replace('/', "--"), repository.commit);
    home.join(folder)
}

/// curl alone, for many small files: 64 at once, told all addresses.
pub fn curl<'row>(peers: &Peers, stage: &'row Stage<'_>, addresses: Addresses) -> Contender<'row> {
    let label = match addresses {
        Addresses::Final => "curl, final URLs",
        Addresses::Resolve => "curl, hub's URLs",
    };
    let task = move |folder: &Path| {
        let out = folder.join("out");
        let mut lines = String::new();
        for file in &stage.repository.files {
            let url = match addresses {
                Addresses::Final => stage.final_url(file),
                Addresses::Resolve => stage.resolve_url(file),
            };
            writeln!(lines, "url = \"{url}\"\noutput = \"{}\"", out.join(&file.path).display())?;
        }
        let list = folder.join("list");
        fs::write(&list, lines)?;
        let mut task = Task::new("curl", out);
        task.args(["--silent", "--show-error", "--fail", "--location", "--create-dirs", "--parallel"]);
        task.args(["--parallel-max", "64", "--config"]).args([&list]);
        Ok(task)
    };
    Contender::peer(label, peers.curl.is_some(), task)
}

/// curl for all files at once, then openssl over all of them at once: downloaded and verified.
pub fn curl_then_openssl<'row>(peers: &Peers, stage: &'row Stage<'_>) -> Contender<'row> {
    let task = move |folder: &Path| {
        let out = folder.join("out");
        let mut script = "curl --silent --show-error --fail --create-dirs --parallel --parallel-immediate".to_owned();
        if let Some(authority) = stage.authority {
            write!(script, " --cacert '{}'", authority.display())?;
        }
        for file in &stage.repository.files {
            write!(script, " --output '{}' '{}'", out.join(&file.path).display(), stage.final_url(file))?;
        }
        script += " || exit 1\n";
        for (number, file) in stage.repository.files.iter().enumerate() {
            let path = out.join(&file.path);
            writeln!(script, "openssl dgst -sha256 -r '{}' > sum-{number} &", path.display())?;
        }
        script += "wait\n";
        for (number, file) in stage.repository.files.iter().enumerate() {
            if let Content::Object { sha256 } = &file.content {
                writeln!(script, "read -r sum rest < sum-{number} && test \"$sum\" = {sha256} || exit 1")?;
            }
        }
        let mut task = Task::new("sh", out);
        task.args(["-c", &script]);
        Ok(task)
    };
    let is_installed = peers.curl.is_some() && peers.openssl.is_some();
    Contender::peer("curl, then openssl dgst", is_installed, task)
}

/// aria2c with 16 connections a file, checking each.
pub fn aria2c<'row>(peers: &Peers, stage: &'row Stage<'_>) -> Contender<'row> {
    let task = move |folder: &Path| {
        let mut lines = String::new();
        for file in &stage.repository.files {
            writeln!(lines, "{}\n  out={}", stage.final_url(file), file.path)?;
            if let Content::Object { sha256 } = &file.content {
                writeln!(lines, "  checksum=sha-256={sha256}")?;
            }
        }
        let (list, out) = (folder.join("list"), folder.join("out"));
        fs::write(&list, lines)?;
        let mut task = Task::new("aria2c", &out);
        // By default it splits no file below 40 MB and no piece below 20 MB.
        task.args(["--no-conf", "--quiet", "-x16", "-j4", "-s16", "-k1M", "--file-allocation=none"]);
        task.args(["--input-file".as_ref(), list.as_os_str(), "--dir".as_ref(), out.as_os_str()]);
        Ok(task)
    };
    Contender::peer("aria2c -x16 -j4 --checksum", peers.aria2c.is_some(), task)
}
