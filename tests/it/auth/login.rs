//! `gatedl auth login`: checked before it is stored, stored where every tool finds it, warned about where it matters.

use super::{auth, hub_of, log_in, sandbox_of, tokens_in};
use crate::sandbox::{Process, Sandbox};
use crate::support::civitai::CivitAi;
use crate::support::{Account, Role, key_of, token_of, until};
use snapbox::str;

#[test]
fn a_login_is_checked_once_and_stored_as_huggingface_hub_stores_it() {
    let hub = hub_of([Account::new("bob").in_organization("acme")]);
    let sandbox = sandbox_of(&hub);
    let login = auth(&sandbox, &["login", "--token-stdin"]).stdin(token_of("bob") + "\n");
    login
        .stderr(str![[r#"
logged in to hf as `bob` (organizations: acme), token `bob-token`, role read
stored as `bob-token` in [ROOT]/cache/huggingface/token

"#]])
        .run();
    assert_eq!(hub.take_log(), "GET hub /api/whoami-v2 200\n");
    assert_eq!(tokens_in(&sandbox, "cache/huggingface/token"), "TOKEN-OF-bob");
    assert_eq!(tokens_in(&sandbox, "cache/huggingface/stored_tokens"), "[bob-token]\nhf_token = TOKEN-OF-bob\n\n");
    // and it is what a pull sends
    sandbox.args(["pull", "--dry-run", "org/model"]).any_stdout().run();
    assert!(hub.take_requests().iter().all(|request| request.token.as_deref() == Some("bob")));
}

#[cfg(unix)]
#[test]
fn what_holds_a_token_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let hub = hub_of([Account::new("bob")]);
    let sandbox = sandbox_of(&hub);
    let mode = |path: &str| std::fs::metadata(sandbox.path(path)).expect("there").permissions().mode() & 0o777;
    log_in(&sandbox, "bob", "ci");
    let login = auth(&sandbox, &["login", "ba", "--token-stdin"]).env("BA_ENDPOINT", hub.url());
    login.after("umask 000").stdin(token_of("bob")).any_stderr().run();
    for path in super::LOGINS {
        assert_eq!(mode(path), 0o600, "{path}");
    }
    assert_eq!((mode("cache/huggingface"), mode("config/gatedl")), (0o700, 0o700));
}

#[test]
fn a_token_that_the_provider_does_not_take_is_not_stored() {
    let hub = hub_of([Account::new("old").expired(), Account::new("fired").revoked()]);
    let sandbox = Sandbox::new(&hub);
    let login = |name| auth(&sandbox, &["login", "--token-stdin"]).stdin(token_of(name)).status(3);
    login("nobody")
        .stderr(str![[r#"
error: the token from standard input is not valid
  caused by: 401 Unauthorized for [HUB]/api/whoami-v2 (request id [ID])
  server says: Invalid username or password.
hint: make a new token at https://huggingface.co/settings/tokens

"#]])
        .run();
    login("old").any_stderr().run();
    login("fired").any_stderr().run();
    assert_eq!(sandbox.tree("cache"), "");
}

#[test]
fn a_hub_that_cannot_be_asked_stores_nothing_either() {
    let sandbox = Sandbox::without_hub();
    let login = || auth(&sandbox, &["login", "--token-stdin"]).stdin(token_of("bob"));
    login().env("HF_ENDPOINT", "http://127.0.0.1:9").status(7).any_stderr().run();
    login()
        .env("HF_HUB_OFFLINE", "1")
        .status(2)
        .stderr(str![[r#"
error: a token is checked before it is stored, and gatedl is offline

"#]])
        .run();
    login().env("HF_ENDPOINT", "http://mirror.example").status(2).stderr(str![[r#"
warning: the token from standard input was not sent: http://mirror.example is plain http and anyone on the way could read it (--allow-insecure-http sends it all the same)
error: the token was not checked, so it was not stored

"#]]).run();
    assert_eq!(sandbox.tree("cache"), "");
}

#[test]
fn without_a_terminal_it_says_how_to_give_the_token() {
    let hub = hub_of([]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    auth(&sandbox, &["login"])
        .status(2)
        .stderr(str![[r#"
error: there is no terminal to ask for the token; give it with --token-stdin or --from-env VAR

"#]])
        .run();
    auth(&sandbox, &["login", "--token-stdin"])
        .stdin("\n")
        .status(3)
        .stderr(str![[r#"
error: there is no token in standard input

"#]])
        .run();
    auth(&sandbox, &["login", "--from-env", "CI_TOKEN"])
        .status(3)
        .stderr(str![[r#"
error: there is no token in CI_TOKEN

"#]])
        .run();
    auth(&sandbox, &["login", "nowhere"])
        .status(2)
        .stderr(str![[r#"
error: there is no provider `nowhere`
hint: the providers are `hf`, `ba`, `civitai`; others can be added in the configuration file

"#]])
        .run();
}

#[test]
fn a_login_that_does_more_or_less_than_a_download_needs_is_stored_with_a_warning() {
    let hub = hub_of([Account::new("mighty").role(Role::Write), Account::new("meek").without_gated_permission()]);
    let sandbox = sandbox_of(&hub);
    let login = |name| {
        let login = auth(&sandbox, &["login", "--from-env", "CI_TOKEN"]).env("CI_TOKEN", token_of(name));
        login.env("HF_TOKEN", token_of("mighty"))
    };
    login("mighty").stderr(str![[r#"
logged in to hf as `mighty`, token `mighty-token`, role write
stored as `mighty-token` in [ROOT]/cache/huggingface/token
warning: the token from CI_TOKEN may also write; a download needs a read or fine-grained token, which does less harm in other hands

"#]]).run();
    login("meek").stderr(str![[r#"
logged in to hf as `meek`, token `meek-token`, role fine-grained
stored as `meek-token` in [ROOT]/cache/huggingface/token
warning: the token from CI_TOKEN may not read gated repositories, whatever its account may; tick "Read access to contents of all public gated repos you can access" on its page
warning: HF_TOKEN wins over this login as long as it is set

"#]]).run();
    assert_eq!(tokens_in(&sandbox, "cache/huggingface/token"), "TOKEN-OF-meek");
}

#[test]
fn another_provider_has_a_file_of_its_own_and_its_token_stays_with_it() {
    let (hub, boinc) = (hub_of([Account::new("bob")]), hub_of([Account::new("carol"), Account::new("dave")]));
    let sandbox = sandbox_of(&hub);
    let login = |account, name| {
        let login = auth(&sandbox, &["login", "ba", "--token-stdin", "--name", name]).env("BA_ENDPOINT", boinc.url());
        login.stdin(token_of(account))
    };
    login("carol", "miner").any_stderr().run();
    login("dave", "laptop")
        .stderr(str![[r#"
logged in to ba as `dave`, token `dave-token`, role read
stored as `laptop` in [ROOT]/config/gatedl/credentials.toml

"#]])
        .run();
    let stored = tokens_in(&sandbox, "config/gatedl/credentials.toml");
    snapbox::assert_data_eq!(
        stored,
        str![[r##"
# Logins of `gatedl auth login`. For your eyes only.
[ba]
active = "laptop"

[ba.tokens]
laptop = "TOKEN-OF-dave"
miner = "TOKEN-OF-carol"

"##]]
    );
    boinc.take_requests();

    let pull = sandbox.args(["pull", "--dry-run", "ba:org/model"]).env("BA_ENDPOINT", boinc.url());
    pull.any_stdout().run();
    assert!(boinc.take_requests().iter().all(|request| request.token.as_deref() == Some("dave")));
    sandbox.args(["pull", "--dry-run", "org/model"]).any_stdout().run();
    assert!(hub.take_requests().iter().all(|request| request.token.is_none()));
}

#[cfg(unix)]
#[test]
fn a_credentials_file_that_others_can_read_is_refused_with_the_way_out() {
    use std::os::unix::fs::PermissionsExt as _;
    let boinc = hub_of([Account::new("carol")]).allow_unused();
    let sandbox = sandbox_of(&boinc);
    let stored = format!("[ba]\nactive = 'ci'\n[ba.tokens]\nci = '{}'\n", token_of("carol"));
    let file = sandbox.write("config/gatedl/credentials.toml", stored);
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o640)).expect("a mode");
    let pull = sandbox.args(["pull", "ba:org/model"]).env("BA_ENDPOINT", boinc.url()).status(2);
    pull.stderr(str![[r#"
error: `[ROOT]/config/gatedl/credentials.toml` holds tokens and other users can read it
hint: run `chmod 600 '[ROOT]/config/gatedl/credentials.toml'`

"#]])
        .run();
    let login = auth(&sandbox, &["login", "ba", "--token-stdin"]).env("BA_ENDPOINT", boinc.url());
    login.stdin(token_of("carol")).status(2).any_stderr().run();
    // the token of a variable comes first, so nothing of the file is needed
    let pull = sandbox.args(["pull", "--dry-run", "ba:org/model"]).env("BA_ENDPOINT", boinc.url());
    pull.env("BA_TOKEN", token_of("carol")).any_stdout().run();
}

#[test]
fn a_file_of_logins_that_is_not_understood_is_left_alone() {
    let hub = hub_of([Account::new("bob")]).allow_unused();
    let sandbox = sandbox_of(&hub);
    let json = format!("{{\"bob\": {{\"token\": \"{}\"}}}}", token_of("bob"));
    sandbox.write_private("cache/huggingface/stored_tokens", &json);
    let login = auth(&sandbox, &["login", "--token-stdin"]).stdin(token_of("bob"));
    login.status(2).stderr(str![[r#"
error: `[ROOT]/cache/huggingface/stored_tokens`, line 1: the first line is no [section], so this is not a list of logins as huggingface_hub writes it

"#]]).run();
    auth(&sandbox, &["list"]).status(2).any_stderr().run();
    assert_eq!(sandbox.read("cache/huggingface/stored_tokens"), json.as_bytes());
    std::fs::remove_file(sandbox.path("cache/huggingface/stored_tokens")).expect("it was there");

    let toml = format!("[ba]\ntoken = '{}'\n", token_of("bob"));
    sandbox.write_private("config/gatedl/credentials.toml", &toml);
    let login = auth(&sandbox, &["login", "ba", "--token-stdin"]).stdin(token_of("bob")).env("BA_ENDPOINT", hub.url());
    login
        .status(2)
        .stderr(str![[r#"
error: `[ROOT]/config/gatedl/credentials.toml`, line 2: unknown field `token`, expected `active` or `tokens`

"#]])
        .run();
    assert_eq!(sandbox.read("config/gatedl/credentials.toml"), toml.as_bytes());
    assert_eq!(hub.count_all(), 0);
}

#[test]
fn a_name_that_no_file_can_hold_is_refused() {
    let hub = hub_of([Account::new("bob")]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    for name in ["DEFAULT", "", " ", "two\nlines"] {
        let login = auth(&sandbox, &["login", "--token-stdin", "--name", name]).stdin(token_of("bob"));
        login.status(2).any_stderr().run();
    }
    assert!(!sandbox.path("cache/huggingface/token").exists());
}

/// The name that the provider gives may be one of those, and then another can be given.
#[test]
fn a_name_of_the_provider_that_no_file_can_hold_has_a_way_out() {
    let site = CivitAi::start(Vec::new()).account(Account::new("DEFAULT"));
    let sandbox = Sandbox::with_civitai(&site, None);
    sandbox.allow_token_in("config/gatedl/credentials.toml");
    let login = |more: &[&str]| {
        let run = auth(&sandbox, &["login", "civitai", "--token-stdin"]).args(more);
        run.stdin(key_of("DEFAULT"))
    };
    login(&[])
        .status(2)
        .stderr(str![[r#"
error: `DEFAULT` cannot be the name of a login
hint: choose another name with --name

"#]])
        .run();
    login(&["--name", "mine"]).any_stderr().run();
}

/// A shell whose terminal has no echo shows nothing that is typed, and few know `stty sane`.
#[cfg(target_os = "linux")]
#[test]
fn a_prompt_that_is_ended_leaves_the_terminal_as_it_was() {
    use nix::sys::termios::{LocalFlags, tcgetattr};
    let hub = hub_of([]).allow_unused();
    let sandbox = sandbox_of(&hub);
    for end in [Process::terminate, Process::interrupt] {
        let nix::pty::OpenptyResult { master, slave } = nix::pty::openpty(None, None).expect("a terminal");
        let has_echo = || tcgetattr(&master).expect("modes").local_flags.contains(LocalFlags::ECHO);
        assert!(has_echo());
        let process = auth(&sandbox, &["login"]).at_terminal(slave.try_clone().expect("a second handle")).spawn();
        until("it asks", || !has_echo());
        end(&process);
        assert_eq!(process.wait().status, 130);
        assert!(has_echo());
    }
}
