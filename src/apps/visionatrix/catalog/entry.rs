//! One entry of a catalog: where the bytes are, what they must be, where they belong, and which loaders mean them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::CatalogError;
use super::rule::{LoaderRequest, Rule};
use crate::digest::Digest;
use crate::repo::{RepoPath, is_unprintable, printable};

/// No model is larger than 16 TB; the largest of the real catalog has 28.5 GB.
const LARGEST: u64 = 16_000_000_000_000;
/// The endings of programs: ComfyUI imports what lies in `custom_nodes`.
const PROGRAMS: [&str; 9] = ["py", "pyc", "pyd", "so", "dll", "dylib", "exe", "sh", "bat"];

/// A model of a catalog.
#[derive(Debug, Clone)]
pub(crate) struct CatalogModel {
    /// The name of the entry.
    pub(crate) name: String,
    /// Where its bytes are.
    pub(crate) url: Url,
    /// What the SHA-256 of its file is.
    pub(crate) digest: Digest,
    /// How long its file is, in bytes.
    pub(crate) size: u64,
    /// Which folder it belongs in.
    pub(crate) home: Home,
    /// Its path within that folder.
    pub(crate) file: RepoPath,
    /// Whether its author says that it takes a token. A hint: the provider knows better.
    pub(crate) gated: bool,
    /// What an archive holds: the SHA-256 of each file that is unpacked from it.
    pub(crate) members: BTreeMap<RepoPath, Digest>,
    rules: Vec<Rule>,
}

/// The folder that a model belongs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Home {
    /// The folder of the first of these types of models that there is.
    Types(Vec<String>),
    /// The folder of ComfyUI itself: `custom_nodes/…`.
    ComfyUi,
    /// The folder that holds all models.
    Models,
}

/// An entry as it is written. Numbers and texts are checked by hand where a message can say more than "invalid type".
#[derive(Deserialize)]
struct RawEntry {
    url: String,
    hash: String,
    file_size: Value,
    regexes: Option<Vec<Value>>,
    types: Option<Vec<String>>,
    filename: Option<String>,
    gated: Option<bool>,
    hashes: Option<BTreeMap<String, String>>,
}

impl CatalogModel {
    /// Reads an entry.
    ///
    /// # Errors
    /// The rule that it breaks, in words.
    pub(super) fn read(name: &str, document: &Value) -> Result<Self, String> {
        if name.trim().is_empty() || name.len() > 255 || name.chars().any(is_unprintable) {
            return Err("its name is empty, too long, or holds control characters".to_owned());
        }
        let wrong_key = |key: &str| format!("`{key}` is missing or is not of its kind");
        if !document.is_object() {
            return Err("it is not an object".to_owned());
        }
        let written = match RawEntry::deserialize(document) {
            Ok(written) => written,
            Err(error) => return Err(wrong_part(document).map_or_else(|| error.to_string(), wrong_key)),
        };
        let url = url(&written.url)?;
        let types = written.types.unwrap_or_default();
        types.iter().try_for_each(|name| model_type(name))?;
        let file = match written.filename.filter(|name| !name.is_empty()) {
            Some(name) => path(&name, "filename")?,
            // without types the path says where: a name from an address would be anywhere
            None if types.is_empty() => return Err("it has neither `types` nor a `filename`".to_owned()),
            None => path(url.path().rsplit('/').next().unwrap_or_default(), "the file name of `url`")?,
        };
        let members = written.hashes.unwrap_or_default();
        let members = members.iter().map(|(name, hash)| Ok((path(name, "hashes")?, sha256(hash, "hashes")?)));
        Ok(Self {
            name: name.to_owned(),
            digest: sha256(&written.hash, "hash")?,
            size: size(&written.file_size)?,
            home: Home::of(types, &file),
            gated: written.gated.unwrap_or(false),
            members: members.collect::<Result<_, String>>()?,
            rules: written.regexes.unwrap_or_default().iter().map(Rule::read).collect::<Result<_, _>>()?,
            url,
            file,
        })
    }

    /// Whether its file is an archive that is unpacked. Visionatrix looks at the end of the whole address: what comes from
    /// `….zip?download=true` stays an archive.
    #[must_use]
    pub(crate) fn is_archive(&self) -> bool {
        self.url.as_str().ends_with(".zip")
    }

    /// The types of models that it is one of.
    #[must_use]
    pub(crate) fn types(&self) -> &[String] {
        match &self.home {
            Home::Types(types) => types,
            Home::ComfyUi | Home::Models => &[],
        }
    }

