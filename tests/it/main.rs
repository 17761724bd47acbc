//! The integration tests: one binary, the real program, a hub on loopback.

#![allow(unreachable_pub, reason = "a program has no outside: here `pub` says what other modules may use")]

mod hub_is_faithful;
mod hub_watches;
mod raw_http;
mod sandbox;
mod support;
