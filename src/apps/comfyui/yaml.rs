//! YAML as ComfyUI reads it: by `safe_load` of PyYAML, which is YAML 1.1 with manners of its own.
//!
//! What a parser of YAML 1.2 does otherwise decides where ComfyUI looks: a key that stands twice has the last value at the
//! first place, `<<` merges other mappings in, `yes` and `on` are true (though not in quotes), and `12:30`, `1_000` and
//! `2024-01-01` are no texts, so that ComfyUI does not start with them as folders. The events are saphyr's; what they mean
//! is decided here, by the tables of PyYAML's `resolver.py` and `constructor.py`.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::LazyLock;

use regex::Regex;
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

/// How deep a document may be nested. Groups of types need two levels.
const DEEPEST: usize = 32;

/// Keys and values.
pub(super) type Pairs = Vec<(Rc<YamlNode>, Rc<YamlNode>)>;

/// A value.
#[derive(Debug, PartialEq)]
pub(super) enum YamlNode {
    Text(String),
    Null,
    /// A number, a date or a truth value, which is all that matters here: whether Python takes it for true.
    Other {
        is_true: bool,
    },
    Sequence(Vec<Rc<YamlNode>>),
    /// The keys are in order, and each stands once.
    Mapping(Pairs),
    /// The key `<<`; no value.
    Merge,
}

impl YamlNode {
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Whether Python takes the value for true.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Other { is_true } => *is_true,
            Self::Text(text) => !text.is_empty(),
            Self::Sequence(items) => !items.is_empty(),
            Self::Mapping(pairs) => !pairs.is_empty(),
            Self::Merge => true,
        }
    }
}

/// A collection that is being read.
struct OpenCollection {
    is_mapping: bool,
    anchor: usize,
    /// Of a mapping, keys and values by turns.
    items: Vec<Rc<YamlNode>>,
}

/// The document of a text; [`YamlNode::Null`] where it is empty.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn load(text: &str) -> Result<Rc<YamlNode>, String> {
    let mut open: Vec<OpenCollection> = Vec::new();
    let mut anchors: HashMap<usize, Rc<YamlNode>> = HashMap::new();
    let mut document = None;
    for event in Parser::new_from_str(text.strip_prefix('\u{FEFF}').unwrap_or(text)) {
        let (event, _) = event.map_err(|error| error.to_string())?;
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => (Rc::new(scalar(&text, style, tag.as_deref())?), anchor),
            Event::SequenceStart(anchor, tag) => {
                open.push(OpenCollection::of("seq", anchor, tag.as_deref(), open.len())?);
                continue;
            }
            Event::MappingStart(anchor, tag) => {
                open.push(OpenCollection::of("map", anchor, tag.as_deref(), open.len())?);
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let closed = open.pop().ok_or("a collection ends that did not begin")?;
                let anchor = closed.anchor;
                (Rc::new(closed.close()?), anchor)
            }
            Event::Alias(anchor) => {
                let meant = anchors.get(&anchor).cloned();
                (meant.ok_or("an alias means a value that is not complete")?, 0)
            }
            Event::DocumentStart(_) if document.is_some() => return Err("it holds a second document".to_owned()),
            _ => continue,
        };
        if anchor > 0 {
            anchors.insert(anchor, Rc::clone(&node));
        }
        match open.last_mut() {
            Some(around) => around.items.push(node),
            None => document = Some(node),
        }
    }
    match document {
        Some(document) if *document == YamlNode::Merge => Err(no_value("<<")),
        document => Ok(document.unwrap_or_else(|| Rc::new(YamlNode::Null))),
    }
}

impl OpenCollection {
    fn of(kind: &str, anchor: usize, tag: Option<&Tag>, depth: usize) -> Result<Self, String> {
        if let Some(tag) = tag.filter(|tag| !is_core(tag, kind)) {
            return Err(unknown(tag));
        }
        if depth >= DEEPEST {
            return Err(format!("it is nested more than {DEEPEST} levels deep"));
        }
        Ok(Self { is_mapping: kind == "map", anchor, items: Vec::new() })
    }

