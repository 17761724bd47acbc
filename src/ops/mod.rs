//! The use cases, one room each. A command of the front end turns arguments into a request; what a request means is
//! said here, and nothing here knows a terminal.

pub(crate) mod access;
pub(crate) mod batch;
pub(crate) mod cache;
pub(crate) mod doctor;
pub(crate) mod pull;
pub(crate) mod verify;
pub(crate) mod vix;
