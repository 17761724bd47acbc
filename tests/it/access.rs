//! `gatedl access`: every row of the table of refusals before anything is written, at two questions for each repository
//! and one for each token.

mod answers;
mod civitai;
mod many;
mod mirrors;
#[cfg(unix)]
mod pages;
mod tokens;
mod waiting;

use crate::sandbox::{Run, Sandbox};
use crate::support::{Account, Gate, Hub, Repository, token_of};

fn model(id: &str, gate: Gate) -> Repository {
    Repository::model(id).gated(gate).file("config.json", "{\"layers\": 2}\n")
}

/// A hub with a gated model and `bob`, who has asked for nothing yet.
fn gated_hub() -> Hub {
    Hub::start(vec![model("org/model", Gate::Manual)]).account(Account::new("bob"))
}

/// `gatedl access REFERENCES…` with the token of `account` in `HF_TOKEN`.
fn access_as(sandbox: &Sandbox, account: &str, references: &[&str]) -> Run {
    sandbox.args(["access"]).args(references).env("HF_TOKEN", token_of(account))
}

/// What a question leaves behind: nothing at all.
#[track_caller]
fn assert_no_trace(sandbox: &Sandbox) {
    for folder in ["home", "cache", "config", "data", "state", "run", "tmp", "desk"] {
        assert_eq!(sandbox.tree(folder), "", "a question left something in {folder}");
    }
}
