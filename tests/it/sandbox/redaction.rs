//! What differs from run to run, replaced by names, so that the rest can be compared exactly.

use crate::support::Hub;
use regex::Regex;
use std::path::Path;

pub struct Redaction {
    /// Longer values first, because some contain others.
    values: Vec<(String, &'static str)>,
    patterns: Vec<(Regex, &'static str)>,
}

impl Redaction {
    pub fn new(root: &Path, hub: Option<&Hub>) -> Self {
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
        let without_scheme: Vec<_> =
            values.iter().filter_map(|(url, name)| Some((url.strip_prefix("http://")?.to_owned(), *name))).collect();
        values.extend(without_scheme);
        values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        let patterns = [
            (r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", "[ID]"),
            (r"\b\d+(\.\d+)? ?([kKMGT]i?)?B/s", "[RATE]"),
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
