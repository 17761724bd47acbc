//! Where Linux, macOS and Windows differ. Only here, and in `store::cache::process` (who else is at work), does code ask
//! which system it is compiled for; a test holds that. What is logic is compiled and tested everywhere.

pub(crate) mod console;
pub(crate) mod files;
pub(crate) mod paths;
pub(crate) mod process;
