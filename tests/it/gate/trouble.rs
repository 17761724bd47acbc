//! Rows 16 and 19: a hub that is too busy or broken. And text that a hostile owner or server could send.

use super::{assert_no_trace, gated_hub, model, pull_as};
use crate::sandbox::Sandbox;
use crate::support::hostile::HOSTILE_MESSAGE;
use crate::support::{Access, At, Fault, Gate, Hub, Times};
use snapbox::str;

#[test]
fn a_rate_limit_that_lasts_too_long_ends_with_what_the_server_says() {
    let hub = Hub::start(vec![model(Gate::Open)]);
    hub.fault(At::api("revision"), Fault::RateLimited { retry_after: Some(3_600), reset: None }, Times::Always);
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "org/model"])
        .status(7)
        .stderr(str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: 429 Too Many Requests for [HUB]/api/models/org/model/revision/main (request id [ID])
  server says: We had to rate limit you. To continue using our service, please log in or create a HF account.
hint: try again in 60 minutes; the limit is lowest without a token

"#]])
        .run();
    assert_no_trace(&sandbox);
    assert_eq!(hub.count_all(), 1, "a server that asks for an hour is not asked again");
}

#[test]
fn a_rate_limit_that_passes_is_waited_for() {
    let hub = Hub::start(vec![model(Gate::Open)]);
    hub.fault(At::api("revision"), Fault::RateLimited { retry_after: Some(0), reset: None }, Times::Next(1));
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "org/model", "config.json"])
        .stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--org--model/snapshots/4958bad336d4c22fd01873caa52febccb5abb091/config.json

"#]])
        .stderr(str![[r#"
org/model@main: 1 file verified, 14 B fetched in [TIME]

"#]])
        .run();
}

#[test]
fn a_gateway_that_stays_broken_ends_as_a_failure_of_the_server() {
    for status in [500, 502, 503, 504] {
        let hub = Hub::start(vec![model(Gate::Open)]);
        hub.fault(At::api("revision"), Fault::Status(status), Times::Always);
        let sandbox = Sandbox::new(&hub);
        let run = sandbox.args(["pull", "--timeout", "1ms", "org/model"]).status(7);
        if status == 503 {
            run.stderr(str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: 503 Service Unavailable for [HUB]/api/models/org/model/revision/main (request id [ID])
hint: the server is in trouble, your access is not the reason; try again later

"#]])
                .run();
        } else {
            run.any_stderr().run();
        }
        assert_no_trace(&sandbox);
    }
}

#[test]
fn a_broken_gateway_before_the_gate_is_not_taken_for_a_refusal() {
    let hub = gated_hub().access("bob", "org/model", Access::Granted);
    hub.fault(At::api("auth-check"), Fault::Status(502), Times::Always);
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model")
        .args(["--timeout", "1ms"])
        .status(7)
        .stderr(str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: 502 Bad Gateway for [HUB]/api/models/org/model/auth-check (request id [ID])
hint: the server is in trouble, your access is not the reason; try again later

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_server_that_nobody_runs_is_named_with_its_address() {
    let sandbox = Sandbox::without_hub();
    // port 9 is "discard": nothing listens there on a machine of this century
    let run = sandbox.args(["pull", "--timeout", "1ms", "org/model"]).env("HF_ENDPOINT", "http://127.0.0.1:9");
    run.status(7)
        .stderr(str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: could not connect: http://127.0.0.1:9/api/models/org/model/revision/main
  caused by: Connection refused (os error 111)
hint: `gatedl doctor` looks for the reason; `gatedl pull --offline` uses what is in the cache

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn escapes_in_a_refusal_never_reach_the_terminal() {
    let hub = gated_hub();
    hub.fault(At::api("auth-check"), Fault::Message { status: 403, text: HOSTILE_MESSAGE }, Times::Always);
    let sandbox = Sandbox::new(&hub);
    let finished = pull_as(&sandbox, "bob", "org/model")
        .status(4)
        .stderr(str![[r#"
error: access to `org/model` is gated
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: [2J]0;ownedAccess detnarg 31mnow error: forged line
hint: see https://huggingface.co/org/model
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]])
        .run();
    assert_harmless(&finished.stderr);
    assert!(!finished.stderr.lines().any(|line| line.starts_with("error: forged")), "{}", finished.stderr);

    let finished = pull_as(&sandbox, "bob", "org/model").args(["--json"]).status(4).any_stdout().any_stderr().run();
    assert_harmless(&finished.stdout);
    let message = finished.json()["error"]["server_message"].as_str().expect("a message").to_owned();
    assert_harmless(&message);
    assert_eq!(message, "[2J]0;ownedAccess detnarg 31mnow error: forged line");
}

#[test]
fn escapes_at_any_step_never_reach_the_terminal() {
    for needle in ["revision", "auth-check", "/tree/"] {
        for status in [401, 403, 404, 451, 500] {
            let hub = gated_hub().access("bob", "org/model", Access::Granted);
            hub.fault(At::api(needle), Fault::Message { status, text: HOSTILE_MESSAGE }, Times::Always);
            let sandbox = Sandbox::new(&hub);
            let process = pull_as(&sandbox, "bob", "org/model").args(["--verbose", "--timeout", "1ms"]).spawn();
            let finished = process.wait();
            assert_ne!(finished.status, 101, "{needle} {status}: {}", finished.stderr);
            assert_harmless(&finished.stderr);
            assert_harmless(&finished.stdout);
        }
    }
}

#[track_caller]
fn assert_harmless(text: &str) {
    let harmful = |character: &char| {
        (character.is_control() && *character != '\n')
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert_eq!(text.chars().find(harmful), None, "{text:?}");
}
