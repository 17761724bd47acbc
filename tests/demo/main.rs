//! The example behind the README's first command: a gated model, a newcomer, and what gatedl says at every step.
//!
//! It starts the test hub on loopback and runs the program's own front end, `gatedl::main`, with an environment of
//! its own: nothing is read from yours, and nothing leaves this machine.

#![allow(unreachable_pub, reason = "a program has no outside")]
#![allow(clippy::print_stdout, reason = "a demo talks")]

#[path = "../it/support/mod.rs"]
mod support;

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use gatedl::{Env, ExitStatus};
use support::{Access, Account, Gate, Hub, Repository, generated, token_of};

const MODEL: &str = "acme/gated-model";

/// One try: what the story says, who pulls, and how it must end.
struct Step {
    story: &'static str,
    token: bool,
    ends: ExitStatus,
}

fn main() -> Result<(), Box<dyn Error>> {
    let hub = Hub::start(vec![model()]).account(Account::new("newcomer"));
    let home = fresh_home()?;
    let play = |step: &Step| play(step, &hub, &home);

    play(&Step { story: "A gated model, and no token:", token: false, ends: ExitStatus::Credential })?;
    play(&Step { story: "With a token, but the terms are not accepted:", token: true, ends: ExitStatus::Refused })?;
    hub.set_access("newcomer", MODEL, Access::Pending);
    play(&Step {
        story: "The terms are accepted; the owners have not answered yet:",
        token: true,
        ends: ExitStatus::Refused,
    })?;
    hub.set_access("newcomer", MODEL, Access::Granted);
    play(&Step { story: "Access is granted:", token: true, ends: ExitStatus::Done })?;
    hub.take_requests();
    play(&Step { story: "The same again:", token: true, ends: ExitStatus::Done })?;
    let requests = hub.take_requests().len();
    if requests != 1 {
        return Err(format!("pulling again took {requests} requests instead of one").into());
    }
    println!("\nThat took one request. The files are in {}", home.join(".cache/huggingface/hub").display());
    Ok(())
}

/// A model of the usual shape, with 24 MB of weights.
fn model() -> Repository {
    Repository::model(MODEL)
        .gated(Gate::Manual)
        .file("README.md", "# A gated model\n")
        .file("config.json", "{\"model_type\": \"demo\"}\n")
        .lfs("model.safetensors", generated(7, 24_000_000))
}

fn play(step: &Step, hub: &Hub, home: &Path) -> Result<(), Box<dyn Error>> {
    let (url, token) = (hub.url(), token_of("newcomer"));
    let shown = if step.token { "HF_TOKEN=hf_… " } else { "" };
    println!("\n{}\n$ {shown}gatedl pull {MODEL}", step.story);
    std::io::stdout().flush()?;
    let home = home.to_str().ok_or("the demo's folder has no name in Unicode")?;
    let mut variables = vec![("HF_ENDPOINT", url.as_str())];
    variables.extend(step.token.then_some(("HF_TOKEN", token.as_str())));
    let env = Env::of(home, variables).with_arguments(["gatedl", "pull", MODEL]);
    let ended = gatedl::main(&env);
    println!("(exit status {}: {})", ended.code(), ended.meaning());
    if ended != step.ends {
        return Err(format!("`{}` ended with {ended:?} instead of {:?}", step.story, step.ends).into());
    }
    Ok(())
}

/// An empty home folder for the story, below `target/`.
fn fresh_home() -> Result<PathBuf, Box<dyn Error>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("target").join("demo");
    if home.exists() {
        fs::remove_dir_all(&home)?;
    }
    fs::create_dir_all(&home)?;
    Ok(home)
}
