//! Many repositories in one run: in the order they were given, each asked about twice at most, each token once.

use super::{access_as, assert_no_trace, model};
use crate::sandbox::Sandbox;
use crate::support::{Access, Account, CANARY, Gate, Hub, Repository, token_of};
use serde_json::json;
use snapbox::str;

fn hub_of_many() -> Hub {
    let corpus = Repository::dataset("org/corpus").gated(Gate::Auto).file("train.csv", "1\n");
    Hub::start(vec![model("org/model", Gate::Manual), model("org/open", Gate::Open), corpus])
        .account(Account::new("bob"))
        .access("bob", "org/model", Access::Rejected)
        .access("bob", "datasets/org/corpus", Access::Granted)
}

#[test]
fn the_worst_answer_decides_the_exit_status() {
    let hub = hub_of_many();
    let sandbox = Sandbox::new(&hub);
    let references = ["datasets/org/corpus", "org/model", "org/none", "org/open", "org/open"];
    access_as(&sandbox, "bob", &references)
        .status(4)
        .stdout(str![[r#"
REPOSITORY           GATE    ACCESS                TOKEN
datasets/org/corpus  auto    granted               HF_TOKEN
org/model            manual  rejected              HF_TOKEN
org/none             ?       not found or private  HF_TOKEN
org/open             open    granted               HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: `bob`
  token: `bob-token`, role read
  gated repositories: may be read

access to `org/model` is gated and the request of this account was rejected
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Your request to access model org/model has been rejected by the repo's authors.
  hint: a rejected request cannot be repeated; only the owners can help: https://huggingface.co/org/model/discussions
  hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

`org/none` does not exist, or is private and this token may not see it
  caused by: 404 Not Found for [HUB]/api/models/org/none/revision/main (request id [ID])
  server says: Repository not found
  hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]])
        .run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/datasets/org/corpus/auth-check 200
GET hub /api/datasets/org/corpus/revision/main 200
GET hub /api/datasets/org/none 404
GET hub /api/models/org/model/auth-check 403
GET hub /api/models/org/model/revision/main 200
GET hub /api/models/org/none/revision/main 404
GET hub /api/models/org/open/revision/main 200
GET hub /api/models?author=org&limit=200 200
GET hub /api/spaces/org/none 404
GET hub /api/whoami-v2 200

"#]]
    );
    access_as(&sandbox, "bob", &["org/open", "org/none"]).status(5).any_stdout().run();
    access_as(&sandbox, "bob", &["org/open", "datasets/org/corpus"]).any_stdout().run();
    assert_no_trace(&sandbox);
}

