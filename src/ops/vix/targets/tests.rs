//! What Visionatrix's own code finds: the table that `tests/it/data/comfyui.py` writes, row by row.

use serde_json::{Value, json};

use super::*;
use crate::apps::visionatrix::catalog::Catalog;

const TABLE: &str = include_str!("../../../../tests/it/data/comfyui.json");
const CONTENT: &[u8] = b"a model";

fn model(row: &Value) -> CatalogModel {
    let expressions: Vec<Value> =
        row["expression"].as_str().map(|text| json!({ "input_value": text })).into_iter().collect();
    let entry = json!({
        "url": format!("https://huggingface.co/o/m/resolve/main/{}", row["filename"].as_str().unwrap()),
        "hash": "97ff8a35544dcf40ad84047074439dd6aa3a0be469ea578a1b1c017d939ec61c",
        "file_size": CONTENT.len(),
        "types": row["types"],
        "filename": row["filename"],
        "regexes": expressions,
    });
    let catalog = Catalog::from_document(json!({ "M": entry }), "a table").unwrap();
    catalog.get("M").unwrap().clone()
}

/// The place that a worker would give a model; a new file goes into the folder with the newer of two names.
fn place(row: &Value) -> String {
    let place = row["place"].as_str().unwrap();
    let is_there = row["files"].as_array().unwrap().iter().any(|file| place.ends_with(file.as_str().unwrap()));
    if is_there { place.to_owned() } else { place.replace("models/unet/", "models/diffusion_models/") }
}

#[test]
fn a_model_is_found_where_a_worker_finds_it_and_nowhere_else() {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    let rows = table["found"].as_array().unwrap();
    assert!(rows.len() > 30);
    for row in rows {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        for file in row["files"].as_array().unwrap() {
            let path = root.join(file.as_str().unwrap());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, CONTENT).unwrap();
        }
        let order = VixRequest {
            comfyui_dir: Some(root.join("ComfyUI")),
            models_dir: Some(root.join("Data/models")),
            ..VixRequest::default()
        };
        let data = root.join("Data").display().to_string();
        let targets = Targets::resolve(&order, &Env::of("/home/bob", [("BASE_DATA_DIR", &*data)])).unwrap();
        let model = model(row);
        for look in [Comparison::AtLength, Comparison::AtContent(None)] {
            let found =
                matches!(targets.look(&model, look).unwrap(), TargetState::InPlace(_) | TargetState::Elsewhere(_));
            assert_eq!(Value::from(found), row["found"], "{row}");
        }
        let ours = targets.place(&model).display().to_string().replace(&root.display().to_string(), "ROOT");
        assert_eq!(ours.replace('\\', "/"), place(row), "{row}");
    }
}
