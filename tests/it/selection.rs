//! Which files of a repository are pulled: names, folders, patterns; and what happens to those that match nothing.

use crate::sandbox::Sandbox;
use crate::support::{Hub, Repository};
use snapbox::str;
use std::collections::BTreeSet;

fn hub() -> Hub {
    let files = [
        "README.md",
        "config.json",
        "generation_config.json",
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "onnx/model.onnx",
        "onnx/nested/config.json",
        "onnxruntime.md",
        "weird[1].json",
    ];
    Hub::start(vec![files.into_iter().fold(Repository::model("org/model"), |model, name| model.file(name, name))])
}

#[track_caller]
fn assert_pulls(args: &[&str], expected: &[&str]) {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let finished = sandbox.args(["pull", "org/model", "--json"]).args(args).any_stdout().any_stderr().run();
    let document = finished.json();
    let pulled: BTreeSet<&str> =
        document["files"].as_array().expect("files").iter().filter_map(|file| file["path"].as_str()).collect();
    assert_eq!(pulled, expected.iter().copied().collect(), "{args:?}");
    let tree =
        sandbox.tree(format!("cache/huggingface/hub/models--org--model/snapshots/{}", hub.commit("org/model", "main")));
    assert_eq!(tree.lines().count(), expected.len(), "{args:?}: {tree}");
}

#[test]
fn names_folders_and_patterns_select_files() {
    assert_pulls(&["config.json"], &["config.json"]);
    assert_pulls(&["config.json", "README.md"], &["config.json", "README.md"]);
    assert_pulls(&["weird[1].json"], &["weird[1].json"]);
    assert_pulls(&["onnx/"], &["onnx/model.onnx", "onnx/nested/config.json"]);
    assert_pulls(&["--include", "*config.json"], &["config.json", "generation_config.json", "onnx/nested/config.json"]);
    assert_pulls(&["--include", "*.md", "--include", "*.onnx"], &["README.md", "onnxruntime.md", "onnx/model.onnx"]);
    assert_pulls(
        &["--include", "*.json", "--exclude", "onnx/*", "--exclude", "*[[]*"],
        &["config.json", "generation_config.json"],
    );
    assert_pulls(&["onnx/", "--include", "*.json"], &["onnx/nested/config.json"]);
    assert_pulls(&["onnx/", "--exclude", "*/nested/*", "--exclude", "*.bin"], &["onnx/model.onnx"]);
}

#[test]
fn one_named_file_prints_its_path_and_everything_else_the_folder() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let pull = || sandbox.args(["pull", "--quiet", "org/model"]);
    pull()
        .args(["onnx/model.onnx"])
        .stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--org--model/snapshots/6ad065c0a7626a6ec0d721fc7a712a0372cf48ec/onnx/model.onnx

"#]])
        .run();
    pull()
        .args(["onnx/model.onnx"])
        .stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--org--model/snapshots/6ad065c0a7626a6ec0d721fc7a712a0372cf48ec/onnx/model.onnx

"#]])
        .run();
    pull()
        .args(["onnx/model.onnx", "config.json"])
        .stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--org--model/snapshots/6ad065c0a7626a6ec0d721fc7a712a0372cf48ec

"#]])
        .run();
    pull()
        .args(["--include", "onnx/model.onnx"])
        .stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--org--model/snapshots/6ad065c0a7626a6ec0d721fc7a712a0372cf48ec

