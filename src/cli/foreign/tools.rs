//! Whole command lines of other programs, pasted behind `gatedl` or `gatedl pull`, in quotes or without.

use super::commands;

/// What such a line comes to.
pub(super) enum ForeignLine {
    /// It does the same.
    Same(Vec<String>),
    /// It does more or something else, and this is the part that gatedl can do.
    Like { program: String, words: Vec<String>, remark: Option<&'static str> },
}

/// Prompts and prefixes that are copied along.
const PREFIXES: [&str; 8] = ["$", "!", "%", "sudo", "uvx", "pipx", "run", "time"];
/// Options of these programs that take a value, so that the value is not taken for an address.
const VALUED: [&str; 12] =
    ["--depth", "-b", "--branch", "-o", "-O", "-d", "-x", "-s", "-H", "--header", "--output", "--user-agent"];

/// Reads the words, `gatedl` the first of them; none where they are no such line.
pub(super) fn read(words: &[String]) -> Option<ForeignLine> {
    let typed = &words[1..];
    let typed = if typed.first().is_some_and(|word| word == "pull") { &typed[1..] } else { typed };
    let pasted: Vec<String> = match typed {
        // in quotes
        [first, rest @ ..] if first.contains(char::is_whitespace) => {
            first.split_whitespace().map(str::to_owned).chain(rest.iter().cloned()).collect()
        }
        _ => typed.to_vec(),
    };
    let start = pasted.iter().position(|word| !PREFIXES.contains(&word.as_str()))?;
    let first = pasted[start].trim_start_matches(['!', '$', '%']);
    let program = first.rsplit(['/', '\\']).next()?.trim_end_matches(".exe").trim_end_matches(".sh");
    let rest = &pasted[start + 1..];
    if ["hf", "huggingface-cli"].contains(&program) {
        return of_hub(rest);
    }
    let (words, remark) = like(program, rest)?;
    let words = ["gatedl", "pull"].into_iter().map(str::to_owned).chain(words).collect();
    Some(ForeignLine::Like { program: format!("`{program}`"), words, remark })
}

/// `hf download …` and its relatives.
fn of_hub(rest: &[String]) -> Option<ForeignLine> {
    let ours = match rest.first()?.as_str() {
        "auth" => match rest.get(1)?.as_str() {
            "whoami" => commands::STATUS.to_vec(),
            command @ ("login" | "logout" | "list" | "switch" | "token") => {
                let words = ["auth", command].into_iter().map(str::to_owned).chain(rest[2..].iter().cloned());
                return Some(ForeignLine::Same(["gatedl".to_owned()].into_iter().chain(words).collect()));
            }
            _ => return None,
        },
        "download" => vec!["pull"],
        "login" | "logout" | "whoami" => commands::ours(&rest[0])?.to_vec(),
        _ => return None,
    };
    let skipped = if rest[0] == "auth" { 2 } else { 1 };
    let words = ["gatedl"].into_iter().chain(ours).map(str::to_owned).chain(one_by_one(&rest[skipped..]));
    Some(ForeignLine::Same(words.collect()))
}

/// huggingface-cli takes several patterns behind one option.
fn one_by_one(words: &[String]) -> Vec<String> {
    let mut option: Option<&String> = None;
    let mut has_value = false;
    let mut all = Vec::new();
    for word in words {
        match option {
            _ if word.starts_with("--") => {
                option = ["--include", "--exclude"].contains(&word.as_str()).then_some(word);
                has_value = false;
            }
            Some(option) if has_value => all.push(option.clone()),
            Some(_) => has_value = true,
            None => {}
        }
        all.push(word.clone());
    }
    all
}

/// What to pull, in the words of `gatedl pull`.
fn like(program: &str, rest: &[String]) -> Option<(Vec<String>, Option<&'static str>)> {
    const LIBRARY: &str =
        "a name alone is one of Ollama's library; write the model's as the hub does: OWNER/NAME:QUANT";
    let plain = || {
        let is_value = |at: usize| at > 0 && VALUED.contains(&rest[at - 1].as_str());
        rest.iter().enumerate().filter(move |(at, word)| !word.starts_with('-') && !is_value(*at)).map(|(_, word)| word)
    };
    let behind = |options: &[&str]| {
        let at = rest.iter().position(|word| options.contains(&word.as_str()))?;
        Some(vec![rest.get(at + 1)?.clone()])
    };
    let words = match (program, rest.first()?.as_str()) {
        ("git", "clone" | "lfs") => {
            let mut plain = plain().filter(|word| !["clone", "lfs"].contains(&word.as_str()));
            let address = plain.next()?.trim_end_matches('/').to_owned();
            let name = address.rsplit('/').next().unwrap_or_default().trim_end_matches(".git").to_owned();
            let folder = plain.next().cloned().unwrap_or(name);
            vec![address, "--local-dir".to_owned(), folder]
        }
        ("ollama", "run" | "pull") => {
            let name = plain().nth(1)?.clone();
            return Some(if name.contains('/') { (vec![name], None) } else { (Vec::new(), Some(LIBRARY)) });
        }
        ("docker", "model") => vec![plain().nth(2)?.clone()],
        ("vllm", "serve") => vec![plain().nth(1)?.clone()],
        ("llama-cli" | "llama-server" | "llama", _) => behind(&["-hf", "-hfr", "--hf-repo"])?,
        ("wget" | "curl" | "aria2c", _) => vec![plain().find(|word| word.contains("://"))?.clone()],
        ("hfd", _) => vec![plain().next()?.clone()],
        _ => return None,
    };
    Some((words, None))
}
