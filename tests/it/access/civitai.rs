//! CivitAI: no gate is asked about, a byte of a file is tried; each door has its reason, in two requests at most.

use super::assert_no_trace;
use crate::sandbox::Sandbox;
use crate::support::civitai::{CivitAi, Door, File, Model, Version};
use crate::support::{Account, generated, key_of};
use snapbox::str;

/// A site with a version behind each of these doors: 290640 and on.
fn site(doors: Vec<Door>) -> CivitAi {
    let versions = (290_640..).zip(doors).map(|(number, door)| {
        let file = File::new(number - 290_000, "pony.safetensors", generated(1, 30_000)).primary();
        Version::new(number, "v").door(door).file(file)
    });
    let model = versions.fold(Model::new(257_749, "Pony", "Checkpoint"), Model::version);
    CivitAi::start(vec![model]).account(Account::new("bob"))
}

#[test]
fn each_door_has_its_reason() {
    let early = Door::EarlyAccess { deadline: "2099-12-01T00:00:00.000Z".to_owned(), buyers: Vec::new() };
    let site = site(vec![Door::Login, Door::Disabled, early, Door::Granted(Vec::new()), Door::Archived]);
    let sandbox = Sandbox::with_civitai(&site, None);
    let references = (290_640..290_645).map(|number| format!("civitai:257749@{number}"));
    let run = sandbox.args(["access"]).args(references).env("CA_API_KEY", key_of("bob"));
    run.status(4)
        .stdout(str![[r#"
REPOSITORY             GATE  ACCESS              TOKEN
civitai:257749@290640  -     granted             CA_API_KEY
civitai:257749@290641  -     downloads disabled  CA_API_KEY
civitai:257749@290642  -     early access        CA_API_KEY
civitai:257749@290643  -     not entitled        CA_API_KEY
civitai:257749@290644  -     archived            CA_API_KEY

token from CA_API_KEY, for [CIVITAI] only
  account: `bob`
  standing: active

the creator of `civitai:257749@290641` has disabled downloads
  caused by: 401 Unauthorized for [CIVITAI]/api/download/models/290641
  server says: The creator of this asset has disabled downloads on this file
  hint: no token helps; another version may be free: [CIVITAI]/models/257749

`civitai:257749@290642` is in early access until 2099-12-01T00:00:00.000Z: only for those who have paid
  caused by: 403 Forbidden for [CIVITAI]/api/download/models/290642
  server says: This asset is in Early Access. You can use Buzz access it now!
  hint: buy access at [CIVITAI]/models/257749, or come back later; an older version may be free
  hint: the token came from CA_API_KEY (account `bob`); `gatedl auth status` shows the others

this account has no right to download `civitai:257749@290643`
  caused by: 403 Forbidden for [CIVITAI]/api/download/models/290643
  server says: You do not have access to download this file
  hint: see [CIVITAI]/models/257749 for how to get access
  hint: the token came from CA_API_KEY (account `bob`); `gatedl auth status` shows the others

`civitai:257749@290644` is archived: its files can no longer be downloaded
  caused by: 410 Gone for [CIVITAI]/api/download/models/290644
  server says: Model archived, not available for download
  hint: the same content may have been published elsewhere; [CIVITAI]/models/257749 may say where

"#]])
        .run();
    assert!(site.requests().iter().all(|request| request.method == "GET"));
    assert_no_trace(&sandbox);
}

#[test]
fn two_requests_a_model_are_enough() {
    let site = site(vec![Door::Login]);
    let sandbox = Sandbox::with_civitai(&site, None);
    let run = |reference: &str| sandbox.args(["access", reference]).env("CA_API_KEY", key_of("bob")).any_stdout();
    run("civitai:257749").run();
    snapbox::assert_data_eq!(
        site.take_log(),
        str![[r#"
GET cdn pony.safetensors bytes=0-0 206
GET hub /api/download/models/290640 bytes=0-0 307
GET hub /api/v1/me 200
GET hub /api/v1/models/257749 200

"#]]
    );
    run("civitai:257749@290640").run();
    snapbox::assert_data_eq!(
        site.take_log(),
        str![[r#"
GET cdn pony.safetensors bytes=0-0 206
GET hub /api/download/models/290640 bytes=0-0 307
GET hub /api/v1/me 200
GET hub /api/v1/model-versions/290640 200

"#]]
    );
}

#[test]
fn without_a_key_it_is_said_how_to_give_one() {
    let site = site(vec![Door::Login]);
    let sandbox = Sandbox::with_civitai(&site, None);
    sandbox.args(["access", "civitai:257749"]).status(3).stdout(str![[r#"
REPOSITORY      GATE  ACCESS          TOKEN
civitai:257749  -     login required  none

`civitai:257749` is only for those who are logged in, and no token was sent
  caused by: 401 Unauthorized for [CIVITAI]/api/download/models/290640
  server says: The creator of this asset requires you to be logged in to download it
  hint: store a token of that account ([CIVITAI]/user/account) with `gatedl auth login civitai`, or set CA_API_KEY, and run the same command again

"#]]).run();
}

#[test]
fn a_wrong_key_ends_a_wait_at_once() {
    let site = site(vec![Door::Login]);
    let sandbox = Sandbox::with_civitai(&site, None);
    let run = sandbox.args(["access", "--wait", "24h", "civitai:257749"]).env("CA_API_KEY", key_of("nobody"));
    run.status(3).any_stdout().run();
}

/// Another model of the same run gets the token that is found for it.
#[test]
fn the_key_in_a_pasted_link_is_for_that_link_alone() {
    let site = site(vec![Door::Login, Door::Login, Door::Login]).account(Account::new("eve"));
    let sandbox = Sandbox::with_civitai(&site, None);
    let link =
        |version, key| format!("https://civitai.com/models/257749?modelVersionId={version}&token={}", key_of(key));
    let run = sandbox.args(["access", "civitai:257749@290640"]).env("CA_API_KEY", key_of("bob"));
    let run = run.pasted(&link(290_641, "eve")).pasted(&link(290_642, "eve")).pasted(&link(290_642, "nobody"));
    run.status(3).stdout(str![[r#"
REPOSITORY             GATE  ACCESS     TOKEN
civitai:257749@290640  -     granted    CA_API_KEY
civitai:257749@290641  -     granted    link
civitai:257749@290642  -     granted    link
civitai:257749@290642  -     bad token  link

token from CA_API_KEY, for [CIVITAI] only
  account: `bob`
  standing: active

token from the pasted link, for [CIVITAI] only
  account: `eve`
  standing: active

token from the pasted link, for [CIVITAI] only
  account: not known: Unauthorized

the token for `civitai:257749@290642` is not valid
  caused by: 401 Unauthorized for [CIVITAI]/api/download/models/290642
  server says: The creator of this asset requires you to be logged in to download it
  hint: make a new token at [CIVITAI]/user/account and put it in the place of the old one
  hint: the token came from the pasted link; `gatedl auth status` shows the others

"#]]).stderr(str![[r#"
warning: the key in a pasted link is seen by whoever sees the link (on a command line: in the process list and the shell's history); paste links without their `token=`, and renew this key if others use this machine

"#]]).run();
    let mut keys: Vec<_> =
        site.requests().into_iter().map(|request| (request.path().to_owned(), request.token)).collect();
    keys.sort();
    keys.dedup();
    let keys: Vec<String> =
        keys.into_iter().map(|(path, key)| format!("{path} {}", key.as_deref().unwrap_or("none"))).collect();
    snapbox::assert_data_eq!(
        keys.join("\n"),
        str![[r#"
/api/download/models/290640 bob
/api/download/models/290641 eve
/api/download/models/290642 eve
/api/download/models/290642 other
/api/v1/me bob
/api/v1/me eve
/api/v1/me other
/api/v1/model-versions/290640 bob
/api/v1/model-versions/290641 eve
/api/v1/model-versions/290642 eve
/api/v1/model-versions/290642 other
/civitai-delivery/model/1/640.bin none
/civitai-delivery/model/1/641.bin none
/civitai-delivery/model/1/642.bin none
"#]]
    );
}

#[test]
fn the_command_line_wins_over_the_key_in_a_pasted_link() {
    let site = site(vec![Door::Login]);
    let sandbox = Sandbox::with_civitai(&site, None);
    let link = format!("https://civitai.com/models/257749?token={}", key_of("bob"));
    let run = sandbox.args(["access", "--anonymous"]).pasted(&link).status(3).any_stdout();
    run.run();
    assert!(site.requests().iter().all(|request| request.token.is_none()));
}
