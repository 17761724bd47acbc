//! How a hub behaves when nothing is broken on purpose: huggingface.co by default, an old mirror by choice.

use bytes::Bytes;
use std::time::Duration;

/// Whether the tree route exists; mirrors lacked it for years and answer in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeRoute {
    Present,
    NotFound,
    BadRequest,
}

/// Which Range headers a signed CDN link accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkBinding {
    /// Exactly the header (or its absence) that was sent to `resolve` when the link was made.
    Exact,
    /// As `Exact` for links made with a Range header; links made without one accept any range.
    OnlyIfRanged,
    /// Any range, whatever was sent to `resolve`.
    Free,
}

/// All switches. Change them with `Hub::with` before the first request or `Hub::configure` at any time.
#[allow(clippy::struct_excessive_bools, reason = "independent switches, each on its own")]
#[derive(Clone, Debug)]
pub struct Options {
    /// A path before every route, as proxies have: `/artifactory/api/huggingfaceml/repo`.
    pub prefix: String,
    pub has_auth_check: bool,
    /// A token that belongs to nobody is answered as none is, as recorded at gates in 2026.
    pub takes_unknown_tokens_for_none: bool,
    pub tree_route: TreeRoute,
    /// Whether `X-Repo-Commit` is sent.
    pub sends_commit: bool,
    /// Whether `expand=` is understood; some proxies answer 404 to it.
    pub knows_expand: bool,
    /// Entries on a page of the tree, however many the client asks for.
    pub page_size: usize,
    /// The next page is named at `https://huggingface.co`, as by mirrors that forward the header untouched.
    pub links_name_huggingface: bool,
    pub link_binding: LinkBinding,
    /// How often each signed link works.
    pub link_uses: Option<u32>,
    /// Bytes a second for each answer that carries file content (a connection has one at a time).
    pub content_rate: Option<u64>,
    /// Wait before each answer of the CDN, as a distant one would.
    pub cdn_delay: Duration,
    /// How many answers of the CDN may be on their way at once; more are refused with 503.
    pub cdn_at_once: Option<usize>,
    /// What the foreign hosts answer.
    pub foreign_content: Bytes,
    /// A token of the suite that reaches even the hub fails the test: this hub is somebody else's.
    pub forbids_tokens: bool,
    /// Seconds by which the hub's clock is ahead.
    pub clock_offset: Option<i64>,
    /// How many requests of a kind (API, links to files) are answered in a window of so long; the others are refused.
    pub quota: Option<(u64, Duration)>,
    /// Serves `/_control/…`, for clients in other languages.
    pub has_control_routes: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            has_auth_check: true,
            takes_unknown_tokens_for_none: false,
            tree_route: TreeRoute::Present,
            sends_commit: true,
            knows_expand: true,
            page_size: 1000,
            links_name_huggingface: false,
            link_binding: LinkBinding::Exact,
            link_uses: None,
            content_rate: None,
            cdn_delay: Duration::ZERO,
            cdn_at_once: None,
            foreign_content: Bytes::from_static(b"bytes of a foreign host"),
            forbids_tokens: false,
            clock_offset: None,
            quota: None,
            has_control_routes: false,
        }
    }
}
