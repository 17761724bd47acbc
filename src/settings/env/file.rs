//! A file of variables: the `.env` that a Visionatrix worker has beside it, read as python-dotenv reads it.
//!
//! It adds what is not set already and never replaces. The parser's own error quotes the line, which in such a file is
//! where the tokens are; so a line is named by its number.

use super::{Env, EnvError};

impl Env {
    /// The same world with the variables of a file added where they are not set, or are set to nothing.
    ///
    /// # Errors
    /// When a line is neither a variable nor a comment.
    pub fn with_file(mut self, text: &str, path: &str) -> Result<Self, EnvError> {
        let text = text.trim_start_matches('\u{feff}');
        // of two lines with one name the later one counts, as in Python
        let mut added = std::collections::BTreeMap::new();
        for variable in dotenvy::from_read_iter(text.as_bytes()) {
            match variable {
                Ok((name, value)) => drop(added.insert(name, value)),
                Err(error) => {
                    return Err(EnvError::Line { path: path.to_owned(), line: line_of(text, &error) });
                }
            }
        }
        for (name, value) in added {
            if !matches!(self.text(&name), Ok(Some(_)) | Err(_)) {
                self.values.insert(name, value.into());
            }
        }
        Ok(self)
    }
}

/// Which line the parser could not read. It hands back a part of the line, or, after an unclosed quote, all that follows.
fn line_of(text: &str, error: &dotenvy::Error) -> usize {
    let dotenvy::Error::LineParse(wrong, _) = error else { return 1 };
    let first = wrong.lines().next().unwrap_or_default();
    text.lines().position(|line| line.contains(first)).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, set: &[(&str, &str)]) -> Result<Env, EnvError> {
        Env::of("/h", set.iter().copied()).with_file(text, "/w/.env")
    }

    #[test]
    fn a_file_adds_what_is_not_set() {
        let text = "\u{feff}# a worker\nexport HF_AUTH_TOKEN=from-file\nCA_AUTH_TOKEN='quoted value'\nMODELS_DIR=\"/data\" # here\n\nBLANK=file\nTWICE=1\nTWICE=2\n";
        let env = read(text, &[("HF_AUTH_TOKEN", "from-shell"), ("BLANK", " ")]).unwrap();
        for (name, value) in [
            ("HF_AUTH_TOKEN", "from-shell"),
            ("CA_AUTH_TOKEN", "quoted value"),
            ("MODELS_DIR", "/data"),
            ("BLANK", "file"),
            ("TWICE", "2"),
        ] {
            assert_eq!(env.text(name), Ok(Some(value)), "{name}");
        }
    }

    #[test]
    fn a_line_that_is_none_is_named_by_its_number_and_not_quoted() {
        for (text, line) in [("A=1\nsecret\n", 2), ("A=1\n\nB=two secrets\n", 3), ("A=1\nB=\"secret\nC=2\n", 2)] {
            let error = read(text, &[]).unwrap_err();
            assert_eq!(error, EnvError::Line { path: "/w/.env".to_owned(), line }, "{text}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
