//! The same refusals as one JSON document, and the gate in a plan; what explaining a refusal costs.

use super::{assert_no_trace, gated_hub, model, pull_as};
use crate::sandbox::Sandbox;
use crate::support::{Access, Account, At, Fault, Gate, Hub, Times, token_of};
use snapbox::str;

#[test]
fn a_refusal_is_one_json_document_with_everything_a_program_needs() {
    let hub = gated_hub();
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model").args(["--json"]).status(4).stdout(str![[r#"
{"version":1,"error":{"kind":"not_requested","message":"access to `org/model` is gated and this account has not asked for it","causes":["403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])"],"server_message":"Access to model org/model is restricted and you are not in the authorized list. Visit https://huggingface.co/org/model to ask for access.","url":"https://huggingface.co/org/model","status":4,"hints":["accept the terms at https://huggingface.co/org/model and run the same command again","the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others"]}}

"#]]).stderr(str![[r#"
error: access to `org/model` is gated and this account has not asked for it
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted and you are not in the authorized list. Visit https://huggingface.co/org/model to ask for access.
hint: accept the terms at https://huggingface.co/org/model and run the same command again
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]).run();
    assert_no_trace(&sandbox);
}

#[test]
fn every_state_of_the_gate_has_its_own_kind_for_programs() {
    let hub = gated_hub();
    let sandbox = Sandbox::new(&hub);
    for (access, kind) in [
        (Access::NeverAsked, "not_requested"),
        (Access::Pending, "pending"),
        (Access::Rejected, "rejected"),
        (Access::Reset, "reset"),
    ] {
        hub.set_access("bob", "org/model", access);
        let run = pull_as(&sandbox, "bob", "org/model").args(["--output", "json"]);
        let document = run.status(4).any_stdout().any_stderr().run().json();
        assert_eq!((document["error"]["kind"].as_str(), document["error"]["status"].as_u64()), (Some(kind), Some(4)));
        assert_eq!(document["error"]["url"], "https://huggingface.co/org/model");
    }
    let document = sandbox.args(["pull", "org/model", "--json"]).status(3).any_stdout().any_stderr().run().json();
    assert_eq!((document["error"]["kind"].as_str(), document["error"]["status"].as_u64()), (Some("no_token"), Some(3)));
}

#[test]
fn whoami_is_asked_once_and_only_to_explain_a_refusal() {
    let hub = gated_hub();
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model").status(4).any_stderr().run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/org/model/auth-check 403
GET hub /api/models/org/model/revision/main 200
GET hub /api/whoami-v2 200

"#]]
    );

    hub.set_access("bob", "org/model", Access::Granted);
    pull_as(&sandbox, "bob", "org/model").any_stdout().any_stderr().run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET cdn model.safetensors 200
GET hub /api/models/org/model/auth-check 200
GET hub /api/models/org/model/revision/main 200
GET hub /api/models/org/model/tree/4958bad336d4c22fd01873caa52febccb5abb091?recursive=true&expand=false 200
GET hub /org/model/resolve/4958bad336d4c22fd01873caa52febccb5abb091/config.json 200
GET hub /org/model/resolve/4958bad336d4c22fd01873caa52febccb5abb091/model.safetensors 302

"#]]
    );

    sandbox.args(["pull", "datasets/org/corpus"]).status(3).any_stderr().run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/datasets/org/corpus/auth-check 401
GET hub /api/datasets/org/corpus/revision/main 200

"#]]
    );
}

#[test]
fn whoami_that_is_refused_leaves_the_account_out() {
    let hub = gated_hub();
    hub.fault(At::api("whoami"), Fault::Status(500), Times::Always);
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model").status(4).stderr(str![[r#"
error: access to `org/model` is gated and this account has not asked for it
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted and you are not in the authorized list. Visit https://huggingface.co/org/model to ask for access.
hint: accept the terms at https://huggingface.co/org/model and run the same command again
hint: the token came from HF_TOKEN; `gatedl auth status` shows the others

"#]]).run();
    let asked = hub.requests().iter().filter(|request| request.target.contains("whoami")).count();
    assert_eq!(asked, 1);
}

