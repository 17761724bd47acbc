//! scratch
pub mod cache;
pub mod credential;
pub mod digest;
pub mod endpoint;
pub mod manifest;
pub mod repo;
pub mod report;
