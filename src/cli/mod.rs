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
mod usage;
mod verify;
mod vix;
mod wording;

use clap::Parser as _;

use self::arguments::{Command, CommandLine};
use self::terminal::Terminal;
use crate::error::ExitStatus;
use crate::settings::env::Env;

/// Runs the program and says how it ended.
#[must_use]
pub fn main(env: &Env) -> ExitStatus {
    if let Some(error) = exposed::refuse(env.arguments()) {
        return usage::end(&error, env);
    }
    let arguments = match foreign::read(env.arguments()) {
        Ok(arguments) => arguments,
        Err(error) => return usage::end(&error, env),
    };
    match CommandLine::try_parse_from(&arguments) {
        Ok(line) => run(&line, env),
        Err(error) => match foreign::explain(&error, &arguments) {
            Some(error) => usage::end(&error, env),
            None => usage::explain(&error, env),
        },
    }
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
        Command::Help { topic } => help::help(topic, &terminal),
    }
}
