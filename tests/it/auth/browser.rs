//! A login that a browser made: renewed in time, by one program at a time, and never lost.

use super::{LOGINS, auth, hub_of, sandbox_of, tokens_in};
use crate::sandbox::{Run, Sandbox};
use crate::support::account::refresh_token_of;
use crate::support::{Account, At, Fault, Hub, Times, token_of, until};
use snapbox::str;
use std::collections::BTreeSet;

/// The ends of logins, in seconds since 1970.
const OVER: u64 = 1_700_000_000;
const FAR: u64 = 4_000_000_000;

/// A login of bob as `hf auth login` stores it, beside another one.
fn stored(sandbox: &Sandbox, refresh_token: &str, end: u64) {
    let token = token_of("bob");
    sandbox.write_private("cache/huggingface/token", &token);
    let browser = format!("hf_token = {token}\nrefresh_token = {refresh_token}\nexpires_at = {end}\nnote = mine\n");
    let text = format!("[ci]\nhf_token = {}\n\n[oauth-bob]\n{browser}\n", token_of("ci"));
    sandbox.write_private("cache/huggingface/stored_tokens", text);
}

fn ask(sandbox: &Sandbox) -> Run {
    sandbox.args(["pull", "--dry-run", "org/model"]).any_stdout()
}

fn renewals(hub: &Hub) -> usize {
    hub.requests().iter().filter(|request| request.target == "/oauth/token").count()
}

