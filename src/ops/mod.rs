//! The use cases, one room each. A command of the front end turns arguments into a request; what a request means is
//! said here, and nothing here knows a terminal.

pub mod access;
pub mod doctor;
pub mod pull;
pub mod vix;
