//! Unpacking an archive that was verified as a whole, beside the place where it would stand.
//!
//! That an archive has the hash that a catalog promises says nothing about its manners: the catalog may be the attacker's.
//! So no name leads out of the folder, nothing but plain files and folders is made (a link would redirect the file after
//! it), and what comes out is counted while it comes, because the sizes in the headers are the author's word (a 42 KB
//! archive has held 4.5 PB). All of it is unpacked into a hidden folder first and gets its name in one rename.

mod staging;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write as _};
use std::path::{Path, PathBuf};

use thiserror::Error;
use zip::ZipArchive;
use zip::result::ZipError;

pub(crate) use self::staging::{Hidden, Staging};

use crate::apps::visionatrix::catalog::is_program;
use crate::digest::{ContentHasher, Digest};
use crate::repo::{RepoPath, printable};

/// How many times the packed size may come out.
const MOST_INFLATION: u64 = 100;
/// How many files and folders an archive may hold: it could fill a disk with empty ones.
const MOST_ENTRIES: usize = 10_000;
/// How much is inflated at a time.
const BUFFER: usize = 128 << 10;

/// Why an archive was not unpacked.
#[derive(Debug, Error)]
pub(crate) enum ArchiveError {
    /// It is hostile or broken.
    #[error("the archive `{}` was not unpacked: {problem}", path.display())]
    Unusable {
        /// The archive.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// What was unpacked is not what the catalog promises.
    #[error("`{member}` of the archive `{}` is {}", path.display(), found.map_or_else(|| "missing".to_owned(), |found| format!("{found}, not {expected}")))]
    Member {
        /// The archive.
        path: PathBuf,
        /// The file in it.
        member: RepoPath,
        /// The hash that it must have.
        expected: Digest,
        /// The hash that it has, if it is there.
        found: Option<Digest>,
    },
    /// The folder that it would become is there.
    #[error("`{}` is there already, with other content", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// Whether `--force` may replace it: only what bears the archive's own name.
        replaceable: bool,
    },
    /// The disk refused.
    #[error("could not {action} `{}`", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ArchiveError {
    fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Disk { action, path, source }
    }
}

/// What came out of an archive, still hidden.
#[derive(Debug)]
pub(crate) struct Unpacked {
    /// What gets a name, in `staging`.
    from: PathBuf,
    /// The name that it gets.
    to: PathBuf,
    /// What each file is, by its path below either.
    files: BTreeMap<PathBuf, Digest>,
}

/// Where an archive's content stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublishedFolder {
    /// Its folder.
    pub(crate) path: PathBuf,
    /// Whether the same files stood there before.
    pub(crate) was_there: bool,
}

/// The folder that an archive's members are looked for in, as Visionatrix does: its name without the ending.
#[must_use]
pub(crate) fn members_folder(place: &Path) -> PathBuf {
    place.with_extension("")
}

/// Unpacks the archive at `archive` into a hidden folder and holds its members to their hashes. `place` is
/// where the archive would stand: one top folder becomes its neighbour, anything else a folder with the archive's name.
///
/// # Errors
/// When the archive is hostile, broken or not what was promised, or the disk refuses.
pub(crate) fn unpack(
    archive: &Path,
    hidden: &Hidden,
    place: &Path,
    members: &BTreeMap<RepoPath, Digest>,
) -> Result<Unpacked, ArchiveError> {
    let unusable = |problem: String| ArchiveError::Unusable { path: archive.to_path_buf(), problem };
    let file = File::open(archive).map_err(ArchiveError::at("open", archive))?;
    let packed = file.metadata().map_err(ArchiveError::at("look at", archive))?.len();
    let mut zip = ZipArchive::new(io::BufReader::new(file)).map_err(|error| unusable(broken(&error)))?;
    let entries = survey(&mut zip).map_err(unusable)?;
    let tops: BTreeSet<&str> = entries.iter().filter_map(|entry| entry.path.parts().next()).collect();
    let staging = hidden.path();
    // a single file at the top is no folder
    let only_top = tops.first().filter(|top| tops.len() == 1 && entries.iter().all(|entry| entry.is_below(top)));
    let (from, to) = match only_top {
        Some(top) => (staging.join(top), place.with_file_name(top)),
        None => (staging.to_path_buf(), members_folder(place)),
    };
    let mut allowance = packed.saturating_mul(MOST_INFLATION);
    let mut files = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let target = staging.join(entry.path.to_path());
        if entry.is_folder {
            let _step = hidden.enter()?;
            fs::create_dir_all(&target).map_err(ArchiveError::at("create the folder", &target))?;
            continue;
        }
        let mut member = zip.by_index(index).map_err(|error| unusable(broken(&error)))?;
        let digest = inflate(&mut member, &target, &mut allowance, (archive, hidden))?;
        files.extend(target.strip_prefix(&from).ok().map(|below| (below.to_path_buf(), digest)));
    }
    for (member, expected) in members {
        // seen from where they will be
        let standing = members_folder(place).join(member.to_path());
        let found = standing.strip_prefix(&to).ok().and_then(|below| files.get(below)).copied();
        if found != Some(*expected) {
            let (path, member, expected) = (archive.to_path_buf(), member.clone(), *expected);
            return Err(ArchiveError::Member { path, member, expected, found });
        }
    }
    Ok(Unpacked { from, to, files })
}

