//! `--weights` and `--quant`: one set of weights instead of three, and what that would save said where nobody asked.

use crate::in_cache;
use crate::sandbox::{Run, Sandbox};
use crate::support::{Hub, Repository, generated};
use snapbox::str;

const ID: &str = "acme/llama";
const QUANTS: &str = "acme/llama-gguf";

fn stage() -> (Hub, Sandbox) {
    let llama = Repository::model(ID)
        .file("config.json", "{}\n")
        .file("model.safetensors.index.json", "{\"weight_map\": {}}\n")
        .lfs("model-00001-of-00002.safetensors", generated(1, 300_000))
        .lfs("model-00002-of-00002.safetensors", generated(2, 100_000))
        .lfs("original/consolidated.00.pth", generated(3, 400_000));
    let quants = Repository::model(QUANTS)
        .lfs("llama-Q4_K_M.gguf", generated(4, 40_000))
        .lfs("Q8_0/llama-Q8_0-00001-of-00002.gguf", generated(5, 50_000))
        .lfs("Q8_0/llama-Q8_0-00002-of-00002.gguf", generated(6, 30_000));
    let hub = Hub::start(vec![llama, quants]);
    let sandbox = Sandbox::new(&hub);
    (hub, sandbox)
}

fn pull(sandbox: &Sandbox, id: &str) -> Run {
    sandbox.args(["pull", id]).any_stdout()
}

