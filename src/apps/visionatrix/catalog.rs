//! A catalog of models as Visionatrix keeps it (`models_catalog.json`), checked entry by entry when it is read.
//!
//! A catalog is a list of addresses, hashes and file names that somebody else wrote and that a worker's folders are
//! filled from, so it is input of an attacker until each entry has been looked at: a name with `..` in it would be
//! written where the worker runs, a regular expression with nested repetitions would hang it. One entry that breaks a
//! rule makes the whole catalog unusable, and the error names it: a catalog that is wrong in one place was not checked
//! by its author in the others. Unknown keys are ignored, as Visionatrix ignores them.

mod entry;
mod rule;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value};
use thiserror::Error;

pub(crate) use self::entry::{CatalogModel, Home, is_program};
pub(crate) use self::rule::LoaderRequest;

use crate::pattern::near;
use crate::repo::printable;

/// How many rules a catalog may hold. Each is kept ready to match; the real catalog has 122 different ones.
const MOST_RULES: usize = 2_000;

/// Why a catalog cannot be used.
#[derive(Debug, Error)]
pub(crate) enum CatalogError {
    /// It is not JSON.
    #[error("the catalog {from} is not JSON")]
    NotJson {
        /// Where it was read.
        from: String,
        /// Where in it the trouble is.
        source: serde_json::Error,
    },
    /// It is JSON, but no object of models.
    #[error("the catalog {from} is not an object that holds models by their names")]
    NotACatalog {
        /// Where it was read.
        from: String,
    },
    /// It holds so many regular expressions that they would fill the memory.
    #[error("the catalog {from} holds more than {MOST_RULES} regular expressions")]
    TooManyRules {
        /// Where it was read.
        from: String,
    },
    /// An entry breaks a rule.
    #[error("the entry `{name}` of the catalog {from} cannot be used: {problem}")]
    Entry {
        /// The entry.
        name: String,
        /// Where the catalog was read.
        from: String,
        /// The rule that it breaks.
        problem: String,
    },
    /// A regular expression takes more steps than any honest one.
    #[error(
        "the entry `{name}` of the catalog cannot be used: its regular expression `{pattern}` takes too many steps"
    )]
    TooManySteps {
        /// The entry.
        name: String,
        /// The expression.
        pattern: String,
    },
    /// Two entries of different content belong in one place.
    #[error("the entry `{first}` of the catalog belongs in the same place, with other content: {}", path.display())]
    OnePlace {
        /// The entry that has the place.
        first: String,
        /// The place.
        path: PathBuf,
    },
    /// An address that leads to no file.
    #[error("its address leads to no single file: {url}")]
    NoFile {
        /// The address.
        url: String,
    },
    /// A name that no catalog has.
    #[error("there is no model `{name}` in the catalog")]
    Unknown {
        /// The name.
        name: String,
        /// Names like it.
        near: Vec<String>,
    },
}

/// The models of one or more catalogs.
#[derive(Debug, Default, Clone)]
pub(crate) struct Catalog(BTreeMap<String, CatalogModel>);

