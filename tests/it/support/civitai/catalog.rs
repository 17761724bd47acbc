//! What a test describes: models of versions of files, and who gets through the door of each version.

use super::super::digest::sha256_hex;
use bytes::Bytes;
use serde_json::{Value, json};

#[derive(Clone, Debug)]
#[must_use]
pub struct Model {
    pub id: u64,
    pub name: String,
    pub kind: String,
    /// `Archived` or `TakenDown`.
    pub mode: Option<String>,
    /// The latest one first, as the API lists them.
    pub versions: Vec<Version>,
}

impl Model {
    pub fn new(id: u64, name: &str, kind: &str) -> Self {
        Self { id, name: name.to_owned(), kind: kind.to_owned(), mode: None, versions: Vec::new() }
    }

    pub fn version(mut self, version: Version) -> Self {
        self.versions.push(version);
        self
    }

    pub fn archived(mut self) -> Self {
        self.mode = Some("Archived".to_owned());
        self
    }
}

/// Who may download a version, and what the others are told: the rows of providers §1.4.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Door {
    /// Anybody.
    Open,
    /// Anybody who is logged in: nearly every model.
    #[default]
    Login,
    /// Nobody, though the metadata do not say so.
    Disabled,
    /// Those who paid, until the deadline.
    EarlyAccess {
        deadline: String,
        buyers: Vec<String>,
    },
    /// These accounts.
    Granted(Vec<String>),
    /// Nobody from this address.
    Forbidden,
    /// Cloudflare's own page.
    Firewall,
    Archived,
    Missing,
    Region,
    Quota,
    /// The server takes the number for none.
    BadRequest,
    Broken(u16),
    /// What a program that calls itself a browser gets.
    LoginPage,
    /// 200, and a page in place of the file.
    Page,
    /// 200, and a JSON document in place of the file.
    Document,
    /// The same, called a file.
    DisguisedDocument,
}

/// `paidAccess` of the metadata.
#[derive(Clone, Debug)]
pub struct Paid {
    pub permanent: bool,
    pub ends_at: Option<String>,
}

#[derive(Clone, Debug)]
#[must_use]
pub struct Version {
    pub id: u64,
    pub name: String,
    pub door: Door,
    pub usage_control: Option<String>,
    pub paid: Option<Paid>,
    pub files: Vec<File>,
}

impl Version {
    pub fn new(id: u64, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            door: Door::default(),
            usage_control: Some("Download".to_owned()),
            paid: None,
            files: Vec::new(),
        }
    }

    pub fn door(mut self, door: Door) -> Self {
        self.door = door;
        self
    }

    pub fn usage(mut self, control: &str) -> Self {
        self.usage_control = Some(control.to_owned());
        self
    }

    pub fn paid(mut self, paid: Paid) -> Self {
        self.paid = Some(paid);
        self
    }

    pub fn file(mut self, file: File) -> Self {
        self.files.push(file);
        self
    }
}

#[derive(Clone, Debug)]
#[must_use]
pub struct File {
    pub id: u64,
    pub name: String,
    pub content: Bytes,
    pub kind: String,
    pub primary: bool,
    /// What the record says, in upper case as the API has it.
    pub sha256: Option<String>,
    pub pickle_scan: String,
    pub virus_scan: String,
    /// The file that the bare download link yields to an account with other preferences.
    pub preferred: bool,
    /// The version that it belongs to, where it is only linked from the one that lists it.
    pub linked_from: Option<u64>,
    /// `metadata.format` and `metadata.fp`; the latter may be null.
    pub form: (String, Option<String>),
    /// Hashes on record besides.
    pub other_hashes: Value,
}

impl File {
    pub fn new(id: u64, name: &str, content: impl Into<Bytes>) -> Self {
        let content = content.into();
        Self {
            id,
            name: name.to_owned(),
            kind: "Model".to_owned(),
            primary: false,
            sha256: Some(sha256_hex(&content).to_uppercase()),
            pickle_scan: "Success".to_owned(),
            virus_scan: "Success".to_owned(),
            preferred: false,
            linked_from: None,
            form: ("SafeTensor".to_owned(), Some("fp16".to_owned())),
            other_hashes: json!({}),
            content,
        }
    }

    pub fn primary(mut self) -> Self {
        self.primary = true;
        self
    }

    pub fn preferred(mut self) -> Self {
        self.preferred = true;
        self
    }

    /// A file of another version that this one lists besides its own, as a VAE.
    pub fn linked_from(mut self, version: u64) -> Self {
        self.linked_from = Some(version);
        self
    }

    pub fn form(mut self, format: &str, fp: Option<&str>) -> Self {
        self.form = (format.to_owned(), fp.map(str::to_owned));
        self
    }

    pub fn with_hash(mut self, name: &str, hash: &str) -> Self {
        self.other_hashes[name] = json!(hash);
        self
    }

    pub fn kind(mut self, kind: &str) -> Self {
        kind.clone_into(&mut self.kind);
        self
    }

    pub fn without_sha256(mut self) -> Self {
        self.sha256 = None;
        self
    }

    /// A wrong hash on record, as a few old models have (civitai#426).
    pub fn with_sha256(mut self, sha256: &str) -> Self {
        self.sha256 = Some(sha256.to_owned());
        self
    }

    pub fn scanned(mut self, pickle: &str, virus: &str) -> Self {
        pickle.clone_into(&mut self.pickle_scan);
        virus.clone_into(&mut self.virus_scan);
        self
    }

    /// An entry of `files[]`. `link` is the API's own `downloadUrl`, which names no file and the wrong host.
    pub fn describe(&self, link: &str) -> Value {
        #[allow(clippy::cast_precision_loss, reason = "a float of KiB is what the API has")]
        let size = (self.content.len() as f64 / 1024.0 * 100.0).round() / 100.0;
        let mut hashes = self.other_hashes.clone();
        if let Some(sha256) = &self.sha256 {
            hashes["AutoV2"] = json!(sha256.get(..10));
            hashes["SHA256"] = json!(sha256);
            hashes["CRC32"] = json!("DAEE95B7");
        }
        // a linked file is asked for by its kind: its number is not known at this version (providers C1, C2)
        let link = self.linked_from.map_or_else(|| link.to_owned(), |_| format!("{link}?type={}", self.kind));
        let (format, fp) = &self.form;
        json!({
            "id": self.id, "sizeKB": size, "name": self.name, "type": self.kind,
            "metadata": {"format": format, "size": "pruned", "fp": fp},
            "pickleScanResult": self.pickle_scan, "pickleScanMessage": null,
            "virusScanResult": self.virus_scan, "virusScanMessage": null,
            "scannedAt": "2025-12-18T09:00:00.000Z", "hashes": hashes, "primary": self.primary, "downloadUrl": link,
        })
    }
}
