//! Where a token travels, and where it stays at home: redirects, links, plain http, logs. Each hub of the suite fails its
//! test when a token reaches the CDN, a foreign host or a URL; these tests lead one into temptation.

use super::{ask, assert_nothing_sent, assert_sent, hub_of, senders};
use crate::sandbox::Sandbox;
use crate::support::{Access, Account, At, Fault, Gate, Hub, Origin, Repository, Target, Times, generated, token_of};
use snapbox::str;

/// A gated model with a small and a large file, open to bob.
fn gated() -> Hub {
    let model = Repository::model("org/model")
        .gated(Gate::Manual)
        .file("config.json", "{}")
        .lfs("model.safetensors", generated(3, 30_000));
    Hub::start(vec![model]).account(Account::new("bob")).access("bob", "org/model", Access::Granted)
}

#[test]
fn the_hub_sees_the_token_and_the_cdn_does_not() {
    let hub = gated();
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "org/model"]).env("HF_TOKEN", token_of("bob")).any_stdout().any_stderr().run();
    assert!(hub.requests().iter().any(|request| request.origin == Origin::Cdn));
    assert_sent(&hub, "bob");
}

#[test]
fn no_redirect_of_the_api_takes_the_token_along() {
    for fault in Fault::all_redirects() {
        for needle in ["revision", "auth-check", "/tree/", "whoami"] {
            let hub = gated();
            if needle == "whoami" {
                hub.set_access("bob", "org/model", Access::Pending);
            }
            hub.fault(At::api(needle), fault.clone(), Times::Always);
            let sandbox = Sandbox::new(&hub);
            let run = sandbox.args(["pull", "--timeout", "1ms", "org/model"]).env("HF_TOKEN", token_of("bob"));
            let finished = run.spawn().wait();
            let harmless = needle == "auth-check" && finished.status == 0;
            let expected = if needle == "whoami" { 4 } else { 7 };
            assert!(finished.status == expected || harmless, "{fault:?} {needle}: {}", finished.stderr);
        }
    }
}

#[test]
fn no_redirect_of_a_file_takes_the_token_along() {
    for fault in Fault::all_redirects() {
        for place in [At::resolve("model.safetensors"), At::resolve("config.json"), At::cdn("model")] {
            let hub = gated();
            hub.fault(place.clone(), fault.clone(), Times::Always);
            let sandbox = Sandbox::new(&hub);
            let run = sandbox.args(["pull", "--timeout", "1ms", "org/model"]).env("HF_TOKEN", token_of("bob"));
            let finished = run.spawn().wait();
            assert_ne!(finished.status, 101, "{fault:?} {place:?}: {}", finished.stderr);
            assert_ne!(finished.status, 0, "{fault:?} {place:?}: bytes of a foreign host were taken for the file");
        }
    }
}

#[test]
fn a_redirect_to_a_host_that_has_the_very_bytes_is_followed_without_the_token() {
    let hub = gated().with(|options| options.foreign_content = generated(3, 30_000));
    hub.fault(At::resolve("model.safetensors"), Fault::Redirect(Target::Foreign), Times::Always);
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "org/model"]).env("HF_TOKEN", token_of("bob")).any_stdout().any_stderr().run();
    let foreign: Vec<_> = hub.requests().into_iter().filter(|request| request.origin == Origin::Foreign).collect();
    assert_eq!(foreign.len(), 1);
    assert!(foreign[0].token.is_none());
}

#[test]
fn a_redirect_that_comes_back_to_the_hub_has_no_token_any_more() {
    let hub = gated();
    hub.fault(At::resolve("config.json"), Fault::Redirect(Target::ThereAndBack), Times::Next(1));
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "org/model"]).env("HF_TOKEN", token_of("bob")).any_stdout().any_stderr().run();
    let at_hub = hub.requests().into_iter().filter(|request| request.origin == Origin::Hub);
    let without: Vec<_> = at_hub.filter(|request| request.token.is_none()).map(|request| request.status).collect();
    assert_eq!(without, [401], "once; the next try asks anew");
}

