//! What a pull costs: every request is listed, and none is made twice.

use crate::sandbox::{Run, Sandbox};
use crate::support::{Access, Account, Gate, Hub, Place, Repository, generated, token_of};
use snapbox::{assert_data_eq, str};

const SIZE: usize = 30_000;

fn public() -> Repository {
    Repository::model("org/model")
        .file("config.json", "{}")
        .file("tokenizer/vocab.txt", "a b c")
        .lfs("model.safetensors", generated(1, SIZE))
}

/// A pull whose output is not the subject.
fn pull(sandbox: &Sandbox, reference: &str) -> Run {
    sandbox.args(["pull", reference]).any_stdout().any_stderr()
}

#[test]
fn a_first_pull_of_a_public_model_is_one_question_one_listing_and_one_get_for_each_blob() {
    let hub = Hub::start(vec![public()]);
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox, "org/model").run();
    assert_data_eq!(
        hub.log(),
        str![[r#"
GET cdn model.safetensors 200
GET hub /api/models/org/model/revision/main 200
GET hub /api/models/org/model/tree/6a5f08974211c9b64185d151392d76001f1bd0b3?recursive=true&expand=false 200
GET hub /org/model/resolve/6a5f08974211c9b64185d151392d76001f1bd0b3/config.json 307
GET hub /org/model/resolve/6a5f08974211c9b64185d151392d76001f1bd0b3/model.safetensors 302
GET hub /org/model/resolve/6a5f08974211c9b64185d151392d76001f1bd0b3/tokenizer/vocab.txt 307
GET hub resolve-cache config.json 200
GET hub resolve-cache tokenizer/vocab.txt 200

"#]]
    );
    assert_eq!(hub.count(Place::Api), 2);
    assert_eq!(hub.count(Place::Resolve), 3);
    assert_eq!(hub.count(Place::ResolveCache), 2, "each small public file takes a hop");
    assert_eq!(hub.count(Place::Cdn), 1);
}

#[test]
fn a_gated_model_costs_one_question_more() {
    let repository = public().gated(Gate::Auto);
    let hub = Hub::start(vec![repository]).account(Account::new("bob")).access("bob", "org/model", Access::Granted);
    let sandbox = Sandbox::new(&hub);
    let run = || pull(&sandbox, "org/model").env("HF_TOKEN", token_of("bob"));
    run().run();
    assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET cdn model.safetensors 200
GET hub /api/models/org/model/auth-check 200
GET hub /api/models/org/model/revision/main 200
GET hub /api/models/org/model/tree/6a5f08974211c9b64185d151392d76001f1bd0b3?recursive=true&expand=false 200
GET hub /org/model/resolve/6a5f08974211c9b64185d151392d76001f1bd0b3/config.json 200
GET hub /org/model/resolve/6a5f08974211c9b64185d151392d76001f1bd0b3/model.safetensors 302
GET hub /org/model/resolve/6a5f08974211c9b64185d151392d76001f1bd0b3/tokenizer/vocab.txt 200

"#]]
    );
    run().run();
    assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/org/model/revision/main 200

"#]]
    );
}

#[test]
fn a_listing_costs_one_request_for_each_page() {
    let many = (0..25).fold(Repository::model("org/model"), |model, at| model.file(&format!("{at:02}.json"), "{}"));
    let hub = Hub::start(vec![many]).with(|options| options.page_size = 10);
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox, "org/model").args(["00.json"]).run();
    assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/org/model/revision/main 200
GET hub /api/models/org/model/tree/6a2020a0bcff8fd1eee4c16f431f629e0e18e6bf?recursive=true&expand=false 200
GET hub /api/models/org/model/tree/6a2020a0bcff8fd1eee4c16f431f629e0e18e6bf?recursive=true&expand=false&cursor=10 200
GET hub /api/models/org/model/tree/6a2020a0bcff8fd1eee4c16f431f629e0e18e6bf?recursive=true&expand=false&cursor=20 200
GET hub /org/model/resolve/6a2020a0bcff8fd1eee4c16f431f629e0e18e6bf/00.json 307
GET hub resolve-cache 00.json 200

"#]]
    );
}

