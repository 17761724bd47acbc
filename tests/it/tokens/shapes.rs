//! A token in the wrong place or the wrong wrapping: an argument, quotes, a file of several lines, another hub's variable.

use super::{ask, assert_nothing_sent, assert_sent, hub_of};
use crate::sandbox::Sandbox;
use crate::support::token_of;
use snapbox::str;

/// Every place where a token may be pasted instead of a name. The sandbox searches the output for it.
#[test]
fn a_token_among_the_arguments_is_refused_before_any_request() {
    let hub = hub_of(&["bob"]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    let token = token_of("bob");
    for arguments in [
        &["pull", "TOKEN"][..],
        &["pull", "hf:TOKEN"],
        &["pull", "org/model@TOKEN"],
        &["pull", "org/model", "TOKEN"],
        &["pull", "org/model", "--revision", "TOKEN"],
        &["pull", "org/model", "--provider", "TOKEN"],
        &["pull", "org/model", "--endpoint=https://bob:TOKEN@hub.example"],
        &["pull", "org/model", "--token", "TOKEN"],
        &["pull", "org/model", "--token=TOKEN"],
        &["pull", "org/model", "--token-file", "TOKEN"],
        &["pull", "https://bob:TOKEN@huggingface.co/org/model"],
        &["pull", "--", "TOKEN"],
        &["access", "TOKEN"],
        &["doctor", "TOKEN"],
        &["auth", "login", "TOKEN"],
        &["auth", "login", "hf", "TOKEN"],
        &["auth", "login", "--name", "TOKEN"],
        &["auth", "switch", "TOKEN"],
        &["auth", "status", "TOKEN"],
        &["help", "TOKEN"],
        &["TOKEN"],
    ] {
        let run = arguments.iter().fold(sandbox.command(), |run, text| run.pasted(&text.replace("TOKEN", &token)));
        run.status(2)
            .stderr(str![[r#"
error: `hf_****ebob` is a token, and no token is taken as an argument: others see it in the process list and the shell's history
hint: `gatedl auth login` stores a token; HF_TOKEN, --token-file FILE and --token-stdin give it to one run
hint: one that others may have seen is renewed where it was made: https://huggingface.co/settings/tokens

"#]])
            .run();
    }
    assert_eq!(hub.count_all(), 0);
}

#[test]
fn a_key_of_civitai_is_not_taken_for_a_name_nor_repeated() {
    let sandbox = Sandbox::without_hub();
    let key = "0123456789abcdef".repeat(2);
    for arguments in [
        &["pull", "KEY"][..],
        &["pull", "civitai:KEY"],
        &["access", "KEY"],
        &["auth", "login", "KEY"],
        &["auth", "login", "civitai", "KEY"],
        &["pull", "org/model", "--provider", "KEY"],
        &["pull", "org/model", "--provider=KEY"],
        &["pull", "org/model", "--token-file=KEY"],
        &["pull", "org/model", "--jobs", "KEY"],
    ] {
        let run = sandbox.args(arguments.iter().map(|text| text.replace("KEY", &key)));
        let told = run.status(2).any_stderr().run();
        assert!(told.stderr.contains("`****cdef`") || told.stderr.contains("'****cdef'"), "{}", told.stderr);
        assert!(!told.stderr.contains(&key), "{}", told.stderr);
    }
}

#[test]
fn names_that_only_begin_like_tokens_are_names() {
    let hub = hub_of(&["bob"]);
    let sandbox = Sandbox::new(&hub);
    ask(&sandbox).args(["--cache-dir", "hf_cache_directory_of_all_the_models_here"]).run();
    assert_nothing_sent(&hub);
}

#[test]
fn the_first_line_of_a_file_is_the_token() {
    let hub = hub_of(&["bob"]);
    let sandbox = Sandbox::new(&hub);
    let entry =
        format!("\r\n{}\r\nlogin: bob\nurl: https://huggingface.co\notpauth://totp/x?secret=ABC\n", token_of("bob"));
    let file = sandbox.write("entry", &entry);
    ask(&sandbox).args(["--token-file"]).args([&file]).run();
    assert_sent(&hub, "bob");
    ask(&sandbox).args(["--token-stdin"]).stdin(entry.clone()).run();
    assert_sent(&hub, "bob");
    ask(&sandbox).env("HF_TOKEN", &entry).run();
    assert_sent(&hub, "bob");
    sandbox.write_private("cache/huggingface/token", &entry);
    ask(&sandbox).run();
    assert_sent(&hub, "bob");
}

#[cfg(unix)]
#[test]
fn the_first_line_that_a_command_prints_is_the_token() {
    let hub = hub_of(&["bob"]);
    let sandbox = Sandbox::new(&hub);
    let file = sandbox.write("entry", format!("{}\nlogin: bob\n", token_of("bob")));
    let key = format!("[provider.hf]\ntoken_command = ['cat', '{}']\n", file.display());
    sandbox.write("config/gatedl/config.toml", key);
    ask(&sandbox).run();
    assert_sent(&hub, "bob");
    sandbox.write("config/gatedl/config.toml", "[provider.hf]\ntoken_command = ['yes', 'no']\n");
    ask(&sandbox)
        .status(3)
        .stderr(str![[r#"
error: the token command `yes` printed more than 64 KiB

"#]])
        .run();
}

#[test]
fn what_is_wrapped_around_a_token_is_said() {
    let hub = hub_of(&["bob"]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    let token = token_of("bob");
    for (value, problem) in [
        (
            format!("\"{token}\""),
            "has quotes around it, which are no part of a token (docker's --env-file takes them literally)",
        ),
        (
            format!("'{token}'"),
            "has quotes around it, which are no part of a token (docker's --env-file takes them literally)",
        ),
        (format!("Bearer {token}"), "begins with `Bearer`, which is no part of a token"),
        (format!("HF_TOKEN={token}"), "is a whole line `NAME=value`; only what stands behind the `=` is the token"),
        ("$HF_TOKEN".to_owned(), "is a placeholder such as `$NAME`, and nothing has put the token in its place"),
        (format!("# mine\n{token}"), "begins with a comment; the token must stand in the first line"),
        (
            format!("\u{FEFF}{token}"),
            "begins with a byte order mark, which is no part of a token; save it as UTF-8 without one",
        ),
        (format!("{token}\u{200B}"), "contains the invisible character U+200B, which is no part of a token"),
    ] {
        let file = sandbox.write("token", &value);
        let told = |from: &str| format!("error: the token from {from} {problem}\n");
        let run = ask(&sandbox).env("HF_TOKEN", &value).status(3).any_stderr().run();
        assert_eq!(run.stderr, told("HF_TOKEN"));
        let run = ask(&sandbox).args(["--token-file"]).args([&file]).status(3).any_stderr().run();
        assert_eq!(run.stderr, told(&file.display().to_string()));
        let run = ask(&sandbox).args(["--token-stdin"]).stdin(value.clone()).status(3).any_stderr().run();
        assert_eq!(run.stderr, told("standard input"));
    }
    assert_eq!(hub.count_all(), 0);
}

#[test]
fn encodings_of_windows_are_said() {
    let hub = hub_of(&["bob"]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    let text = format!("\u{FEFF}{}\r\n", token_of("bob"));
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    sandbox.write_private("cache/huggingface/token", bytes);
    ask(&sandbox).status(3).stderr(str![[r#"
error: the token from [ROOT]/cache/huggingface/token is written in UTF-16, as `>` of Windows PowerShell writes; save it as UTF-8

"#]]).run();
    sandbox.write_private("cache/huggingface/token", b"hf_\xff\n");
    ask(&sandbox)
        .status(3)
        .stderr(str![[r#"
error: the token from [ROOT]/cache/huggingface/token is no text in UTF-8

"#]])
        .run();
    assert_eq!(hub.count_all(), 0);
}
