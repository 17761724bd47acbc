//! `gatedl auth`: what is stored where, which token is used, and what is said about it.

mod status;

use crate::sandbox::{Run, Sandbox};
use crate::support::{Account, Hub, Repository};

/// A hub with these accounts; it is asked about nothing but them.
fn hub_of(accounts: impl IntoIterator<Item = Account>) -> Hub {
    let hub = Hub::start(vec![Repository::model("org/model").file("config.json", "{}")]);
    accounts.into_iter().fold(hub, Hub::account)
}

fn auth(sandbox: &Sandbox, args: &[&str]) -> Run {
    sandbox.args(["auth"]).args(args)
}
