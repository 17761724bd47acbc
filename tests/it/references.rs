//! Everything that can be typed or pasted where a repository is asked for.

use crate::sandbox::{Run, Sandbox};
use crate::support::{Hub, Kind, Repository};
use snapbox::str;

fn hub() -> Hub {
    let model = Repository::model("org/model")
        .file("config.json", "{}")
        .file("onnx/model.onnx", "onnx")
        .tag("v1.0")
        .branch("branch/with/slashes")
        .commit(|tree| tree.file("config.json", "{\"second\": 2}"))
        .pull_request(7, |tree| tree.file("config.json", "{\"proposed\": 7}"));
    Hub::start(vec![
        model,
        Repository::model("gpt2").file("config.json", "{}"),
        Repository::dataset("org/model").file("config.json", "dataset"),
        Repository::space("org/model").file("config.json", "space"),
        Repository::new(Kind::Kernel, "org/model").file("config.json", "kernel"),
    ])
}

/// The document of a pull of `reference`.
fn pulled(sandbox: &Sandbox, args: &[&str]) -> serde_json::Value {
    sandbox.args(["pull", "--json"]).args(args).any_stdout().any_stderr().run().json()
}

fn refused(sandbox: &Sandbox, args: &[&str]) -> Run {
    sandbox.args(["pull"]).args(args).status(2)
}

#[test]
fn every_spelling_leads_to_the_same_commit() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let first = hub.commit("org/model", "v1.0");
    let newest = hub.commit("org/model", "main");
    let proposed = hub.commit("org/model", "refs/pr/7");
    for (args, commit) in [
        (&["org/model"][..], &newest),
        (&["models/org/model"], &newest),
        (&["hf:org/model"], &newest),
        (&["hf://org/model"], &newest),
        (&["https://huggingface.co/org/model"], &newest),
        (&["https://huggingface.co/org/model?library=transformers"], &newest),
        (&["huggingface.co/org/model"], &newest),
        (&["https://hf.co/org/model/tree/main"], &newest),
        (&["org/model@v1.0"], &first),
        (&["org/model", "--revision", "v1.0"], &first),
        (&["org/model@v1.0", "--revision", "v1.0"], &first),
        (&["hf://org/model@v1.0"], &first),
        (&["https://huggingface.co/org/model/tree/v1.0"], &first),
        (&["org/model@branch/with/slashes"], &first),
        (&["https://huggingface.co/org/model/tree/branch%2Fwith%2Fslashes"], &first),
        (&["https://huggingface.co/org/model/commits/v1.0"], &first),
        (&["hf://org/model@branch%2Fwith%2Fslashes"], &first),
        (&["org/model@refs/pr/7"], &proposed),
        (&["https://huggingface.co/org/model/tree/refs%2Fpr%2F7"], &proposed),
        (&["https://huggingface.co/org/model/tree/refs/pr/7"], &proposed),
    ] {
        let document = pulled(&sandbox, args);
        assert_eq!(document["commit"], commit.as_str(), "{args:?}");
        assert_eq!((&document["provider"], &document["repo"]), (&"hf".into(), &"org/model".into()), "{args:?}");
    }
}

#[test]
fn a_commit_by_its_id_is_pulled_once_and_then_without_a_request() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let first = hub.commit("org/model", "v1.0");
    for reference in [format!("org/model@{first}"), format!("https://huggingface.co/org/model/commit/{first}")] {
        assert_eq!(pulled(&sandbox, &[&reference])["commit"], first.as_str());
    }
    assert_eq!(hub.take_log().matches("/revision/").count(), 1);
    assert_eq!(sandbox.tree("cache/huggingface/hub/models--org--model/refs"), format!("{first}\n"));
}

#[test]
fn kinds_of_repositories_are_told_apart() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    for (args, kind, content) in [
        (&["datasets/org/model"][..], "dataset", "dataset"),
        (&["org/model", "--repo-type", "dataset"], "dataset", "dataset"),
        (&["datasets/org/model", "--type", "dataset"], "dataset", "dataset"),
        (&["hf://datasets/org/model"], "dataset", "dataset"),
        (&["https://huggingface.co/datasets/org/model/blob/main/config.json"], "dataset", "dataset"),
        (&["spaces/org/model"], "space", "space"),
        (&["org/model", "--repo-type", "space"], "space", "space"),
        (&["kernels/org/model"], "kernel", "kernel"),
        (&["hf://kernels/org/model@main"], "kernel", "kernel"),
        (&["https://huggingface.co/kernels/org/model/blob/main/config.json"], "kernel", "kernel"),
        (&["org/model", "--repo-type", "kernel"], "kernel", "kernel"),
        (&["org/model", "--repo-type", "model"], "model", "{\"second\": 2}"),
        (&["gpt2"], "model", "{}"),
    ] {
        let document = pulled(&sandbox, args);
        assert_eq!(document["repo_type"], kind, "{args:?}");
        let path = document["path"].as_str().expect("a path").to_owned();
        let file = if path.ends_with("config.json") { path } else { path + "/config.json" };
        assert_eq!(String::from_utf8_lossy(&sandbox.read(file)), content, "{args:?}");
    }
}

