//! CivitAI's JSON, as far as it is read. Every field is optional: the API has changed them without a version.

use serde::Deserialize;

use super::super::account::{Account, TokenFacts};
use crate::repo::{RepoPath, printable};

/// `GET /api/v1/models/{id}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireModel {
    mode: Option<String>,
    /// The latest one first.
    pub(super) model_versions: Option<Vec<OfVersion>>,
}

impl WireModel {
    pub(super) fn is_archived(&self) -> bool {
        self.mode.as_deref() == Some("Archived")
    }
}

/// What a model says about one of its versions.
#[derive(Debug, Deserialize)]
pub(super) struct OfVersion {
    pub(super) id: u64,
    pub(super) files: Option<Vec<WireFile>>,
}

impl OfVersion {
    /// The path of one of its files: behind the door of a version all of them are.
    pub(super) fn some_file(&self) -> Option<RepoPath> {
        self.files.iter().flatten().find_map(|file| file.name.as_ref()?.parse().ok())
    }
}

/// `GET /api/v1/model-versions/{id}`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Version {
    pub(super) id: Option<u64>,
    pub(super) model_id: Option<u64>,
    pub(super) base_model: Option<String>,
    pub(super) usage_control: Option<String>,
    pub(super) paid_access: Option<PaidAccess>,
    pub(super) model: Option<OfModel>,
    pub(super) files: Option<Vec<WireFile>>,
}

/// Who pays, and until when.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PaidAccess {
    pub(super) permanent: Option<bool>,
    pub(super) ends_at: Option<String>,
}

/// What a version says about its model.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OfModel {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) mode: Option<String>,
}

/// A file. Its `downloadUrl` is not followed, as it may name no file, and at times the host `undefined`; but what it asks
/// for tells a file that is only linked (providers C1, C2).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireFile {
    pub(super) id: Option<u64>,
    pub(super) name: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    /// Kibibytes, rounded.
    #[serde(rename = "sizeKB")]
    pub(super) size_kb: Option<f64>,
    pub(super) primary: Option<bool>,
    pub(super) pickle_scan_result: Option<String>,
    pub(super) virus_scan_result: Option<String>,
    /// By what they are called: `SHA256` identifies content; `AutoV2`, `AutoV3`, `BLAKE3` and others may be there alone, for
    /// years. Empty while a scan is pending.
    pub(super) hashes: Option<serde_json::Map<String, serde_json::Value>>,
    pub(super) model_version_id: Option<u64>,
    pub(super) download_url: Option<String>,
    /// The form of the file, by keys that differ between routes.
    pub(super) metadata: Option<serde_json::Map<String, serde_json::Value>>,
}

impl WireFile {
    /// A hash on record.
    pub(super) fn hash(&self, name: &str) -> Option<&str> {
        self.hashes.as_ref()?.get(name)?.as_str().map(str::trim)
    }

    /// Whether any of its hashes is this one. The server compares them whatever their case.
    pub(super) fn is_hashed(&self, hash: &str) -> bool {
        let own = self.hashes.iter().flat_map(|hashes| hashes.values()).filter_map(serde_json::Value::as_str);
        own.into_iter().any(|own| own.eq_ignore_ascii_case(hash))
    }
}

/// `GET /api/v1/me`.
#[derive(Debug, Deserialize)]
pub(super) struct Me {
    username: Option<String>,
    status: Option<String>,
}

impl From<Me> for Account {
    fn from(me: Me) -> Self {
        Self {
            name: me.username.as_deref().map(printable).unwrap_or_default(),
            organizations: Vec::new(),
            standing: me.status.as_deref().map(printable),
            token: TokenFacts::default(),
        }
    }
}
