//! Bringing models: what becomes of each, what one failure does to the others, what a kill leaves, what comes from where.

use std::fs;

use serde_json::json;
use snapbox::str;

use super::{OPEN, catalog, desk, gated, hub, open, placed, vix};
use crate::support::digest::sha256_hex;
use crate::support::{Access, Place, token_of};

#[test]
fn one_document_tells_what_became_of_each() {
    let hub = hub();
    let sandbox = desk(&hub);
    let document = vix(&sandbox, &["pull", "--gated", "SD3.5-Medium", "--json"]).any_stdout().any_stderr().run().json();
    let models = document["models"].as_array().expect("models");
    let told: Vec<_> =
        models.iter().map(|model| (model["name"].as_str().unwrap(), model["state"].as_str().unwrap())).collect();
    assert_eq!(told, [("FLUX-1-Fill-Dev", "fetched"), ("SD3.5-Medium", "fetched")]);
    assert_eq!(models[0]["gated"], true);
    assert_eq!(models[0]["digest"], format!("sha256:{}", sha256_hex(&gated())));
    assert_eq!((&document["status"], &document["bytes_fetched"]), (&json!(0), &json!(OPEN + gated().len())));
}

#[test]
fn one_failing_model_does_not_stop_the_others() {
    let hub = hub();
    hub.set_access("worker", "acme/flux", Access::Pending);
    let sandbox = desk(&hub);
    vix(&sandbox, &["pull", "FLUX-1-Fill-Dev", "SD3.5-Medium"])
        .status(4)
        .stdout(str![[r#"
[ROOT]/desk/ComfyUI-Data/models/checkpoints/sd3.5_medium.safetensors

"#]])
        .stderr(str![[r#"
error: FLUX-1-Fill-Dev: access to `acme/flux` is gated and the request of this account awaits a review
  caused by: 403 Forbidden for [HUB]/api/models/acme/flux/auth-check (request id [ID])
  server says: Your request to access model acme/flux is awaiting a review from the repo authors.
hint: the owners decide; https://huggingface.co/acme/flux shows the state
hint: `gatedl access --wait 24h acme/flux && gatedl pull acme/flux` pulls it once they have let you in
hint: the token came from HF_AUTH_TOKEN (account `worker`); `gatedl auth status` shows the others
  failed  FLUX-1-Fill-Dev    30.00 kB
 fetched  SD3.5-Medium       20.00 kB  [..]
2 models: 1 fetched, 1 failed; 20.00 kB over the network; nothing extra on disk

"#]])
        .run();
    assert_eq!(placed(&sandbox), "ComfyUI-Data/models/checkpoints/sd3.5_medium.safetensors\n");
    let run = vix(&sandbox, &["pull", "FLUX-1-Fill-Dev", "SD3.5-Medium", "--json"]).status(4);
    let document = run.any_stdout().any_stderr().run().json();
    assert_eq!(document["status"], 4);
    let error = &document["models"][0]["error"];
    assert_eq!((&document["models"][0]["state"], &error["kind"]), (&json!("failed"), &json!("pending")));
    assert_eq!(document["models"][1]["state"], "present");
}

#[test]
fn what_is_not_what_the_catalog_promises_gets_no_name() {
    let hub = hub();
    let sandbox = desk(&hub);
    for (name, key, value) in [
        ("SD3.5-Medium", "hash", json!("ab".repeat(32))),
        ("SD3.5-Medium", "file_size", json!(OPEN + 1)),
        ("Rife-47", "hash", json!("ab".repeat(32))),
        ("antelopev2", "hashes", json!({"glintr100.onnx": "ab".repeat(32)})),
        ("antelopev2", "hashes", json!({"another.onnx": sha256_hex(b"a face")})),
    ] {
        let mut wrong = catalog();
        wrong[name][key] = value;
        sandbox.write("desk/models_catalog.json", wrong.to_string());
        let finished = vix(&sandbox, &["pull", name]).status(6).any_stderr().run();
        assert!(finished.stderr.contains(name), "{}", finished.stderr);
        assert_eq!(placed(&sandbox).replace("ComfyUI-Data/models/insightface/models/\n", ""), "", "{name} {key}");
        if key == "hash" && name == "SD3.5-Medium" {
            assert_eq!(hub.count(Place::Cdn), 0, "what the listing shows to be another file is not fetched");
        }
    }
}

#[test]
fn a_cache_that_another_program_damaged_is_mended() {
    let hub = hub();
    let sandbox = desk(&hub);
    vix(&sandbox, &["pull", "SD3.5-Medium"]).any_stdout().any_stderr().run();
    let place = sandbox.path("desk/ComfyUI-Data/models/checkpoints/sd3.5_medium.safetensors");
    fs::remove_file(&place).expect("a model");
    let blob = sandbox.cache().join("models--acme--sd/blobs").join(sha256_hex(&open()));
    let mut other = open();
    other[7] ^= 1;
    fs::write(&blob, other).expect("a blob");
    vix(&sandbox, &["pull", "SD3.5-Medium"]).any_stdout().any_stderr().run();
    assert_eq!(fs::read(&place).expect("a model"), open());
}

#[test]
fn a_dry_run_tells_what_would_come_and_writes_nothing() {
    let hub = hub();
    let sandbox = desk(&hub);
    vix(&sandbox, &["pull", "--all", "--dry-run"])
        .any_stdout()
        .stderr(str![[r#"
to fetch  FLUX-1-Fill-Dev    30.00 kB
to fetch  Rife-47                 8 B
to fetch  SD3.5-Medium       20.00 kB
to fetch  antelopev2            290 B
4 models: 4 to fetch; 50.30 kB to fetch; 290 B extra on disk

"#]])
        .run();
    assert_eq!(placed(&sandbox), "");
    assert_eq!(hub.count(Place::Cdn), 0);
}

#[test]
fn a_killed_pull_goes_on_from_the_bytes_that_are_there() {
    let hub = hub();
    let sandbox = desk(&hub);
    hub.configure(|options| options.content_rate = Some(8_000));
    let running = vix(&sandbox, &["pull", "SD3.5-Medium"]).spawn();
    hub.until("some bytes were sent", |requests| requests.iter().any(|request| request.bytes_sent() > 4_000));
    running.kill();
    hub.configure(|options| options.content_rate = None);
    assert_eq!(placed(&sandbox), "");
    let finished = vix(&sandbox, &["pull", "SD3.5-Medium"]).any_stdout().any_stderr().run();
    assert!(finished.stderr.contains("1 model: 1 fetched"), "{}", finished.stderr);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_whole_run_and_leaves_no_half_of_anything() {
    let hub = hub();
    let sandbox = desk(&hub);
    hub.configure(|options| options.content_rate = Some(8_000));
    let running = vix(&sandbox, &["pull", "--all"]).spawn();
    hub.until("some bytes were sent", |requests| requests.iter().any(|request| request.bytes_sent() > 4_000));
    running.interrupt();
    let finished = running.wait();
    assert_eq!((finished.status, finished.stdout.as_str()), (130, ""));
    assert!(finished.stderr.ends_with("hint: run the same command again to go on from there\n"), "{}", finished.stderr);
    assert!(!sandbox.tree("desk").contains(".incomplete"), "{}", sandbox.tree("desk"));
}

#[test]
fn tokens_come_from_the_workers_file_and_the_environment_wins() {
    let hub = hub();
    let sandbox = desk(&hub);
    let text =
        format!("HF_AUTH_TOKEN={}\nMODELS_DIR=from-file\nMODELS_CATALOG_URL=models_catalog.json\n", token_of("worker"));
    sandbox.write("desk/.env", text);
    let run = sandbox.args(["vix", "pull", "--gated", "--env-file", ".env"]);
    run.any_stdout().any_stderr().run();
    assert_eq!(placed(&sandbox), "from-file/diffusion_models/flux1-fill-dev.safetensors\n");
    let run = sandbox.args(["vix", "pull", "--gated", "--env-file", ".env"]).env("MODELS_DIR", "from-shell");
    run.any_stdout().any_stderr().run();
    assert!(placed(&sandbox).contains("from-shell/diffusion_models/"), "{}", placed(&sandbox));
}

#[cfg(unix)]
#[test]
fn a_warning_is_said_once_and_not_for_each_model() {
    let hub = hub();
    let sandbox = desk(&hub);
    sandbox.write("cache/huggingface/token", token_of("worker"));
    let run = vix(&sandbox, &["pull", "--all"]).without_env("HF_AUTH_TOKEN").any_stdout().any_stderr().run();
    assert_eq!(run.stderr.matches("warning: other users can read the token").count(), 1, "{}", run.stderr);
}

#[test]
fn a_broken_file_of_variables_is_named_without_what_is_in_it() {
    let hub = hub().allow_unused();
    let sandbox = desk(&hub);
    sandbox.write("desk/.env", format!("MODELS_DIR=x\nHF_AUTH_TOKEN {}\n", token_of("worker")));
    vix(&sandbox, &["pull", "--gated", "--env-file", ".env"])
        .status(2)
        .stderr(str![[r#"
error: the line 2 of `.env` is not NAME=VALUE

"#]])
        .run();
    vix(&sandbox, &["pull", "--gated", "--env-file", "nowhere/.env"])
        .status(2)
        .stderr(str![[r#"
error: could not read `nowhere/.env`
  caused by: No such file or directory (os error 2)

"#]])
        .run();
}

#[test]
fn a_pull_that_says_no_model_lists_the_ways_to() {
    let hub = hub().allow_unused();
    let sandbox = desk(&hub);
    vix(&sandbox, &["pull"])
        .status(2)
        .stderr(str![[r#"
error: which models? name some (`gatedl vix list` shows them), or say --gated, --all or --flow FILE

"#]])
        .run();
    vix(&sandbox, &["pull", "SD3.5-Medum"])
        .status(5)
        .stderr(str![[r#"
error: there is no model `SD3.5-Medum` in the catalog
hint: near names: `SD3.5-Medium`

"#]])
        .run();
}

#[test]
fn a_host_that_no_provider_has_is_refused_by_its_name() {
    let hub = hub();
    let sandbox = desk(&hub);
    let mut wrong = catalog();
    wrong["SD3.5-Medium"]["url"] = json!("https://evil.example/acme/sd/resolve/main/sd3.5_medium.safetensors");
    wrong["Rife-47"]["url"] = json!("https://huggingface.co/acme/vix_models");
    wrong["Rife-47"]["filename"] = json!("rife47.pth");
    wrong["FLUX-1-Fill-Dev"]["url"] = wrong["SD3.5-Medium"]["url"].clone();
    sandbox.write("desk/models_catalog.json", wrong.to_string());
    // one that was put there by hand needs no provider
    sandbox.write("desk/ComfyUI-Data/models/diffusion_models/flux1-fill-dev.safetensors", gated());
    vix(&sandbox, &["pull", "--all"])
        .status(2)
        .any_stdout()
        .stderr(str![[r#"
error: Rife-47: its address leads to no single file: https://huggingface.co/acme/vix_models
hint: it takes the address of one file, as `…/resolve/main/NAME`
error: SD3.5-Medium: `evil.example` is not the address of a known provider
hint: another hub is named by HF_ENDPOINT or in the configuration file
 adopted  FLUX-1-Fill-Dev    30.00 kB
  failed  Rife-47                 8 B
  failed  SD3.5-Medium       20.00 kB
unpacked  antelopev2            290 B
4 models: 1 adopted, 1 unpacked, 2 failed; 290 B over the network; 12 B extra on disk

"#]])
        .run();
}

#[test]
fn without_a_network_what_is_in_the_cache_is_placed() {
    let hub = hub();
    let sandbox = desk(&hub);
    vix(&sandbox, &["pull", "SD3.5-Medium"]).any_stdout().any_stderr().run();
    hub.take_requests();
    let run = vix(&sandbox, &["pull", "SD3.5-Medium", "antelopev2", "--offline", "--models-dir", "other", "--json"]);
    let document = run.status(5).any_stdout().any_stderr().run().json();
    assert_eq!(document["models"][0]["state"], "placed");
    assert_eq!(document["models"][1]["error"]["kind"], "offline");
    assert_eq!(hub.count_all(), 0);
}
