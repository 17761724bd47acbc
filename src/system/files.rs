//! What a system says of a file beyond its length: which file it is, when it changed, how many names it has, who may read
//! it; reading, writing and syncing it.
//!
//! Windows tells which file a name means only of an open handle (volume and file index), and tells no time of change that
//! programs cannot set. It has no modes; what other users may do is in lists that are not looked at here.

#[cfg(unix)]
use std::fs;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Which file a name or a handle means, as long as it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FileIdentity {
    volume: u64,
    index: u64,
}

impl FileIdentity {
    /// Of an open file.
    pub(crate) fn of_open(file: &File) -> io::Result<Self> {
        #[cfg(unix)]
        return Ok(Self::from(&file.metadata()?));
        #[cfg(windows)]
        {
            let found = winapi_util::file::information(file)?;
            Ok(Self { volume: found.volume_serial_number(), index: found.file_index() })
        }
    }

    /// Of what a path leads to, through links.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        #[cfg(unix)]
        return Ok(Self::from(&fs::metadata(path)?));
        #[cfg(windows)]
        return Self::of_open(&look(path, FILE_FLAG_BACKUP_SEMANTICS)?);
    }

    /// Of what stands at a path itself, be it a link.
    pub(crate) fn of_name(path: &Path) -> io::Result<Self> {
        #[cfg(unix)]
        return Ok(Self::from(&fs::symlink_metadata(path)?));
        #[cfg(windows)]
        return Self::of_open(&look(path, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)?);
    }

    #[cfg(unix)]
    fn from(found: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self { volume: found.dev(), index: found.ino() }
    }
}

#[cfg(windows)]
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;
#[cfg(windows)]
const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// Opens for asking, not for reading: that is allowed whoever else has the file open, and for folders with the first flag.
#[cfg(windows)]
fn look(path: &Path, flags: u32) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt as _;
    OpenOptions::new().access_mode(0).custom_flags(flags).open(path)
}

/// Whether `path` itself (not what a link there leads to) is the file of this handle.
///
/// # Errors
/// Where the handle cannot be asked. A path that is gone is no error.
pub(crate) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let Ok(found) = FileIdentity::of_name(path) else { return Ok(false) };
    Ok(FileIdentity::of_open(file)? == found)
}

/// As [`is_at()`], for a file that was looked at: where that tells which file it is, the handle is not asked again.
pub(crate) fn is_of(file: &File, looked_at: &Metadata, path: &Path) -> bool {
    #[cfg(unix)]
    {
        let _ = file;
        FileIdentity::of_name(path).is_ok_and(|found| found == FileIdentity::from(looked_at))
    }
    #[cfg(windows)]
    {
        let _ = looked_at;
        is_at(file, path).unwrap_or(false)
    }
}

/// A number for the file among those of its file system, kept as long as it exists; on Windows the time at which it was
/// made, which is told without a handle.
pub(crate) fn number(found: &Metadata) -> u64 {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::ino(found);
    #[cfg(windows)]
    return std::os::windows::fs::MetadataExt::creation_time(found);
}

/// Whether no program can set the time that [`changed`] tells.
pub(crate) const TELLS_CHANGES: bool = cfg!(unix);

/// When the file last changed, in nanoseconds since 1970; on Windows when it was last written, since 1601.
pub(crate) fn changed(found: &Metadata) -> i128 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        i128::from(found.ctime()) * 1_000_000_000 + i128::from(found.ctime_nsec())
    }
    #[cfg(windows)]
    {
        use std::os::windows::fs::MetadataExt as _;
        i128::from(found.last_write_time()) * 100
    }
}

/// How many bytes it takes on the disk; its length where the system does not tell.
pub(crate) fn allocated(found: &Metadata) -> u64 {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::blocks(found).saturating_mul(512);
    #[cfg(windows)]
    return found.len();
}

/// Whether what stands at a path has other names, too.
pub(crate) fn has_more_names(path: &Path) -> bool {
    #[cfg(unix)]
    return fs::symlink_metadata(path).is_ok_and(|found| std::os::unix::fs::MetadataExt::nlink(&found) > 1);
    #[cfg(windows)]
    {
        let opened = look(path, FILE_FLAG_OPEN_REPARSE_POINT);
        opened.and_then(winapi_util::file::information).is_ok_and(|found| found.number_of_links() > 1)
    }
}

/// Whether two folders, made or yet to be made, are on one file system.
pub(crate) fn is_one_file_system(one: &Path, other: &Path) -> bool {
    let volume = |path: &Path| path.ancestors().find_map(|path| Some(FileIdentity::of(path).ok()?.volume));
    volume(one) == volume(other)
}