#[test]
fn a_redirect_with_a_user_in_it_is_refused() {
    let hub = gated();
    hub.fault(At::resolve("config.json"), Fault::Redirect(Target::ForeignWithUser), Times::Always);
    let sandbox = Sandbox::new(&hub);
    let run = sandbox.args(["pull", "--timeout", "1ms", "org/model", "config.json"]).env("HF_TOKEN", token_of("bob"));
    run.status(7)
        .stderr(str![[r#"
error: could not fetch `config.json`
  caused by: the redirect to [FOREIGN]/org/model/resolve/68199f476a01db9583cba5a5fd8dbd1810898fb1/config.json has a user or password in it: [HUB]/org/model/resolve/68199f476a01db9583cba5a5fd8dbd1810898fb1/config.json
hint: perhaps this is no hub that answers: check the address, and whether a proxy or a login page is in between
hint: what has arrived is kept; run the same command again to go on from there

"#]])
        .run();
    assert!(hub.requests().iter().all(|request| request.origin == Origin::Hub));
}

/// One server for many tenants, each below a path of its own.
#[test]
fn a_token_stays_below_the_path_of_its_endpoint() {
    for (path, status) in [("/hf-evil", 7), ("/hf/..%2fhf-evil", 7), ("/other", 7)] {
        let hub = gated().with(|options| "/hf".clone_into(&mut options.prefix));
        let root = hub.url().trim_end_matches("/hf").to_owned();
        let elsewhere: &'static str = format!("{root}{path}/whatever").leak();
        hub.fault(At::api("/revision/"), Fault::RedirectTo(elsewhere), Times::Always);
        let sandbox = Sandbox::new(&hub);
        let run = sandbox.args(["pull", "--timeout", "1ms", "org/model"]).env("HF_TOKEN", token_of("bob"));
        run.status(status).any_stderr().run();
        let sent = hub.requests().into_iter().filter(|request| request.token.is_some());
        assert!(
            sent.clone().count() > 0 && sent.into_iter().all(|request| request.target.starts_with("/hf/api/")),
            "{path}"
        );
    }
}

#[test]
fn a_redirect_loop_ends_with_the_number_of_redirects() {
    let hub = gated();
    hub.fault(At::api("revision"), Fault::Redirect(Target::Itself), Times::Always);
    let sandbox = Sandbox::new(&hub);
    let run = sandbox.args(["pull", "--timeout", "1ms", "org/model"]).env("HF_TOKEN", token_of("bob"));
    run.status(7)
        .stderr(str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: more than 10 redirects: [HUB]/api/models/org/model/revision/main
hint: perhaps this is no hub that answers: check the address, and whether a proxy or a login page is in between

"#]])
        .run();
    assert_eq!(hub.count_all(), 11);
}

#[test]
fn a_renamed_repository_is_followed_with_the_token_and_keeps_the_folder_of_the_name_that_was_asked_for() {
    let model = Repository::model("org/new").formerly("org/old").private().readable_by("bob").file("config.json", "{}");
    let hub = Hub::start(vec![model]).account(Account::new("bob"));
    let sandbox = Sandbox::new(&hub);
    sandbox
        .args(["pull", "org/old"])
        .env("HF_TOKEN", token_of("bob"))
        .stdout(str![[r#"
[ROOT]/cache/huggingface/hub/models--org--old/snapshots/cabc0538fd17063217f1fe1a9c7839c02e700ea1

"#]])
        .any_stderr()
        .run();
    assert_sent(&hub, "bob");
}

#[test]
fn the_next_page_that_a_mirror_names_at_hugging_face_is_asked_at_the_mirror() {
    let model = (0..5).fold(Repository::model("org/model"), |model, at| model.file(&format!("{at}.json"), "{}"));
    let hub = Hub::start(vec![model]).account(Account::new("bob")).with(|options| {
        "/mirror/of/hub".clone_into(&mut options.prefix);
        options.page_size = 2;
        options.links_name_huggingface = true;
    });
    let sandbox = Sandbox::new(&hub);
    ask(&sandbox).env("HF_TOKEN", token_of("bob")).run();
    snapbox::assert_data_eq!(
        hub.log(),
        str![[r#"
GET hub /mirror/of/hub/api/models/org/model/revision/main 200
GET hub /mirror/of/hub/api/models/org/model/tree/2447fcdeb550028d4c8c66a428363782ba6b1857?recursive=true&expand=false 200
GET hub /mirror/of/hub/api/models/org/model/tree/2447fcdeb550028d4c8c66a428363782ba6b1857?recursive=true&expand=false&cursor=2 200
GET hub /mirror/of/hub/api/models/org/model/tree/2447fcdeb550028d4c8c66a428363782ba6b1857?recursive=true&expand=false&cursor=4 200

"#]]
    );
    assert_sent(&hub, "bob");
}

#[test]
fn a_next_page_on_a_foreign_host_is_asked_at_the_hub_or_refused() {
    let model = (0..5).fold(Repository::model("org/model"), |model, at| model.file(&format!("{at}.json"), "{}"));
    let hub = Hub::start(vec![model]).account(Account::new("bob")).with(|options| options.page_size = 2);
    let sandbox = Sandbox::new(&hub);
    let pages = || hub.take_requests().iter().filter(|request| request.target.contains("/tree/")).count();
    hub.fault(At::api("/tree/"), Fault::ReplaceLink("//127.0.0.1:", "//internal.example:"), Times::Always);
    ask(&sandbox).env("HF_TOKEN", token_of("bob")).run();
    assert_eq!(pages(), 3);

    hub.clear_faults();
    hub.fault(At::api("/tree/"), Fault::ReplaceLink("127.0.0.1:", "other.example/x?"), Times::Always);
    let run = ask(&sandbox).env("HF_TOKEN", token_of("bob")).status(7);
    run.stderr(str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the listing of org/model cannot be used: its next page is not at the server that was asked
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]])
        .run();
    assert_eq!(pages(), 1);
}

#[test]
fn a_next_page_is_read_as_the_standard_has_it() {
    let model = (0..5).fold(Repository::model("org/model"), |model, at| model.file(&format!("{at}.json"), "{}"));
    let hub = Hub::start(vec![model]).account(Account::new("bob")).with(|options| options.page_size = 2);
    let sandbox = Sandbox::new(&hub);
    for (written, instead) in [
        ("?", "?a=b,c;d&"),
        ("<", "</a,b>; rel=\"prev\", <"),
        ("rel=\"next\"", "title=\"a \\\"b\\\", c; rel=prev\"; REL=\"last Next\""),
    ] {
        hub.fault(At::api("/tree/"), Fault::ReplaceLink(written, instead), Times::Always);
        let listed = ask(&sandbox).args(["--json"]).run().json();
        assert_eq!(listed["files"].as_array().map(Vec::len), Some(5), "{instead}");
        hub.clear_faults();
    }
    hub.fault(At::api("/tree/"), Fault::ReplaceLink(">", ""), Times::Always);
    ask(&sandbox)
        .status(7)
        .stderr(str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the listing of org/model cannot be used: the link to its next page cannot be read
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]])
        .run();
}

/// The first page has come, so the route is there: what the repository's description names is no substitute.
#[test]
fn a_next_page_that_is_not_there_is_not_made_up_for() {
    let model = (0..5).fold(Repository::model("org/model"), |model, at| model.file(&format!("{at}.json"), "{}"));
    let hub = Hub::start(vec![model]).with(|options| options.page_size = 2);
    hub.fault(At::api("cursor="), Fault::Status(404), Times::Always);
    let sandbox = Sandbox::new(&hub);
    let run = sandbox.args(["pull", "--timeout", "1ms", "org/model"]).status(7);
    run.stderr(str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the listing of org/model cannot be used: its next page is not there: 404 Not Found for [HUB]/api/models/org/model/tree/2447fcdeb550028d4c8c66a428363782ba6b1857 (request id [ID])
hint: nothing was written; if this is a mirror, ask the hub itself or another mirror (HF_ENDPOINT)

"#]])
        .run();
    assert_eq!(sandbox.tree("cache"), "");
}

#[test]
fn an_answer_that_names_a_foreign_realm_leads_nobody_there() {
    let hub = gated();
    hub.fault(At::api("revision"), Fault::ForeignRealm, Times::Always);
    let sandbox = Sandbox::new(&hub);
    sandbox.args(["pull", "org/model"]).env("HF_TOKEN", token_of("bob")).status(3).any_stderr().run();
    assert!(hub.requests().iter().all(|request| request.origin == Origin::Hub));
}

#[test]
fn plain_http_beyond_this_machine_gets_no_token_unless_it_is_allowed() {
    // The hub is the proxy: requests for hub.example arrive at it, and nothing leaves this machine.
    let hub = hub_of(&["bob"]);
    let sandbox = Sandbox::new(&hub);
    let proxied = || {
        ask(&sandbox)
            .env("HF_ENDPOINT", "http://hub.example")
            .env("HTTP_PROXY", hub.url())
            .env("HF_TOKEN", token_of("bob"))
    };
    proxied().stderr(str![[r#"
warning: the token from HF_TOKEN was not sent: http://hub.example is plain http and anyone on the way could read it (--allow-insecure-http sends it all the same)

"#]]).run();
    assert_nothing_sent(&hub);
    proxied().args(["--allow-insecure-http"]).run();
    assert_sent(&hub, "bob");
}

#[test]
fn loopback_gets_the_token_over_plain_http() {
    let hub = hub_of(&["bob"]);
    let sandbox = Sandbox::new(&hub);
    let port = hub.url().rsplit(':').next().expect("a port").to_owned();
    let run = ask(&sandbox).env("HF_ENDPOINT", format!("http://localhost:{port}")).env("HF_TOKEN", token_of("bob"));
    run.run();
    assert_sent(&hub, "bob");
}

#[test]
fn an_endpoint_with_a_user_or_password_is_refused_without_repeating_it() {
    let sandbox = Sandbox::without_hub();
    let run =
        sandbox.args(["pull", "org/model"]).env("HF_ENDPOINT", format!("http://bob:{}@hub.example", token_of("bob")));
    run.status(2)
        .stderr(str![[r#"
error: HF_ENDPOINT is not usable
  caused by: `http://hub.example/` is not an endpoint: it must not contain a user or password

"#]])
        .run();
    sandbox
        .args(["pull", "--endpoint", "https://bob@hub.example", "org/model"])
        .status(2)
        .stderr(str![[r#"
error: --endpoint is not usable
  caused by: `https://hub.example/` is not an endpoint: it must not contain a user or password

"#]])
        .run();
}

#[test]
fn an_endpoint_of_the_command_line_gets_the_providers_token() {
    let hub = hub_of(&["bob"]);
    let sandbox = Sandbox::new(&hub);
    let run =
        ask(&sandbox).without_env("HF_ENDPOINT").args(["--endpoint", &hub.url()]).env("HF_TOKEN", token_of("bob"));
    run.run();
    assert_sent(&hub, "bob");
}

#[test]
fn verbose_shows_every_request_and_no_token_and_no_signature() {
    let hub = gated();
    let sandbox = Sandbox::new(&hub);
    let run = sandbox.args(["pull", "--verbose", "org/model"]).env("HF_TOKEN", token_of("bob"));
    let finished = run.any_stdout().any_stderr().run();
    let shown = finished.stderr.lines().filter(|line| line.contains("request ")).count();
    assert_eq!(shown, hub.count_all(), "{}", finished.stderr);
    assert!(!finished.stderr.contains("Signature") && !finished.stderr.to_lowercase().contains("bearer"));
    assert_eq!(senders(&hub).len(), 1);
}

#[test]
fn a_token_that_a_server_repeats_is_hidden_before_the_text_is_cut() {
    for filler in [0, 1_960, 1_985, 1_995] {
        let hub = gated();
        let text: &'static str = format!("{}{} is no good", "x".repeat(filler), token_of("bob")).leak();
        hub.fault(At::api("revision"), Fault::Message { status: 403, text }, Times::Always);
        let sandbox = Sandbox::new(&hub);
        let run = sandbox.args(["pull", "org/model"]).env("HF_TOKEN", token_of("bob")).status(4).any_stderr().run();
        assert!(run.stderr.contains("xx") || run.stderr.contains("**** is no good"), "{}", run.stderr);
        assert!(!run.stderr.contains("hf_"), "no half of it is left: {}", run.stderr);
    }
}

#[test]
fn a_token_that_a_server_repeats_in_a_redirect_does_not_travel_there() {
    let hub = gated();
    let [foreign, _] = hub.foreign_urls();
    let to: &'static str = format!("{foreign}/{0}?token={0}", token_of("bob")).leak();
    hub.fault(At::resolve("model.safetensors"), Fault::RedirectTo(to), Times::Always);
    let sandbox = Sandbox::new(&hub);
    let run = sandbox.args(["pull", "--verbose", "--timeout", "1ms", "org/model"]).env("HF_TOKEN", token_of("bob"));
    run.status(7).any_stderr().run();
    assert!(hub.requests().iter().any(|request| request.target == "/****?token=****"), "{}", hub.log());
}
