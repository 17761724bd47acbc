//! The models of a Visionatrix worker: a cut of the real catalog, every shape of it, against hosts on loopback.

mod archives;
mod catalogs;
mod civitai;
mod flows;
mod list;
mod once;
mod places;
mod pull;

use std::io::Write as _;

use serde_json::{Value, json};

use crate::sandbox::{Run, Sandbox};
use crate::support::digest::sha256_hex;
use crate::support::{Access, Account, Gate, Hub, Repository, generated, token_of};

const OPEN: usize = 20_000;
const GATED: usize = 30_000;

fn open() -> Vec<u8> {
    generated(1, OPEN).to_vec()
}

fn gated() -> Vec<u8> {
    generated(2, GATED).to_vec()
}

/// Small enough for git, so the hub knows its SHA-1 alone.
fn interpolator() -> Vec<u8> {
    b"rife 4.7".to_vec()
}

/// An archive with one top folder, as insightface's are.
fn faces() -> Vec<u8> {
    zip_of(&[("antelopev2/glintr100.onnx", b"a face"), ("antelopev2/genderage.onnx", b"an age")])
}

fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).expect("an entry");
        writer.write_all(content).expect("its content");
    }
    writer.finish().expect("an archive").into_inner()
}

fn hub() -> Hub {
    Hub::start(vec![
        Repository::model("acme/sd").lfs("sd3.5_medium.safetensors", open()),
        Repository::model("acme/flux").gated(Gate::Manual).lfs("flux1-fill-dev.safetensors", gated()),
        Repository::model("acme/vix_models").file("video/rife/rife47.pth", interpolator()),
        Repository::model("acme/tools").lfs("antelopev2.zip", faces()),
    ])
    .account(Account::new("worker"))
    .access("worker", "acme/flux", Access::Granted)
}

fn entry(url: &str, content: &[u8], more: &Value) -> Value {
    let mut entry = json!({
        "url": url,
        "homepage": "https://huggingface.co/acme",
        "hash": sha256_hex(content),
        "file_size": content.len(),
        "regexes": [],
    });
    for (key, value) in more.as_object().expect("an object") {
        entry[key] = value.clone();
    }
    entry
}

/// The cut: what each entry of the real catalog looks like.
fn catalog() -> Value {
    json!({
        "SD3.5-Medium": entry(
            "https://huggingface.co/acme/sd/resolve/main/sd3.5_medium.safetensors",
            &open(),
            &json!({
                "hash": sha256_hex(&open()).to_uppercase(),
                "types": ["checkpoints"],
                "regexes": [{"input_value": "(?i)(?:[^\\/\\\\]*[\\/\\\\]?)?(?:sd3\\.5_medium\\.safetensors|stableDiffusion35_medium\\.safetensors)$"}],
            }),
        ),
        "FLUX-1-Fill-Dev": entry(
            "https://huggingface.co/acme/flux/resolve/main/flux1-fill-dev.safetensors",
            &gated(),
            &json!({
                "types": ["diffusion_models", "unet"],
                "gated": true,
                "regexes": [{"input_value": "^(?=.*(?i:flux1))(?=.*(?i:fill)).*", "input_name": "^(?!.*(?i:lora)).*"}],
            }),
        ),
        "Rife-47": entry(
            "https://huggingface.co/acme/vix_models/resolve/main/video/rife/rife47.pth",
            &interpolator(),
            &json!({
                "filename": "custom_nodes/comfyui-frame-interpolation/ckpts/rife/rife47.pth",
                "regexes": [{"class_name": "RIFE VFI", "input_value": "rife47\\.pth$"}],
            }),
        ),
        "antelopev2": entry(
            "https://huggingface.co/acme/tools/resolve/main/antelopev2.zip",
            &faces(),
            &json!({
                "filename": "insightface/models/antelopev2.zip",
                "hashes": {"glintr100.onnx": sha256_hex(b"a face"), "genderage.onnx": sha256_hex(b"an age")},
            }),
        ),
    })
}

/// A desk with `models_catalog.json` on it, where a worker's folders are the default ones.
fn desk(hub: &Hub) -> Sandbox {
    let sandbox = Sandbox::new(hub);
    sandbox.write("desk/models_catalog.json", catalog().to_string());
    std::fs::create_dir(sandbox.path("desk/ComfyUI")).expect("a folder of ComfyUI");
    sandbox
}

/// `gatedl vix …` with the catalog of the desk and the worker's token.
fn vix(sandbox: &Sandbox, args: &[&str]) -> Run {
    let run = sandbox.args(["vix"]).args(args).env("MODELS_CATALOG_URL", "models_catalog.json");
    run.env("HF_AUTH_TOKEN", token_of("worker"))
}

/// What stands in the folders of the worker.
fn placed(sandbox: &Sandbox) -> String {
    sandbox.tree("desk").replace("models_catalog.json\n", "").replace(".env\n", "").replace("ComfyUI/\n", "")
}
