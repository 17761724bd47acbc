//! gatedl: download gated models. The right token goes to the right host only, only verified bytes get a name, and no
//! work is lost.
//!
//! # The rooms, by rank
//!
//! A module imports strictly lower ranks and its own children; a test reads the `use` lines and holds it.
//!
//! | rank | rooms | know |
//! |---|---|---|
//! | 9 | [`cli`] | clap, the terminal, signals, exit codes; one folder a command |
//! | 8 | [`ops::vix`], [`ops::batch`], [`ops::verify`] | what takes pulls: the models of a Visionatrix worker; the lines of a list; mending what is damaged |
//! | 7 | [`ops::pull`], [`ops::access`], [`ops::doctor`], [`ops::cache`] | the use cases |
//! | 6 | [`session`] | one run: one client, each credential found once, providers asked, refusals explained |
//! | 5 | [`error`] | everything that can end a run, with hints and exit status |
//! | 4 | [`hub::auth`], [`hub::provider`] | where tokens are found; what a hub answers |
//! | 4 | [`fetch`] | how bytes arrive; not which provider it serves |
//! | 3 | [`hub::http`] | one client, redirects by hand |
//! | 3 | [`store`] | the disk: the cache, what stands in it, folders beside it, archives; not that a network exists |
//! | 2 | [`apps`] | what applications load, and from where |
//! | 1 | [`settings`] | every knob resolved once, and the world as it was captured |
//! | 0 | [`repo`], [`mod@reference`], [`endpoint`], [`credential`], [`digest`], [`event`], [`manifest`], [`pattern`], [`text`] | the words; no I/O |
//! | 0 | [`mod@regular_file`], [`file_thread`], [`lasting_task`] | reading a small file that may be none; threads for what blocks; tasks that outlive the run |
//! | 0 | [`system`] | where Linux, macOS and Windows differ |
//!
//! # How a pull flows
//!
//! `cli` turns arguments into an [`ops::pull::PullRequest`] and [`settings::Settings`], and those into a [`session::Session`].
//! [`ops::pull::prepare`] asks whether all is here already; else the session opens a connection with the credential that
//! [`hub::auth`] finds, bound to the endpoint of its provider; [`hub::provider`] turns the revision into a commit and that
//! into a [`manifest::Listing`]; [`fetch::Plan`] looks at what [`store::cache`] holds. [`ops::pull::transfer`] lets
//! [`fetch::fetch`] stream what is missing of one pull or many into partial files, which the cache verifies and publishes;
//! [`ops::pull::settle`] writes the ref, last.
//!
//! The three promises have an address each: [`credential::Credential::secret_for`], [`store::cache::Partial::verify`], and
//! the journal beside each partial file.

#![cfg_attr(
    all(test, not(target_os = "linux")),
    allow(unused, reason = "some tests are about what only Linux or Unix has")
)]

mod apps;
mod cli;
mod credential;
mod digest;
mod endpoint;
mod error;
mod event;
mod fetch;
mod file_thread;
mod hub;
mod lasting_task;
mod manifest;
mod ops;
mod pattern;
mod reference;
mod regular_file;
mod repo;
mod session;
mod settings;
mod store;
mod system;
mod text;

pub use cli::main;
pub use error::ExitStatus;
pub use settings::env::{Env, VARIABLES, Variable};
