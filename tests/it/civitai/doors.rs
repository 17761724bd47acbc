//! Every row of providers §1.4, exactly as a user reads it, and none of them leaves a trace.

use super::{assert_no_trace, behind, pull, site, weights};
use crate::sandbox::Sandbox;
use crate::support::civitai::{CivitAi, Door, Model, Paid, Version};
use crate::support::{Account, key_of};
use snapbox::str;
use snapbox::{IntoData, data::Inline};

#[track_caller]
fn refused(site: &CivitAi, status: i32, stderr: impl IntoData) {
    let sandbox = Sandbox::with_civitai(site, None);
    pull(&sandbox, "civitai:257749@290640").args(["--timeout", "1ms"]).status(status).stderr(stderr).run();
    assert_no_trace(&sandbox);
}

#[track_caller]
pub(super) fn says(door: Door, status: i32, stderr: Inline) {
    refused(&behind(door), status, stderr);
}

#[test]
fn who_is_not_logged_in_is_told_how_to_be() {
    let site = behind(Door::Login);
    let sandbox = Sandbox::with_civitai(&site, None);
    sandbox.args(["pull", "civitai:257749@290640"]).status(3).stderr(str![[r#"
error: `civitai:257749@290640` is only for those who are logged in, and no token was sent
  caused by: 401 Unauthorized for [CIVITAI]/api/download/models/290640
  server says: The creator of this asset requires you to be logged in to download it
hint: store a token of that account ([CIVITAI]/user/account) with `gatedl auth login civitai`, or set CA_API_KEY, and run the same command again

"#]]).run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_wrong_key_is_told_from_no_key() {
    let site = CivitAi::start(vec![
        Model::new(257_749, "Pony", "Checkpoint").version(Version::new(290_640, "v6").file(weights())),
    ]);
    refused(
        &site,
        3,
        str![[r#"
error: the token for `civitai:257749@290640` is not valid
  caused by: 401 Unauthorized for [CIVITAI]/api/download/models/290640
  server says: The creator of this asset requires you to be logged in to download it
hint: make a new token at [CIVITAI]/user/account and set CA_API_KEY to it
hint: the token came from CA_API_KEY; `gatedl auth status` shows the others

"#]],
    );
    let me = site.requests().iter().filter(|request| request.path() == "/api/v1/me").count();
    assert_eq!(me, 1);
}

#[test]
fn a_banned_account_is_told_so() {
    let site = behind(Door::Granted(Vec::new()));
    site.configure(|state| {
        state.standings.insert("bob".to_owned(), "banned".to_owned());
        state.bans.insert("bob".to_owned());
    });
    refused(
        &site,
        4,
        str![[r#"
error: `civitai:257749@290640` is refused to the account `bob` as if it were not logged in
  caused by: 401 Unauthorized for [CIVITAI]/api/download/models/290640
  server says: The creator of this asset requires you to be logged in to download it
hint: the account is banned: see [CIVITAI]/models/257749
hint: the token came from CA_API_KEY (account `bob`); `gatedl auth status` shows the others

"#]],
    );
}

#[test]
fn no_key_helps_where_downloads_are_disabled() {
    says(
        Door::Disabled,
        4,
        str![[r#"
error: the creator of `civitai:257749@290640` has disabled downloads
  caused by: 401 Unauthorized for [CIVITAI]/api/download/models/290640
  server says: The creator of this asset has disabled downloads on this file
hint: no token helps; another version may be free: [CIVITAI]/models/257749

"#]],
    );
}

#[test]
fn early_access_names_the_deadline_and_the_page() {
    says(
        Door::EarlyAccess { deadline: "2026-12-01T00:00:00.000Z".to_owned(), buyers: Vec::new() },
        4,
        str![[r#"
error: `civitai:257749@290640` is in early access until 2026-12-01T00:00:00.000Z: only for those who have paid
  caused by: 403 Forbidden for [CIVITAI]/api/download/models/290640
  server says: This asset is in Early Access. You can use Buzz access it now!
hint: buy access at [CIVITAI]/models/257749, or come back later; an older version may be free
hint: the token came from CA_API_KEY (account `bob`); `gatedl auth status` shows the others

"#]],
    );
}

#[test]
fn an_account_without_a_grant_is_told_so() {
    says(
        Door::Granted(vec!["alice".to_owned()]),
        4,
        str![[r#"
error: this account has no right to download `civitai:257749@290640`
  caused by: 403 Forbidden for [CIVITAI]/api/download/models/290640
  server says: You do not have access to download this file
hint: see [CIVITAI]/models/257749 for how to get access
hint: the token came from CA_API_KEY (account `bob`); `gatedl auth status` shows the others

"#]],
    );
}

#[test]
fn a_blocked_address_is_forbidden() {
    says(
        Door::Forbidden,
        4,
        str![[r#"
error: access to `257749` is forbidden to this token
  caused by: 403 Forbidden for [CIVITAI]/api/download/models/290640
  server says: Forbidden
hint: a policy or an administrator forbids it; [CIVITAI]/models/257749 may say more
hint: the token came from CA_API_KEY (account `bob`); `gatedl auth status` shows the others

"#]],
    );
}

#[test]
fn an_archived_model_is_final() {
    says(
        Door::Archived,
        4,
        str![[r#"
error: `civitai:257749@290640` is archived: its files can no longer be downloaded
  caused by: 410 Gone for [CIVITAI]/api/download/models/290640
  server says: Model archived, not available for download
hint: the same content may have been published elsewhere; [CIVITAI]/models/257749 may say where

"#]],
    );
}

#[test]
fn a_missing_file_is_not_found() {
    says(
        Door::Missing,
        5,
        str![[r#"
error: `257749` lists `pony.safetensors`, but the hub does not have it
  caused by: 404 Not Found for [CIVITAI]/api/download/models/290640
  server says: File not found
hint: run the command again; the hub may be in the middle of a change

"#]],
    );
}

#[test]
fn a_blocked_region_is_final() {
    says(
        Door::Region,
        4,
        str![[r#"
error: `civitai:257749@290640` is not served in the region of this machine
  caused by: 451 Unavailable For Legal Reasons for [CIVITAI]/api/download/models/290640
  server says: Not available in your region
hint: no token helps; see [CIVITAI]/models/257749

"#]],
    );
}

#[test]
fn what_the_server_takes_for_no_number_is_not_found() {
    says(
        Door::BadRequest,
        5,
        str![[r#"
error: the provider knows no such number: `civitai:257749@290640`
  caused by: 400 Bad Request for [CIVITAI]/api/download/models/290640
  server says: Invalid fileId
hint: the numbers are those of the page's address: `civitai:MODEL@VERSION+FILE`

"#]],
    );
}

#[test]
fn a_redirect_to_the_login_page_is_a_refusal() {
    says(
        Door::LoginPage,
        4,
        str![[r#"
error: `civitai:257749@290640` is refused to the account `bob` as if it were not logged in
  caused by: the server leads to its login page: [CIVITAI]/api/download/models/290640
hint: see [CIVITAI]/models/257749, or try another token
hint: the token came from CA_API_KEY (account `bob`); `gatedl auth status` shows the others

"#]],
    );
}

#[test]
fn the_description_alone_refuses_what_is_certain() {
    let model = |version: Version| Model::new(257_749, "Pony", "Checkpoint").version(version.file(weights()));
    let version = || Version::new(290_640, "v6");
    let generation = site(model(version().usage("Generation")));
    refused(
        &generation,
        4,
        str![[r#"
error: the creator of `civitai:257749@290640` has disabled downloads
hint: no token helps; another version may be free: [CIVITAI]/models/257749

"#]],
    );
    let archived = site(model(version()).archived());
    refused(
        &archived,
        4,
        str![[r#"
error: `civitai:257749@290640` is archived: its files can no longer be downloaded
hint: the same content may have been published elsewhere; [CIVITAI]/models/257749 may say where

"#]],
    );
    let sandbox = Sandbox::with_civitai(&archived, None);
    pull(&sandbox, "civitai:257749").status(4).any_stderr().run();
    let paid = Paid { permanent: false, ends_at: Some("2999-12-01T00:00:00.000Z".to_owned()) };
    let early = site(model(version().paid(paid)));
    let sandbox = Sandbox::with_civitai(&early, None);
    sandbox
        .args(["pull", "civitai:257749@290640"])
        .status(4)
        .stderr(str![[r#"
error: `civitai:257749@290640` is in early access until 2999-12-01T00:00:00.000Z: only for those who have paid
hint: buy access at [CIVITAI]/models/257749, or come back later; an older version may be free
hint: store a token of that account ([CIVITAI]/user/account) with `gatedl auth login civitai`, or set CA_API_KEY, and run the same command again

"#]])
        .run();
    for site in [generation, archived, early] {
        assert!(site.requests().iter().all(|request| !request.path().contains("/download/")), "nothing was tried");
    }
}

#[test]
fn what_is_not_published_is_not_found() {
    let site = behind(Door::Login);
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:9")
        .status(5)
        .stderr(str![[r#"
error: there is nothing published as `civitai:9`
  caused by: 404 Not Found for [CIVITAI]/api/v1/models/9
  server says: No model with id 9
hint: see [CIVITAI]/models/9; models and versions are numbered on their own, as in `civitai:MODEL@VERSION`

"#]])
        .run();
    pull(&sandbox, "civitai:257749@9")
        .status(5)
        .stderr(str![[r#"
error: there is nothing published as `civitai:257749@9`
  caused by: 404 Not Found for [CIVITAI]/api/v1/model-versions/9
  server says: Model not found
hint: see [CIVITAI]/models/257749; models and versions are numbered on their own, as in `civitai:MODEL@VERSION`

"#]])
        .run();
    pull(&sandbox, "civitai:model-versions/9")
        .status(5)
        .stderr(str![[r#"
error: there is nothing published as `civitai:model-versions/9@9`
  caused by: 404 Not Found for [CIVITAI]/api/v1/model-versions/9
  server says: Model not found
hint: see [CIVITAI]/model-versions/9; models and versions are numbered on their own, as in `civitai:MODEL@VERSION`

"#]])
        .run();
    assert_no_trace(&sandbox);
}

#[test]
fn a_dry_run_tells_the_refusal_and_ends_well() {
    let site = behind(Door::Granted(Vec::new()));
    let sandbox = Sandbox::with_civitai(&site, None);
    pull(&sandbox, "civitai:257749@290640")
        .args(["--dry-run"])
        .stdout(str![[r#"
257749@290640 is version 290640
gate: not described, access refused
  this account has no right to download `civitai:257749@290640`
  server says: You do not have access to download this file
  hint: see [CIVITAI]/models/257749 for how to get access
  hint: the token came from CA_API_KEY (account `bob`); `gatedl auth status` shows the others
   fetch   300.00 kB  pony.safetensors
1 file, 300.00 kB; 300.00 kB to fetch

"#]])
        .run();
}

#[test]
fn paying_opens_the_door() {
    let buyers = vec!["bob".to_owned()];
    let site = behind(Door::EarlyAccess { deadline: "2026-12-01".to_owned(), buyers }).account(Account::new("eve"));
    let sandbox = Sandbox::with_civitai(&site, None);
    let run = sandbox.args(["pull", "civitai:257749@290640"]).env("CA_API_KEY", key_of("eve"));
    run.status(4).any_stderr().run();
    pull(&sandbox, "civitai:257749@290640").any_stdout().any_stderr().run();
}

#[test]
fn access_is_told_before_a_download() {
    let site = behind(Door::Granted(vec!["alice".to_owned()])).account(Account::new("alice"));
    let sandbox = Sandbox::with_civitai(&site, None);
    for reference in ["civitai:257749@290640", "https://civitai.com/model-versions/290640"] {
        let access =
            |name| sandbox.args(["access", reference]).env("CA_API_KEY", key_of(name)).any_stdout().any_stderr();
        access("alice").run();
        access("bob").status(4).run();
    }
    let run = sandbox.args(["access", "civitai:257749@290640"]).env("CA_API_KEY", key_of("bob"));
    run.status(4)
        .stdout(str![[r#"
REPOSITORY             GATE  ACCESS        TOKEN
civitai:257749@290640  -     not entitled  CA_API_KEY

token from CA_API_KEY, for [CIVITAI] only
  account: `bob`
  standing: active

this account has no right to download `civitai:257749@290640`
  caused by: 403 Forbidden for [CIVITAI]/api/download/models/290640
  server says: You do not have access to download this file
  hint: see [CIVITAI]/models/257749 for how to get access
  hint: the token came from CA_API_KEY (account `bob`); `gatedl auth status` shows the others

"#]])
        .any_stderr()
        .run();
    assert_no_trace(&sandbox);
}
