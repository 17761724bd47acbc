//! What people bring from other programs: their command lines, their commands, their options.
//!
//! Tutorials are full of `huggingface-cli download` and `git clone`. What means the same here is done; for the rest the
//! error shows the command that was meant, and only one that can be parsed: it is pasted as it stands.

mod commands;
mod options;
mod shell;
mod tools;

use std::ffi::OsString;

use clap::Parser as _;

pub(in crate::cli) use self::commands::ours;
use super::arguments::CommandLine;
use crate::error::Error;

/// The arguments, those of `hf download` as ours.
///
/// # Errors
/// With the command that was meant, where they are a command line of another program.
pub(super) fn read(arguments: &[OsString]) -> Result<Vec<OsString>, Error> {
    match words(arguments).as_deref().and_then(tools::read) {
        None => Ok(arguments.to_vec()),
        Some(tools::ForeignLine::Same(words)) => Ok(words.into_iter().map(OsString::from).collect()),
        Some(tools::ForeignLine::Like { program, words, remark }) => {
            let problem = format!("this is a command line of {program}");
            let hints = remark.into_iter().map(str::to_owned).chain(meant(&words)).collect();
            Err(Error::CommandLine(problem, hints))
        }
    }
}

/// What to say of a command line that cannot be parsed; none where the parser says it as well.
pub(super) fn explain(error: &clap::Error, arguments: &[OsString]) -> Option<Error> {
    let words = words(arguments)?;
    let (problem, hints, words) = commands::explain(error, &words).or_else(|| options::explain(error, &words))?;
    Some(Error::CommandLine(problem, hints.into_iter().chain(meant(&words)).collect()))
}

fn words(arguments: &[OsString]) -> Option<Vec<String>> {
    let words: Option<Vec<&str>> = arguments.iter().skip(1).map(|argument| argument.to_str()).collect();
    Some(["gatedl"].into_iter().chain(words?).map(str::to_owned).collect())
}

/// The command that was meant, if it is one.
fn meant(words: &[String]) -> Option<String> {
    let is_command = match CommandLine::try_parse_from(words) {
        Ok(_) => true,
        // help and version
        Err(error) => !words.is_empty() && !error.use_stderr(),
    };
    is_command.then(|| format!("here it is `{}`", shell::line(words)))
}
