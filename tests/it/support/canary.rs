//! The word every secret of the test suite contains, so that one search finds any leak.
//!
//! Tokens are made from it and from an account's name; nothing else may ever contain it. The hub looks for it where a
//! token does not belong (the CDN, foreign hosts, URLs), the sandbox in everything a run printed or wrote.

/// A token in its own right: it belongs to no account, so a hub calls it invalid.
pub const CANARY: &str = "gatedlCanaryMustNeverBeSeenAnywhere";

/// The token of the account called `name` at a hub.
///
/// Letters and digits only, because some clients check the shape of a token before they send it.
pub fn token_of(name: &str) -> String {
    format!("hf_{}", key_of(name))
}

/// The key of the account called `name` at CivitAI: nothing tells whose a key is, where tokens of Hugging Face begin with
/// `hf_`.
pub fn key_of(name: &str) -> String {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{CANARY}{plain}")
}

/// Whether `text` holds any token of the suite, whole or as the tail of something else.
pub fn is_in(text: &str) -> bool {
    text.contains(CANARY)
}
