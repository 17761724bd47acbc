//! A file that lists references, one a line, or a catalog of Visionatrix.
//!
//! A `#` begins a comment at the start of a line or behind a blank; inside a word it does not, because pasted links have
//! one (`…/config.json#L3`). A catalog is told by its first character; its models on hosts that gatedl has no provider
//! for cannot be asked about, and are counted.

use std::path::Path;

use crate::apps::visionatrix::catalog::Catalog;
use crate::error::Error;
use crate::reference::ReferenceError;
use crate::regular_file;
use crate::repo::printable;
use crate::session::RepoRequest;
use crate::settings::Settings;

/// What a file lists.
#[derive(Debug, Default)]
pub(super) struct AccessList {
    /// What can be asked about.
    pub(super) wanted: Vec<RepoRequest>,
    /// How many models are on other hosts.
    pub(super) elsewhere: usize,
}

/// Reads a file; an error names the line or the entry.
pub(super) fn read(path: &Path, settings: &Settings) -> Result<AccessList, Error> {
    let text = regular_file::read_text_named(path, regular_file::TEXT);
    let text = text.map_err(|error| Error::Usage(format!("could not read `{}`: {error}", path.display())))?;
    let listed = if text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
        of_catalog(&text, path, settings)?
    } else {
        of_lines(&text, path, settings)?
    };
    if listed.wanted.is_empty() {
        return Err(Error::Usage(format!("`{}` lists nothing that can be asked about", path.display())));
    }
    Ok(listed)
}

fn of_lines(text: &str, path: &Path, settings: &Settings) -> Result<AccessList, Error> {
    let mut listed = AccessList::default();
    for (number, line) in (1..).zip(text.lines()) {
        let reference = without_comment(line);
        if reference.is_empty() {
            continue;
        }
        match RepoRequest::read(reference, settings) {
            Ok(wanted) => listed.wanted.push(wanted),
            Err(error) => {
                let place = format!("`{}`, line {number}", path.display());
                return Err(Error::Usage(format!("{place}: {}", printable(&error.to_string()))));
            }
        }
    }
    Ok(listed)
}

fn of_catalog(text: &str, path: &Path, settings: &Settings) -> Result<AccessList, Error> {
    let catalog = Catalog::parse(text.as_bytes(), &format!("`{}`", path.display()))?;
    let mut listed = AccessList::default();
    for model in catalog.models() {
        match RepoRequest::read(model.url.as_str(), settings) {
            Ok(wanted) => listed.wanted.push(wanted),
            Err(Error::Reference(ReferenceError::UnknownHost { .. } | ReferenceError::NotARepository { .. })) => {
                listed.elsewhere += 1;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(listed)
}

fn without_comment(line: &str) -> &str {
    let begins = |(at, _): &(usize, &str)| line[..*at].chars().last().is_none_or(char::is_whitespace);
    let comment = line.match_indices('#').find(begins);
    comment.map_or(line, |(at, _)| &line[..at]).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_begin_behind_a_blank_only() {
        for (line, reference) in [
            ("org/model", "org/model"),
            ("  org/model\t# the large one", "org/model"),
            ("# nothing", ""),
            ("", ""),
            ("https://huggingface.co/o/m/blob/main/c.json#L3", "https://huggingface.co/o/m/blob/main/c.json#L3"),
        ] {
            assert_eq!(without_comment(line), reference, "{line}");
        }
    }
}
