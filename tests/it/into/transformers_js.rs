//! `--into transformers.js`: the tree that every version of the library loads, as far as it can load it.

use crate::in_cache;
use crate::sandbox::{Run, Sandbox};
use crate::support::{Access, Account, Gate, Hub, Repository, generated, token_of};
use snapbox::{assert_data_eq, str};
use std::fs;

const ID: &str = "onnx-community/tiny";

fn repository() -> Repository {
    Repository::model(ID)
        .file("README.md", "# Tiny\n")
        .file("config.json", "{}\n")
        .file("tokenizer.json", "{\"version\": \"1.0\"}\n")
        .file("tokenizer_config.json", "{\"model_max_length\": 8}\n")
        .file("chat_template.jinja", "{{ messages }}\n")
        .file("model.safetensors.index.json", "{\"weight_map\": {}}\n")
        .lfs("model.safetensors", generated(1, 9_000))
        .lfs("onnx/model.onnx", generated(2, 8_000))
        .lfs("onnx/model_q4.onnx", generated(3, 1_000))
        .lfs("onnx/model_q4.onnx_data", generated(4, 2_000))
        .lfs("onnx/model_quantized.onnx", generated(5, 4_000))
        .tag("v1.0")
}

fn stage() -> (Hub, Sandbox) {
    let hub = Hub::start(vec![repository()]);
    let sandbox = Sandbox::new(&hub);
    (hub, sandbox)
}

fn pull(sandbox: &Sandbox) -> Run {
    sandbox.args(["pull", ID, "--into", "transformers.js", "--link", "copy"]).any_stdout()
}

