//! Folders, renames and whole-file writes: how something gets its place, or does not.
//!
//! The trap: `tempfile` makes its files 0600, and `huggingface_hub`'s listings (made by `mkstemp`) are
//! unreadable to everybody else in a shared cache for that reason (hub-protocol §0.16). Here every temporary file asks
//! for 0666, of which the umask takes its part.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::{Builder, NamedTempFile, TempPath};

use super::{CacheError, debris, layout};
use crate::regular_file;
use crate::system::files::make_with_mode;
use crate::system::paths::may_pass;

/// What every cache directory tag of `huggingface_hub` says, 191 bytes.
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # This file is a cache directory tag created by huggingface_hub.\n\
    # For information about cache directory tags, see:\n\
    #\thttps://bford.info/cachedir/\n";

/// Makes the tag where there is none. Without it only a backup grows, so a failure is not worth an error.
pub(super) fn tag(path: &Path) {
    if let Ok(mut file) = fs::File::create_new(path) {
        let _ = file.write_all(TAG.as_bytes());
    }
}

/// Makes a folder and those above it, with the umask's modes; says which file is in the way, if one is.
pub(super) fn make_folder(path: &Path) -> Result<(), CacheError> {
    // mostly it is there, and a look is cheaper than an attempt that fails
    if path.is_dir() {
        return Ok(());
    }
    let Err(source) = fs::create_dir_all(path) else { return Ok(()) };
    let nearest = path.ancestors().find(|ancestor| fs::symlink_metadata(ancestor).is_ok());
    if let Some(link) = nearest.filter(|link| fs::metadata(link).is_err())
        && let Ok(target) = fs::read_link(link)
    {
        return Err(CacheError::LeadsNowhere { path: link.to_path_buf(), target });
    }
    match nearest {
        Some(file) if !file.is_dir() => Err(CacheError::FileInTheWay { path: file.to_path_buf() }),
        _ => Err(CacheError::at("create the folder", path)(source)),
    }
}

/// Makes sure that files can be made in a folder that is here or yet to be made. Leaves nothing behind, not even for a
/// moment where the system has files without names.
pub(super) fn ensure_writable(folder: &Path) -> Result<(), CacheError> {
    for ancestor in folder.ancestors() {
        match fs::metadata(ancestor) {
            Ok(found) if found.is_dir() => {
                return tempfile::tempfile_in(ancestor).map(drop).map_err(CacheError::at("write in", ancestor));
            }
            Ok(_) => return Err(CacheError::FileInTheWay { path: ancestor.to_path_buf() }),
            // a link to a disk that is not there
            Err(_) if fs::symlink_metadata(ancestor).is_ok() => {
                return Err(CacheError::FileInTheWay { path: ancestor.to_path_buf() });
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(CacheError::at("look at", ancestor)(error)),
        }
    }
    Ok(())
}

/// Removes what stands at a path of ours that is to be written into, unless it is a regular file: a link there, left by
/// another user of a shared cache, would have its target written over.
pub(super) fn remove_unless_regular(path: &Path) -> Result<(), CacheError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Err(CacheError::FolderInTheWay { path: path.to_path_buf() }),
        Ok(found) if !found.is_file() => fs::remove_file(path).map_err(CacheError::at("remove", path)),
        _ => Ok(()),
    }
}

/// Gives a file its final name; whatever file or link had the name before is replaced, not followed.
pub(super) fn rename_over(from: &Path, to: &Path) -> Result<(), CacheError> {
    try_rename(from, to).map_err(|source| match fs::symlink_metadata(to) {
        Ok(found) if found.is_dir() => CacheError::FolderInTheWay { path: to.to_path_buf() },
        // where locks lie, another process has given it its name since anybody looked, and may have made it anew since
        _ if source.kind() == io::ErrorKind::NotFound && to.parent().is_some_and(Path::is_dir) => {
            CacheError::Replaced { path: from.to_path_buf() }
        }
        _ => CacheError::at("put in place", to)(source),
    })
}

/// `std::fs::rename`, which replaces on Windows too; but there whoever looks at either file makes it fail for a moment.
pub(super) fn try_rename(from: &Path, to: &Path) -> io::Result<()> {
    const PATIENCE: Duration = Duration::from_millis(500);
    let mut wait = Duration::from_millis(10);
    loop {
        match fs::rename(from, to) {
            Err(error) if may_pass(&error) && wait < PATIENCE && !to.is_dir() => {
                std::thread::sleep(wait);
                wait *= 2;
            }
            done => return done,
        }
    }
}

/// Gives a temporary file its final name.
pub(super) fn settle(temporary: TempPath, to: &Path) -> Result<(), CacheError> {
    rename_over(&temporary, to)?;
    forget(temporary);
    Ok(())
}

/// As [`settle()`], for a hard link. Between two of one inode `rename` does nothing and succeeds, so the temporary name is
/// removed afterwards in any case.
pub(super) fn settle_link(temporary: TempPath, to: &Path) -> Result<(), CacheError> {
    rename_over(&temporary, to)?;
    drop(temporary);
    Ok(())
}

/// A temporary file that has got another name: nothing is there to be removed.
pub(super) fn forget(temporary: TempPath) {
    // on Windows it marks the file as lasting, which is gone
    let _ = temporary.keep();
}

