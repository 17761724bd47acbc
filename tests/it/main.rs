//! The integration tests: one binary, the real program, a hub on loopback.

mod hub_is_faithful;
mod sandbox;
mod support;
