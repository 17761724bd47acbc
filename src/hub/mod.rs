//! Promise 1, a token goes only where it belongs: where tokens are found, the one client that sends them, and the
//! protocols of the providers it talks to.

pub mod auth;
pub mod http;
pub mod provider;
