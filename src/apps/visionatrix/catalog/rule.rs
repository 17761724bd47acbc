//! When an entry answers a loader: the regular expressions of a catalog, read as Python's `re.match` reads them.
//!
//! Half of the real catalog's expressions look around (`^(?!.*(?i:lora)).*`), which the `regex` crate refuses for the sake
//! of linear time. `fancy-regex` backtracks for those, so what a match may cost is bounded here: a hostile expression ends
//! as an error that names it, not as a worker that hangs.

use fancy_regex::{Regex, RegexBuilder};
use serde_json::Value;

/// How long an expression may be; the longest of the real catalog has 121 bytes.
const LONGEST: usize = 1_000;
/// How long a value may be that is matched; names of files are shorter.
const LONGEST_VALUE: usize = 1_000;
/// How much memory one expression may take, in bytes, and again as much where it matches. An honest one takes a tenth.
const LARGEST: usize = 1 << 17;
/// How many steps one match may take; an honest one takes some hundreds.
const MOST_STEPS: usize = 200_000;

/// What a loader of a flow asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoaderRequest<'a> {
    /// The class of the node: `LoraLoader`.
    pub(crate) class: &'a str,
    /// The input that names the file: `lora_name`.
    pub(crate) input: &'a str,
    /// What it names: `sliders\smiling.pt`.
    pub(crate) value: &'a str,
}

/// One condition of an entry: every expression that it has must match.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    value: Option<Regex>,
    input: Option<Regex>,
    class: Option<Regex>,
}

impl Rule {
    /// Reads a condition.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn read(document: &Value) -> Result<Self, String> {
        let Value::Object(keys) = document else { return Err("`regexes` does not hold objects".to_owned()) };
        let mut rule = Self { value: None, input: None, class: None };
        for (key, value) in keys {
            let place = match key.as_str() {
                "input_value" => &mut rule.value,
                "input_name" => &mut rule.input,
                "class_name" => &mut rule.class,
                other => return Err(format!("`regexes` has a key `{other}` that is none of its three")),
            };
            let Value::String(pattern) = value else { return Err(format!("`{key}` of `regexes` is not a text")) };
            *place = Some(compile(pattern)?);
        }
        Ok(rule)
    }

    /// Whether a loader is meant; the expression itself where a match takes too many steps.
    ///
    /// # Errors
    /// The expression that is too costly.
    pub(crate) fn matches(&self, asked: LoaderRequest<'_>) -> Result<bool, String> {
        let pairs = [(&self.class, asked.class), (&self.input, asked.input), (&self.value, asked.value)];
        for (regex, text) in pairs {
            if let Some(regex) = regex
                && !matches_from_the_start(regex, text)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a file of this name may be what the entry is about: Visionatrix looks for models under other names so.
    ///
    /// # Errors
    /// The expression that is too costly.
    pub(crate) fn matches_name(&self, name: &str) -> Result<bool, String> {
        self.value.as_ref().map_or(Ok(false), |regex| matches_from_the_start(regex, name))
    }

    /// Whether it says anything about names.
    pub(super) const fn is_about_names(&self) -> bool {
        self.value.is_some()
    }

    /// Whether the class of a node decides alone.
    pub(super) const fn is_about_the_class_alone(&self) -> bool {
        self.class.is_some() && self.input.is_none() && self.value.is_none()
    }
}

fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > LONGEST {
        return Err(format!("a regular expression has more than {LONGEST} bytes"));
    }
    let built = RegexBuilder::new(pattern)
        .backtrack_limit(MOST_STEPS)
        .delegate_size_limit(LARGEST)
        .delegate_dfa_size_limit(LARGEST)
        .build();
    built.map_err(|error| format!("`{pattern}` is not a regular expression that can be used: {error}"))
}

/// Python's `re.match`: from the first character, though not to the last.
fn matches_from_the_start(regex: &Regex, text: &str) -> Result<bool, String> {
    if text.len() > LONGEST_VALUE {
        return Ok(false);
    }
    match regex.find(text) {
        Ok(found) => Ok(found.is_some_and(|found| found.start() == 0)),
        Err(_) => Err(regex.as_str().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(document: &Value) -> Rule {
        Rule::read(document).expect("a rule")
    }

    fn asked<'a>(class: &'a str, input: &'a str, value: &'a str) -> LoaderRequest<'a> {
        LoaderRequest { class, input, value }
    }

    #[test]
    fn expressions_of_the_real_catalog_match_as_in_python() {
        for (pattern, value, matches) in [
            (r"(?i)(?:[^\/\\]*[\/\\]?)?pencilbox\.safetensors$", "flux/PencilBox.safetensors", true),
            (r"(?i)(?:[^\/\\]*[\/\\]?)?pencilbox\.safetensors$", "a/b/pencilbox.safetensors", false),
            (r"^(?=.*(?i:sliders))(?=.*(?i:smiling))(?=.*(?i:pt)).*", r"sliders\smiling.pt", true),
            (r"^(?!.*(?i:fp8))(?=.*(?i:flux1))(?=.*(?i:dev))(?=.*(?i:sft)).*", "flux1-dev-fp8.sft", false),
            (r"^(?!.*(?i:fp8))(?=.*(?i:flux1))(?=.*(?i:dev))(?=.*(?i:sft)).*", "flux1-dev.sft", true),
            (r"(?i)^plus \(.*", "PLUS (high strength)", true),
            (r"(?i)^(?!vit-g).*", "VIT-G (medium strength)", false),
            // not anchored at the end, but at the start
            (r"rife47\.pth", "rife47.pth.bak", true),
            (r"rife47\.pth$", "ckpts/rife47.pth", false),
        ] {
            let rule = rule(&json!({ "input_value": pattern }));
            assert_eq!(rule.matches(asked("AnyLoader", "any", value)), Ok(matches), "{pattern} on {value}");
        }
    }

    #[test]
    fn every_expression_of_a_rule_must_match() {
        let rule =
            rule(&json!({"class_name": "RIFE VFI", "input_value": "rife47", "input_name": "^(?!.*(?i:lora)).*"}));
        assert_eq!(rule.matches(asked("RIFE VFI", "ckpt_name", "rife47.pth")), Ok(true));
        assert_eq!(rule.matches(asked("Other", "ckpt_name", "rife47.pth")), Ok(false));
        assert_eq!(rule.matches(asked("RIFE VFI", "lora_name", "rife47.pth")), Ok(false));
        assert_eq!(rule.matches(asked("RIFE VFI", "ckpt_name", "rife49.pth")), Ok(false));
    }

    #[test]
    fn an_expression_that_explodes_ends_by_its_name() {
        let bomb = r"^(?:(?:a|aa)(?!b))+$";
        let rule = rule(&json!({ "input_value": bomb }));
        let value = "a".repeat(200) + "!";
        assert_eq!(rule.matches(asked("L", "n", &value)), Err(bomb.to_owned()));
    }
}
