//! `gatedl auth status`: every place in order, and one question about the token that wins.

use super::{auth, hub_of, log_in, sandbox_of};
use crate::sandbox::Sandbox;
use crate::support::{Account, Hub, Role, token_of};
use snapbox::str;

const CONFIG: &str = "[tokens.acme]\nprovider = 'hf'\nonly = ['acme/*']\ntoken_command = ['/no/such/program']\n";

#[test]
fn every_place_is_listed_and_the_one_that_wins_is_asked_about_once() {
    let hub = hub_of([Account::new("bob").in_organization("acme")]);
    let sandbox = Sandbox::new(&hub);
    sandbox.write_private("cache/huggingface/token", token_of("carol"));
    sandbox.write_private("config/gatedl/config.toml", CONFIG);
    let status = auth(&sandbox, &["status"]).env("HF_TOKEN", token_of("bob")).env("HF_ACCESS_TOKEN", token_of("dave"));
    status
        .stdout(str![[r#"
hf at [HUB]
  no token    HF_AUTH_TOKEN
  used        HF_TOKEN
  no token    HUGGING_FACE_HUB_TOKEN
  shadowed    HF_ACCESS_TOKEN
  not run     [tokens.acme] of the configuration file, for acme/*
  shadowed    [ROOT]/cache/huggingface/token
  account: `bob` (organizations: acme)
  token: `bob-token`, role read
  gated repositories: may be read

ba at https://boincai.com
  no token    BA_ACCESS_TOKEN
  no token    BA_TOKEN
  no token    [ROOT]/config/gatedl/credentials.toml
  no token is sent; `gatedl auth login ba` stores one

civitai at https://civitai.com
  no token    CA_API_KEY
  no token    CA_AUTH_TOKEN
  no token    CIVITAI_API_TOKEN
  no token    CIVITAI_TOKEN
  no token    CIVITAI_API_KEY
  no token    [ROOT]/config/gatedl/credentials.toml
  no token is sent; `gatedl auth login civitai` stores one

"#]])
        .run();
    assert_eq!(hub.take_log(), "GET hub /api/whoami-v2 200\n");
}

#[test]
fn without_a_token_nobody_is_asked_and_that_is_no_error() {
    let hub = hub_of([]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    auth(&sandbox, &["status", "hf"])
        .stdout(str![[r#"
hf at [HUB]
  no token    HF_AUTH_TOKEN
  no token    HF_TOKEN
  no token    HUGGING_FACE_HUB_TOKEN
  no token    HF_ACCESS_TOKEN
  no token    [ROOT]/cache/huggingface/token
  no token is sent; `gatedl auth login hf` stores one

"#]])
        .run();
    assert_eq!(hub.count_all(), 0);
}

#[test]
fn offline_says_what_is_used_and_asks_nobody() {
    let hub = hub_of([]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    sandbox.write_private("cache/huggingface/token", token_of("bob"));
    auth(&sandbox, &["status", "hf", "--offline"])
        .stdout(str![[r#"
hf at [HUB]
  no token    HF_AUTH_TOKEN
  no token    HF_TOKEN
  no token    HUGGING_FACE_HUB_TOKEN
  no token    HF_ACCESS_TOKEN
  used        [ROOT]/cache/huggingface/token
  account: not asked for

"#]])
        .run();
    auth(&sandbox, &["status", "hf"]).env("HF_HUB_OFFLINE", "1").any_stdout().run();
    assert_eq!(hub.count_all(), 0);
}

#[test]
fn a_bad_token_is_3_and_says_where_it_came_from() {
    let hub = hub_of([Account::new("old").expired(), Account::new("fired").revoked()]);
    let sandbox = Sandbox::new(&hub);
    let status = |name| auth(&sandbox, &["status", "hf"]).env("HF_TOKEN", token_of(name)).any_stdout().status(3);
    status("old")
        .stderr(str![[r#"
error: the token from HF_TOKEN has expired
  caused by: 401 Unauthorized for [HUB]/api/whoami-v2 (request id [ID])
  server says: User Access Token "old-token" is expired
hint: make a new token at https://huggingface.co/settings/tokens

"#]])
        .run();
    status("fired")
        .stderr(str![[r#"
error: the token from HF_TOKEN is not valid
  caused by: 403 Forbidden for [HUB]/api/whoami-v2 (request id [ID])
  server says: Your token has been revoked by the organization administrator, please use another one.
hint: make a new token at https://huggingface.co/settings/tokens

"#]])
        .run();
    let status = auth(&sandbox, &["status", "hf"]).env("HF_TOKEN", token_of("nobody")).status(3);
    status
        .stdout(str![[r#"
hf at [HUB]
  no token    HF_AUTH_TOKEN
  used        HF_TOKEN
  no token    HUGGING_FACE_HUB_TOKEN
  no token    HF_ACCESS_TOKEN
  no token    [ROOT]/cache/huggingface/token
  account: not known: the token from HF_TOKEN is not valid

"#]])
        .stderr(str![[r#"
error: the token from HF_TOKEN is not valid
  caused by: 401 Unauthorized for [HUB]/api/whoami-v2 (request id [ID])
  server says: Invalid username or password.
hint: make a new token at https://huggingface.co/settings/tokens

"#]])
        .run();
}

#[test]
fn a_hub_that_does_not_answer_is_7_and_no_verdict_on_the_token() {
    let sandbox = Sandbox::without_hub();
    let status = auth(&sandbox, &["status", "hf"]).env("HF_ENDPOINT", "http://127.0.0.1:9");
    status
        .env("HF_TOKEN", token_of("bob"))
        .status(7)
        .stdout(str![[r#"
hf at http://127.0.0.1:9
  no token    HF_AUTH_TOKEN
  used        HF_TOKEN
  no token    HUGGING_FACE_HUB_TOKEN
  no token    HF_ACCESS_TOKEN
  no token    [ROOT]/cache/huggingface/token
  account: not known: could not ask 127.0.0.1 whose token it is

"#]])
        .stderr(str![[r#"
error: could not ask 127.0.0.1 whose token it is
  caused by: could not connect: http://127.0.0.1:9/api/whoami-v2
  caused by: Connection refused (os error 111)
hint: `gatedl doctor` looks for the reason; `gatedl pull --offline` uses what is in the cache

"#]])
        .run();
}

#[test]
fn a_token_that_may_do_more_or_less_than_a_download_needs_is_warned_about() {
    let hub = hub_of([Account::new("mighty").role(Role::Write), Account::new("meek").without_gated_permission()]);
    let sandbox = Sandbox::new(&hub);
    let status = |name| auth(&sandbox, &["status", "hf"]).env("HF_TOKEN", token_of(name)).any_stdout();
    status("mighty").stderr(str![[r#"
warning: the token from HF_TOKEN may also write; a download needs a read or fine-grained token, which does less harm in other hands

"#]]).run();
    status("meek").stdout(str![[r#"
hf at [HUB]
  no token    HF_AUTH_TOKEN
  used        HF_TOKEN
  no token    HUGGING_FACE_HUB_TOKEN
  no token    HF_ACCESS_TOKEN
  no token    [ROOT]/cache/huggingface/token
  account: `meek`
  token: `meek-token`, role fine-grained
  gated repositories: may not be read with this token
  may: repo.content.read (user meek)

"#]]).stderr(str![[r#"
warning: the token from HF_TOKEN may not read gated repositories, whatever its account may; tick "Read access to contents of all public gated repos you can access" on its page

"#]]).run();
}

#[test]
fn each_provider_is_asked_with_its_own_token() {
    let (hub, other) = (hub_of([Account::new("bob")]), hub_of([Account::new("carol")]));
    let sandbox = Sandbox::new(&hub);
    let status = auth(&sandbox, &["status", "--json"]).env("HF_TOKEN", token_of("bob"));
    let told = status.env("BA_ENDPOINT", other.url()).env("BA_TOKEN", token_of("carol")).any_stdout().run().json();
    let names = |hub: &Hub| hub.requests().iter().map(|request| request.token.clone()).collect::<Vec<_>>();
    assert_eq!((names(&hub), names(&other)), (vec![Some("bob".to_owned())], vec![Some("carol".to_owned())]));
    let providers = told["providers"].as_array().expect("a list");
    let of = |name: &str| providers.iter().find(|provider| provider["provider"] == name).expect("a provider");
    assert_eq!((&of("hf")["used"], &of("ba")["used"]), (&"HF_TOKEN".into(), &"BA_TOKEN".into()));
    assert_eq!(of("ba")["account"]["name"], "carol");
    assert_eq!(of("ba")["host"], other.url());
}

#[test]
fn a_place_that_cannot_be_read_is_named_and_ends_as_a_pull_would() {
    let hub = hub_of([]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    sandbox.write("config/gatedl/config.toml", "[provider.hf]\ntoken_file = 'nowhere'\n");
    auth(&sandbox, &["status", "hf"])
        .status(2)
        .stdout(str![[r#"
hf at [HUB]
  no token    HF_AUTH_TOKEN
  no token    HF_TOKEN
  no token    HUGGING_FACE_HUB_TOKEN
  no token    HF_ACCESS_TOKEN
  unreadable  `token_file` of [provider.hf] in the configuration file: could not read the token file `nowhere`
  no token    [ROOT]/cache/huggingface/token
  no token is sent

"#]])
        .stderr(str![[r#"
error: could not read the token file `nowhere`
  caused by: No such file or directory (os error 2)

"#]])
        .run();
    // what comes first hides it
    let status = auth(&sandbox, &["status", "hf", "--offline"]).env("HF_TOKEN", token_of("bob"));
    status
        .stdout(str![[r#"
hf at [HUB]
  no token    HF_AUTH_TOKEN
  used        HF_TOKEN
  no token    HUGGING_FACE_HUB_TOKEN
  no token    HF_ACCESS_TOKEN
  unreadable  `token_file` of [provider.hf] in the configuration file: could not read the token file `nowhere`
  no token    [ROOT]/cache/huggingface/token
  account: not asked for

"#]])
        .run();
}

#[test]
fn where_no_token_is_looked_for_that_is_said() {
    let hub = hub_of([]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    let status = auth(&sandbox, &["status", "hf"]).env("HF_TOKEN", token_of("bob"));
    status
        .env("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
        .stdout(str![[r#"
no token is looked for: HF_HUB_DISABLE_IMPLICIT_TOKEN is set

hf at [HUB]
  no token    HF_AUTH_TOKEN
  withheld    HF_TOKEN
  no token    HUGGING_FACE_HUB_TOKEN
  no token    HF_ACCESS_TOKEN
  no token    [ROOT]/cache/huggingface/token
  no token is sent

"#]])
        .run();
    assert_eq!(hub.count_all(), 0);
}

#[test]
fn a_stored_login_is_called_by_its_name() {
    let hub = hub_of([Account::new("bob")]);
    let sandbox = sandbox_of(&hub);
    log_in(&sandbox, "bob", "laptop-read");
    auth(&sandbox, &["status", "hf"])
        .stdout(str![[r#"
hf at [HUB]
  no token    HF_AUTH_TOKEN
  no token    HF_TOKEN
  no token    HUGGING_FACE_HUB_TOKEN
  no token    HF_ACCESS_TOKEN
  used        [ROOT]/cache/huggingface/token, login `laptop-read`
  account: `bob`
  token: `bob-token`, role read
  gated repositories: may be read

"#]])
        .run();
}

#[test]
fn a_token_that_is_not_sent_over_plain_http_is_asked_about_by_nobody() {
    let sandbox = Sandbox::without_hub();
    let status = auth(&sandbox, &["status", "hf"]).env("HF_ENDPOINT", "http://mirror.example");
    status.env("HF_TOKEN", token_of("bob")).stdout(str![[r#"
hf at http://mirror.example
  no token    HF_AUTH_TOKEN
  used        HF_TOKEN
  no token    HUGGING_FACE_HUB_TOKEN
  no token    HF_ACCESS_TOKEN
  no token    [ROOT]/cache/huggingface/token
  no token is sent

"#]]).stderr(str![[r#"
warning: the token from HF_TOKEN was not sent: http://mirror.example is plain http and anyone on the way could read it (--allow-insecure-http sends it all the same)

"#]]).run();
}

#[cfg(unix)]
#[test]
fn a_command_is_run_when_its_token_is_the_one_that_is_used() {
    let hub = hub_of([Account::new("bob")]);
    let sandbox = sandbox_of(&hub);
    let file = sandbox.write_private("vault", token_of("bob"));
    let config = format!("[provider.hf]\ntoken_command = ['cat', '{}']\n", file.display());
    sandbox.write("config/gatedl/config.toml", config);
    auth(&sandbox, &["status", "hf"])
        .stdout(str![[r#"
hf at [HUB]
  no token    HF_AUTH_TOKEN
  no token    HF_TOKEN
  no token    HUGGING_FACE_HUB_TOKEN
  no token    HF_ACCESS_TOKEN
  used        `token_command` of [provider.hf] in the configuration file
  no token    [ROOT]/cache/huggingface/token
  account: `bob`
  token: `bob-token`, role read
  gated repositories: may be read

"#]])
        .run();
    auth(&sandbox, &["status", "hf", "--offline"])
        .env("HF_TOKEN", token_of("bob"))
        .stdout(str![[r#"
hf at [HUB]
  no token    HF_AUTH_TOKEN
  used        HF_TOKEN
  no token    HUGGING_FACE_HUB_TOKEN
  no token    HF_ACCESS_TOKEN
  not run     `token_command` of [provider.hf] in the configuration file
  no token    [ROOT]/cache/huggingface/token
  account: not asked for

"#]])
        .run();
}

#[test]
fn a_file_of_logins_that_cannot_be_read_is_named() {
    let hub = hub_of([]).allow_unused();
    let sandbox = Sandbox::new(&hub);
    std::fs::create_dir_all(sandbox.path("cache/huggingface/token")).expect("a folder where a file should be");
    auth(&sandbox, &["status", "hf"])
        .status(2)
        .any_stdout()
        .stderr(str![[r#"
error: could not read the token file `[ROOT]/cache/huggingface/token`
  caused by: Is a directory (os error 21)

"#]])
        .run();
    sandbox.args(["pull", "org/model"]).status(2).any_stderr().run();
}
