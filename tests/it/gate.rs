//! Closed gates, as a user meets them: every row of the hub's table of errors has its own text, its own way out and the
//! exit status that scripts branch on.

mod accounts;
mod elsewhere;
mod looks;
mod names;
mod trouble;

use crate::sandbox::{Run, Sandbox};
use crate::support::{Account, Gate, Hub, Repository, generated, token_of};

const WEIGHTS: usize = 20_000;

fn model(gate: Gate) -> Repository {
    Repository::model("org/model")
        .gated(gate)
        .file("config.json", "{\"layers\": 2}\n")
        .lfs("model.safetensors", generated(1, WEIGHTS))
}

fn dataset(gate: Gate) -> Repository {
    Repository::dataset("org/corpus").gated(gate).lfs("train.parquet", generated(2, WEIGHTS))
}

/// A hub with a gated model, a gated dataset, and `bob`, who has asked for nothing yet.
fn gated_hub() -> Hub {
    Hub::start(vec![model(Gate::Manual), dataset(Gate::Auto)]).account(Account::new("bob"))
}

/// `gatedl pull REFERENCE` with the token of `account` in `HF_TOKEN`.
fn pull_as(sandbox: &Sandbox, account: &str, reference: &str) -> Run {
    sandbox.args(["pull", reference]).env("HF_TOKEN", token_of(account))
}

/// What a denied pull may leave behind: nothing at all.
#[track_caller]
fn assert_no_trace(sandbox: &Sandbox) {
    for folder in ["home", "cache", "config", "data", "state", "run", "tmp", "desk"] {
        assert_eq!(sandbox.tree(folder), "", "a denied pull left something in {folder}");
    }
}