    fn close(self) -> Result<YamlNode, String> {
        if !self.is_mapping {
            return if self.items.iter().any(|item| **item == YamlNode::Merge) {
                Err(no_value("<<"))
            } else {
                Ok(YamlNode::Sequence(self.items))
            };
        }
        let (merges, own): (Vec<_>, Vec<_>) =
            self.items.chunks_exact(2).partition(|pair| matches!(*pair[0], YamlNode::Merge));
        let mut pairs = Pairs::new();
        for merge in merges {
            match &*merge[1] {
                YamlNode::Mapping(merged) => pairs.extend(merged.iter().cloned()),
                // of several the first wins, so it comes last
                YamlNode::Sequence(several) => {
                    for one in several.iter().rev() {
                        let YamlNode::Mapping(merged) = &**one else { return Err(no_mapping()) };
                        pairs.extend(merged.iter().cloned());
                    }
                }
                _ => return Err(no_mapping()),
            }
        }
        pairs.extend(own.into_iter().map(|pair| (Rc::clone(&pair[0]), Rc::clone(&pair[1]))));
        unique(pairs).map(YamlNode::Mapping)
    }
}

/// As a `dict` of Python: the last value of a key, at the place of the first.
fn unique(pairs: Pairs) -> Result<Pairs, String> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut unique = Pairs::new();
    for (key, value) in pairs {
        if *value == YamlNode::Merge {
            return Err(no_value("<<"));
        }
        if matches!(*key, YamlNode::Sequence(_) | YamlNode::Mapping(_)) {
            return Err("a key is a list or a mapping".to_owned());
        }
        let known = key.text().and_then(|text| places.get(text)).copied();
        match (known, key.text()) {
            (Some(at), _) => unique[at].1 = value,
            (None, text) => {
                places.extend(text.map(|text| (text.to_owned(), unique.len())));
                unique.push((key, value));
            }
        }
    }
    Ok(unique)
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<YamlNode, String> {
    match tag {
        Some(tag) if is_core(tag, "str") => return Ok(YamlNode::Text(text.to_owned())),
        Some(tag) => return Err(unknown(tag)),
        None if style != ScalarStyle::Plain => return Ok(YamlNode::Text(text.to_owned())),
        None => {}
    }
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => YamlNode::Null,
        "<<" => YamlNode::Merge,
        "=" => return Err(no_value(text)),
        _ if let Some(truth) = truth(text) => YamlNode::Other { is_true: truth },
        _ if NUMBER.is_match(text) => YamlNode::Other { is_true: !is_zero(text) },
        _ if TIME.is_match(text) => YamlNode::Other { is_true: true },
        _ => YamlNode::Text(text.to_owned()),
    })
}

/// Words in these three spellings only: `y`, `n` and `yEs` are texts.
fn truth(text: &str) -> Option<bool> {
    let small = text.to_ascii_lowercase();
    let is_capital = || text[..1] == small[..1].to_ascii_uppercase() && text[1..] == small[1..];
    if text != small && text != small.to_ascii_uppercase() && !is_capital() {
        return None;
    }
    match small.as_str() {
        "yes" | "true" | "on" => Some(true),
        "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// Integers and fractions, also to the base of 60.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    let integer =
        r"[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+";
    let fraction = r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)";
    Regex::new(&format!("^(?:{integer}|{fraction})$")).expect("it is a regular expression")
});

static TIME: LazyLock<Regex> = LazyLock::new(|| {
    let moment = r"[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[ \t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9]{2})?))?";
    Regex::new(&format!("^(?:[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|{moment})$")).expect("it is a regular expression")
});

fn is_zero(number: &str) -> bool {
    let digits = number.trim_start_matches(['-', '+']);
    let digits = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0b"))
        .unwrap_or_else(|| digits.split(['e', 'E']).next().unwrap_or_default());
    !digits.contains(|digit: char| digit.is_alphanumeric() && digit != '0')
}

fn is_core(tag: &Tag, kind: &str) -> bool {
    tag.is_yaml_core_schema() && tag.suffix == kind
}

fn unknown(tag: &Tag) -> String {
    format!("the tag `{tag}` is not read")
}

fn no_value(text: &str) -> String {
    format!("`{text}` is not a value; in quotes it is a text")
}

fn no_mapping() -> String {
    "`<<` takes a mapping or a list of mappings".to_owned()
}