#[test]
fn a_dry_run_shows_a_closed_gate_and_writes_nothing() {
    let hub = gated_hub().access("bob", "org/model", Access::Pending);
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model")
        .args(["--dry-run"])
        .stdout(str![[r#"
org/model@main is commit 4958bad336d4c22fd01873caa52febccb5abb091
gate: gated (the owners decide), access refused
  access to `org/model` is gated and the request of this account awaits a review
  server says: Your request to access model org/model is awaiting a review from the repo authors.
  hint: the owners decide; https://huggingface.co/org/model shows the state
  hint: `gatedl access --wait 24h org/model && gatedl pull org/model` pulls it once they have let you in
  hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others
   fetch        14 B  config.json
   fetch    20.00 kB  model.safetensors
2 files, 20.01 kB; 20.01 kB to fetch

"#]])
        .run();
    pull_as(&sandbox, "bob", "org/model").args(["--dry-run", "--json"]).stdout(str![[r#"
{"version":1,"provider":"hf","repo":"org/model","repo_type":"model","revision":"main","commit":"4958bad336d4c22fd01873caa52febccb5abb091","path":"[ROOT]/cache/huggingface/hub/models--org--model/snapshots/4958bad336d4c22fd01873caa52febccb5abb091","bytes_fetched":0,"seconds":[SECONDS],"files":[{"path":"config.json","size":14,"digest":"git-sha1:70c7e957c13decd9e2629de84619bbbf2e3b9def","state":"fetch"},{"path":"model.safetensors","size":20000,"digest":null,"state":"fetch"}],"dry_run":true,"bytes_to_fetch":20014,"gate":{"kind":"manual","access":"refused","error":{"kind":"pending","message":"access to `org/model` is gated and the request of this account awaits a review","causes":["403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])"],"server_message":"Your request to access model org/model is awaiting a review from the repo authors.","url":"https://huggingface.co/org/model","status":4,"hints":["the owners decide; https://huggingface.co/org/model shows the state","`gatedl access --wait 24h org/model && gatedl pull org/model` pulls it once they have let you in","the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others"]}}}

"#]]).run();
    sandbox
        .args(["pull", "--dry-run", "org/model"])
        .stdout(str![[r#"
org/model@main is commit 4958bad336d4c22fd01873caa52febccb5abb091
gate: gated (the owners decide), access refused
  access to `org/model` is gated and no token was sent
  server says: Access to model org/model is restricted. You must have access to it and be authenticated to access it. Please log in.
  hint: accept the terms at https://huggingface.co/org/model with your account
  hint: store a token of that account (https://huggingface.co/settings/tokens/new?canReadGatedRepos=true&tokenType=fineGrained) with `gatedl auth login hf`, or set HF_TOKEN, and run the same command again
   fetch        14 B  config.json
   fetch    20.00 kB  model.safetensors
2 files, 20.01 kB; 20.01 kB to fetch

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_dry_run_shows_an_open_gate_and_writes_nothing() {
    let hub = gated_hub().access("bob", "org/model", Access::Granted);
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model")
        .args(["--dry-run"])
        .stdout(str![[r#"
org/model@main is commit 4958bad336d4c22fd01873caa52febccb5abb091
gate: gated (the owners decide), access granted
   fetch        14 B  config.json
   fetch    20.00 kB  model.safetensors
2 files, 20.01 kB; 20.01 kB to fetch

"#]])
        .run();
    pull_as(&sandbox, "bob", "org/model").args(["--dry-run", "--json"]).stdout(str![[r#"
{"version":1,"provider":"hf","repo":"org/model","repo_type":"model","revision":"main","commit":"4958bad336d4c22fd01873caa52febccb5abb091","path":"[ROOT]/cache/huggingface/hub/models--org--model/snapshots/4958bad336d4c22fd01873caa52febccb5abb091","bytes_fetched":0,"seconds":[SECONDS],"files":[{"path":"config.json","size":14,"digest":"git-sha1:70c7e957c13decd9e2629de84619bbbf2e3b9def","state":"fetch"},{"path":"model.safetensors","size":20000,"digest":"sha256:c908bb71592c2fbf8127cb37ad7cdc557cd3602494d16cbf2114b2b102c06055","state":"fetch"}],"dry_run":true,"bytes_to_fetch":20014,"gate":{"kind":"manual","access":"granted"}}

"#]]).run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_dry_run_of_a_public_model_says_that_it_is_public() {
    let hub = Hub::start(vec![model(Gate::Open)]);
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "--dry-run", "org/model"])
        .stdout(str![[r#"
org/model@main is commit 4958bad336d4c22fd01873caa52febccb5abb091
gate: none, it is public
   fetch        14 B  config.json
   fetch    20.00 kB  model.safetensors
2 files, 20.01 kB; 20.01 kB to fetch

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_dry_run_of_a_private_model_says_so() {
    let hub = Hub::start(vec![model(Gate::Open).private().readable_by("bob")]).account(Account::new("bob"));
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "--dry-run", "org/model"])
        .env("HF_TOKEN", token_of("bob"))
        .stdout(str![[r#"
org/model@main is commit 4958bad336d4c22fd01873caa52febccb5abb091
gate: private, access granted
   fetch        14 B  config.json
   fetch    20.00 kB  model.safetensors
2 files, 20.01 kB; 20.01 kB to fetch

"#]])
        .run();
    assert_no_trace(&sandbox);
}
