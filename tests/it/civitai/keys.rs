//! The key goes to the API's host alone (the site fails its test when the storage sees it), and each provider to its own.

use super::{behind, pull};
use crate::sandbox::Sandbox;
use crate::support::civitai::Door;
use crate::support::{Account, Hub, Origin, Repository, key_of, token_of};
use snapbox::str;
use std::collections::BTreeSet;

fn senders(requests: Vec<crate::support::Recorded>) -> BTreeSet<(String, Option<String>)> {
    requests.into_iter().map(|request| (request.origin.to_string(), request.token)).collect()
}

#[test]
fn the_api_sees_the_key_and_the_storage_does_not() {
    let site = behind(Door::Login);
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:257749").any_stdout().any_stderr().run();
    let expected = [("hub".to_owned(), Some("bob".to_owned())), ("cdn".to_owned(), None)];
    assert_eq!(senders(site.requests()), BTreeSet::from(expected));
}

#[test]
fn the_first_variable_that_is_set_wins() {
    let names = ["CA_API_KEY", "CA_AUTH_TOKEN", "CIVITAI_API_TOKEN", "CIVITAI_TOKEN", "CIVITAI_API_KEY"];
    for (at, first) in names.iter().enumerate() {
        let site = behind(Door::Login).account(Account::new("eve"));
        let sandbox = Sandbox::with_civitai(&site, None);
        let run = sandbox.args(["pull", "civitai:257749"]).env(first, key_of("bob"));
        let run = names[at + 1..].iter().fold(run, |run, name| run.env(name, key_of("eve")));
        run.any_stdout().any_stderr().run();
        let keys: BTreeSet<_> = site.requests().into_iter().filter_map(|request| request.token).collect();
        assert_eq!(keys, BTreeSet::from(["bob".to_owned()]), "{first}");
    }
}

#[test]
fn with_tokens_for_both_each_host_sees_its_own_only() {
    let hub = Hub::start(vec![Repository::model("org/model").file("config.json", "{}")]).account(Account::new("hugo"));
    let site = behind(Door::Login);
    let sandbox = Sandbox::with_civitai(&site, Some(&hub));
    let both = |reference: &str| {
        let run = sandbox.args(["pull", reference]).env("HF_TOKEN", token_of("hugo")).env("CA_API_KEY", key_of("bob"));
        run.any_stdout().any_stderr().run();
    };
    both("org/model");
    both("civitai:257749");
    let at_hub: BTreeSet<_> = hub.requests().into_iter().map(|request| request.token).collect();
    assert_eq!(at_hub, BTreeSet::from([Some("hugo".to_owned())]));
    let at_site = site.requests().into_iter().filter(|request| request.origin == Origin::Hub);
    assert_eq!(at_site.map(|request| request.token).collect::<BTreeSet<_>>(), BTreeSet::from([Some("bob".to_owned())]));
}

