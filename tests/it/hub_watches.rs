//! The hub's own judgement: what makes a test fail whatever it asserts, and that nothing it does lasts for ever.

use crate::raw_http::Caller;
use crate::support::{Account, At, Fault, Hub, Place, Repository, Target, Times};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn hub() -> Hub {
    let repository = Repository::model("org/model").file("config.json", "123456789");
    Hub::start(vec![repository]).account(Account::new("bob"))
}

/// What the test would fail with when `hub` is dropped.
fn complaint(hub: Hub) -> Option<String> {
    let failure = catch_unwind(AssertUnwindSafe(|| drop(hub))).err()?;
    failure.downcast_ref::<String>().cloned()
}

#[test]
fn a_hub_nobody_asks_is_a_failure() {
    assert_eq!(complaint(hub()).as_deref(), Some("the hub was never asked anything"));
    assert_eq!(complaint(hub().allow_unused()), None);
}

#[test]
fn a_token_where_none_belongs_is_a_failure_and_is_not_repeated() {
    let hub = hub();
    let [foreign, _] = hub.foreign_urls();
    Caller::new().get_as("bob", &format!("{foreign}/org/model"));
    assert_eq!(complaint(hub).as_deref(), Some("a token went to foreign: GET /org/model"));

    let hub = self::hub();
    let url = format!("{}/api/whoami-v2?token={}", hub.url(), Account::new("bob").token());
    Caller::new().get(&url);
    assert_eq!(complaint(hub).as_deref(), Some("a token went to hub: /api/whoami-v2?token=hf_[TOKEN]bob"));
}

#[test]
fn a_stalled_answer_ends_with_the_hub() {
    let hub = hub();
    hub.fault(At::api("whoami"), Fault::Stall(3), Times::Always);
    let address = hub.url().replace("http://", "");
    let mut connection = TcpStream::connect(&address).expect("a connection");
    write!(connection, "GET /api/whoami-v2 HTTP/1.1\r\nHost: {address}\r\n\r\n").expect("a request");
    hub.until("three bytes are out", |requests| requests.first().is_some_and(|request| request.bytes_sent() == 3));
    drop(hub);
    let mut answer = String::new();
    // Whether the end is a clean one or a reset depends on the system.
    connection.read_to_string(&mut answer).ok();
    assert!(answer.is_empty() || answer.ends_with("\r\n\r\n{\"e"), "{answer}");
}

#[test]
fn spiteful_redirects_lead_where_they_say() {
    let hub = hub();
    let caller = Caller::new();
    let url = format!("{}/api/models/org/model", hub.url());
    let [foreign, other_port] = hub.foreign_urls();
    let authority = foreign.trim_start_matches("http://");
    let path = "/api/models/org/model";
    for (target, location) in [
        (Target::Itself, path.to_owned()),
        (Target::Foreign, format!("{foreign}{path}")),
        (Target::ForeignWithoutScheme, format!("//{authority}{path}")),
        (Target::ForeignWithUser, format!("http://user@{authority}{path}")),
        (Target::OtherPort, format!("{other_port}{path}")),
        (Target::ThereAndBack, format!("{foreign}/back/{url}")),
    ] {
        hub.fault(At::api("org/model"), Fault::Redirect(target), Times::Next(1));
        let answer = caller.get(&url);
        assert_eq!((answer.status, answer.header("location")), (307, location.as_str()));
    }
    let back = caller.get(&format!("{foreign}/back/{url}"));
    assert_eq!(back.header("location"), url);
    assert_eq!(hub.count(Place::Foreign), 1);
}

#[test]
fn a_gzipped_file_is_real_gzip() {
    let hub = hub();
    hub.fault(At::content("config.json"), Fault::Gzip, Times::Always);
    let caller = Caller::new();
    let first = caller.get(&format!("{}/org/model/resolve/main/config.json", hub.url()));
    let second = caller.get(&format!("{}{}", hub.url(), first.header("location")));
    assert_eq!(second.header("content-encoding"), "gzip");
    let body = second.body.expect("a whole body");
    assert!(body.starts_with(&[0x1f, 0x8b, 8]));
    // The check value of CRC-32 is that of "123456789"; the length follows.
    assert!(body.ends_with(&[0x26, 0x39, 0xf4, 0xcb, 9, 0, 0, 0]));
}

#[test]
fn every_fault_can_be_asked_for_everywhere() {
    let hub = hub();
    let caller = Caller::new();
    let resolve = format!("{}/org/model/resolve/main/config.json", hub.url());
    let content = format!("{}{}", hub.url(), caller.get(&resolve).header("location"));
    let tree = format!("{}/api/models/org/model/tree/main?recursive=true", hub.url());
    // Two give no answer at all, and one is only about its size.
    let is_left_out = |fault: &Fault| matches!(fault, Fault::Stall(_) | Fault::HangUp | Fault::HugeJson(_));
    for fault in Fault::all_for_files().into_iter().chain(Fault::all_for_api()).filter(|fault| !is_left_out(fault)) {
        for (place, url) in [(Place::Content, &content), (Place::Api, &tree), (Place::Resolve, &resolve)] {
            hub.fault(At::new(place, ""), fault.clone(), Times::Next(1));
            caller.get(url);
        }
    }
    assert_eq!(caller.get(&tree).status, 200);
}
