//! Reading content through a hash: the door for every byte that this program did not fetch itself.
//!
//! The fact behind it: `hf download` copies a blob of the main cache into a local folder without looking at it, also a
//! corrupt one (hub-protocol §3.7). Here a copy that does not hash to what the publisher says never gets a name.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use super::notes::HashedState;
use super::{CacheError, place};
use crate::digest::{ContentHasher, Digest};
use crate::regular_file;

/// 256 KiB: large enough that a system call costs nothing beside the hash, small enough for the processor's cache.
const PIECE: usize = 256 * 1024;

/// Below this a loss of power costs less than the wait for the disk.
const WORTH_A_SYNC: u64 = 1024 * 1024;

/// Whether the file holds exactly the content of this digest and length in bytes.
pub(super) fn matches(path: &Path, digest: &Digest, size: u64) -> Result<bool, CacheError> {
    matches_telling(path, digest, size, &|_| {})
}

/// As [`matches()`]; `told` hears the length of each piece that was read.
pub(super) fn matches_telling(path: &Path, digest: &Digest, size: u64, told: &dyn Fn(u64)) -> Result<bool, CacheError> {
    read_checked(path, digest, size, |bytes| {
        told(bytes.len() as u64);
        Ok(())
    })
}

/// The SHA-256 of a file's content, which has `size` bytes.
pub(super) fn sha256(path: &Path, size: u64) -> Result<Digest, CacheError> {
    let mut hasher = ContentHasher::like(&Digest::Sha256([0; 32]), size);
    read(path, size, |piece| {
        hasher.update(piece);
        Ok(())
    })?;
    Ok(hasher.finish())
}

/// Copies `source` into the open file `target` (at `target_path`); `false` where the content was not that of the digest,
/// and then the target must be thrown away. A large target is on the disk when this returns.
pub(super) fn copy_checked(
    source: &Path,
    target: &mut File,
    target_path: &Path,
    digest: &Digest,
    size: u64,
) -> Result<bool, CacheError> {
    let write = |bytes: &[u8]| target.write_all(bytes).map_err(CacheError::at("write", target_path));
    let good = read_checked(source, digest, size, write)?;
    if good && size >= WORTH_A_SYNC {
        target.sync_data().map_err(CacheError::at("write", target_path))?;
    }
    Ok(good)
}

/// Gives verified content its name. A folder inside a destination may be another file system (a volume of a container): there
/// it is copied, under a temporary name and hashed again, since a copy is new bytes.
///
/// Returns the state of a copy; none where the file itself got the name.
pub(super) fn put(from: &Path, to: &Path, digest: &Digest, size: u64) -> Result<Option<HashedState>, CacheError> {
    match place::try_rename(from, to) {
        Ok(()) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {}
        Err(_) => return place::rename_over(from, to).map(|()| None),
    }
    let staging = to.parent().unwrap_or(to);
    let mut copy = place::temporary(staging, ".", ".gatedl.incomplete")?;
    let path = copy.path().to_path_buf();
    if !copy_checked(from, copy.as_file_mut(), &path, digest, size)? {
        return Err(CacheError::Replaced { path: from.to_path_buf() });
    }
    let stamp = settle(copy, to)?;
    let _ = std::fs::remove_file(from);
    Ok(stamp)
}

/// Gives a copy that was hashed as it was made its name. Returns its state then: a rename moves the time of change.
pub(super) fn settle(copy: NamedTempFile, to: &Path) -> Result<Option<HashedState>, CacheError> {
    let (file, temporary) = copy.into_parts();
    place::settle(temporary, to)?;
    Ok(HashedState::of_open(&file))
}

/// Reads `source` once. It stops at the first byte too many: a file that grows while it is read ends too.
fn read_checked(
    source: &Path,
    digest: &Digest,
    size: u64,
    mut take: impl FnMut(&[u8]) -> Result<(), CacheError>,
) -> Result<bool, CacheError> {
    let mut hasher = ContentHasher::like(digest, size);
    let whole = read(source, size, |piece| {
        hasher.update(piece);
        take(piece)
    })?;
    Ok(whole && hasher.position() == size && hasher.finish() == *digest)
}

/// Reads at most `most` bytes of `source`, and says whether that was all of it.
pub(super) fn read(
    source: &Path,
    most: u64,
    mut take: impl FnMut(&[u8]) -> Result<(), CacheError>,
) -> Result<bool, CacheError> {
    let mut file = regular_file::open(source).map_err(CacheError::at("open", source))?;
    let mut piece = vec![0; PIECE];
    let mut left = most;
    loop {
        let count = match file.read(&mut piece) {
            Ok(0) => return Ok(true),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(CacheError::at("read", source)(error)),
        };
        match left.checked_sub(count as u64) {
            Some(less) => left = less,
            None => return Ok(false),
        }
        take(&piece[..count])?;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::tempdir;

    use super::*;

    #[test]
    fn content_is_accepted_only_with_its_digest_and_length() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "hello\n").unwrap();
        let digest = Digest::from_hex("ce013625030ba8dba906f756967f9e9ca394464a").unwrap();
        assert!(matches(&path, &digest, 6).unwrap());
        for (content, size) in [("hellO\n", 6), ("hello", 6), ("hello\n\n", 6), ("hello\n", 5), ("hello\n", 7)] {
            fs::write(&path, content).unwrap();
            assert!(!matches(&path, &digest, size).unwrap(), "{content:?} {size}");
        }
    }

    #[test]
    fn a_copy_is_the_source_byte_for_byte() {
        let folder = tempdir().unwrap();
        let (source, target) = (folder.path().join("s"), folder.path().join("t"));
        let content: Vec<u8> = (0..=250).cycle().take(PIECE * 5 + 7).collect();
        fs::write(&source, &content).unwrap();
        let size = content.len() as u64;
        let mut hasher = ContentHasher::like(&Digest::Sha256([0; 32]), size);
        hasher.update(&content);
        let digest = hasher.finish();
        assert!(copy_checked(&source, &mut File::create(&target).unwrap(), &target, &digest, size).unwrap());
        assert_eq!(fs::read(&target).unwrap(), content);
        let other = Digest::Sha256([1; 32]);
        assert!(!copy_checked(&source, &mut File::create(&target).unwrap(), &target, &other, size).unwrap());
    }
}
