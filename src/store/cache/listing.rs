//! The JSON of `trees/<commit>.json`, as `huggingface_hub` 1.22 and later write and read it (`_tree_cache.py`).
//!
//! The trap: `hf` checks only the Xet hashes before it writes this file, so a pull without access to a
//! gated repository leaves a listing full of `"lfs_sha256": "****…"` that stays after access is granted (hub-protocol
//! §0.1, §1.4). Such a file is ignored here, like one with an unknown version, a malformed entry or a hostile path; and
//! one is never written.
//!
//! A file whose name cannot be one here keeps its row: the listing is that of the whole commit, also for other tools.
//!
//! What a provider that numbers its files says about one is kept beside it under keys of our own; such a file has no git
//! id and may lack a hash. Repositories of a hub never have these keys: their bytes are Python's.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::digest::Digest;
use crate::manifest::{ListedFile, Listing, Odd, Published};
use crate::repo::{NameError, RepoPath};

const FORMAT_VERSION: u64 = 1;

/// The order of fields is the order in the file.
#[derive(Serialize, Deserialize)]
struct Document {
    format_version: u64,
    files: BTreeMap<String, ListingRow>,
}

#[derive(Serialize, Deserialize)]
struct ListingRow {
    size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blob_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lfs_sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lfs_size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    xet_hash: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published: Option<Box<Published>>,
}

impl ListingRow {
    fn of(entry: &ListedFile) -> Option<Self> {
        let row = Self::new(entry.size, entry.digest, entry.blob_id.as_ref(), entry.xet_hash.as_ref());
        Self { published: entry.published.clone(), ..row }.if_sound(entry.digest)
    }

    fn of_odd(odd: &Odd) -> Option<Self> {
        let row = Self::new(odd.size?, odd.digest, odd.blob_id.as_ref(), odd.xet_hash.as_ref());
        row.if_sound(odd.digest)
    }

    fn new(size: u64, digest: Option<Digest>, blob_id: Option<&String>, xet_hash: Option<&String>) -> Self {
        let lfs_sha256 = digest.filter(|digest| matches!(digest, Digest::Sha256(_))).map(|digest| digest.hex());
        Self {
            size,
            blob_id: blob_id.cloned(),
            lfs_size: lfs_sha256.as_ref().map(|_| size),
            lfs_sha256,
            xet_hash: xet_hash.cloned(),
            published: None,
        }
    }

    /// None where the entry is masked or contradicts itself.
    fn if_sound(self, digest: Option<Digest>) -> Option<Self> {
        (self.digest() == digest && self.is_sound()).then_some(self)
    }

    fn digest(&self) -> Option<Digest> {
        Digest::from_hex(self.lfs_sha256.as_ref().or(self.blob_id.as_ref())?)
    }

    fn is_sound(&self) -> bool {
        let sha256 = |hash: &String| matches!(Digest::from_hex(hash), Some(Digest::Sha256(_)));
        let git = |id: &String| matches!(Digest::from_hex(id), Some(Digest::GitSha1(_)));
        self.blob_id.as_ref().map_or(self.published.is_some(), git)
            && [&self.lfs_sha256, &self.xet_hash].into_iter().all(|hash| hash.as_ref().is_none_or(sha256))
            && self.lfs_size.is_none_or(|size| size == self.size)
    }
}

/// The listing in a file's bytes; none where any part of it cannot be trusted.
pub(super) fn parse(bytes: &[u8]) -> Option<Listing> {
    let document: Document = serde_json::from_slice(bytes).ok()?;
    if document.format_version != FORMAT_VERSION {
        return None;
    }
    let mut listing = Listing::default();
    for (name, row) in document.files {
        let digest = row.is_sound().then(|| row.digest())?;
        let ListingRow { size, blob_id, xet_hash, published, .. } = row;
        match name.parse::<RepoPath>() {
            Ok(path) => listing.entries.push(Arc::new(ListedFile { path, size, digest, blob_id, xet_hash, published })),
            Err(NameError::Odd { reason, .. }) => {
                listing.odd.push(Odd { name, reason, size: Some(size), digest, blob_id, xet_hash });
            }
            Err(_) => return None,
        }
    }
    // their sum is counted with later on
    listing.entries.iter().try_fold(0, |total: u64, entry| total.checked_add(entry.size))?;
    Some(listing)
}

/// The bytes that `huggingface_hub` would write for this listing; none where an entry is masked or lacks its git id.
pub(super) fn render(listing: &Listing) -> Option<Vec<u8>> {
    let entries = listing.entries.iter().map(|entry| Some((entry.path.as_str().to_owned(), ListingRow::of(entry)?)));
    let odd = listing.odd.iter().map(|odd| Some((odd.name.clone(), ListingRow::of_odd(odd)?)));
    let files = entries.chain(odd).collect::<Option<_>>()?;
    let document = Document { format_version: FORMAT_VERSION, files };
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b" "));
    document.serialize(&mut serializer).ok()?;
    Some(ascii(&String::from_utf8(bytes).ok()?).into_bytes())
}

