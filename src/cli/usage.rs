//! Command lines that cannot be parsed: said to people as the parser says it, and to programs as a document like any other
//! failure.

use std::ffi::OsString;

use super::diagnose;
use super::exposed;
use super::flags::Output;
use super::help;
use super::terminal::Terminal;
use crate::error::{Error, ExitStatus};
use crate::settings::env::Env;
use crate::text::visible;

/// Ends a run that cannot begin.
pub(super) fn end(error: &Error, env: &Env) -> ExitStatus {
    let output = output_of(env.arguments());
    diagnose::end(error, output != Output::Text, &Terminal::of(false, false, output, env))
}

/// Says what the parser has to say: help, the version, or what is wrong.
pub(super) fn explain(error: &clap::Error, env: &Env) -> ExitStatus {
    let words: Vec<&str> = env.arguments().iter().skip(1).filter_map(|argument| argument.to_str()).collect();
    if let Some(help) = help::asked(error, &words) {
        if error.use_stderr() {
            Terminal::say(help.trim_end());
            return ExitStatus::Usage;
        }
        return Terminal::answer(help.trim_end()).map_or(ExitStatus::Other, |()| ExitStatus::Done);
    }
    // what was typed is quoted in it, and colours are escapes too
    let text = error.render().to_string();
    let said = exposed::without_keys(&text, env.arguments()).unwrap_or_else(|| text.clone());
    if visible(&said) == text {
        let _ = error.print();
    } else {
        Terminal::say(visible(&said).trim_end());
    }
    // help and version are no errors to clap's exit code either
    if !error.use_stderr() {
        return ExitStatus::Done;
    }
    let output = output_of(env.arguments());
    if output != Output::Text {
        diagnose::end_of_usage(visible(&said).as_ref(), &Terminal::of(false, false, output, env));
    }
    ExitStatus::Usage
}

/// What standard output was to carry, of a command line that could not be read. Of several the last counts.
fn output_of(arguments: &[OsString]) -> Output {
    let texts: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let options: Vec<&str> = texts.iter().map(AsRef::as_ref).take_while(|text| *text != "--").collect();
    let mut output = Output::Text;
    for (place, option) in options.iter().enumerate() {
        let value = match option.split_once('=') {
            None if *option == "--json" => Some("json"),
            None if *option == "--output" => options.get(place + 1).copied(),
            Some(("--output", value)) => Some(value),
            _ => None,
        };
        output = match value {
            Some("json") => Output::Json,
            Some("ndjson") => Output::Ndjson,
            Some("text") => Output::Text,
            _ => output,
        };
    }
    output
}
