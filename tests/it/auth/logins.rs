//! `gatedl auth list`, `switch`, `logout` and `token`.

use super::{auth, hub_of, log_in, sandbox_of, tokens_in};
use crate::support::{Account, token_of};
use snapbox::str;

/// As a newer huggingface_hub might write it: a login that a browser made, and a key nobody knows yet.
fn python_stored() -> String {
    format!(
        "[oauth-bob]\nhf_token = {}\nrefresh_token = {}\nexpires_at = 1793491200\nscope = gated\n\n[tool]\nnote = mine\n\n",
        token_of("oauth"),
        token_of("refresh"),
    )
}

#[test]
fn what_other_tools_stored_survives_logging_in_and_out() {
    let hub = hub_of([Account::new("bob")]);
    let sandbox = sandbox_of(&hub);
    sandbox.write_private("cache/huggingface/stored_tokens", python_stored());
    log_in(&sandbox, "bob", "ci");
    let login = format!("[ci]\nhf_token = {}\n\n", token_of("bob"));
    assert_eq!(sandbox.read("cache/huggingface/stored_tokens"), (login + &python_stored()).as_bytes());
    auth(&sandbox, &["logout", "ci"])
        .stderr(str![[r#"
forgot the token `ci` for hf; it is good until it is revoked at https://huggingface.co/settings/tokens

"#]])
        .run();
    assert_eq!(sandbox.read("cache/huggingface/stored_tokens"), python_stored().as_bytes());
    assert!(!sandbox.path("cache/huggingface/token").exists());
}

#[test]
fn logins_are_listed_masked_and_switched_by_name() {
    let hub = hub_of([Account::new("bob"), Account::new("carol")]);
    let sandbox = sandbox_of(&hub);
    auth(&sandbox, &["list"])
        .stderr(str![[r#"
hint: no token is stored; `gatedl auth login` stores one

"#]])
        .run();
    log_in(&sandbox, "bob", "laptop");
    log_in(&sandbox, "carol", "ci-read");
    let login = auth(&sandbox, &["login", "ba", "--token-stdin"]).env("BA_ENDPOINT", hub.url());
    login.stdin(token_of("bob")).any_stderr().run();
    auth(&sandbox, &["list"])
        .stdout(str![[r#"
* ci-read    hf  hf_****arol
  laptop     hf  hf_****ebob
* bob-token  ba  hf_****ebob

"#]])
        .run();
    auth(&sandbox, &["switch", "laptop"])
        .stderr(str![[r#"
hf uses the token `laptop` from now on

"#]])
        .run();
    assert_eq!(tokens_in(&sandbox, "cache/huggingface/token"), "TOKEN-OF-bob");
    let listed = auth(&sandbox, &["list", "--json"]).any_stdout().run().json();
    snapbox::assert_data_eq!(
        listed.to_string(),
        str![[
            r#"{"logins":[{"active":false,"name":"ci-read","provider":"hf","token":"hf_****arol"},{"active":true,"name":"laptop","provider":"hf","token":"hf_****ebob"},{"active":true,"name":"bob-token","provider":"ba","token":"hf_****ebob"}],"version":1}"#
        ]]
    );

    auth(&sandbox, &["switch", "nope"])
        .status(2)
        .stderr(str![[r#"
error: there is no stored login `nope`
hint: `gatedl auth list` shows those that there are

"#]])
        .run();
    let switch = auth(&sandbox, &["switch", "ci-read"]).env("HF_TOKEN", token_of("bob"));
    switch
        .stderr(str![[r#"
hf uses the token `ci-read` from now on
warning: HF_TOKEN wins over this login as long as it is set

"#]])
        .run();
}

#[test]
fn a_name_that_two_providers_have_must_be_told_apart() {
    let hub = hub_of([Account::new("bob")]);
    let sandbox = sandbox_of(&hub);
    log_in(&sandbox, "bob", "ci");
    let login = auth(&sandbox, &["login", "ba", "--token-stdin", "--name", "ci"]).env("BA_ENDPOINT", hub.url());
    login.stdin(token_of("bob")).any_stderr().run();
    auth(&sandbox, &["logout", "ci"])
        .status(2)
        .stderr(str![[r#"
error: hf and ba have a token `ci` each; say which with --provider

"#]])
        .run();
    auth(&sandbox, &["logout", "ci", "--provider", "ba"])
        .stderr(str![[r#"
forgot the token `ci` for ba; it is good until it is revoked at https://boincai.com/settings/tokens

"#]])
        .run();
    auth(&sandbox, &["list"])
        .stdout(str![[r#"
* ci  hf  hf_****ebob

"#]])
        .run();
}

#[test]
fn logging_out_of_the_token_in_use_leaves_none_and_names_what_is_still_set() {
    let hub = hub_of([Account::new("bob"), Account::new("carol")]);
    let sandbox = sandbox_of(&hub);
    log_in(&sandbox, "bob", "laptop");
    log_in(&sandbox, "carol", "ci");
    // of another one: the one in use stays
    auth(&sandbox, &["logout", "laptop"])
        .env("HF_TOKEN", token_of("bob"))
        .stderr(str![[r#"
forgot the token `laptop` for hf; it is good until it is revoked at https://huggingface.co/settings/tokens

"#]])
        .run();
    assert_eq!(tokens_in(&sandbox, "cache/huggingface/token"), "TOKEN-OF-carol");
    auth(&sandbox, &["logout"])
        .env("HF_TOKEN", token_of("bob"))
        .stderr(str![[r#"
forgot the token `ci` for hf; it is good until it is revoked at https://huggingface.co/settings/tokens
warning: HF_TOKEN is still set, and is used as before

"#]])
        .run();
    assert!(!sandbox.path("cache/huggingface/token").exists());
    auth(&sandbox, &["logout"])
        .status(3)
        .stderr(str![[r#"
error: no stored token is in use for hf

"#]])
        .run();
    auth(&sandbox, &["logout", "ci"]).status(2).any_stderr().run();
}

#[test]
fn a_token_that_was_stored_without_a_name_can_be_forgotten() {
    let hub = hub_of([]).allow_unused();
    let sandbox = sandbox_of(&hub);
    sandbox.write_private("cache/huggingface/token", token_of("bob"));
    auth(&sandbox, &["list"])
        .stdout(str![[r#"
* (no name)  hf  hf_****ebob

"#]])
        .run();
    auth(&sandbox, &["logout"])
        .stderr(str![[r#"
forgot the token for hf; it is good until it is revoked at https://huggingface.co/settings/tokens

"#]])
        .run();
    assert_eq!(sandbox.tree("cache/huggingface").lines().collect::<Vec<_>>(), ["stored_tokens.lock"]);
}

#[test]
fn the_list_of_logins_stands_beside_the_token_wherever_that_is() {
    let hub = hub_of([Account::new("bob")]);
    let sandbox = sandbox_of(&hub);
    for path in ["elsewhere/my-token", "elsewhere/stored_tokens"] {
        sandbox.allow_token_in(path);
    }
    let login = auth(&sandbox, &["login", "--token-stdin", "--name", "ci"]).stdin(token_of("bob"));
    login.env("HF_TOKEN_PATH", sandbox.path("elsewhere/my-token")).any_stderr().run();
    assert_eq!(tokens_in(&sandbox, "elsewhere/my-token"), "TOKEN-OF-bob");
    assert_eq!(tokens_in(&sandbox, "elsewhere/stored_tokens"), "[ci]\nhf_token = TOKEN-OF-bob\n\n");
}

#[cfg(unix)]
#[test]
fn hugging_faces_files_that_others_can_read_are_listed_with_a_warning_and_closed_by_the_next_login() {
    use std::os::unix::fs::PermissionsExt as _;
    let hub = hub_of([Account::new("bob")]);
    let sandbox = sandbox_of(&hub);
    let stored = sandbox.write("cache/huggingface/stored_tokens", python_stored());
    std::fs::set_permissions(&stored, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    auth(&sandbox, &["list"]).stdout(str![[r#"
  oauth-bob  hf  hf_****auth

"#]]).stderr(str![[r#"
warning: other users can read `[ROOT]/cache/huggingface/stored_tokens`; `chmod 600 [ROOT]/cache/huggingface/stored_tokens` mends it

"#]]).run();
    log_in(&sandbox, "bob", "ci");
    assert_eq!(std::fs::metadata(stored).expect("there").permissions().mode() & 0o777, 0o600);
    auth(&sandbox, &["list"]).any_stdout().run();
}

/// The one command that prints a token. The sandbox takes any token in the output for a leak, so this one runs without.
#[test]
fn the_token_that_is_used_can_be_printed_for_other_programs() {
    let hub = hub_of([]).allow_unused();
    let sandbox = sandbox_of(&hub);
    auth(&sandbox, &["token"])
        .status(3)
        .stderr(str![[r#"
error: there is no token for hf; `gatedl auth login hf` stores one

"#]])
        .run();
    sandbox.write_private("cache/huggingface/token", token_of("login") + "\n");
    let file = sandbox.path("printed");
    sandbox.allow_token_in("printed");
    let print = |run: crate::sandbox::Run| {
        run.stdout_to(std::fs::File::create(&file).expect("a file")).run();
        std::fs::read_to_string(&file).expect("text")
    };
    assert_eq!(print(auth(&sandbox, &["token"])), token_of("login") + "\n");
    let variable = auth(&sandbox, &["token", "hf"]).env("HF_TOKEN", token_of("variable"));
    assert_eq!(print(variable), token_of("variable") + "\n");
    let other = auth(&sandbox, &["token", "ba"]).env("HF_TOKEN", token_of("variable"));
    other.status(3).any_stderr().run();
}
