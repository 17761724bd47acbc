//! The signed links of the content server, which hub and server make out alike: no table, no lock.

use crate::digest;

/// What a link may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// Any range: mirrors and other CDNs.
    Free,
    /// The `Range` header that was sent to `resolve`, or its absence: the live bridge.
    ToRange,
}

#[derive(Clone, Debug)]
pub struct Links {
    /// Of the content server, without a trailing slash.
    pub root: String,
    pub binding: Binding,
}

impl Links {
    /// The link to the object of this hash for somebody who sent this `Range`.
    pub fn sign(&self, sha256: &str, range: Option<&str>) -> String {
        let signature = self.signature(sha256, range);
        format!("{}/objects/{sha256}?X-Amz-Expires=3600&X-Amz-Signature={signature}", self.root)
    }

    /// Whether the link with this query may be used with this `Range`.
    pub fn permits(&self, sha256: &str, query: &str, range: Option<&str>) -> bool {
        query.rsplit_once("X-Amz-Signature=").is_some_and(|(_, given)| given == self.signature(sha256, range))
    }

    /// Opaque: nothing in a bound link tells a client that it is one.
    fn signature(&self, sha256: &str, range: Option<&str>) -> String {
        let range = range.filter(|_| self.binding == Binding::ToRange).unwrap_or_default();
        digest::sha256_hex(format!("{sha256} {range}").as_bytes())
    }
}
