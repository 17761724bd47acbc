//! What stands between a user and CivitAI without being a door: quotas, broken servers, pages in place of files, links that
//! come and go.

use super::doors::says;
use super::{behind, pull, site};
use crate::sandbox::Sandbox;
use crate::support::civitai::{Door, File, Model, Version};
use snapbox::str;

#[test]
fn a_page_of_the_firewall_is_the_network_and_not_the_account() {
    says(
        Door::Firewall,
        7,
        str![[r#"
error: could not ask 127.0.0.1 about `civitai:257749@290640`
  caused by: 403 Forbidden for [CIVITAI]/api/download/models/290640
hint: a firewall in front of the server refuses, not the server; another network or a later time may help

"#]],
    );
}

#[test]
fn a_spent_quota_is_waited_for_and_then_given_up() {
    says(
        Door::Quota,
        7,
        str![[r#"
error: could not ask 127.0.0.1 about `civitai:257749@290640`
  caused by: 429 Too Many Requests for [CIVITAI]/api/download/models/290640
  server says: We've noticed an unusual amount of downloading from your account
hint: try again in a few minutes; the limit is lowest without a token

"#]],
    );
}

#[test]
fn a_broken_server_is_tried_again_and_then_given_up() {
    says(
        Door::Broken(503),
        7,
        str![[r#"
error: could not ask 127.0.0.1 about `civitai:257749@290640`
  caused by: 503 Service Unavailable for [CIVITAI]/api/download/models/290640
  server says: Internal server error
hint: the server is in trouble, your access is not the reason; try again later

"#]],
    );
}

#[test]
fn a_web_page_never_becomes_a_model() {
    says(
        Door::Page,
        7,
        str![[r#"
error: could not ask 127.0.0.1 about `civitai:257749@290640`
  caused by: a web page was sent in place of `pony.safetensors`: [CIVITAI]/api/download/models/290640
hint: perhaps this is no hub that answers: check the address, and whether a proxy or a login page is in between

"#]],
    );
}

#[test]
fn a_json_document_never_becomes_a_model() {
    says(
        Door::Document,
        7,
        str![[r#"
error: could not ask 127.0.0.1 about `civitai:257749@290640`
  caused by: a JSON document was sent in place of `pony.safetensors`: [CIVITAI]/api/download/models/290640
hint: perhaps this is no hub that answers: check the address, and whether a proxy or a login page is in between

"#]],
    );
}

#[test]
fn a_transient_404_is_tried_again() {
    let site = behind(Door::Login).with(|state| state.transient = 2);
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:257749@290640").any_stdout().any_stderr().run();
    site.configure(|state| state.transient = 100);
    pull(&sandbox, "civitai:257749@290640")
        .args(["--force"])
        .status(7)
        .stderr(str![[r#"
error: could not ask 127.0.0.1 about `civitai:257749@290640`
  caused by: 404 Not Found for [CIVITAI]/api/download/models/290640
  server says: File not found
hint: the server cannot reach its storage, your access is not the reason; try again later

"#]])
        .run();
}

#[test]
fn what_closes_between_the_first_byte_and_the_rest_is_told_as_well_and_nothing_gets_a_name() {
    for (door, status) in [
        (Door::Page, 7),
        (Door::Document, 7),
        (Door::LoginPage, 4),
        (Door::Disabled, 4),
        (Door::Missing, 5),
        (Door::Firewall, 7),
        (Door::Quota, 7),
    ] {
        let site = behind(Door::Login).with(|state| state.later = Some((1, door.clone())));
        let sandbox = Sandbox::with_civitai(&site, None);
        let run = pull(&sandbox, "civitai:257749@290640").args(["--timeout", "1ms"]);
        run.status(status).any_stderr().run();
        assert!(!sandbox.tree("cache").contains("pony"), "{door:?}: {}", sandbox.tree("cache"));
        site.configure(|state| state.later = None);
        pull(&sandbox, "civitai:257749@290640").any_stdout().any_stderr().run();
    }
}

#[test]
fn a_json_document_that_calls_itself_a_file_is_none_either() {
    says(
        Door::DisguisedDocument,
        7,
        str![[r#"
error: could not ask 127.0.0.1 about `civitai:257749@290640`
  caused by: a JSON document was sent in place of `pony.safetensors`: [CIVITAI]/api/download/models/290640
hint: perhaps this is no hub that answers: check the address, and whether a proxy or a login page is in between

"#]],
    );
}

/// A file may be short, and its name may say that it is JSON.
#[test]
fn a_json_file_that_was_asked_for_is_a_file() {
    let workflow = File::new(12, "workflow.json", r#"{"nodes": []}"#).primary();
    let site = site(Model::new(1, "One", "Workflows").version(Version::new(2, "v1").door(Door::Open).file(workflow)));
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:1@2").any_stdout().any_stderr().run();
}
