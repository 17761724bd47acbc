//! CivitAI, as its users meet it: numbers, files that share a name, links that expire, and every way in which it says no.

mod changes;
mod choice;
mod doors;
mod expected;
mod keys;
mod links;
mod records;
mod references;
mod sites;
mod trouble;

use crate::sandbox::{Run, Sandbox};
use crate::support::civitai::{CivitAi, Door, File, Model, Version};
use crate::support::{Account, generated, key_of};

const WEIGHTS: usize = 300_000;

fn weights() -> File {
    File::new(12, "pony.safetensors", generated(1, WEIGHTS)).primary()
}

/// Model 257749 with version 290640, whose one file is behind a door.
fn behind(door: Door) -> CivitAi {
    let version = Version::new(290_640, "v6").door(door).file(weights());
    site(Model::new(257_749, "Pony", "Checkpoint").version(version))
}

fn site(model: Model) -> CivitAi {
    CivitAi::start(vec![model]).account(Account::new("bob"))
}

/// `gatedl pull REFERENCE` with the key of bob.
fn pull(sandbox: &Sandbox, reference: &str) -> Run {
    sandbox.args(["pull", reference]).env("CA_API_KEY", key_of("bob"))
}

/// What a pull that was refused may leave behind: nothing at all.
#[track_caller]
fn assert_no_trace(sandbox: &Sandbox) {
    for folder in ["home", "cache", "config", "data", "state", "run", "tmp", "desk"] {
        assert_eq!(sandbox.tree(folder), "", "a refused pull left something in {folder}");
    }
}
