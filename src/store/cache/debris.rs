//! Temporary files that killed runs left behind: whose they are stands in their names, so that the next run can tell those
//! of the dead from those of a process that works beside it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::partial::SUFFIX;
use super::process;

/// After so long without a change a temporary file is nobody's, whoever made it: on another machine, or a version that
/// did not write its name down.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// How our temporary files in our own folders begin.
const PREFIXES: [&str; 4] = ["link-", "probe-", "write-", "copy-"];

/// The beginning of the name of a temporary file of this process.
pub(super) fn prefix(of: &str) -> String {
    format!("{of}w{:016x}-", process::writer())
}

/// Whose temporary file it is.
fn writer_in(name: &str) -> Option<u64> {
    name.split(['.', '-']).find_map(|part| {
        let digits = part.strip_prefix('w').filter(|digits| digits.len() == 16)?;
        u64::from_str_radix(digits, 16).ok()
    })
}

/// Whether a file of this name was made for a moment and outlived its process.
fn is_left(path: &Path, name: &str, is_temporary: impl Fn(&str) -> bool) -> bool {
    if !is_temporary(name) {
        return false;
    }
    let writer = writer_in(name);
    let is_old = || {
        let modified = fs::symlink_metadata(path).and_then(|found| found.modified());
        modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > ABANDONED))
    };
    writer.is_some_and(|writer| writer != process::writer() && process::is_gone(writer)) || is_old()
}

/// What was left in a folder of our own: beside journals there are only temporary files.
pub(super) fn in_own_folder(folder: &Path) -> Vec<PathBuf> {
    left_in(folder, |name| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}

/// What was left of unfinished content that nobody goes on from, in a folder that others use too.
pub(super) fn beside_content(folder: &Path) -> Vec<PathBuf> {
    left_in(folder, |name| name.ends_with(SUFFIX) && writer_in(name).is_some())
}

fn left_in(folder: &Path, is_temporary: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let found = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let name = |path: &Path| path.file_name().and_then(OsStr::to_str).map(str::to_owned);
    found.filter(|path| name(path).is_some_and(|name| is_left(path, &name, &is_temporary))).collect()
}

/// Removes what was left. What cannot be removed stays.
pub(super) fn remove(left: Vec<PathBuf>) {
    for path in left {
        let _ = match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(&path),
            _ => fs::remove_file(&path),
        };
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_the_dead_left_is_told_from_what_others_work_on() {
        let folder = tempfile::tempdir().unwrap();
        let own = process::writer();
        let of = |process: u32| own >> 32 << 32 | u64::from(process);
        let (dead, alive) = (of(u32::MAX), of(1));
        for writer in [dead, alive, own] {
            fs::write(folder.path().join(format!("write-w{writer:016x}-abc.tmp")), "").unwrap();
            fs::write(folder.path().join(format!("ab12.w{writer:016x}-abc.gatedl.incomplete")), "").unwrap();
            fs::create_dir(folder.path().join(format!("probe-w{writer:016x}-abc"))).unwrap();
        }
        for name in ["ab12.journal", "write-old.tmp", "ab12.gatedl.incomplete", "ab12.0f3c9a7e.incomplete"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let names = |left: Vec<PathBuf>| {
            let mut names: Vec<_> =
                left.iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
            names.sort();
            names
        };
        let own_folder = names(in_own_folder(folder.path()));
        assert_eq!(own_folder, [format!("probe-w{dead:016x}-abc"), format!("write-w{dead:016x}-abc.tmp")]);
        assert_eq!(names(beside_content(folder.path())), [format!("ab12.w{dead:016x}-abc.gatedl.incomplete")]);
        remove(in_own_folder(folder.path()));
        assert!(in_own_folder(folder.path()).is_empty());
        assert!(folder.path().join("write-old.tmp").exists(), "of a version that wrote no name, and not a day old");
    }
}
