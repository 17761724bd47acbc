//! A flow of ComfyUI, and which models of a catalog it needs.
//!
//! A flow names a model only by the file name that its author happened to have, in an input of some loader node. The way
//! from there to an entry of a catalog is Visionatrix's: a table says which inputs of which classes name a file and of
//! which type it is, and the regular expressions of the entries say which names they answer to. One input may mean
//! several models (a preset of IPAdapter needs an adapter and an encoder), so all that match are taken.

mod loader;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use thiserror::Error;

pub(crate) use self::loader::Loader;

use self::loader::loaders;
use crate::apps::visionatrix::catalog::{Catalog, CatalogError, LoaderRequest};
use crate::repo::printable;

/// The title of the node whose text is a catalog of the flow's own.
const OWN_CATALOG: &str = "WF_MODELS";

/// Why a flow cannot be used, or not all of it.
#[derive(Debug, Error)]
pub(crate) enum FlowError {
    /// It is not JSON.
    #[error("the flow {from} is not JSON")]
    NotJson {
        /// Where it was read.
        from: String,
        /// Where in it the trouble is.
        source: serde_json::Error,
    },
    /// It is the form that ComfyUI's editor saves, which names no inputs.
    #[error("the flow {from} is a workflow of the editor, not one in API format")]
    OfTheEditor {
        /// Where it was read.
        from: String,
    },
    /// It is JSON, but no flow.
    #[error("the flow {from} is not an object of nodes, each with its class_type and inputs")]
    NotAFlow {
        /// Where it was read.
        from: String,
    },
    /// A loader asks for what no entry answers to.
    #[error("the flow {from} loads `{}` in the node {}, and no model of the catalog answers to it", loader.value, loader.place())]
    Unmatched {
        /// Where the flow was read.
        from: String,
        /// The loader.
        loader: Box<Loader>,
    },
}

/// A flow.
#[derive(Debug)]
pub(crate) struct Flow {
    /// What errors call it.
    pub(crate) from: String,
    nodes: BTreeMap<String, FlowNode>,
    own_catalog: Option<String>,
}

/// A node, as far as models matter.
#[derive(Debug)]
struct FlowNode {
    class: String,
    inputs: Map<String, Value>,
}

/// What a flow needs.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// The names of the models.
    pub(crate) models: BTreeSet<String>,
    /// Loaders that no entry answers to.
    pub(crate) unmatched: Vec<Loader>,
    /// Loaders of one file that several entries answer to, and those entries.
    pub(crate) several: Vec<(Loader, Vec<String>)>,
}

impl Flow {
    /// Reads a flow in API format.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn parse(text: &[u8], from: &str) -> Result<Self, FlowError> {
        let from = from.to_owned();
        let document: Value = match serde_json::from_slice(text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)) {
            Ok(document) => document,
            Err(source) => return Err(FlowError::NotJson { from, source }),
        };
        let Value::Object(entries) = document else { return Err(FlowError::NotAFlow { from }) };
        if entries.get("nodes").is_some_and(Value::is_array) {
            return Err(FlowError::OfTheEditor { from });
        }
        let mut flow = Self { from: from.clone(), nodes: BTreeMap::new(), own_catalog: None };
        for (id, node) in entries {
            let (Some(class), Some(inputs)) = (node["class_type"].as_str(), node["inputs"].as_object()) else {
                return Err(FlowError::NotAFlow { from });
            };
            if node["_meta"]["title"] == OWN_CATALOG {
                flow.own_catalog = inputs.get("text").and_then(Value::as_str).map(str::to_owned);
            }
            flow.nodes.insert(printable(&id), FlowNode { class: class.to_owned(), inputs: inputs.clone() });
        }
        Ok(flow)
    }

    /// The catalog that the flow itself carries, if it does.
    ///
    /// # Errors
    /// When it carries one that cannot be used.
    pub(crate) fn own_catalog(&self) -> Result<Option<Catalog>, CatalogError> {
        let from = format!("in the node {OWN_CATALOG} of {}", self.from);
        self.own_catalog.as_ref().map(|text| Catalog::parse(text.as_bytes(), &from)).transpose()
    }

    /// The models of a catalog that the flow needs.
    ///
    /// # Errors
    /// When a regular expression of the catalog takes too many steps.
    pub(crate) fn needs(&self, catalog: &Catalog) -> Result<Needs, CatalogError> {
        let mut needs = Needs::default();
        for (id, node) in &self.nodes {
            let bound = matching(catalog, |model| model.belongs_to_class(&node.class))?;
            if !bound.is_empty() {
                needs.models.extend(bound);
                continue;
            }
            for loader in loaders(id, &node.class, &node.inputs) {
                let asked = LoaderRequest { class: &loader.class, input: &loader.input, value: &loader.value };
                let found = matching(catalog, |model| Ok(loader.takes(model.types()) && model.answers(asked)?))?;
                needs.models.extend(found.iter().cloned());
                match found.len() {
                    0 => needs.unmatched.push(loader),
                    2.. if loader.names_one_file() => needs.several.push((loader, found)),
                    _ => {}
                }
            }
        }
        Ok(needs)
    }
}

