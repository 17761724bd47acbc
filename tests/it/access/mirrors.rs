//! Servers that have no question about their gates: one real file is tried instead, and that is found out once.

use super::{access_as, gated_hub, model};
use crate::sandbox::Sandbox;
use crate::support::{Access, Account, At, Fault, Gate, Hub, Origin, Repository, Target, Times, token_of};
use snapbox::str;

#[test]
fn a_file_is_tried_where_there_is_no_question() {
    let hub = gated_hub().with(|options| options.has_auth_check = false);
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["org/model"]).status(4).stdout(str![[r#"
REPOSITORY  GATE    ACCESS         TOKEN
org/model   manual  not requested  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: `bob`
  token: `bob-token`, role read
  gated repositories: may be read

access to `org/model` is gated and this account has not asked for it
  caused by: 403 Forbidden for [HUB]/org/model/resolve/27d37d92c9096b0ee8adcaba6a5096b8fd8450e2/config.json (request id [ID])
  server says: Access to model org/model is restricted and you are not in the authorized list. Visit https://huggingface.co/org/model to ask for access.
  hint: accept the terms at https://huggingface.co/org/model and run the same command again
  hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]).run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/org/model/auth-check 404
GET hub /api/models/org/model/revision/main 200
GET hub /api/whoami-v2 200
GET hub /org/model/resolve/27d37d92c9096b0ee8adcaba6a5096b8fd8450e2/config.json bytes=0-0 403

"#]]
    );
    hub.set_access("bob", "org/model", Access::Granted);
    access_as(&sandbox, "bob", &["org/model"]).any_stdout().run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/org/model/auth-check 404
GET hub /api/models/org/model/revision/main 200
GET hub /api/whoami-v2 200
GET hub /org/model/resolve/27d37d92c9096b0ee8adcaba6a5096b8fd8450e2/config.json bytes=0-0 206

"#]]
    );
}

#[test]
fn a_file_that_everybody_may_read_is_no_proof() {
    let repository = Repository::model("org/model").gated(Gate::Manual).file("README.md", "# m\n").file("a.json", "{}");
    let hub = Hub::start(vec![repository]).account(Account::new("bob")).with(|options| options.has_auth_check = false);
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["org/model"]).status(4).any_stdout().run();
    assert!(hub.requests().iter().any(|request| request.file.as_deref() == Some("a.json")));
    assert!(hub.requests().iter().all(|request| request.file.as_deref() != Some("README.md")));
}

#[test]
fn a_mirror_that_does_not_know_whose_a_token_is_still_answers() {
    let hub = Hub::start(vec![model("org/model", Gate::Manual)]).account(Account::new("bob")).access(
        "bob",
        "org/model",
        Access::Granted,
    );
    hub.fault(At::api("whoami"), Fault::Status(404), Times::Always);
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["org/model"])
        .stdout(str![[r#"
REPOSITORY  GATE    ACCESS   TOKEN
org/model   manual  granted  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: not known: 404 Not Found for [HUB]/api/whoami-v2 (request id [ID])

"#]])
        .run();
}

#[test]
fn a_mirror_that_passes_the_question_on_to_another_host_cannot_say() {
    for to in [Target::Foreign, Target::OtherPort, Target::ForeignWithUser] {
        let hub = gated_hub();
        hub.set_access("bob", "org/model", Access::Granted);
        hub.fault(At::api("auth-check"), Fault::Redirect(to), Times::Always);
        let sandbox = Sandbox::new(&hub);
        access_as(&sandbox, "bob", &["org/model"]).any_stdout().run();
        let requests = hub.take_requests();
        let asked = |what: &str| requests.iter().filter(|request| request.target.contains(what)).count();
        assert_eq!((asked("auth-check"), asked("/resolve/")), (1, 1), "{to:?}: a file is tried instead");
        assert!(requests.iter().all(|request| request.origin == Origin::Hub), "{to:?}");
        sandbox.args(["pull", "org/model", "--quiet"]).env("HF_TOKEN", token_of("bob")).any_stdout().run();
    }
    let hub = gated_hub();
    hub.fault(At::api("auth-check"), Fault::HtmlPage, Times::Always);
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["org/model"]).status(4).any_stdout().run();
}
