//! From the cache into an application's folder: the same content under a second name, by the cheapest way that is safe.
//!
//! A reflink shares the blocks until somebody writes, so it costs nothing and harms nobody. A hard link shares the *file*:
//! an application that writes into its model in place changes the cache's copy too, and the next pull finds that out only
//! where it hashes. Model loaders read, so it is second; who edits in place asks for a copy. A symbolic link dies with the
//! cache, which people do throw away, so nobody gets one without asking.
//!
//! The trap: `ComfyUI/models` is the user's. What stands there under the same name may be another model
//! that took them a night to download, so a file of other content is an error and not a loss, and a link that leads out
//! of the folder is not followed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempPath};

use super::inside::descend;
use super::store::make_link;
use super::{CacheError, content, debris, place};
use crate::manifest::RepoFile;
use crate::regular_file;
use crate::system::files::{FileIdentity, is_one_file_system};

/// Which way files are to arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum LinkMode {
    /// A reflink; where there are none, a hard link; between two file systems, a copy.
    #[default]
    Auto,
    /// A reflink or nothing.
    Reflink,
    /// A hard link or nothing.
    HardLink,
    /// A symbolic link to the cache.
    Symlink,
    /// Bytes of its own.
    Copy,
}

/// How a file arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Arrival {
    /// It was there.
    InPlace,
    /// It shares its blocks with the cache until either is written to.
    Reflink,
    /// It is the cache's file under a second name.
    HardLink,
    /// It is a link to the cache's file.
    Symlink,
    /// It has bytes of its own.
    Copy,
}

/// What stands at the place of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occupant {
    /// Nothing.
    Missing,
    /// The file.
    Right,
    /// Something else.
    Other,
}

/// Whether the content in the cache was hashed by this run. What an earlier run or another tool left there is hashed
/// before it gets a name elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hashed {
    /// It was.
    ByThisRun,
    /// It was not.
    Before,
}

/// Deliveries into one folder. The path of a [`RepoFile`] is taken as the path below it.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    root: PathBuf,
    mode: LinkMode,
    force: bool,
}

impl Delivery {
    /// Deliveries into the folder at `root`; with `force`, what stands in their way is replaced. Touches nothing.
    #[must_use]
    pub(crate) fn into_folder(root: &Path, mode: LinkMode, force: bool) -> Self {
        Self { root: place::resolve(root), mode, force }
    }

    /// The folder, absolute.
    #[must_use]
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where a file is in the end.
    #[must_use]
    pub(crate) fn path(&self, file: &RepoFile) -> PathBuf {
        super::layout::fit(self.root.join(file.path.to_path()))
    }

    /// Makes sure that no link on the way to a file leads out of the folder.
    ///
    /// # Errors
    /// Where one does, or a file is where a folder must be.
    pub(crate) fn check_way(&self, file: &RepoFile) -> Result<(), CacheError> {
        descend(&self.root, &parent(file), false).map(drop)
    }

    /// Makes sure that the folder of a file can be written, or made: known before anything is fetched for it.
    ///
    /// # Errors
    /// Where it cannot, as on a disk that is read-only or not there.
    pub(crate) fn ensure_writable(&self, file: &RepoFile) -> Result<(), CacheError> {
        place::ensure_writable(&descend(&self.root, &parent(file), false)?)
    }

    /// The same deliveries, whatever stands in their way.
    #[must_use]
    pub(crate) fn forced(&self) -> Self {
        Self { force: true, ..self.clone() }
    }

    /// Whether files from `cache` become bytes of their own here, for which there must be room.
    #[must_use]
    pub(crate) fn copies_from(&self, cache: &Path) -> bool {
        match self.mode {
            LinkMode::Copy => true,
            LinkMode::Auto => !is_one_file_system(&self.root, cache),
            LinkMode::Reflink | LinkMode::HardLink | LinkMode::Symlink => false,
        }
    }

    /// Whether what stands at the place of a file is the content at `blob` and nobody changed it since it was brought.
    #[must_use]
    pub(crate) fn came_from(&self, file: &RepoFile, blob: &Path) -> bool {
        let place = self.path(file);
        let Some(size) = place::regular_size(blob).filter(|size| place::regular_size(&place) == Some(*size)) else {
            return false;
        };
        let read = |path: &Path| regular_file::read(path, WORTH_A_SHORTCUT).ok();
        is_delivered(&place, blob, size) || (size < WORTH_A_SHORTCUT && read(&place) == read(blob))
    }

