//! CivitAI's JSON, as far as it is read. Every field is optional: the API has changed them without a version.

use serde::Deserialize;

use super::super::account::{Account, TokenFacts};
use crate::repo::printable;

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
