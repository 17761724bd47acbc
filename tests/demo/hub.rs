//! Serves the test hub to clients in other languages.
//!
//! ```sh
//! cargo run --example hub -- description.json --seconds 60
//! ```
//!
//! Reads one JSON description (see [`description`]) from the named file or from standard input, prints one JSON line
//! `{"url":…,"cdn":…,"tokens":{account:token}}` when it is ready, and stops when standard input closes or the time is
//! over. `/_control/requests`, `/_control/reset`, `/_control/access`, `/_control/expire-links` and `/_control/fault`
//! steer it meanwhile (see `support/control.rs`).

#![allow(unreachable_pub, reason = "a program has no outside: here `pub` says what other modules may use")]
#![allow(clippy::disallowed_methods, reason = "a program of its own, with its own command line")]

// With paths, because the root of an example looks for its modules beside itself.
#[path = "hub/description.rs"]
mod description;
#[path = "../it/support/mod.rs"]
mod support;

use description::Description;
use serde_json::json;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Read as _, Write as _};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

struct Arguments {
    file: Option<String>,
    limit: Duration,
}

#[allow(clippy::disallowed_methods, reason = "its own command line, not gatedl's")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments = parse(std::env::args().skip(1))?;
    let description: Description = match &arguments.file {
        Some(path) => serde_json::from_slice(&std::fs::read(path)?)?,
        // One document, not all of the input: its end is the sign to stop.
        None => serde_json::Deserializer::from_reader(io::stdin()).into_iter().next().ok_or("no description")??,
    };
    let names: Vec<String> = description.accounts.iter().map(|account| account.name.clone()).collect();
    let tokens: BTreeMap<&String, String> = names.iter().map(|name| (name, support::token_of(name))).collect();
    let hub = description.start()?;

    let mut stdout = io::stdout();
    writeln!(stdout, "{}", json!({"url": hub.url(), "cdn": hub.cdn_url(), "tokens": tokens}))?;
    stdout.flush()?;

    let (sender, closed) = mpsc::channel();
    thread::spawn(move || {
        io::copy(&mut io::stdin().by_ref(), &mut io::sink()).ok();
        let _ = sender.send(());
    });
    let _ = closed.recv_timeout(arguments.limit);
    Ok(())
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, Box<dyn Error>> {
    let mut arguments = Arguments { file: None, limit: Duration::from_secs(600) };
    while let Some(word) = words.next() {
        if word == "--seconds" {
            let seconds = words.next().ok_or("--seconds needs a number")?;
            arguments.limit = Duration::from_secs(seconds.parse()?);
        } else {
            arguments.file = Some(word);
        }
    }
    Ok(arguments)
}
