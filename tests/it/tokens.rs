//! Promise 1: a token goes only where it belongs. Which one is sent is seen at the hub, which knows the account of each.

mod config;
mod places;
mod shapes;
mod travel;

use crate::sandbox::{Run, Sandbox};
use crate::support::{Account, Hub, Origin, Repository};
use std::collections::BTreeSet;

/// A hub with a public model and these accounts.
fn hub_of(accounts: &[&str]) -> Hub {
    let model = |id| Repository::model(id).file("config.json", "{}");
    let hub = Hub::start(vec![model("org/model"), model("acme/model"), model("acme/special")]);
    accounts.iter().fold(hub, |hub, name| hub.account(Account::new(name)))
}

/// A run that asks the hub and writes nothing.
fn ask(sandbox: &Sandbox) -> Run {
    sandbox.args(["pull", "--dry-run", "org/model"]).any_stdout()
}

/// Whose token the requests to the hub since the last look carried; `None` among them is a request without one.
fn senders(hub: &Hub) -> BTreeSet<Option<String>> {
    hub.take_requests()
        .into_iter()
        .filter(|request| request.origin == Origin::Hub)
        .map(|request| request.token)
        .collect()
}

#[track_caller]
fn assert_sent(hub: &Hub, account: &str) {
    assert_eq!(senders(hub), BTreeSet::from([Some(account.to_owned())]));
}

#[track_caller]
fn assert_nothing_sent(hub: &Hub) {
    assert_eq!(senders(hub), BTreeSet::from([None]));
}
