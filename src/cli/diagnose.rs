//! From an error to what is printed: the headline, its causes, the server's words, the hints; or the same as JSON.

use std::error::Error as _;

use serde::Serialize;

use super::document::VERSION;
use super::terminal::Terminal;
use crate::error::{Error, ExitStatus};
use crate::hub::http::Failure;
use crate::text::{printable, visible};

/// The text of an error for people.
pub(super) fn text(error: &Error, terminal: &Terminal) -> String {
    text_about("", error, terminal)
}

/// The text of an error that ended one thing of many; `subject` says which one.
pub(super) fn text_about(subject: &str, error: &Error, terminal: &Terminal) -> String {
    let colon = if subject.is_empty() { "" } else { ": " };
    let mut text = format!("{} {subject}{colon}{}", terminal.label("error"), visible(&error.to_string()));
    for cause in causes(error) {
        text += &format!("\n  caused by: {cause}");
    }
    if let Some(message) = error.server_message() {
        text += &format!("\n  server says: {message}");
    }
    for hint in error.hints() {
        text += &format!("\n{} {}", terminal.label("hint"), visible(&hint));
    }
    text
}

/// The document of a command that failed.
#[derive(Serialize)]
pub(super) struct ErrorDocument {
    version: u32,
    error: ErrorObject,
}

/// An error for programs, wherever one stands in a document.
#[derive(Debug, Serialize)]
pub(super) struct ErrorObject {
    kind: &'static str,
    message: String,
    causes: Vec<String>,
    server_message: Option<String>,
    url: Option<String>,
    status: u8,
    hints: Vec<String>,
}

impl From<ErrorObject> for ErrorDocument {
    fn from(error: ErrorObject) -> Self {
        Self { version: VERSION, error }
    }
}

impl From<&Error> for ErrorObject {
    fn from(error: &Error) -> Self {
        Self {
            kind: error.kind(),
            message: error.to_string(),
            causes: causes(error),
            server_message: error.server_message().map(Into::into),
            url: error.page().map(Into::into),
            status: error.status().code(),
            hints: error.hints(),
        }
    }
}

impl ErrorObject {
    /// What is wrong with what was typed.
    fn usage(message: String, hints: Vec<String>) -> Self {
        let (causes, status) = (Vec::new(), ExitStatus::Usage.code());
        Self { kind: "usage", message, causes, server_message: None, url: None, status, hints }
    }
}

/// Ends a command that failed: the text for people, the document as well where programs asked for one.
pub(super) fn end(error: &Error, json: bool, terminal: &Terminal) -> ExitStatus {
    Terminal::say(&text(error, terminal));
    if json {
        // the error is out already, and its status says the same
        let _: Result<(), Error> = terminal.document(&ErrorDocument::from(ErrorObject::from(error)));
    }
    error.status()
}

/// Tells programs of a command line that cannot be read; people were told.
pub(super) fn end_of_usage(said: &str, terminal: &Terminal) {
    let headline = said.split("\n\n").next().unwrap_or_default();
    let lines: Vec<&str> = headline.lines().map(str::trim).collect();
    let (hints, message): (Vec<&str>, Vec<&str>) = lines.into_iter().partition(|line| line.starts_with("hint: "));
    let message = message.join(" ");
    let message = message.strip_prefix("error: ").unwrap_or(&message).to_owned();
    let hints = hints.iter().map(|hint| hint.trim_start_matches("hint: ").to_owned()).collect();
    let _: Result<(), Error> = terminal.document(&ErrorDocument::from(ErrorObject::usage(message, hints)));
}

/// What lies beneath the headline, each once: some layers pass the text of the one below on as their own. Of what the
/// network library says only the innermost cause is worth a line; the layers above it are how that library is built.
pub(super) fn causes(error: &Error) -> Vec<String> {
    let network = error.failure().filter(|failure| matches!(failure, Failure::Network { .. }));
    let network = network.map(|failure| printable(&failure.to_string()));
    let mut causes: Vec<String> = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = printable(&cause.to_string());
        source = if network.as_ref() == Some(&text) { innermost(cause) } else { cause.source() };
        if causes.last() != Some(&text) && text != error.to_string() {
            causes.push(text);
        }
    }
    causes
}

fn innermost<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a (dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source()).last()
}
