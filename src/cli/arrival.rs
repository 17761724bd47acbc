//! How a file came to its place outside the cache, and what that costs in disk, in words.

use super::size;
use crate::store::cache::delivery::{Arrival, LinkMode};

/// What bytes beside the cache cost.
pub(super) fn cost(bytes_copied: u64) -> String {
    if bytes_copied == 0 {
        "nothing extra on disk".to_owned()
    } else {
        format!("{} extra on disk", size::bytes(bytes_copied))
    }
}

/// How files would get to their places.
pub(super) const fn way(link: LinkMode, bytes_copied: u64) -> &'static str {
    match link {
        LinkMode::Auto if bytes_copied > 0 => "copy",
        LinkMode::Auto => "reflink or hard link",
        LinkMode::Reflink => "reflink",
        LinkMode::HardLink => "hard link",
        LinkMode::Symlink => "symlink",
        LinkMode::Copy => "copy",
    }
}

/// How a file arrived, in a word.
pub(super) const fn word(arrival: Arrival) -> &'static str {
    match arrival {
        Arrival::InPlace => "in place",
        Arrival::Reflink => "reflink",
        Arrival::HardLink => "hard link",
        Arrival::Symlink => "symlink",
        Arrival::Copy => "copy",
    }
}
