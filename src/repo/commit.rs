//! Commits: what never moves, and the only thing that names a snapshot folder.
//!
//! Where a provider numbers what it has and knows no commits, one stands for a number, so that everything that is kept by
//! commit serves it too.

use std::fmt;
use std::str::FromStr;

use super::{NameError, printable};

/// 40 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Commit(String);

impl Commit {
    /// The 40 digits.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The commit that stands for a number.
    #[must_use]
    pub(crate) fn of_number(number: u64) -> Self {
        Self(format!("{number:0>40}"))
    }

    /// The number that this commit stands for; none where it is a hash, of which none begins with 20 zeros.
    #[must_use]
    pub(crate) fn as_number(&self) -> Option<u64> {
        self.0.starts_with(&"0".repeat(20)).then(|| self.0.parse().ok()).flatten()
    }
}

impl FromStr for Commit {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 40 && text.bytes().all(digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::Commit { text: printable(text) })
        }
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_told_from_a_hash() {
        assert_eq!(Commit::of_number(290_640).as_str(), "0000000000000000000000000000000000290640");
        for number in [0, 290_640, u64::MAX] {
            assert_eq!(Commit::of_number(number).as_number(), Some(number));
        }
        for hash in ["a1".repeat(20), "0".repeat(19) + &"1".repeat(21), "0".repeat(20) + &"f".repeat(20)] {
            assert_eq!(hash.parse::<Commit>().unwrap().as_number(), None, "{hash}");
        }
    }
}
