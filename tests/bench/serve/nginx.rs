//! nginx with a configuration of its own: files by `sendfile`, and TLS for both hosts. It counts in its log.

use super::Traffic;
use super::certificate::Certificate;
use super::listener::Listener;
use crate::Problem;
use crate::measure::{Running, Task};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};
use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// From its start to its first answer, and from its being asked to end to its end.
const PATIENCE: Duration = Duration::from_secs(10);

/// The hub behind TLS.
pub struct Secured<'bench> {
    pub certificate: &'bench Certificate,
    pub hub: SocketAddr,
}

/// A running nginx; dropping it ends it and its workers.
pub struct Nginx {
    log: PathBuf,
    /// Of the file server.
    pub root: String,
    /// Of the hub behind TLS.
    pub hub_root: Option<String>,
    pid: PathBuf,
    _process: Running,
}

impl Nginx {
    /// Serves the files below `data`, with its own files in `folder`.
    pub fn start(folder: &Path, data: &Path, secured: Option<&Secured<'_>>) -> Result<Self, Problem> {
        // Free for a moment at least; nobody else here takes ports that fast.
        let content = Listener::bind(2)?.address()?;
        let front = Listener::bind(1)?.address()?;
        let configuration = folder.join("nginx.conf");
        fs::write(&configuration, configure(folder, data, content, front, secured)?)?;
        let mut task = Task::new("nginx", folder);
        task.args(["-p".as_ref(), folder.as_os_str(), "-c".as_ref(), configuration.as_os_str()]);
        let process = Running::start(&task, folder)?;
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(content).is_err() {
            if Instant::now() > deadline {
                return Err(format!("nginx does not start: {}", process.errors()).into());
            }
            sleep(Duration::from_millis(10));
        }
        let scheme = if secured.is_some() { "https" } else { "http" };
        Ok(Self {
            log: folder.join("access.log"),
            root: format!("{scheme}://{content}"),
            hub_root: secured.map(|_| format!("https://{front}")),
            pid: folder.join("nginx.pid"),
            _process: process,
        })
    }

    /// What it has counted, once nothing has been added for a moment: an answer is logged after its last byte.
    pub fn traffic(&self) -> Traffic {
        let mut before = None;
        loop {
            let text = fs::read_to_string(&self.log).unwrap_or_default();
            if before == Some(text.len()) {
                let bytes = text.lines().filter_map(|line| line.parse::<u64>().ok()).sum();
                return Traffic { requests: text.lines().count() as u64, resolves: 0, bytes };
            }
            before = Some(text.len());
            sleep(Duration::from_millis(40));
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Asked, it ends its workers before itself and removes this file last; killed, it would leave them behind.
        let pid = fs::read_to_string(&self.pid).ok().and_then(|pid| pid.trim().parse().ok());
        let asked = pid.is_some_and(|pid| kill(Pid::from_raw(pid), Signal::SIGTERM).is_ok());
        let deadline = Instant::now() + PATIENCE;
        while asked && self.pid.exists() && Instant::now() < deadline {
            sleep(Duration::from_millis(10));
        }
    }
}

fn configure(
    folder: &Path,
    data: &Path,
    content: SocketAddr,
    front: SocketAddr,
    secured: Option<&Secured<'_>>,
) -> Result<String, Problem> {
    let (folder, data) = (folder.display(), data.display());
    let mut text = String::new();
    // Workers of a root's nginx become somebody who may not read a private folder.
    if Uid::effective().is_root() {
        text += "user root;\n";
    }
    write!(
        text,
        "daemon off;\nworker_processes 2;\nerror_log {folder}/error.log;\npid {folder}/nginx.pid;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n  sendfile on;\n  tcp_nopush on;\n  keepalive_requests 1000000;\n  keepalive_timeout 600s;\n\
         \x20 default_type application/octet-stream;\n  log_format bytes '$body_bytes_sent';\n  access_log off;\n"
    )?;
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(text, "  {kind}_temp_path {folder}/{kind};")?;
    }
    let mut tls = "";
    if let Some(Secured { certificate: Certificate { server, key, .. }, hub }) = secured {
        writeln!(text, "  ssl_certificate {};\n  ssl_certificate_key {};", server.display(), key.display())?;
        writeln!(text, "  server {{ listen {front} ssl; location / {{ proxy_pass http://{hub}; }} }}")?;
        tls = " ssl";
    }
    writeln!(text, "  server {{ listen {content}{tls}; root {data}; access_log {folder}/access.log bytes; }}\n}}")?;
    Ok(text)
}
