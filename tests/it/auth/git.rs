//! `gatedl git-credential`: git's own host gets its token, every other host silence. Real git is in `tests/compat`.

use super::hub_of;
use crate::sandbox::Sandbox;
use crate::support::{Account, Hub, token_of};

/// What the helper answers, read from a file: the sandbox takes any token in the output for a leak.
fn answer(sandbox: &Sandbox, hub: &Hub, operation: &str, question: &str) -> String {
    let file = sandbox.path("answer");
    sandbox.allow_token_in("answer");
    let run = sandbox.args(["git-credential", operation]).stdin(question.replace("HUB", &hub.url()[7..]));
    run.env("HF_TOKEN", token_of("bob")).stdout_to(std::fs::File::create(&file).expect("a file")).run();
    let answer = std::fs::read_to_string(file).expect("text");
    answer.replace(&token_of("bob"), "TOKEN-OF-bob").replace(&token_of("acme"), "TOKEN-OF-acme")
}

#[test]
fn the_providers_own_host_gets_its_token() {
    let hub = hub_of([Account::new("bob")]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    let get = |question: &str| answer(&sandbox, &hub, "get", question);
    assert_eq!(get("protocol=http\nhost=HUB\n\n"), "username=hf_user\npassword=TOKEN-OF-bob\n");
    assert_eq!(get("protocol=http\nhost=HUB\nusername=me\n"), "username=me\npassword=TOKEN-OF-bob\n");
    assert_eq!(hub.count_all(), 0);
}

#[test]
fn every_other_host_gets_nothing() {
    let hub = hub_of([]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    for question in [
        "protocol=https\nhost=HUB\n",
        "protocol=https\nhost=huggingface.co\n",
        "protocol=https\nhost=github.com\n",
        "protocol=https\nhost=boincai.com\n",
        "protocol=https\nhost=civitai.com\n",
        "protocol=http\nhost=HUB.evil.example\n",
        "protocol=http\nhost=evil.example#HUB\n",
        "protocol=http\nhost=127.0.0.1\n",
        "protocol=ssh\nhost=HUB\n",
        "nonsense",
        "",
    ] {
        assert_eq!(answer(&sandbox, &hub, "get", question), "", "{question}");
    }
    for operation in ["store", "erase", "something-new"] {
        assert_eq!(answer(&sandbox, &hub, operation, "protocol=http\nhost=HUB\n"), "", "{operation}");
    }
}

#[test]
fn a_token_for_some_repositories_is_given_for_those() {
    let hub = hub_of([]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    let file = sandbox.write_private("acme-token", token_of("acme"));
    let bound = format!("[tokens.acme]\nprovider = 'hf'\nonly = ['acme/*']\ntoken_file = '{}'\n", file.display());
    sandbox.write("config/gatedl/config.toml", bound);
    let get = |path: &str| {
        let question = format!("protocol=http\nhost={}\npath={path}\n", &hub.url()[7..]);
        let file = sandbox.path("answer");
        sandbox.allow_token_in("answer");
        let run = sandbox.args(["git-credential", "get"]).stdin(question);
        run.stdout_to(std::fs::File::create(&file).expect("a file")).run();
        std::fs::read_to_string(file).expect("text").replace(&token_of("acme"), "TOKEN-OF-acme")
    };
    assert_eq!(get("acme/model.git"), "username=hf_user\npassword=TOKEN-OF-acme\n");
    assert_eq!(get("org/model.git"), "");
}

#[test]
fn a_token_never_goes_to_git_for_a_host_that_others_can_listen_to() {
    let sandbox = Sandbox::without_hub();
    let get = sandbox.args(["git-credential", "get"]).stdin("protocol=http\nhost=mirror.example\n");
    get.env("HF_ENDPOINT", "http://mirror.example").env("HF_TOKEN", token_of("bob")).run();
}
