//! What the site and its storage do with each request: it is recorded, answered, and searched for a key that is astray.

use super::super::answer::Answer;
use super::super::canary;
use super::super::record::{Origin, Record, Recorded};
use super::super::request::Request;
use super::super::server::Site;
use super::{State, site, storage};
use crate::support::account::Caller;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

impl Site for State {
    fn decide(&mut self, request: &Request) -> (Answer, Arc<AtomicU64>) {
        decide(self, request)
    }

    fn record(&mut self) -> &mut Record {
        &mut self.record
    }

    fn connected(&mut self, origin: Origin, came: bool) {
        if origin != Origin::Cdn {
            return;
        }
        let (now, most) = self.connections;
        let now = if came { now + 1 } else { now - 1 };
        self.connections = (now, most.max(now));
    }
}

fn decide(state: &mut State, request: &Request) -> (Answer, Arc<AtomicU64>) {
    look_for_leaks(state, request);
    let caller = Caller::from_authorization(request.header("authorization"), &state.accounts);
    let mut recorded = Recorded::new(request.origin, &request.method, &request.target);
    recorded.range = request.header("range").map(str::to_owned);
    recorded.token = caller.label();
    let sent = recorded.counter();
    let number = state.record.arrive(recorded);
    let mut answer = match request.origin {
        Origin::Hub => site::answer(state, request, &caller, number),
        Origin::Cdn | Origin::Foreign => storage::answer(state, request),
    };
    answer.settle(request);
    if let Some(recorded) = state.record.newest() {
        recorded.place = answer.place;
        recorded.file.clone_from(&answer.file);
        recorded.status = answer.status;
    }
    (answer, sent)
}

fn look_for_leaks(state: &mut State, request: &Request) {
    if request.origin != Origin::Hub {
        state.record.look_for_leak(request.origin, &request.head());
    } else if canary::is_in(&request.target) {
        state.record.look_for_leak(request.origin, &request.target);
    }
    let agent = request.header("user-agent").unwrap_or_default().to_lowercase();
    if ["mozilla", "chrome", "safari", "firefox", "opera", "edge"].iter().any(|word| agent.contains(word)) {
        state.browsers.push(agent);
    }
}
