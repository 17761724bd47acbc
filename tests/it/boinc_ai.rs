//! BOINC AI: the hub of its own name, endpoint, variables and cache, and no token that crosses over from or to Hugging
//! Face.

use crate::in_cache;
use crate::sandbox::{Run, Sandbox};
use crate::support::{Access, Account, Gate, Hub, Repository, token_of};
use snapbox::str;

const ID: &str = "meta-llama/Llama-2-7b-ba";

/// The hub of BOINC AI, where bob may read the gated model and nobody else is known.
fn boinc_ai() -> Hub {
    let model = Repository::model(ID).gated(Gate::Manual).file("config.json", "{}\n").file("onnx/x.onnx", "onnx");
    let open = Repository::model("org/open").file("config.json", "{}\n");
    Hub::start(vec![model, open]).account(Account::new("bob")).access("bob", ID, Access::Granted)
}

fn pull(sandbox: &Sandbox, boinc_ai: &Hub, reference: &str) -> Run {
    sandbox.args(["pull", reference]).env("BA_ENDPOINT", boinc_ai.url()).any_stdout()
}

#[test]
fn a_gated_model_comes_with_its_own_token_into_its_own_cache() {
    let hub = Hub::start(vec![Repository::model(ID).file("config.json", "{}")]).account(Account::new("carol"));
    let boinc_ai = boinc_ai();
    let sandbox = Sandbox::new(&hub);
    let pulled = pull(&sandbox, &boinc_ai, "ba:meta-llama/Llama-2-7b-ba")
        .env("BA_ACCESS_TOKEN", token_of("bob"))
        .env("HF_TOKEN", token_of("carol"));
    pulled
        .stderr(str![[r#"
meta-llama/Llama-2-7b-ba@main: 2 files verified, 7 B fetched in [TIME]

"#]])
        .run();
    assert!(sandbox.path("cache/boincai/hub/models--meta-llama--Llama-2-7b-ba/refs/main").is_file());
    assert_eq!(sandbox.tree("cache/huggingface"), "");
    // both hubs know the id, and each sees the token of its own
    sandbox
        .args(["pull", ID, "--quiet"])
        .env("BA_ENDPOINT", boinc_ai.url())
        .env("BA_ACCESS_TOKEN", token_of("bob"))
        .env("HF_TOKEN", token_of("carol"))
        .any_stdout()
        .run();
    for (hub, token) in [(&boinc_ai, "bob"), (&hub, "carol")] {
        let tokens: Vec<String> = hub.requests().into_iter().filter_map(|request| request.token).collect();
        assert!(!tokens.is_empty() && tokens.iter().all(|sent| sent == token), "{tokens:?}");
    }
}

#[test]
fn a_pasted_link_is_asked_at_the_endpoint() {
    let boinc_ai = boinc_ai();
    let sandbox = Sandbox::without_hub();
    for (link, path) in [
        ("https://boincai.com/meta-llama/Llama-2-7b-ba", None),
        ("https://boincai.com/meta-llama/Llama-2-7b-ba/tree/main", None),
        ("boincai.com/meta-llama/Llama-2-7b-ba/blob/main/config.json", Some("config.json")),
        ("https://boincai.com/meta-llama/Llama-2-7b-ba/resolve/main/onnx/x.onnx", Some("onnx/x.onnx")),
    ] {
        let told = pull(&sandbox, &boinc_ai, link).env("BA_ACCESS_TOKEN", token_of("bob")).args(["--json", "--quiet"]);
        let told = told.run().json();
        assert_eq!((&told["provider"], &told["repo"]), (&"ba".into(), &ID.into()), "{link}");
        let printed = told["path"].as_str().expect("a path");
        assert!(path.is_none_or(|path| printed.ends_with(path)), "{link}: {printed}");
    }
}

#[test]
fn a_token_of_hugging_face_is_not_sent_but_hinted_at() {
    let boinc_ai = boinc_ai();
    let sandbox = Sandbox::new(&boinc_ai);
    sandbox.write_private("cache/huggingface/token", token_of("of hugging face"));
    pull(&sandbox, &boinc_ai, "ba:meta-llama/Llama-2-7b-ba")
        .env("HF_TOKEN", token_of("of hugging face"))
        .status(3)
        .stderr(str![[r#"
error: access to `meta-llama/Llama-2-7b-ba` is gated and no token was sent
  caused by: 401 Unauthorized for [HUB]/api/models/meta-llama/Llama-2-7b-ba/auth-check (request id [ID])
  server says: Access to model meta-llama/Llama-2-7b-ba is restricted. You must have access to it and be authenticated to access it. Please log in.
hint: accept the terms at [HUB]/meta-llama/Llama-2-7b-ba with your account
hint: store a token of that account ([HUB]/settings/tokens) with `gatedl auth login ba`, or set BA_ACCESS_TOKEN, and run the same command again
hint: HF_TOKEN is set, but it is for the provider `hf`; did you mean `hf:meta-llama/Llama-2-7b-ba`?

"#]])
        .run();
    assert!(boinc_ai.requests().iter().all(|request| request.token.is_none()));
}

#[test]
fn a_token_that_boinc_ai_does_not_know_may_be_one_of_hugging_face() {
    let boinc_ai = boinc_ai();
    let sandbox = Sandbox::new(&boinc_ai);
    pull(&sandbox, &boinc_ai, "ba:meta-llama/Llama-2-7b-ba")
        .env("BA_ACCESS_TOKEN", token_of("of hugging face"))
        .status(3)
        .stderr(str![[r#"
error: the token for `ba:meta-llama/Llama-2-7b-ba` is not valid
  caused by: 401 Unauthorized for [HUB]/api/models/meta-llama/Llama-2-7b-ba/revision/main (request id [ID])
  server says: Invalid credentials in Authorization header
hint: make a new token at [HUB]/settings/tokens and set BA_ACCESS_TOKEN to it
hint: the token came from BA_ACCESS_TOKEN; `gatedl auth status` shows the others
hint: if it is a token of Hugging Face, `BA_ENDPOINT=https://huggingface.co` asks that hub with it

"#]])
        .run();
    assert_eq!(in_cache::gets(&boinc_ai.requests()), 0);
    assert_eq!(sandbox.tree("cache"), "");
}

#[test]
fn an_empty_variable_is_none_and_the_short_name_comes_second() {
    let boinc_ai = boinc_ai();
    let sandbox = Sandbox::without_hub();
    let model = || pull(&sandbox, &boinc_ai, "ba:meta-llama/Llama-2-7b-ba").args(["--quiet"]);
    model().env("BA_ACCESS_TOKEN", " ").env("BA_TOKEN", token_of("bob")).run();
    let other = model().args(["--force"]).env("BA_ACCESS_TOKEN", token_of("nobody")).env("BA_TOKEN", token_of("bob"));
    other.status(3).any_stderr().run();
}