/// The process that has the lock of the file at a path, where the system tells: Linux does, in `/proc/locks`, for processes
/// of this machine.
pub(crate) fn lock_holder(path: &Path) -> Option<u32> {
    #[cfg(target_os = "linux")]
    {
        let inode = FileIdentity::of(path).ok()?.index;
        lock_holder_in(&fs::read_to_string("/proc/locks").unwrap_or_default(), inode)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        None
    }
}

/// The process in the line `N: FLOCK ADVISORY WRITE PROCESS DEVICE:INODE START END` about an inode. Lines with `->` are
/// of those who wait; a process of another namespace is 0.
#[cfg(any(target_os = "linux", test))]
fn lock_holder_in(table: &str, inode: u64) -> Option<u32> {
    let lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut held = lines.filter(|fields| fields.get(1) == Some(&"FLOCK"));
    let is_it = |place: &str| place.rsplit(':').next().and_then(|text| text.parse().ok()) == Some(inode);
    let process = held.find(|fields| fields.get(5).is_some_and(|place| is_it(place)))?.get(4)?.parse().ok()?;
    (process != 0).then_some(process)
}

/// Opens whatever there is for reading, without waiting for anybody.
pub(crate) fn open_without_waiting(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        // bits of a C int on every system that has them
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        options.custom_flags(flags);
    }
    options.open(path)
}

/// Whether it is `/dev/null`.
pub(crate) fn is_null_device(file: &File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
        let Ok(found) = file.metadata() else { return false };
        found.file_type().is_char_device() && fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == found.rdev())
    }
    #[cfg(windows)]
    {
        let _ = file;
        false
    }
}

/// What the system says to whoever reads a folder as a file.
pub(crate) fn is_folder() -> io::Error {
    #[cfg(unix)]
    return rustix::io::Errno::ISDIR.into();
    #[cfg(windows)]
    return io::ErrorKind::IsADirectory.into();
}

/// Lets a file be made with these modes, of which the umask takes its part.
pub(crate) fn make_with_mode(builder: &mut tempfile::Builder<'_, '_>, mode: u32) {
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(windows)]
    let _ = (builder, mode);
}

/// Gives an open file these modes, whatever the umask. Some mounts know none.
pub(crate) fn set_mode(file: &File, mode: u32) {
    #[cfg(unix)]
    let _ = file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(windows)]
    let _ = (file, mode);
}

/// Lets folders be made for their owner only.
pub(crate) fn make_private(builder: &mut DirBuilder) {
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(builder, 0o700);
    #[cfg(windows)]
    let _ = builder;
}

/// Whether users other than the owner can read a file. Where the system has no such bits, nobody can tell.
#[must_use]
pub(crate) fn others_can_read(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o044 != 0)
    }
    #[cfg(windows)]
    {
        let _ = path;
        false
    }
}

/// Whether users other than the owner can change a file, or it belongs to somebody else than this user and root. A group
/// with the owner's own number is that user's alone, as most systems set it up. Where the system has no such bits, nobody
/// can tell.
#[must_use]
pub(crate) fn others_can_write(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let own = rustix::process::geteuid().as_raw();
        fs::metadata(path).is_ok_and(|metadata| {
            let (user, group, mode) = (metadata.uid(), metadata.gid(), metadata.mode());
            let is_foreign = user != own && user != 0;
            is_foreign || mode & 0o002 != 0 || (mode & 0o020 != 0 && user != group)
        })
    }
    #[cfg(windows)]
    {
        let _ = path;
        false
    }
}

/// Brings the whole file system of a folder to the disk; `false` where that cannot be asked for.
pub(crate) fn sync_file_system(folder: &Path) -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    {
        match rustix::fs::syncfs(File::open(folder)?) {
            Err(rustix::io::Errno::NOSYS) => Ok(false),
            done => done.map(|()| true).map_err(io::Error::from),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        Ok(false)
    }
}

/// Brings the file at a path to the disk. Windows syncs only what is open for writing.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    File::options().read(true).write(cfg!(windows)).open(path)?.sync_all()
}

/// Writes at an offset, whatever the file's own position.
pub(crate) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::write_all_at(file, bytes, offset);
    #[cfg(windows)]
    return write_all(|bytes, offset| std::os::windows::fs::FileExt::seek_write(file, bytes, offset), bytes, offset);
}

/// Reads at an offset, whatever the file's own position.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, buffer, offset);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, buffer, offset);
}

/// All bytes by writes that may each take a part.
#[cfg(any(windows, test))]
fn write_all(
    mut write: impl FnMut(&[u8], u64) -> io::Result<usize>,
    mut bytes: &[u8],
    mut offset: u64,
) -> io::Result<()> {
    while !bytes.is_empty() {
        match write(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = &bytes[written..];
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
