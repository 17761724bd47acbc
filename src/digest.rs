//! Content hashes: what a publisher's listing promises, and the hasher that holds a download to it.
//!
//! A hub identifies a file in one of two ways. Large files (LFS, Xet) have the SHA-256 of their content; small ones have
//! git's blob id, the SHA-1 over `blob <length>\0` and the content. Either, in hexadecimal, is the file's ETag and the
//! name of its blob in the shared cache. A listing for a caller without access shows 64 asterisks instead of the SHA-256
//! (hub-protocol §0.2): that is not a hash, and no constructor here accepts it.

use std::fmt;
use std::io::{self, Read};

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// The hash of a file's content, as its publisher states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Digest {
    /// SHA-256 of the content: LFS and Xet files.
    Sha256([u8; 32]),
    /// Git's blob id: SHA-1 of `blob <length>\0` followed by the content.
    GitSha1([u8; 20]),
}

impl Digest {
    /// A digest from bare lower-case hexadecimal: 64 digits are a SHA-256, 40 a git blob id, anything else is none.
    #[must_use]
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        match text.len() {
            64 => decode(text).map(Self::Sha256),
            40 => decode(text).map(Self::GitSha1),
            _ => None,
        }
    }

    /// A digest from an `ETag` or `X-Linked-Etag` header: an optional `W/` and the quotes are taken off.
    #[must_use]
    pub(crate) fn from_etag(header: &str) -> Option<Self> {
        let bare = header.trim();
        let bare = bare.strip_prefix("W/").unwrap_or(bare);
        Self::from_hex(bare.trim_matches('"'))
    }

    /// The SHA-256 of everything that a reader yields.
    ///
    /// # Errors
    /// When the reader fails.
    pub(crate) fn sha256_of(mut content: impl Read) -> io::Result<Self> {
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 256 << 10];
        loop {
            match content.read(&mut buffer) {
                Ok(0) => return Ok(Self::Sha256(hasher.finalize().into())),
                Ok(count) => hasher.update(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The hash in lower-case hexadecimal: the ETag of the file, and the name of its blob. 40 or 64 characters, each
    /// safe in a file name.
    #[must_use]
    pub(crate) fn hex(&self) -> String {
        let bytes: &[u8] = match self {
            Self::Sha256(bytes) => bytes,
            Self::GitSha1(bytes) => bytes,
        };
        encode(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Sha256(_) => "sha256",
            Self::GitSha1(_) => "git-sha1",
        };
        write!(formatter, "{name}:{}", self.hex())
    }
}

/// Hashes content from its first byte to its last, in the way that the expected digest was made.
#[derive(Debug, Clone)]
pub(crate) struct ContentHasher {
    state: HashState,
    position: u64,
}

#[derive(Debug, Clone)]
enum HashState {
    Sha256(Sha256),
    GitSha1(Sha1),
}

impl ContentHasher {
    /// A hasher of the kind that `expected` was made with. `size` is the whole content's length in bytes: git's blob id
    /// begins with it.
    #[must_use]
    pub(crate) fn like(expected: &Digest, size: u64) -> Self {
        let state = match expected {
            Digest::Sha256(_) => HashState::Sha256(Sha256::new()),
            Digest::GitSha1(_) => HashState::GitSha1(Sha1::new_with_prefix(format!("blob {size}\0"))),
        };
        Self { state, position: 0 }
    }

    /// Takes in the next bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            HashState::Sha256(hasher) => hasher.update(bytes),
            HashState::GitSha1(hasher) => hasher.update(bytes),
        }
        self.position += bytes.len() as u64;
    }

    /// How many bytes were taken in so far.
    #[must_use]
    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    /// The digest of everything taken in.
    #[must_use]
    pub(crate) fn finish(self) -> Digest {
        match self.state {
            HashState::Sha256(hasher) => Digest::Sha256(hasher.finalize().into()),
            HashState::GitSha1(hasher) => Digest::GitSha1(hasher.finalize().into()),
        }
    }
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (mut bytes, mut digits) = ([0; N], text.bytes());
    for byte in &mut bytes {
        *byte = nibble(digits.next()?)? << 4 | nibble(digits.next()?)?;
    }
    Some(bytes)
}

/// Upper case is refused: hubs write lower case, and two spellings of one hash would be two blobs.
const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(expected: &Digest, content: &[u8]) -> Digest {
        let mut hasher = ContentHasher::like(expected, content.len() as u64);
        for piece in content.chunks(3) {
            hasher.update(piece);
        }
        assert_eq!(hasher.position(), content.len() as u64);
        hasher.finish()
    }

    #[test]
    fn git_blob_ids_agree_with_git() {
        // printf 'hello\n' | git hash-object --stdin; the empty blob is git's best known id
        for (content, id) in [
            (&b"hello\n"[..], "ce013625030ba8dba906f756967f9e9ca394464a"),
            (b"", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        ] {
            let expected = Digest::from_hex(id).unwrap();
            assert_eq!(hash(&expected, content), expected);
            assert_eq!(expected.to_string(), format!("git-sha1:{id}"));
        }
    }

    #[test]
    fn sha256_agrees_with_the_standard() {
        let id = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let expected = Digest::from_hex(id).unwrap();
        assert_eq!(hash(&expected, b"abc"), expected);
        assert_ne!(hash(&expected, b"abd"), expected);
        assert_eq!(Digest::sha256_of(&b"abc"[..]).unwrap(), expected);
        assert_eq!(expected.to_string(), format!("sha256:{id}"));
    }

    #[test]
    fn masked_malformed_and_hostile_hashes_are_none() {
        let good = "a1".repeat(20);
        for bad in [
            &"*".repeat(64),
            "",
            "abc",
            &"A1".repeat(20),
            &"g1".repeat(20),
            &format!("{good}0"),
            &good[1..],
            "../../../../../../../../../../etc/passwd",
            &"é".repeat(20),
        ] {
            assert_eq!(Digest::from_hex(bad), None, "{bad}");
            assert_eq!(Digest::from_etag(bad), None, "{bad}");
        }
        for header in [good.clone(), format!("\"{good}\""), format!("W/\"{good}\"")] {
            assert_eq!(Digest::from_etag(&header).unwrap().hex(), good, "{header}");
        }
    }
}
