//! Opening a page for the user, who reads it and decides. gatedl never accepts terms for anybody.
//!
//! `BROWSER` is obeyed first, as Python's tools do, because a container or a session over ssh has no other way to name a
//! program. What is started gets none of our streams: a chatty browser would otherwise write into a script's output.

use std::io;
use std::process::{Command, Stdio};

use crate::settings::env::{self, Env};
use crate::system::paths::LIST_SEPARATOR;

/// Opens pages; says which could not be.
pub(super) fn open<'a>(pages: &'a [String], env: &Env) -> Vec<(&'a str, io::Error)> {
    let failed = pages.iter().filter_map(|page| Some((page.as_str(), open_one(page, env).err()?)));
    failed.collect()
}

fn open_one(page: &str, env: &Env) -> io::Result<()> {
    let Ok(Some(browsers)) = env.text(env::BROWSER.name) else { return open::that_detached(page) };
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for browser in browsers.split(LIST_SEPARATOR).filter(|browser| !browser.trim().is_empty()) {
        match start(browser, page) {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Starts a browser as `BROWSER` writes it: a program, perhaps with arguments, of which `%s` is the page.
fn start(browser: &str, page: &str) -> io::Result<()> {
    let mut words: Vec<String> = browser.split_whitespace().map(|word| word.replace("%s", page)).collect();
    if !browser.contains("%s") {
        words.push(page.to_owned());
    }
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(drop)
}
