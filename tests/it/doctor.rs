//! `gatedl doctor`: what it finds on a machine that is well, and each way in which one can be ill.

use crate::forward::{Proxy, Tls};
use crate::sandbox::{Finished, Run, Sandbox};
use crate::support::civitai::CivitAi;
use crate::support::{
    Access, Account, At, CANARY, Fault, Gate, Hub, Repository, Role, Times, generated, key_of, token_of,
};
use serde_json::Value;
use snapbox::str;
use std::fs;

fn hub() -> Hub {
    let model = Repository::model("org/model").gated(Gate::Manual);
    let model = model.file("config.json", "{}\n").lfs("model.bin", generated(1, 20_000));
    Hub::start(vec![model]).account(Account::new("bob")).access("bob", "org/model", Access::Granted)
}

fn doctor(sandbox: &Sandbox) -> Run {
    sandbox.args(["doctor"]).env("HF_TOKEN", token_of("bob"))
}

/// The check of a subject in a document.
#[track_caller]
fn check(finished: &Finished, subject: &str) -> Value {
    let document = finished.json();
    let mut checks = document["checks"].as_array().into_iter().flatten();
    let found = checks.find(|check| check["subject"].as_str().is_some_and(|name| name.contains(subject)));
    found.unwrap_or_else(|| panic!("no {subject} in {}", finished.stdout)).clone()
}