/// A new empty file in `staging`, readable as the umask says; it goes away unless it gets a name.
pub(super) fn temporary(staging: &Path, prefix: &str, suffix: &str) -> Result<NamedTempFile, CacheError> {
    let mut builder = Builder::new();
    let prefix = debris::prefix(prefix);
    builder.prefix(&prefix).suffix(suffix);
    make_with_mode(&mut builder, 0o666);
    builder.tempfile_in(staging).map_err(CacheError::at("create a temporary file in", staging))
}

/// Writes a small file as a whole: under a temporary name in `staging`, on the same file system, then renamed. A file
/// that has this content already is left alone, so a cache that cannot be written but is up to date causes no error.
pub(super) fn write_whole(path: &Path, staging: &Path, content: &[u8]) -> Result<(), CacheError> {
    if regular_file::read(path, content.len() as u64).is_ok_and(|found| found == content) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_folder(parent)?;
    }
    make_folder(staging)?;
    let mut file = temporary(staging, "write-", ".tmp")?;
    file.write_all(content).map_err(CacheError::at("write", file.path()))?;
    settle(file.into_temp_path(), path)
}

/// The length in bytes of the regular file that a path leads to, through links; none for anything else.
pub(super) fn regular_size(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|found| found.len())
}

/// The path made absolute with its links resolved, as far as it exists: what Python's `Path.resolve()` does, so that
/// both print the same path. Where even the current folder is gone the path stays as it is.
pub(crate) fn resolve(path: &Path) -> PathBuf {
    let Ok(whole) = std::path::absolute(path) else { return path.to_path_buf() };
    for ancestor in whole.ancestors() {
        if let (Ok(real), Ok(rest)) = (fs::canonicalize(ancestor), whole.strip_prefix(ancestor)) {
            let mut resolved = layout::plain(real);
            for part in rest.components() {
                match part {
                    std::path::Component::ParentDir => drop(resolved.pop()),
                    part => resolved.push(part),
                }
            }
            return resolved;
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::*;

    #[test]
    fn the_tag_has_the_bytes_of_huggingface_hub_and_is_never_rewritten() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("CACHEDIR.TAG");
        tag(&path);
        assert_eq!(fs::read(&path).unwrap().len(), 191);
        fs::write(&path, "another tool's").unwrap();
        tag(&path);
        assert_eq!(fs::read(&path).unwrap(), b"another tool's");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_cannot_be_written_is_known_before() {
        let folder = tempdir().unwrap();
        ensure_writable(&folder.path().join("a/b/c")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        fs::write(folder.path().join("file"), "x").unwrap();
        std::os::unix::fs::symlink("/nowhere/disk", folder.path().join("link")).unwrap();
        for name in ["file", "link"] {
            let error = ensure_writable(&folder.path().join(name).join("b")).unwrap_err();
            assert!(matches!(error, CacheError::FileInTheWay { path } if path == folder.path().join(name)));
        }
        // the one folder where nobody makes files, root neither
        let error = ensure_writable(Path::new("/proc/self/b")).unwrap_err();
        assert!(!cfg!(target_os = "linux") || error.to_string() == "could not write in `/proc/self`", "{error}");
    }

    #[test]
    fn a_file_in_the_way_of_a_folder_is_named() {
        let folder = tempdir().unwrap();
        let file = folder.path().join("a");
        fs::write(&file, "x").unwrap();
        let error = make_folder(&file.join("b/c")).unwrap_err();
        assert!(matches!(error, CacheError::FileInTheWay { path } if path == file));
    }

    #[test]
    fn whole_files_replace_what_was_there_and_leave_nothing_behind() {
        let folder = tempdir().unwrap();
        let (path, staging) = (folder.path().join("x/y"), folder.path().join("staging"));
        for content in ["one", "two"] {
            write_whole(&path, &staging, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(&staging).unwrap().count(), 0);
        fs::create_dir(folder.path().join("z")).unwrap();
        let error = write_whole(&folder.path().join("z"), &staging, b"x").unwrap_err();
        assert!(matches!(error, CacheError::FolderInTheWay { .. }), "{error}");
        assert_eq!(fs::read_dir(&staging).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_another_process_has_named_meanwhile_is_told_from_a_disk_that_refuses() {
        let folder = tempdir().unwrap();
        let (from, to) = (folder.path().join("gone"), folder.path().join("to"));
        assert!(matches!(rename_over(&from, &to), Err(CacheError::Replaced { path }) if path == from));
        fs::write(&from, "x").unwrap();
        assert!(matches!(rename_over(&from, &folder.path().join("no/to")), Err(CacheError::Io { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn modes_are_what_the_umask_leaves() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempdir().unwrap();
        let (ours, probe) = (folder.path().join("ours"), folder.path().join("probe"));
        write_whole(&ours, folder.path(), b"x").unwrap();
        fs::write(&probe, "x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&probe));
    }

    #[cfg(unix)]
    #[test]
    fn a_root_is_resolved_as_far_as_it_exists() {
        let folder = tempdir().unwrap();
        let real = fs::canonicalize(folder.path()).unwrap().join("real");
        fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, folder.path().join("link")).unwrap();
        assert_eq!(resolve(&folder.path().join("link/new/../other/hub")), real.join("other/hub"));
        assert!(resolve(Path::new("relative")).is_absolute());
    }
}
