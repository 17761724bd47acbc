//! A worker with two tokens: models of Hugging Face and of CivitAI in one run, each host asked with its own.

use serde_json::{Value, json};
use snapbox::str;

use super::{catalog, entry, hub, placed};
use crate::sandbox::{Run, Sandbox};
use crate::support::civitai::{CivitAi, Door, File, Model, Version};
use crate::support::digest::sha256_hex;
use crate::support::{Account, generated, key_of, token_of};

fn pencilbox() -> Vec<u8> {
    generated(7, 25_000).to_vec()
}

/// Two files of one name, as Flux has them; the one that the catalog means is not the one that the site would choose.
fn version() -> Version {
    Version::new(1_161_306, "v1")
        .file(File::new(1, "PencilBox.safetensors", generated(8, 9_000)).primary().preferred())
        .file(File::new(2, "PencilBox.safetensors", pencilbox()))
}

fn site_with(version: Version) -> CivitAi {
    CivitAi::start(vec![Model::new(1_035_390, "PencilBox", "LORA").version(version)]).account(Account::new("artist"))
}

fn lora(query: &str) -> Value {
    entry(
        &format!("https://civitai.com/api/download/models/1161306{query}"),
        &pencilbox(),
        &json!({
            "homepage": "https://civitai.com/models/1035390",
            "hash": sha256_hex(&pencilbox()).to_uppercase(),
            "filename": "pencilbox.safetensors",
            "types": ["loras"],
            "gated": true,
            "regexes": [{"input_value": "(?i)(?:[^\\/\\\\]*[\\/\\\\]?)?pencilbox\\.safetensors$"}],
        }),
    )
}

fn write_catalog(sandbox: &Sandbox, query: &str) {
    let mut both = catalog();
    both["Flux1-Lora-PencilBox"] = lora(query);
    sandbox.write("desk/models_catalog.json", both.to_string());
}

/// A worker with all the tokens that a machine may have.
fn worker(sandbox: &Sandbox, args: &[&str]) -> Run {
    sandbox
        .args(["vix"])
        .args(args)
        .env("MODELS_CATALOG_URL", "models_catalog.json")
        .env("HF_AUTH_TOKEN", token_of("worker"))
        .env("CA_API_KEY", key_of("artist"))
        .env("BA_ACCESS_TOKEN", token_of("boinc"))
}

#[test]
fn each_host_sees_its_own_token_only() {
    let (hub, site) = (hub(), site_with(version()));
    let sandbox = Sandbox::with_civitai(&site, Some(&hub));
    write_catalog(&sandbox, "");
    worker(&sandbox, &["pull", "--gated"])
        .any_stdout()
        .stderr(str![[r#"
 fetched  FLUX-1-Fill-Dev         30.00 kB  [..]
 fetched  Flux1-Lora-PencilBox    25.00 kB  [..]
2 models: 2 fetched; 55.00 kB over the network; nothing extra on disk

"#]])
        .run();
    assert_eq!(
        placed(&sandbox),
        "ComfyUI-Data/models/diffusion_models/flux1-fill-dev.safetensors\n\
         ComfyUI-Data/models/loras/pencilbox.safetensors\n"
    );
    assert_eq!(sandbox.read("desk/ComfyUI-Data/models/loras/pencilbox.safetensors"), pencilbox());
    for (requests, owner) in [(hub.requests(), "worker"), (site.requests(), "artist")] {
        let mut tokens: Vec<_> = requests.iter().filter_map(|request| request.token.as_deref()).collect();
        tokens.dedup();
        assert_eq!(tokens, [owner]);
    }
}

#[test]
fn a_key_under_the_workers_own_name_is_taken_too() {
    let (hub, site) = (hub().allow_unused(), site_with(version()));
    let sandbox = Sandbox::with_civitai(&site, Some(&hub));
    write_catalog(&sandbox, "?type=Model&format=SafeTensor");
    sandbox.write("desk/.env", format!("CA_AUTH_TOKEN={}\n", key_of("artist")));
    let run = worker(&sandbox, &["pull", "Flux1-Lora-PencilBox", "--env-file", ".env"]).without_env("CA_API_KEY");
    run.any_stdout().any_stderr().run();
    assert_eq!(sandbox.read("desk/ComfyUI-Data/models/loras/pencilbox.safetensors"), pencilbox());
}

#[test]
fn a_refusal_of_one_host_does_not_stop_the_other() {
    let (hub, site) = (hub(), site_with(version().door(Door::Login)));
    let sandbox = Sandbox::with_civitai(&site, Some(&hub));
    write_catalog(&sandbox, "");
    worker(&sandbox, &["pull", "--gated"]).without_env("CA_API_KEY").status(3).any_stdout().stderr(str![[r#"
error: Flux1-Lora-PencilBox: `civitai:1035390@1161306` is only for those who are logged in, and no token was sent
  caused by: 401 Unauthorized for [CIVITAI]/api/download/models/1161306
  server says: The creator of this asset requires you to be logged in to download it
hint: store a token of that account ([CIVITAI]/user/account) with `gatedl auth login civitai`, or set CA_API_KEY, and run the same command again
hint: HF_AUTH_TOKEN is set, but it is for the provider `hf` and is sent to no other
 fetched  FLUX-1-Fill-Dev         30.00 kB  [..]
  failed  Flux1-Lora-PencilBox    25.00 kB
2 models: 1 fetched, 1 failed; 30.00 kB over the network; nothing extra on disk

"#]]).run();
    assert_eq!(placed(&sandbox), "ComfyUI-Data/models/diffusion_models/flux1-fill-dev.safetensors\n");
}

#[test]
fn a_file_that_the_site_does_not_list_by_this_hash_is_not_fetched() {
    let (hub, site) = (hub().allow_unused(), site_with(version()));
    let sandbox = Sandbox::with_civitai(&site, Some(&hub));
    let mut other = json!({"lora": lora("")});
    other["lora"]["hash"] = json!("ab".repeat(32));
    sandbox.write("desk/models_catalog.json", other.to_string());
    worker(&sandbox, &["pull", "--all"])
        .status(6)
        .stderr(str![[r#"
error: lora: no file of it is listed as sha256:abababababababababababababababababababababababababababababababab
hint: nothing was fetched; whoever expects the hash means another file, or the file has changed
  failed  lora    25.00 kB
1 model: 1 failed

"#]])
        .run();
    assert_eq!(placed(&sandbox), "");
}

#[test]
fn the_list_names_the_variable_for_each_host() {
    let (hub, site) = (hub().allow_unused(), site_with(version()).allow_unused());
    let sandbox = Sandbox::with_civitai(&site, Some(&hub));
    write_catalog(&sandbox, "");
    worker(&sandbox, &["list", "--gated"]).stdout(str![[r#"
NAME                  STATE        SIZE  GATED  TOKEN          PATH
FLUX-1-Fill-Dev       missing  30.00 kB  yes    HF_AUTH_TOKEN  [ROOT]/desk/ComfyUI-Data/models/diffusion_models/flux1-fill-dev.safetensors
Flux1-Lora-PencilBox  missing  25.00 kB  yes    CA_API_KEY     [ROOT]/desk/ComfyUI-Data/models/loras/pencilbox.safetensors

"#]]).stderr(str![[r#"
0 of 2 here (by name and length; --verify hashes them), 55.00 kB to fetch

"#]]).run();
}