    /// Whether a loader means this model.
    ///
    /// # Errors
    /// When one of its regular expressions takes too many steps.
    pub(crate) fn answers(&self, asked: LoaderRequest<'_>) -> Result<bool, CatalogError> {
        self.any(|rule| rule.matches(asked))
    }

    /// Whether every node of a class means this model, whatever its inputs are.
    ///
    /// # Errors
    /// When one of its regular expressions takes too many steps.
    pub(crate) fn belongs_to_class(&self, class: &str) -> Result<bool, CatalogError> {
        if self.rules.is_empty() || !self.rules.iter().all(Rule::is_about_the_class_alone) {
            return Ok(false);
        }
        self.any(|rule| rule.matches(LoaderRequest { class, input: "", value: "" }))
    }

    /// Whether files under other names than its own may hold this model.
    #[must_use]
    pub(crate) fn may_have_other_names(&self) -> bool {
        self.rules.iter().any(Rule::is_about_names)
    }

    /// Whether a file of this name may hold this model.
    ///
    /// # Errors
    /// When one of its regular expressions takes too many steps.
    pub(crate) fn may_be_named(&self, name: &str) -> Result<bool, CatalogError> {
        self.any(|rule| rule.matches_name(name))
    }

    fn any(&self, matches: impl Fn(&Rule) -> Result<bool, String>) -> Result<bool, CatalogError> {
        for rule in &self.rules {
            match matches(rule) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(pattern) => {
                    return Err(CatalogError::TooManySteps { name: self.name.clone(), pattern: printable(&pattern) });
                }
            }
        }
        Ok(false)
    }
}

impl Home {
    fn of(types: Vec<String>, file: &RepoPath) -> Self {
        match (types.is_empty(), file.as_str().starts_with("custom_nodes/")) {
            (false, _) => Self::Types(types),
            (true, true) => Self::ComfyUi,
            (true, false) => Self::Models,
        }
    }
}

/// The first key whose value cannot be read, for the message.
fn wrong_part(document: &Value) -> Option<&'static str> {
    let text = |key: &str| document[key].is_string();
    let maybe = |key: &str, is: fn(&Value) -> bool| document[key].is_null() || is(&document[key]);
    let texts = |value: &Value| value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
    let named_texts = |value: &Value| value.as_object().is_some_and(|map| map.values().all(Value::is_string));
    let checks = [
        ("url", text("url")),
        ("hash", text("hash")),
        ("file_size", document.get("file_size").is_some()),
        ("regexes", maybe("regexes", Value::is_array)),
        ("types", maybe("types", texts)),
        ("filename", maybe("filename", Value::is_string)),
        ("gated", maybe("gated", Value::is_boolean)),
        ("hashes", maybe("hashes", named_texts)),
    ];
    checks.into_iter().find_map(|(key, is_right)| (!is_right).then_some(key))
}

fn url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("its `url` is not one: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("its `url` begins with `{}:`, which is not the web", url.scheme()));
    }
    let in_query = url.query_pairs().any(|(key, _)| key == "token");
    if in_query || !url.username().is_empty() || url.password().is_some() {
        return Err("its `url` holds credentials; tokens come from the environment".to_owned());
    }
    Ok(url)
}

fn model_type(name: &str) -> Result<(), String> {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    if name.is_empty() || name.len() > 100 || !name.chars().all(is_plain) {
        return Err(format!("`{name}` of `types` is not the name of a type of models"));
    }
    Ok(())
}

/// A path below a folder. Catalogs travel between systems, so what Windows would take for a drive is refused everywhere.
fn path(text: &str, key: &str) -> Result<RepoPath, String> {
    let path: RepoPath = text.parse().map_err(|error| format!("{key}: {error}"))?;
    if text.contains(':') {
        return Err(format!("{key}: `{text}` is not a safe file name: it contains a `:`"));
    }
    if is_program(&path) {
        return Err(format!("{key}: `{text}` is a program, not a model"));
    }
    Ok(path)
}

fn sha256(text: &str, key: &str) -> Result<Digest, String> {
    match Digest::from_hex(&text.to_ascii_lowercase()) {
        Some(digest @ Digest::Sha256(_)) => Ok(digest),
        _ => Err(format!("`{key}` is not a SHA-256 (64 hexadecimal digits)")),
    }
}

fn size(value: &Value) -> Result<u64, String> {
    match value.as_u64() {
        Some(size @ 1..=LARGEST) => Ok(size),
        _ => Err(format!("`file_size` is {value}, not a number of bytes from 1 to {LARGEST}")),
    }
}

/// Whether the program of whoever loads the model might run this file rather than read it.
#[must_use]
pub(crate) fn is_program(path: &RepoPath) -> bool {
    let ending = path.file_name().rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| PROGRAMS.contains(&ending.as_str()))
}
