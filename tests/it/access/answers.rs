//! One repository at a time: each state of an account and of its token has a row, its reason and its exit status.

use super::{access_as, assert_no_trace, gated_hub, model};
use crate::sandbox::Sandbox;
use crate::support::{Access, Account, Gate, Hub};
use snapbox::str;

#[test]
fn an_account_that_never_asked_is_sent_to_the_page_with_the_terms() {
    let hub = gated_hub();
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["org/model"]).status(4).stdout(str![[r#"
REPOSITORY  GATE    ACCESS         TOKEN
org/model   manual  not requested  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: `bob`
  token: `bob-token`, role read
  gated repositories: may be read

access to `org/model` is gated and this account has not asked for it
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted and you are not in the authorized list. Visit https://huggingface.co/org/model to ask for access.
  hint: accept the terms at https://huggingface.co/org/model and run the same command again
  hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]).run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/org/model/auth-check 403
GET hub /api/models/org/model/revision/main 200
GET hub /api/whoami-v2 200

"#]]
    );
    assert_no_trace(&sandbox);
}

#[test]
fn a_granted_access_is_one_row() {
    let hub = gated_hub().access("bob", "org/model", Access::Granted);
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["org/model"])
        .stdout(str![[r#"
REPOSITORY  GATE    ACCESS   TOKEN
org/model   manual  granted  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: `bob`
  token: `bob-token`, role read
  gated repositories: may be read

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_pending_request_says_how_to_wait_for_its_end() {
    let hub = gated_hub().access("bob", "org/model", Access::Pending);
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["org/model"])
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
}

#[test]
fn a_rejected_request_and_a_reset_one_are_told_apart() {
    let hub = gated_hub().access("bob", "org/model", Access::Rejected);
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["org/model"])
        .status(4)
        .stdout(str![[r#"
REPOSITORY  GATE    ACCESS    TOKEN
org/model   manual  rejected  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: `bob`
  token: `bob-token`, role read
  gated repositories: may be read

access to `org/model` is gated and the request of this account was rejected
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Your request to access model org/model has been rejected by the repo's authors.
  hint: a rejected request cannot be repeated; only the owners can help: https://huggingface.co/org/model/discussions
  hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]])
        .run();
    hub.set_access("bob", "org/model", Access::Reset);
    access_as(&sandbox, "bob", &["org/model"]).status(4).stdout(str![[r#"
REPOSITORY  GATE    ACCESS  TOKEN
org/model   manual  reset   HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: `bob`
  token: `bob-token`, role read
  gated repositories: may be read

access to `org/model` is gated and was reset: it must be asked for again
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Your request to access model org/model has been reset by the repo's authors. Visit https://huggingface.co/org/model to submit a new request.
  hint: ask again at https://huggingface.co/org/model and run the same command again
  hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]).run();
}

#[test]
fn a_private_model_opens_to_its_readers_and_looks_missing_to_others() {
    let private = model("acme/secret", Gate::Open).private();
    let hub = Hub::start(vec![private, model("acme/secrets", Gate::Open)])
        .account(Account::new("bob").in_organization("acme"))
        .account(Account::new("carol").in_organization("other"));
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["acme/secret"])
        .stdout(str![[r#"
REPOSITORY   GATE     ACCESS   TOKEN
acme/secret  private  granted  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: `bob` (organizations: acme)
  token: `bob-token`, role read
  gated repositories: may be read

"#]])
        .run();
    hub.take_log();
    access_as(&sandbox, "carol", &["acme/secret"])
        .status(5)
        .stdout(str![[r#"
REPOSITORY   GATE  ACCESS                TOKEN
acme/secret  ?     not found or private  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: `carol` (organizations: other)
  token: `carol-token`, role read
  gated repositories: may be read

`acme/secret` does not exist, or is private and this token may not see it
  caused by: 404 Not Found for [HUB]/api/models/acme/secret/revision/main (request id [ID])
  server says: Repository not found
  hint: near names: `acme/secrets`
  hint: the token came from HF_TOKEN (account `carol`); `gatedl auth status` shows the others

"#]])
        .run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/datasets/acme/secret 404
GET hub /api/models/acme/secret/revision/main 404
GET hub /api/models?author=acme&limit=200 200
GET hub /api/spaces/acme/secret 404
GET hub /api/whoami-v2 200

"#]]
    );
}

#[test]
fn a_program_gets_one_document_with_everything() {
    let hub = gated_hub().access("bob", "org/model", Access::Pending);
    let sandbox = Sandbox::new(&hub);
    let run = access_as(&sandbox, "bob", &["org/model", "--json"]).status(4).stdout(str![[r#"
{"version":1,"status":4,"tokens":[{"provider":"hf","source":"HF_TOKEN","host":"[HUB]","account":{"name":"bob","organizations":[],"standing":null,"token":{"name":"bob-token","role":"read","expires":null,"reads_gated":true,"scopes":[]}},"problem":null}],"repos":[{"reference":"org/model","provider":"hf","repo":"org/model","repo_type":"model","revision":"main","commit":"27d37d92c9096b0ee8adcaba6a5096b8fd8450e2","gate":"manual","granted":false,"token":0,"error":{"kind":"pending","message":"access to `org/model` is gated and the request of this account awaits a review","causes":["403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])"],"server_message":"Your request to access model org/model is awaiting a review from the repo authors.","url":"https://huggingface.co/org/model","status":4,"hints":["the owners decide; https://huggingface.co/org/model shows the state","`gatedl access --wait 24h org/model && gatedl pull org/model` pulls it once they have let you in","the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others"]}}]}

"#]]).run();
    let document = run.json();
    assert!(document["version"].is_u64() && document["status"].is_u64() && document["repos"][0]["token"].is_u64());
    hub.set_access("bob", "org/model", Access::Granted);
    access_as(&sandbox, "bob", &["org/model", "--json"]).stdout(str![[r#"
{"version":1,"status":0,"tokens":[{"provider":"hf","source":"HF_TOKEN","host":"[HUB]","account":{"name":"bob","organizations":[],"standing":null,"token":{"name":"bob-token","role":"read","expires":null,"reads_gated":true,"scopes":[]}},"problem":null}],"repos":[{"reference":"org/model","provider":"hf","repo":"org/model","repo_type":"model","revision":"main","commit":"27d37d92c9096b0ee8adcaba6a5096b8fd8450e2","gate":"manual","granted":true,"token":0,"error":null}]}

"#]]).run();
}

#[test]
fn an_unknown_revision_is_not_a_matter_of_access() {
    let hub = gated_hub().access("bob", "org/model", Access::Granted);
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["org/model@nope"])
        .status(5)
        .stdout(str![[r#"
REPOSITORY      GATE  ACCESS            TOKEN
org/model@nope  ?     revision missing  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: `bob`
  token: `bob-token`, role read
  gated repositories: may be read

`org/model` has no revision `nope`
  caused by: 404 Not Found for [HUB]/api/models/org/model/revision/nope (request id [ID])
  server says: Invalid rev id: nope
  hint: see the branches and tags at https://huggingface.co/org/model

"#]])
        .run();
}
