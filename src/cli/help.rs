//! Help in two sizes: `-h` is one screen of what people use, `--help` and `gatedl help` are everything. Beside commands
//! there are topics: the environment, which is printed from the table the code reads by, and the exit statuses.

use clap::CommandFactory as _;
use clap::error::ErrorKind;

use super::arguments::{CommandLine, exit_statuses};
use super::foreign;
use super::terminal::Terminal;
use crate::error::{Error, ExitStatus};
use crate::settings::env::{VARIABLES, Variable};

/// The lines of a small screen, less the prompt's and the typed one's.
const LINES: usize = 22;
/// Commands that most never type: not on the first screen.
const RARE: [&str; 1] = ["git-credential"];

/// What `-h` shows of commands with many options: those that people use, and examples. Others show all that fits.
const SCREENS: [Screen; 7] = [
    Screen {
        command: &[],
        options: &[],
        examples: ["gatedl auth login", "gatedl pull meta-llama/Llama-3.1-8B --weights auto", "gatedl doctor"],
    },
    Screen {
        command: &["pull"],
        options: &[
            "revision",
            "include",
            "exclude",
            "weights",
            "quant",
            "local_dir",
            "into",
            "dry_run",
            "offline",
            "limit_rate",
        ],
        examples: [
            "gatedl pull org/model --weights auto",
            "gatedl pull org/model-GGUF:Q4_K_M --local-dir models",
            "gatedl pull datasets/org/name@v1.0 README.md data/",
        ],
    },
    Screen {
        command: &["access"],
        options: &["file", "wait", "open", "provider", "anonymous", "token_file", "json"],
        examples: [
            "gatedl access meta-llama/Llama-3.1-8B",
            "gatedl access --wait 24h org/model && gatedl pull org/model",
            "gatedl access --file models.txt",
        ],
    },
    Screen {
        command: &["auth", "login"],
        options: &["name", "token_stdin", "from_env", "allow_insecure_http"],
        examples: [
            "gatedl auth login",
            "gatedl auth login civitai --from-env CIVITAI_TOKEN",
            "pass show huggingface | gatedl auth login --token-stdin",
        ],
    },
    Screen {
        command: &["doctor"],
        options: &["offline", "cache_dir", "json"],
        examples: ["gatedl doctor", "gatedl doctor org/model", "gatedl doctor --offline"],
    },
    Screen {
        command: &["vix", "list"],
        options: &["gated", "flow", "catalog", "env_file", "verify", "json"],
        examples: ["gatedl vix list", "gatedl vix list --gated", "gatedl vix list --flow my_flow.json"],
    },
    Screen {
        command: &["vix", "pull"],
        options: &["all", "gated", "flow", "catalog", "env_file", "link", "force", "dry_run", "offline", "json"],
        examples: [
            "gatedl vix pull --gated",
            "gatedl vix pull SD3.5-Medium Rife-47",
            "gatedl vix pull --flow my_flow.json",
        ],
    },
];

/// One screen of help.
struct Screen {
    /// The command, from the outermost.
    command: &'static [&'static str],
    /// The options that it shows, by the names of their fields.
    options: &'static [&'static str],
    examples: [&'static str; 3],
}

/// Prints help about a topic.
pub(super) fn help(topic: &[String], terminal: &Terminal) -> ExitStatus {
    let text = match topic.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["environment"] => environment(),
        ["exit"] => exit_statuses(),
        words => match full(words) {
            Some(text) => text,
            None => {
                let error = no_such_topic(words);
                return super::diagnose::end(&error, false, terminal);
            }
        },
    };
    match Terminal::answer(text.trim_end()) {
        Ok(()) => ExitStatus::Done,
        Err(_) => ExitStatus::Other,
    }
}

/// The help that these words ask for with `-h` or `--help`, or by naming no command; none where they do not.
pub(super) fn asked(error: &clap::Error, words: &[&str]) -> Option<String> {
    let is_full = match error.kind() {
        ErrorKind::DisplayHelp => words.contains(&"--help"),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => false,
        _ => return None,
    };
    let mut program = CommandLine::command();
    let mut path = Vec::new();
    for word in words.iter().filter(|word| !word.starts_with('-')) {
        let Some(command) = program.find_subcommand(word) else { break };
        path.push(command.get_name().to_owned());
        program = command.clone();
    }
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    if is_full { full(&path) } else { short(&path) }
}

fn find(path: &[&str]) -> Option<clap::Command> {
    let mut program = CommandLine::command();
    program.build();
    let mut command = &program;
    for name in path {
        command = command.find_subcommand(name)?;
    }
    Some(command.clone())
}

