//! What looks like a token, wherever it turns up: in an argument, in a name that is quoted in an error.
//!
//! Only the shapes that hubs issue and nobody gives to anything else: a user's token (`hf_` and 34 letters), an
//! organization's (`api_org_`), a browser login's (`hf_oauth_`), a job's (`hf_jwt_`, and any JWT). A key of CivitAI is 32
//! hexadecimal digits, as many other things are; so it counts only where nothing else can be meant.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    let shapes = [
        "(?:hf|api_org)_[0-9A-Za-z]{30,}",
        "hf_(?:oauth|jwt)_[-0-9A-Za-z_.]{16,}",
        r"eyJ[-0-9A-Za-z_]{10,}\.[-0-9A-Za-z_]{10,}\.[-0-9A-Za-z_]+",
    ];
    Regex::new(&shapes.join("|")).expect("the shapes are patterns")
});

/// The first part of a text that looks like a token.
#[must_use]
pub(crate) fn token_in(text: &str) -> Option<&str> {
    TOKEN.find(text).map(|found| found.as_str())
}

/// Whether a text may be a key of CivitAI.
#[must_use]
pub(crate) fn is_like_a_key(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Enough of a token to tell it from another, and no more: `hf_****abcd`, as `hf auth list` shows it.
#[must_use]
pub(crate) fn masked(token: &str) -> String {
    const SHOWN: usize = 4;
    if token.len() < 5 * SHOWN {
        return "****".to_owned();
    }
    let prefix = token.find('_').filter(|end| *end <= SHOWN).map_or("", |end| &token[..=end]);
    format!("{prefix}****{}", &token[token.len() - SHOWN..])
}

/// A text that somebody gave for a name or an address, as it may be repeated: whatever looks like a token is masked.
#[must_use]
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if is_like_a_key(text) {
        return masked(text).into();
    }
    TOKEN.replace_all(text, |found: &Captures<'_>| masked(&found[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hubs_issue_looks_like_a_token_and_names_do_not() {
        let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGH";
        for token in [
            format!("hf_{letters}"),
            format!("api_org_{letters}"),
            format!("hf_oauth_{letters}-._{letters}"),
            format!("hf_jwt_eyJhbGciOi.{letters}"),
            format!("eyJhbGciOiJIUzI1.{letters}.{letters}"),
        ] {
            assert_eq!(token_in(&token), Some(token.as_str()));
            assert_eq!(token_in(&format!("https://bob:{token}@hub/x")), Some(token.as_str()));
            let text = format!("there is no `{token}`, {token}");
            let shown = shown(&text);
            assert!(shown.starts_with("there is no `") && shown.matches("****").count() == 2, "{shown}");
            assert!(!shown.contains("abcdefgh"), "{shown}");
        }
        for name in [
            "hf_transfer",
            "org/hf_instruction-tuned-model",
            "hf_cache_directory_of_all_the_models",
            "org/hf_translationmodelxyz",
            "0123456789abcdef0123456789abcdef01234567",
            "eyJ.model.safetensors",
            "",
        ] {
            assert_eq!(token_in(name), None, "{name}");
            assert_eq!(shown(name), name);
        }
    }

    #[test]
    fn a_key_of_civitai_is_32_digits() {
        assert!(is_like_a_key("0123456789abcdef0123456789abcdef"));
        assert_eq!(shown("0123456789abcdef0123456789abcdef"), "****cdef");
        for other in ["0123456789abcdef0123456789abcde", "0123456789ABCDEF0123456789abcdef", "gpt2"] {
            assert!(!is_like_a_key(other), "{other}");
        }
    }
}
