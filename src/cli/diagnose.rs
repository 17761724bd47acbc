//! From an error to what is printed: the headline, its causes, the server's words, the hints; or the same as JSON.

use std::error::Error as _;

use serde_json::{Value, json};

use super::terminal::Terminal;
use crate::error::Error;
use crate::repo::printable;

/// The text of an error for people.
pub(super) fn text(error: &Error, terminal: &Terminal) -> String {
    let mut text = format!("{} {error}", terminal.label("error"));
    for cause in causes(error) {
        text += &format!("\n  caused by: {cause}");
    }
    if let Some(message) = error.server_message() {
        text += &format!("\n  server says: {message}");
    }
    for hint in error.hints() {
        text += &format!("\n{} {hint}", terminal.label("hint"));
    }
    text
}

/// The document of an error for machines.
pub(super) fn document(error: &Error) -> Value {
    json!({ "error": {
        "kind": error.kind(),
        "message": error.to_string(),
        "causes": causes(error),
        "server_message": error.server_message(),
        "url": error.page(),
        "status": error.status().code(),
        "hints": error.hints(),
    } })
}

/// What lies beneath the headline, each once: some layers pass the text of the one below on as their own.
fn causes(error: &Error) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = printable(&cause.to_string());
        if causes.last() != Some(&text) && text != error.to_string() {
            causes.push(text);
        }
        source = cause.source();
    }
    causes
}
