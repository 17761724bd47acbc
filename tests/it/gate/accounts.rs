//! Rows 1 to 9, 13 and 14 of the table: what the account and its token are allowed.

use super::{assert_no_trace, dataset, gated_hub, model, pull_as};
use crate::sandbox::Sandbox;
use crate::support::{Access, Account, At, CANARY, Fault, Gate, Hub, Repository, Times, token_of};
use snapbox::str;

#[test]
fn a_gated_model_without_a_token_says_where_to_accept_and_how_to_give_one() {
    let hub = gated_hub();
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "org/model"]).status(3).stderr(str![[r#"
error: access to `org/model` is gated and no token was sent
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted. You must have access to it and be authenticated to access it. Please log in.
hint: accept the terms at https://huggingface.co/org/model with your account
hint: store a token of that account (https://huggingface.co/settings/tokens/new?canReadGatedRepos=true&tokenType=fineGrained) with `gatedl auth login hf`, or set HF_TOKEN, and run the same command again

"#]]).run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_gated_dataset_without_a_token_names_the_page_of_the_dataset() {
    let hub = gated_hub();
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "datasets/org/corpus"]).status(3).stderr(str![[r#"
error: access to `datasets/org/corpus` is gated and no token was sent
  caused by: 401 Unauthorized for [HUB]/api/datasets/org/corpus/auth-check (request id [ID])
  server says: Access to dataset org/corpus is restricted. You must have access to it and be authenticated to access it. Please log in.
hint: accept the terms at https://huggingface.co/datasets/org/corpus with your account
hint: store a token of that account (https://huggingface.co/settings/tokens/new?canReadGatedRepos=true&tokenType=fineGrained) with `gatedl auth login hf`, or set HF_TOKEN, and run the same command again

"#]]).run();
    assert_no_trace(&sandbox);
}

#[test]
fn an_account_that_never_asked_is_sent_to_the_page_with_the_terms() {
    let hub = gated_hub();
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model").status(4).stderr(str![[r#"
error: access to `org/model` is gated and this account has not asked for it
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted and you are not in the authorized list. Visit https://huggingface.co/org/model to ask for access.
hint: accept the terms at https://huggingface.co/org/model and run the same command again
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]).run();
    assert_no_trace(&sandbox);
}

#[test]
fn an_account_that_never_asked_for_a_dataset_is_sent_to_the_page_of_the_dataset() {
    let hub = gated_hub();
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "datasets/org/corpus").status(4).stderr(str![[r#"
error: access to `datasets/org/corpus` is gated and this account has not asked for it
  caused by: 403 Forbidden for [HUB]/api/datasets/org/corpus/auth-check (request id [ID])
  server says: Access to dataset org/corpus is restricted and you are not in the authorized list. Visit https://huggingface.co/datasets/org/corpus to ask for access.
hint: accept the terms at https://huggingface.co/datasets/org/corpus and run the same command again
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]).run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_pending_request_is_told_from_one_that_was_never_made() {
    let hub = gated_hub().access("bob", "org/model", Access::Pending);
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model")
        .status(4)
        .stderr(str![[r#"
error: access to `org/model` is gated and the request of this account awaits a review
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Your request to access model org/model is awaiting a review from the repo authors.
hint: the owners decide; https://huggingface.co/org/model shows the state
hint: `gatedl access --wait 24h org/model && gatedl pull org/model` pulls it once they have let you in
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_rejected_request_is_said_to_be_final() {
    let hub = gated_hub().access("bob", "org/model", Access::Rejected);
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model")
        .status(4)
        .stderr(str![[r#"
error: access to `org/model` is gated and the request of this account was rejected
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Your request to access model org/model has been rejected by the repo's authors.
hint: a rejected request cannot be repeated; only the owners can help: https://huggingface.co/org/model/discussions
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn an_access_that_was_reset_must_be_asked_for_again() {
    let hub = gated_hub().access("bob", "org/model", Access::Reset);
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model").status(4).stderr(str![[r#"
error: access to `org/model` is gated and was reset: it must be asked for again
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Your request to access model org/model has been reset by the repo's authors. Visit https://huggingface.co/org/model to submit a new request.
hint: ask again at https://huggingface.co/org/model and run the same command again
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]).run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_fine_grained_token_without_the_box_for_gated_repositories_is_named_as_the_reason() {
    let hub = Hub::start(vec![model(Gate::Manual)]).account(Account::new("bob").without_gated_permission()).access(
        "bob",
        "org/model",
        Access::Granted,
    );
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model").status(4).stderr(str![[r#"
error: the token's permissions do not cover `org/model`
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Please enable access to public gated repositories in your fine-grained token settings to view this repository.
hint: give the token "Read access to contents of all public gated repos you can access", or make one that has it: https://huggingface.co/settings/tokens/new?canReadGatedRepos=true&tokenType=fineGrained; then run the same command again
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]]).run();
    assert_no_trace(&sandbox);
}

#[test]
fn an_invalid_token_on_a_public_model_stops_with_a_way_out_that_works() {
    let hub = Hub::start(vec![model(Gate::Open)]);
    let sandbox = Sandbox::new(&hub);
    let invalid = || sandbox.command().env("HF_TOKEN", CANARY);
    invalid()
        .args(["pull", "org/model"])
        .status(3)
        .stderr(str![[r#"
error: the token for `org/model` is not valid
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/revision/main (request id [ID])
  server says: Invalid credentials in Authorization header
hint: `org/model` is public: the same command with `--anonymous` pulls it without a token
hint: make a new token at https://huggingface.co/settings/tokens and set HF_TOKEN to it
hint: the token came from HF_TOKEN; `gatedl auth status` shows the others

"#]])
        .run();
    assert_no_trace(&sandbox);

    invalid()
        .args(["pull", "--anonymous", "org/model"])
        .stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--org--model/snapshots/4958bad336d4c22fd01873caa52febccb5abb091

"#]])
        .stderr(str![[r#"
org/model@main: 2 files verified, 20.01 kB fetched in [TIME]

"#]])
        .run();
}

#[test]
fn an_invalid_token_on_a_gated_model_offers_no_pull_without_one() {
    let hub = gated_hub();
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "org/model"])
        .env("HF_TOKEN", CANARY)
        .status(3)
        .stderr(str![[r#"
error: the token for `org/model` is not valid
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/revision/main (request id [ID])
  server says: Invalid credentials in Authorization header
hint: make a new token at https://huggingface.co/settings/tokens and set HF_TOKEN to it
hint: the token came from HF_TOKEN; `gatedl auth status` shows the others

"#]])
        .run();
    assert_no_trace(&sandbox);
}

/// Byte for byte the answer to nobody, as recorded at the hub: only the question whose token it is tells.
#[test]
fn a_bad_token_that_is_taken_for_none_is_not_called_none() {
    let hub = gated_hub().with(|options| options.takes_unknown_tokens_for_none = true);
    let sandbox = Sandbox::new(&hub);
    let run = || sandbox.args(["pull", "org/model"]).env("HF_TOKEN", CANARY).status(3);
    run()
        .stderr(str![[r#"
error: the token for `org/model` is not valid
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted. You must have access to it and be authenticated to access it. Please log in.
hint: make a new token at https://huggingface.co/settings/tokens and set HF_TOKEN to it
hint: the token came from HF_TOKEN; `gatedl auth status` shows the others

"#]])
        .run();
    assert_no_trace(&sandbox);
    // a mirror that knows nothing of accounts
    hub.fault(At::api("whoami-v2"), Fault::Status(404), Times::Always);
    run()
        .stderr(str![[r#"
error: access to `org/model` is gated and the hub answers as if no token had been sent
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted. You must have access to it and be authenticated to access it. Please log in.
hint: accept the terms at https://huggingface.co/org/model with the account of this token
hint: `gatedl auth status hf` tells whether the token is still good
hint: the token came from HF_TOKEN; `gatedl auth status` shows the others

"#]])
        .run();
}

#[test]
fn a_variable_of_another_name_is_pointed_out() {
    let hub = gated_hub();
    let sandbox = Sandbox::new(&hub);
    let run = sandbox.args(["pull", "org/model"]).env("HUGGINGFACE_TOKEN", token_of("bob")).status(3);
    let told = run.any_stderr().run();
    let hint = "hint: HUGGINGFACE_TOKEN is set, but it is not read; set HF_TOKEN to the token instead\n";
    assert!(told.stderr.contains("no token was sent") && told.stderr.ends_with(hint), "{}", told.stderr);
}

#[test]
fn an_organization_that_wants_its_own_login_does_not_make_the_token_a_bad_one() {
    let hub = gated_hub().account(Account::new("bob"));
    let text = "The organization acme enforces SSO. Please sign in to it.";
    hub.fault(At::api("models/org/model"), Fault::Message { status: 401, text }, Times::Always);
    let sandbox = Sandbox::new(&hub);
    let run = sandbox.args(["pull", "org/model"]).env("HF_TOKEN", token_of("bob")).status(4);
    let told = run.any_stderr().run();
    assert!(told.stderr.starts_with("error: access to `org/model` is forbidden to this token\n"), "{}", told.stderr);
    assert!(!told.stderr.contains("make a new token"), "{}", told.stderr);
}

#[test]
fn an_expired_token_is_named_by_the_server_and_by_where_it_came_from() {
    let hub = Hub::start(vec![model(Gate::Manual)]).account(Account::new("bob").expired());
    let sandbox = Sandbox::new(&hub);
    sandbox.write_private("cache/huggingface/token", token_of("bob"));
    sandbox
        .args(["pull", "org/model"])
        .status(3)
        .stderr(str![[r#"
error: the token for `org/model` has expired
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/revision/main (request id [ID])
  server says: User Access Token "bob-token" is expired
hint: make a new token at https://huggingface.co/settings/tokens and store it with `gatedl auth login hf`
hint: the token came from [ROOT]/cache/huggingface/token; `gatedl auth status` shows the others

"#]])
        .run();
}

#[test]
fn an_expired_token_on_a_public_dataset_has_the_way_out_of_an_invalid_one() {
    let hub = Hub::start(vec![dataset(Gate::Open)]).account(Account::new("bob").expired());
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "datasets/org/corpus")
        .status(3)
        .stderr(str![[r#"
error: the token for `datasets/org/corpus` has expired
  caused by: 401 Unauthorized for [HUB]/api/datasets/org/corpus/revision/main (request id [ID])
  server says: User Access Token "bob-token" is expired
hint: `datasets/org/corpus` is public: the same command with `--anonymous` pulls it without a token
hint: make a new token at https://huggingface.co/settings/tokens and set HF_TOKEN to it
hint: the token came from HF_TOKEN; `gatedl auth status` shows the others

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_disabled_model_is_not_taken_for_a_closed_gate() {
    let hub = Hub::start(vec![model(Gate::Open).disabled()]).account(Account::new("bob"));
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model")
        .status(4)
        .stderr(str![[r#"
error: the hub has disabled `org/model`
  caused by: 403 Forbidden for [HUB]/api/models/org/model/revision/main (request id [ID])
  server says: Access to this resource is disabled.
hint: see https://huggingface.co/org/model for the reason

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_token_that_an_organization_revoked_is_said_to_be_forbidden_in_the_servers_words() {
    let hub = Hub::start(vec![model(Gate::Manual)]).account(Account::new("bob").revoked());
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model")
        .status(4)
        .stderr(str![[r#"
error: access to `org/model` is forbidden to this token
  caused by: 403 Forbidden for [HUB]/api/models/org/model/revision/main (request id [ID])
  server says: Your token has been revoked by the organization administrator, please use another one.
hint: another token may be allowed: https://huggingface.co/settings/tokens
hint: the token came from HF_TOKEN; `gatedl auth status` shows the others

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_gate_in_words_that_nobody_knows_yet_is_still_a_gate() {
    let repository = Repository::model("org/model").gated(Gate::Auto).file("config.json", "{}");
    let hub = Hub::start(vec![repository]).account(Account::new("bob"));
    let fault = Fault::Message { status: 403, text: "Answer three riddles first." };
    hub.fault(At::api("auth-check"), fault, Times::Always);
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model")
        .status(4)
        .stderr(str![[r#"
error: access to `org/model` is gated
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Answer three riddles first.
hint: see https://huggingface.co/org/model
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_gate_met_without_a_token_on_purpose_names_what_kept_it_back() {
    let hub = gated_hub();
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "org/model").args(["--anonymous"]).status(3).stderr(str![[r#"
error: access to `org/model` is gated and no token was sent
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted. You must have access to it and be authenticated to access it. Please log in.
hint: accept the terms at https://huggingface.co/org/model with your account
hint: run it without --anonymous to send a token

"#]]).run();
    let run = pull_as(&sandbox, "bob", "org/model").env("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
    run.status(3).stderr(str![[r#"
error: access to `org/model` is gated and no token was sent
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Access to model org/model is restricted. You must have access to it and be authenticated to access it. Please log in.
hint: accept the terms at https://huggingface.co/org/model with your account
hint: HF_HUB_DISABLE_IMPLICIT_TOKEN is set, so no token was looked for; run it with HF_HUB_DISABLE_IMPLICIT_TOKEN=0 to send one

"#]]).run();
    assert_no_trace(&sandbox);
}

#[test]
fn content_that_the_law_withholds_is_not_blamed_on_a_token() {
    let hub = gated_hub();
    let fault = Fault::Message { status: 451, text: "Not available in your region." };
    hub.fault(At::api("auth-check"), fault, Times::Always);
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "datasets/org/corpus"])
        .status(4)
        .stderr(str![[r#"
error: access to `datasets/org/corpus` is forbidden
  caused by: 451 Unavailable For Legal Reasons for [HUB]/api/datasets/org/corpus/auth-check (request id [ID])
  server says: Not available in your region.
hint: a policy or an administrator forbids it; https://huggingface.co/datasets/org/corpus may say more

"#]])
        .run();
}
