//! What the servers of a provider say in a way of their own: each provider brings what it knows, and here nothing is known
//! of any of them.

use reqwest::header::HeaderMap;
use url::Url;

/// How some answers are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    /// Whether a redirect leads to a login page, which answers 200: that is how a download is refused.
    pub(crate) is_login: fn(&Url) -> bool,
    /// Whether the headers of a refusal mark it as one that may pass.
    pub(crate) may_pass: fn(&HeaderMap) -> bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { is_login: |_| false, may_pass: |_| false }
    }
}
