//! Options of other downloaders, which stand in every tutorial (`huggingface-cli download`, `hfd.sh`, the names of Python's
//! arguments): what is not needed here, or what it is called.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What an option of another program is here.
#[derive(Clone, Copy)]
enum OptionMeaning {
    /// Nothing, and why; whether a value follows it.
    NotNeeded(&'static str, bool),
    /// The same by other words.
    Called(&'static [&'static str]),
    /// The reference, which is written first and without an option.
    Reference,
    /// The name of a file, which is written last and without an option.
    File,
}
use OptionMeaning::{Called, File, NotNeeded, Reference};

const GOES_ON: OptionMeaning = NotNeeded("a pull always goes on from what has arrived", false);
const PLAIN: OptionMeaning = NotNeeded("--local-dir always holds plain files", true);
const FAST: OptionMeaning = NotNeeded("large files are fetched over many connections anyway, see --connections", false);
const VERIFIED: OptionMeaning = NotNeeded("every byte is verified anyway", false);
const NEVER_ASKS: OptionMeaning = NotNeeded("a pull asks no questions", false);
const DRAWN: OptionMeaning = NotNeeded("progress is shown anyway, and --quiet hides it", false);
const OF_TOOL: OptionMeaning =
    NotNeeded("large files are fetched over many connections anyway, see --connections", true);

/// The option, and what it is here.
const OPTIONS: [(&str, OptionMeaning); 67] = [
    ("--resume-download", GOES_ON),
    ("--resume_download", GOES_ON),
    ("--resume", GOES_ON),
    ("--continue", GOES_ON),
    ("-c", GOES_ON),
    ("--local-dir-use-symlinks", PLAIN),
    ("--local_dir_use_symlinks", PLAIN),
    ("--enable-hf-transfer", FAST),
    ("--use-hf-transfer", FAST),
    ("--use_hf_transfer", FAST),
    ("--hf-transfer", FAST),
    ("--tool", OF_TOOL),
    ("--verify", VERIFIED),
    ("--checksum", VERIFIED),
    ("--check-integrity", VERIFIED),
    ("--yes", NEVER_ASKS),
    ("-y", NEVER_ASKS),
    ("--progress", DRAWN),
    ("--no-progress", Called(&["--quiet"])),
    ("--repo-id", Reference),
    ("--repo_id", Reference),
    ("--repo", Reference),
    ("--model", Reference),
    ("--model-id", Reference),
    ("--hf-repo", Reference),
    ("--filename", File),
    ("--file-name", File),
    ("--hf-file", File),
    ("--allow-patterns", Called(&["--include"])),
    ("--allow_patterns", Called(&["--include"])),
    ("--allow-pattern", Called(&["--include"])),
    ("--includes", Called(&["--include"])),
    ("--ignore-patterns", Called(&["--exclude"])),
    ("--ignore_patterns", Called(&["--exclude"])),
    ("--ignore-pattern", Called(&["--exclude"])),
    ("--excludes", Called(&["--exclude"])),
    ("--local_dir", Called(&["--local-dir"])),
    ("--save_dir", Called(&["--local-dir"])),
    ("--save-dir", Called(&["--local-dir"])),
    ("--output-dir", Called(&["--local-dir"])),
    ("--out", Called(&["--local-dir"])),
    ("--dest", Called(&["--local-dir"])),
    ("--dir", Called(&["--local-dir"])),
    ("--to", Called(&["--local-dir"])),
    ("-o", Called(&["--local-dir"])),
    ("-d", Called(&["--local-dir"])),
    ("--cache_dir", Called(&["--cache-dir"])),
    ("--cache", Called(&["--cache-dir"])),
    ("--repo_type", Called(&["--repo-type"])),
    ("--dataset", Called(&["--repo-type", "dataset"])),
    ("--space", Called(&["--repo-type", "space"])),
    ("--format", Called(&["--output"])),
    ("--branch", Called(&["--revision"])),
    ("-b", Called(&["--revision"])),
    ("--tag", Called(&["--revision"])),
    ("--rev", Called(&["--revision"])),
    ("--commit", Called(&["--revision"])),
    ("--quantization", Called(&["--quant"])),
    ("--max_workers", Called(&["--jobs"])),
    ("--workers", Called(&["--jobs"])),
    ("--num-threads", Called(&["--connections"])),
    ("--threads", Called(&["--connections"])),
    ("-x", Called(&["--connections"])),
    ("--max-download-limit", Called(&["--limit-rate"])),
    ("--local-files-only", Called(&["--offline"])),
    ("--local_files_only", Called(&["--offline"])),
    ("--force_download", Called(&["--force"])),
];

/// What is wrong, hints, and the words that were meant.
pub(super) fn explain(error: &clap::Error, words: &[String]) -> Option<(String, Vec<String>, Vec<String>)> {
    let ErrorKind::UnknownArgument = error.kind() else { return None };
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg) else { return None };
    let given = name(given);
    let hint = match meaning(given)? {
        NotNeeded(why, _) => format!("not needed: {why}"),
        Called(ours) => format!("here it is {}", ours.join(" ")),
        Reference => "write it without an option, first".to_owned(),
        File => "write it without an option, behind the repository".to_owned(),
    };
    Some((format!("there is no option `{given}`"), vec![hint], in_our_words(words)))
}

fn name(option: &str) -> &str {
    option.split(['=', ' ']).next().unwrap_or_default()
}

fn meaning(option: &str) -> Option<OptionMeaning> {
    OPTIONS.iter().find(|(other, _)| *other == option).map(|(_, meaning)| *meaning)
}

/// The command line with every such option in our words.
fn in_our_words(words: &[String]) -> Vec<String> {
    let (mut ours, mut references, mut files) = (Vec::new(), Vec::new(), Vec::new());
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let (option, mut value) = match word.split_once('=') {
            Some((option, value)) => (option, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        let Some(meaning) = meaning(option) else {
            ours.push(word.clone());
            continue;
        };
        let is_truth = |word: &&String| ["true", "false"].contains(&word.to_lowercase().as_str());
        let takes_value = match meaning {
            NotNeeded(_, takes_value) => takes_value,
            Called(_) => false,
            Reference | File => true,
        };
        let wants = |word: &&String| is_truth(word) || (takes_value && !word.starts_with('-'));
        if value.is_none() {
            value = words.next_if(|word| wants(word)).cloned();
        }
        match meaning {
            NotNeeded(..) => {}
            Called(names) => ours.extend(names.iter().map(|name| (*name).to_owned()).chain(value)),
            Reference => references.extend(value),
            File => files.extend(value),
        }
    }
    // behind the program and its command
    let at = ours.len().min(2);
    ours.splice(at..at, references);
    ours.extend(files);
    ours
}
