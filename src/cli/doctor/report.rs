//! The report of `gatedl doctor`: a paragraph for each topic, a row for each check.

use super::privacy::Privacy;
use crate::cli::{token_facts, wording};
use crate::ops::doctor::{Detail, Finding, Health, Topic};

/// Before the subject of a row: two blanks, the verdict, two blanks.
const INDENT: usize = 8;

/// The report for people.
pub(super) fn text(checks: &[Finding], privacy: &Privacy, columns: Option<usize>) -> String {
    let mut text =
        format!("gatedl {}, {}, {}\n", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    for topic in Topic::ALL {
        let rows: Vec<&Finding> = checks.iter().filter(|check| check.topic == topic).collect();
        if rows.is_empty() {
            continue;
        }
        text += &format!("\n{}\n", topic.as_str());
        for check in rows {
            let row = format!("  {:4}  {}: {}", word(check.verdict), check.subject, found(check));
            text += &wrapped(&privacy.apply(&row), columns);
            for advice in advice(check) {
                text += &wrapped(&privacy.apply(&format!("{:INDENT$}-> {advice}", "")), columns);
            }
        }
    }
    text.trim_end().to_owned()
}

pub(super) const fn word(verdict: Health) -> &'static str {
    match verdict {
        Health::Good => "ok",
        Health::Doubtful => "warn",
        Health::Bad(_) => "FAIL",
    }
}

pub(super) fn found(check: &Finding) -> String {
    match &check.found {
        Detail::Text(text) => text.clone(),
        Detail::TokenTrouble(trouble) => wording::token(trouble),
        Detail::Token { source, account } => {
            let rows = token_facts::rows(account).into_iter().map(|(name, value)| format!("{name} {value}"));
            std::iter::once(format!("from {source}")).chain(rows).collect::<Vec<_>>().join("; ")
        }
    }
}

pub(super) fn advice(check: &Finding) -> Vec<String> {
    let about_the_token = match &check.found {
        Detail::Token { source, account } => token_facts::warnings(account, source),
        Detail::Text(_) | Detail::TokenTrouble(_) => Vec::new(),
    };
    check.advice.iter().cloned().chain(about_the_token).collect()
}

/// A row, broken between words where the terminal is too narrow for it; the rest stands below its subject.
fn wrapped(row: &str, columns: Option<usize>) -> String {
    let Some(columns) = columns.filter(|columns| *columns > 2 * INDENT) else { return format!("{row}\n") };
    let length = |text: &str| text.chars().count();
    let lead = row.len() - row.trim_start().len();
    let mut text = String::new();
    let mut line = row[..lead].to_owned();
    for word in row[lead..].split(' ') {
        let is_first = line.trim().is_empty();
        if !is_first && length(&line) + 1 + length(word) > columns {
            text += &format!("{}\n", line.trim_end());
            line = format!("{:INDENT$}{word}", "");
        } else {
            line += if is_first { "" } else { " " };
            line += word;
        }
    }
    text + &format!("{line}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_broken_between_words() {
        let row = "  ok    cache: a file system that can do everything";
        assert_eq!(wrapped(row, None), format!("{row}\n"));
        assert_eq!(wrapped(row, Some(80)), format!("{row}\n"));
        let narrow = "  ok    cache: a file\n        system that can do\n        everything\n";
        assert_eq!(wrapped(row, Some(27)), narrow);
        assert_eq!(wrapped("  ok    x: https://long.example/without/blanks", Some(20)).lines().count(), 2);
    }
}