impl Unpacked {
    /// Gives what was unpacked its name, unless the same files stand there.
    ///
    /// # Errors
    /// When something else is there and `force` does not say that it may go, or the disk refuses.
    pub(crate) fn publish(self, staging: &Staging, force: bool) -> Result<PublishedFolder, ArchiveError> {
        if self.to.symlink_metadata().is_ok() {
            if self.files.iter().all(|(below, digest)| sha256(&self.to.join(below)).is_ok_and(|found| found == *digest))
            {
                return Ok(PublishedFolder { path: self.to, was_there: true });
            }
            // any other name was chosen by the archive, and may be that of the user's checkpoints
            let replaceable = self.to == members_folder(staging.place());
            if !force || !replaceable {
                return Err(ArchiveError::Occupied { path: self.to, replaceable });
            }
            // out of the way in one step, and gone with the hidden folder
            let aside = Staging::beside(staging.place())?;
            fs::rename(&self.to, aside.hidden().path().join("replaced"))
                .map_err(ArchiveError::at("replace", &self.to))?;
        }
        fs::rename(&self.from, &self.to).map_err(ArchiveError::at("put in place", &self.to))?;
        Ok(PublishedFolder { path: self.to, was_there: false })
    }
}

/// The SHA-256 of a file's content.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn sha256(path: &Path) -> io::Result<Digest> {
    Digest::sha256_of(File::open(path)?)
}

/// An entry, before it is inflated.
struct ArchiveEntry {
    path: RepoPath,
    is_folder: bool,
}

impl ArchiveEntry {
    fn is_below(&self, top: &str) -> bool {
        self.is_folder || self.path.as_str().len() > top.len()
    }
}

/// Looks at every entry before any is written; in words what is wrong with one.
fn survey(zip: &mut ZipArchive<impl Read + Seek>) -> Result<Vec<ArchiveEntry>, String> {
    if zip.len() > MOST_ENTRIES {
        return Err(format!("it holds more than {MOST_ENTRIES} files"));
    }
    if zip.has_duplicate_names() {
        return Err("two of its files have one name".to_owned());
    }
    let mut seen = BTreeSet::new();
    let mut entries = Vec::new();
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(|error| broken(&error))?;
        let name = std::str::from_utf8(entry.name_raw()).map_err(|_| "a name in it is not Unicode".to_owned())?;
        let is_folder = name.ends_with('/');
        let path: RepoPath = name.trim_end_matches('/').parse().map_err(|error| format!("{error}"))?;
        if path.as_str().contains(':') {
            return Err(format!("`{path}` is not a safe file name: it contains a `:`"));
        }
        if is_program(&path) {
            return Err(format!("`{path}` is a program, not a model"));
        }
        let kind = entry.unix_mode().map_or(0, |mode| mode & 0o170_000);
        if entry.is_symlink() || !matches!(kind, 0 | 0o040_000 | 0o100_000) {
            return Err(format!("`{path}` is neither a file nor a folder"));
        }
        if entry.encrypted() {
            return Err(format!("`{path}` is encrypted"));
        }
        if !seen.insert(path.as_str().to_lowercase()) {
            return Err(format!("`{path}` is in it twice, where upper and lower case are one"));
        }
        entries.push(ArchiveEntry { path, is_folder });
    }
    Ok(entries)
}

/// Writes one file and counts what comes out against what all files together may have.
fn inflate(
    member: &mut impl Read,
    target: &Path,
    allowance: &mut u64,
    (archive, hidden): (&Path, &Hidden),
) -> Result<Digest, ArchiveError> {
    let unusable = |problem: String| ArchiveError::Unusable { path: archive.to_path_buf(), problem };
    let parent = target.parent().unwrap_or(Path::new("."));
    let step = hidden.enter()?;
    fs::create_dir_all(parent).map_err(ArchiveError::at("create the folder", parent))?;
    let mut file = File::create_new(target).map_err(ArchiveError::at("create", target))?;
    drop(step);
    let mut hasher = ContentHasher::like(&Digest::Sha256([0; 32]), 0);
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = member.read(&mut buffer).map_err(|error| unusable(printable(&error.to_string())))?;
        if count == 0 {
            return Ok(hasher.finish());
        }
        *allowance = allowance
            .checked_sub(count as u64)
            .ok_or_else(|| unusable(format!("more than {MOST_INFLATION} times its own size comes out of it")))?;
        hasher.update(&buffer[..count]);
        let _step = hidden.enter()?;
        file.write_all(&buffer[..count]).map_err(ArchiveError::at("write", target))?;
    }
}

fn broken(error: &ZipError) -> String {
    printable(&error.to_string())
}

#[cfg(test)]
mod tests;
