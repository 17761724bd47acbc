//! The front end: the only room that knows clap, terminals, signals and exit statuses.

mod access;
mod arguments;
mod arrival;
mod auth;
mod browser;
mod cache;
mod diagnose;
mod doctor;
mod document;
mod exposed;
mod flags;
mod foreign;
mod git_credential;
mod help;
mod progress;
mod pull;
mod runner;
mod size;
mod table;
mod terminal;
mod token_facts;
mod verify;
mod vix;
mod wording;

use std::ffi::OsString;

use clap::Parser as _;

use self::arguments::{Command, CommandLine};
use self::flags::Output;
use self::terminal::Terminal;
use crate::error::ExitStatus;
use crate::settings::env::Env;
use crate::text::visible;

/// Runs the program and says how it ended.
#[must_use]
pub fn main(env: &Env) -> ExitStatus {
    if let Some(error) = exposed::refuse(env.arguments()) {
        let output = output_of(env.arguments());
        let terminal = Terminal::of(false, false, output, env);
        return diagnose::end(&error, output != Output::Text, &terminal);
    }
    match CommandLine::try_parse_from(env.arguments()) {
        Ok(line) => run(&line, env),
        Err(error) => {
            // help and version are no errors to clap's exit code either
            let status = if error.use_stderr() { ExitStatus::Usage } else { ExitStatus::Done };
            // what was typed is quoted in it, and colours are escapes too
            let text = error.render().to_string();
            let masked = || exposed::without_keys(&text, env.arguments());
            let said = foreign::explain(&error).or_else(masked).unwrap_or_else(|| text.clone());
            if visible(&said) == text {
                let _ = error.print();
            } else {
                Terminal::say(visible(&said).trim_end());
            }
            let output = output_of(env.arguments());
            if status == ExitStatus::Usage && output != Output::Text {
                diagnose::end_of_usage(visible(&said).as_ref(), &Terminal::of(false, false, output, env));
            }
            status
        }
    }
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

fn run(line: &CommandLine, env: &Env) -> ExitStatus {
    let terminal = Terminal::of(line.quiet, line.verbose, line.command.output(), env);
    terminal.start_log();
    match &line.command {
        Command::Pull(arguments) => pull::run(arguments, env, &terminal),
        Command::Access(arguments) => access::run(arguments, env, &terminal),
        Command::Auth { command } => auth::run(command, env, &terminal),
        Command::Cache { command } => cache::run(command, env, &terminal),
        Command::Doctor(arguments) => doctor::run(arguments, env, &terminal),
        Command::GitCredential { operation } => git_credential::run(operation, env, &terminal),
        Command::Verify(arguments) => verify::run(arguments, env, &terminal),
        Command::Vix { command } => vix::run(command, env, &terminal),
        Command::Help { topic } => help::help(topic.as_deref(), &terminal),
    }
}
