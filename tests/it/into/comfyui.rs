//! `--into comfyui`: the folder that ComfyUI looks into, by every way of getting there.

use crate::in_cache;
use crate::sandbox::{Run, Sandbox};
use crate::support::civitai::{CivitAi, File, Model, Version};
use crate::support::{Account, Hub, Place, Repository, generated, key_of};
use snapbox::{assert_data_eq, str};
use std::fs;
use std::path::PathBuf;

const ID: &str = "Comfy-Org/flux";
const LARGE: usize = 2 << 20;

fn repository() -> Repository {
    Repository::model(ID)
        .file("README.md", "# Files for ComfyUI\n")
        .lfs("split_files/diffusion_models/flux.safetensors", generated(1, LARGE))
        .lfs("split_files/text_encoders/t5/xxl.safetensors", generated(2, 5_000))
        .lfs("split_files/vae/ae.safetensors", generated(3, 4_000))
}

fn stage() -> (Hub, Sandbox) {
    let hub = Hub::start(vec![
        repository(),
        Repository::model("org/lora").lfs("deep/style.safetensors", generated(4, 3_000)),
    ]);
    let sandbox = Sandbox::new(&hub);
    fs::create_dir_all(sandbox.path("desk/ComfyUI/models")).expect("a ComfyUI");
    (hub, sandbox)
}

fn pull(sandbox: &Sandbox) -> Run {
    sandbox.args(["pull", ID, "--into", "comfyui", "--link", "hardlink"]).any_stdout()
}

fn model(sandbox: &Sandbox) -> PathBuf {
    sandbox.path("desk/ComfyUI/models/diffusion_models/flux.safetensors")
}

