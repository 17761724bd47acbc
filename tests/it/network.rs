//! The way to the servers: proxies, certificates, refused connections, and servers that want to be left alone for a while.

use crate::forward::{Proxy, Tls};
use crate::in_cache;
use crate::sandbox::{Run, Sandbox};
use crate::support::{Access, Account, At, CANARY, Fault, Gate, Hub, Place, Repository, Times, generated, token_of};
use snapbox::str;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

const ID: &str = "org/model";

/// A gated repository with a small file and a large one.
fn stage() -> (Hub, Sandbox) {
    let repository = Repository::model(ID).gated(Gate::Manual);
    let repository = repository.file("config.json", "{}\n").lfs("model.bin", generated(1, 300_000));
    let hub = Hub::start(vec![repository]).account(Account::new("bob")).access("bob", ID, Access::Granted);
    let sandbox = Sandbox::new(&hub);
    (hub, sandbox)
}

fn pull(sandbox: &Sandbox) -> Run {
    sandbox.args(["pull", ID]).env("HF_TOKEN", token_of("bob")).any_stdout()
}

/// A pull of which only the end matters.
fn quiet(sandbox: &Sandbox) -> Run {
    pull(sandbox).args(["--quiet"])
}

/// A hub that is not on this machine: its name is known to the proxy alone.
fn behind(proxy: &Proxy, sandbox: &Sandbox) -> Run {
    let run = quiet(sandbox).env("HF_ENDPOINT", "http://hub.example").args(["--allow-insecure-http", "config.json"]);
    run.env("HTTP_PROXY", proxy.url())
}

#[test]
fn a_proxy_carries_every_request_to_the_hub_with_the_token() {
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        let (hub, sandbox) = stage();
        let proxy = Proxy::leading(&[("hub.example", &hub.url())]);
        behind(&proxy, &sandbox).without_env("HTTP_PROXY").env(variable, proxy.url()).run();
        let heads = proxy.take_heads();
        assert_eq!(heads.len(), hub.count_hub(), "{variable}");
        let is_to_the_hub = |head: &String| head.starts_with("GET http://hub.example/") && head.contains(CANARY);
        assert!(heads.iter().all(is_to_the_hub), "{variable}");
    }
}

#[test]
fn loopback_is_never_led_through_a_proxy() {
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        let (hub, sandbox) = stage();
        let proxy = Proxy::start();
        let (_, port) =
            hub.url().rsplit_once(':').map(|(host, port)| (host.to_owned(), port.to_owned())).expect("a port");
        for host in ["127.0.0.1", "localhost", "LocalHost.", "2130706433", "[::ffff:127.0.0.1]"] {
            let run = quiet(&sandbox).args(["--force"]).env(variable, proxy.url());
            run.env("HF_ENDPOINT", format!("http://{host}:{port}")).run();
            assert!(
                hub.take_requests().iter().any(|request| request.token.as_deref() == Some("bob")),
                "{variable} {host}"
            );
        }
        assert_eq!(proxy.take_heads(), Vec::<String>::new(), "{variable}");
    }
}

#[test]
fn a_name_below_localhost_that_leads_nowhere_here_is_led_through_the_proxy_without_the_token() {
    let (hub, sandbox) = stage();
    let name = "nobody.gatedl-test.localhost";
    let proxy = Proxy::leading(&[(name, &hub.url())]);
    let endpoint = hub.url().replace("127.0.0.1", name);
    quiet(&sandbox).env("HF_ENDPOINT", endpoint).env("http_proxy", proxy.url()).any_stderr().spawn().wait();
    let heads = proxy.take_heads();
    assert!(heads.iter().all(|head| !head.contains(CANARY)));
    assert!(!heads.is_empty() || hub.count_all() > 0, "where the name does lead here, it is asked here");
    drop(hub.allow_unused());
}

/// An address that nothing can be sent to: where no proxy takes it, a pull ends at once.
const NOWHERE: &str = "255.255.255.255";

