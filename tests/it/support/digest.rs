//! The hashes a hub publishes, computed here on their own so that a mistake in the product cannot hide behind itself.

use sha1::{Digest as _, Sha1};
use sha2::Sha256;
use std::fmt::Write as _;

pub fn sha1_hex(bytes: &[u8]) -> String {
    hex(&Sha1::digest(bytes))
}

pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The object id git gives a file: the `ETag` and blob name of a file that is not in LFS.
pub fn git_blob(bytes: &[u8]) -> String {
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {}\0", bytes.len()));
    hasher.update(bytes);
    hex(&hasher.finalize())
}

/// The text git stores in place of an LFS file; its git hash is the `oid` of a tree entry, useless to check content.
pub fn lfs_pointer(sha256: &str, size: usize) -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