#[test]
fn files_go_where_the_folders_of_the_repository_say() {
    let (hub, sandbox) = stage();
    pull(&sandbox)
        .stdout(str![[r#"
[ROOT]/desk/ComfyUI/models

"#]])
        .stderr(str![[r#"
Comfy-Org/flux@main: 3 files verified, 2.11 MB fetched in [TIME]; brought 3 files by hard link (nothing extra on disk)

"#]])
        .run();
    assert_data_eq!(
        sandbox.tree("desk"),
        str![[r#"
ComfyUI/models/diffusion_models/flux.safetensors
ComfyUI/models/text_encoders/t5/xxl.safetensors
ComfyUI/models/vae/ae.safetensors

"#]]
    );
    assert!(fs::read(model(&sandbox)).expect("a file") == generated(1, LARGE));
    assert!(!in_cache::InCache::of(&sandbox, &hub, ID).pointer("README.md").exists(), "ComfyUI does not load that");

    // again: one request, nothing brought
    hub.take_requests();
    pull(&sandbox)
        .stderr(str![[r#"
Comfy-Org/flux@main is up to date: 3 files

"#]])
        .run();
    assert_eq!(hub.count_all(), 1);
}

#[test]
fn the_user_says_what_nothing_else_tells() {
    let (hub, sandbox) = stage();
    let lora = || sandbox.args(["pull", "org/lora", "--into", "comfyui", "--link", "hardlink"]);
    lora()
        .status(2)
        .stderr(str![[r#"
error: nothing tells which of ComfyUI's folders `deep/style.safetensors` belongs in
hint: say what it is with --comfyui-type: animatediff_models, audio_encoders, background_removal, birefnet, checkpoints, classifiers, clip_vision, configs, controlnet, detection, diffusers, diffusion_models, embeddings, frame_interpolation, geometry_estimation, gligen, hypernetworks, InfiniteYou, instantid, ipadapter, latent_upscale_models, loras, model_patches, optical_flow, photomaker, pulid, sams, style_models, text_encoders, ultralytics_bbox, ultralytics_segm, upscale_models, vae, vae_approx
hint: or name the files of one type after the reference

"#]])
        .run();
    assert_eq!(in_cache::gets(&hub.requests()), 0, "before any byte");
    lora()
        .args(["--comfyui-type", "loras", "--dry-run"])
        .stdout(str![[r#"
org/lora@main is commit 4ba7ad15d9ee35b02f93b5948365cc2e0fd484d9
gate: none, it is public
   fetch     3.00 kB  deep/style.safetensors
1 file, 3.00 kB; 3.00 kB to fetch
to be brought to [ROOT]/desk/ComfyUI/models/loras by hard link (nothing extra on disk)

"#]])
        .run();
    lora()
        .args(["--comfyui-type", "loras"])
        .stdout(str![[r#"
[ROOT]/desk/ComfyUI/models/loras

"#]])
        .stderr(str![[r#"
org/lora@main: 1 file verified, 3.00 kB fetched in [TIME]; brought 1 file by hard link (nothing extra on disk)

"#]])
        .run();
    // also offline, whatever became of the folder
    fs::remove_dir_all(sandbox.path("desk/ComfyUI/models")).expect("it was there");
    hub.take_requests();
    lora().args(["--comfyui-type", "loras", "--offline", "--quiet"]).any_stdout().run();
    assert_eq!(hub.count_all(), 0);
    assert!(sandbox.path("desk/ComfyUI/models/loras/style.safetensors").is_file());
    // one file that is named is what is printed
    lora()
        .args(["deep/style.safetensors", "--comfyui-type", "loras", "--quiet"])
        .stdout(str![[r#"
[ROOT]/desk/ComfyUI/models/loras/style.safetensors

"#]])
        .run();
}

#[test]
fn extra_model_paths_are_honoured() {
    let (_hub, sandbox) = stage();
    sandbox.write(
        "desk/ComfyUI/extra_model_paths.yaml",
        "big_disk:\n  base_path: ../disk\n  is_default: true\n  diffusion_models: unets\n",
    );
    pull(&sandbox).args(["split_files/diffusion_models/", "--quiet"]).run();
    assert!(sandbox.path("desk/disk/unets/flux.safetensors").is_file());

    sandbox.write("desk/ComfyUI/extra_model_paths.yaml", "big_disk: [");
    pull(&sandbox)
        .status(2)
        .stderr(str![[r#"
error: `ComfyUI/extra_model_paths.yaml` is not valid YAML: while parsing a node, did not find expected node content at byte 11 line 2 column 1

"#]])
        .run();
}

#[test]
fn a_type_that_only_the_yaml_knows_goes_where_the_yaml_says() {
    let (_hub, sandbox) = stage();
    let yaml = "a: &a {base_path: ../disk, mine: m}\nb:\n  <<: *a\n  mine: n\n  is_default: yes\n  mine: o\n";
    sandbox.write("desk/ComfyUI/extra_model_paths.yaml", yaml);
    let pull = || sandbox.args(["pull", "org/lora", "--into", "comfyui", "--comfyui-type", "mine", "--quiet"]);
    pull().any_stdout().run();
    assert!(sandbox.path("desk/disk/o/style.safetensors").is_file());
    // one that ComfyUI is told to read
    fs::remove_dir_all(sandbox.path("desk/disk")).expect("it was there");
    sandbox.write("desk/more.yaml", "a: {is_default: true, mine: elsewhere}");
    pull().args(["--extra-paths", "more.yaml", "--force"]).any_stdout().run();
    assert!(sandbox.path("desk/elsewhere/style.safetensors").is_file());
    // and another folder of models
    fs::create_dir(sandbox.path("desk/big")).expect("a folder");
    let vae = sandbox.args(["pull", ID, "split_files/vae/", "--into", "comfyui", "--models-dir", "big", "--quiet"]);
    vae.any_stdout().run();
    assert!(sandbox.path("desk/big/vae/ae.safetensors").is_file());
}

#[cfg(unix)]
#[test]
fn a_comfyui_behind_a_link_is_where_it_really_is() {
    let (_hub, sandbox) = stage();
    fs::create_dir_all(sandbox.path("desk/apps")).expect("a folder");
    fs::rename(sandbox.path("desk/ComfyUI"), sandbox.path("desk/apps/ComfyUI")).expect("it was there");
    std::os::unix::fs::symlink("apps/ComfyUI", sandbox.path("desk/ComfyUI")).expect("a link");
    sandbox.write("desk/apps/ComfyUI/extra_model_paths.yaml", "a: {base_path: ../x, is_default: true, vae: v}");
    pull(&sandbox).args(["split_files/vae/", "--quiet"]).run();
    assert!(sandbox.path("desk/apps/x/v/ae.safetensors").is_file());
    assert!(!sandbox.path("desk/x").exists());
}

#[test]
fn the_root_comes_from_the_flag_the_variable_or_the_current_folder() {
    let (_hub, sandbox) = stage();
    for folder in ["flag/models", "variable/models"] {
        fs::create_dir_all(sandbox.path("desk").join(folder)).expect("a ComfyUI");
    }
    let vae = |into: &str| {
        sandbox.args(["pull", ID, "split_files/vae/", "--into", into, "--quiet"]).env("COMFYUI_DIR", "variable")
    };
    vae("comfyui=flag").any_stdout().run();
    vae("comfyui").any_stdout().run();
    assert!(sandbox.path("desk/flag/models/vae/ae.safetensors").is_file());
    assert!(sandbox.path("desk/variable/models/vae/ae.safetensors").is_file());
    vae("comfyui=nowhere")
        .status(2)
        .stderr(str![[r#"
error: there is no ComfyUI at `nowhere`; name its folder: --into comfyui=DIR, or COMFYUI_DIR

"#]])
        .run();
}

#[test]
fn what_the_user_has_there_is_never_lost() {
    let (hub, sandbox) = stage();
    for theirs in ["the user's own".to_owned(), "x".repeat(LARGE)] {
        sandbox.write("desk/ComfyUI/models/diffusion_models/flux.safetensors", &theirs);
        pull(&sandbox)
            .status(8)
            .stderr(str![[r#"
error: `[ROOT]/desk/ComfyUI/models/diffusion_models/flux.safetensors` is there already, with other content
hint: move it away, or replace it with --force

"#]])
            .run();
        assert_eq!(in_cache::gets(&hub.take_requests()), 0, "before any byte");
        assert_eq!(fs::read_to_string(model(&sandbox)).expect("a file"), theirs);
    }
    pull(&sandbox).args(["--force", "--quiet"]).run();
    assert!(fs::read(model(&sandbox)).expect("a file") == generated(1, LARGE));
}

#[test]
fn a_right_file_is_left_where_it_is_and_not_fetched() {
    let (hub, sandbox) = stage();
    // in the older of the two folders that ComfyUI looks into
    sandbox.write("desk/ComfyUI/models/unet/flux.safetensors", generated(1, LARGE));
    pull(&sandbox).args(["--quiet"]).run();
    assert_eq!(hub.count(Place::Cdn), 2, "the two others");
    assert!(!model(&sandbox).exists());
    assert!(sandbox.path("desk/ComfyUI/models/unet/flux.safetensors").is_file());
}

#[test]
fn a_new_commit_replaces_what_an_earlier_pull_brought() {
    for link in ["copy", "hardlink"] {
        let (hub, sandbox) = stage();
        let pull = || sandbox.args(["pull", ID, "--into", "comfyui", "--link", link, "--quiet"]).any_stdout().run();
        pull();
        hub.push(ID, |tree| tree.lfs("split_files/diffusion_models/flux.safetensors", generated(9, LARGE)));
        pull();
        assert!(fs::read(model(&sandbox)).expect("a file") == generated(9, LARGE), "{link}");
    }
}

#[test]
fn every_way_of_arriving_is_said_also_to_machines() {
    let (_hub, sandbox) = stage();
    let vae = |link: &str| {
        let _ = fs::remove_dir_all(sandbox.path("desk/ComfyUI/models/vae"));
        let run = sandbox.args(["pull", ID, "split_files/vae/ae.safetensors", "--into", "comfyui", "--link", link]);
        run.args(["--json"]).any_stdout().any_stderr().run().json()
    };
    for (link, word) in [("hardlink", "hard_link"), ("copy", "copy"), ("symlink", "symlink")] {
        let told = vae(link);
        let file = &told["files"][0];
        assert_eq!(file["arrival"], word);
        assert_eq!(file["place"], told["path"]);
        let place = file["place"].as_str().expect("a path");
        assert!(fs::read(place).expect("a file") == generated(3, 4_000));
    }
}

#[test]
fn a_model_of_civitai_goes_where_its_type_belongs() {
    let version = Version::new(21, "v1").file(File::new(7, "style.safetensors", generated(1, 3_000)).primary());
    let version = version.file(File::new(8, "style_vae.safetensors", generated(2, 2_000)).kind("VAE"));
    let site = CivitAi::start(vec![Model::new(3, "Style", "LORA").version(version)]).account(Account::new("bob"));
    let sandbox = Sandbox::with_civitai(&site, None);
    fs::create_dir_all(sandbox.path("desk/ComfyUI/models")).expect("a ComfyUI");
    let pull = |reference: &str| {
        let run = sandbox.args(["pull", reference, "--into", "comfyui", "--link", "hardlink"]);
        run.env("CA_API_KEY", key_of("bob"))
    };
    pull("civitai:3@21")
        .stdout(str![[r#"
[ROOT]/desk/ComfyUI/models/loras

"#]])
        .stderr(str![[r#"
3@21: 1 file verified, 3.00 kB fetched in [TIME]; brought 1 file by hard link (nothing extra on disk)

"#]])
        .run();
    pull("civitai:3@21+8")
        .args(["--quiet"])
        .stdout(str![[r#"
[ROOT]/desk/ComfyUI/models/vae/style_vae.safetensors

"#]])
        .run();
    assert_data_eq!(
        sandbox.tree("desk"),
        str![[r#"
ComfyUI/models/loras/style.safetensors
ComfyUI/models/vae/style_vae.safetensors

"#]]
    );
    // what is in its place is not asked for again
    site.take_requests();
    pull("civitai:3@21").any_stdout().args(["--quiet"]).run();
    assert_eq!(site.requests().len(), 0);
}

#[test]
fn another_version_of_a_model_does_not_replace_the_first() {
    let version = |number, content| {
        Version::new(number, "v")
            .file(File::new(number + 100, "style.safetensors", generated(content, 2 << 20)).primary())
    };
    let site = CivitAi::start(vec![Model::new(3, "Style", "LORA").version(version(21, 1)).version(version(22, 2))]);
    let site = site.account(Account::new("bob"));
    let sandbox = Sandbox::with_civitai(&site, None);
    fs::create_dir_all(sandbox.path("desk/ComfyUI/models")).expect("a ComfyUI");
    let pull = |reference: &str| {
        let run = sandbox.args(["pull", reference, "--into", "comfyui", "--link", "hardlink", "--quiet"]);
        run.env("CA_API_KEY", key_of("bob")).any_stdout()
    };
    pull("civitai:3@21").run();
    let place = sandbox.path("desk/ComfyUI/models/loras/style.safetensors");
    pull("civitai:3@22")
        .status(8)
        .stderr(str![[r#"
error: `[ROOT]/desk/ComfyUI/models/loras/style.safetensors` is there already, with other content
hint: move it away, or replace it with --force

"#]])
        .run();
    assert!(fs::read(&place).expect("a file") == generated(1, 2 << 20));
    pull("civitai:3@22").args(["--force"]).run();
    assert!(fs::read(&place).expect("a file") == generated(2, 2 << 20));
}

#[test]
fn what_another_branch_is_stays() {
    let hub = Hub::start(vec![repository().tag("old")]);
    let sandbox = Sandbox::new(&hub);
    fs::create_dir_all(sandbox.path("desk/ComfyUI/models")).expect("a ComfyUI");
    pull(&sandbox).args(["--quiet"]).run();
    sandbox.args(["pull", ID, "--revision", "old", "--quiet"]).any_stdout().run();
    hub.push(ID, |tree| tree.lfs("split_files/diffusion_models/flux.safetensors", generated(9, LARGE)));
    pull(&sandbox).args(["--quiet"]).status(8).any_stderr().run();
    assert!(fs::read(model(&sandbox)).expect("a file") == generated(1, LARGE));
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_made_is_known_before_the_first_byte() {
    let (hub, sandbox) = stage();
    std::os::unix::fs::symlink("/nowhere/disk", sandbox.path("desk/ComfyUI/models/vae")).expect("a link");
    pull(&sandbox)
        .status(8)
        .stderr(str![[r#"
error: `[ROOT]/desk/ComfyUI/models/vae` is in the way: a folder is needed there

"#]])
        .run();
    assert_eq!(in_cache::gets(&hub.requests()), 0);
}

#[test]
fn what_each_way_costs_in_disk_is_said_before_and_after() {
    let (_hub, sandbox) = stage();
    let vae =
        |link: &str| sandbox.args(["pull", ID, "split_files/vae/ae.safetensors", "--into", "comfyui", "--link", link]);
    for (link, way, cost) in [
        ("hardlink", "hard link", "nothing extra on disk"),
        ("symlink", "symlink", "nothing extra on disk"),
        ("copy", "copy", "4.00 kB extra on disk"),
    ] {
        let _ = fs::remove_dir_all(sandbox.path("desk/ComfyUI/models/vae"));
        let planned = vae(link).args(["--dry-run"]).any_stdout().run().stdout;
        assert!(planned.contains(&format!("ae.safetensors by {way} ({cost})")), "{planned}");
        let bytes = if link == "copy" { 4_000 } else { 0 };
        assert_eq!(vae(link).args(["--dry-run", "--json"]).any_stdout().run().json()["bytes_to_copy"], bytes);
        let done = vae(link).any_stdout().any_stderr().run().stderr;
        assert!(done.contains(&format!("brought 1 file by {way} ({cost})")), "{done}");
    }
}

#[test]
fn what_comfyui_has_no_folder_for_is_said_with_its_name() {
    let of = |kind: &str, file: &str| {
        let version = Version::new(21, "v1").file(File::new(7, file, generated(1, 3_000)).primary());
        CivitAi::start(vec![Model::new(3, "It", kind).version(version)]).account(Account::new("bob"))
    };
    for (kind, file, expected) in [
        (
            "Detection",
            "hands.pt",
            str![[r#"
error: ComfyUI has no folder that is meant for `Detection`, as `hands.pt` is called
hint: say what it is with --comfyui-type: ultralytics_bbox, ultralytics_segm
hint: or pull it without --into, into the cache or a folder (--local-dir)

"#]],
        ),
        (
            "Wildcards",
            "words.zip",
            str![[r#"
error: `3` has no file that ComfyUI loads
hint: name the files after the reference to bring them all the same, or pull without --into

"#]],
        ),
    ] {
        let site = of(kind, file);
        let sandbox = Sandbox::with_civitai(&site, None);
        fs::create_dir_all(sandbox.path("desk/ComfyUI/models")).expect("a ComfyUI");
        let run = sandbox.args(["pull", "civitai:3@21", "--into", "comfyui"]).env("CA_API_KEY", key_of("bob"));
        run.status(2).stderr(expected).run();
    }
    let site = of("MotionModule", "walk.safetensors");
    let sandbox = Sandbox::with_civitai(&site, None);
    fs::create_dir_all(sandbox.path("desk/ComfyUI/models")).expect("a ComfyUI");
    let run = sandbox.args(["pull", "civitai:3@21", "--into", "comfyui", "--quiet"]).env("CA_API_KEY", key_of("bob"));
    run.any_stdout().run();
    assert!(sandbox.path("desk/ComfyUI/models/animatediff_models/walk.safetensors").is_file());
}

#[test]
fn flags_that_mean_nothing_are_refused() {
    let sandbox = Sandbox::without_hub();
    fs::create_dir_all(sandbox.path("desk/ComfyUI/models")).expect("a ComfyUI");
    for (arguments, expected) in [
        (
            vec!["--into", "comfyui", "--dtype", "q4"],
            str![[r#"
error: --dtype is for --into transformers.js

"#]],
        ),
        (
            vec!["--into", "comfyui", "--repo-type", "dataset"],
            str![[r#"
error: --into is for models, and `datasets/Comfy-Org/flux` is none

"#]],
        ),
    ] {
        sandbox.args(["pull", ID]).args(arguments).status(2).stderr(expected).run();
    }
    for arguments in [vec!["--link", "copy"], vec!["--into", "comfyui", "--local-dir", "x"], vec!["--into", "a1111"]] {
        sandbox.args(["pull", ID]).args(arguments).status(2).any_stderr().run();
    }
}

#[test]
fn a_gguf_of_a_checkpoint_goes_where_its_loader_looks() {
    let file = File::new(7, "flux-Q4_K_S.gguf", generated(1, 3_000)).primary().form("GGUF", None);
    let version = Version::new(21, "v1").file(file);
    let site = CivitAi::start(vec![Model::new(3, "Flux", "Checkpoint").version(version)]).account(Account::new("bob"));
    let sandbox = Sandbox::with_civitai(&site, None);
    fs::create_dir_all(sandbox.path("desk/ComfyUI/models")).expect("a ComfyUI");
    sandbox
        .args(["pull", "civitai:3@21", "--into", "comfyui", "--quiet"])
        .env("CA_API_KEY", key_of("bob"))
        .stdout(str![[r#"
[ROOT]/desk/ComfyUI/models/diffusion_models

"#]])
        .run();
}
