//! A certificate for loopback, signed by an authority that lives as long as the bench.
//!
//! Two certificates and not one: a TLS library may refuse to take an authority's own as a server's.

use crate::Problem;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const SERVER: &str =
    "basicConstraints=CA:FALSE\nsubjectAltName=IP:127.0.0.1,IP:127.0.0.2\nextendedKeyUsage=serverAuth\n";

#[derive(Clone, Debug)]
pub struct Certificate {
    pub authority: PathBuf,
    pub server: PathBuf,
    pub key: PathBuf,
}

impl Certificate {
    /// Made with the `openssl` command, in `folder`.
    pub fn make(folder: &Path) -> Result<Self, Problem> {
        fs::write(folder.join("server.extensions"), SERVER)?;
        let key = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        openssl(
            folder,
            &format!("{key} -x509 -days 2 -subj /CN=bench-authority -keyout authority.key -out authority.pem"),
        )?;
        openssl(folder, &format!("{key} -subj /CN=bench-server -keyout server.key -out server.request"))?;
        let sign = "x509 -req -in server.request -CA authority.pem -CAkey authority.key -CAcreateserial";
        openssl(folder, &format!("{sign} -days 2 -extfile server.extensions -out server.pem"))?;
        Ok(Self {
            authority: folder.join("authority.pem"),
            server: folder.join("server.pem"),
            key: folder.join("server.key"),
        })
    }
}

fn openssl(folder: &Path, words: &str) -> Result<(), Problem> {
    let mut command = Command::new("openssl");
    command.args(words.split(' ')).current_dir(folder).stdin(Stdio::null());
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("openssl {words}: {}", String::from_utf8_lossy(&output.stderr)).into())
}
