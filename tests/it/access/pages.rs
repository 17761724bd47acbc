//! `--open`: the pages on which a user can do something, in the browser of `BROWSER`; never a request to accept.

use super::{access_as, model};
use crate::sandbox::{Run, Sandbox};
use crate::support::{Access, Account, Gate, Hub, until};
use snapbox::str;
use std::fs;

/// A browser that writes down what it is asked to open.
fn with_browser(sandbox: &Sandbox, run: Run) -> Run {
    let script = format!("#!/bin/sh\necho noise\necho noise >&2\necho \"$*\" >> {}\n", log(sandbox).display());
    let browser = sandbox.write("browser", script);
    fs::set_permissions(&browser, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    run.env("BROWSER", format!("no-such-browser:{}", browser.display()))
}

fn log(sandbox: &Sandbox) -> std::path::PathBuf {
    sandbox.path("opened")
}

fn opened(sandbox: &Sandbox, count: usize) -> Vec<String> {
    let read = || fs::read_to_string(log(sandbox)).unwrap_or_default();
    until("the pages are open", || read().lines().count() >= count);
    let mut pages: Vec<String> = read().lines().map(str::to_owned).collect();
    pages.sort();
    pages
}

fn hub() -> Hub {
    let ids = ["org/asked", "org/granted", "org/new", "org/open", "org/rejected", "org/reset"];
    let model = |id: &str| model(id, if id == "org/open" { Gate::Open } else { Gate::Manual });
    Hub::start(ids.map(model).into())
        .account(Account::new("bob"))
        .account(Account::new("carol").without_gated_permission())
        .access("bob", "org/asked", Access::Pending)
        .access("bob", "org/granted", Access::Granted)
        .access("bob", "org/rejected", Access::Rejected)
        .access("bob", "org/reset", Access::Reset)
}

#[test]
fn pages_are_opened_where_something_can_be_done_on_them() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let all = ["org/asked", "org/granted", "org/new", "org/open", "org/rejected", "org/reset", "org/none"];
    let run = access_as(&sandbox, "bob", &all).args(["--open"]).status(4).any_stdout();
    with_browser(&sandbox, run)
        .stderr(str![[r#"
opening https://huggingface.co/org/new
opening https://huggingface.co/org/reset

"#]])
        .run();
    let pages = ["https://huggingface.co/org/new", "https://huggingface.co/org/reset"];
    assert_eq!(opened(&sandbox, 2), pages);
    assert!(hub.requests().iter().all(|request| request.method == "GET"), "nothing is accepted for anybody");
}

#[test]
fn a_token_without_the_box_has_one_page_for_all_repositories() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let run = access_as(&sandbox, "carol", &["org/new", "org/reset", "--open", "--quiet"]).status(4).any_stdout();
    with_browser(&sandbox, run).any_stderr().run();
    let page = "https://huggingface.co/settings/tokens/new?canReadGatedRepos=true&tokenType=fineGrained";
    assert_eq!(opened(&sandbox, 1), [page]);
}

#[test]
fn no_browser_is_no_reason_to_fail() {
    let hub = hub();
    let sandbox = Sandbox::new(&hub);
    let run = access_as(&sandbox, "bob", &["org/new", "--open"]).env("BROWSER", "no-such-browser %s");
    run.status(4).any_stdout().stderr(str![[r#"
opening https://huggingface.co/org/new
warning: no browser could be started (No such file or directory (os error 2)); open https://huggingface.co/org/new yourself

"#]]).run();
}
