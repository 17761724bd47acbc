//! Care for what is on this machine: which caches there are, and what in them a reference means.

mod target;

pub(crate) use self::target::{CachedTarget, roots};
