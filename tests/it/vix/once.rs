//! What a run finds, asks and opens once, however many models it brings.

use std::fs;

use serde_json::{Value, json};

use super::entry;
use crate::sandbox::Sandbox;
use crate::support::{Access, Account, Gate, Hub, Place, Repository, generated, token_of};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn content(name: &str) -> Vec<u8> {
    generated(u64::from(name.as_bytes()[0]), 20_000).to_vec()
}

#[cfg(unix)]
#[test]
fn four_models_of_one_repository_take_one_token_and_one_question_of_each_kind() {
    let model = NAMES.iter().fold(Repository::model("acme/parts").gated(Gate::Manual), |model, name| {
        model.lfs(&format!("{name}.safetensors"), content(name))
    });
    let hub = Hub::start(vec![model]).account(Account::new("worker")).access("worker", "acme/parts", Access::Granted);
    let sandbox = Sandbox::new(&hub);
    let entries = NAMES.iter().map(|name| {
        let url = format!("https://huggingface.co/acme/parts/resolve/main/{name}.safetensors");
        (format!("part {name}"), entry(&url, &content(name), &json!({ "types": ["checkpoints"], "gated": true })))
    });
    sandbox.write("desk/models_catalog.json", Value::Object(entries.collect()).to_string());
    sandbox.write("secret", token_of("worker") + "\n");
    let command = "echo asked >> ../asked; cat ../secret";
    let config =
        sandbox.write_private("gatedl.toml", format!("[provider.hf]\ntoken_command = ['sh', '-c', '{command}']\n"));
    let run = sandbox.args(["vix", "pull", "--all", "--json"]).env("MODELS_CATALOG_URL", "models_catalog.json");
    let run = run.env("GATEDL_CONFIG", config).any_stdout().any_stderr().run();

    let document = run.json();
    let states = document["models"].as_array().expect("models").iter().map(|model| model["state"].clone());
    assert_eq!(states.collect::<Vec<_>>(), ["fetched"; 4]);
    assert_eq!(fs::read_to_string(sandbox.path("asked")).expect("the command ran"), "asked\n");
    let log = hub.take_log();
    for (question, times) in [("/revision/main ", 1), ("/auth-check ", 1), ("/tree/", 1), ("/resolve/", 4)] {
        assert_eq!(log.matches(question).count(), times, "{question}\n{log}");
    }
    for name in NAMES {
        let place = sandbox.path("desk/ComfyUI-Data/models/checkpoints").join(format!("{name}.safetensors"));
        assert_eq!(fs::read(place).expect("a model"), content(name));
    }
}

#[test]
fn content_that_two_repositories_have_is_fetched_once() {
    let hub = Hub::start(vec![
        Repository::model("acme/one").lfs("one.safetensors", content("a")),
        Repository::model("acme/two").lfs("two.safetensors", content("a")).lfs("other.safetensors", content("b")),
    ]);
    let sandbox = Sandbox::new(&hub);
    let at = |path: &str, name: &str, folder: &str| {
        let url = format!("https://huggingface.co/acme/{path}");
        entry(&url, &content(name), &json!({ "types": [folder] }))
    };
    let catalog = json!({
        "one": at("one/resolve/main/one.safetensors", "a", "checkpoints"),
        "two": at("two/resolve/main/two.safetensors", "a", "loras"),
        "other": at("two/resolve/main/other.safetensors", "b", "vae"),
    });
    sandbox.write("desk/models_catalog.json", catalog.to_string());
    let run = sandbox.args(["vix", "pull", "--all", "--json"]).env("MODELS_CATALOG_URL", "models_catalog.json");
    let document = run.any_stdout().any_stderr().run().json();
    assert_eq!(document["bytes_fetched"], 40_000);
    assert_eq!((hub.count(Place::Resolve), hub.count(Place::Cdn)), (2, 2), "{}", hub.log());
    let models = sandbox.path("desk/ComfyUI-Data/models");
    for (place, name) in [("checkpoints/one", "a"), ("loras/two", "a"), ("vae/other", "b")] {
        assert_eq!(fs::read(models.join(format!("{place}.safetensors"))).expect("a model"), content(name));
    }
}
