//! A file that lists references, one a line. A `#` begins a comment at the start of a line or behind a blank; inside a
//! word it does not, because pasted links have one (`…/config.json#L3`).

use std::fs;
use std::path::Path;

use crate::error::Error;
use crate::repo::printable;

/// Reads the references of a file; an error names its line.
pub(super) fn read<T>(path: &Path, parse: impl Fn(&str) -> Result<T, Error>) -> Result<Vec<T>, Error> {
    let text = fs::read_to_string(path);
    let text = text.map_err(|error| Error::Usage(format!("could not read `{}`: {error}", path.display())))?;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let reference = without_comment(line);
        if reference.is_empty() {
            continue;
        }
        match parse(reference) {
            Ok(parsed) => found.push(parsed),
            Err(error) => {
                let place = format!("`{}`, line {number}", path.display());
                return Err(Error::Usage(format!("{place}: {}", printable(&error.to_string()))));
            }
        }
    }
    if found.is_empty() {
        return Err(Error::Usage(format!("`{}` lists nothing", path.display())));
    }
    Ok(found)
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