#[test]
fn auto_pulls_one_complete_set() {
    let (hub, sandbox) = stage();
    pull(&sandbox, ID)
        .args(["--weights", "auto"])
        .stderr(str![[r#"
acme/llama@main: 4 files verified, 400.02 kB fetched in [TIME]
left out: 400.00 kB of the same weights in other forms

"#]])
        .run();
    let cached = in_cache::InCache::of(&sandbox, &hub, ID);
    assert!(cached.pointer("model-00002-of-00002.safetensors").exists());
    assert!(!cached.pointer("original/consolidated.00.pth").exists());
    let told = pull(&sandbox, ID).args(["--weights", "auto", "--json", "--quiet"]).run().json();
    assert_eq!(told["weights_left_out"], 400_000);
    hub.take_requests();
    pull(&sandbox, ID).args(["--weights", "auto", "--offline", "--quiet"]).run();
    assert_eq!(hub.count_all(), 0);
}

#[test]
fn without_the_flag_everything_is_pulled_and_the_saving_is_said() {
    let (hub, sandbox) = stage();
    pull(&sandbox, ID)
        .args(["--dry-run"])
        .stdout(str![[r#"
acme/llama@main is commit 2e94a8d9f83b806275db50531fac1d0414e540c4
gate: none, it is public
   fetch         3 B  config.json
   fetch   300.00 kB  model-00001-of-00002.safetensors
   fetch   100.00 kB  model-00002-of-00002.safetensors
   fetch        19 B  model.safetensors.index.json
   fetch   400.00 kB  original/consolidated.00.pth
5 files, 800.02 kB; 800.02 kB to fetch
`--weights auto` would leave out 400.00 kB of the same weights in other forms

"#]])
        .run();
    let told = pull(&sandbox, ID).args(["--dry-run", "--json"]).run().json();
    assert_eq!(told["weights_auto_saves"], 400_000);
    pull(&sandbox, ID)
        .stderr(str![[r#"
acme/llama@main: 5 files verified, 800.02 kB fetched in [TIME]
`--weights auto` would have left out 400.00 kB of the same weights in other forms

"#]])
        .run();
    assert!(in_cache::InCache::of(&sandbox, &hub, ID).pointer("original/consolidated.00.pth").exists());
    // where nothing came, nothing could have been saved
    pull(&sandbox, ID)
        .stderr(str![[r#"
acme/llama@main is up to date: 5 files

"#]])
        .run();
}

#[test]
fn a_quantization_comes_with_all_its_splits() {
    let (hub, sandbox) = stage();
    let told = pull(&sandbox, QUANTS).args(["--quant", "q8_0", "--json", "--quiet"]).run().json();
    let paths: Vec<&str> =
        told["files"].as_array().expect("files").iter().filter_map(|file| file["path"].as_str()).collect();
    assert_eq!(paths, ["Q8_0/llama-Q8_0-00001-of-00002.gguf", "Q8_0/llama-Q8_0-00002-of-00002.gguf"]);
    for spelled in ["acme/llama-gguf:Q8_0", "hf.co/acme/llama-gguf:Q8_0", "hf:acme/llama-gguf@main:Q8_0"] {
        let told = pull(&sandbox, spelled).args(["--json", "--quiet"]).run().json();
        let files = told["files"].as_array().expect("files").iter();
        let paths: Vec<&str> = files.filter_map(|file| file["path"].as_str()).collect();
        assert_eq!(paths, ["Q8_0/llama-Q8_0-00001-of-00002.gguf", "Q8_0/llama-Q8_0-00002-of-00002.gguf"], "{spelled}");
    }
    hub.take_requests();
    let refused = |arguments: &[&str]| pull(&sandbox, QUANTS).args(arguments);
    refused(&["--quant", "Q5_K_M"])
        .status(5)
        .stderr(str![[r#"
error: `acme/llama-gguf` has no quantization `Q5_K_M`
hint: --quant may be `Q4_K_M` (40.00 kB), `Q8_0` (80.00 kB)

"#]])
        .run();
    refused(&["--weights", "auto"])
        .status(2)
        .stderr(str![[r#"
error: `acme/llama-gguf` has several GGUF models, and one must be chosen
hint: --quant may be `Q4_K_M` (40.00 kB), `Q8_0` (80.00 kB)

"#]])
        .run();
    refused(&["--weights", "safetensors"])
        .status(5)
        .stderr(str![[r#"
error: `acme/llama-gguf` has no safetensors weights
hint: --weights may be `gguf` (120.00 kB)

"#]])
        .run();
    refused(&["--weights", "onnx", "--quant", "Q8_0"])
        .status(2)
        .stderr(str![[r#"
error: --quant is about GGUF files, and --weights says another

"#]])
        .run();
    assert_eq!(in_cache::gets(&hub.requests()), 0);
}

#[test]
fn a_set_with_a_gap_is_named_before_any_byte() {
    let gap = Repository::model("acme/gap")
        .file("model.safetensors.index.json", "{}\n")
        .lfs("model-00001-of-00003.safetensors", generated(1, 3_000));
    let hub = Hub::start(vec![gap]);
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox, "acme/gap")
        .args(["--weights", "safetensors"])
        .status(5)
        .stderr(str![[r#"
error: `acme/gap` has only a part of its safetensors weights: `model-00002-of-00003.safetensors`, `model-00003-of-00003.safetensors` are missing
hint: without the flag everything that is there is pulled

"#]])
        .run();
    assert_eq!(in_cache::gets(&hub.requests()), 0);
}

#[test]
fn what_only_one_file_can_be_loaded_from_is_that_files_path() {
    let (_hub, sandbox) = stage();
    for (quant, named) in [("Q4_K_M", "llama-Q4_K_M.gguf"), ("q8_0", "Q8_0/llama-Q8_0-00001-of-00002.gguf")] {
        let folder = pull(&sandbox, QUANTS).args(["--local-dir", "here", "--quant", quant, "--quiet"]).run().stdout;
        assert!(folder.ends_with(&format!("/desk/here/{named}\n")), "{folder}");
        for more in [&[][..], &["--offline"]] {
            let path = pull(&sandbox, QUANTS).args(["--quant", quant, "--quiet"]).args(more).run().stdout;
            assert!(path.ends_with(&format!("/{named}\n")) && std::path::Path::new(path.trim()).is_file(), "{path}");
        }
    }
}

#[test]
fn a_quantization_that_names_two_things_is_refused_with_patterns_that_are_taken() {
    let repository = Repository::model("qwen/m-gguf")
        .lfs("m-q8_0.gguf", generated(1, 8_000))
        .lfs("m-q8_0-00001-of-00002.gguf", generated(2, 5_000))
        .lfs("m-q8_0-00002-of-00002.gguf", generated(3, 3_000))
        .lfs("m-imatrix.gguf", generated(4, 1_000));
    let hub = Hub::start(vec![repository]);
    let sandbox = Sandbox::new(&hub);
    let quant = |more: &[&str]| pull(&sandbox, "qwen/m-gguf").args(["--quant", "q8_0"]).args(more);
    quant(&[])
        .status(2)
        .stderr(str![[r#"
error: `qwen/m-gguf` has several GGUF models, and one must be chosen
hint: --include may be `m-q8_0.gguf` (8.00 kB), `m-q8_0-*-of-00002.gguf` (8.00 kB)

"#]])
        .run();
    assert_eq!(in_cache::gets(&hub.requests()), 0);
    let path = quant(&["--include", "m-q8_0-*-of-00002.gguf", "--quiet"]).run().stdout;
    assert!(path.ends_with("/m-q8_0-00001-of-00002.gguf\n"), "{path}");
    assert_eq!(in_cache::gets(&hub.requests()), 2);
}

#[test]
fn what_does_not_come_in_the_quantization_is_said() {
    let repository = Repository::model("acme/two")
        .lfs("m-Q4_K_M.gguf", generated(1, 8_000))
        .lfs("m-Q8_0.gguf", generated(2, 9_000))
        .lfs("draft-Q8_0.gguf", generated(3, 3_000));
    let hub = Hub::start(vec![repository]);
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox, "acme/two")
        .args(["--quant", "Q4_K_M"])
        .stderr(str![[r#"
note: `draft-Q8_0.gguf` has no Q4_K_M and is left out
acme/two@main: 1 file verified, 8.00 kB fetched in [TIME]
left out: 12.00 kB of the same weights in other forms

"#]])
        .run();
}

/// No format of a transformer holds its VAE, its text encoder or its LoRA.
#[test]
fn auto_keeps_what_nothing_else_holds() {
    let repository = Repository::model("wan/video")
        .lfs("high_noise_model/diffusion_pytorch_model-00001-of-00002.safetensors", generated(1, 3_000))
        .lfs("high_noise_model/diffusion_pytorch_model-00002-of-00002.safetensors", generated(2, 3_000))
        .file("high_noise_model/diffusion_pytorch_model.safetensors.index.json", "{}\n")
        .lfs("Wan2.1_VAE.pth", generated(3, 1_000))
        .lfs("models_t5_umt5-xxl-enc-bf16.pth", generated(4, 2_000))
        .lfs("offset-lora.safetensors", generated(5, 500));
    let hub = Hub::start(vec![repository]);
    let sandbox = Sandbox::new(&hub);
    pull(&sandbox, "wan/video")
        .args(["--weights", "auto"])
        .stderr(str![[r#"
wan/video@main: 6 files verified, 9.50 kB fetched in [TIME]

"#]])
        .run();
}
