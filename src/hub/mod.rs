//! Promise 1, a token goes only where it belongs: where tokens are found, the one client that sends them, and the
//! protocols of the providers it talks to.

pub(crate) mod auth;
pub(crate) mod http;
pub(crate) mod provider;
