//! Promise 2, only verified bytes get a name: huggingface_hub's cache and the folders beside it, and the unpacking of
//! what was verified; and what stands in a cache. Nothing here knows that a network exists.

pub(crate) mod archive;
pub(crate) mod cache;
pub(crate) mod hashing;
pub(crate) mod removal;
pub(crate) mod scan;