#[test]
fn two_organizations_have_a_token_each() {
    let hub = Hub::start(vec![
        model("acme/a", Gate::Open).private(),
        model("acme/b", Gate::Open).private(),
        model("beta/c", Gate::Open).private(),
    ])
    .account(Account::new("bob").in_organization("acme"))
    .account(Account::new("carol").in_organization("beta"));
    let sandbox = Sandbox::new(&hub);
    let config = "[tokens.acme]\nprovider = \"hf\"\nonly = [\"acme/*\"]\ntoken_env = \"ACME\"\n\
                  [tokens.beta]\nprovider = \"hf\"\nonly = [\"beta/*\"]\ntoken_env = \"BETA\"\n";
    let config = sandbox.write("gatedl.toml", config);
    let run = || {
        let run = sandbox.args(["access", "acme/a", "beta/c", "acme/b"]).env("GATEDL_CONFIG", &config);
        run.env("ACME", token_of("bob")).env("BETA", token_of("carol"))
    };
    run()
        .stdout(str![[r#"
REPOSITORY  GATE     ACCESS   TOKEN
acme/a      private  granted  [tokens.acme]
beta/c      private  granted  [tokens.beta]
acme/b      private  granted  [tokens.acme]

token from [tokens.acme] of the configuration file, for [HUB] only
  account: `bob` (organizations: acme)
  token: `bob-token`, role read
  gated repositories: may be read

token from [tokens.beta] of the configuration file, for [HUB] only
  account: `carol` (organizations: beta)
  token: `carol-token`, role read
  gated repositories: may be read

"#]])
        .run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/acme/a/auth-check 200
GET hub /api/models/acme/a/revision/main 200
GET hub /api/models/acme/b/auth-check 200
GET hub /api/models/acme/b/revision/main 200
GET hub /api/models/beta/c/auth-check 200
GET hub /api/models/beta/c/revision/main 200
GET hub /api/whoami-v2 200
GET hub /api/whoami-v2 200

"#]]
    );
    let run = run().args(["--json"]).any_stdout().run();
    let document = run.json();
    let tokens: Vec<_> =
        document["repos"].as_array().into_iter().flatten().map(|repo| repo["token"].as_u64()).collect();
    assert_eq!(tokens, [Some(0), Some(1), Some(0)]);
}

#[cfg(unix)]
#[test]
fn a_token_command_is_run_once_for_many_repositories() {
    let hub = hub_of_many();
    let sandbox = Sandbox::new(&hub);
    let secret = sandbox.write("secret", token_of("bob"));
    let script = format!("echo >> {}; cat {}", sandbox.path("desk/runs").display(), secret.display());
    let config = format!("[provider.hf]\ntoken_command = [\"sh\", \"-c\", \"{script}\"]\n");
    let config = sandbox.write("gatedl.toml", config);
    let run = sandbox.args(["access", "org/open", "datasets/org/corpus", "org/none"]).env("GATEDL_CONFIG", config);
    run.status(5).any_stdout().run();
    assert_eq!(sandbox.read("desk/runs"), b"\n");
}

#[test]
fn a_list_has_a_reference_on_each_line_and_comments() {
    let hub = hub_of_many();
    let sandbox = Sandbox::new(&hub);
    let list =
        "# for the worker\norg/open\n\nhttps://huggingface.co/datasets/org/corpus/blob/main/train.csv#L1   # rows\n";
    sandbox.write("desk/models.txt", list);
    access_as(&sandbox, "bob", &["--file", "models.txt"])
        .stdout(str![[r#"
REPOSITORY           GATE  ACCESS   TOKEN
org/open             open  granted  HF_TOKEN
datasets/org/corpus  auto  granted  HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: `bob`
  token: `bob-token`, role read
  gated repositories: may be read

"#]])
        .run();

    sandbox.write("desk/models.txt", "org/open\na/b/c\n");
    access_as(&sandbox, "bob", &["--file", "models.txt"]).status(2).stderr(str![[r#"
error: `models.txt`, line 2: `a/b/c` is not a repository id: it is `name` or `owner/name`, with one slash at most; files follow after a blank
hint: if it is a file: `gatedl pull a/b c`

"#]]).run();
    sandbox.write("desk/models.txt", "# nothing yet\n");
    access_as(&sandbox, "bob", &["--file", "models.txt"])
        .status(2)
        .stderr(str![[r#"
error: `models.txt` lists nothing that can be asked about

"#]])
        .run();
    access_as(&sandbox, "bob", &["--file", "none.txt"])
        .status(2)
        .stderr(str![[r#"
error: could not read `none.txt`: No such file or directory (os error 2)

"#]])
        .run();
}

#[test]
fn one_token_for_one_provider_is_not_sent_to_two() {
    let hub = hub_of_many();
    let sandbox = Sandbox::new(&hub);
    let run = || sandbox.args(["access", "hf:org/open", "ba:org/open"]).env("BA_ENDPOINT", hub.url());
    run()
        .args(["--token-stdin"])
        .stdin(CANARY)
        .status(2)
        .stderr(str![[r#"
error: --token-stdin is for one provider, but these are of `hf` and `ba`

"#]])
        .run();
    run()
        .args(["--endpoint", &hub.url()])
        .status(2)
        .stderr(str![[r#"
error: --endpoint is for one provider, but these are of `hf` and `ba`

"#]])
        .run();
    assert_eq!(hub.count_all(), 0);
    run()
        .stdout(str![[r#"
REPOSITORY   GATE  ACCESS   TOKEN
org/open     open  granted  none
ba:org/open  open  granted  none

"#]])
        .run();
}

#[test]
fn nothing_is_asked_offline() {
    let hub = hub_of_many().allow_unused();
    let sandbox = Sandbox::new(&hub);
    access_as(&sandbox, "bob", &["org/open"])
        .env("HF_HUB_OFFLINE", "1")
        .status(2)
        .stderr(str![[r#"
error: HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set, and only the provider knows whether a gate is open

"#]])
        .run();
    sandbox.args(["access"]).status(2).any_stderr().run();
    assert_eq!(hub.count_all(), 0);
}

#[test]
fn a_hub_that_is_down_is_an_answer_too() {
    let sandbox = Sandbox::without_hub();
    let run = sandbox.args(["access", "org/model"]).env("HF_ENDPOINT", "http://127.0.0.1:9");
    run.status(7)
        .stdout(str![[r#"
REPOSITORY  GATE  ACCESS     TOKEN
org/model   ?     not known  none

could not ask 127.0.0.1 about `org/model`
  caused by: could not connect: http://127.0.0.1:9/api/models/org/model/revision/main
  caused by: Connection refused (os error 111)
  hint: `gatedl doctor` looks for the reason; `gatedl pull --offline` uses what is in the cache

"#]])
        .run();
}

#[test]
fn a_catalog_of_visionatrix_is_a_list_of_models() {
    let hub = hub_of_many();
    let sandbox = Sandbox::new(&hub);
    let entry = |url: &str| {
        json!({"url": url, "hash": "0".repeat(64), "file_size": 1, "regexes": [], "types": ["checkpoints"],
               "filename": "model.bin"})
    };
    let catalog = json!({
        "Open": entry("https://huggingface.co/org/open/resolve/main/config.json"),
        "Gated": entry("https://huggingface.co/org/model/resolve/main/config.json"),
        "Elsewhere": entry("https://github.com/acme/rife/releases/download/v1/rife.pth"),
    });
    sandbox.write("desk/models_catalog.json", catalog.to_string());
    let run = access_as(&sandbox, "bob", &["--file", "models_catalog.json"]);
    run.status(4)
        .stdout(str![[r#"
REPOSITORY  GATE    ACCESS    TOKEN
org/model   manual  rejected  HF_TOKEN
org/open    open    granted   HF_TOKEN

token from HF_TOKEN, for [HUB] only
  account: `bob`
  token: `bob-token`, role read
  gated repositories: may be read

access to `org/model` is gated and the request of this account was rejected
  caused by: 403 Forbidden for [HUB]/api/models/org/model/auth-check (request id [ID])
  server says: Your request to access model org/model has been rejected by the repo's authors.
  hint: a rejected request cannot be repeated; only the owners can help: https://huggingface.co/org/model/discussions
  hint: the token came from HF_TOKEN (account `bob`); `gatedl auth status` shows the others

"#]])
        .stderr(str![[r#"
warning: 1 of the catalog's models are on hosts that have no gates to ask

"#]])
        .run();

    let hostile = json!({"Bad": entry("file:///etc/passwd")});
    sandbox.write("desk/models_catalog.json", hostile.to_string());
    access_as(&sandbox, "bob", &["--file", "models_catalog.json"]).status(2).stderr(str![[r#"
error: the entry `Bad` of the catalog `models_catalog.json` cannot be used: its `url` begins with `file:`, which is not the web
hint: nothing of this catalog is used until that entry is mended or taken out

"#]]).run();
}