#[test]
fn a_link_to_a_file_pulls_that_file_and_prints_its_path() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    for reference in [
        "https://huggingface.co/org/model/blob/v1.0/onnx/model.onnx",
        "https://huggingface.co/org/model/resolve/v1.0/onnx/model.onnx?download=true",
        "https://huggingface.co/org/model/raw/v1.0/onnx/model.onnx#L1",
        "hf://org/model@v1.0/onnx/model.onnx",
    ] {
        let finished = sandbox.args(["pull", reference]).any_stderr().any_stdout().run();
        let path = finished.stdout.trim_end();
        assert!(path.ends_with("onnx/model.onnx"), "{reference}: {path}");
        assert_eq!(sandbox.read(path), b"onnx");
    }
    assert!(!sandbox.tree("cache").contains("config.json"), "{}", sandbox.tree("cache"));
}

#[test]
fn a_link_to_a_folder_pulls_what_is_below_it() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    for reference in ["https://huggingface.co/org/model/tree/v1.0/onnx", "hf://org/model@v1.0/onnx/"] {
        let files = &pulled(&sandbox, &[reference])["files"];
        assert_eq!(files.as_array().map(Vec::len), Some(1), "{reference}: {files}");
        assert_eq!(files[0]["path"], "onnx/model.onnx");
    }
}

#[test]
fn a_link_of_the_mirror_itself_is_understood() {
    let hub = hub().with(|options| "/mirror".clone_into(&mut options.prefix));
    let sandbox = Sandbox::new(&hub);
    let link = format!("{}/org/model/resolve/v1.0/config.json", hub.url());
    let finished = sandbox.args(["pull", &link]).any_stderr().any_stdout().run();
    assert!(finished.stdout.trim_end().ends_with("/config.json"), "{}", finished.stdout);
}

