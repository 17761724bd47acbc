//! A CI job without a secret: its identity is exchanged for a token, and that token alone is used.

use super::{auth, hub_of};
use crate::forward::Proxy;
use crate::sandbox::{Run, Sandbox};
use crate::support::oauth::{RIGHT_OF_THE_JOB, identity_for};
use crate::support::{
    Access, Account, At, Fault, Gate, Hub, Origin, Place, Repository, Target, Times, generated, token_of,
};
use snapbox::str;

fn trusting_hub() -> Hub {
    hub_of([Account::new("robot"), Account::new("bob")]).trust("org/model", "robot")
}

/// A pull of a job whose identity GitHub Actions would give.
fn job(sandbox: &Sandbox, hub: &Hub) -> Run {
    with_actions(sandbox.args(["pull", "--dry-run", "org/model"]), hub).any_stdout()
}

fn with_actions(run: Run, hub: &Hub) -> Run {
    let [issuer, _] = hub.foreign_urls();
    run.env("HF_OIDC_RESOURCE", "org/model")
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{issuer}/identity?api-version=2.0"))
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", RIGHT_OF_THE_JOB)
}

#[track_caller]
fn assert_sent_by(hub: &Hub, account: &str) {
    let api: Vec<_> = hub.take_requests().into_iter().filter(|request| request.target.starts_with("/api/")).collect();
    assert!(!api.is_empty() && api.iter().all(|request| request.token.as_deref() == Some(account)), "{api:?}");
}

#[test]
fn the_identity_that_github_actions_gives_brings_a_token() {
    let hub = trusting_hub();
    let sandbox = Sandbox::new(&hub);
    // a variable does not matter any more, as in huggingface_hub
    job(&sandbox, &hub).env("HF_TOKEN", token_of("bob")).run();
    let requests = hub.requests();
    let [issued, exchanged] = &requests[..2] else { panic!("{requests:?}") };
    assert_eq!((issued.origin, issued.status), (Origin::Foreign, 200));
    assert_eq!((exchanged.method.as_str(), exchanged.target.as_str()), ("POST", "/oauth/token"));
    assert_eq!((exchanged.token.as_deref(), exchanged.status), (None, 200));
    assert_sent_by(&hub, "robot");
    assert_eq!(sandbox.tree("cache").matches("token").count(), 0, "it is stored nowhere");
}

#[test]
fn an_identity_is_never_led_through_a_proxy_on_its_way_within_this_machine() {
    for variable in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        let hub = trusting_hub();
        let sandbox = Sandbox::new(&hub);
        let proxy = Proxy::start();
        job(&sandbox, &hub).env(variable, proxy.url()).run();
        assert_eq!(proxy.take_heads(), Vec::<String>::new(), "{variable}");
        assert_eq!(hub.requests()[0].origin, Origin::Foreign);
    }
}

#[test]
fn an_identity_that_is_given_is_taken_as_it_is() {
    let hub = trusting_hub();
    let sandbox = Sandbox::new(&hub);
    let given = job(&sandbox, &hub).env("HF_OIDC_ID_TOKEN", identity_for(&hub.url()) + "\n");
    given.env("ACTIONS_ID_TOKEN_REQUEST_URL", "https://nowhere.example/").run();
    assert_sent_by(&hub, "robot");
}

