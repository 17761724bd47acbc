//! What people put in the place of a token, told apart: each is a token in the wrapping of something else, and "401, make a
//! new one" is no help with any of them.

use std::str;

use thiserror::Error;

/// Why a value is no token that can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum SecretProblem {
    /// A blank inside, a control character, a letter beyond ASCII.
    #[error("contains a character that cannot be sent (a blank, control or non-ASCII character)")]
    Unsendable,
    /// A character that nobody sees, from a web page or an editor.
    #[error("contains the invisible character U+{:04X}, which is no part of a token", u32::from(*.0))]
    Invisible(char),
    /// `"hf_…"`: docker's `--env-file` takes quotes literally.
    #[error("has quotes around it, which are no part of a token (docker's --env-file takes them literally)")]
    Quoted,
    /// `Bearer hf_…`: the value of a header.
    #[error("begins with `Bearer`, which is no part of a token")]
    Bearer,
    /// `HF_TOKEN=hf_…`: a line of an environment file.
    #[error("is a whole line `NAME=value`; only what stands behind the `=` is the token")]
    Assignment,
    /// `$HF_TOKEN`, `%HF_TOKEN%`, `${{ secrets.HF_TOKEN }}`, `<token>`.
    #[error("is a placeholder such as `$NAME`, and nothing has put the token in its place")]
    Placeholder,
    /// `# …`.
    #[error("begins with a comment; the token must stand in the first line")]
    Comment,
    /// What editors of Windows put before UTF-8.
    #[error("begins with a byte order mark, which is no part of a token; save it as UTF-8 without one")]
    ByteOrderMark,
    /// What `>` of Windows PowerShell writes.
    #[error("is written in UTF-16, as `>` of Windows PowerShell writes; save it as UTF-8")]
    Utf16,
    /// Something else than text.
    #[error("is no text in UTF-8")]
    NotText,
}

impl SecretProblem {
    /// What is wrong with a value without blanks around it; none where it can be sent.
    pub(super) fn of(value: &str) -> Option<Self> {
        const QUOTES: [char; 7] = ['"', '\'', '`', '“', '”', '‘', '’'];
        let invisible = |character: &char| matches!(character, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}');
        match value {
            _ if value.starts_with('\u{FEFF}') => Some(Self::ByteOrderMark),
            _ if value.starts_with('#') => Some(Self::Comment),
            _ if value.starts_with(['$', '<', '%', '{']) => Some(Self::Placeholder),
            _ if value.starts_with(QUOTES) || value.ends_with(QUOTES) => Some(Self::Quoted),
            _ if value.to_ascii_lowercase().contains("bearer ") => Some(Self::Bearer),
            _ if is_assignment(value) => Some(Self::Assignment),
            _ if value.bytes().all(|byte| byte.is_ascii_graphic()) => None,
            _ => Some(value.chars().find(invisible).map_or(Self::Unsendable, Self::Invisible)),
        }
    }

    /// The text of what was read, or what it is instead.
    pub(super) fn of_encoding(raw: &[u8]) -> Result<&str, Self> {
        let is_utf16 = raw.starts_with(&[0xFF, 0xFE]) || raw.starts_with(&[0xFE, 0xFF]);
        // without a mark: every other byte of ASCII in UTF-16 is 0
        let is_halved = match raw {
            [0, second, ..] => *second != 0,
            [first, 0, third, ..] => *first != 0 && *third != 0,
            _ => false,
        };
        if is_utf16 || is_halved {
            return Err(Self::Utf16);
        }
        str::from_utf8(raw).map_err(|_| Self::NotText)
    }
}

/// `NAME=value`, perhaps behind `export` or `set`. Names of variables are in capitals, and a `=` at the end of a token is
/// padding.
fn is_assignment(value: &str) -> bool {
    let line = ["export ", "set ", "setx ", "$env:"].iter().find_map(|word| value.strip_prefix(word)).unwrap_or(value);
    line.trim_start().split_once('=').is_some_and(|(name, value)| {
        let name = name.trim_end();
        let is_name = !name.is_empty() && name.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
        is_name && !value.trim_start_matches('=').is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wrapping_is_told() {
        for (value, problem) in [
            ("\"hf_x\"", SecretProblem::Quoted),
            ("'hf_x'", SecretProblem::Quoted),
            ("“hf_x”", SecretProblem::Quoted),
            ("Bearer hf_x", SecretProblem::Bearer),
            ("Authorization: bearer hf_x", SecretProblem::Bearer),
            ("HF_TOKEN=hf_x", SecretProblem::Assignment),
            ("export HF_TOKEN=hf_x", SecretProblem::Assignment),
            ("HF_TOKEN = hf_x", SecretProblem::Assignment),
            ("$HF_TOKEN", SecretProblem::Placeholder),
            ("${{ secrets.HF_TOKEN }}", SecretProblem::Placeholder),
            ("%HF_TOKEN%", SecretProblem::Placeholder),
            ("<your token>", SecretProblem::Placeholder),
            ("# my token", SecretProblem::Comment),
            ("\u{FEFF}hf_x", SecretProblem::ByteOrderMark),
            ("hf_\u{200B}x", SecretProblem::Invisible('\u{200B}')),
            ("hf_ x", SecretProblem::Unsendable),
            ("hf_ü", SecretProblem::Unsendable),
        ] {
            assert_eq!(SecretProblem::of(value), Some(problem), "{value}");
        }
        for token in ["hf_x", "QUJD==", "ABC=", "eyJ0.eyJ4-_.c2ln", "a=b", "key'with", "0123456789abcdef", "x%y$z"] {
            assert_eq!(SecretProblem::of(token), None, "{token}");
        }
        assert_eq!(
            SecretProblem::Invisible('\u{200B}').to_string(),
            "contains the invisible character U+200B, which is no part of a token"
        );
    }

    #[test]
    fn encodings_of_windows_are_told() {
        let utf16 = |big: bool| {
            "\u{FEFF}hf_x\r\n"
                .encode_utf16()
                .flat_map(move |unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
        };
        for big in [true, false] {
            let bytes: Vec<u8> = utf16(big).collect();
            assert_eq!(SecretProblem::of_encoding(&bytes), Err(SecretProblem::Utf16));
            assert_eq!(SecretProblem::of_encoding(&bytes[2..]), Err(SecretProblem::Utf16));
        }
        assert_eq!(SecretProblem::of_encoding(b"hf_\xff"), Err(SecretProblem::NotText));
        assert_eq!(SecretProblem::of_encoding(b"hf_x"), Ok("hf_x"));
        assert_eq!(SecretProblem::of_encoding(b""), Ok(""));
    }
}