    /// What stands at the place of a file. Costs a look where the place shows that it is the content at `blob`, a hash of
    /// what stands there where it does not.
    ///
    /// # Errors
    /// Where a folder stands there, a link leads out of the destination, or it cannot be read.
    pub(crate) fn look(&self, file: &RepoFile, blob: Option<&Path>) -> Result<Occupant, CacheError> {
        let folder = descend(&self.root, &parent(file), false)?;
        let place = super::layout::fit(folder.join(file.path.file_name()));
        match fs::symlink_metadata(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Occupant::Missing),
            Err(error) => return Err(CacheError::at("look at", &place)(error)),
            Ok(found) if found.is_dir() => return Err(CacheError::FolderInTheWay { path: place }),
            // a link to nothing: what it led to is gone, a cache perhaps
            Ok(found) if found.is_symlink() && !place.exists() => return Ok(Occupant::Missing),
            Ok(_) if place::regular_size(&place) != Some(file.size) => return Ok(Occupant::Other),
            Ok(_) => {}
        }
        let shows = blob.is_some_and(|blob| is_delivered(&place, blob, file.size));
        let right = shows || content::matches(&place, &file.digest, file.size)?;
        Ok(if right { Occupant::Right } else { Occupant::Other })
    }

    /// Brings the content at `blob` to the place of a file, under a temporary name beside it first. A right file that is
    /// there stays as it is.
    ///
    /// # Errors
    /// [`CacheError::Occupied`] where something else is there and nobody said `force`, [`CacheError::Damaged`] where the
    /// content is not what its name says, or the system's refusal.
    pub(crate) fn bring(&self, file: &RepoFile, blob: &Path, hashed: Hashed) -> Result<Arrival, CacheError> {
        match self.look(file, Some(blob))? {
            Occupant::Right => return Ok(Arrival::InPlace),
            Occupant::Other if !self.force => return Err(CacheError::Occupied { path: self.path(file) }),
            Occupant::Other | Occupant::Missing => {}
        }
        place::make_folder(&self.root)?;
        let folder = descend(&self.root, &parent(file), true)?;
        sweep(&folder);
        // through its links: a hard link to a link would be a link
        let source = fs::canonicalize(blob).map_err(CacheError::at("open", blob))?;
        let (temporary, arrival) = self.stage(file, &source, &folder, hashed)?;
        place::settle_link(temporary, &super::layout::fit(folder.join(file.path.file_name())))?;
        Ok(arrival)
    }

    /// The content under a temporary name in `folder`, in the first way that works.
    fn stage(
        &self,
        file: &RepoFile,
        source: &Path,
        folder: &Path,
        hashed: Hashed,
    ) -> Result<(TempPath, Arrival), CacheError> {
        let ways: &[Arrival] = match self.mode {
            LinkMode::Auto => &[Arrival::Reflink, Arrival::HardLink, Arrival::Copy],
            LinkMode::Reflink => &[Arrival::Reflink],
            LinkMode::HardLink => &[Arrival::HardLink],
            LinkMode::Symlink => &[Arrival::Symlink],
            LinkMode::Copy => &[Arrival::Copy],
        };
        let mut refusal = None;
        let suffix = if hashed == Hashed::Before { SLOW_SUFFIX } else { SUFFIX };
        for &way in ways {
            let linked = match way {
                Arrival::Reflink => make_in(folder, suffix, |path| reflink_copy::reflink(source, path)),
                Arrival::HardLink => make_in(folder, suffix, |path| fs::hard_link(source, path)),
                Arrival::Symlink => make_in(folder, suffix, |path| make_link(source, path)),
                Arrival::Copy | Arrival::InPlace => return copied(file, source, folder),
            };
            match linked {
                Ok(linked) if hashed == Hashed::Before && !is_right(&linked, file)? => {
                    return Err(CacheError::Damaged { path: source.to_path_buf() });
                }
                Ok(linked) => {
                    if way == Arrival::Reflink {
                        keep_time(&linked, source);
                    }
                    return Ok((linked, way));
                }
                Err(error) => refusal = Some(CacheError::at(tried(way), &self.path(file))(error)),
            }
        }
        Err(refusal.expect("there is always a way to try"))
    }
}

