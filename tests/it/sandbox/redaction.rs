//! What differs from run to run, replaced by names, so that the rest can be compared exactly.

use crate::support::{CivitAi, Hub};
use regex::Regex;
use std::path::Path;

pub struct Redaction {
    /// Longer values first, because some contain others.
    values: Vec<(String, &'static str)>,
    patterns: Vec<(Regex, &'static str)>,
}

impl Redaction {
    pub fn new(root: &Path, hub: Option<&Hub>, civitai: Option<&CivitAi>) -> Self {
        let mut values = vec![(root.display().to_string(), "[ROOT]")];
        // macOS and Windows know temporary folders by two names, and JSON doubles the backslashes of Windows.
        if let Ok(real) = root.canonicalize() {
            values.push((real.display().to_string(), "[ROOT]"));
        }
        let escaped: Vec<_> = values.iter().map(|(path, name)| (path.replace('\\', "\\\\"), *name)).collect();
        values.extend(escaped);
        if let Some(hub) = hub {
            values.push((hub.url(), "[HUB]"));
            values.push((hub.cdn_url(), "[CDN]"));
            let [foreign, other_port] = hub.foreign_urls();
            values.push((foreign, "[FOREIGN]"));
            values.push((other_port, "[OTHER-PORT]"));
        }
        if let Some(civitai) = civitai {
            values.push((civitai.url(), "[CIVITAI]"));
            values.push((civitai.storage_url(), "[STORAGE]"));
        }
        let without_scheme: Vec<_> =
            values.iter().filter_map(|(url, name)| Some((url.strip_prefix("http://")?.to_owned(), *name))).collect();
        values.extend(without_scheme);
        values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        let patterns = [
            (r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", "[ID]"),
            (r"\b\d+(\.\d+)? ?([kKMGT]i?)?B/s", "[RATE]"),
            (r#""seconds":\d+(\.\d+)?"#, "\"seconds\":[SECONDS]"),
            (r"\b(\d+h ?)?(\d+m ?)?\d+(\.\d+)? ?(ns|µs|ms|s)\b", "[TIME]"),
        ];
        let patterns = patterns.map(|(pattern, name)| (Regex::new(pattern).expect("a valid pattern"), name));
        Self { values, patterns: patterns.into() }
    }

    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (value, name) in &self.values {
            text = text.replace(value, name);
        }
        for (pattern, name) in &self.patterns {
            text = pattern.replace_all(&text, *name).into_owned();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_what_differs_and_nothing_else() {
        let hub = Hub::start(Vec::new()).allow_unused().with(|options| "/hub".clone_into(&mut options.prefix));
        let redaction = Redaction::new(Path::new("/tmp/sandbox"), Some(&hub), None);
        let cases = [
            (format!("{}/api/x and {}/y", hub.url(), hub.cdn_url()), "[HUB]/api/x and [CDN]/y"),
            (format!("host {}", hub.cdn_url().replace("http://", "")), "host [CDN]"),
            ("/tmp/sandbox/cache/hub".to_owned(), "[ROOT]/cache/hub"),
            ("12 MB in 1.5s at 8.3 MB/s, 3m 2s left".to_owned(), "12 MB in [TIME] at [RATE], [TIME] left"),
            (r#"{"seconds":0.031}"#.to_owned(), r#"{"seconds":[SECONDS]}"#),
            ("2h 3m 4s, 350 ms, 0 B/s".to_owned(), "[TIME], [TIME], [RATE]"),
            ("request id Root=1-6a000000-000000000000000000000012".to_owned(), "request id [ID]"),
            ("model-00001-of-00002.safetensors".to_owned(), "model-00001-of-00002.safetensors"),
        ];
        for (text, expected) in cases {
            assert_eq!(redaction.redact(&text), expected);
        }
    }
}