#[test]
fn an_exchange_that_fails_is_the_end_and_no_other_token_is_tried() {
    let hub = trusting_hub();
    let sandbox = Sandbox::new(&hub);
    let failing = || job(&sandbox, &hub).env("HF_TOKEN", token_of("bob"));
    failing()
        .env("HF_OIDC_RESOURCE", "org/other")
        .status(3)
        .stderr(str![[r#"
error: could not exchange the identity of this job for a token for `org/other`
  caused by: 400 Bad Request for [HUB]/oauth/token (request id [ID])
  server says: invalid_grant: No trusted publisher matches the identity of this workflow.
hint: the settings of that repository or user name the workflows that it trusts; no other token was tried

"#]])
        .run();
    failing()
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "another")
        .status(3)
        .stderr(str![[r#"
error: could not get the identity of this job
  caused by: 401 Unauthorized for [FOREIGN]/identity (request id [ID])
  server says: no such job

"#]])
        .run();
    failing()
        .without_env("ACTIONS_ID_TOKEN_REQUEST_URL")
        .status(3)
        .stderr(str![[r#"
error: HF_OIDC_RESOURCE is set, but this job has no identity to exchange for a token
hint: a job of GitHub Actions has one if it asks for it: `permissions: { id-token: write }`
hint: other CI systems: put the identity token that they make for the hub into HF_OIDC_ID_TOKEN, or name its file in HF_OIDC_ID_TOKEN_FILE

"#]])
        .run();
    failing().env("HF_OIDC_ID_TOKEN", identity_for("https://other.example")).status(3).any_stderr().run();
    failing().env("ACTIONS_ID_TOKEN_REQUEST_URL", "nonsense").status(2).any_stderr().run();
    assert!(hub.take_requests().iter().all(|request| !request.target.starts_with("/api/")));
}

/// The parser of an answer quotes what it did not expect, and servers quote what they refuse. The sandbox searches for both.
#[test]
fn what_the_hub_makes_of_an_identity_is_not_repeated() {
    let hub = trusting_hub();
    let sandbox = Sandbox::new(&hub);
    let identity = identity_for(&hub.url());
    let at = || At::new(Place::Api, "/oauth/token");
    hub.fault(at(), Fault::Replace(r#"{"access_token":"#, ""), Times::Always);
    let odd = job(&sandbox, &hub).env("HF_OIDC_ID_TOKEN", &identity).args(["--timeout", "1"]).status(7);
    let told = odd.any_stderr().run();
    assert!(told.stderr.contains(r#"invalid type: string "…""#), "{}", told.stderr);
    hub.clear_faults();
    let text: &'static str = format!("the subject token {identity} is no good").leak();
    hub.fault(at(), Fault::Message { status: 400, text }, Times::Always);
    let refused = job(&sandbox, &hub).env("HF_OIDC_ID_TOKEN", &identity).status(3).any_stderr().run();
    assert!(refused.stderr.contains("server says: the subject token **** is no good"), "{}", refused.stderr);
}

#[test]
fn an_identity_does_not_travel_where_it_can_be_read() {
    let hub = trusting_hub().allow_unused();
    let sandbox = Sandbox::new(&hub);
    let mirror = job(&sandbox, &hub).env("HF_ENDPOINT", "http://mirror.example").status(2);
    mirror.stderr(str![[r#"
error: the identity of this job was not sent: http://mirror.example/oauth/token is plain http and anyone on the way could read it

"#]]).run();
    let issuer = job(&sandbox, &hub).env("ACTIONS_ID_TOKEN_REQUEST_URL", "http://issuer.example/?a=b");
    issuer.status(2).any_stderr().run();
    assert_eq!(hub.count_all(), 0);
}

#[test]
fn an_identity_stays_with_the_hub_whatever_that_redirects_to() {
    let hub = trusting_hub();
    let sandbox = Sandbox::new(&hub);
    for target in [Target::Foreign, Target::OtherPort] {
        hub.fault(At::new(Place::Api, "/oauth/token"), Fault::Redirect(target), Times::Always);
        let told = job(&sandbox, &hub).args(["--timeout", "1"]).status(7).any_stderr().run();
        assert!(told.stderr.contains("passes what was sent to it on to"), "{}", told.stderr);
        hub.clear_faults();
    }
    // the hub itself fails the test if the identity reached those hosts; they were not asked at all
    let elsewhere = |request: &crate::support::Recorded| {
        request.origin == Origin::Foreign && !request.target.starts_with("/identity")
    };
    assert!(!hub.requests().iter().any(elsewhere));
}

#[test]
fn only_hugging_face_knows_this_exchange_and_flags_come_first() {
    let hub = trusting_hub();
    let sandbox = Sandbox::new(&hub);
    let exchanged = || hub.take_requests().iter().any(|request| request.target == "/oauth/token");
    let boinc = with_actions(sandbox.args(["pull", "--dry-run", "ba:org/model"]), &hub).env("BA_ENDPOINT", hub.url());
    boinc.any_stdout().run();
    assert!(!exchanged());
    job(&sandbox, &hub).args(["--anonymous"]).run();
    assert!(!exchanged());
    job(&sandbox, &hub).args(["--token-stdin"]).stdin(token_of("bob")).run();
    assert_sent_by(&hub, "bob");
    job(&sandbox, &hub).env("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1").run();
    assert!(!exchanged());
    job(&sandbox, &hub).env("HF_OIDC_RESOURCE", " ").run();
    assert!(!exchanged());
}

#[test]
fn status_says_that_the_exchange_wins_over_all_places() {
    let hub = trusting_hub();
    let sandbox = Sandbox::new(&hub);
    let status = || with_actions(auth(&sandbox, &["status", "hf"]), &hub).env("HF_TOKEN", token_of("bob"));
    status()
        .stdout(str![[r#"
hf at [HUB]
  used        the exchange of this job's identity (HF_OIDC_RESOURCE is `org/model`)
  no token    HF_AUTH_TOKEN
  shadowed    HF_TOKEN
  no token    HUGGING_FACE_HUB_TOKEN
  no token    HF_ACCESS_TOKEN
  no token    [ROOT]/cache/huggingface/token
  account: `robot`
  token: `robot-token`, role read
  gated repositories: may be read

"#]])
        .run();
    let requests = hub.take_requests();
    let paths = requests.iter().map(|request| request.target.split('?').next().unwrap_or_default());
    assert_eq!(paths.collect::<Vec<_>>(), ["/identity", "/oauth/token", "/api/whoami-v2"]);
    status().args(["--offline"]).any_stdout().run();
    assert_eq!(hub.count_all(), 0);
    status()
        .env("HF_OIDC_RESOURCE", "org/other")
        .status(3)
        .stdout(str![[r#"
hf at [HUB]
  used        the exchange of this job's identity (HF_OIDC_RESOURCE is `org/other`)
  no token    HF_AUTH_TOKEN
  shadowed    HF_TOKEN
  no token    HUGGING_FACE_HUB_TOKEN
  no token    HF_ACCESS_TOKEN
  no token    [ROOT]/cache/huggingface/token
  account: not known: could not exchange the identity of this job for a token for `org/other`

"#]])
        .any_stderr()
        .run();
}

#[test]
fn a_hub_that_tells_a_job_nothing_about_accounts_does_not_make_its_token_a_bad_one() {
    let hub = trusting_hub();
    hub.fault(At::api("whoami-v2"), Fault::Status(401), Times::Always);
    let sandbox = Sandbox::new(&hub);
    let told = with_actions(auth(&sandbox, &["status", "hf"]), &hub).any_stdout().run();
    assert!(told.stdout.contains("account: the hub does not tell"), "{}", told.stdout);
}

#[test]
fn a_login_is_told_that_the_exchange_wins() {
    let hub = trusting_hub();
    let sandbox = super::sandbox_of(&hub);
    let login = with_actions(auth(&sandbox, &["login", "--token-stdin"]), &hub).stdin(token_of("bob"));
    login
        .stderr(str![[r#"
logged in to hf as `bob`, token `bob-token`, role read
stored as `bob-token` in [ROOT]/cache/huggingface/token
warning: HF_OIDC_RESOURCE wins over this login as long as it is set

"#]])
        .run();
}

/// The token of a Kubernetes service account lies in a file, which is replaced before it ends.
#[test]
fn an_identity_may_be_in_a_file() {
    let hub = trusting_hub();
    let sandbox = Sandbox::new(&hub);
    let file = sandbox.write("identity", identity_for(&hub.url()) + "\n");
    let job = || sandbox.args(["pull", "--dry-run", "org/model"]).any_stdout().env("HF_OIDC_RESOURCE", "org/model");
    job().env("HF_OIDC_ID_TOKEN_FILE", &file).env("HF_TOKEN", token_of("bob")).run();
    assert_sent_by(&hub, "robot");
    sandbox.write("identity", "\n");
    let told = job().env("HF_OIDC_ID_TOKEN_FILE", &file).status(3).any_stderr().run();
    assert!(told.stderr.starts_with("error: there is no token in "), "{}", told.stderr);
    let told = job().env("HF_OIDC_ID_TOKEN_FILE", "nowhere").status(2).any_stderr().run();
    assert!(told.stderr.starts_with("error: could not read the token file `nowhere`"), "{}", told.stderr);
}

/// A pull takes longer than the hour of a token.
#[test]
fn a_token_that_ends_in_the_middle_of_a_pull_is_exchanged_for_another() {
    let files = (0..8).fold(Repository::model("org/model").gated(Gate::Auto), |model, number| {
        model.lfs(&format!("{number}.bin"), generated(number, 100_000))
    });
    let hub = Hub::start(vec![files]).account(Account::new("robot").good_for(5)).trust("org/model", "robot");
    let hub = hub.access("robot", "org/model", Access::Granted);
    let sandbox = Sandbox::new(&hub);
    let file = sandbox.write("identity", identity_for(&hub.url()));
    let run = sandbox.args(["pull", "org/model", "--jobs", "1", "--quiet"]).any_stdout();
    run.env("HF_OIDC_RESOURCE", "org/model").env("HF_OIDC_ID_TOKEN_FILE", &file).run();
    let requests = hub.requests();
    let of =
        |wanted: &dyn Fn(&crate::support::Recorded) -> bool| requests.iter().filter(|request| wanted(request)).count();
    assert_eq!(of(&|request| request.target == "/oauth/token"), 2);
    assert!(of(&|request| request.status == 401) >= 1);
    assert_eq!(of(&|request| request.origin == Origin::Cdn && request.token.is_some()), 0);
}