/// Python's `json.dump` writes ASCII only: everything else as UTF-16 escapes. Outside of strings JSON has nothing else.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Scan;

    fn listing(entries: Vec<ListedFile>) -> Listing {
        Listing { entries: entries.into_iter().map(Arc::new).collect(), odd: Vec::new() }
    }

    fn entries() -> Vec<ListedFile> {
        let git = "a1".repeat(20);
        vec![
            ListedFile {
                path: "ü/😀 \"q\".bin".parse().unwrap(),
                size: 1_234,
                digest: Digest::from_hex(&"b2".repeat(32)),
                blob_id: Some(git.clone()),
                xet_hash: Some("c3".repeat(32)),
                published: None,
            },
            ListedFile {
                path: "config.json".parse().unwrap(),
                size: 519,
                digest: Digest::from_hex(&git),
                blob_id: Some(git),
                xet_hash: None,
                published: None,
            },
        ]
    }

    #[test]
    fn the_bytes_are_those_of_python() {
        // python3 -c 'import json; print(json.dumps({...}, indent=1))' over the same entries, paths sorted
        let expected = format!(
            "{{\n \"format_version\": 1,\n \"files\": {{\n  \"config.json\": {{\n   \"size\": 519,\n   \"blob_id\": \"{git}\"\n  }},\n  \
             \"\\u00fc/\\ud83d\\ude00 \\\"q\\\".bin\": {{\n   \"size\": 1234,\n   \"blob_id\": \"{git}\",\n   \
             \"lfs_sha256\": \"{sha}\",\n   \"lfs_size\": 1234,\n   \"xet_hash\": \"{xet}\"\n  }}\n }}\n}}",
            git = "a1".repeat(20),
            sha = "b2".repeat(32),
            xet = "c3".repeat(32),
        );
        assert_eq!(String::from_utf8(render(&listing(entries())).unwrap()).unwrap(), expected);
        assert_eq!(render(&listing(Vec::new())).unwrap(), b"{\n \"format_version\": 1,\n \"files\": {}\n}");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut sorted = entries();
        sorted.reverse();
        assert_eq!(parse(&render(&listing(entries())).unwrap()).unwrap(), listing(sorted));
        assert_eq!(parse(&render(&listing(Vec::new())).unwrap()).unwrap(), listing(Vec::new()));
    }

    #[test]
    fn a_file_with_an_odd_name_keeps_its_row() {
        let git = "a1".repeat(20);
        let odd = Odd {
            name: "data\\train.csv".to_owned(),
            reason: "it contains a backslash",
            size: Some(9),
            digest: Digest::from_hex(&git),
            blob_id: Some(git),
            xet_hash: None,
        };
        let whole = Listing { entries: vec![Arc::new(entries().swap_remove(1))], odd: vec![odd.clone()] };
        let bytes = render(&whole).unwrap();
        assert!(String::from_utf8_lossy(&bytes).contains(r#""data\\train.csv": {"#));
        assert_eq!(parse(&bytes).unwrap(), whole);
        let sizeless = Listing { odd: vec![Odd { size: None, ..odd }], ..whole };
        assert_eq!(render(&sizeless), None, "no size is ever made up");
    }

    #[test]
    fn masked_or_incomplete_entries_are_never_written() {
        let spoil: [fn(&mut ListedFile); 5] = [
            |entry| entry.digest = None,
            |entry| entry.blob_id = None,
            |entry| entry.blob_id = Some("*".repeat(40)),
            |entry| entry.xet_hash = Some("*".repeat(64)),
            |entry| entry.digest = Digest::from_hex(&"d4".repeat(20)),
        ];
        for (index, spoil) in spoil.iter().enumerate() {
            let mut entries = entries();
            spoil(&mut entries[1]);
            assert_eq!(render(&listing(entries)), None, "{index}");
        }
    }

    #[test]
    fn numbered_files_keep_what_is_said_about_them_even_without_a_hash() {
        let numbered = |name: &str, digest| ListedFile {
            path: name.parse().unwrap(),
            size: 7,
            digest,
            blob_id: None,
            xet_hash: None,
            published: Some(Box::new(Published {
                id: 12,
                name: "model.safetensors".to_owned(),
                primary: digest.is_some(),
                form: "fp16".to_owned(),
                traits: [("fp".to_owned(), "fp16".to_owned())].into(),
                scans: [("pickle".to_owned(), Scan::Passed), ("virus".to_owned(), Scan::Pending)].into(),
                measured: true,
                asked_as: Some("kind VAE".to_owned()),
            })),
        };
        let numbers = listing(vec![numbered("a", Digest::from_hex(&"b2".repeat(32))), numbered("b", None)]);
        assert_eq!(parse(&render(&numbers).unwrap()).unwrap(), numbers);
        let bare = ListedFile { published: None, ..numbered("a", Digest::from_hex(&"b2".repeat(32))) };
        assert_eq!(render(&listing(vec![bare])), None, "a hub's file has a git id");
    }

    #[test]
    fn files_that_cannot_be_trusted_are_ignored() {
        let good = String::from_utf8(render(&listing(entries())).unwrap()).unwrap();
        for (from, to) in [
            ("\"format_version\": 1", "\"format_version\": 2".to_owned()),
            ("\"format_version\": 1,", String::new()),
            ("config.json", "../config.json".to_owned()),
            ("config.json", "/etc/passwd".to_owned()),
            ("519", "-1".to_owned()),
            ("519", "\"519\"".to_owned()),
            ("\"lfs_size\": 1234", "\"lfs_size\": 1".to_owned()),
            (&"a1".repeat(20), "a1".to_owned()),
            (&"b2".repeat(32), "*".repeat(64)),
            (&"c3".repeat(32), "*".repeat(64)),
            ("}\n}", String::new()),
        ] {
            let bad = good.replace(from, &to);
            assert_ne!(bad, good);
            assert_eq!(parse(bad.as_bytes()), None, "{to}");
        }
        let huge = good.replace("1234", &u64::MAX.to_string());
        assert_eq!(parse(huge.as_bytes()), None, "a sum beyond all numbers");
        assert!(parse(good.replace("\"lfs_size\": 1234", "\"lfs_size\": null").as_bytes()).is_some());
        assert_eq!(parse(b""), None);
        assert_eq!(parse(b"\xff"), None);
    }
}
