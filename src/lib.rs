//! scratch
pub mod auth;
pub mod credential;
pub mod digest;
pub mod endpoint;
pub mod env;
pub mod http;
pub mod manifest;
pub mod pattern;
pub mod provider;
pub mod reference;
pub mod repo;
pub mod report;
pub mod settings;
