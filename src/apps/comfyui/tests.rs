//! ComfyUI's own answers: the table that `tests/it/data/comfyui.py` writes, row by row.

use std::path::Path;

use serde_json::Value;

use super::*;
use crate::settings::env::Env;

const TABLE: &str = include_str!("../../../tests/it/data/comfyui.json");

/// The folders of one row, in a world of its own.
fn folders(root: &Path, yaml: Option<&str>, through: &str, is_worker: bool) -> Result<ModelFolders, ComfyuiError> {
    let comfyui = root.join("ComfyUI");
    std::fs::create_dir_all(&comfyui).unwrap();
    std::fs::write(comfyui.join("main.py"), "").unwrap();
    let path = comfyui.join("extra_model_paths.yaml");
    let _ = std::fs::remove_file(&path);
    if let Some(yaml) = yaml {
        std::fs::write(path, yaml).unwrap();
    }
    let (models, output) = (root.join("Data/models"), root.join("Data/output"));
    let worker = is_worker.then_some(WorkerFolders { models: &models, output: &output });
    let startup = Startup { root: &root.join(through), models: None, extra: &[], worker };
    let home = root.join("home").display().to_string();
    ModelFolders::of_application(startup, &Env::of(&home, [("DISK", &*root.join("disk").display().to_string())]))
}

fn named(folders: &ModelFolders, kind: &str, root: &Path) -> Vec<String> {
    let found = folders.of(&kind.parse().unwrap());
    found.iter().map(|folder| folder.display().to_string().replace(&root.display().to_string(), "ROOT")).collect()
}

#[cfg(unix)]
#[test]
fn the_folders_of_every_type_are_those_of_comfyui_itself() {
    let place = tempfile::tempdir().unwrap();
    let root = std::fs::canonicalize(place.path()).unwrap();
    std::os::unix::fs::symlink("ComfyUI", root.join("link")).unwrap();
    let table: Value = serde_json::from_str(TABLE).unwrap();
    for (name, is_worker) in [("folders", false), ("worker", true)] {
        let rows = table[name].as_array().unwrap();
        let plain = rows[0]["folders"].as_object().unwrap();
        assert!(rows.len() > 50 && plain.len() > 20);
        for row in rows {
            let (yaml, through) = (row["yaml"].as_str(), row["through"].as_str().unwrap());
            let ours = folders(&root, yaml, through, is_worker);
            let Some(changed) = row["folders"].as_object() else {
                assert!(ours.is_err(), "ComfyUI does not start with {yaml:?}");
                continue;
            };
            let ours = ours.unwrap_or_else(|error| panic!("{error} of {yaml:?}"));
            let both = plain.keys().chain(changed.keys());
            for kind in both {
                let expected = changed.get(kind).unwrap_or_else(|| &plain[kind]);
                let expected: Vec<&str> =
                    expected.as_array().unwrap().iter().map(|folder| folder.as_str().unwrap()).collect();
                assert_eq!(named(&ours, kind, &root), expected, "{name}: {kind} of {yaml:?} through {through}");
            }
        }
    }
}

#[test]
fn a_new_file_goes_into_the_first_folder_but_not_into_an_old_name() {
    let place = tempfile::tempdir().unwrap();
    let root = std::fs::canonicalize(place.path()).unwrap();
    let home = |folders: &ModelFolders, kind: &str| {
        let home = folders.home(&kind.parse().unwrap(), &"x.gguf".parse().unwrap());
        home.strip_prefix(&root).unwrap().display().to_string().replace('\\', "/")
    };
    let plain = folders(&root, None, "ComfyUI", false).unwrap();
    for (kind, expected) in [
        ("unet", "ComfyUI/models/diffusion_models"),
        ("clip", "ComfyUI/models/text_encoders"),
        ("latent_upscale_models", "ComfyUI/models/latent_upscale_models"),
        ("ultralytics_bbox", "ComfyUI/models/ultralytics/bbox"),
        ("birefnet", "ComfyUI/models/BiRefNet"),
        ("of_a_node_pack", "ComfyUI/models/of_a_node_pack"),
    ] {
        assert_eq!(home(&plain, kind), expected, "{kind}");
    }
    let worker = folders(&root, None, "ComfyUI", true).unwrap();
    assert_eq!(home(&worker, "unet"), "Data/models/diffusion_models");
    assert_eq!(home(&worker, "embeddings"), "ComfyUI/models/embeddings");
    // what is in the way is found first
    std::fs::create_dir_all(root.join("ComfyUI/models/unet")).unwrap();
    std::fs::write(root.join("ComfyUI/models/unet/x.gguf"), "another").unwrap();
    assert_eq!(home(&plain, "diffusion_models"), "ComfyUI/models/unet");
}

#[test]
fn the_flags_of_comfyui_count() {
    let place = tempfile::tempdir().unwrap();
    let root = std::fs::canonicalize(place.path()).unwrap();
    folders(&root, None, "ComfyUI", false).unwrap();
    std::fs::write(root.join("more.yaml"), "a: {base_path: disk, is_default: true, vae: v, mine: m}").unwrap();
    let extra = [root.join("more.yaml")];
    let startup = Startup { root: &root.join("ComfyUI"), models: Some(&root.join("m")), extra: &extra, worker: None };
    let ours = ModelFolders::of_application(startup, &Env::of("/home/bob", [])).unwrap();
    if cfg!(unix) {
        assert_eq!(named(&ours, "vae", &root), ["ROOT/disk/v", "ROOT/m/vae", "ROOT/ComfyUI/output/vae"]);
        assert_eq!(named(&ours, "mine", &root), ["ROOT/disk/m"]);
    }
    assert!(ours.types().contains(&"mine".parse().unwrap()));
    let missing = [root.join("nowhere.yaml")];
    let startup = Startup { extra: &missing, ..startup };
    assert!(matches!(ModelFolders::of_application(startup, &Env::of("/", [])), Err(ComfyuiError::Unreadable { .. })));
}

#[test]
fn a_type_is_one_plain_word() {
    for bad in ["", "..", ".hidden", "a/b", "a\\b", "C:", "a b", "\u{202E}x"] {
        assert!(bad.parse::<ModelType>().is_err(), "{bad:?}");
    }
}

#[test]
fn folders_name_their_type() {
    for (folder, kind) in
        [("t2i_adapter", "controlnet"), ("clip", "text_encoders"), ("loras", "loras"), ("detection", "detection")]
    {
        assert_eq!(ModelType::of_folder(folder).unwrap().as_str(), kind);
    }
    for other in ["split_files", "onnx", "original", "unet2", "Loras"] {
        assert_eq!(ModelType::of_folder(other), None, "{other}");
    }
}
