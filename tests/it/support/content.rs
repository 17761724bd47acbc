//! The bytes of one file, shared and never copied: tests serve hundreds of megabytes from one allocation.

use super::digest;
use bytes::Bytes;

/// What a test may hand in as the content of a file.
pub trait IntoContent {
    fn into_content(self) -> Bytes;
}

impl IntoContent for Bytes {
    fn into_content(self) -> Bytes {
        self
    }
}

impl IntoContent for Vec<u8> {
    fn into_content(self) -> Bytes {
        self.into()
    }
}

impl IntoContent for String {
    fn into_content(self) -> Bytes {
        self.into()
    }
}

impl IntoContent for &'static str {
    fn into_content(self) -> Bytes {
        self.into()
    }
}

impl IntoContent for &'static [u8] {
    fn into_content(self) -> Bytes {
        self.into()
    }
}

impl<const N: usize> IntoContent for &'static [u8; N] {
    fn into_content(self) -> Bytes {
        Bytes::from_static(self)
    }
}

/// Bytes that look random, are the same for the same seed, and differ at every offset (so a misplaced range shows).
pub fn generated(seed: u64, size: usize) -> Bytes {
    let mut bytes = vec![0; size];
    let mut state = seed;
    for chunk in bytes.chunks_mut(8) {
        // splitmix64: one multiplication chain a word, fast enough in an unoptimised test build.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(word ^ (word >> 31)).to_le_bytes()[..chunk.len()]);
    }
    bytes.into()
}

/// How a file is stored: in git itself, or in LFS with only a pointer in git.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lfs {
    pub sha256: String,
    pub pointer_size: usize,
}

/// One file of one commit, with everything a listing says about it.
#[derive(Clone, Debug)]
pub struct Entry {
    pub content: Bytes,
    /// The git object id: of the file itself, or of its pointer when it is in LFS.
    pub oid: String,
    pub lfs: Option<Lfs>,
    pub xet_hash: Option<String>,
}

impl Entry {
    pub fn in_git(content: impl IntoContent) -> Self {
        let content = content.into_content();
        Self { oid: digest::git_blob(&content), content, lfs: None, xet_hash: None }
    }

    pub fn in_lfs(content: impl IntoContent) -> Self {
        let content = content.into_content();
        let sha256 = digest::sha256_hex(&content);
        let pointer = digest::lfs_pointer(&sha256, content.len());
        Self {
            oid: digest::git_blob(pointer.as_bytes()),
            lfs: Some(Lfs { sha256, pointer_size: pointer.len() }),
            content,
            xet_hash: None,
        }
    }

    /// The name of the blob in a cache, and what the hub's own (never the CDN's) `ETag` says.
    pub fn etag(&self) -> &str {
        self.lfs.as_ref().map_or(&self.oid, |lfs| &lfs.sha256)
    }

    pub fn with_xet(mut self) -> Self {
        // Not the real Merkle hash: only its shape and its being different from the sha256 matter here.
        self.xet_hash = Some(digest::sha256_hex(format!("xet {}", self.etag()).as_bytes()));
        self
    }
}
