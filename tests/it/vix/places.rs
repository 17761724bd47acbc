//! Where the models of a worker go, and what of that was there before: the worker's folders, other names, files in the way.

use serde_json::json;
use snapbox::str;

use super::{catalog, desk, gated, hub, interpolator, open, placed, vix};

#[test]
fn every_shape_of_model_lands_where_comfyui_looks() {
    let hub = hub();
    let sandbox = desk(&hub);
    vix(&sandbox, &["pull", "--all"])
        .stdout(str![[r#"
[ROOT]/desk/ComfyUI-Data/models/diffusion_models/flux1-fill-dev.safetensors
[ROOT]/desk/ComfyUI/custom_nodes/comfyui-frame-interpolation/ckpts/rife/rife47.pth
[ROOT]/desk/ComfyUI-Data/models/checkpoints/sd3.5_medium.safetensors
[ROOT]/desk/ComfyUI-Data/models/insightface/models/antelopev2

"#]])
        .stderr(str![[r#"
 fetched  FLUX-1-Fill-Dev    30.00 kB  [..]
 fetched  Rife-47                 8 B  [..]
 fetched  SD3.5-Medium       20.00 kB  [..]
unpacked  antelopev2            290 B
4 models: 3 fetched, 1 unpacked; 50.30 kB over the network; 12 B extra on disk

"#]])
        .run();
    assert_eq!(
        placed(&sandbox),
        "ComfyUI-Data/models/checkpoints/sd3.5_medium.safetensors\n\
         ComfyUI-Data/models/diffusion_models/flux1-fill-dev.safetensors\n\
         ComfyUI-Data/models/insightface/models/antelopev2/genderage.onnx\n\
         ComfyUI-Data/models/insightface/models/antelopev2/glintr100.onnx\n\
         ComfyUI/custom_nodes/comfyui-frame-interpolation/ckpts/rife/rife47.pth\n"
    );
    assert_eq!(sandbox.read("desk/ComfyUI-Data/models/diffusion_models/flux1-fill-dev.safetensors"), gated());
    assert_eq!(
        sandbox.read("desk/ComfyUI/custom_nodes/comfyui-frame-interpolation/ckpts/rife/rife47.pth"),
        interpolator()
    );
    hub.take_requests();
    vix(&sandbox, &["pull", "--all"])
        .any_stdout()
        .stderr(str![[r#"
 present  FLUX-1-Fill-Dev    30.00 kB
 present  Rife-47                 8 B
 present  SD3.5-Medium       20.00 kB
 present  antelopev2            290 B
4 models: 4 present

"#]])
        .run();
    assert_eq!(hub.count_all(), 0, "what is in place is not asked for: {}", hub.log());
}

#[test]
fn folders_are_those_of_the_worker() {
    let hub = hub();
    let sandbox = desk(&hub);
    sandbox.write(
        "desk/comfy/extra_model_paths.yaml",
        "disk:\n  base_path: ../disk\n  is_default: true\n  checkpoints: sd\n",
    );
    vix(&sandbox, &["pull", "SD3.5-Medium", "FLUX-1-Fill-Dev", "Rife-47"])
        .env("COMFYUI_DIR", "comfy")
        .env("BASE_DATA_DIR", "data")
        .any_stdout()
        .any_stderr()
        .run();
    assert_eq!(
        placed(&sandbox),
        "comfy/custom_nodes/comfyui-frame-interpolation/ckpts/rife/rife47.pth\n\
         comfy/extra_model_paths.yaml\n\
         data/models/diffusion_models/flux1-fill-dev.safetensors\n\
         disk/sd/sd3.5_medium.safetensors\n"
    );
    let run =
        vix(&sandbox, &["pull", "FLUX-1-Fill-Dev", "--models-dir", "flag", "--json"]).env("MODELS_DIR", "variable");
    let document = run.any_stderr().any_stdout().run().json();
    let path = document["models"][0]["path"].as_str().expect("a path");
    assert!(path.replace('\\', "/").ends_with("flag/diffusion_models/flux1-fill-dev.safetensors"), "{path}");
    assert_eq!((&document["models"][0]["state"], &document["bytes_fetched"]), (&json!("placed"), &json!(0)));
}

#[test]
fn what_a_worker_leaves_to_comfyui_is_looked_for_there_alone() {
    let hub = hub();
    let sandbox = desk(&hub);
    let mut one = catalog();
    one["SD3.5-Medium"]["types"] = json!(["embeddings"]);
    sandbox.write("desk/models_catalog.json", one.to_string());
    // a worker does not look here
    sandbox.write("desk/ComfyUI-Data/models/embeddings/sd3.5_medium.safetensors", open());
    let pull = |way: &str| vix(&sandbox, &["pull", "SD3.5-Medium", "--link", way]);
    pull("copy")
        .stdout(str![[r#"
[ROOT]/desk/ComfyUI/models/embeddings/sd3.5_medium.safetensors

"#]])
        .any_stderr()
        .run();
    assert_eq!(sandbox.read("desk/ComfyUI/models/embeddings/sd3.5_medium.safetensors"), open());
    // nor does a misspelt root become a tree
    vix(&sandbox, &["pull", "SD3.5-Medium", "--comfyui-dir", "ConfyUI"]).status(2).any_stderr().run();
    assert!(!sandbox.path("desk/ConfyUI").exists());
}

#[test]
fn every_way_of_arriving_can_be_chosen() {
    let hub = hub();
    let sandbox = desk(&hub);
    let place = sandbox.path("desk/ComfyUI-Data/models/checkpoints/sd3.5_medium.safetensors");
    for (way, word) in [("hardlink", "hard link"), ("symlink", "symlink"), ("copy", "copy")] {
        let _ = std::fs::remove_file(&place);
        let run = vix(&sandbox, &["pull", "SD3.5-Medium", "--json", "--link", way]).any_stdout().any_stderr().run();
        assert_eq!(run.json()["models"][0]["arrived_by"], word);
        assert_eq!(std::fs::read(&place).expect("a model"), open());
    }
}

#[test]
fn a_node_packs_model_needs_a_comfyui() {
    let hub = hub().allow_unused();
    let sandbox = desk(&hub);
    vix(&sandbox, &["pull", "Rife-47", "--comfyui-dir", "ConfyUI"])
        .status(2)
        .stderr(str![[r#"
error: Rife-47: there is no ComfyUI at `ConfyUI`; name its folder: --comfyui-dir DIR, or COMFYUI_DIR
  failed  Rife-47         8 B
1 model: 1 failed

"#]])
        .run();
    assert_eq!(placed(&sandbox), "");
}

#[test]
fn what_is_there_is_adopted_by_its_hash_under_any_name_that_a_loader_finds() {
    let hub = hub().allow_unused();
    let sandbox = desk(&hub);
    sandbox.write("desk/ComfyUI-Data/models/checkpoints/sub/stableDiffusion35_medium.safetensors", open());
    sandbox.write("desk/ComfyUI-Data/models/unet/flux1-fill-dev.safetensors", gated());
    vix(&sandbox, &["pull", "SD3.5-Medium", "FLUX-1-Fill-Dev"])
        .stdout(str![[r#"
[ROOT]/desk/ComfyUI-Data/models/unet/flux1-fill-dev.safetensors
[ROOT]/desk/ComfyUI-Data/models/checkpoints/sub/stableDiffusion35_medium.safetensors

"#]])
        .stderr(str![[r#"
 present  FLUX-1-Fill-Dev    30.00 kB
 adopted  SD3.5-Medium       20.00 kB
2 models: 1 present, 1 adopted

"#]])
        .run();
    assert_eq!(hub.count_all(), 0);
    // the same name and length, but not the content
    let mut other = open();
    other[0] ^= 1;
    sandbox.write("desk/ComfyUI-Data/models/checkpoints/sub/stableDiffusion35_medium.safetensors", other);
    let run = vix(&sandbox, &["pull", "SD3.5-Medium", "--json"]);
    assert_eq!(run.any_stdout().any_stderr().run().json()["models"][0]["state"], "fetched");
}

#[test]
fn a_file_of_other_content_stays_unless_it_is_to_be_replaced() {
    let hub = hub();
    let sandbox = desk(&hub);
    let place = "desk/ComfyUI-Data/models/checkpoints/sd3.5_medium.safetensors";
    sandbox.write(place, "mine");
    vix(&sandbox, &["pull", "SD3.5-Medium"]).status(8).stderr(str![[r#"
error: SD3.5-Medium: `[ROOT]/desk/ComfyUI-Data/models/checkpoints/sd3.5_medium.safetensors` is there already, with other content
hint: move it away, or replace it with --force
  failed  SD3.5-Medium    20.00 kB
1 model: 1 failed

"#]]).run();
    assert_eq!(sandbox.read(place), b"mine");
    assert_eq!(hub.count_all(), 0, "nothing is fetched for a place that is taken");
    vix(&sandbox, &["pull", "SD3.5-Medium", "--force"]).any_stdout().any_stderr().run();
    assert_eq!(sandbox.read(place), open());
}

#[test]
fn a_dummy_of_a_worker_in_server_mode_is_no_model() {
    let hub = hub();
    let sandbox = desk(&hub);
    let place = "desk/ComfyUI-Data/models/checkpoints/sd3.5_medium.safetensors";
    sandbox.write(place, "SERVER MODE");
    vix(&sandbox, &["pull", "SD3.5-Medium"]).any_stdout().any_stderr().run();
    assert_eq!(sandbox.read(place), open());
}

#[test]
fn two_entries_of_one_place_do_not_replace_each_other() {
    let hub = hub();
    let sandbox = desk(&hub);
    let mut two = catalog();
    two["SD4"] = two["FLUX-1-Fill-Dev"].clone();
    two["SD4"]["types"] = json!(["checkpoints"]);
    two["SD4"]["filename"] = json!("sd3.5_medium.safetensors");
    two["SD4"]["regexes"] = json!([]);
    sandbox.write("desk/models_catalog.json", two.to_string());
    vix(&sandbox, &["pull", "SD3.5-Medium", "SD4", "--force"]).status(2).any_stdout().stderr(str![[r#"
error: SD4: the entry `SD3.5-Medium` of the catalog belongs in the same place, with other content: [ROOT]/desk/ComfyUI-Data/models/checkpoints/sd3.5_medium.safetensors
hint: give one of them a `filename` of its own
 fetched  SD3.5-Medium    20.00 kB  [..]
  failed  SD4             30.00 kB
2 models: 1 fetched, 1 failed; 20.00 kB over the network; nothing extra on disk

"#]]).run();
    assert_eq!(sandbox.read("desk/ComfyUI-Data/models/checkpoints/sd3.5_medium.safetensors"), open());
}
