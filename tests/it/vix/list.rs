//! What is there, what is missing, what is gated, and which token it would be.

use serde_json::json;
use snapbox::str;

use super::{catalog, desk, gated, hub, open, vix};
use crate::support::{CANARY, token_of};

#[test]
fn the_table_tells_what_is_there_and_which_token_each_would_take() {
    let hub = hub().allow_unused();
    let sandbox = desk(&hub);
    sandbox.write("desk/ComfyUI-Data/models/checkpoints/sd3.5_medium.safetensors", open());
    sandbox.write("desk/ComfyUI-Data/models/diffusion_models/flux1-fill-dev.safetensors", "SERVER MODE");
    sandbox.write("desk/ComfyUI/custom_nodes/comfyui-frame-interpolation/ckpts/rife/rife47.pth", "another");
    vix(&sandbox, &["list"]).stdout(str![[r#"
NAME             STATE         SIZE  GATED  TOKEN          PATH
FLUX-1-Fill-Dev  dummy     30.00 kB  yes    HF_AUTH_TOKEN  [ROOT]/desk/ComfyUI-Data/models/diffusion_models/flux1-fill-dev.safetensors
Rife-47          occupied       8 B  no     HF_AUTH_TOKEN  [ROOT]/desk/ComfyUI/custom_nodes/comfyui-frame-interpolation/ckpts/rife/rife47.pth
SD3.5-Medium     present   20.00 kB  no     HF_AUTH_TOKEN  [ROOT]/desk/ComfyUI-Data/models/checkpoints/sd3.5_medium.safetensors
antelopev2       missing      290 B  no     HF_AUTH_TOKEN  [ROOT]/desk/ComfyUI-Data/models/insightface/models/antelopev2

"#]]).stderr(str![[r#"
1 of 4 here (by name and length; --verify hashes them), 30.30 kB to fetch

"#]]).run();
    assert_eq!(hub.count_all(), 0);
    vix(&sandbox, &["list", "--gated"]).stdout(str![[r#"
NAME             STATE      SIZE  GATED  TOKEN          PATH
FLUX-1-Fill-Dev  dummy  30.00 kB  yes    HF_AUTH_TOKEN  [ROOT]/desk/ComfyUI-Data/models/diffusion_models/flux1-fill-dev.safetensors

"#]]).any_stderr().run();
}

#[test]
fn with_verify_content_is_hashed() {
    let hub = hub().allow_unused();
    let sandbox = desk(&hub);
    let mut other = open();
    other[3] ^= 1;
    sandbox.write("desk/ComfyUI-Data/models/checkpoints/sd3.5_medium.safetensors", other);
    sandbox.write("desk/ComfyUI-Data/models/unet/flux1-fill-dev.safetensors", gated());
    for (args, checkpoint, verified) in
        [(&["list", "--json"][..], "present", false), (&["list", "--json", "--verify"], "occupied", true)]
    {
        let document = vix(&sandbox, args).any_stdout().any_stderr().run().json();
        let state = |name: &str| {
            let models = document["models"].as_array().expect("models").iter();
            models.clone().find(|model| model["name"] == name).expect(name)["state"].clone()
        };
        assert_eq!(state("SD3.5-Medium"), checkpoint);
        assert_eq!(state("FLUX-1-Fill-Dev"), "present");
        assert_eq!(document["verified"], verified);
    }
}

#[test]
fn the_document_names_the_variable_and_never_the_token() {
    let hub = hub().allow_unused();
    let sandbox = desk(&hub);
    let finished = vix(&sandbox, &["list", "FLUX-1-Fill-Dev", "--json"]).any_stdout().any_stderr().run();
    let model = &finished.json()["models"][0];
    assert_eq!((&model["token"], &model["host"]), (&json!("HF_AUTH_TOKEN"), &json!("huggingface.co")));
    assert_eq!((&model["provider"], &model["gated"]), (&json!("hf"), &json!(true)));
    assert!(!finished.stdout.contains(CANARY));
    let run = vix(&sandbox, &["list", "FLUX-1-Fill-Dev", "--json"]).without_env("HF_AUTH_TOKEN");
    assert_eq!(run.any_stdout().any_stderr().run().json()["models"][0]["token"], json!(null));
    sandbox.write("desk/.env", format!("HF_TOKEN={}\n", token_of("worker")));
    let run = vix(&sandbox, &["list", "FLUX-1-Fill-Dev", "--json", "--env-file", ".env"]).without_env("HF_AUTH_TOKEN");
    assert_eq!(run.any_stdout().any_stderr().run().json()["models"][0]["token"], "HF_TOKEN");
}

#[test]
fn a_model_of_a_host_that_no_provider_has_is_listed_without_a_token() {
    let hub = hub().allow_unused();
    let sandbox = desk(&hub);
    let mut other = catalog();
    other["SD3.5-Medium"]["url"] = json!("https://files.example/sd3.5_medium.safetensors");
    sandbox.write("desk/models_catalog.json", other.to_string());
    let document = vix(&sandbox, &["list", "SD3.5-Medium", "--json"]).any_stdout().any_stderr().run().json();
    let model = &document["models"][0];
    assert_eq!(
        (&model["provider"], &model["token"], &model["host"]),
        (&json!(null), &json!(null), &json!("files.example"))
    );
}
