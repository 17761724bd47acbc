//! Text of somebody else's, made fit to be shown: what servers write, what files hold, what was typed.
//!
//! Such text may hold what a terminal obeys (escapes), what turns the order of letters round (CVE-2021-42574), and what is
//! not seen at all, in which a token can hide from a search for it. All of it is taken out in one place, and in one order:
//! first what is not seen, then what must not be repeated, and only then is a text cut, so that no half of a token is left.

mod token;

pub(crate) use self::token::{is_like_a_key, masked, shown, token_in};

/// How much of a text fits a message, in bytes.
const LONGEST: usize = 2_000;

/// Whether a character could change what a terminal shows of others: control characters, line separators, the overrides
/// of the bidirectional algorithm, annotations and tags.
#[must_use]
pub(crate) fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        || matches!(character, '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Whether a character shows nothing: marks of direction, of zero width, fillers, selectors. Names in some scripts have
/// some of them for good reasons.
const fn is_invisible(character: char) -> bool {
    matches!(character, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}')
        || matches!(character, '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{206F}')
        || matches!(character, '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0100}'..='\u{E01EF}')
}

/// A text without whatever could play with a terminal, cut to a length that fits a message.
#[must_use]
pub(crate) fn printable(text: &str) -> String {
    printable_without(text, str::to_owned)
}

/// As [`printable`], for a text that may repeat what must not be shown: `hide` takes that out.
#[must_use]
pub(crate) fn printable_without(text: &str, hide: impl Fn(&str) -> String) -> String {
    let text = visible(text).replace(['\n', '\t'], " ");
    let mut text = hide(&text).trim().to_owned();
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or_default());
        text.push('…');
    }
    text
}

/// A text without whatever could play with a terminal, as long and with as many lines as it is.
#[must_use]
pub(crate) fn visible(text: &str) -> String {
    let is_shown = |character: &char| {
        matches!(character, '\n' | '\t') || !(is_unprintable(*character) || is_invisible(*character))
    };
    text.chars().filter(is_shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_text_cannot_move_the_cursor() {
        assert_eq!(printable("\u{1b}[31mred\u{202E}\r\nnext\u{7}"), "[31mred next");
        assert!(printable(&"x".repeat(5_000)).len() < 2_100);
        assert_eq!(printable(&"ü".repeat(2_000)).chars().count(), 1_001);
        assert_eq!(visible("a\tb\u{9b}\n\u{2028}c"), "a\tb\nc");
    }

    #[test]
    fn what_is_not_seen_is_not_there() {
        for hidden in [
            "\u{200B}",
            "\u{200D}",
            "\u{200E}",
            "\u{200F}",
            "\u{61C}",
            "\u{2028}",
            "\u{2029}",
            "\u{202A}",
            "\u{202E}",
            "\u{2066}",
            "\u{2069}",
            "\u{2060}",
            "\u{FEFF}",
            "\u{AD}",
            "\u{E0041}",
            "\u{E007F}",
            "\u{E0101}",
            "\u{3164}",
            "\u{180E}",
            "\0",
        ] {
            assert_eq!(printable(&format!("a{hidden}b")), "ab", "{}", hidden.escape_unicode());
        }
        assert_eq!(printable("größer 模型 é نموذج"), "größer 模型 é نموذج");
    }

    #[test]
    fn what_must_not_be_repeated_is_hidden_before_the_text_is_cut() {
        let hide = |text: &str| text.replace("hf_secret", "****");
        let long = format!("{}hf_secret", "x".repeat(LONGEST - 5));
        assert!(!printable_without(&long, hide).contains("hf_"), "no half of it is left");
        assert_eq!(printable_without("a h\u{200B}f_\u{1b}sec\u{202E}ret!", hide), "a ****!");
    }
}
