//! From a flow of ComfyUI to the models that it needs.

use serde_json::{Value, json};
use snapbox::str;

use super::{desk, entry, hub, open, placed, vix};

fn node(class: &str, title: &str, inputs: &Value) -> Value {
    json!({"inputs": inputs, "class_type": class, "_meta": {"title": title}})
}

/// Inpainting between the frames of a film: a checkpoint, a diffusion model under its author's folder, a node pack's model.
fn flow() -> Value {
    json!({
        "3": node("KSampler", "KSampler", &json!({"seed": 1, "model": ["4", 0]})),
        "4": node("CheckpointLoaderSimple", "Load", &json!({"ckpt_name": "SD3\\stableDiffusion35_medium.safetensors"})),
        "5": node("UNETLoader", "Load", &json!({"unet_name": "flux1-fill-dev.safetensors", "weight_dtype": "default"})),
        "9": node("RIFE VFI", "Frames", &json!({"ckpt_name": "rife47.pth", "multiplier": 2})),
        "12": node("VAELoader", "Load", &json!({"vae_name": "None"})),
    })
}

#[test]
fn every_model_of_a_flow_is_brought() {
    let hub = hub();
    let sandbox = desk(&hub);
    sandbox.write("desk/flow.json", flow().to_string());
    vix(&sandbox, &["pull", "--flow", "flow.json"])
        .any_stdout()
        .stderr(str![[r#"
 fetched  FLUX-1-Fill-Dev    30.00 kB  [..]
 fetched  Rife-47                 8 B  [..]
 fetched  SD3.5-Medium       20.00 kB  [..]
3 models: 3 fetched; 50.01 kB over the network; nothing extra on disk

"#]])
        .run();
    let placed = placed(&sandbox);
    assert_eq!(placed.lines().filter(|line| line.starts_with("ComfyUI")).count(), 3, "{placed}");
}

#[test]
fn a_loader_that_nothing_answers_to_is_not_found_and_the_rest_is_brought() {
    let hub = hub();
    let sandbox = desk(&hub);
    let mut flow = flow();
    flow["20"] = node("LoraLoader", "Load", &json!({"lora_name": "my own.safetensors"}));
    flow["5"]["inputs"]["unet_name"] = json!("flux1-dev.safetensors");
    sandbox.write("desk/flow.json", flow.to_string());
    vix(&sandbox, &["pull", "--flow", "flow.json"]).status(5).any_stdout().stderr(str![[r#"
error: the flow `flow.json` loads `my own.safetensors` in the node 20 (LoraLoader.lora_name), and no model of the catalog answers to it
hint: put the file there yourself, or add an entry for it in a catalog of yours: --catalog FILE
error: the flow `flow.json` loads `flux1-dev.safetensors` in the node 5 (UNETLoader.unet_name), and no model of the catalog answers to it
hint: put the file there yourself, or add an entry for it in a catalog of yours: --catalog FILE
 fetched  Rife-47                       8 B  [..]
 fetched  SD3.5-Medium             20.00 kB  [..]
  failed  my own.safetensors
  failed  flux1-dev.safetensors
4 models: 2 fetched, 2 failed; 20.01 kB over the network; nothing extra on disk

"#]]).run();
    let placed = placed(&sandbox);
    assert_eq!(placed.lines().filter(|line| line.starts_with("ComfyUI")).count(), 2, "{placed}");
    vix(&sandbox, &["list", "--flow", "flow.json"]).any_stdout().stderr(str![[r#"
warning: the flow `flow.json` loads `my own.safetensors` in the node 20 (LoraLoader.lora_name), and no model of the catalog answers to it
warning: the flow `flow.json` loads `flux1-dev.safetensors` in the node 5 (UNETLoader.unet_name), and no model of the catalog answers to it
2 of 2 here (by name and length; --verify hashes them)

"#]]).run();
}

#[test]
fn a_flow_may_bring_its_own_catalog_and_that_is_told() {
    let hub = hub();
    let sandbox = desk(&hub);
    let url = "https://huggingface.co/acme/sd/resolve/main/sd3.5_medium.safetensors";
    let own = json!({"own": entry(url, &open(), &json!({"types": ["loras"], "filename": "own.safetensors", "regexes": [{"input_value": "own"}]}))});
    let flow = json!({
        "1": node("Text Multiline", "WF_MODELS", &json!({"text": own.to_string()})),
        "2": node("LoraLoaderModelOnly", "Load", &json!({"lora_name": "own.safetensors"})),
    });
    sandbox.write("desk/flow.json", flow.to_string());
    vix(&sandbox, &["pull", "--flow", "flow.json"])
        .any_stdout()
        .stderr(str![[r#"
warning: the flow `flow.json` brings a catalog of its own, with `own`
 fetched  own    20.00 kB  [..]
1 model: 1 fetched; 20.00 kB over the network; nothing extra on disk

"#]])
        .run();
    assert!(placed(&sandbox).contains("models/loras/own.safetensors"), "{}", placed(&sandbox));
}

#[test]
fn what_is_no_flow_says_what_to_do() {
    let hub = hub().allow_unused();
    let sandbox = desk(&hub);
    sandbox.write("desk/flow.json", json!({"last_node_id": 3, "nodes": [], "links": []}).to_string());
    vix(&sandbox, &["pull", "--flow", "flow.json"])
        .status(2)
        .stderr(str![[r#"
error: the flow `flow.json` is a workflow of the editor, not one in API format
hint: in ComfyUI, choose "Export (API)" and use that file

"#]])
        .run();
    sandbox.write("desk/flow.json", "{\"1\": {}}");
    vix(&sandbox, &["pull", "--flow", "flow.json"])
        .status(2)
        .stderr(str![[r#"
error: the flow `flow.json` is not an object of nodes, each with its class_type and inputs

"#]])
        .run();
}
