//! `--wait`: until every gate is open, one is closed for good, or the time is up. The first pauses are two and three
//! seconds, which is what these tests take.

use super::{access_as, gated_hub, model};
use crate::sandbox::Sandbox;
use crate::support::{Access, Account, At, Fault, Gate, Hub, Times};
use snapbox::str;

#[test]
fn a_request_that_is_granted_ends_the_wait() {
    let hub = gated_hub().access("bob", "org/model", Access::GrantedAfter(1));
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["--wait", "24h", "org/model"])
        .stdout(str![[r#"
REPOSITORY  GATE    ACCESS   TOKEN
org/model   manual  granted  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: `bob`
  token: `bob-token`, role read
  gated repositories: may be read

"#]])
        .stderr(str![[r#"
waiting for access to `org/model`, for 24 h 0 m at most

"#]])
        .run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/org/model/auth-check 200
GET hub /api/models/org/model/auth-check 403
GET hub /api/models/org/model/revision/main 200
GET hub /api/whoami-v2 200

"#]]
    );
}

#[test]
fn only_closed_gates_are_asked_again_and_a_change_is_said() {
    let hub = Hub::start(
        ["org/a", "org/b", "org/open"]
            .map(|id| model(id, if id == "org/open" { Gate::Open } else { Gate::Auto }))
            .into(),
    )
    .account(Account::new("bob"))
    .access("bob", "org/a", Access::GrantedAfter(1))
    .access("bob", "org/b", Access::GrantedAfter(2));
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["--wait", "1h", "org/a", "org/open", "org/b"])
        .any_stdout()
        .stderr(str![[r#"
waiting for access to `org/a` and 1 more, for 1 h 0 m at most
waiting for access to `org/b`, for 59 m [TIME] at most

"#]])
        .run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/org/a/auth-check 200
GET hub /api/models/org/a/auth-check 403
GET hub /api/models/org/a/revision/main 200
GET hub /api/models/org/b/auth-check 200
GET hub /api/models/org/b/auth-check 403
GET hub /api/models/org/b/auth-check 403
GET hub /api/models/org/b/revision/main 200
GET hub /api/models/org/open/revision/main 200
GET hub /api/whoami-v2 200

"#]]
    );
}

#[test]
fn time_that_is_up_ends_with_the_state_of_the_gate() {
    let hub = gated_hub().access("bob", "org/model", Access::Pending);
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["--wait", "1", "--quiet", "org/model"])
        .status(4)
        .stdout(str![[r#"
REPOSITORY  GATE    ACCESS   TOKEN
org/model   manual  pending  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: `bob`
  token: `bob-token`, role read
  gated repositories: may be read

access to `org/model` is gated and the request of this account awaits a review
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Your request to access model org/model is awaiting a review from the repo authors.
  hint: the owners decide; https://huggingface.co/org/model shows the state
  hint: `gatedl access --wait 24h org/model && gatedl pull org/model` pulls it once they have let you in
  hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]])
        .run();
    assert_eq!(hub.requests().iter().filter(|request| request.target.contains("auth-check")).count(), 2);
}

#[test]
fn what_waiting_does_not_mend_ends_it_at_once() {
    let hub = gated_hub()
        .account(Account::new("carol").expired())
        .account(Account::new("dave").without_gated_permission())
        .access("bob", "org/model", Access::Rejected);
    let sandbox = Sandbox::new(&hub);
    for (account, reference, status) in
        [("bob", "org/model", 4), ("carol", "org/model", 3), ("dave", "org/model", 4), ("bob", "org/none", 5)]
    {
        let run = access_as(&sandbox, account, &["--wait", "24h", reference]).status(status).any_stdout();
        run.any_stderr().run();
    }
    sandbox.args(["access", "--wait", "24h", "org/model"]).status(3).any_stdout().run();
    // one that is closed for good ends it for the others too
    hub.set_access("eve", "org/model", Access::Pending);
    assert!(hub.requests().iter().filter(|request| request.target.contains("auth-check")).count() <= 5);
}

#[test]
fn a_rejection_in_the_middle_ends_the_wait() {
    let hub = gated_hub().access("bob", "org/model", Access::Pending);
    let sandbox = Sandbox::new(&hub);
    let process = access_as(&sandbox, "bob", &["--wait", "24h", "org/model"]).spawn();
    hub.until("it has asked", |requests| requests.iter().any(|request| request.target.contains("auth-check")));
    hub.set_access("bob", "org/model", Access::Rejected);
    let finished = process.wait();
    assert_eq!(finished.status, 4, "{}", finished.stdout);
    assert!(finished.stdout.contains("was rejected"), "{}", finished.stdout);
}

#[test]
fn a_server_that_asks_for_a_pause_gets_it() {
    let hub = gated_hub().access("bob", "org/model", Access::GrantedAfter(1));
    let sandbox = Sandbox::new(&hub);
    let process = access_as(&sandbox, "bob", &["--wait", "24h", "org/model"]).spawn();
    hub.until("it has asked", |requests| requests.iter().any(|request| request.target.contains("auth-check")));
    hub.fault(At::api("auth-check"), Fault::RateLimited { retry_after: Some(2), reset: None }, Times::Next(1));
    let finished = process.wait();
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    assert!(finished.stderr.contains("rate limited"), "{}", finished.stderr);
    let asked: Vec<u16> = hub
        .requests()
        .iter()
        .filter(|request| request.target.contains("auth-check"))
        .map(|request| request.status)
        .collect();
    assert_eq!(asked, [403, 429, 200]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_wait() {
    let hub = gated_hub().access("bob", "org/model", Access::Pending);
    let sandbox = Sandbox::new(&hub);
    let process = access_as(&sandbox, "bob", &["--wait", "24h", "org/model"]).spawn();
    crate::support::until("it says what it waits for", || process.stderr().contains("waiting for access"));
    process.interrupt();
    let finished = process.wait();
    assert_eq!((finished.status, finished.stdout.as_str()), (130, ""));
    snapbox::assert_data_eq!(
        sandbox.redact(&finished.stderr),
        str![[r#"
waiting for access to `org/model`, for 24 h 0 m at most
error: interrupted

"#]]
    );
}
