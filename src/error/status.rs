//! The exit statuses: an API that scripts branch on, so they are listed once, here, and a test holds README and `--help`
//! to the list.

use crate::hub::auth::IdentityError;
use crate::hub::http::Failure;

/// The exit status of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// Everything asked for is verified and in place.
    Done = 0,
    /// Another failure.
    Other = 1,
    /// Wrong usage, reference or configuration.
    Usage = 2,
    /// No token, or a bad one.
    Credential = 3,
    /// Access refused.
    Refused = 4,
    /// Not found.
    NotFound = 5,
    /// Content did not verify.
    Corrupt = 6,
    /// Network or server.
    Network = 7,
    /// Disk, cache or lock.
    Disk = 8,
    /// Interrupted.
    Interrupted = 130,
}

impl ExitStatus {
    /// Every status, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::Other,
        Self::Usage,
        Self::Credential,
        Self::Refused,
        Self::NotFound,
        Self::Corrupt,
        Self::Network,
        Self::Disk,
        Self::Interrupted,
    ];

    /// The status of a run with several outcomes: the first of these that occurred. Bad content outranks a full disk,
    /// which outranks a closed gate, because that is the order in which somebody has to act.
    #[must_use]
    pub fn of_all(outcomes: impl IntoIterator<Item = Self>) -> Self {
        const ORDER: [ExitStatus; 9] = [
            ExitStatus::Interrupted,
            ExitStatus::Corrupt,
            ExitStatus::Disk,
            ExitStatus::Refused,
            ExitStatus::Credential,
            ExitStatus::NotFound,
            ExitStatus::Network,
            ExitStatus::Other,
            ExitStatus::Usage,
        ];
        let rank = |status: &Self| ORDER.iter().position(|other| other == status).unwrap_or(ORDER.len());
        outcomes.into_iter().min_by_key(rank).unwrap_or(Self::Done)
    }

    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// What it means, in one line.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done: everything asked for is verified and in place (--dry-run: shown)",
            Self::Other => "another failure",
            Self::Usage => "wrong usage, reference or configuration",
            Self::Credential => "no token, or a bad one",
            Self::Refused => {
                "access refused: not asked for, pending, rejected, token too narrow, disabled, paid, unsafe"
            }
            Self::NotFound => "not found: repository (missing or private), revision or file; offline and not here",
            Self::Corrupt => "the content did not verify, or has no hash to verify it by",
            Self::Network => "network or server, after retries",
            Self::Disk => "disk, cache or lock",
            Self::Interrupted => "interrupted by Ctrl-C or SIGTERM; what has arrived is kept",
        }
    }
}

/// A hub or a CI system that says no to an identity has refused a credential; anything else is about the network.
pub(super) fn of_identity(error: &IdentityError) -> ExitStatus {
    match error {
        IdentityError::Exposed { .. } | IdentityError::Address { .. } | IdentityError::Auth(_) => ExitStatus::Usage,
        IdentityError::NoIdentity | IdentityError::Offline => ExitStatus::Credential,
        IdentityError::Lost(_) => ExitStatus::Other,
        IdentityError::Identity(failure) | IdentityError::Exchange { source: failure, .. } => match failure {
            Failure::Refused(refused) if matches!(refused.status.as_u16(), 400 | 401 | 403) => ExitStatus::Credential,
            _ => ExitStatus::Network,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_outcomes_have_the_status_that_somebody_must_act_on_first() {
        use ExitStatus::{Corrupt, Credential, Disk, Done, Interrupted, Network, NotFound, Refused};
        assert_eq!(ExitStatus::of_all([]), Done);
        assert_eq!(ExitStatus::of_all([Done, Network, Credential, Refused, NotFound]), Refused);
        assert_eq!(ExitStatus::of_all([Refused, Disk, Corrupt]), Corrupt);
        assert_eq!(ExitStatus::of_all(ExitStatus::ALL), Interrupted);
    }
}