impl Catalog {
    /// Reads the text of a catalog; `from` is what errors call it.
    ///
    /// # Errors
    /// When it is no catalog, or one of its entries breaks a rule.
    pub(crate) fn parse(text: &[u8], from: &str) -> Result<Self, CatalogError> {
        let document = serde_json::from_slice(text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text));
        let document: Value = document.map_err(|source| CatalogError::NotJson { from: from.to_owned(), source })?;
        Self::from_document(document, from)
    }

    /// Reads a catalog that is JSON already: one from the network, or one that a flow carries.
    ///
    /// # Errors
    /// When it is no catalog, or one of its entries breaks a rule.
    pub(crate) fn from_document(document: Value, from: &str) -> Result<Self, CatalogError> {
        let entries: Map<String, Value> = match document {
            Value::Object(entries) => entries,
            _ => return Err(CatalogError::NotACatalog { from: from.to_owned() }),
        };
        let rules = entries.values().filter_map(|entry| entry["regexes"].as_array()).map(Vec::len);
        if rules.sum::<usize>() > MOST_RULES {
            return Err(CatalogError::TooManyRules { from: from.to_owned() });
        }
        let read = |(name, value): (String, Value)| match CatalogModel::read(&name, &value) {
            Ok(model) => Ok((name, model)),
            Err(problem) => {
                Err(CatalogError::Entry { name: printable(&name), from: from.to_owned(), problem: printable(&problem) })
            }
        };
        entries.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Adds another catalog; its entries take the place of those that have their names.
    pub(crate) fn overlay(&mut self, later: Self) {
        self.0.extend(later.0);
    }

    /// All models, by name.
    pub(crate) fn models(&self) -> impl Iterator<Item = &CatalogModel> {
        self.0.values()
    }

    /// The model of a name.
    ///
    /// # Errors
    /// When there is none; the error has near names.
    pub(crate) fn get(&self, name: &str) -> Result<&CatalogModel, CatalogError> {
        self.0.get(name).ok_or_else(|| CatalogError::Unknown {
            name: printable(name),
            near: near(name, self.0.keys().map(String::as_str)),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// An entry that breaks no rule, with some of it replaced.
    fn entry(changes: &Value) -> Value {
        let mut entry = json!({
            "url": "https://huggingface.co/org/model/resolve/main/weights.safetensors",
            "homepage": "https://huggingface.co/org/model",
            "hash": "a1".repeat(32),
            "file_size": 1000,
            "types": ["checkpoints"],
            "regexes": [{"input_value": "(?i)weights"}],
        });
        for (key, value) in changes.as_object().expect("changes by key") {
            entry[key] = value.clone();
        }
        entry
    }

    fn read(changes: &Value) -> Result<Catalog, CatalogError> {
        Catalog::parse(json!({ "the model": entry(changes) }).to_string().as_bytes(), "c.json")
    }

    #[test]
    fn every_shape_of_the_real_catalog_is_read() {
        for changes in [
            json!({}),
            json!({"gated": true}),
            json!({"hash": "A1B2".repeat(16)}),
            json!({"types": ["diffusion_models", "unet"], "filename": "sliders/x.pt"}),
            json!({"types": [], "filename": "custom_nodes/comfyui-frame-interpolation/ckpts/rife/rife47.pth"}),
            json!({"types": null, "filename": "insightface/models/antelopev2.zip", "hashes": {"1k3d68.onnx": "b2".repeat(32)}}),
            json!({"url": "https://civitai.com/api/download/models/338512?type=Model&format=SafeTensor&size=full&fp=fp16"}),
            json!({"regexes": []}),
            json!({"future_key": {"unknown": 1}}),
        ] {
            assert!(read(&changes).is_ok(), "{changes}: {:?}", read(&changes).err());
        }
    }

    #[test]
    fn a_broken_entry_is_named_with_the_rule_that_it_breaks() {
        let long = "x".repeat(2_000);
        for (changes, problem) in [
            (json!({"filename": "../../etc/cron.d/x"}), "`..`"),
            (json!({"filename": "/etc/cron.d/x"}), "absolute"),
            (json!({"filename": "C:/Windows/x"}), "`:`"),
            (json!({"filename": "a\\..\\x"}), "backslash"),
            (json!({"filename": "x\n"}), "control character"),
            (json!({"filename": "custom_nodes/evil/__init__.py", "types": []}), "program"),
            (json!({"filename": "x.safetensors", "types": ["../loras"]}), "`../loras`"),
            (json!({"types": ["a/b"]}), "`a/b`"),
            (json!({"types": "loras"}), "types"),
            (json!({"types": []}), "neither"),
            (json!({"hash": "b2".repeat(31)}), "SHA-256"),
            (json!({"hash": "*".repeat(64)}), "SHA-256"),
            (json!({"hash": null}), "hash"),
            (json!({"file_size": -1}), "file_size"),
            (json!({"file_size": 0}), "file_size"),
            (json!({"file_size": 1.5}), "file_size"),
            (json!({"file_size": 90_000_000_000_000_000_u64}), "file_size"),
            (json!({"file_size": "12"}), "file_size"),
            (json!({"url": "ftp://huggingface.co/x"}), "`ftp:`"),
            (json!({"url": "file:///etc/passwd"}), "`file:`"),
            (json!({"url": "not a url"}), "url"),
            (json!({"url": "https://user:secret@huggingface.co/org/m/resolve/main/x"}), "credentials"),
            (json!({"url": "https://civitai.com/api/download/models/1?token=secret"}), "credentials"),
            (json!({"url": "https://huggingface.co/"}), "file name"),
            (json!({"regexes": [{"input_value": "(unclosed"}]}), "(unclosed"),
            (json!({"regexes": [{"input_value": "(?:(?:a{1000}){1000}){1000}"}]}), "regular expression"),
            (json!({"regexes": [{"input_value": long}]}), "1000"),
            (json!({"regexes": [{"input_value": 3}]}), "input_value"),
            (json!({"regexes": {}}), "regexes"),
            (json!({"regexes": [{"filename": "x"}]}), "filename"),
            (json!({"hashes": {"../x": "b2".repeat(32)}}), "`../x`"),
            (json!({"hashes": {"x": "nope"}}), "SHA-256"),
            (json!({"gated": "yes"}), "gated"),
        ] {
            let error = read(&changes).expect_err(&changes.to_string()).to_string();
            assert!(error.contains("`the model`") && error.contains("c.json"), "{changes}: {error}");
            assert!(error.contains(problem), "{changes}: {error}");
            assert!(!error.contains("secret"), "{changes}: {error}");
        }
    }

    #[test]
    fn what_is_no_catalog_at_all_is_refused() {
        for (text, problem) in
            [("", "not JSON"), ("[]", "not an object"), ("{\"x\": 3}", "`x`"), ("\"x\"", "not an object")]
        {
            let error = Catalog::parse(text.as_bytes(), "c.json").expect_err(text).to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(Catalog::parse(deep.as_bytes(), "c.json"), Err(CatalogError::NotJson { .. })));
    }

    #[test]
    fn a_catalog_fits_into_memory_whatever_its_expressions_are() {
        assert!(read(&json!({"regexes": [{"input_value": r"\w{200}"}]})).is_err());
        let many = vec![json!({"input_value": "a"}); MOST_RULES + 1];
        assert!(read(&json!({"regexes": many[1..]})).is_ok());
        assert!(matches!(read(&json!({"regexes": many})), Err(CatalogError::TooManyRules { .. })));
    }

    #[test]
    fn an_expression_that_is_too_costly_is_safe_to_print() {
        let catalog = read(&json!({"regexes": [{"input_value": "^(?:(?:a|aa)(?!b|\u{1b}\u{202e}))+$"}]})).unwrap();
        let error = catalog.get("the model").unwrap().may_be_named(&("a".repeat(200) + "!")).unwrap_err();
        assert!(matches!(error, CatalogError::TooManySteps { .. }));
        assert!(!error.to_string().contains(crate::repo::is_unprintable), "{error:?}");
    }

    #[test]
    fn later_catalogs_take_the_place_of_earlier_entries() {
        let of = |names: &[&str], size: u64| {
            let entries: Map<_, _> =
                names.iter().map(|name| ((*name).to_owned(), entry(&json!({"file_size": size})))).collect();
            Catalog::from_document(Value::Object(entries), "c.json").unwrap()
        };
        let mut catalog = of(&["one", "two"], 1);
        catalog.overlay(of(&["two", "three"], 2));
        let sizes: Vec<_> = catalog.models().map(|model| (model.name.as_str(), model.size)).collect();
        assert_eq!(sizes, [("one", 1), ("three", 2), ("two", 2)]);
    }

    #[test]
    fn an_unknown_name_has_near_names() {
        let catalog = read(&json!({})).unwrap();
        assert_eq!(catalog.get("the model").unwrap().digest.to_string(), format!("sha256:{}", "a1".repeat(32)));
        let Err(CatalogError::Unknown { near, .. }) = catalog.get("the modle") else { panic!("there is none") };
        assert_eq!(near, ["the model"]);
    }
}
