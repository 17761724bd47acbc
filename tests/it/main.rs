//! The integration tests: one binary, the real program, a hub on loopback.

#![allow(unreachable_pub, reason = "a test crate has no outside: `pub` tells what a module offers")]
#![allow(clippy::disallowed_methods, reason = "tests make environments for the program and are not the program")]
#![cfg_attr(not(target_os = "linux"), allow(unused, reason = "some tests are about what only Linux or Unix has"))]
#![allow(clippy::needless_raw_string_hashes, reason = "snapbox writes every snapshot with them")]

mod access;
mod auth;
mod batch;
mod boinc_ai;
mod cache;
mod cache_layout;
mod civitai;
mod connections;
mod doctor;
mod faults;
mod forward;
mod gate;
mod hub_is_faithful;
mod hub_watches;
mod in_cache;
mod into;
#[cfg(unix)]
mod limits;
mod listing;
mod listing_of_mirrors;
mod local_dir;
mod names;
mod ndjson;
mod network;
#[cfg(unix)]
mod no_files;
mod output;
#[cfg(unix)]
mod pasted;
#[cfg(target_os = "linux")]
mod power_cut;
mod processes;
mod providers;
mod ranks;
mod raw_http;
mod references;
mod requests;
mod resume;
mod sandbox;
mod secrets;
mod selection;
#[cfg(target_os = "linux")]
mod stopped;
mod support;
mod tokens;
mod verified;
mod verify;
mod vix;
mod weights;
#[cfg(unix)]
mod writers;
