//! The same gate at other hubs: BOINC AI, a hub of the configuration file, a mirror with a path, one without the route
//! that answers about access. And access that changes between two runs.

use super::{assert_no_trace, gated_hub, model, pull_as};
use crate::sandbox::Sandbox;
use crate::support::{Access, Account, At, Fault, Gate, Hub, Repository, Times, TreeRoute, token_of};
use snapbox::str;

#[test]
fn boinc_ai_names_its_own_page_and_its_own_variables() {
    let hub = gated_hub();
    let sandbox = Sandbox::new(&hub);
    let run = |run: crate::sandbox::Run| run.args(["pull", "ba:org/model"]).env("BA_ENDPOINT", hub.url());
    run(sandbox.command()).status(3).stderr(str![[r#"
error: access to `org/model` is gated and no token was sent
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted. You must have access to it and be authenticated to access it. Please log in.
hint: accept the terms at [HUB]/org/model with your account
hint: store a token of that account ([HUB]/settings/tokens) with `gatedl auth login ba`, or set BA_ACCESS_TOKEN, and run the same command again

"#]]).run();
    run(sandbox.env("BA_ACCESS_TOKEN", token_of("bob"))).status(4).stderr(str![[r#"
error: access to `org/model` is gated and this account has not asked for it
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted and you are not in the authorized list. Visit https://huggingface.co/org/model to ask for access.
hint: accept the terms at [HUB]/org/model and run the same command again
hint: the token came from BA_ACCESS_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]).run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_hub_of_the_configuration_file_names_its_own_page_and_variable() {
    let hub = gated_hub();
    let sandbox = Sandbox::new(&hub);
    let config = format!(
        "[provider.corp]\nprotocol = \"huggingface\"\nendpoint = \"{}\"\ntoken_env = \"CORP_TOKEN\"\n",
        hub.url()
    );
    let config = sandbox.write("gatedl.toml", config);
    let run = || sandbox.env("GATEDL_CONFIG", &config).args(["pull", "corp:org/model"]);
    run().status(3).stderr(str![[r#"
error: access to `org/model` is gated and no token was sent
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted. You must have access to it and be authenticated to access it. Please log in.
hint: accept the terms at [HUB]/org/model with your account
hint: store a token of that account with `gatedl auth login corp`, or set CORP_TOKEN, and run the same command again

"#]]).run();
    run().env("CORP_TOKEN", token_of("bob")).status(4).stderr(str![[r#"
error: access to `org/model` is gated and this account has not asked for it
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted and you are not in the authorized list. Visit https://huggingface.co/org/model to ask for access.
hint: accept the terms at [HUB]/org/model and run the same command again
hint: the token came from CORP_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]).run();
    assert_no_trace(&sandbox);
}

#[test]
fn behind_a_mirror_the_requests_go_to_the_mirror_and_the_page_is_the_hubs() {
    let hub = gated_hub().with(|options| "/artifactory/api/huggingfaceml/repo".clone_into(&mut options.prefix));
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model").status(4).stderr(str![[r#"
error: access to `org/model` is gated and this account has not asked for it
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted and you are not in the authorized list. Visit https://huggingface.co/org/model to ask for access.
hint: accept the terms at https://huggingface.co/org/model and run the same command again
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]).run();
    assert!(hub.log().lines().all(|line| line.contains("/artifactory/api/huggingfaceml/repo/api/")), "{}", hub.log());
    assert_no_trace(&sandbox);

    hub.set_access("bob", "org/model", Access::Granted);
    pull_as(&sandbox, "bob", "org/model")
        .stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--org--model/snapshots/4958bad336d4c22fd01873caa52febccb5abb091

"#]])
        .stderr(str![[r#"
org/model@main: 2 files verified, 20.01 kB fetched in [TIME]

"#]])
        .run();
}

#[test]
fn where_a_mirror_cannot_say_whether_access_is_granted_the_first_refusal_decides() {
    let hub = gated_hub().with(|options| options.has_auth_check = false).access("bob", "org/model", Access::Pending);
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model")
        .status(4)
        .stderr(str![[r#"
error: access to `org/model` is gated and the request of this account awaits a review
  caused by: 403 Forbidden for [HUB]/org/model/resolve/4958bad336d4c22fd01873caa52febccb5abb091/model.safetensors (request id [ID])
  server says: Your request to access model org/model is awaiting a review from the repo authors.
hint: the owners decide; https://huggingface.co/org/model shows the state
hint: `gatedl access --wait 24h org/model && gatedl pull org/model` pulls it once they have let you in
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]])
        .run();
    assert_no_trace(&sandbox);
    sandbox.args(["pull", "org/model"]).status(3).stderr(str![[r#"
error: access to `org/model` is gated and no token was sent
  caused by: 401 Unauthorized for [HUB]/org/model/resolve/4958bad336d4c22fd01873caa52febccb5abb091/model.safetensors (request id [ID])
  server says: Access to model org/model is restricted. You must have access to it and be authenticated to access it. Please log in.
hint: accept the terms at https://huggingface.co/org/model with your account
hint: store a token of that account (https://huggingface.co/settings/tokens/new?canReadGatedRepos=true&tokenType=fineGrained) with `gatedl auth login hf`, or set HF_TOKEN, and run the same command again

"#]]).run();
    assert_no_trace(&sandbox);

    hub.set_access("bob", "org/model", Access::Granted);
    hub.take_log();
    pull_as(&sandbox, "bob", "org/model").any_stdout().any_stderr().run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET cdn model.safetensors 200
GET hub /api/models/org/model/auth-check 404
GET hub /api/models/org/model/revision/main 200
GET hub /api/models/org/model/tree/4958bad336d4c22fd01873caa52febccb5abb091?recursive=true&expand=false 200
GET hub /org/model/resolve/4958bad336d4c22fd01873caa52febccb5abb091/config.json 200
GET hub /org/model/resolve/4958bad336d4c22fd01873caa52febccb5abb091/config.json bytes=0-0 206
GET hub /org/model/resolve/4958bad336d4c22fd01873caa52febccb5abb091/model.safetensors 302

"#]]
    );
}

#[test]
fn where_a_mirror_cannot_say_small_files_alone_leave_no_trace_either() {
    let small =
        Repository::model("org/small").gated(Gate::Manual).file("README.md", "# small").file("config.json", "{}");
    let hub = Hub::start(vec![small]).account(Account::new("bob")).with(|options| options.has_auth_check = false);
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/small").status(4).stderr(str![[r#"
error: access to `org/small` is gated and this account has not asked for it
  caused by: 403 Forbidden for [HUB]/org/small/resolve/9c0a8faa093872f8b7898deb142acbbb58598f64/config.json (request id [ID])
  server says: Access to model org/small is restricted and you are not in the authorized list. Visit https://huggingface.co/org/small to ask for access.
hint: accept the terms at https://huggingface.co/org/small and run the same command again
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]).run();
    assert_no_trace(&sandbox);
    sandbox.args(["pull", "--dry-run", "org/small"]).stdout(str![[r#"
org/small@main is commit 9c0a8faa093872f8b7898deb142acbbb58598f64
gate: gated (the owners decide), access refused
  access to `org/small` is gated and no token was sent
  server says: Access to model org/small is restricted. You must have access to it and be authenticated to access it. Please log in.
  hint: accept the terms at https://huggingface.co/org/small with your account
  hint: store a token of that account (https://huggingface.co/settings/tokens/new?canReadGatedRepos=true&tokenType=fineGrained) with `gatedl auth login hf`, or set HF_TOKEN, and run the same command again
   fetch         7 B  README.md
   fetch         2 B  config.json
2 files, 9 B; 9 B to fetch

"#]]).run();
    sandbox
        .args(["pull", "org/small", "README.md"])
        .any_stdout()
        .stderr(str![[r#"
org/small@main: 1 file verified, 7 B fetched in [TIME]

"#]])
        .run();
}

#[test]
fn a_mirror_that_forgets_to_say_that_a_model_is_gated_still_tells_the_gate() {
    let hub = gated_hub();
    let open = Fault::Replace("\"gated\":\"manual\"", "\"gated\":false");
    hub.fault(At::api("revision"), open, Times::Always);
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model").status(4).stderr(str![[r#"
error: access to `org/model` is gated and this account has not asked for it
  caused by: 403 Forbidden for [HUB]/org/model/resolve/4958bad336d4c22fd01873caa52febccb5abb091/model.safetensors (request id [ID])
  server says: Access to model org/model is restricted and you are not in the authorized list. Visit https://huggingface.co/org/model to ask for access.
hint: accept the terms at https://huggingface.co/org/model and run the same command again
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]).run();
    assert_no_trace(&sandbox);
    pull_as(&sandbox, "bob", "org/model").args(["config.json"]).status(4).stderr(str![[r#"
error: access to `org/model` is gated and this account has not asked for it
  caused by: 403 Forbidden for [HUB]/org/model/resolve/4958bad336d4c22fd01873caa52febccb5abb091/config.json (request id [ID])
  server says: Access to model org/model is restricted and you are not in the authorized list. Visit https://huggingface.co/org/model to ask for access.
hint: accept the terms at https://huggingface.co/org/model and run the same command again
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]).run();
}

#[test]
fn an_old_mirror_without_any_of_the_new_routes_still_tells_the_gate() {
    let hub = gated_hub().with(|options| {
        options.has_auth_check = false;
        options.tree_route = TreeRoute::NotFound;
    });
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model").status(4).stderr(str![[r#"
error: access to `org/model` is gated and this account has not asked for it
  caused by: 403 Forbidden for [HUB]/org/model/resolve/4958bad336d4c22fd01873caa52febccb5abb091/config.json (request id [ID])
  server says: Access to model org/model is restricted and you are not in the authorized list. Visit https://huggingface.co/org/model to ask for access.
hint: accept the terms at https://huggingface.co/org/model and run the same command again
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]).run();
    assert_no_trace(&sandbox);
}

#[test]
fn access_that_is_granted_between_two_runs_is_used_by_the_second() {
    let hub = gated_hub().access("bob", "org/model", Access::GrantedAfter(1));
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model").status(4).any_stderr().run();
    assert_no_trace(&sandbox);
    pull_as(&sandbox, "bob", "org/model")
        .stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--org--model/snapshots/4958bad336d4c22fd01873caa52febccb5abb091

"#]])
        .stderr(str![[r#"
org/model@main: 2 files verified, 20.01 kB fetched in [TIME]

"#]])
        .run();
}

#[test]
fn a_private_model_pulls_for_its_readers() {
    let repository = model(Gate::Open).private().readable_by("bob");
    let hub = Hub::start(vec![repository]).account(Account::new("bob"));
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model")
        .any_stdout()
        .stderr(str![[r#"
org/model@main: 2 files verified, 20.01 kB fetched in [TIME]

"#]])
        .run();
}

#[test]
fn a_token_for_boinc_ai_does_not_open_a_gate_of_hugging_face_but_is_hinted_at() {
    let hub = gated_hub();
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "org/model"])
        .env("BA_ACCESS_TOKEN", token_of("bob"))
        .status(3)
        .stderr(str![[r#"
error: access to `org/model` is gated and no token was sent
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted. You must have access to it and be authenticated to access it. Please log in.
hint: accept the terms at https://huggingface.co/org/model with your account
hint: store a token of that account (https://huggingface.co/settings/tokens/new?canReadGatedRepos=true&tokenType=fineGrained) with `gatedl auth login hf`, or set HF_TOKEN, and run the same command again
hint: BA_ACCESS_TOKEN is set, but it is for the provider `ba`; did you mean `ba:org/model`?

"#]])
        .run();
    assert!(hub.requests().iter().all(|request| request.token.is_none()));
}
