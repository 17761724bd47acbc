//! How a file is asked for that a version lists though it belongs to another: a VAE that its creator has linked.

use std::fmt;
use std::str::FromStr;

/// How it is asked for. It is kept in listings as one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AskedAs {
    /// By its number, at the version that it belongs to.
    OfVersion(u64),
    /// By its kind, which no other file of the listing has.
    Kind(String),
}

impl fmt::Display for AskedAs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfVersion(number) => write!(formatter, "version {number}"),
            Self::Kind(kind) => write!(formatter, "kind {kind}"),
        }
    }
}

/// A kept text that is neither.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

impl FromStr for AskedAs {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        match text.split_once(' ') {
            Some(("version", number)) => number.parse().map(Self::OfVersion).map_err(|_| Unreadable),
            Some(("kind", kind)) => Ok(Self::Kind(kind.to_owned())),
            _ => Err(Unreadable),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_nothing_else_is() {
        for asked_as in [AskedAs::OfVersion(7), AskedAs::Kind("Training Data".to_owned())] {
            assert_eq!(asked_as.to_string().parse(), Ok(asked_as));
        }
        for text in ["", "version", "version x", "version -1", "other 7"] {
            assert_eq!(text.parse::<AskedAs>(), Err(Unreadable), "{text}");
        }
    }
}
