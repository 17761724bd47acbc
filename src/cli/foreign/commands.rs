//! Commands that there are not, and those that were meant.

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::super::arguments::CommandLine;
use crate::text::printable;
use crate::text::shown;

/// The command that shows whose token it is.
pub(super) const STATUS: [&str; 2] = ["auth", "status"];

/// Commands of other programs, and ours for it.
const COMMANDS: [(&str, &[&str]); 22] = [
    ("get", &["pull"]),
    ("fetch", &["pull"]),
    ("clone", &["pull"]),
    ("install", &["pull"]),
    ("add", &["pull"]),
    ("snapshot-download", &["pull"]),
    ("run", &["pull"]),
    ("plan", &["pull", "--dry-run"]),
    ("login", &["auth", "login"]),
    ("logout", &["auth", "logout"]),
    ("switch", &["auth", "switch"]),
    ("token", &["auth", "token"]),
    ("whoami", &STATUS),
    ("status", &STATUS),
    ("who", &STATUS),
    ("check", &["access"]),
    ("wait", &["access", "--wait", "24h"]),
    ("diagnose", &["doctor"]),
    ("env", &["help", "environment"]),
    ("environment", &["help", "environment"]),
    ("version", &["--version"]),
    ("visionatrix", &["vix"]),
];

/// Ours for a command of another program.
pub(in crate::cli) fn ours(name: &str) -> Option<&'static [&'static str]> {
    COMMANDS.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours)
}

/// What is wrong, hints, and the words that were meant.
pub(super) fn explain(error: &clap::Error, words: &[String]) -> Option<(String, Vec<String>, Vec<String>)> {
    let ErrorKind::InvalidSubcommand = error.kind() else { return None };
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let at = words.iter().position(|word| word == given)?;
    let outer: Vec<&str> = words[1..at].iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    let mut program = CommandLine::command();
    for name in &outer {
        program = program.find_subcommand(name)?.clone();
    }
    let name = printable(&shown(given));
    let problem = match outer.as_slice() {
        [] => format!("there is no command `{name}`"),
        outer => format!("there is no command `{name}` of `gatedl {}`", outer.join(" ")),
    };
    let near = near(given, &program);
    let known: Option<Vec<&str>> = match outer.as_slice() {
        [] if is_reference(given) => Some(vec!["pull", given]),
        [] => ours(given).map(<[&str]>::to_vec).or_else(|| Some(vec![near.as_deref()?])),
        ["auth"] => ours(given)
            .filter(|ours| ours[0] == "auth")
            .map(<[&str]>::to_vec)
            .or_else(|| Some(vec!["auth", near.as_deref()?])),
        outer => near.as_deref().map(|near| outer.iter().copied().chain([near]).collect()),
    };
    let Some(known) = known else {
        let all = outer.iter().copied().chain(["--help"]).collect::<Vec<_>>().join(" ");
        return Some((problem, vec![format!("`gatedl {all}` lists the commands")], Vec::new()));
    };
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let meant = [owned(&["gatedl"]), owned(&known), words[at + 1..].to_vec()].concat();
    Some((problem, Vec::new(), meant))
}

/// Whether it is more likely a model than a command.
fn is_reference(text: &str) -> bool {
    text.contains(['/', ':', '@'])
}

/// The command whose name is nearest.
fn near(given: &str, program: &clap::Command) -> Option<String> {
    let names = program.get_subcommands().map(clap::Command::get_name);
    crate::pattern::near(given, names).into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_hides_a_command_of_ours() {
        let program = CommandLine::command();
        for (other, ours) in COMMANDS {
            assert!(program.find_subcommand(other).is_none(), "`{other}` is a command of ours now: take its row out");
            assert!(ours[0].starts_with('-') || program.find_subcommand(ours[0]).is_some(), "{ours:?}");
        }
    }
}
