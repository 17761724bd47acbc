//! The hub's JSON, as far as it is read. Everything that a mirror may leave out has a default; nothing unknown is an error.

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Number;

/// A listing has at most so many rows. The largest data sets have some hundred thousand files.
pub(super) const MOST_ROWS: usize = 1_000_000;

/// `GET /api/{kind}/{id}/revision/{rev}`.
#[derive(Debug, Deserialize)]
pub(super) struct Info {
    pub(super) sha: Option<String>,
    pub(super) private: Option<bool>,
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

/// Any word but `"auto"` is a gate with a review: when in doubt, ask before the first byte.
fn gated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Gated, D::Error> {
    struct Word;
    impl Visitor<'_> for Word {
        type Value = Gated;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("false or a word")
        }

        fn visit_bool<E>(self, gated: bool) -> Result<Gated, E> {
            Ok(if gated { Gated::Manual } else { Gated::No })
        }

        fn visit_unit<E>(self) -> Result<Gated, E> {
            Ok(Gated::No)
        }

        fn visit_str<E>(self, word: &str) -> Result<Gated, E> {
            Ok(if word == "auto" { Gated::Automatic } else { Gated::Manual })
        }
    }
    deserializer.deserialize_any(Word)
}

/// A page of `GET /api/{kind}/{id}/tree/{rev}`. Its rows are counted while they are read: a page of 64 MB can hold
/// millions of tiny ones.
#[derive(Debug)]
pub(super) struct Page(pub(super) Vec<TreeEntry>);

impl<'de> Deserialize<'de> for Page {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rows;
        impl<'de> Visitor<'de> for Rows {
            type Value = Page;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of files")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Page, A::Error> {
                let mut nodes = Vec::new();
                while let Some(node) = rows.next_element()? {
                    if nodes.len() == MOST_ROWS {
                        return Err(A::Error::custom(format_args!("more than {MOST_ROWS} files")));
                    }
                    nodes.push(node);
                }
                Ok(Page(nodes))
            }
        }
        deserializer.deserialize_seq(Rows)
    }
}

/// A row of a page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TreeEntry {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) path: String,
    pub(super) size: Option<Number>,
    pub(super) oid: Option<String>,
    pub(super) lfs: Option<Lfs>,
    pub(super) xet_hash: Option<String>,
}

/// What a large file's row says about its content.
#[derive(Debug, Deserialize)]
pub(super) struct Lfs {
    pub(super) oid: Option<String>,
    pub(super) size: Option<Number>,
}

/// `GET /api/whoami-v2`.
#[derive(Debug, Deserialize)]
pub(super) struct Whoami {
    pub(super) name: String,
    #[serde(default)]
    pub(super) orgs: Vec<WithName>,
    #[serde(default)]
    pub(super) auth: Authentication,
}

/// Anything of which only the name is read.
#[derive(Debug, Deserialize)]
pub(super) struct WithName {
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
pub(super) struct SearchHit {
    pub(super) id: String,
}