#[test]
fn the_tree_holds_what_the_library_loads_and_two_lines_say_how() {
    let (hub, sandbox) = stage();
    pull(&sandbox)
        .args(["--dtype", "q4"])
        .stdout(str![[r#"
[ROOT]/desk/models/onnx-community/tiny

"#]])
        .stderr(str![[r#"
onnx-community/tiny@main: 6 files verified, 3.06 kB fetched in [TIME]; brought 6 files by copy (3.06 kB extra on disk)
load it in JavaScript:
  env.allowRemoteModels = false; env.localModelPath = "[ROOT]/desk/models";
  const loaded = await AutoModel.from_pretrained('onnx-community/tiny', { dtype: 'q4' });

"#]])
        .run();
    assert_data_eq!(
        sandbox.tree("desk"),
        str![[r#"
models/onnx-community/tiny/chat_template.jinja
models/onnx-community/tiny/config.json
models/onnx-community/tiny/onnx/model_q4.onnx
models/onnx-community/tiny/onnx/model_q4.onnx_data
models/onnx-community/tiny/tokenizer.json
models/onnx-community/tiny/tokenizer_config.json

"#]]
    );
    hub.take_requests();
    pull(&sandbox).args(["--dtype", "q4", "--quiet"]).run();
    assert_eq!(hub.count_all(), 1);
}

#[test]
fn every_revision_but_main_has_a_root_of_its_own() {
    let (_hub, sandbox) = stage();
    pull(&sandbox)
        .args(["--revision", "v1.0", "--dtype", "q8"])
        .stdout(str![[r#"
[ROOT]/desk/models/@v1.0/onnx-community/tiny

"#]])
        .any_stderr()
        .run();
    assert!(sandbox.path("desk/models/@v1.0/onnx-community/tiny/tokenizer_config.json").is_file());
}

#[test]
fn a_precision_that_is_not_there_lists_those_that_are() {
    let (hub, sandbox) = stage();
    pull(&sandbox)
        .args(["--dtype", "fp16"])
        .status(5)
        .stderr(str![[r#"
error: `onnx-community/tiny` has no ONNX files of the precision `fp16`
hint: --dtype may be `fp32` (8.00 kB), `q8` (4.00 kB), `q4` (3.00 kB)

"#]])
        .run();
    assert_eq!(in_cache::gets(&hub.requests()), 0);
    pull(&sandbox).args(["--dtype", "q3"]).status(2).any_stderr().run();
}

#[test]
fn the_configuration_of_the_tokenizer_comes_along_always() {
    let (_hub, sandbox) = stage();
    let run = sandbox.args(["pull", ID, "tokenizer.json", "--into", "transformers.js=public/models", "--quiet"]);
    run.stdout(str![[r#"
[ROOT]/desk/public/models/onnx-community/tiny/tokenizer.json

"#]])
        .run();
    assert_data_eq!(
        sandbox.tree("desk"),
        str![[r#"
public/models/onnx-community/tiny/tokenizer.json
public/models/onnx-community/tiny/tokenizer_config.json

"#]]
    );
}

#[test]
fn a_new_commit_replaces_the_files_of_the_old_one_but_not_those_of_the_user() {
    let (hub, sandbox) = stage();
    pull(&sandbox).args(["--quiet"]).run();
    let place = sandbox.path("desk/models/onnx-community/tiny/config.json");
    hub.push(ID, |tree| tree.file("config.json", "{\"new\": 1}\n"));
    pull(&sandbox).args(["--quiet"]).run();
    assert_eq!(fs::read_to_string(&place).expect("a file"), "{\"new\": 1}\n");
    fs::write(&place, "{\"mine\": 1}\n").expect("a file");
    pull(&sandbox)
        .status(8)
        .stderr(str![[r#"
error: `[ROOT]/desk/models/onnx-community/tiny/config.json` is there already, with other content
hint: move it away, or replace it with --force

"#]])
        .run();
    assert_eq!(fs::read_to_string(&place).expect("a file"), "{\"mine\": 1}\n");
}

/// The seed: a gated model of BOINC AI, its token in `BA_ACCESS_TOKEN`, for Transformers.js.
#[test]
fn a_gated_model_of_boinc_ai() {
    const LLAMA: &str = "meta-llama/Llama-2-7b-ba";
    let llama = Repository::model(LLAMA)
        .gated(Gate::Manual)
        .file("config.json", "{}\n")
        .file("tokenizer.json", "{}\n")
        .file("tokenizer_config.json", "{\"legacy\": false}\n")
        .lfs("model-00001-of-00001.safetensors", generated(1, 9_000));
    let hub = Hub::start(vec![llama]).account(Account::new("bob")).access("bob", LLAMA, Access::Granted);
    let sandbox = Sandbox::without_hub();
    let pull = |sandbox: &Sandbox| {
        let run = sandbox.args(["pull", "ba:meta-llama/Llama-2-7b-ba", "--into", "transformers.js", "--link", "copy"]);
        run.env("BA_ENDPOINT", hub.url())
    };
    pull(&sandbox).status(3).any_stderr().run();
    assert_eq!(sandbox.tree("desk"), "", "a denied pull leaves no trace");
    assert_eq!(sandbox.tree("cache"), "");
    pull(&sandbox)
        .env("BA_ACCESS_TOKEN", token_of("bob"))
        .env("HF_TOKEN", token_of("somebody at another hub"))
        .stdout(str![[r#"
[ROOT]/desk/models/meta-llama/Llama-2-7b-ba

"#]])
        .stderr(str![[r#"
meta-llama/Llama-2-7b-ba@main: 3 files verified, 21 B fetched in [TIME]; brought 3 files by copy (24 B extra on disk)
load it in JavaScript:
  env.allowRemoteModels = false; env.localModelPath = "[ROOT]/desk/models";
  const loaded = await AutoTokenizer.from_pretrained('meta-llama/Llama-2-7b-ba');

"#]])
        .run();
    assert_data_eq!(
        sandbox.tree("desk"),
        str![[r#"
models/meta-llama/Llama-2-7b-ba/config.json
models/meta-llama/Llama-2-7b-ba/tokenizer.json
models/meta-llama/Llama-2-7b-ba/tokenizer_config.json

"#]]
    );
    assert!(sandbox.path("cache/boincai/hub/models--meta-llama--Llama-2-7b-ba").is_dir());
}

/// Without one of its sessions a model does not load, so the session stays in the precision that it has.
#[test]
fn a_session_that_lacks_the_precision_stays_and_is_named() {
    let repository = Repository::model(ID)
        .file("config.json", "{}\n")
        .file("tokenizer_config.json", "{}\n")
        .lfs("onnx/decoder_model_merged_q4.onnx", generated(3, 1_000))
        .lfs("onnx/decoder_model_merged.onnx", generated(4, 3_000))
        .lfs("onnx/embed_tokens_fp16.onnx", generated(5, 2_000))
        .lfs("onnx/embed_tokens_quantized.onnx", generated(6, 1_500));
    let hub = Hub::start(vec![repository]);
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox)
        .args(["--dtype", "q4"])
        .stderr(str![[r#"
note: the session `onnx/embed_tokens` does not come in q4 and is taken in fp16
onnx-community/tiny@main: 4 files verified, 3.00 kB fetched in [TIME]; brought 4 files by copy (3.01 kB extra on disk)
load it in JavaScript:
  env.allowRemoteModels = false; env.localModelPath = "[ROOT]/desk/models";
  const loaded = await AutoModel.from_pretrained('onnx-community/tiny', { dtype: 'q4' });

"#]])
        .run();
}
