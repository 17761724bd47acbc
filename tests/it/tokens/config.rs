//! Tokens of the configuration file, and what is wrong with one.

use super::{ask, assert_sent, hub_of};
use crate::sandbox::{Run, Sandbox};
use crate::support::{Hub, token_of, until};
use snapbox::str;

/// A run with this configuration file, which only its owner can read.
fn configured(sandbox: &Sandbox, text: &str) -> Run {
    let path = sandbox.write_private("gatedl.toml", text);
    ask(sandbox).env("GATEDL_CONFIG", path)
}

fn corp(hub: &Hub, key: &str) -> String {
    format!("[provider.corp]\nprotocol = \"huggingface\"\nendpoint = \"{}\"\n{key}\n", hub.url())
}

#[test]
fn each_key_for_a_token_is_read() {
    let hub = hub_of(&["bob"]);
    let sandbox = Sandbox::new(&hub);
    sandbox.write("home/corp-token", token_of("bob") + "\n");
    for key in [
        "token_env = \"CORP_TOKEN\"".to_owned(),
        "token_file = \"~/corp-token\"".to_owned(),
        format!("token = \"{}\"", token_of("bob")),
    ] {
        let text = corp(&hub, &key);
        configured(&sandbox, &text).args(["--provider", "corp"]).env("CORP_TOKEN", token_of("bob")).run();
        assert_sent(&hub, "bob");
    }
}

#[cfg(unix)]
#[test]
fn a_command_may_print_the_token() {
    let hub = hub_of(&["bob"]);
    let sandbox = Sandbox::new(&hub);
    let file = sandbox.write("secret", token_of("bob") + "\n");
    let key = format!("token_command = [\"cat\", \"{}\"]", file.display());
    configured(&sandbox, &corp(&hub, &key)).args(["--provider", "corp"]).run();
    assert_sent(&hub, "bob");
}

