//! `gatedl help`: of the program, of a command, or of the environment, which is printed from the table the code reads by.

use clap::CommandFactory as _;

use super::arguments::CommandLine;
use super::terminal::Terminal;
use crate::error::ExitStatus;
use crate::settings::env::{VARIABLES, Variable};

/// Prints help about a topic.
pub(super) fn help(topic: Option<&str>, terminal: &Terminal) -> ExitStatus {
    let mut program = CommandLine::command();
    program.build();
    let text = match topic {
        None => program.render_help().to_string(),
        Some("environment") => environment(),
        Some(name) => match program.find_subcommand_mut(name) {
            Some(command) => command.render_help().to_string(),
            None => return no_such_topic(name, &program, terminal),
        },
    };
    match Terminal::answer(text.trim_end()) {
        Ok(()) => ExitStatus::Done,
        Err(_) => ExitStatus::Other,
    }
}

fn no_such_topic(name: &str, program: &clap::Command, terminal: &Terminal) -> ExitStatus {
    let commands = program.get_subcommands().map(clap::Command::get_name).filter(|command| *command != "help");
    let topics: Vec<&str> = commands.chain(["environment"]).collect();
    let (label, hint) = (terminal.label("error"), terminal.label("hint"));
    Terminal::say(&format!("{label} there is no help about `{}`", crate::repo::printable(name)));
    Terminal::say(&format!("{hint} there is `gatedl help` about {}", topics.join(", ")));
    ExitStatus::Usage
}

/// The page about the environment.
fn environment() -> String {
    let width = VARIABLES.iter().map(|variable| variable.name.len()).max().unwrap_or_default();
    let line = |variable: &Variable| format!("  {:width$}  {}\n", variable.name, variable.meaning);
    let mut text = String::new();
    let mut group = None;
    for variable in VARIABLES {
        if group.replace(variable.group) != Some(variable.group) {
            let gap = if text.is_empty() { "" } else { "\n" };
            text += &format!("{gap}{}:\n", variable.group.heading());
        }
        text += &line(variable);
    }
    text + "\nAn empty or blank value counts as unset. Switches are on at 1, ON, YES or TRUE.\n\
            A provider of the configuration file reads the variable that its `token_env` names."
}
