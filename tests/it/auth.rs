//! `gatedl auth`: what is stored where, which token is used, and what is said about it.

mod browser;
mod git;
mod keyless;
mod login;
mod logins;
mod status;

use crate::sandbox::{Run, Sandbox};
use crate::support::{Account, Hub, Repository, token_of};

/// A hub with these accounts; it is asked about nothing but them.
fn hub_of(accounts: impl IntoIterator<Item = Account>) -> Hub {
    let hub = Hub::start(vec![Repository::model("org/model").file("config.json", "{}")]);
    accounts.into_iter().fold(hub, Hub::account)
}

fn auth(sandbox: &Sandbox, args: &[&str]) -> Run {
    sandbox.args(["auth"]).args(args)
}

/// Where tokens may be stored.
const LOGINS: [&str; 3] =
    ["cache/huggingface/token", "cache/huggingface/stored_tokens", "config/gatedl/credentials.toml"];

/// A sandbox that may store tokens where they belong.
fn sandbox_of(hub: &Hub) -> Sandbox {
    let sandbox = Sandbox::new(hub);
    for path in LOGINS {
        sandbox.allow_token_in(path);
    }
    sandbox
}

/// Logs an account in for Hugging Face, under a name.
fn log_in(sandbox: &Sandbox, account: &str, name: &str) {
    let login = auth(sandbox, &["login", "hf", "--token-stdin", "--name", name]);
    login.stdin(token_of(account)).any_stderr().run();
}

/// A file of tokens as text, with the accounts' names for their tokens.
fn tokens_in(sandbox: &Sandbox, path: &str) -> String {
    let text = String::from_utf8(sandbox.read(path)).expect("text");
    text.replace(&token_of(""), "TOKEN-OF-")
}
