//! Rows 8 and 10 to 12: repositories, revisions and files that are missing, or that this caller may not see.

use super::{assert_no_trace, model, pull_as};
use crate::sandbox::Sandbox;
use crate::support::{Account, At, Fault, Gate, Hub, Repository, Times};
use snapbox::str;

/// `acme` owns a private model and two that are public.
fn acme() -> Hub {
    let public = |id| Repository::model(id).file("config.json", "{}");
    Hub::start(vec![
        Repository::model("acme/secret").private().file("config.json", "{}"),
        public("acme/llama-7b"),
        public("acme/llama-70b"),
        Repository::model("gpt2").file("config.json", "{}"),
        Repository::dataset("acme/corpus").file("a.txt", "a"),
    ])
    .account(Account::new("bob"))
}

#[test]
fn a_missing_model_asked_for_without_a_token_may_also_be_private() {
    let hub = acme();
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "nobody/nothing"]).status(5).stderr(str![[r#"
error: `nobody/nothing` does not exist, or is private and needs a token
  caused by: 401 Unauthorized for [HUB]/api/models/nobody/nothing/revision/main (request id [ID])
  server says: Invalid username or password.
hint: if it is private: store a token of that account (https://huggingface.co/settings/tokens) with `gatedl auth login hf`, or set HF_TOKEN, and run the same command again

"#]]).run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_misspelt_model_is_answered_with_near_names_of_its_owner() {
    let hub = acme();
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "acme/lama-7b"]).status(5).stderr(str![[r#"
error: `acme/lama-7b` does not exist, or is private and needs a token
  caused by: 401 Unauthorized for [HUB]/api/models/acme/lama-7b/revision/main (request id [ID])
  server says: Invalid username or password.
hint: near names: `acme/llama-7b`, `acme/llama-70b`
hint: if it is private: store a token of that account (https://huggingface.co/settings/tokens) with `gatedl auth login hf`, or set HF_TOKEN, and run the same command again

"#]]).run();
    pull_as(&sandbox, "bob", "acme/lama-7b")
        .status(5)
        .stderr(str![[r#"
error: `acme/lama-7b` does not exist, or is private and this token may not see it
  caused by: 404 Not Found for [HUB]/api/models/acme/lama-7b/revision/main (request id [ID])
  server says: Repository not found
hint: near names: `acme/llama-7b`, `acme/llama-70b`
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_misspelt_dataset_is_answered_with_near_datasets() {
    let hub = acme();
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "datasets/acme/corpsu")
        .status(5)
        .stderr(str![[r#"
error: `datasets/acme/corpsu` does not exist, or is private and this token may not see it
  caused by: 404 Not Found for [HUB]/api/datasets/acme/corpsu/revision/main (request id [ID])
  server says: Repository not found
hint: near names: `datasets/acme/corpus`
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]])
        .run();
}

#[test]
fn a_misspelt_model_without_an_owner_is_looked_for_by_its_name() {
    let hub = acme();
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "gpt"]).status(5).stderr(str![[r#"
error: `gpt` does not exist, or is private and needs a token
  caused by: 401 Unauthorized for [HUB]/api/models/gpt/revision/main (request id [ID])
  server says: Invalid username or password.
hint: near names: `gpt2`
hint: if it is private: store a token of that account (https://huggingface.co/settings/tokens) with `gatedl auth login hf`, or set HF_TOKEN, and run the same command again

"#]]).run();
}

#[test]
fn near_names_at_another_provider_are_written_with_its_name() {
    let hub = acme();
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "ba:acme/lama-7b"])
        .env("BA_ENDPOINT", hub.url())
        .status(5)
        .stderr(str![[r#"
error: `acme/lama-7b` does not exist, or is private and needs a token
  caused by: 401 Unauthorized for [HUB]/api/models/acme/lama-7b/revision/main (request id [ID])
  server says: Invalid username or password.
hint: near names: `ba:acme/llama-7b`, `ba:acme/llama-70b`
hint: if it is private: store a token of that account ([HUB]/settings/tokens) with `gatedl auth login ba`, or set BA_ACCESS_TOKEN, and run the same command again

"#]])
        .run();
}

#[test]
fn a_private_model_without_a_token_is_answered_as_a_missing_one() {
    let hub = acme();
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "acme/secret"]).status(5).stderr(str![[r#"
error: `acme/secret` does not exist, or is private and needs a token
  caused by: 401 Unauthorized for [HUB]/api/models/acme/secret/revision/main (request id [ID])
  server says: Invalid username or password.
hint: if it is private: store a token of that account (https://huggingface.co/settings/tokens) with `gatedl auth login hf`, or set HF_TOKEN, and run the same command again

"#]]).run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_private_model_that_a_token_may_not_see_may_also_be_missing() {
    let hub = acme();
    let sandbox = Sandbox::new(&hub);
    pull_as(&sandbox, "bob", "acme/secret")
        .status(5)
        .stderr(str![[r#"
error: `acme/secret` does not exist, or is private and this token may not see it
  caused by: 404 Not Found for [HUB]/api/models/acme/secret/revision/main (request id [ID])
  server says: Repository not found
hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn an_odd_answer_to_the_question_for_near_names_means_none() {
    for fault in [Fault::Garbage, Fault::Status(500), Fault::HangUp, Fault::HtmlPage] {
        let hub = acme();
        hub.fault(At::api("author=acme"), fault.clone(), Times::Always);
        let sandbox = Sandbox::new(&hub);
        let finished = pull_as(&sandbox, "bob", "acme/lama-7b").status(5).any_stderr().run();
        assert!(!finished.stderr.contains("near names"), "{fault:?}: {}", finished.stderr);
        let asked = hub.requests().iter().filter(|request| request.target.contains("author=")).count();
        assert_eq!(asked, 1, "{fault:?}: near names are worth one request");
    }
}

#[test]
fn a_missing_revision_is_not_a_missing_model() {
    let hub = Hub::start(vec![model(Gate::Open).tag("v1.0")]).account(Account::new("bob"));
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "org/model@v2.0"])
        .status(5)
        .stderr(str![[r#"
error: `org/model` has no revision `v2.0`
  caused by: 404 Not Found for [HUB]/api/models/org/model/revision/v2.0 (request id [ID])
  server says: Invalid rev id: v2.0
hint: see the branches and tags at https://huggingface.co/org/model

"#]])
        .run();
    pull_as(&sandbox, "bob", "org/model@refs/pr/7")
        .status(5)
        .stderr(str![[r#"
error: `org/model` has no revision `refs/pr/7`
  caused by: 404 Not Found for [HUB]/api/models/org/model/revision/refs%2Fpr%2F7 (request id [ID])
  server says: Invalid rev id: refs/pr/7
hint: see the branches and tags at https://huggingface.co/org/model

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_file_that_is_listed_but_missing_is_named() {
    let hub = Hub::start(vec![model(Gate::Open)]);
    hub.fault(At::api("/tree/"), Fault::HostileName("ghost.bin"), Times::Always);
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "org/model", "ghost.bin"]).status(5).stderr(str![[r#"
error: `org/model` lists `ghost.bin`, but the hub does not have it
  caused by: 404 Not Found for [HUB]/org/model/resolve/4958bad336d4c22fd01873caa52febccb5abb091/ghost.bin (request id [ID])
  server says: Entry not found
hint: run the command again; the hub may be in the middle of a change

"#]]).run();
}

#[test]
fn a_file_behind_a_mirror_that_answers_404_in_html_is_no_missing_repository() {
    let hub = Hub::start(vec![model(Gate::Open)]);
    hub.fault(At::resolve("model.safetensors"), Fault::Status(404), Times::Always);
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "org/model", "model.safetensors"]).status(5).stderr(str![[r#"
error: `org/model` lists `model.safetensors`, but the hub does not have it
  caused by: 404 Not Found for [HUB]/org/model/resolve/4958bad336d4c22fd01873caa52febccb5abb091/model.safetensors (request id [ID])
hint: run the command again; the hub may be in the middle of a change

"#]]).run();
}