fn matching(
    catalog: &Catalog,
    is_meant: impl Fn(&crate::apps::visionatrix::catalog::CatalogModel) -> Result<bool, CatalogError>,
) -> Result<Vec<String>, CatalogError> {
    let mut names = Vec::new();
    for model in catalog.models() {
        if is_meant(model)? {
            names.push(model.name.clone());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn catalog(entries: &[(&str, Value, Value)]) -> Catalog {
        let entry = |(name, types, regexes): &(&str, Value, Value)| {
            let entry = json!({
                "url": format!("https://huggingface.co/org/m/resolve/main/{name}.safetensors"),
                "hash": "a1".repeat(32), "file_size": 1, "types": types, "regexes": regexes,
                "filename": format!("{name}.safetensors"),
            });
            ((*name).to_owned(), entry)
        };
        Catalog::from_document(Value::Object(entries.iter().map(entry).collect()), "c.json").expect("a catalog")
    }

    fn flow(nodes: &Value) -> Flow {
        Flow::parse(nodes.to_string().as_bytes(), "f.json").expect("a flow")
    }

    fn node(class: &str, inputs: &Value) -> Value {
        json!({"class_type": class, "inputs": inputs, "_meta": {"title": "anything"}})
    }

    fn needed(flow: &Flow, catalog: &Catalog) -> Vec<String> {
        let needs = flow.needs(catalog).expect("a catalog without bombs");
        assert!(needs.unmatched.is_empty(), "{:?}", needs.unmatched);
        needs.models.into_iter().collect()
    }

    #[test]
    fn a_loader_finds_its_model_by_type_and_by_name() {
        let catalog = catalog(&[
            ("flux", json!(["diffusion_models", "unet"]), json!([{"input_value": "(?i)^flux"}])),
            ("flux-lora", json!(["loras"]), json!([{"input_value": "(?i)^flux", "input_name": "(?i)lora"}])),
            ("clip_l", json!(["text_encoders", "clip"]), json!([{"input_value": "^(?=.*clip_l).*"}])),
            ("t5", json!(["text_encoders"]), json!([{"input_value": "^t5"}])),
        ]);
        let flow = flow(&json!({
            "1": node("UNETLoader", &json!({"unet_name": "FLUX1-dev.safetensors"})),
            "2": node("DualCLIPLoader", &json!({"clip_name1": "t5xxl.safetensors", "clip_name2": "sub/clip_l.safetensors"})),
            "3": node("Power Lora Loader (rgthree)", &json!({"lora_2": {"on": true, "lora": "flux-x.safetensors"}, "lora_3": "None", "header": 3})),
            "4": node("KSampler", &json!({"ckpt_name": "not a loader"})),
            "5": node("LoraLoader", &json!({"lora_name": "None"})),
            "6": node("VAELoader", &json!({"vae_name": ["7", 0]})),
        }));
        assert_eq!(needed(&flow, &catalog), ["clip_l", "flux", "flux-lora", "t5"]);
    }

    #[test]
    fn a_preset_may_need_several_models_and_a_class_may_need_one_by_itself() {
        let preset = |pattern: &str| json!([{"class_name": "IPAdapterUnifiedLoader", "input_value": pattern}]);
        let catalog = catalog(&[
            ("adapter", json!(["ipadapter"]), preset("(?i)^plus \\(")),
            ("encoder", json!(["clip_vision"]), preset("(?i)^(?!vit-g).*")),
            ("face", json!(["ipadapter"]), preset("(?i)^plus face")),
            ("rembg", json!(["x"]), json!([{"class_name": "RemBg$"}])),
        ]);
        let flow = flow(&json!({
            "1": node("IPAdapterUnifiedLoader", &json!({"preset": "PLUS (high strength)"})),
            "2": node("RemBg", &json!({})),
            "3": node("RemBgOther", &json!({})),
        }));
        assert_eq!(needed(&flow, &catalog), ["adapter", "encoder", "rembg"]);
    }

    #[test]
    fn a_loader_that_nothing_answers_to_is_named_and_one_that_several_do_is_told() {
        let catalog = catalog(&[
            ("one", json!(["loras"]), json!([{"input_value": "x"}])),
            ("two", json!(["loras"]), json!([{"input_value": "x"}])),
        ]);
        let flow = flow(&json!({
            "1": node("LoraLoader", &json!({"lora_name": "x.safetensors"})),
            "2": node("CheckpointLoaderSimple", &json!({"ckpt_name": "x.ckpt"})),
        }));
        let needs = flow.needs(&catalog).unwrap();
        assert_eq!(
            needs.unmatched.iter().map(Loader::place).collect::<Vec<_>>(),
            ["2 (CheckpointLoaderSimple.ckpt_name)"]
        );
        assert_eq!(needs.several.len(), 1);
        assert_eq!(needs.several[0].1, ["one", "two"]);
    }

    #[test]
    fn a_flow_may_carry_a_catalog_of_its_own() {
        let text = json!({"own": {"url": "https://huggingface.co/o/m/resolve/main/own.ckpt", "hash": "b2".repeat(32),
            "file_size": 2, "types": ["checkpoints"], "regexes": [{"input_value": "own"}]}});
        let mut nodes = json!({"1": node("Text Multiline", &json!({"text": text.to_string()}))});
        nodes["1"]["_meta"]["title"] = json!("WF_MODELS");
        assert_eq!(flow(&nodes).own_catalog().unwrap().map(|catalog| catalog.models().count()), Some(1));
        nodes["1"]["inputs"]["text"] = json!("{\"bad\": {}}");
        let error = flow(&nodes).own_catalog().unwrap_err().to_string();
        assert!(error.contains("`bad`") && error.contains("WF_MODELS"), "{error}");
        assert!(flow(&json!({})).own_catalog().unwrap().is_none());
    }

    #[test]
    fn what_is_no_flow_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "not JSON"),
            ("[]", "not an object of nodes"),
            ("{\"1\": 3}", "not an object of nodes"),
            ("{\"1\": {\"class_type\": \"X\"}}", "not an object of nodes"),
            ("{\"nodes\": [], \"links\": []}", "workflow of the editor"),
        ] {
            let error = Flow::parse(text.as_bytes(), "f.json").expect_err(text).to_string();
            assert!(error.contains(reason) && error.contains("f.json"), "{text}: {error}");
        }
    }
}