#[cfg(unix)]
#[test]
fn a_command_that_prints_no_token_ends_the_run() {
    let hub = hub_of(&[]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    let run = |command: &str| {
        configured(&sandbox, &corp(&hub, &format!("token_command = {command}"))).args(["--provider", "corp"]).status(3)
    };
    run("[\"false\"]")
        .stderr(str![[r#"
error: the token command `false` failed (exit status: 1)

"#]])
        .run();
    run("[\"true\"]")
        .stderr(str![[r#"
error: there is no token in `token_command` of [provider.corp] in the configuration file
hint: `--anonymous` asks without a token

"#]])
        .run();
    run("[\"no-such-program-of-gatedl\"]")
        .stderr(str![[r#"
error: the token command `no-such-program-of-gatedl` could not be started: No such file or directory (os error 2)

"#]])
        .run();
}

#[cfg(unix)]
#[test]
fn a_command_that_waits_for_a_passphrase_can_be_interrupted() {
    let hub = hub_of(&[]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    let (begun, alive) = (sandbox.path("desk/begun"), sandbox.path("desk/alive"));
    assert!(std::process::Command::new("mkfifo").arg(&alive).status().expect("mkfifo").success());
    // the pipe ends when the last process has gone that holds it: the shell, and what the shell started
    let script = format!("exec 2> /dev/null 3> {}; sleep 600 & : > {}; wait", alive.display(), begun.display());
    let key = format!("token_command = [\"sh\", \"-c\", \"{script}\"]");
    let running = configured(&sandbox, &corp(&hub, &key)).args(["--provider", "corp"]).spawn();
    let ended = std::thread::spawn(move || std::fs::read(alive));
    until("the command waits", || begun.exists());
    running.terminate();
    let finished = running.wait();
    until("the command and its child have ended", || ended.is_finished());
    assert_eq!(finished.status, 130, "{}", finished.stderr);
}

#[test]
fn the_narrowest_bound_token_wins_over_the_configured_one_and_the_environment_over_both() {
    let hub = hub_of(&["default", "acme", "special", "variable"]);
    let sandbox = Sandbox::new(&hub);
    let bound = |name: &str, only: &str| {
        format!("[tokens.{name}]\nprovider = \"hf\"\nonly = [\"{only}\"]\ntoken = \"{}\"\n", token_of(name))
    };
    let default = format!("[provider.hf]\ntoken = \"{}\"\n", token_of("default"));
    let text = default + &bound("acme", "acme/*") + &bound("special", "acme/special");
    let config = sandbox.write_private("gatedl.toml", text);
    for (repository, account) in [("org/model", "default"), ("acme/model", "acme"), ("acme/special", "special")] {
        let run = || sandbox.args(["pull", "--dry-run", repository]).env("GATEDL_CONFIG", &config).any_stdout();
        run().run();
        assert_sent(&hub, account);
        run().env("HF_TOKEN", token_of("variable")).run();
        assert_sent(&hub, "variable");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_configuration_is_found_in_the_users_folder() {
    let hub = hub_of(&["bob"]);
    let sandbox = Sandbox::new(&hub);
    let text = format!("[provider.hf]\ntoken = \"{}\"\n", token_of("bob"));
    sandbox.write_private("config/gatedl/config.toml", text);
    ask(&sandbox).run();
    assert_sent(&hub, "bob");
}

#[cfg(unix)]
#[test]
fn a_configuration_with_a_token_that_others_can_read_is_refused_with_the_command_that_mends_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::without_hub();
    let path = sandbox.write("gatedl.toml", format!("[provider.hf]\ntoken = \"{}\"\n", token_of("bob")));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("a mode");
    let run = sandbox.args(["pull", "org/model"]).env("GATEDL_CONFIG", &path);
    run.status(2)
        .stderr(str![[r#"
error: `[ROOT]/gatedl.toml` holds a token and other users can read it
hint: run `chmod 600 '[ROOT]/gatedl.toml'`

"#]])
        .run();
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_write_does_not_say_where_tokens_go() {
    use std::os::unix::fs::PermissionsExt as _;
    let hub = hub_of(&["bob"]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    let path = sandbox.write("gatedl.toml", "[provider.hf]\nendpoint = 'https://evil.example'\n");
    let env_file = sandbox.write("desk/.env", "HF_ENDPOINT=https://evil.example\n");
    let catalog = sandbox.write("desk/catalog.json", "{}");
    let mode = |path: &std::path::Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
    };
    let config = || ask(&sandbox).env("GATEDL_CONFIG", &path).env("HF_TOKEN", token_of("bob"));
    let worker = || sandbox.args(["vix", "list", "--env-file", ".env", "--catalog"]).args([&catalog]).any_stdout();
    mode(&path, 0o646);
    config()
        .status(2)
        .stderr(str![[r#"
error: other users can write `[ROOT]/gatedl.toml`, and it says where tokens are sent
hint: if it says what you want, run `chmod go-w '[ROOT]/gatedl.toml'` (a file of somebody else: copy it first)

"#]])
        .run();
    mode(&env_file, 0o666);
    worker().status(2).any_stderr().run();
    mode(&env_file, 0o644);
    worker().any_stderr().run();
    assert_eq!(hub.count_all(), 0);
}

#[test]
fn mistakes_in_the_configuration_name_the_line_and_never_the_value() {
    let sandbox = Sandbox::without_hub();
    let token = token_of("bob");
    let run = |text: String| configured(&sandbox, &text).status(2);
    run("default_provider = \"hf\"\nendpiont = \"https://x\"\n".to_owned())
        .stderr(str![[r#"
error: `[ROOT]/gatedl.toml`, line 2: unknown field `endpiont`, expected one of `default_provider`, `provider`, `tokens`

"#]])
        .run();
    run("\n[provider.corp]\nprotocol = \"gopher\"\n".to_owned())
        .stderr(str![[r#"
error: `[ROOT]/gatedl.toml`, line 3: unknown variant `gopher`, expected `huggingface`

"#]])
        .run();
    run(format!("[provider.hf]\ntoken = [\"{token}\"]\n"))
        .stderr(str![[r#"
error: `[ROOT]/gatedl.toml`, line 2: invalid type: sequence, expected a string

"#]])
        .run();
    run(format!("[provider.hf]\ntoken = \"{token}\n"))
        .stderr(str![[r#"
error: `[ROOT]/gatedl.toml`, line 2: invalid basic string, expected a closing quote

"#]])
        .run();
    run("[provider.corp]\nprotocol = \"huggingface\"\n".to_owned())
        .stderr(str![[r#"
error: `[ROOT]/gatedl.toml`, line 1: [provider.corp]: a new provider needs `protocol = "huggingface"` and an `endpoint`

"#]])
        .run();
    run("default_provider = \"corp\"\n".to_owned())
        .stderr(str![[r#"
error: `[ROOT]/gatedl.toml`, line 1: default_provider: there is no provider `corp`

"#]])
        .run();
    run("[tokens.acme]\nprovider = \"acme\"\nonly = [\"acme/*\"]\ntoken_env = \"ACME\"\n".to_owned())
        .stderr(str![[r#"
error: `[ROOT]/gatedl.toml`, line 1: [tokens.acme]: there is no provider `acme`

"#]])
        .run();
}

#[test]
fn a_configuration_that_is_named_must_be_there() {
    let sandbox = Sandbox::without_hub();
    let run = sandbox.args(["pull", "org/model"]).env("GATEDL_CONFIG", "nowhere.toml");
    run.status(2)
        .stderr(str![[r#"
error: could not read the configuration file `nowhere.toml`
  caused by: No such file or directory (os error 2)

"#]])
        .run();
}
