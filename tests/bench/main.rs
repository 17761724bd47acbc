//! The bench: gatedl beside every peer found here, on the same files from the same servers in the same run.
//!
//! ```sh
//! cargo bench                        # everything, medians of 3, some ten minutes
//! cargo bench -- small resume        # the rows whose name holds one of these words
//! cargo bench -- --runs 1 --keep     # once; the folder stays
//! ```
//!
//! ```text
//! arguments machine place   what was asked for, and where it runs
//! files stage               what is downloaded, and the servers of one row
//! serve                     the hub, the file servers, the certificate
//! measure                   one client from start to end, and many of them in turns
//! clients rows report       who is compared, on what, and how it is told
//! ```
//!
//! Peers are `curl` with `openssl`, `aria2c`, `hf` (or the path in `BENCH_HF`), and `nginx` as the file server; each is
//! optional, and what is missing is said in the table. Nothing leaves loopback.

#![allow(unreachable_pub, reason = "a program has no outside: here `pub` says what other modules may use")]
#![allow(clippy::disallowed_methods, reason = "a program of its own, with its own command line and environment")]
#![allow(clippy::print_stderr, reason = "a run of minutes says where it is")]
#![cfg_attr(not(unix), allow(unused, reason = "only the notice below is left"))]

#[cfg(unix)]
mod arguments;
#[cfg(unix)]
mod bench;
#[cfg(unix)]
mod clients;
#[cfg(unix)]
mod files;
#[cfg(unix)]
mod machine;
#[cfg(unix)]
mod measure;
#[cfg(unix)]
mod place;
#[cfg(unix)]
mod report;
#[cfg(unix)]
mod rows;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod stage;

// The same bytes and hashes as in the tests; with paths, because this is another crate.
#[cfg(unix)]
#[allow(dead_code, reason = "the tests need more of it")]
#[path = "../it/support/content.rs"]
mod content;
#[cfg(unix)]
#[path = "../it/support/digest.rs"]
mod digest;

use std::process::ExitCode;

/// Whatever ends a row or the bench; it is only ever shown.
#[cfg(unix)]
type Problem = Box<dyn std::error::Error + Send + Sync>;

#[cfg(unix)]
fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let ended = match words.split_first() {
        Some((first, rest)) if first == measure::GUARD => measure::guard(rest),
        _ => bench::run(words),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("bench: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Its peers, its measures and its way to stop them are those of Unix.
#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("the bench runs on Unix only");
    ExitCode::SUCCESS
}
