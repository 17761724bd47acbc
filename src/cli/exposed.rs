//! A token among the arguments: the process list and the shell's history have it already, so nothing is done with it, and
//! no message repeats it.
//!
//! People bring it from other programs (`--token hf_…`), or paste it where a name is wanted (`gatedl pull hf_…`). Looked for
//! before anything is parsed: the parser's own errors quote what they do not understand.

use std::ffi::OsString;

use crate::error::Error;
use crate::text::{is_like_a_key, masked, token_in};

/// Flags of other programs that take a token.
const FLAGS: [&str; 6] = ["--token", "--hf-token", "--auth-token", "--access-token", "--api-token", "--api-key"];
/// What a name stands behind that is never 32 hexadecimal digits.
const BEFORE_NAMES: [&str; 9] =
    ["pull", "access", "doctor", "login", "status", "token", "git-credential", "--provider", "--token-file"];

/// Why these arguments, the program's name first, are not even read.
pub(super) fn refuse(arguments: &[OsString]) -> Option<Error> {
    let texts: Vec<_> = arguments.iter().skip(1).map(|argument| argument.to_string_lossy()).collect();
    if let Some(token) = texts.iter().find_map(|text| token_in(text)) {
        return Some(Error::TokenArgument { what: format!("`{}` is a token", masked(token)) });
    }
    let words: Vec<&str> =
        texts.iter().flat_map(|text| text.split_inclusive('=')).map(|text| text.trim_end_matches('=')).collect();
    let names = words.windows(2).filter(|pair| BEFORE_NAMES.contains(&pair[0])).map(|pair| pair[1]);
    let mut names = names.map(|name| name.rsplit(':').next().unwrap_or(name));
    if let Some(key) = names.find(|name| is_like_a_key(name)) {
        return Some(Error::TokenArgument { what: format!("`{}` looks like a key of CivitAI", masked(key)) });
    }
    let options = texts.iter().take_while(|text| *text != "--");
    let flag = |text: &str| FLAGS.into_iter().find(|flag| text.split('=').next() == Some(flag));
    let flag = options.into_iter().find_map(|text| flag(text))?;
    Some(Error::TokenArgument { what: format!("there is no {flag}") })
}

/// A message of the parser with every argument masked that may be a key of CivitAI; none where it holds none.
pub(super) fn without_keys(message: &str, arguments: &[OsString]) -> Option<String> {
    let texts = arguments.iter().filter_map(|argument| argument.to_str());
    let values: Vec<&str> =
        texts.flat_map(|text| text.split('=')).filter(|text| is_like_a_key(text) && message.contains(text)).collect();
    let hide = |message: String, key: &&str| message.replace(key, &masked(key));
    (!values.is_empty()).then(|| values.iter().fold(message.to_owned(), hide))
}