#[test]
fn no_pull_ever_sends_a_head() {
    let hub = Hub::start(vec![public().xet()]);
    let sandbox = Sandbox::new(&hub);
    for flags in [&["--dry-run"][..], &[], &["--force"], &["--local-dir", "here"]] {
        pull(&sandbox, "org/model").args(flags).run();
    }
    let others: Vec<_> = hub.requests().into_iter().filter(|request| request.method != "GET").collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn a_second_pull_of_a_branch_is_one_question_and_of_a_commit_none() {
    let hub = Hub::start(vec![public()]);
    let sandbox = Sandbox::new(&hub);
    let commit = hub.commit("org/model", "main");
    pull(&sandbox, "org/model").run();
    hub.take_log();

    pull(&sandbox, "org/model").run();
    assert_eq!(hub.take_log(), "GET hub /api/models/org/model/revision/main 200\n");
    pull(&sandbox, &format!("org/model@{commit}")).run();
    pull(&sandbox, "org/model").args(["--offline"]).run();
    pull(&sandbox, "org/model").env("HF_HUB_OFFLINE", "1").run();
    pull(&sandbox, "org/model").env("TRANSFORMERS_OFFLINE", "YES").run();
    assert_eq!(hub.take_log(), "");
}

#[test]
fn a_first_pull_of_a_commit_is_as_cheap_as_of_a_branch_and_the_second_is_free() {
    let hub = Hub::start(vec![public()]);
    let sandbox = Sandbox::new(&hub);
    let commit = hub.commit("org/model", "main");
    pull(&sandbox, &format!("org/model@{commit}")).run();
    assert_eq!(hub.count(Place::Api), 2);
    hub.take_log();
    pull(&sandbox, &format!("org/model@{commit}")).run();
    assert_eq!(hub.take_log(), "");
}

#[test]
fn offline_without_the_files_is_said_without_a_request() {
    let hub = Hub::start(vec![public()]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "--offline", "org/model"])
        .status(5)
        .stderr(str![[r#"
error: `org/model` at `main` is not in the cache, and gatedl is offline
hint: run the same command online once (without --offline and HF_HUB_OFFLINE)

"#]])
        .run();
    assert_eq!(hub.count_all(), 0);
}

#[test]
fn offline_with_some_of_the_files_names_those_that_are_missing() {
    let hub = Hub::start(vec![public()]);
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox, "org/model").args(["config.json"]).run();
    hub.take_log();
    sandbox
        .args(["pull", "--offline", "org/model"])
        .status(5)
        .stderr(str![[r#"
error: `org/model` at `main` is not complete in the cache, and gatedl is offline
hint: missing: `model.safetensors`, `tokenizer/vocab.txt`
hint: run the same command online once (without --offline and HF_HUB_OFFLINE)

"#]])
        .run();
    pull(&sandbox, "org/model").args(["--offline", "config.json"]).run();
    assert_eq!(hub.take_log(), "");
}

#[test]
fn the_rest_of_a_commit_needs_no_second_listing() {
    let hub = Hub::start(vec![public()]);
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox, "org/model").args(["config.json"]).run();
    hub.take_log();
    pull(&sandbox, "org/model").run();
    assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET cdn model.safetensors 200
GET hub /api/models/org/model/revision/main 200
GET hub /org/model/resolve/6a5f08974211c9b64185d151392d76001f1bd0b3/model.safetensors 302
GET hub /org/model/resolve/6a5f08974211c9b64185d151392d76001f1bd0b3/tokenizer/vocab.txt 307
GET hub resolve-cache tokenizer/vocab.txt 200

"#]]
    );
}

#[test]
fn a_new_commit_fetches_what_has_changed_and_nothing_else() {
    let hub = Hub::start(vec![public()]);
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox, "org/model").run();
    hub.take_log();
    hub.push("org/model", |tree| tree.file("config.json", "{\"new\": true}"));
    pull(&sandbox, "org/model").run();
    assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/org/model/revision/main 200
GET hub /api/models/org/model/tree/9487b9d8bf3b9cd5c64a44f9eb9c99e46a2fd27b?recursive=true&expand=false 200
GET hub /org/model/resolve/9487b9d8bf3b9cd5c64a44f9eb9c99e46a2fd27b/config.json 307
GET hub resolve-cache config.json 200

"#]]
    );
}

#[test]
fn one_content_under_several_names_is_fetched_once() {
    let weights = generated(7, SIZE);
    let model = ["a.bin", "b.bin", "deep/c.bin"]
        .into_iter()
        .fold(Repository::model("org/model"), |model, name| model.lfs(name, weights.clone()));
    let model = model.file("x.json", "{}").file("y.json", "{}");
    let hub = Hub::start(vec![model]);
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox, "org/model").run();
    assert_eq!((hub.count(Place::Resolve), hub.count(Place::Cdn)), (2, 1), "{}", hub.log());
    let snapshot = format!("cache/huggingface/hub/models--org--model/snapshots/{}", hub.commit("org/model", "main"));
    for name in ["a.bin", "b.bin", "deep/c.bin"] {
        assert!(sandbox.read(format!("{snapshot}/{name}")) == weights, "{name}");
    }
}

