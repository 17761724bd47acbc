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
        "protocol=https\nhost=ｈuggingface.co\n",
        "protocol=https\nhost=huggingface。co\n",
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

/// Two hubs behind one host, as one Artifactory has them: what git does not tell is not guessed.
#[test]
fn of_two_providers_on_one_host_the_path_decides() {
    let hub = hub_of([]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    let url = hub.url();
    let file = |name: &str| sandbox.write_private(&format!("{name}-token"), token_of(name)).display().to_string();
    let corp = |name: &str, path: &str| {
        let token = file(name);
        format!("[provider.{name}]\nprotocol = 'huggingface'\nendpoint = '{url}{path}'\ntoken_file = '{token}'\n")
    };
    sandbox.write("config/gatedl/config.toml", corp("one", "/hf") + &corp("two", "/hf/two"));
    let get = |path: &str| {
        let file = sandbox.path("answer");
        sandbox.allow_token_in("answer");
        let question = format!("protocol=http\nhost={}\n{path}", &url[7..]);
        let run = sandbox.args(["git-credential", "get"]).stdin(question).without_env("HF_ENDPOINT").any_stderr();
        let told = run.stdout_to(std::fs::File::create(&file).expect("a file")).run().stderr;
        let answer = std::fs::read_to_string(file).expect("text").replace(&token_of(""), "TOKEN-OF-");
        (answer, told)
    };
    let answer = |account: &str| (format!("username=hf_user\npassword=TOKEN-OF-{account}\n"), String::new());
    let nothing = (String::new(), String::new());
    assert_eq!(get("path=hf/org/model.git\n"), answer("one"));
    assert_eq!(get("path=hf/two/org/model.git\n"), answer("two"));
    for foreign in ["path=hf-evil/org/model\n", "path=org/model\n", "path=hf/../x\n", "path=hf/%2e%2e/x\n", "path=\n"] {
        assert_eq!(get(foreign), nothing, "{foreign}");
    }
    let (said, told) = get("");
    assert_eq!(said, "");
    assert!(told.contains("useHttpPath true"), "{told}");
}

#[test]
fn a_question_that_git_would_not_ask_is_not_answered() {
    let hub = hub_of([]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    let ask =
        |question: Vec<u8>| sandbox.args(["git-credential", "get"]).stdin(question).env("HF_TOKEN", token_of("bob"));
    let host = format!("protocol=http\nhost={}\n", &hub.url()[7..]);
    for odd in [format!("{host}path=x\rhost=evil\n"), host.replace('\n', "\r\n"), format!("{host}username=a\rb\n")] {
        let told = ask(odd.into_bytes()).status(2).any_stderr().run();
        assert!(told.stderr.contains("carriage return"), "{}", told.stderr);
    }
    ask([host.as_bytes(), b"username=\xff\n"].concat()).run();
    ask(format!("{host}x={}\n", "y".repeat(70_000)).into_bytes()).run();
}