#[test]
fn a_token_that_is_set_for_the_other_provider_is_mentioned_and_stays_at_home() {
    let site = behind(Door::Login);
    let sandbox = Sandbox::with_civitai(&site, None);
    let run = sandbox.args(["pull", "civitai:257749@290640"]).env("HF_TOKEN", token_of("bob"));
    run.status(3).stderr(str![[r#"
error: `civitai:257749@290640` is only for those who are logged in, and no token was sent
  caused by: 401 Unauthorized for [CIVITAI]/api/download/models/290640
  server says: The creator of this asset requires you to be logged in to download it
hint: store a token of that account ([CIVITAI]/user/account) with `gatedl auth login civitai`, or set CA_API_KEY, and run the same command again
hint: HF_TOKEN is set, but it is for the provider `hf` and is sent to no other

"#]]).run();
    assert!(site.requests().iter().all(|request| request.token.is_none()));

    let hub = Hub::start(Vec::new());
    let sandbox = Sandbox::new(&hub);
    let run = sandbox.args(["pull", "org/model"]).env("CA_API_KEY", key_of("bob"));
    run.status(5).stderr(str![[r#"
error: `org/model` does not exist, or is private and needs a token
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/revision/main (request id [ID])
  server says: Invalid username or password.
hint: if it is private: store a token of that account (https://huggingface.co/settings/tokens) with `gatedl auth login hf`, or set HF_TOKEN, and run the same command again
hint: CA_API_KEY is set, but it is for the provider `civitai` and is sent to no other

"#]]).run();
    assert!(hub.requests().iter().all(|request| request.token.is_none()));
}

#[test]
fn the_key_in_a_pasted_link_is_used_and_never_shown_or_kept() {
    let site = behind(Door::Login);
    let sandbox = Sandbox::with_civitai(&site, None);
    let link = format!("https://civitai.com/api/download/models/290640?fileId=12&token={}", key_of("bob"));
    let finished = sandbox.args(["pull"]).pasted(&link).stdout(str![[r#"
[ROOT]/cache/gatedl/civitai/models--257749/snapshots/0000000000000000000000000000000000290640/pony.safetensors

"#]]).stderr(str![[r#"
warning: the key in a pasted link is seen by whoever sees the link (on a command line: in the process list and the shell's history); paste links without their `token=`, and renew this key if others use this machine
257749@290640: 1 file verified, 300.00 kB fetched in [TIME]

"#]]).run();
    assert_eq!(finished.status, 0);
    let keys: BTreeSet<_> = site.requests().into_iter().filter_map(|request| request.token).collect();
    assert_eq!(keys, BTreeSet::from(["bob".to_owned()]));
}

#[test]
fn a_wrong_key_in_a_pasted_link_is_named_by_its_place() {
    let site = behind(Door::Login);
    let sandbox = Sandbox::with_civitai(&site, None);
    let link = format!("{}/models/257749?modelVersionId=290640&token={}", site.url(), key_of("nobody"));
    sandbox.args(["pull", "--verbose"]).pasted(&link).status(3).any_stderr().run();
    let run = sandbox.args(["pull"]).pasted(&link).status(3);
    run.stderr(str![[r#"
warning: the key in a pasted link is seen by whoever sees the link (on a command line: in the process list and the shell's history); paste links without their `token=`, and renew this key if others use this machine
error: the token for `civitai:257749@290640` is not valid
  caused by: 401 Unauthorized for [CIVITAI]/api/download/models/290640
  server says: The creator of this asset requires you to be logged in to download it
hint: make a new token at [CIVITAI]/user/account and put it in the place of the old one
hint: the token came from the pasted link; `gatedl auth status` shows the others

"#]]).run();
}

#[test]
fn nothing_in_the_cache_or_the_log_tells_the_key_or_a_signed_link() {
    let site = behind(Door::Login);
    let sandbox = Sandbox::with_civitai(&site, None);
    let finished = pull(&sandbox, "civitai:257749").args(["--verbose"]).any_stdout().any_stderr().run();
    assert!(!finished.stderr.contains("X-Amz"), "{}", finished.stderr);
    let kept = sandbox.read("cache/gatedl/civitai/models--257749/trees/0000000000000000000000000000000000290640.json");
    assert!(!String::from_utf8_lossy(&kept).contains("http"), "no link is kept");
}

#[test]
fn the_doctor_asks_with_the_key_in_a_pasted_link() {
    let site = behind(Door::Login);
    let sandbox = Sandbox::with_civitai(&site, None);
    let link = format!("https://civitai.com/models/257749?token={}", key_of("bob"));
    let finished = sandbox.args(["doctor"]).pasted(&link).any_stdout().run();
    let token = finished.stdout.split_once("\ntoken\n").expect("the part about tokens").1;
    snapbox::assert_data_eq!(
        token.to_owned(),
        str![[r#"
  ok    civitai: none: gated and private repositories stay closed

repository
  warn  257749: the key in a pasted link is seen by whoever sees the link (on a command line: in the process list and the shell's history); paste links without their `token=`, and renew this key if others use this machine
  ok    257749: gate unsaid, may be read

"#]]
    );
}

/// Both lie in the same list of secrets, and the wrong one is quickly picked.
#[test]
fn a_token_of_hugging_face_is_not_sent_to_civitai() {
    let site = behind(Door::Open);
    let sandbox = Sandbox::with_civitai(&site, None);
    let run = sandbox.args(["pull", "--dry-run", "civitai:257749@290640"]).env("CA_API_KEY", token_of("bob"));
    let told = run.any_stdout().any_stderr().run();
    let warning =
        "warning: the token from CA_API_KEY was not sent: it begins with `hf_`, so it is one of Hugging Face, and";
    assert!(told.stderr.starts_with(warning), "{}", told.stderr);
    assert!(site.requests().iter().all(|request| request.token.is_none()));
}
