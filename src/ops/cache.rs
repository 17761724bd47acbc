//! Care for what is on this machine: which caches there are, what takes how much room in them, and what may go.
//!
//! The caches are shared, so a thing counts as used that any tool has a name for, and what somebody works in is left
//! alone and said.

mod clean;
mod find;
mod plan;
mod target;
mod usage;

pub(crate) use self::clean::{CleanRequest, Cleaned, clean};
pub(crate) use self::find::find;
pub(crate) use self::plan::RemovalPlan;
pub(crate) use self::target::{CachedTarget, roots};
pub(crate) use self::usage::{RepoUsage, RevisionUsage, survey};
