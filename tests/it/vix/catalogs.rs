//! Where catalogs come from, and those that somebody wrote to do harm.

use serde_json::{Value, json};
use snapbox::str;

use super::{catalog, desk, hub, placed, vix};
use crate::sandbox::Sandbox;
use crate::support::{Hub, Repository, token_of};

#[test]
fn a_hostile_entry_makes_the_catalog_bad_input_and_is_named() {
    let hub = hub().allow_unused();
    let sandbox = desk(&hub);
    let huge: u64 = 1 << 60;
    for (key, value, reason) in [
        ("filename", json!("../../../../etc/cron.d/evil"), "`..`"),
        ("filename", json!("/etc/cron.d/evil"), "absolute"),
        ("filename", json!("..\\evil"), "backslash"),
        ("filename", json!("C:evil.safetensors"), "`:`"),
        ("filename", json!("custom_nodes/evil/__init__.py"), "program"),
        ("types", json!(["../../home"]), "types"),
        ("file_size", json!(-5), "file_size"),
        ("file_size", json!(huge), "file_size"),
        ("hash", json!("0123"), "SHA-256"),
        ("url", json!("file:///etc/passwd"), "`file:`"),
        ("url", json!("https://bob:pw@huggingface.co/a/b/resolve/main/c"), "credentials"),
        ("regexes", json!([{"input_value": "("}]), "`(`"),
        ("regexes", json!([{"input_value": "(?:(?:(?:a{999}){999}){999}){999}"}]), "regular expression"),
        ("hashes", json!({"../../evil": "ab".repeat(32)}), "`..`"),
    ] {
        let mut hostile = catalog();
        hostile["SD3.5-Medium"][key] = value;
        sandbox.write("desk/models_catalog.json", hostile.to_string());
        let finished = vix(&sandbox, &["pull", "Rife-47"]).status(2).any_stderr().run();
        let said = finished.stderr.contains("`SD3.5-Medium`") && finished.stderr.contains(reason);
        assert!(said, "{key}: {}", finished.stderr);
    }
    assert_eq!(placed(&sandbox), "");
    assert_eq!(hub.count_all(), 0);
}

#[test]
fn an_expression_that_explodes_ends_the_run_and_not_the_worker() {
    let hub = hub().allow_unused();
    let sandbox = desk(&hub);
    let mut hostile = catalog();
    hostile["SD3.5-Medium"]["regexes"] = json!([{"input_value": "^(?:(?:a|aa)(?!b))+$"}]);
    sandbox.write("desk/models_catalog.json", hostile.to_string());
    let bait = "a".repeat(200) + "!";
    sandbox.write(
        "desk/flow.json",
        json!({"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": bait}}}).to_string(),
    );
    vix(&sandbox, &["pull", "--flow", "flow.json"]).status(2).stderr(str![[r#"
error: the entry `SD3.5-Medium` of the catalog cannot be used: its regular expression `^(?:(?:a|aa)(?!b))+$` takes too many steps
hint: nothing of this catalog is used until that entry is mended or taken out

"#]]).run();
}

#[test]
fn what_is_no_catalog_says_so() {
    let hub = hub().allow_unused();
    let sandbox = desk(&hub);
    sandbox.write("desk/models_catalog.json", "<html>not found</html>");
    vix(&sandbox, &["pull", "--all"])
        .status(2)
        .stderr(str![[r#"
error: the catalog `models_catalog.json` is not JSON
  caused by: expected value at line 1 column 1

"#]])
        .run();
    vix(&sandbox, &["pull", "--all", "--catalog", "nowhere.json"])
        .status(2)
        .stderr(str![[r#"
error: could not read `nowhere.json`
  caused by: No such file or directory (os error 2)

"#]])
        .run();
    vix(&sandbox, &["pull", "--all", "--catalog", "ftp://host/models_catalog.json"])
        .status(2)
        .stderr(str![[r#"
error: `ftp://host/models_catalog.json` is neither a file nor an http address

"#]])
        .run();
}

#[test]
fn later_catalogs_override_earlier_ones() {
    let hub = hub().allow_unused();
    let sandbox = desk(&hub);
    let mut mine = json!({"SD3.5-Medium": catalog()["SD3.5-Medium"].clone()});
    mine["SD3.5-Medium"]["filename"] = json!("mine.safetensors");
    sandbox.write("desk/mine.json", mine.to_string());
    for args in
        [&["list", "--json", "--catalog", "models_catalog.json", "--catalog", "mine.json"][..], &["list", "--json"]]
    {
        let run = vix(&sandbox, args).env("MODELS_CATALOG_URL", "models_catalog.json; mine.json ;");
        let document = run.any_stdout().any_stderr().run().json();
        let models = document["models"].as_array().expect("models");
        assert_eq!(models.len(), 4, "{args:?}");
        let path = |name: &str| {
            let model: &Value = models.iter().find(|model| model["name"] == name).expect(name);
            model["path"].as_str().unwrap_or_default().to_owned()
        };
        assert!(path("SD3.5-Medium").ends_with("mine.safetensors"), "{}", path("SD3.5-Medium"));
    }
}

/// The hub serves a catalog as a file of a repository that anybody may read.
fn hub_with_catalog() -> Hub {
    let hub = Hub::start(vec![
        Repository::model("acme/catalog").file("models_catalog.json", catalog().to_string()),
        Repository::model("acme/sd").lfs("sd3.5_medium.safetensors", super::open()),
    ]);
    hub.with(|options| options.forbids_tokens = true)
}

#[test]
fn a_catalog_from_an_address_is_fetched_without_any_token() {
    let hub = hub_with_catalog();
    let sandbox = Sandbox::new(&hub);
    let folder = format!("{}/acme/catalog/resolve/main/", hub.url());
    let run = sandbox.args(["vix", "list", "--json", "--catalog", &folder]).env("HF_TOKEN", token_of("worker"));
    let document = run.any_stdout().any_stderr().run().json();
    assert_eq!(document["models"].as_array().map(Vec::len), Some(4));
    assert!(hub.requests().iter().all(|request| request.token.is_none()), "{}", hub.log());
}

#[test]
fn a_catalog_that_is_not_there_or_offline_is_told_apart() {
    let hub = hub_with_catalog();
    let sandbox = Sandbox::new(&hub);
    let missing = format!("{}/acme/catalog/resolve/main/other.json", hub.url());
    sandbox
        .args(["vix", "pull", "--all", "--catalog", &missing])
        .status(5)
        .stderr(str![[r#"
error: could not fetch the catalog `[HUB]/acme/catalog/resolve/main/other.json`
  caused by: 404 Not Found for [HUB]/acme/catalog/resolve/main/other.json (request id [ID])
  server says: Entry not found

"#]])
        .run();
    sandbox.args(["vix", "pull", "--all", "--offline"]).status(5).stderr(str![[r#"
error: the catalog `https://visionatrix.github.io/VixFlowsDocs/models_catalog.json` is not on this machine, and gatedl is offline
hint: name a file: --catalog FILE

"#]]).run();
}
