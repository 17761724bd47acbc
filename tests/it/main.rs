//! The integration tests: one binary, the real program, a hub on loopback.

#![allow(unreachable_pub, reason = "a program has no outside: here `pub` says what other modules may use")]
#![allow(clippy::disallowed_methods, reason = "tests make environments for the program and are not the program")]

mod hub_is_faithful;
mod hub_watches;
mod raw_http;
mod sandbox;
mod support;
