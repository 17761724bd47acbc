//! `--file`: a list of pulls, each line written as behind `gatedl pull`.
//!
//! Lines are taken apart as a shell does it and read by the parser of the command itself, so that what is learnt there holds
//! here. A `#` begins a comment at the start of a word; inside one it does not, because pasted links have one
//! (`…/config.json#L3`).

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::Path;

use clap::parser::ValueSource;
use clap::{Args as _, FromArgMatches as _};

use super::Pull;
use super::arguments::OF_ONE_PULL;
use crate::cli::exposed;
use crate::error::Error;
use crate::ops::pull::PullRequest;
use crate::regular_file;
use crate::session::RepoRequest;
use crate::settings::Settings;
use crate::settings::env::Env;
use crate::text::{printable, visible};

/// A line that is a pull.
#[derive(Debug)]
pub(in crate::cli) struct ListLine {
    /// Where it stands: "`models.txt`, line 3".
    pub(in crate::cli) place: String,
    /// What it says.
    pub(in crate::cli) pull: Pull,
}

impl ListLine {
    /// The request that the line is, with what the command says about all of them.
    pub(in crate::cli) fn request(&self, command: &Pull, settings: &Settings, env: &Env) -> Result<PullRequest, Error> {
        super::request(&self.pull, command, settings, env).map_err(|error| self.at(error))
    }

    /// What it is about, whatever of it is pulled.
    pub(in crate::cli) fn wanted(&self, settings: &Settings) -> Result<RepoRequest, Error> {
        let reference = super::reference(&self.pull, None, settings).map_err(|error| self.at(error))?;
        Ok(RepoRequest::of(reference, settings))
    }

    /// An error that names the line.
    fn at(&self, error: Error) -> Error {
        Error::InList { place: self.place.clone(), error: Box::new(error) }
    }
}

/// The text of a list.
pub(in crate::cli) fn text(path: &Path) -> Result<String, Error> {
    let text = if path == Path::new("-") {
        io::read_to_string(io::stdin().lock().take(regular_file::TEXT))
    } else {
        regular_file::read_text_named(path, regular_file::TEXT)
    };
    let text = text.map_err(|error| Error::Usage(format!("could not read `{}`: {error}", path.display())))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// The lines of a list; those that say nothing are left out.
pub(in crate::cli) fn lines(text: &str, path: &Path) -> Result<Vec<ListLine>, Error> {
    let mut parser = parser();
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let place = format!("`{}`, line {number}", path.display());
        lines.extend(read(line, place, &mut parser)?);
    }
    Ok(lines)
}

fn parser() -> clap::Command {
    Pull::augment_args(clap::Command::new("gatedl pull").no_binary_name(true))
}

fn read(text: &str, place: String, parser: &mut clap::Command) -> Result<Option<ListLine>, Error> {
    let bad = |problem: &str| Error::Usage(format!("{place}: {}", printable(problem)));
    let words = shlex::split(text).ok_or_else(|| bad("a quote is not closed, or a backslash stands at the end"))?;
    if words.is_empty() {
        return Ok(None);
    }
    let typed: Vec<OsString> = std::iter::once(OsString::new()).chain(words.iter().map(OsString::from)).collect();
    if let Some(error) = exposed::refuse(&typed) {
        return Err(Error::InList { place, error: Box::new(error) });
    }
    let matches = parser.try_get_matches_from_mut(&words).map_err(|error| {
        let said = error.render().to_string();
        let said = exposed::without_keys(&said, &typed).unwrap_or(said);
        bad(headline(&visible(&said)))
    })?;
    let is_typed = |id: &&str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let ids: Vec<&str> = matches.ids().map(clap::Id::as_str).filter(is_typed).collect();
    if let Some(other) = ids.iter().find(|id| !OF_ONE_PULL.contains(id) && **id != "Pull") {
        let flag = other.replace('_', "-");
        return Err(bad(&format!(
            "`--{flag}` is for all lines together: it stands behind `gatedl pull`, not in a list"
        )));
    }
    let pull = Pull::from_arg_matches(&matches).map_err(|error| bad(headline(&error.render().to_string())))?;
    Ok(Some(ListLine { place, pull }))
}

/// What the parser says, without how the command is used.
fn headline(said: &str) -> &str {
    let first = said.lines().next().unwrap_or_default();
    first.strip_prefix("error: ").unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Result<Option<ListLine>, Error> {
        read(text, "here".to_owned(), &mut parser())
    }

    #[test]
    fn lines_are_taken_apart_as_a_shell_does_it() {
        let words = |text: &str| {
            let pull = line(text).unwrap().map(|line| line.pull);
            pull.map(|pull| [pull.reference.into_iter().collect(), pull.files, pull.include].concat())
                .unwrap_or_default()
        };
        assert_eq!(words("org/model"), ["org/model"]);
        assert_eq!(words("  org/model\t# the large one"), ["org/model"]);
        assert_eq!(words("# it's nothing"), [""; 0]);
        assert_eq!(words("org/model 'a b.json' --include \"*.json\""), ["org/model", "a b.json", "*.json"]);
        let link = "https://huggingface.co/o/m/blob/main/c.json#L3";
        assert_eq!(words(link), [link]);
    }

    #[test]
    fn what_a_line_may_not_say_is_named() {
        let problem = |text: &str| line(text).unwrap_err().to_string();
        assert_eq!(problem("org/model 'a"), "here: a quote is not closed, or a backslash stands at the end");
        assert!(problem("org/model --jobs 4").starts_with("here: `--jobs` is for all lines together"));
        assert!(problem("org/model --file x").starts_with("here: "));
        assert_eq!(problem("org/model --nonsense"), "here: unexpected argument '--nonsense' found");
        assert!(problem("--weights auto").starts_with("here: the following required arguments were not provided"));
    }
}