fn full(path: &[&str]) -> Option<String> {
    Some(find(path)?.render_help().to_string())
}

fn short(path: &[&str]) -> Option<String> {
    let screen = SCREENS.iter().find(|screen| screen.command == path);
    let whole = full(path)?;
    let mut command = find(path)?;
    if screen.is_none() && (whole.lines().count() <= LINES || command.has_subcommands()) {
        return Some(whole);
    }
    let named = |name: &&str| command.get_arguments().find(|one| one.get_id() == *name);
    let options: Vec<&clap::Arg> = match screen {
        Some(screen) => screen.options.iter().filter_map(named).collect(),
        None => command.get_arguments().filter(|one| one.get_long().is_some()).take(10).collect(),
    };
    let commands = command.get_subcommands().filter(|one| path.is_empty() && !RARE.contains(&one.get_name()));
    let options = options.into_iter().map(|option| (option.to_string(), option.get_help()));
    let commands = commands.map(|one| (one.get_name().to_owned(), one.get_about()));
    let rows: Vec<(String, String)> = options.chain(commands).map(|(name, help)| (name, first_clause(help))).collect();
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    // what does not fit a line loses what stands behind its comma
    let fitting = |help: &str| match help.split_once(", ") {
        Some((head, _)) if width + help.len() > 76 => head.to_owned(),
        _ => help.to_owned(),
    };
    let rows: Vec<String> = rows.iter().map(|(name, help)| format!("  {name:width$}  {}\n", fitting(help))).collect();
    let rows = rows.concat();
    let about = first_clause(command.get_about());
    let about = about.split_once(", ").filter(|_| about.len() > 80).map_or(&*about, |(head, _)| head);
    let usage = command.render_usage();
    let name = ["gatedl"].iter().chain(path).copied().collect::<Vec<_>>().join(" ");
    let examples = screen.map(|screen| format!("\nExamples:\n  {}\n", screen.examples.join("\n  ")));
    let examples = examples.unwrap_or_default();
    Some(format!("{about}\n\n{usage}\n\n{rows}{examples}\nEverything: {name} --help"))
}

/// A line of help without what explains it further.
fn first_clause(help: Option<&clap::builder::StyledStr>) -> String {
    let help = help.map(ToString::to_string).unwrap_or_default();
    help.split([':', ';', '(']).next().unwrap_or_default().trim_end().to_owned()
}

/// Topics by other names.
const NAMES: [(&str, &str); 10] = [
    ("tokens", "auth"),
    ("token", "auth"),
    ("exit-status", "exit"),
    ("exit-code", "exit"),
    ("status", "exit"),
    ("codes", "exit"),
    ("variables", "environment"),
    ("env", "environment"),
    ("proxy", "environment"),
    ("config", "environment"),
];

fn no_such_topic(words: &[&str]) -> Error {
    let problem = format!("there is no help about `{}`", crate::repo::printable(&crate::text::shown(&words.join(" "))));
    let outer = &words[..words.len() - 1];
    let last = words.last().copied().unwrap_or_default();
    let outer = if find(outer).is_some() { outer } else { &[] };
    let program = find(outer).unwrap_or_else(CommandLine::command);
    let commands = program.get_subcommands().map(clap::Command::get_name).filter(|name| *name != "help");
    let own: &[&str] = if outer.is_empty() { &["environment", "exit"] } else { &[] };
    let topics: Vec<&str> = commands.chain(own.iter().copied()).collect();
    let named = NAMES.iter().find(|(name, _)| outer.is_empty() && *name == last).map(|(_, topic)| (*topic).to_owned());
    let of_command = || foreign::ours(last).filter(|_| outer.is_empty()).map(|words| words.join(" "));
    let near = || crate::pattern::near(last, topics.iter().copied()).into_iter().next();
    let place = ["gatedl", "help"].iter().chain(outer).copied().collect::<Vec<_>>().join(" ");
    let hint = match named.or_else(of_command).or_else(near) {
        Some(topic) => format!("here it is `{place} {topic}`"),
        None => format!("there is `{place}` about {}", topics.join(", ")),
    };
    Error::CommandLine(problem, vec![hint])
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screens_show_options_that_there_are() {
        for screen in SCREENS {
            let command = find(screen.command).expect("a command");
            for name in screen.options {
                assert!(command.get_arguments().any(|argument| argument.get_id() == *name), "{name}");
            }
        }
    }
}