#[test]
fn no_proxy_goes_around_the_proxy() {
    for (around, through) in [
        ("*", false),
        (NOWHERE, false),
        ("255.*", false),
        ("10.0.0.1, 255.255.255.255:8080", false),
        ("255.255.255.0/24", false),
        ("255.255.255.255:80", true),
        ("example.org", true),
    ] {
        let (hub, sandbox) = stage();
        let hub = hub.allow_unused();
        let proxy = Proxy::leading(&[(NOWHERE, &hub.url())]);
        let run = behind(&proxy, &sandbox).env("HF_ENDPOINT", format!("http://{NOWHERE}:8080"));
        let run = run.env("NO_PROXY", around).status(if through { 0 } else { 7 });
        if through { run } else { run.any_stderr() }.run();
        assert_eq!(!proxy.take_heads().is_empty(), through, "{around}");
        assert_eq!(hub.count_all() > 0, through, "{around}");
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_an_error_that_names_the_variable_and_nothing_is_asked() {
    for (variable, value, problem) in [
        ("HTTP_PROXY", "socks://127.0.0.1:9", "`socks://` is no kind of proxy; write `socks5://` or `socks5h://`"),
        ("all_proxy", "socks://127.0.0.1:9/", "`socks://` is no kind of proxy; write `socks5://` or `socks5h://`"),
        ("http_proxy", "\"http://127.0.0.1:9\"", "it is in quotes, which belong to a shell"),
        ("http_proxy", "none", "`none` is neither an address nor `host:port`"),
        ("HTTPS_PROXY", "ftp://127.0.0.1:9", "`ftp://` is no kind of proxy"),
        ("ALL_PROXY", "http://[::1", "invalid IPv6 address"),
    ] {
        let (hub, sandbox) = stage();
        let hub = hub.allow_unused();
        let expected = format!(
            "error: the environment variable {variable} names no proxy that can be used: {problem}\n\
             hint: write {variable} as `http://host:port` (or https, socks5, socks5h), or unset it to connect without a \
             proxy\n"
        );
        quiet(&sandbox).env(variable, value).status(2).stderr(expected).run();
        assert_eq!(hub.count_all(), 0);
        sandbox.args(["pull", ID, "--offline", "--quiet"]).env(variable, value).status(5).any_stderr().run();
    }
}

#[test]
fn what_a_desktop_sets_for_other_programs_beside_usable_proxies_does_not_matter() {
    let (hub, sandbox) = stage();
    let run = quiet(&sandbox).env("all_proxy", "socks://127.0.0.1:9/").env("http_proxy", "http://127.0.0.1:9/");
    run.env("https_proxy", "http://127.0.0.1:9/").run();
    assert!(hub.count_all() > 0);
}

#[test]
fn the_password_of_a_proxy_goes_to_the_proxy_and_is_never_shown() {
    let (hub, sandbox) = stage();
    let proxy = Proxy::leading(&[("hub.example", &hub.url())]);
    // the search after every run would find it in any output or file
    let url = format!("http://user:{CANARY}proxy@{}", proxy.address());
    let verbose = || {
        let run = pull(&sandbox).args(["--verbose", "--allow-insecure-http", "--force", "config.json"]);
        run.env("HF_ENDPOINT", "http://hub.example").any_stderr()
    };
    verbose().env("HTTP_PROXY", &url).run();
    let heads = proxy.take_heads();
    assert!(!heads.is_empty());
    assert!(heads.iter().all(|head| head.to_lowercase().contains("proxy-authorization: basic ")));

    let down = format!("http://user:{CANARY}proxy@{}", unused_address());
    verbose().env("HTTP_PROXY", down).status(7).run();
    verbose().env("HTTP_PROXY", format!("\"{url}\"")).status(2).run();
}

#[test]
fn a_proxy_that_is_down_ends_the_pull_and_is_never_gone_around() {
    let (hub, sandbox) = stage();
    let since = Instant::now();
    pull(&sandbox)
        .args(["--allow-insecure-http"])
        .env("HF_ENDPOINT", "http://hub.example")
        .env("HTTP_PROXY", format!("http://{}", unused_address()))
        .status(7)
        .stderr(str![[r#"
error: could not ask hub.example about `org/model`
  caused by: could not connect: http://hub.example/api/models/org/model/revision/main
  caused by: Connection refused (os error 111)
hint: `gatedl doctor` looks for the reason; `gatedl pull --offline` uses what is in the cache

"#]])
        .run();
    assert!(since.elapsed() < Duration::from_secs(10));
    assert_eq!(hub.count_all(), 0);
    drop(hub.allow_unused());
}

#[test]
fn a_tunnel_hides_the_token_from_the_proxy() {
    let (hub, sandbox) = stage();
    let tls = Tls::in_front_of(&hub.url());
    let proxy = Proxy::leading(&[("hub.example", tls.address())]);
    let authority = sandbox.write("authority.pem", tls.authority());
    quiet(&sandbox)
        .args(["config.json"])
        .env("HF_ENDPOINT", "https://hub.example")
        .env("HTTPS_PROXY", proxy.url())
        .env("SSL_CERT_FILE", authority)
        .run();
    let heads = proxy.take_heads();
    assert!(!heads.is_empty());
    for head in heads {
        assert!(head.starts_with("CONNECT ") && !head.contains(CANARY), "{}", head.replace(CANARY, "[TOKEN]"));
    }
    assert!(hub.requests().iter().any(|request| request.token.as_deref() == Some("bob")));
}

#[test]
fn a_hub_with_a_certificate_of_its_own_needs_a_variable_that_names_it() {
    let (hub, sandbox) = stage();
    let tls = Tls::in_front_of(&hub.url());
    let authority = sandbox.write("authority.pem", tls.authority());
    let pull =
        || pull(&sandbox).args(["config.json", "--force"]).env("HF_ENDPOINT", tls.url()).without_env("HTTPS_PROXY");
    pull()
        .status(7)
        .stderr(str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the server's certificate is not trusted: https://127.0.0.1:[..]/api/models/org/model/revision/main
  caused by: invalid peer certificate: UnknownIssuer
hint: behind an inspecting proxy, name its certificate in SSL_CERT_FILE (REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE work too)

"#]])
        .run();
    assert_eq!(hub.count_all(), 0, "nothing is said to a stranger");
    for variable in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"] {
        pull().args(["--quiet"]).env(variable, &authority).run();
    }
    // the first one that is set wins, and names another authority here
    let other = sandbox.write("other.pem", Tls::in_front_of(&hub.url()).authority());
    let both = pull().env("SSL_CERT_FILE", other).env("CURL_CA_BUNDLE", authority);
    both.status(7).any_stderr().run();
}

#[test]
fn a_certificate_variable_that_names_nothing_useful_is_a_usage_error_that_names_it() {
    let cases: [(&str, &str, Option<&str>, snapbox::data::Inline); 4] = [
        (
            "SSL_CERT_FILE",
            "missing.pem",
            None,
            str![[r#"
error: could not use the certificates in `[ROOT]/missing.pem` (from SSL_CERT_FILE): No such file or directory (os error 2)

"#]],
        ),
        (
            "REQUESTS_CA_BUNDLE",
            "empty.pem",
            Some(""),
            str![[r#"
error: could not use the certificates in `[ROOT]/empty.pem` (from REQUESTS_CA_BUNDLE): there is no certificate in it

"#]],
        ),
        (
            "CURL_CA_BUNDLE",
            "garbage.pem",
            Some("no certificate\n"),
            str![[r#"
error: could not use the certificates in `[ROOT]/garbage.pem` (from CURL_CA_BUNDLE): there is no certificate in it

"#]],
        ),
        (
            "SSL_CERT_FILE",
            "broken.pem",
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            str![[r#"
error: could not use the certificates in `[ROOT]/broken.pem` (from SSL_CERT_FILE): [..]

"#]],
        ),
    ];
    for (variable, name, content, expected) in cases {
        let (hub, sandbox) = stage();
        let hub = hub.allow_unused();
        if let Some(content) = content {
            sandbox.write(name, content);
        }
        pull(&sandbox).env(variable, sandbox.path(name)).status(2).stderr(expected).run();
        assert_eq!(hub.count_all(), 0);
    }
}

#[test]
fn a_redirect_from_https_to_http_is_refused() {
    let (hub, sandbox) = stage();
    let tls = Tls::in_front_of(&hub.url());
    let authority = sandbox.write("authority.pem", tls.authority());
    let pull = pull(&sandbox)
        .args(["model.bin"])
        .env("HF_ENDPOINT", tls.url())
        .without_env("HTTPS_PROXY")
        .env("SSL_CERT_FILE", authority);
    pull.status(7).stderr(str![[r#"
error: could not fetch `model.bin`
  caused by: the redirect leaves https for [CDN]/xet-bridge-us/f070b1c86ea0b2d762dd7248/3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94: https://127.0.0.1:[..]/org/model/resolve/08f29664f681412d357e9e463d99ac24c6e633fd/model.bin
hint: perhaps this is no hub that answers: check the address, and whether a proxy or a login page is in between
hint: what has arrived is kept; run the same command again to go on from there

"#]]).run();
    assert_eq!(hub.count(Place::Cdn), 0);
    assert!(!sandbox.tree("cache").contains("model.bin"));
}

#[test]
fn a_refused_connection_ends_soon_and_names_the_address() {
    let sandbox = Sandbox::without_hub();
    let address = unused_address();
    let since = Instant::now();
    let endpoint = format!("http://{address}");
    let finished = sandbox
        .args(["pull", ID])
        .env("HF_ENDPOINT", &endpoint)
        .status(7)
        .stderr(str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: could not connect: http://127.0.0.1:[..]/api/models/org/model/revision/main
  caused by: Connection refused (os error 111)
hint: `gatedl doctor` looks for the reason; `gatedl pull --offline` uses what is in the cache

"#]])
        .run();
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    assert!(finished.stderr.contains(&endpoint), "{}", finished.stderr);
    assert_eq!(sandbox.tree("cache"), "");
}

/// An address where nobody listens: it was free a moment ago.
fn unused_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("an address").to_string()
}

#[test]
fn a_rate_limit_on_the_very_first_question_is_obeyed_and_shown() {
    let limits = [
        Fault::RateLimited { retry_after: Some(2), reset: None },
        Fault::RateLimited { retry_after: None, reset: Some(1) },
        Fault::RateLimited { retry_after: Some(2), reset: Some(200) },
    ];
    let wait = |limit: &Fault| {
        let (hub, sandbox) = stage();
        hub.fault(At::api("/revision/"), limit.clone(), Times::Next(1));
        let since = Instant::now();
        pull(&sandbox)
            .stderr(str![[r#"
127.0.0.1: rate limited, going on in [TIME]
org/model@main: 2 files verified, 300.00 kB fetched in [TIME]

"#]])
            .run();
        assert!(since.elapsed() >= Duration::from_secs(2), "{limit:?}");
        assert_eq!(hub.requests().iter().filter(|request| request.status == 429).count(), 1);
    };
    thread::scope(|scope| {
        for limit in &limits {
            scope.spawn(|| wait(limit));
        }
    });
}

#[test]
fn a_rate_limit_in_the_middle_holds_every_request_back() {
    let (hub, sandbox) = stage();
    let limit = Fault::RateLimited { retry_after: Some(2), reset: None };
    hub.fault(At::resolve("model.bin"), limit, Times::Next(1));
    let since = Instant::now();
    pull(&sandbox)
        .stderr(str![[r#"
127.0.0.1: rate limited, going on in [TIME]
org/model@main: 2 files verified, 300.00 kB fetched in [TIME]

"#]])
        .run();
    assert!(since.elapsed() >= Duration::from_secs(2));
    assert_eq!(hub.requests().iter().filter(|request| request.status == 429).count(), 1, "{}", hub.log());
}

#[test]
fn a_wait_that_is_too_long_is_said_instead_of_waited_for() {
    let (hub, sandbox) = stage();
    let limit = Fault::RateLimited { retry_after: Some(3_600), reset: None };
    hub.fault(At::api("/revision/"), limit, Times::Always);
    let since = Instant::now();
    pull(&sandbox)
        .status(7)
        .stderr(str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: 429 Too Many Requests for [HUB]/api/models/org/model/revision/main (request id [ID])
  server says: We had to rate limit you. To continue using our service, please log in or create a HF account.
hint: try again in 60 minutes; the limit is lowest without a token

"#]])
        .run();
    assert!(since.elapsed() < Duration::from_secs(10));
    assert_eq!(hub.count_all(), 1);
}

#[test]
fn bursts_of_server_errors_are_survived() {
    let (hub, sandbox) = stage();
    for (at, status) in [
        (At::api("/revision/"), 503),
        (At::api("auth-check"), 502),
        (At::api("/tree/"), 500),
        (At::resolve("config.json"), 504),
        (At::resolve("model.bin"), 503),
        (At::cdn("model.bin"), 500),
    ] {
        hub.fault(at, Fault::Status(status), Times::Next(2));
    }
    quiet(&sandbox).run();
    assert_eq!(hub.requests().iter().filter(|request| request.status >= 500).count(), 12);
}

#[test]
fn a_hub_that_does_not_begin_to_answer_is_given_up_when_patience_ends() {
    let (hub, sandbox) = stage();
    hub.fault(At::api("/revision/"), Fault::Delay(Duration::from_secs(50)), Times::Always);
    let since = Instant::now();
    let pull = pull(&sandbox).args(["--timeout", "2"]).env("HF_HUB_ETAG_TIMEOUT", "1");
    pull.status(7)
        .stderr(str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: no answer began within [TIME]: [HUB]/api/models/org/model/revision/main
hint: a slow mirror may need more time: HF_HUB_ETAG_TIMEOUT and HF_HUB_DOWNLOAD_TIMEOUT take seconds

"#]])
        .run();
    assert!(since.elapsed() < Duration::from_secs(10));
    assert!(hub.count_all() >= 2, "it is asked again before");
    assert_eq!(sandbox.tree("cache"), "");
}

#[test]
fn a_server_error_that_stays_ends_when_patience_ends_and_says_how_to_go_on() {
    let (hub, sandbox) = stage();
    hub.fault(At::cdn("model.bin"), Fault::Status(503), Times::Always);
    let since = Instant::now();
    // a wait is told where it is long enough to be felt, and how long it is is left to chance
    pull(&sandbox).args(["--timeout", "2s"]).status(7).stderr(str![[r#"
...
error: could not fetch `model.bin`
  caused by: 503 Service Unavailable for [CDN]/xet-bridge-us/f070b1c86ea0b2d762dd7248/3ec3ac3878d0ee678cad2961c305fec0ce8ee56772049ce2ce92e283614f8a94 (request id [ID])
hint: the server is in trouble, your access is not the reason; try again later
hint: what has arrived is kept; run the same command again to go on from there

"#]]).run();
    assert!(since.elapsed() < Duration::from_secs(10));
    assert!(since.elapsed() >= Duration::from_secs(2), "the last try is made when the time is up");
    assert!(in_cache::gets(&hub.requests()) >= 2);
}

/// Numbers that are no times: two that a sum with any other is too large for, one that the parser is too small for.
const MONSTERS: [&str; 3] = ["18446744073709551615", "18446744073709551614", "99999999999999999999999999"];

#[test]
fn a_wait_longer_than_any_life_is_said() {
    for number in MONSTERS {
        for (name, value) in [("retry-after", number.to_owned()), ("ratelimit", format!("\"api\";r=0;t={number}"))] {
            let (hub, sandbox) = stage();
            hub.fault(At::api("/revision/"), Fault::Status(429), Times::Always);
            hub.fault(At::api("/revision/"), Fault::Header(name, value.leak()), Times::Always);
            let run = pull(&sandbox).status(7).any_stderr().run();
            let hint = if name == "ratelimit" { "try again in 1441 minutes" } else { "try again in 1440 minutes" };
            assert!(run.stderr.contains(hint), "{name} {number}: {}", run.stderr);
            assert_eq!(hub.count_all(), 1, "{name} {number}");
        }
    }
}

#[test]
fn a_quota_that_is_spent_for_a_year_keeps_nobody_who_is_answered() {
    for seconds in [MONSTERS[0], MONSTERS[1], "31536000"] {
        let (hub, sandbox) = stage();
        let standing: &'static str = format!("\"api\";r=0;t={seconds}").leak();
        hub.fault(At::api(""), Fault::Header("ratelimit", standing), Times::Always);
        hub.fault(At::resolve(""), Fault::Header("ratelimit", standing), Times::Always);
        hub.fault(At::api(""), Fault::Header("retry-after", MONSTERS[0]), Times::Always);
        quiet(&sandbox).run();
    }
}

#[test]
fn what_is_left_of_a_window_is_kept_to() {
    let repository = (0..50_u64)
        .fold(Repository::model(ID), |repository, at| repository.lfs(&format!("data/{at}.bin"), generated(at, 2_000)));
    let hub = Hub::start(vec![repository]).with(|options| options.quota = Some((20, Duration::from_secs(1))));
    let sandbox = Sandbox::new(&hub);
    let told = sandbox.args(["pull", ID]).any_stdout().any_stderr().run();
    let refused = hub.requests().iter().filter(|request| request.status == 429).count();
    assert_eq!((refused, hub.count(Place::Cdn)), (0, 50));
    let waits = told.stderr.matches("rate limited, going on in").count();
    assert!((1..=3).contains(&waits), "once for each window: {}", told.stderr);
}

#[test]
fn the_reason_of_a_wait_is_said_without_bars_and_not_where_nothing_is() {
    let limit = || Fault::RateLimited { retry_after: Some(1), reset: None };
    let (hub, sandbox) = stage();
    hub.fault(At::api("/revision/"), limit(), Times::Next(1));
    pull(&sandbox)
        .env("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        .stderr(str![[r#"
127.0.0.1: rate limited, going on in [TIME]
org/model@main: 2 files verified, 300.00 kB fetched in [TIME]

"#]])
        .run();
    hub.fault(At::api("/revision/"), limit(), Times::Next(1));
    quiet(&sandbox).run();
}

#[test]
fn a_document_that_trickles_ends_with_the_timeout() {
    let (hub, sandbox) = stage();
    hub.fault(At::api("/revision/"), Fault::Trickle(2), Times::Always);
    pull(&sandbox)
        .args(["--timeout", "2"])
        .status(7)
        .stderr(str![[r#"
error: could not ask 127.0.0.1 about `org/model`
  caused by: the answer did not end within [TIME]: [HUB]/api/models/org/model/revision/main
hint: a slow mirror may need more time: HF_HUB_ETAG_TIMEOUT and HF_HUB_DOWNLOAD_TIMEOUT take seconds

"#]])
        .run();
}

#[test]
fn a_refusal_whose_words_trickle_is_a_refusal_without_words() {
    let (hub, sandbox) = stage();
    hub.set_access("bob", ID, Access::Pending);
    hub.fault(At::api("auth-check"), Fault::Trickle(2), Times::Always);
    let run = pull(&sandbox).env("HF_HUB_DOWNLOAD_TIMEOUT", "1").status(4).any_stderr().run();
    assert!(run.stderr.contains("403 Forbidden"), "{}", run.stderr);
}
