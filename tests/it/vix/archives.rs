//! Archives that a catalog vouches for and that do harm all the same. The shapes are in the tests beside the code; here
//! is that none of it reaches a worker's folders.

use serde_json::json;
use snapbox::str;

use super::{desk, entry, hub, placed, vix, zip_of};
use crate::sandbox::Sandbox;
use crate::support::{Hub, Repository};

fn sandbox_with(archive: &[u8]) -> (Hub, Sandbox) {
    let hub = Hub::start(vec![Repository::model("acme/tools").lfs("pack.zip", archive.to_vec())]);
    let sandbox = Sandbox::new(&hub);
    let url = "https://huggingface.co/acme/tools/resolve/main/pack.zip";
    let catalog = json!({"pack": entry(url, archive, &json!({"filename": "insightface/models/pack.zip"}))});
    sandbox.write("desk/models_catalog.json", catalog.to_string());
    (hub, sandbox)
}

const PULL: [&str; 5] = ["vix", "pull", "pack", "--catalog", "models_catalog.json"];

#[test]
fn a_hostile_archive_leaves_nothing_in_the_folders() {
    let mut slip = zip_of(&[("aa/bb/cc/evil", b"evil")]);
    while let Some(at) = slip.windows(3).position(|name| [b"aa/", b"bb/", b"cc/"].iter().any(|part| *part == name)) {
        slip[at..at + 3].copy_from_slice(b"../");
    }
    let bomb = zip_of(&[("zeros", &vec![0; 4 << 20])]);
    let program = zip_of(&[("pack/__init__.py", b"import os")]);
    for (archive, reason) in [(slip, "`..`"), (bomb, "100 times"), (program, "program")] {
        let (_hub, sandbox) = sandbox_with(&archive);
        let finished = sandbox.args(PULL).status(6).any_stderr().run();
        assert!(finished.stderr.contains(reason), "{}", finished.stderr);
        assert_eq!(placed(&sandbox).replace("ComfyUI-Data/models/insightface/models/\n", ""), "");
        assert!(!sandbox.path("evil").exists());
    }
}

#[test]
fn an_address_that_goes_on_after_its_zip_is_no_archive_to_a_worker() {
    let archive = zip_of(&[("pack/a.onnx", b"a")]);
    let (_hub, sandbox) = sandbox_with(&archive);
    let url = "https://huggingface.co/acme/tools/resolve/main/pack.zip?download=true";
    let catalog = json!({"pack": entry(url, &archive, &json!({"filename": "insightface/models/pack.zip"}))});
    sandbox.write("desk/models_catalog.json", catalog.to_string());
    sandbox.args(PULL).any_stdout().any_stderr().run();
    assert_eq!(placed(&sandbox), "ComfyUI-Data/models/insightface/models/pack.zip\n");
    assert_eq!(sandbox.read("desk/ComfyUI-Data/models/insightface/models/pack.zip"), archive);
}

#[test]
fn what_a_killed_run_unpacked_is_removed_by_the_next_one() {
    let (_hub, sandbox) = sandbox_with(&zip_of(&[("pack/a.onnx", b"a")]));
    sandbox.write("desk/ComfyUI-Data/models/insightface/models/.gatedl-7sUbF6.incomplete/pack/a.onnx", "ha");
    sandbox.args(PULL).any_stdout().any_stderr().run();
    assert_eq!(placed(&sandbox), "ComfyUI-Data/models/insightface/models/pack/a.onnx\n");
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_the_models_is_not_followed() {
    let (hub, sandbox) = sandbox_with(&zip_of(&[("pack/a.onnx", b"a")]));
    let hub = hub.allow_unused();
    sandbox.write("elsewhere/models/theirs", "");
    sandbox.write("desk/ComfyUI-Data/models/theirs", "");
    let link = sandbox.path("desk/ComfyUI-Data/models/insightface");
    std::os::unix::fs::symlink(sandbox.path("elsewhere"), link).expect("a link");
    let refused = sandbox.args(PULL).status(8).any_stderr().run();
    assert!(refused.stderr.contains("a link out of the destination"), "{}", refused.stderr);
    assert_eq!(std::fs::read_dir(sandbox.path("elsewhere/models")).expect("a folder").count(), 1);
    assert_eq!(hub.count_all(), 0, "it is known before the first byte");
}

#[test]
fn several_top_entries_get_a_folder_and_are_not_unpacked_twice() {
    let (hub, sandbox) = sandbox_with(&zip_of(&[("a.onnx", b"a"), ("b.onnx", b"b")]));
    sandbox
        .args(PULL)
        .stdout(str![[r#"
[ROOT]/desk/ComfyUI-Data/models/insightface/models/pack

"#]])
        .stderr(str![[r#"
unpacked  pack       204 B
1 model: 1 unpacked; 204 B over the network; 2 B extra on disk

"#]])
        .run();
    assert_eq!(
        placed(&sandbox),
        "ComfyUI-Data/models/insightface/models/pack/a.onnx\nComfyUI-Data/models/insightface/models/pack/b.onnx\n"
    );
    hub.take_requests();
    sandbox
        .args(PULL)
        .any_stdout()
        .stderr(str![[r#"
 present  pack       204 B
1 model: 1 present

"#]])
        .run();
    sandbox.write("desk/ComfyUI-Data/models/insightface/models/pack/a.onnx", "mine");
    sandbox
        .args(PULL)
        .status(8)
        .stderr(str![[r#"
error: pack: `[ROOT]/desk/ComfyUI-Data/models/insightface/models/pack` is there already, with other content
hint: move it away, or replace it with --force
  failed  pack       204 B
1 model: 1 failed

"#]])
        .run();
    sandbox.args(PULL).args(["--force"]).any_stdout().any_stderr().run();
    assert_eq!(sandbox.read("desk/ComfyUI-Data/models/insightface/models/pack/a.onnx"), b"a");
}

#[test]
fn a_folder_whose_members_are_wrong_is_told_before_anything_is_fetched() {
    let hub = hub();
    let sandbox = desk(&hub);
    let member = "desk/ComfyUI-Data/models/insightface/models/antelopev2/genderage.onnx";
    sandbox.write(member, "mine");
    vix(&sandbox, &["pull", "antelopev2"])
        .status(8)
        .stderr(str![[r#"
error: antelopev2: `[ROOT]/desk/ComfyUI-Data/models/insightface/models/antelopev2` is there already, with other content
hint: move it away, or replace it with --force
  failed  antelopev2       290 B
1 model: 1 failed

"#]])
        .run();
    assert_eq!((hub.count_all(), sandbox.read(member)), (0, b"mine".to_vec()));
    vix(&sandbox, &["pull", "antelopev2", "--force"]).any_stdout().any_stderr().run();
    assert_eq!(sandbox.read(member), b"an age");
}
