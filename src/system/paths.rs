//! Paths and links: the spellings of Windows, and what makes a link there.

use std::io;
use std::path::{Path, PathBuf};

/// Whether names follow the rules of Windows: devices, drive letters, streams.
pub(crate) const HAS_WINDOWS_NAMES: bool = cfg!(windows);

/// Whether symbolic links are what everybody may make.
pub(crate) const HAS_LINKS: bool = cfg!(unix);

/// What separates the parts of a list of programs or folders in a variable.
pub(crate) const LIST_SEPARATOR: char = if cfg!(windows) { ';' } else { ':' };

/// A symbolic link to a file. On Windows it needs developer mode or an administrator; a trial finds out.
pub(crate) fn link_file(target: &Path, path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(target, path);
    #[cfg(windows)]
    return std::os::windows::fs::symlink_file(target, path);
}

/// Whether what the system refuses may work in a moment: on Windows a virus scanner or an indexer that looks at a file
/// keeps others from renaming, replacing and removing it.
pub(crate) fn may_pass(error: &io::Error) -> bool {
    cfg!(windows) && error.raw_os_error().is_some_and(is_in_use)
}

/// `ERROR_ACCESS_DENIED`, `ERROR_SHARING_VIOLATION`, `ERROR_LOCK_VIOLATION`, `ERROR_USER_MAPPED_FILE`.
const fn is_in_use(code: i32) -> bool {
    matches!(code, 5 | 32 | 33 | 1224)
}

/// The path in a form that the system takes at any length.
pub(crate) fn fit(path: PathBuf) -> PathBuf {
    if cfg!(windows)
        && let Some(extended) = path.to_str().and_then(extended)
    {
        return extended.into();
    }
    path
}

/// Windows' form of an absolute path that is too long for the ordinary one, as `as_extended_path` of `huggingface_hub`
/// makes it. The limit is that for folders (247): a file's path of 248 characters has a folder that could not be made.
fn extended(path: &str) -> Option<String> {
    const LONGEST: usize = 247;
    if path.encode_utf16().count() <= LONGEST || path.starts_with(r"\\?\") {
        return None;
    }
    // the long form is taken to the letter, so no `/` may stand in it
    let path = path.replace('/', r"\");
    Some(match path.strip_prefix(r"\\") {
        Some(share) => format!(r"\\?\UNC\{share}"),
        None => format!(r"\\?\{path}"),
    })
}

/// Undoes what `std::fs::canonicalize` does to every path on Windows, since `\\?\C:\x` on a user's screen, or handed to
/// another program, is trouble.
pub(crate) fn plain(path: PathBuf) -> PathBuf {
    if cfg!(windows)
        && let Some(short) = path.to_str().and_then(unextended)
    {
        return short.into();
    }
    path
}

fn unextended(path: &str) -> Option<String> {
    let rest = path.strip_prefix(r"\\?\")?;
    match rest.strip_prefix(r"UNC\") {
        Some(share) => Some(format!(r"\\{share}")),
        None => rest.as_bytes().get(1).is_some_and(|&colon| colon == b':').then(|| rest.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_windows_paths_are_spelled_as_windows_wants_them() {
        let long = "n".repeat(250);
        assert_eq!(extended(r"C:\short"), None);
        assert_eq!(extended(&format!(r"\\?\C:\{long}")), None);
        assert_eq!(extended(&format!(r"C:\{long}")), Some(format!(r"\\?\C:\{long}")));
        assert_eq!(extended(&format!(r"C:\a/{long}")), Some(format!(r"\\?\C:\a\{long}")));
        assert_eq!(extended(&format!(r"\\host\share\{long}")), Some(format!(r"\\?\UNC\host\share\{long}")));
        assert_eq!(unextended(r"\\?\C:\x").as_deref(), Some(r"C:\x"));
        assert_eq!(unextended(r"\\?\UNC\host\x").as_deref(), Some(r"\\host\x"));
        assert_eq!(unextended(r"\\?\Volume{1}\x"), None);
        assert_eq!(unextended(r"C:\x"), None);
    }

    #[test]
    fn only_what_others_hold_for_a_moment_is_tried_again_and_only_on_windows() {
        assert!([5, 32, 33, 1224].into_iter().all(is_in_use));
        // not found, full, a folder that is not empty
        assert!(![2, 3, 112, 145].into_iter().any(is_in_use));
        assert_eq!(may_pass(&io::Error::from_raw_os_error(32)), cfg!(windows));
    }
}