#[track_caller]
fn assert_renewed(sandbox: &Sandbox) {
    assert_eq!(tokens_in(sandbox, LOGINS[0]), "TOKEN-OF-bobnumber1");
    let text = tokens_in(sandbox, LOGINS[1]).replace(&refresh_token_of("bob", 1), "REFRESH-1");
    let (before, rest) = text.split_once("expires_at = ").expect("an end");
    assert_eq!(
        before,
        "[ci]\nhf_token = TOKEN-OF-ci\n\n[oauth-bob]\nhf_token = TOKEN-OF-bobnumber1\nrefresh_token = REFRESH-1\n"
    );
    let (end, rest) = rest.split_once('\n').expect("a line");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    assert!(end.parse::<u64>().expect("a number") > now + 2_500_000, "{end}");
    assert_eq!(rest, "note = mine\n\n");
    #[cfg(unix)]
    for file in &LOGINS[..2] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(sandbox.path(file)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn a_login_that_ends_is_renewed_before_anything_else_is_asked() {
    let hub = hub_of([Account::new("bob")]);
    let sandbox = sandbox_of(&hub);
    stored(&sandbox, &refresh_token_of("bob", 0), OVER);
    ask(&sandbox).run();
    let requests = hub.requests();
    assert_eq!((requests[0].method.as_str(), requests[0].target.as_str()), ("POST", "/oauth/token"));
    let senders: BTreeSet<_> = requests[1..].iter().map(|request| request.token.as_deref()).collect();
    assert_eq!(senders, BTreeSet::from([Some("bob")]));
    assert_renewed(&sandbox);
    ask(&sandbox).run();
    assert_eq!(renewals(&hub), 1);
}

#[test]
fn a_login_that_the_hub_does_not_take_any_more_is_renewed_and_the_question_asked_again() {
    let hub = hub_of([Account::new("bob").good_for(0)]);
    let sandbox = sandbox_of(&hub);
    stored(&sandbox, &refresh_token_of("bob", 0), FAR);
    ask(&sandbox).run();
    let statuses: Vec<u16> = hub.requests().iter().take(3).map(|request| request.status).collect();
    assert_eq!((statuses, renewals(&hub)), (vec![401, 200, 200], 1));
    assert_renewed(&sandbox);
}

#[test]
fn what_is_not_due_or_not_in_use_is_left_alone() {
    let hub = hub_of([Account::new("bob"), Account::new("ci")]);
    let sandbox = sandbox_of(&hub);
    stored(&sandbox, &refresh_token_of("bob", 0), FAR);
    ask(&sandbox).run();
    stored(&sandbox, &refresh_token_of("bob", 0), OVER);
    ask(&sandbox).env("HF_TOKEN", token_of("ci")).run();
    ask(&sandbox).args(["--anonymous"]).run();
    auth(&sandbox, &["list"]).any_stdout().run();
    auth(&sandbox, &["status", "--offline"]).any_stdout().run();
    assert_eq!(renewals(&hub), 0);
}

#[test]
fn every_command_that_uses_the_login_renews_it() {
    for command in [&["auth", "status", "hf"][..], &["doctor", "hf"], &["access", "org/model"]] {
        let hub = hub_of([Account::new("bob")]);
        let sandbox = sandbox_of(&hub);
        stored(&sandbox, &refresh_token_of("bob", 0), OVER);
        let told = sandbox.args(command).any_stdout().any_stderr().run();
        assert!(told.stdout.contains("account"), "{}", told.stdout);
        assert_renewed(&sandbox);
    }
}

/// The refresh token is used up once the hub has it, so its answer is waited for and written down.
#[cfg(unix)]
#[test]
fn a_stop_while_the_hub_answers_loses_no_login() {
    let hub = hub_of([Account::new("bob")]);
    let sandbox = sandbox_of(&hub);
    stored(&sandbox, &refresh_token_of("bob", 0), OVER);
    let process = stopped_while_renewing(&hub, &sandbox);
    hub.clear_faults();
    let ended = process.wait();
    assert_eq!(ended.status, 130);
    snapbox::assert_data_eq!(
        ended.stderr,
        str![[r#"
waiting for the next token of a login, for 10 s at most; without it the login is lost
error: interrupted; what has arrived is kept
hint: run the same command again to go on from there

"#]]
    );
    assert_renewed(&sandbox);
}

/// Whoever does not want to wait says so once more.
#[cfg(unix)]
#[test]
fn a_second_stop_ends_the_wait_for_the_hub() {
    let hub = hub_of([Account::new("bob")]);
    let sandbox = sandbox_of(&hub);
    stored(&sandbox, &refresh_token_of("bob", 0), OVER);
    let before = tokens_in(&sandbox, LOGINS[1]);
    let process = stopped_while_renewing(&hub, &sandbox);
    process.interrupt();
    assert_eq!(process.wait().status, 130);
    assert_eq!(tokens_in(&sandbox, LOGINS[1]), before);
}

/// A pull that was asked to stop when the hub had the refresh token and had not answered yet.
#[cfg(unix)]
fn stopped_while_renewing(hub: &Hub, sandbox: &Sandbox) -> crate::sandbox::Process {
    hub.fault(At::api("/oauth/token"), Fault::Held, Times::Always);
    let process = ask(sandbox).any_stderr().spawn();
    hub.until("the hub has the refresh token", |requests| requests.iter().any(|one| one.target == "/oauth/token"));
    process.interrupt();
    until("its answer is waited for", || process.stderr().contains("waiting for"));
    process
}

#[test]
fn a_login_that_cannot_be_renewed_is_said_once_and_nothing_is_lost() {
    let hub = hub_of([Account::new("bob").good_for(0)]);
    let sandbox = sandbox_of(&hub);
    stored(&sandbox, &refresh_token_of("bob", 7), OVER);
    let before = tokens_in(&sandbox, LOGINS[1]);
    let run = ask(&sandbox).status(3);
    run.stderr(str![[r#"
warning: the login `oauth-bob` could not be renewed (400 Bad Request for [HUB]/oauth/token (request id [ID])); `hf auth login` in a browser or `gatedl auth login hf` with a token logs in again
error: the token for `org/model` is not valid
  caused by: 401 Unauthorized for [HUB]/api/models/org/model/revision/main (request id [ID])
  server says: Invalid credentials in Authorization header
hint: `org/model` is public: the same command with `--anonymous` pulls it without a token
hint: make a new token at https://huggingface.co/settings/tokens and store it with `gatedl auth login hf`
hint: the token came from [ROOT]/cache/huggingface/token; `gatedl auth status` shows the others

"#]])
        .run();
    assert_eq!((tokens_in(&sandbox, LOGINS[1]), renewals(&hub)), (before, 1));
    assert_eq!(tokens_in(&sandbox, LOGINS[0]), "TOKEN-OF-bob");
}

#[test]
fn of_many_runs_at_once_one_renews_and_the_others_take_what_it_got() {
    let hub = hub_of([Account::new("bob")]);
    let sandbox = sandbox_of(&hub);
    stored(&sandbox, &refresh_token_of("bob", 0), OVER);
    let runs: Vec<_> = (0..4).map(|_| ask(&sandbox).spawn()).collect();
    for run in runs {
        let finished = run.wait();
        assert_eq!((finished.status, finished.stderr.as_str()), (0, ""));
    }
    assert_eq!(renewals(&hub), 1);
    assert_renewed(&sandbox);
}
