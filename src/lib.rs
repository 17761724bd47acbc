//! gatedl: download gated models. The right token goes to the right host only, only verified bytes get a name, and no
//! work is lost.
//!
//! # The rooms, by rank
//!
//! A module imports strictly lower ranks and its own children; a test reads the `use` lines and holds it.
//!
//! | rank | rooms | know |
//! |---|---|---|
//! | 9 | [`cli`] | clap, the terminal, signals, exit codes |
//! | 8 | [`vix`] | the models of a Visionatrix worker, one pull each |
//! | 7 | [`pull`], [`access`], [`doctor`] | the use cases, one page each |
//! | 6 | [`session`] | one run: one client, each credential found once, providers asked, refusals explained |
//! | 5 | [`error`] | everything that can end a pull, with hints and exit status |
//! | 4 | [`auth`] | where tokens are found, or exchanged for a CI job's identity |
//! | 4 | [`provider`], [`fetch`] | what a hub answers; how bytes arrive. Neither knows the other |
//! | 3 | [`http`], [`cache`] | one client, redirects by hand; the disk. Neither knows the other |
//! | 2 | [`archive`] | unpacking what was verified |
//! | 2 | [`settings`] | every knob, resolved once |
//! | 2 | [`comfyui`], [`transformers_js`] | the folders of an application |
//! | 1 | [`repo`], [`mod@reference`], [`endpoint`], [`credential`], [`digest`], [`manifest`], [`pattern`], [`weights`], [`report`], [`text`], [`mod@env`] | the words; no I/O but [`mod@env`]'s capture |
//! | 1 | [`mod@catalog`], [`flow`] | what a Visionatrix worker is told; no I/O |
//! | 1 | [`mod@regular_file`] | reading a small file that may be none |
//!
//! # How a pull flows
//!
//! `cli` turns arguments into a [`pull::Request`] and [`settings::Settings`], and those into a [`session::Session`].
//! [`pull::prepare`] asks whether all is here already; else the session opens a connection with the credential that
//! [`auth`] finds, bound to the endpoint of its provider; [`provider`] turns the revision into a commit and that into a
//! [`manifest::Listing`]; [`fetch::Plan`] looks at what [`cache`] holds. [`pull::transfer`] lets [`fetch::fetch`] stream what is missing
//! of one pull or many into partial files, which [`cache`] verifies and publishes; [`pull::settle`] writes the ref, last.
//! [`vix`] prepares each model of a catalog and transfers them together; [`access`] and [`doctor`] stop at the answers.
//!
//! The three promises have an address each: [`credential::Credential::secret_for`], [`cache::Partial::verify`], and the
//! journal beside each partial file.

pub mod access;
pub mod archive;
pub mod auth;
pub mod cache;
pub mod catalog;
pub mod cli;
pub mod comfyui;
pub mod credential;
pub mod digest;
pub mod doctor;
pub mod endpoint;
pub mod env;
pub mod error;
pub mod fetch;
pub mod flow;
pub mod http;
pub mod manifest;
pub mod pattern;
pub mod provider;
pub mod pull;
pub mod reference;
pub mod regular_file;
pub mod repo;
pub mod report;
pub mod session;
pub mod settings;
pub mod text;
pub mod transformers_js;
pub mod vix;
pub mod weights;