#[test]
fn a_machine_that_is_well_has_a_row_for_each_thing() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    doctor(&sandbox)
        .stdout(str![[r#"
gatedl [..]

cache
  ok    folder: [ROOT]/cache/huggingface/hub is not there yet and can be made
  ok    symlink: yes
  ok    hardlink: yes
  ok    reflink: [..]
  ok    flock: works
  ok    space: [..] GB free
  ok    unfinished: none

network
  ok    certificates: the system's and Mozilla's
  ok    [HUB]: answers for `hf`: 1 address, no proxy, reached after [TIME]
  ok    clock: agrees with the server's
  ok    quota: `hf` has 999 of 1000 requests left (api), anew in 172 seconds

token
  ok    hf: from HF_TOKEN; account `bob`; token `bob-token`, role read; gated repositories may be read

"#]])
        .run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models?limit=1 200
GET hub /api/whoami-v2 200

"#]]
    );
    assert_eq!(sandbox.tree("cache"), "");
}

#[test]
fn a_repository_is_asked_about_up_to_the_server_that_sends_its_files() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    doctor(&sandbox)
        .args(["org/model"])
        .stdout(str![[r#"
gatedl [..]

cache
  ok    folder: [ROOT]/cache/huggingface/hub is not there yet and can be made
  ok    symlink: yes
  ok    hardlink: yes
  ok    reflink: [..]
  ok    flock: works
  ok    space: [..] GB free
  ok    unfinished: none

network
  ok    certificates: the system's and Mozilla's
  ok    [HUB]: answers for `hf`: 1 address, no proxy, reached after [TIME]
  ok    clock: agrees with the server's
  ok    quota: `hf` has 999 of 1000 requests left (api), anew in 172 seconds
  ok    [CDN]: sends large files: 1 address, no proxy, reached after [TIME]

token
  ok    hf: from HF_TOKEN; account `bob`; token `bob-token`, role read; gated repositories may be read

repository
  ok    org/model: gate manual, may be read

"#]])
        .run();
    snapbox::assert_data_eq!(
        hub.take_log(),
        str![[r#"
GET hub /api/models/org/model/auth-check 200
GET hub /api/models/org/model/revision/main 200
GET hub /api/models/org/model/tree/bff67ede6318ecb37e3445627215cbac05bceb64?recursive=true&expand=false 200
GET hub /api/models?limit=1 200
GET hub /api/whoami-v2 200
GET hub /org/model/resolve/bff67ede6318ecb37e3445627215cbac05bceb64/model.bin bytes=0-0 302
HEAD cdn / 403

"#]]
    );
    hub.set_access("bob", "org/model", Access::Pending);
    let finished = doctor(&sandbox).args(["org/model", "--json"]).status(4).any_stdout().run();
    let check = check(&finished, "org/model");
    assert_eq!((check["verdict"].as_str(), check["status"].as_u64()), (Some("FAIL"), Some(4)));
}

#[test]
fn offline_nobody_is_asked() {
    let hub = hub().allow_unused();
    let sandbox = Sandbox::new(&hub);
    doctor(&sandbox)
        .args(["--offline"])
        .stdout(str![[r#"
gatedl [..]

cache
  ok    folder: [ROOT]/cache/huggingface/hub is not there yet and can be made
  ok    symlink: yes
  ok    hardlink: yes
  ok    reflink: [..]
  ok    flock: works
  ok    space: [..] GB free
  ok    unfinished: none

token
  ok    hf: from HF_TOKEN

"#]])
        .run();
    assert_eq!(hub.count_all(), 0);
}

#[test]
fn numbers_are_numbers() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let finished = doctor(&sandbox).args(["--json"]).any_stdout().run();
    let document = finished.json();
    assert!(document["version"].is_u64() && document["status"] == 0);
    assert!(check(&finished, "space")["numbers"]["free_bytes"].is_u64());
    assert!(check(&finished, "clock")["numbers"]["skew_seconds"].is_i64());
    assert!(check(&finished, "quota")["numbers"]["remaining"].is_u64());
    assert_eq!(check(&finished, "hf")["account"]["token"]["role"], "read");
}

#[test]
fn a_clock_that_is_wrong_is_said_to_be() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    hub.configure(|options| options.clock_offset = Some(120));
    let finished = doctor(&sandbox).args(["--json"]).any_stdout().run();
    assert_eq!(check(&finished, "clock")["verdict"], "warn");
    hub.configure(|options| options.clock_offset = Some(-86_400));
    let finished = doctor(&sandbox).args(["--json"]).status(1).any_stdout().run();
    let clock = check(&finished, "clock");
    assert_eq!(clock["verdict"], "FAIL");
    assert!(clock["found"].as_str().is_some_and(|found| found.ends_with("s ahead of the server's")), "{clock}");
}

#[test]
fn a_certificate_that_nobody_trusts_has_a_way_out() {
    let hub = hub().allow_unused();
    let sandbox = Sandbox::new(&hub);
    let tls = Tls::in_front_of(&hub.url());
    let run = || doctor(&sandbox).env("HF_ENDPOINT", tls.url()).without_env("HTTPS_PROXY");
    let finished = run().status(7).any_stdout().run();
    assert!(finished.stdout.contains("the server's certificate is not trusted"), "{}", finished.stdout);
    assert!(finished.stdout.contains("name its certificate in SSL_CERT_FILE"), "{}", finished.stdout);
    assert_eq!(hub.count_all(), 0, "nothing is said to a stranger");

    let authority = sandbox.write("authority.pem", tls.authority());
    let finished = run().env("SSL_CERT_FILE", authority).any_stdout().run();
    assert!(finished.stdout.contains("authority.pem (SSL_CERT_FILE)"), "{}", finished.stdout);

    let finished = run().env("SSL_CERT_FILE", sandbox.path("none.pem")).status(2).any_stdout().run();
    assert!(finished.stdout.contains("FAIL  certificates: could not use"), "{}", finished.stdout);
    assert!(finished.stdout.contains("token\n  ok    hf: from HF_TOKEN"), "{}", finished.stdout);
}

#[test]
fn the_proxy_of_each_host_is_named_without_its_password() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    // an address that nothing can be sent to
    let proxy = Proxy::leading(&[("255.255.255.255", &hub.url())]);
    let url = format!("http://user:{CANARY}proxy@{}", proxy.address());
    let run = || {
        let run = doctor(&sandbox).args(["org/model", "--allow-insecure-http"]).env("HTTP_PROXY", &url);
        run.env("HF_ENDPOINT", "http://255.255.255.255")
    };
    let finished = run().any_stdout().run();
    let through = format!("through the proxy http://{}, ", proxy.address());
    assert_eq!(finished.stdout.matches(&through).count(), 1, "loopback has none: {}", finished.stdout);
    assert!(!proxy.take_heads().is_empty());

    for around in ["255.*", "*"] {
        let finished = run().env("NO_PROXY", around).status(7).any_stdout().run();
        assert_eq!(finished.stdout.matches(&through).count(), 0, "{}", finished.stdout);
    }
    let finished = run().env("HTTP_PROXY", "socks://127.0.0.1:9").status(2).any_stdout().run();
    assert!(
        finished.stdout.contains("FAIL  proxy: the environment variable HTTP_PROXY names no proxy"),
        "{}",
        finished.stdout
    );
}

#[test]
fn a_server_that_does_not_answer_is_named_with_its_reason() {
    let sandbox = Sandbox::without_hub();
    let run = doctor(&sandbox).env("HF_ENDPOINT", "http://127.0.0.1:9").status(7);
    let finished = run.any_stdout().run();
    let row = "FAIL  http://127.0.0.1:9: answers for `hf`: 1 address, no proxy, could not connect";
    assert!(finished.stdout.contains(row), "{}", finished.stdout);
}

#[test]
fn the_state_of_a_token_is_told() {
    let hub = hub()
        .account(Account::new("carol").expired())
        .account(Account::new("dave").role(Role::Write))
        .account(Account::new("erin").without_gated_permission())
        .account(Account::new("frank").revoked());
    let sandbox = Sandbox::new(&hub);
    let run = |account: &str, status: i32| {
        let run = sandbox.args(["doctor", "--json"]).env("HF_TOKEN", token_of(account));
        check(&run.status(status).any_stdout().run(), "hf")
    };
    for (account, status, verdict, words) in [
        ("carol", 3, "FAIL", "has expired"),
        ("dave", 0, "warn", "role write"),
        ("erin", 0, "warn", "gated repositories may not be read with this token"),
        ("frank", 3, "FAIL", "revoked by the organization"),
    ] {
        let check = run(account, status);
        assert_eq!(check["verdict"], verdict, "{check}");
        assert!(check["found"].as_str().is_some_and(|found| found.contains(words)), "{check}");
        assert!(check["advice"].as_array().is_some_and(|advice| !advice.is_empty()), "{check}");
    }
    let finished = sandbox.args(["doctor"]).any_stdout().run();
    assert!(finished.stdout.contains("ok    hf: none: gated and private"), "{}", finished.stdout);
}

#[test]
fn a_quota_that_is_spent_is_told() {
    let hub = hub();
    hub.fault(At::api("/api/models"), Fault::RateLimited { retry_after: None, reset: Some(1) }, Times::Next(1));
    let sandbox = Sandbox::new(&hub);
    let finished = sandbox.args(["doctor", "--json"]).any_stdout().any_stderr().run();
    let quota = check(&finished, "quota");
    assert_eq!((&quota["verdict"], &quota["numbers"]["remaining"]), (&"warn".into(), &0.into()), "{quota}");
}

#[test]
fn a_cache_that_cannot_be_written_is_a_failure() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    sandbox.write("cache/huggingface", "a file");
    let finished = doctor(&sandbox).status(8).any_stdout().run();
    let row =
        "FAIL  folder: `[ROOT]/cache/huggingface` is in the way: a folder is needed there\n        -> make it yours";
    assert!(sandbox.redact(&finished.stdout).contains(row), "{}", finished.stdout);
}

#[test]
fn leftovers_of_other_tools_are_named_and_ours_are_counted() {
    let hub = hub().allow_unused();
    let sandbox = Sandbox::new(&hub);
    let blobs = "cache/huggingface/hub/models--org--model/blobs";
    for name in ["aa.gatedl.incomplete", "bb.01234567.incomplete", "cc.incomplete", "dd"] {
        sandbox.write(&format!("{blobs}/{name}"), vec![1; 70_000]);
    }
    let before = sandbox.tree("cache");
    let finished = doctor(&sandbox).args(["--json", "--offline"]).any_stdout().run();
    let check = check(&finished, "unfinished");
    assert_eq!(check["verdict"], "warn");
    assert_eq!((&check["numbers"]["own_files"], &check["numbers"]["dead_files"]), (&1.into(), &2.into()));
    let advice = check["advice"].to_string();
    assert!(advice.contains("bb.01234567.incomplete") && advice.contains("hf cache prune"), "{advice}");
    assert!(!advice.contains("aa.gatedl") && !advice.contains("blobs/dd"), "{advice}");
    assert_eq!(sandbox.tree("cache"), before, "looking changes nothing");
}

#[test]
fn a_report_does_not_name_the_user() {
    let hub = hub().allow_unused();
    let sandbox = Sandbox::new(&hub);
    let home = sandbox.path("home/carla");
    fs::create_dir_all(&home).expect("a home");
    let run = doctor(&sandbox).env("HOME", &home).env("USERPROFILE", &home).without_env("XDG_CACHE_HOME");
    let finished = run.args(["--offline"]).any_stdout().run();
    assert!(finished.stdout.contains("folder: ~/.cache/huggingface/hub is not there"), "{}", finished.stdout);
    let cache = sandbox.path("desk/carla/hub");
    let run =
        doctor(&sandbox).env("HOME", &home).env("USERPROFILE", &home).args(["--offline", "--cache-dir"]).args([&cache]);
    let finished = run.any_stdout().run();
    assert!(!finished.stdout.contains("carla") && finished.stdout.contains("/<user>/hub"), "{}", finished.stdout);
}

#[test]
fn other_providers_are_looked_at_where_they_are_used_or_named() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let run = || sandbox.command().env("BA_ENDPOINT", hub.url());
    let hosts = |finished: &Finished| finished.stdout.matches("answers for `ba`").count();
    assert_eq!(hosts(&run().args(["doctor"]).any_stdout().run()), 0);
    assert_eq!(hosts(&run().args(["doctor"]).env("BA_TOKEN", token_of("bob")).any_stdout().run()), 1);
    let finished = run().args(["doctor", "ba"]).any_stdout().run();
    assert_eq!(hosts(&finished), 1);
    assert!(!finished.stdout.contains("`hf`"), "{}", finished.stdout);
    run().args(["doctor", "nope:org/m"]).status(2).any_stderr().run();
}

#[test]
fn the_hub_itself_needs_the_hosts_of_its_content_too() {
    let sandbox = Sandbox::without_hub();
    // every request ends at the sandbox's own proxy, where nobody listens
    let finished = sandbox.args(["doctor", "--json"]).status(7).any_stdout().run();
    let document = finished.json();
    let hosts: Vec<&str> =
        document["checks"].as_array().into_iter().flatten().filter_map(|check| check["subject"].as_str()).collect();
    for host in ["huggingface.co", "us.aws.cdn.hf.co", "us.gcp.cdn.hf.co", "cas-bridge.xethub.hf.co"] {
        assert!(hosts.contains(&format!("https://{host}").as_str()), "{host} in {hosts:?}");
        let check = check(&finished, &format!("https://{host}"));
        assert_eq!(check["verdict"], "FAIL");
        let found = check["found"].as_str().unwrap_or_default();
        assert!(found.contains("through the proxy http://127.0.0.1:9, could not connect"), "{found}");
    }
    assert!(!hosts.iter().any(|host| host.contains("civitai")), "{hosts:?}");
}

#[test]
fn civitai_is_asked_whose_a_key_is() {
    let site = CivitAi::start(Vec::new()).account(Account::new("bob"));
    let sandbox = Sandbox::with_civitai(&site, None);
    let run = |key: &str| sandbox.args(["doctor", "civitai"]).env("CA_API_KEY", key_of(key)).any_stdout();
    let finished = run("bob").run();
    assert!(finished.stdout.contains("civitai: from CA_API_KEY; account `bob`"), "{}", finished.stdout);
    let finished = run("nobody").status(3).run();
    assert!(finished.stdout.contains("FAIL  civitai: the token from CA_API_KEY is not valid"), "{}", finished.stdout);
}
