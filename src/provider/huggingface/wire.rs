//! The hub's JSON, as far as it is read. Everything that a mirror may leave out has a default; nothing unknown is an error.

use serde::{Deserialize, Deserializer};

/// `GET /api/{kind}/{id}/revision/{rev}`.
#[derive(Debug, Deserialize)]
pub(super) struct Info {
    pub(super) sha: Option<String>,
    #[serde(default)]
    pub(super) private: bool,
    #[serde(default, deserialize_with = "gated")]
    pub(super) gated: Gated,
    pub(super) siblings: Option<Vec<Sibling>>,
}

/// A name in the description of a repository.
#[derive(Debug, Deserialize)]
pub(super) struct Sibling {
    pub(super) rfilename: String,
}

/// `false`, `"auto"` or `"manual"`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Gated {
    #[default]
    No,
    Automatic,
    Manual,
}

/// Anything but `false`, nothing and `"auto"` is a gate with a review: when in doubt, ask before the first byte.
fn gated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Gated, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Bool(false) | serde_json::Value::Null => Gated::No,
        serde_json::Value::String(kind) if kind == "auto" => Gated::Automatic,
        _ => Gated::Manual,
    })
}

/// An entry of `GET /api/{kind}/{id}/tree/{rev}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) path: String,
    #[serde(default)]
    pub(super) size: u64,
    pub(super) oid: Option<String>,
    pub(super) lfs: Option<Lfs>,
    pub(super) xet_hash: Option<String>,
}

/// What a large file's entry says about its content.
#[derive(Debug, Deserialize)]
pub(super) struct Lfs {
    pub(super) oid: String,
    pub(super) size: Option<u64>,
}

/// `GET /api/whoami-v2`.
#[derive(Debug, Deserialize)]
pub(super) struct Whoami {
    pub(super) name: String,
    #[serde(default)]
    pub(super) orgs: Vec<Named>,
    #[serde(default)]
    pub(super) auth: Authentication,
}

/// Anything of which only the name is read.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
}

/// By what means the account is known.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authentication {
    pub(super) expires_at: Option<String>,
    pub(super) access_token: Option<AccessToken>,
}

/// A user access token.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccessToken {
    pub(super) display_name: Option<String>,
    pub(super) role: Option<String>,
    pub(super) fine_grained: Option<FineGrained>,
}

/// The permissions of a fine-grained token.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FineGrained {
    pub(super) can_read_gated_repos: Option<bool>,
    #[serde(default)]
    pub(super) global: Vec<String>,
    #[serde(default)]
    pub(super) scoped: Vec<Scoped>,
}

/// Permissions on one thing.
#[derive(Debug, Deserialize)]
pub(super) struct Scoped {
    pub(super) entity: Entity,
    #[serde(default)]
    pub(super) permissions: Vec<String>,
}

/// What a permission is about.
#[derive(Debug, Deserialize)]
pub(super) struct Entity {
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) name: String,
}

/// An entry of `GET /api/{kind}?author=…`.
#[derive(Debug, Deserialize)]
pub(super) struct Found {
    pub(super) id: String,
}
