//! A hub on loopback that speaks the protocol of huggingface.co and misbehaves on purpose.
//!
//! ```text
//! hub        what a test holds: start, change, count; fails the test when it is dropped
//! server     listeners → request → route → faults → answer → wire
//! api tree resolve cdn   the routes;  state, refusal, options: what they know and say
//! repository content account   what a test describes
//! fault mischief   what goes wrong, as data, and how it is done to an answer
//! record canary    what was asked, and the word no leak can hide
//! civitai    a CivitAI, with the same accounts, record and canary
//! ```
//!
//! It compiles into the integration tests and into examples; whatever needs the built binary is in `crate::sandbox`.

#![allow(dead_code, reason = "each test binary and example uses its own part of this")]

pub mod account;
mod answer;
mod api;
pub mod canary;
mod cdn;
pub mod civitai;
pub mod content;
pub mod control;
pub mod digest;
pub mod fault;
mod gzip;
pub mod hostile;
mod hub;
pub mod kind;
mod mischief;
pub mod oauth;
pub mod options;
pub mod patience;
pub mod record;
mod refusal;
pub mod repository;
mod request;
mod resolve;
mod server;
mod state;
mod tree;
mod wire;

#[allow(unused_imports, reason = "as above: the short way to the words of a test")]
pub use {
    account::{Access, Account, Role},
    canary::{CANARY, key_of, token_of},
    civitai::CivitAi,
    content::generated,
    fault::{At, Fault, Target, Times},
    hub::Hub,
    kind::{Gate, Kind},
    options::{LinkBinding, TreeRoute},
    patience::until,
    record::{Origin, Place, Recorded},
    repository::Repository,
};