#[test]
fn content_that_another_repository_has_brought_is_not_fetched_again() {
    let other = Repository::model("other/copy").lfs("weights.bin", generated(1, SIZE)).file("own.json", "[]");
    let hub = Hub::start(vec![public(), other]);
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox, "org/model").run();
    hub.take_log();
    let document = sandbox.args(["pull", "--json", "other/copy"]).any_stdout().any_stderr().run().json();
    assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/other/copy/revision/main 200
GET hub /api/models/other/copy/tree/fd3025a9a14bd196e5b97d464ae50d44ae9e4905?recursive=true&expand=false 200
GET hub /other/copy/resolve/fd3025a9a14bd196e5b97d464ae50d44ae9e4905/own.json 307
GET hub resolve-cache own.json 200

"#]]
    );
    let states: Vec<_> = document["files"].as_array().expect("files").iter().map(|file| &file["state"]).collect();
    assert_eq!(states, ["fetched", "reused"]);
    assert_eq!(document["bytes_fetched"], 2);
}

#[test]
fn a_forced_pull_fetches_everything_again_and_lists_nothing_again() {
    let hub = Hub::start(vec![public()]);
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox, "org/model").run();
    hub.take_log();
    pull(&sandbox, "org/model").args(["--force"]).run();
    assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET cdn model.safetensors 200
GET hub /api/models/org/model/revision/main 200
GET hub /org/model/resolve/6a5f08974211c9b64185d151392d76001f1bd0b3/config.json 307
GET hub /org/model/resolve/6a5f08974211c9b64185d151392d76001f1bd0b3/model.safetensors 302
GET hub /org/model/resolve/6a5f08974211c9b64185d151392d76001f1bd0b3/tokenizer/vocab.txt 307
GET hub resolve-cache config.json 200
GET hub resolve-cache tokenizer/vocab.txt 200

"#]]
    );
}

#[test]
fn a_plan_costs_no_more_than_the_questions() {
    let hub = Hub::start(vec![public()]);
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox, "org/model").args(["--dry-run"]).run();
    assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/org/model/revision/main 200
GET hub /api/models/org/model/tree/6a5f08974211c9b64185d151392d76001f1bd0b3?recursive=true&expand=false 200

"#]]
    );
}

#[test]
fn a_folder_of_the_users_is_filled_once_and_then_costs_one_question() {
    let hub = Hub::start(vec![public()]);
    let sandbox = Sandbox::new(&hub);
    let run = || sandbox.args(["pull", "org/model", "--local-dir", "here"]);
    run()
        .stdout(str![[r#"
[ROOT]/desk/here

"#]])
        .stderr(str![[r#"
org/model@main: 3 files verified, 30.01 kB fetched in [TIME]

"#]])
        .run();
    hub.take_log();
    run()
        .stdout(str![[r#"
[ROOT]/desk/here

"#]])
        .stderr(str![[r#"
org/model@main is up to date: 3 files

"#]])
        .run();
    assert_eq!(hub.take_log(), "GET hub /api/models/org/model/revision/main 200\n");
    assert_eq!(sandbox.tree("cache"), "", "the main cache is left alone");
    assert_data_eq!(
        sandbox.tree("desk"),
        str![[r#"
here/.cache/huggingface/.gatedl/verified
here/.cache/huggingface/.gitignore
here/.cache/huggingface/CACHEDIR.TAG
here/.cache/huggingface/download/config.json.lock
here/.cache/huggingface/download/config.json.metadata
here/.cache/huggingface/download/model.safetensors.lock
here/.cache/huggingface/download/model.safetensors.metadata
here/.cache/huggingface/download/tokenizer/vocab.txt.lock
here/.cache/huggingface/download/tokenizer/vocab.txt.metadata
here/.cache/huggingface/trees/6a5f08974211c9b64185d151392d76001f1bd0b3.json
here/config.json
here/model.safetensors
here/tokenizer/vocab.txt

"#]]
    );
}
