//! How many files and connections this process may have open.
//!
//! A login shell usually gives 1,024 and may be asked for far more; macOS gives 256, some batch systems 64. Running out
//! in the middle ends as "too many open files", an error about whichever file was next.

/// More than this is never needed, and a limit of a billion makes some programs that gatedl starts close each of them.
#[cfg(unix)]
const ENOUGH: u64 = 4_096;

/// Raises the soft limit as far as the hard one allows, and says what it is then; none where the system has no such limit.
#[cfg(unix)]
pub(super) fn raise() -> Option<u64> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(u64::MAX).min(ENOUGH);
    let before = limit.current;
    if before.is_some_and(|before| before < wanted) {
        limit.current = Some(wanted);
        // a system that refuses leaves what there was
        return setrlimit(Resource::Nofile, limit).map_or(before, |()| Some(wanted));
    }
    before
}

/// Windows bounds handles by memory alone.
#[cfg(not(unix))]
pub(super) const fn raise() -> Option<u64> {
    None
}
