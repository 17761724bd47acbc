//! What can be typed and pasted, where it ends up, and how little it costs the second time.

use super::{behind, pull};
use crate::sandbox::Sandbox;
use crate::support::civitai::Door;
use snapbox::str;

#[test]
fn a_pinned_version_is_pulled_once_and_costs_nothing_again_not_even_a_network() {
    let site = behind(Door::Login);
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:257749@290640")
        .stdout(str![[r#"
[ROOT]/cache/gatedl/civitai/models--257749/snapshots/0000000000000000000000000000000000290640

"#]])
        .stderr(str![[r#"
257749@290640: 1 file verified, 300.00 kB fetched in [TIME]

"#]])
        .run();
    snapbox::assert_data_eq!(
        site.take_log(),
        str![[r#"
GET cdn pony.safetensors 200
GET cdn pony.safetensors bytes=0-0 206
GET hub /api/download/models/290640 307
GET hub /api/download/models/290640 bytes=0-0 307
GET hub /api/v1/model-versions/290640 200

"#]]
    );
    snapbox::assert_data_eq!(
        sandbox.tree("cache"),
        str![[r#"
gatedl/civitai/.locks/models--257749/3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94.lock
gatedl/civitai/CACHEDIR.TAG
gatedl/civitai/models--257749/.gatedl/verified
gatedl/civitai/models--257749/blobs/3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94
gatedl/civitai/models--257749/refs/
gatedl/civitai/models--257749/snapshots/0000000000000000000000000000000000290640/pony.safetensors -> ../../blobs/3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94
gatedl/civitai/models--257749/trees/0000000000000000000000000000000000290640.json

"#]]
    );

    sandbox
        .args(["pull", "civitai:257749@290640"])
        .stdout(str![[r#"
[ROOT]/cache/gatedl/civitai/models--257749/snapshots/0000000000000000000000000000000000290640

"#]])
        .stderr(str![[r#"
257749@290640 is up to date: 1 file

"#]])
        .run();
    sandbox.args(["pull", "--offline", "civitai:257749@290640"]).any_stdout().any_stderr().run();
    sandbox
        .args(["pull", "--offline", "civitai:257749@290640+12"])
        .stdout(str![[r#"
[ROOT]/cache/gatedl/civitai/models--257749/snapshots/0000000000000000000000000000000000290640/pony.safetensors

"#]])
        .any_stderr()
        .run();
    sandbox.args(["pull", "civitai:model-versions/290640"]).any_stdout().any_stderr().run();
    sandbox.args(["pull", "https://civitai.com/api/download/models/290640"]).any_stdout().any_stderr().run();
    assert_eq!(site.count_all(), 0);
}

#[test]
fn a_model_without_a_version_is_its_latest_and_costs_one_request_again() {
    let site = behind(Door::Login);
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:257749")
        .any_stdout()
        .stderr(str![[r#"
257749@main: 1 file verified, 300.00 kB fetched in [TIME]

"#]])
        .run();
    snapbox::assert_data_eq!(
        site.take_log(),
        str![[r#"
GET cdn pony.safetensors 200
GET cdn pony.safetensors bytes=0-0 206
GET hub /api/download/models/290640 307
GET hub /api/download/models/290640 bytes=0-0 307
GET hub /api/v1/model-versions/290640 200
GET hub /api/v1/models/257749 200

"#]]
    );
    pull(&sandbox, "civitai:257749").any_stdout().any_stderr().run();
    assert_eq!(site.take_requests().len(), 1);
    sandbox.args(["pull", "--offline", "civitai:257749"]).any_stdout().any_stderr().run();
    assert_eq!(site.count_all(), 0);
}

#[test]
fn every_spelling_of_one_version_ends_in_one_folder() {
    let site = behind(Door::Login);
    let sandbox = Sandbox::with_civitai(&site, None);
    let folder =
        pull(&sandbox, "https://civitai.com/api/download/models/290640").any_stdout().any_stderr().run().stdout;
    assert!(folder.contains("models--257749"), "{folder}");
    for spelling in [
        "civitai:257749@290640",
        "https://civitai.com/models/257749/pony?modelVersionId=290640",
        "https://www.civitai.com/model-versions/290640",
        "https://civitai.green/models/257749?modelVersionId=290640",
        "urn:air:sdxl:checkpoint:civitai:257749@290640",
    ] {
        let again = pull(&sandbox, spelling).any_stdout().any_stderr().run().stdout;
        assert_eq!(again, folder, "{spelling}");
    }
}

#[test]
fn a_bare_number_is_refused_with_its_meanings() {
    let sandbox = Sandbox::without_hub();
    sandbox
        .args(["pull", "257749"])
        .status(2)
        .stderr(str![[r#"
error: a number alone says too little: `257749`
hint: `civitai:257749` is a model of CivitAI, `civitai:model-versions/257749` is a version of one
hint: `hf:257749` is a repository of that name

"#]])
        .run();
    sandbox
        .args(["pull", "257749@290640"])
        .status(2)
        .stderr(str![[r#"
error: a number alone says too little: `257749@290640`
hint: numbers of CivitAI are written `civitai:257749@290640`

"#]])
        .run();
    sandbox
        .args(["pull", "civitai:pony"])
        .status(2)
        .stderr(str![[r#"
error: `pony` is not a number of CivitAI
hint: models of CivitAI are written `civitai:MODEL@VERSION+FILE`, each a number of the page's address

"#]])
        .run();
    sandbox
        .args(["pull", "https://civitai.com/user/bob"])
        .status(2)
        .stderr(str![[r#"
error: `https://civitai.com/user/bob` does not lead to a repository

"#]])
        .run();
    sandbox
        .args(["pull", "civitai:1@2+3", "x.bin"])
        .status(2)
        .stderr(str![[r#"
error: the reference names a file by its number; no other name and no --include can stand beside it

"#]])
        .run();
}

#[test]
fn a_version_of_another_model_is_not_taken_for_it() {
    let site = behind(Door::Login);
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:1@290640")
        .status(5)
        .stderr(str![[r#"
error: there is nothing published as `civitai:1@290640`
hint: see [CIVITAI]/models/1; models and versions are numbered on their own, as in `civitai:MODEL@VERSION`

"#]])
        .run();
}

#[test]
fn the_plan_of_a_dry_run_has_exact_sizes() {
    let site = behind(Door::Login);
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:257749")
        .args(["--dry-run"])
        .stdout(str![[r#"
257749@main is version 290640
gate: not described, access granted
   fetch   300.00 kB  pony.safetensors
1 file, 300.00 kB; 300.00 kB to fetch

"#]])
        .run();
    pull(&sandbox, "civitai:257749@290640").args(["--json"]).stdout(str![[r#"
{"version":1,"provider":"civitai","repo":"257749","repo_type":"model","revision":"290640","commit":"0000000000000000000000000000000000290640","path":"[ROOT]/cache/gatedl/civitai/models--257749/snapshots/0000000000000000000000000000000000290640","bytes_fetched":300000,"seconds":[SECONDS],"files":[{"path":"pony.safetensors","size":300000,"digest":"sha256:3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94","state":"fetched","id":12,"name":"pony.safetensors"}]}

"#]]).any_stderr().run();
}

#[test]
fn a_number_is_clear_where_the_provider_is_named() {
    let site = behind(Door::Login);
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "257749@290640").args(["--provider", "civitai"]).any_stdout().any_stderr().run();
    pull(&sandbox, "civitai:257749")
        .args(["--repo-type", "dataset"])
        .status(2)
        .stderr(str![[r#"
error: `civitai` has models only

"#]])
        .run();
    pull(&sandbox, "civitai:257749")
        .args(["--revision", "v6"])
        .status(5)
        .stderr(str![[r#"
error: there is nothing published as `civitai:257749@v6`
hint: see [CIVITAI]/models/257749; models and versions are numbered on their own, as in `civitai:MODEL@VERSION`

"#]])
        .run();
    pull(&sandbox, "civitai:257749").args(["--revision", "290640"]).any_stdout().any_stderr().run();
}