"#]])
        .run();
    pull()
        .args(["--local-dir", "here", "onnx/model.onnx"])
        .stdout(str![[r#"
[ROOT]/desk/here/onnx/model.onnx

"#]])
        .run();
}

#[test]
fn a_misspelt_name_is_an_error_with_near_names() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "org/model", "Config.json"])
        .status(5)
        .stderr(str![[r#"
error: `org/model` has not all of the files that were asked for
  caused by: no file in the repository matches `Config.json`
hint: near `Config.json`: `config.json`, `onnx/nested/config.json`

"#]])
        .run();
    sandbox
        .args(["pull", "org/model", "onnx"])
        .status(5)
        .stderr(str![[r#"
error: `org/model` has not all of the files that were asked for
  caused by: no file in the repository matches `onnx`
hint: near `onnx`: `onnx/`

"#]])
        .run();
    sandbox
        .args(["pull", "org/model", "nothing-like-it.gguf"])
        .status(5)
        .stderr(str![[r#"
error: `org/model` has not all of the files that were asked for
  caused by: no file in the repository matches `nothing-like-it.gguf`
hint: `--dry-run` without names lists all files

"#]])
        .run();
    assert_eq!(sandbox.tree("cache"), "");
}

#[test]
fn one_misspelt_name_of_several_is_an_error_and_nothing_is_written() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let run = sandbox.args(["pull", "org/model", "config.json", "modle-00001-of-00002.safetensors", "README.md"]);
    run.status(5)
        .stderr(str![[r#"
error: `org/model` has not all of the files that were asked for
  caused by: no file in the repository matches `modle-00001-of-00002.safetensors`
hint: near `modle-00001-of-00002.safetensors`: `model-00001-of-00002.safetensors`, `model-00002-of-00002.safetensors`

"#]])
        .run();
    let run = sandbox.args(["pull", "org/model", "--include", "*.json", "--include", "*.safetensor"]);
    run.status(5)
        .stderr(str![[r#"
error: `org/model` has not all of the files that were asked for
  caused by: no file in the repository matches `*.safetensor`
hint: near `*.safetensor`: `model-00001-of-00002.safetensors`, `model-00002-of-00002.safetensors`

"#]])
        .run();
    assert_eq!(sandbox.tree("cache"), "");
    let asked = hub.log();
    assert!(!asked.contains("/resolve/"), "{asked}");
}

#[test]
fn a_misspelt_name_in_json_is_one_document() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let run = sandbox.args(["pull", "org/model", "--json", "confg.json"]).status(5);
    run.stdout(str![[r#"
{"version":1,"error":{"kind":"file_missing","message":"`org/model` has not all of the files that were asked for","causes":["no file in the repository matches `confg.json`"],"server_message":null,"url":null,"status":5,"hints":["near `confg.json`: `config.json`, `onnx/nested/config.json`"]}}

"#]]).any_stderr().run();
}

#[test]
fn a_pattern_among_names_is_taken_literally_and_said_to_be() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "org/model", "*.safetensors"])
        .status(5)
        .stderr(str![[r#"
error: `org/model` has not all of the files that were asked for
  caused by: no file in the repository matches `*.safetensors`
hint: names are taken literally; patterns go behind --include

"#]])
        .run();
}

#[test]
fn patterns_that_leave_nothing_together_are_an_error() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let run = sandbox.args(["pull", "org/model", "config.json", "--exclude", "*.json"]);
    run.status(5)
        .stderr(str![[r#"
error: `org/model` has not all of the files that were asked for
  caused by: no file is left: each name and pattern matches some file, but none passes all of them

"#]])
        .run();
    let run = sandbox.args(["pull", "org/model", "onnx/", "--include", "*.md"]);
    run.status(5)
        .stderr(str![[r#"
error: `org/model` has not all of the files that were asked for
  caused by: no file is left: each name and pattern matches some file, but none passes all of them

"#]])
        .run();
}

#[test]
fn a_misspelt_name_of_a_complete_commit_costs_no_request() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let reference = format!("org/model@{}", hub.commit("org/model", "main"));
    sandbox.args(["pull", &reference]).any_stdout().any_stderr().run();
    hub.take_log();
    sandbox.args(["pull", &reference, "confg.json"]).status(5).any_stderr().run();
    assert_eq!(hub.take_log(), "");
}

#[test]
fn an_empty_repository_is_pulled_as_what_it_is() {
    let hub = Hub::start(vec![Repository::model("org/empty")]);
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "org/empty"])
        .stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--org--empty/snapshots/a9a2b95b8d4b35f0b006852361f41fbb2dc35929

"#]])
        .stderr(str![[r#"
org/empty@main has no files

"#]])
        .run();
    sandbox
        .args(["pull", "org/empty"])
        .stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--org--empty/snapshots/a9a2b95b8d4b35f0b006852361f41fbb2dc35929

"#]])
        .stderr(str![[r#"
org/empty@main has no files

"#]])
        .run();
}