#[test]
fn a_provider_of_the_configuration_has_its_own_prefix_and_cache() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let text = format!(
        "default_provider = \"corp\"\n[provider.corp]\nprotocol = \"huggingface\"\nendpoint = \"{}\"\ncache = \"~/corp\"\n",
        hub.url()
    );
    let config = sandbox.write("gatedl.toml", text);
    for reference in ["corp:gpt2", "gpt2"] {
        let run = sandbox.args(["pull", reference]).env("GATEDL_CONFIG", &config).any_stderr();
        run.stdout(str![[r#"
[ROOT]/home/corp/models--gpt2/snapshots/853314878be8e61a85ea3737f4878743a48d8303

"#]])
            .run();
    }
    let run = sandbox.args(["pull", "--provider", "hf", "gpt2"]).env("GATEDL_CONFIG", &config).any_stderr();
    run.stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--gpt2/snapshots/853314878be8e61a85ea3737f4878743a48d8303

"#]])
        .run();
}

#[test]
fn what_says_two_things_at_once_is_refused() {
    let sandbox = Sandbox::without_hub();
    refused(&sandbox, &["org/model@v1", "--revision", "v2"])
        .stderr(str![[r#"
error: the reference says `v1`, but --revision says `v2`

"#]])
        .run();
    refused(&sandbox, &["datasets/org/model", "--repo-type", "space"])
        .stderr(str![[r#"
error: the reference says `dataset`, but --repo-type says `space`

"#]])
        .run();
    refused(&sandbox, &["ba:org/model", "--provider", "hf"])
        .stderr(str![[r#"
error: the reference says `ba`, but --provider says `hf`

"#]])
        .run();
}

#[test]
fn what_is_no_reference_is_refused_with_the_reason() {
    let sandbox = Sandbox::without_hub();
    refused(&sandbox, &[""])
        .stderr(str![[r#"
error: `` is not a repository id: it is empty

"#]])
        .run();
    refused(&sandbox, &["org/model/deeper"])
        .stderr(str![[r#"
error: `org/model/deeper` is not a repository id: it is `name` or `owner/name`, with one slash at most; files follow after a blank
hint: if it is a file: `gatedl pull org/model deeper`

"#]])
        .run();
    refused(&sandbox, &["../model"])
        .stderr(str![[r#"
error: `../model` is a path on this machine, not a repository
hint: a repository is put there with --local-dir: `gatedl pull OWNER/NAME --local-dir ../model`

"#]])
        .run();
    refused(&sandbox, &["org/mo del"])
        .stderr(str![[r#"
error: `org/mo del` is not a repository id: only ASCII letters, digits, `_`, `.` and `-` are allowed

"#]])
        .run();
    refused(&sandbox, &["org/model@"])
        .stderr(str![[r#"
error: `` is not a revision: it is empty

"#]])
        .run();
    refused(&sandbox, &["org/model@../../x"])
        .stderr(str![[r#"
error: `../../x` is not a revision: a part of it is `.` or `..`

"#]])
        .run();
    refused(&sandbox, &["corp:org/model"])
        .stderr(str![[r#"
error: there is no provider `corp`
hint: the providers are `hf`, `ba`, `civitai`; others can be added in the configuration file

"#]])
        .run();
    refused(&sandbox, &["https://example.org/org/model"])
        .stderr(str![[r#"
error: `example.org` is not the address of a known provider
hint: another hub is named by HF_ENDPOINT or in the configuration file

"#]])
        .run();
    refused(&sandbox, &["https://huggingface.co/"])
        .stderr(str![[r#"
error: `https://huggingface.co` does not lead to a repository

"#]])
        .run();
    refused(&sandbox, &["hf://org/model@main/../x"])
        .stderr(str![[r#"
error: `../x` is not a safe file name: a part of it is `.` or `..`

"#]])
        .run();
    refused(&sandbox, &["org/\u{1b}[31mmodel"])
        .stderr(str![[r#"
error: `org/[31mmodel` is not a repository id: only ASCII letters, digits, `_`, `.` and `-` are allowed

"#]])
        .run();
    assert_eq!(sandbox.tree("cache"), "");
}

#[test]
fn a_page_that_holds_no_files_is_refused_by_what_it_is_and_never_taken_for_main() {
    let sandbox = Sandbox::without_hub();
    refused(&sandbox, &["https://huggingface.co/org/model/discussions/3?x=1"])
        .stderr(str![[r#"
error: `https://huggingface.co/org/model/discussions/3` is a discussion, not a repository
hint: if it is a pull request, `hf:org/model@refs/pr/3` is what it proposes

"#]])
        .run();
    refused(&sandbox, &["https://huggingface.co/datasets/org/data/compare/main..v2"])
        .stderr(str![[r#"
error: `https://huggingface.co/datasets/org/data/compare/main..v2` is a comparison, not a repository
hint: name the side that is meant: `hf:datasets/org/data@v2`

"#]])
        .run();
    refused(&sandbox, &["https://huggingface.co/org/model/xet-data/main"])
        .stderr(str![[r#"
error: `https://huggingface.co/org/model/xet-data/main` is a page that holds no files, not a repository
hint: `hf:org/model` is the repository that it is about

"#]])
        .run();
    refused(&sandbox, &["hf://buckets/org/bucket/file.bin"])
        .stderr(str![[r#"
error: `buckets/org/bucket/file.bin` is a bucket, not a repository
hint: `hf sync` copies buckets

"#]])
        .run();
    refused(&sandbox, &["https://huggingface.co/collections/org/some-66a1"])
        .stderr(str![[r#"
error: `https://huggingface.co/collections/org/some-66a1` is a collection, not a repository
hint: pull the repositories in it one by one

"#]])
        .run();
    refused(&sandbox, &["org/model@fix#1"])
        .stderr(str![[r#"
error: `org/model@fix` is followed by a `?` or `#`, which only links have
hint: a branch with `?` or `#` in its name goes behind --revision, in quotes

"#]])
        .run();
    refused(&sandbox, &["org/model:Q4_K_M", "--quant", "Q8_0"])
        .stderr(str![[r#"
error: the reference says `Q4_K_M`, but --quant says `Q8_0`

"#]])
        .run();
}

#[test]
fn options_of_other_downloaders_are_known_by_name() {
    let sandbox = Sandbox::without_hub();
    refused(&sandbox, &["org/model", "--resume-download"])
        .stderr(str![[r#"
error: there is no option `--resume-download`
hint: not needed: a pull always goes on from what has arrived
hint: here it is `gatedl pull org/model`

"#]])
        .run();
    refused(&sandbox, &["org/model", "--local-dir", "x", "--local-dir-use-symlinks", "False"])
        .stderr(str![[r#"
error: there is no option `--local-dir-use-symlinks`
hint: not needed: --local-dir always holds plain files
hint: here it is `gatedl pull org/model --local-dir x`

"#]])
        .run();
    refused(&sandbox, &["org/model", "--allow-patterns", "*.json"])
        .stderr(str![[r#"
error: there is no option `--allow-patterns`
hint: here it is --include
hint: here it is `gatedl pull org/model --include '*.json'`

"#]])
        .run();
    refused(&sandbox, &["org/model", "--local_dir_use_symlinks=False"])
        .stderr(str![[r#"
error: there is no option `--local_dir_use_symlinks`
hint: not needed: --local-dir always holds plain files
hint: here it is `gatedl pull org/model`

"#]])
        .run();
}
