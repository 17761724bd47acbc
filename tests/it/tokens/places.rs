//! Where tokens are looked for, in which order, and what switches that off.

use super::{ask, assert_nothing_sent, assert_sent, hub_of};
use crate::sandbox::Sandbox;
use crate::support::token_of;
use snapbox::str;

const VARIABLES: [&str; 4] = ["HF_AUTH_TOKEN", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_ACCESS_TOKEN"];

#[test]
fn variables_win_in_the_documented_order_and_over_the_login() {
    let hub = hub_of(&["a0", "a1", "a2", "a3", "login"]);
    let sandbox = Sandbox::new(&hub);
    sandbox.write_private("cache/huggingface/token", token_of("login"));
    for first in 0..=VARIABLES.len() {
        let set = VARIABLES.iter().enumerate().skip(first);
        let run = set.fold(ask(&sandbox), |run, (at, name)| run.env(name, token_of(&format!("a{at}"))));
        run.run();
        let winner = if first < VARIABLES.len() { format!("a{first}") } else { "login".to_owned() };
        assert_sent(&hub, &winner);
    }
}

#[test]
fn blank_variables_are_skipped_and_newlines_are_no_part_of_a_token() {
    let hub = hub_of(&["bob"]);
    let sandbox = Sandbox::new(&hub);
    let run = ask(&sandbox).env("HF_AUTH_TOKEN", "").env("HF_TOKEN", " \t\n");
    run.env("HUGGING_FACE_HUB_TOKEN", format!("  {}\r\n", token_of("bob"))).run();
    assert_sent(&hub, "bob");

    ask(&sandbox).env("HF_TOKEN", "").run();
    assert_nothing_sent(&hub);
}

#[test]
fn the_stored_login_is_found_where_hugging_faces_tools_keep_it() {
    let hub = hub_of(&["default", "home", "path"]);
    let sandbox = Sandbox::new(&hub);
    sandbox.write_private("cache/huggingface/token", token_of("default") + "\n");
    let home = sandbox.write_private("hf/token", token_of("home"));
    let path = sandbox.write_private("elsewhere/my-token", token_of("path"));
    ask(&sandbox).run();
    assert_sent(&hub, "default");
    ask(&sandbox).env("HF_HOME", home.parent().expect("a folder")).run();
    assert_sent(&hub, "home");
    ask(&sandbox).env("HF_HOME", home.parent().expect("a folder")).env("HF_TOKEN_PATH", path).run();
    assert_sent(&hub, "path");
}

#[test]
fn a_list_of_stored_tokens_without_a_login_is_not_used() {
    let hub = hub_of(&["bob"]);
    let sandbox = Sandbox::new(&hub);
    sandbox.write_private("cache/huggingface/stored_tokens", format!("[bob]\nhf_token = {}\n", token_of("bob")));
    ask(&sandbox).run();
    assert_nothing_sent(&hub);
}

#[cfg(unix)]
#[test]
fn a_stored_login_that_others_can_read_is_used_with_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let hub = hub_of(&["bob"]);
    let sandbox = Sandbox::new(&hub);
    let login = sandbox.write("cache/huggingface/token", token_of("bob"));
    std::fs::set_permissions(login, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    ask(&sandbox).stderr(str![[r#"
warning: other users can read the token in `[ROOT]/cache/huggingface/token`; `chmod 600 [ROOT]/cache/huggingface/token` mends it

"#]]).run();
    assert_sent(&hub, "bob");
}

#[test]
fn flags_beat_every_other_place() {
    let hub = hub_of(&["variable", "piped", "file"]);
    let sandbox = Sandbox::new(&hub);
    let file = sandbox.write("my-token", token_of("file") + "\n");
    let variable = || ask(&sandbox).env("HF_AUTH_TOKEN", token_of("variable"));
    variable().args(["--token-stdin"]).stdin(token_of("piped") + "\n").run();
    assert_sent(&hub, "piped");
    variable().args(["--token-file"]).args([file]).run();
    assert_sent(&hub, "file");
    variable().args(["--anonymous"]).run();
    assert_nothing_sent(&hub);
}

#[test]
fn implicit_tokens_can_be_switched_off_and_explicit_ones_still_count() {
    let hub = hub_of(&["variable", "login", "piped"]);
    let sandbox = Sandbox::new(&hub);
    sandbox.write_private("cache/huggingface/token", token_of("login"));
    let off = || ask(&sandbox).env("HF_TOKEN", token_of("variable")).env("HF_HUB_DISABLE_IMPLICIT_TOKEN", "true");
    off().run();
    assert_nothing_sent(&hub);
    off().args(["--token-stdin"]).stdin(token_of("piped")).run();
    assert_sent(&hub, "piped");
}

#[test]
fn a_token_of_one_hub_is_never_sent_to_another() {
    let hub = hub_of(&["hf", "ba"]);
    let sandbox = Sandbox::new(&hub);
    sandbox.write_private("cache/huggingface/token", token_of("hf"));
    let both = |name: &str| {
        sandbox.args(["pull", "--dry-run", &format!("{name}:org/model")]).env("BA_ENDPOINT", hub.url()).any_stdout()
    };
    both("ba").env("HF_TOKEN", token_of("hf")).env("HF_AUTH_TOKEN", token_of("hf")).run();
    assert_nothing_sent(&hub);
    std::fs::remove_file(sandbox.path("cache/huggingface/token")).expect("it was there");
    both("hf").env("BA_ACCESS_TOKEN", token_of("ba")).env("BA_TOKEN", token_of("ba")).run();
    assert_nothing_sent(&hub);

    both("ba").env("BA_ACCESS_TOKEN", token_of("ba")).env("BA_TOKEN", token_of("hf")).run();
    assert_sent(&hub, "ba");
    both("ba").env("BA_TOKEN", token_of("ba")).run();
    assert_sent(&hub, "ba");
}

#[test]
fn a_place_that_must_hold_a_token_and_does_not_is_an_error() {
    let sandbox = Sandbox::without_hub();
    let empty = sandbox.write("empty", "\n");
    let pull = || sandbox.args(["pull", "org/model"]);
    pull()
        .args(["--token-stdin"])
        .stdin("\n")
        .status(3)
        .stderr(str![[r#"
error: there is no token in standard input
hint: `--anonymous` asks without a token

"#]])
        .run();
    pull()
        .args(["--token-file"])
        .args([&empty])
        .status(3)
        .stderr(str![[r#"
error: there is no token in [ROOT]/empty
hint: `--anonymous` asks without a token

"#]])
        .run();
    pull()
        .args(["--token-file", "nowhere"])
        .status(2)
        .stderr(str![[r#"
error: could not read the token file `nowhere`
  caused by: No such file or directory (os error 2)

"#]])
        .run();
    pull()
        .env("HF_TOKEN", "two words")
        .status(3)
        .stderr(str![[r#"
error: the token from HF_TOKEN contains a character that cannot be sent (a blank, control or non-ASCII character)

"#]])
        .run();
    assert_eq!(sandbox.tree("cache"), "");
}

#[test]
fn a_token_cannot_be_given_on_the_command_line() {
    let sandbox = Sandbox::without_hub();
    for given in [&["--token", "hf_visible"][..], &["--token=hf_visible"], &["--api-key", "hf_visible"]] {
        let told = sandbox.args(["pull", "org/model"]).args(given).status(2).any_stderr().run();
        assert!(
            told.stderr.starts_with(&format!(
                "error: there is no {}, and no token is taken",
                given[0].split('=').next().expect("a flag")
            )),
            "{}",
            told.stderr
        );
        assert!(!told.stderr.contains("visible"), "{}", told.stderr);
    }
    sandbox
        .args(["pull", "--token", "hf_visible", "org/model"])
        .status(2)
        .stderr(str![[r#"
error: there is no --token, and no token is taken as an argument: others see it in the process list and the shell's history
hint: `gatedl auth login` stores a token; HF_TOKEN, --token-file FILE and --token-stdin give it to one run
hint: one that others may have seen is renewed where it was made: https://huggingface.co/settings/tokens

"#]])
        .run();
    let conflict = sandbox.args(["pull", "--anonymous", "--token-stdin", "org/model"]);
    conflict
        .status(2)
        .stderr(str![[r#"
error: the argument '--anonymous' cannot be used with '--token-stdin'

Usage: gatedl pull --anonymous <REFERENCE> [FILES]...

For more information, try '--help'.

"#]])
        .run();
}