fn tried(way: Arrival) -> &'static str {
    match way {
        Arrival::Reflink => "make the reflink",
        Arrival::HardLink => "make the hard link",
        Arrival::Symlink => "make the symbolic link",
        Arrival::Copy | Arrival::InPlace => "copy",
    }
}

/// Hashes what was linked, with a lock on it meanwhile, as on a copy. Others may hash the same file under other names.
fn is_right(linked: &Path, file: &RepoFile) -> Result<bool, CacheError> {
    let held = regular_file::open(linked).map_err(CacheError::at("open", linked))?;
    let _ = held.try_lock_shared();
    content::matches(linked, &file.digest, file.size)
}

fn make_in(folder: &Path, suffix: &str, make: impl FnMut(&Path) -> io::Result<()>) -> io::Result<TempPath> {
    let prefix = debris::prefix(PREFIX);
    Builder::new().prefix(&prefix).suffix(suffix).make_in(folder, make).map(tempfile::NamedTempFile::into_temp_path)
}

/// A name that no application takes for a model.
const PREFIX: &str = ".";
const SUFFIX: &str = ".gatedl.incomplete";

/// Of what takes its time under this name, a copy or a link whose content is hashed, and may be left behind by a kill.
const SLOW_SUFFIX: &str = ".gatedl.copy.incomplete";

/// Removes what killed runs left behind: whoever copies or hashes holds a lock on the unfinished file. What cannot be locked or
/// removed stays.
fn sweep(folder: &Path) {
    debris::remove(debris::beside_content(folder));
    let named = |name: &std::ffi::OsStr| {
        name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SLOW_SUFFIX))
    };
    for left in fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| named(&entry.file_name())) {
        let file = left.file_type().is_ok_and(|kind| !kind.is_dir()).then(|| regular_file::open(&left.path()));
        if let Some(Ok(file)) = file
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(left.path());
        }
    }
}

/// A copy is new bytes, so it is hashed whoever hashed the source.
fn copied(file: &RepoFile, source: &Path, folder: &Path) -> Result<(TempPath, Arrival), CacheError> {
    let mut copy = place::temporary(folder, PREFIX, SLOW_SUFFIX)?;
    // for the others' sweep; where there are no locks there is no sweep
    let _ = copy.as_file().try_lock();
    let path = copy.path().to_path_buf();
    if !content::copy_checked(source, copy.as_file_mut(), &path, &file.digest, file.size)? {
        return Err(CacheError::Damaged { path: source.to_path_buf() });
    }
    keep_time(&path, source);
    Ok((copy.into_temp_path(), Arrival::Copy))
}

/// Gives a copy the time of its source, by which the next run knows it without hashing. Where that cannot be done the
/// next run hashes.
fn keep_time(path: &Path, source: &Path) {
    let time = fs::metadata(source).and_then(|found| found.modified());
    let _ = time.and_then(|time| fs::File::options().write(true).open(path)?.set_modified(time));
}

/// Below this a hash costs less than the doubt whether two small files of one minute are the same.
const WORTH_A_SHORTCUT: u64 = 1024 * 1024;

/// Whether what stands at `place` shows that it came from `blob`: the same file, or a large one of the same length and
/// age to the nanosecond, as rsync judges. Who writes into either changes its age.
fn is_delivered(place: &Path, blob: &Path, size: u64) -> bool {
    if matches!((fs::canonicalize(place), fs::canonicalize(blob)), (Ok(place), Ok(blob)) if place == blob) {
        return true;
    }
    let is_one = || matches!((FileIdentity::of(place), FileIdentity::of(blob)), (Ok(place), Ok(blob)) if place == blob);
    let (Ok(place), Ok(blob)) = (fs::metadata(place), fs::metadata(blob)) else { return false };
    let same_age = matches!((place.modified(), blob.modified()), (Ok(place), Ok(blob)) if place == blob);
    place.len() == size && blob.len() == size && same_age && (size >= WORTH_A_SHORTCUT || is_one())
}

/// The folders above a file within the destination.
fn parent(file: &RepoFile) -> PathBuf {
    file.path.to_path().parent().map(Path::to_path_buf).unwrap_or_default()
}
