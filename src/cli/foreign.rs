//! Options of other downloaders, which stand in every tutorial (`huggingface-cli download`, `hfd.sh`, the names of Python's
//! arguments): what is not needed here, or what it is called.

use clap::error::{ContextKind, ContextValue, ErrorKind};

const GOES_ON: &str = "it is not needed: a pull always goes on from what has arrived";
const PLAIN: &str = "it is not needed: --local-dir always holds plain files";
const FAST: &str = "it is not needed: large files are fetched over many connections anyway, see --connections";
const REFERENCE: &str = "write it without an option: `gatedl pull org/model FILE…`";

/// The option, and what to say of it.
const OPTIONS: [(&str, &str); 22] = [
    ("--resume-download", GOES_ON),
    ("--resume_download", GOES_ON),
    ("--resume", GOES_ON),
    ("--local-dir-use-symlinks", PLAIN),
    ("--local_dir_use_symlinks", PLAIN),
    ("--enable-hf-transfer", FAST),
    ("--use-hf-transfer", FAST),
    ("--use_hf_transfer", FAST),
    ("--tool", FAST),
    ("--repo-id", REFERENCE),
    ("--repo_id", REFERENCE),
    ("--filename", REFERENCE),
    ("--model", REFERENCE),
    ("--allow-patterns", "here it is --include"),
    ("--allow_patterns", "here it is --include"),
    ("--ignore-patterns", "here it is --exclude"),
    ("--ignore_patterns", "here it is --exclude"),
    ("--local_dir", "here it is --local-dir"),
    ("--save_dir", "here it is --local-dir"),
    ("--cache_dir", "here it is --cache-dir"),
    ("--repo_type", "here it is --repo-type"),
    ("--format", "here it is --output"),
];

/// What to say of a command line that has an option of another program.
pub(super) fn explain(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg) else { return None };
    let given = given.split(['=', ' ']).next().unwrap_or_default();
    let (option, hint) = OPTIONS.iter().find(|(option, _)| *option == given)?;
    Some(format!("error: there is no option `{option}`\nhint: {hint}"))
}
