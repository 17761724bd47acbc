//! `--local-dir`: plain files in a folder of the user's choice, with `huggingface_hub`'s notes about them below
//! `.cache/huggingface/`, so that `hf download --local-dir` and this program take each other's work as done.
//!
//! ```text
//! DIR/<path>                                                    the files
//! DIR/.cache/huggingface/.gitignore                             "*", 1 byte
//! DIR/.cache/huggingface/CACHEDIR.TAG
//! DIR/.cache/huggingface/.gatedl/verified                       which files were hashed, and in which state
//! DIR/.cache/huggingface/trees/<commit>.json                    the listing of the commit
//! DIR/.cache/huggingface/download/<path>.metadata               commit, etag, time
//! DIR/.cache/huggingface/download/<path>.lock
//! DIR/.cache/huggingface/download/<its folder>/<b64>.<hex>.gatedl.incomplete, ….gatedl.journal
//! ```
//!
//! Two traps. The folder is the user's: it may hold links to other places, and a file written
//! "inside" it through one lands elsewhere; so no folder is entered through a link that leads out, and a file that is
//! replaced is replaced by renaming, which never follows. And `hf` deletes the old file before it downloads the new one:
//! a failed download then costs the user a file that was good. Here the old one stays until the new one is verified.

mod noted;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::inside::descend;
use super::notes::{ContentState, HashedState, Notes};
use super::partial::Verified;
use super::sidecar::{SidecarRecord, short_hash};
use super::store::holds_only;
use super::{CacheError, blob, content, debris, layout, listing, place};
use crate::manifest::{Listing, RepoFile};
use crate::regular_file;
use crate::repo::{Commit, RepoPath};

/// A destination folder. The lock of a file ([`Folder::lock`]) is held by the caller while it is written or noted.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    root: PathBuf,
    notes: Arc<Notes>,
}

impl Folder {
    /// The folder at `directory`. Looks up which links that path consists of, and touches nothing.
    #[must_use]
    pub(crate) fn open(directory: &Path) -> Self {
        let root = place::resolve(directory);
        let notes = Arc::new(Notes::at(layout::fit(root.join(NOTES).join(".gatedl/verified"))));
        Self { root, notes }
    }

    /// A repository may hold files below `.cache/huggingface` (somebody committed a `--local-dir`, huggingface_hub#2223);
    /// written here, they would be notes that nobody can tell from true ones. Case is ignored because macOS and Windows
    /// ignore it.
    #[must_use]
    pub(crate) fn is_reserved(path: &RepoPath) -> bool {
        let mut parts = path.parts();
        let mut is = |name: &str| parts.next().is_some_and(|part| part.eq_ignore_ascii_case(name));
        is(".cache") && is("huggingface")
    }

    /// The folder itself, absolute: what a pull prints.
    #[must_use]
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the folder and the place for the notes.
    ///
    /// # Errors
    /// Where a folder cannot be made, a file stands in its way, or `.cache` is a link to another place.
    pub(crate) fn prepare(&self) -> Result<(), CacheError> {
        place::make_folder(&self.root)?;
        descend(&self.root, &Path::new(NOTES).join("download"), true)?;
        place::tag(&self.notes("CACHEDIR.TAG"));
        debris::remove(debris::in_own_folder(&self.notes("")));
        // As huggingface_hub: once, and a failure is not worth an error.
        if let Ok(mut file) = fs::File::create_new(self.notes(".gitignore")) {
            let _ = io::Write::write_all(&mut file, b"*");
        }
        Ok(())
    }

    /// Makes what a file needs while it is fetched, and finds out before the first byte whether something will be in
    /// its way at the end.
    ///
    /// # Errors
    /// [`CacheError::ReservedPath`], [`CacheError::LeadsOutside`], a file or folder in the way, or the system's refusal.
    pub(crate) fn prepare_file(&self, path: &RepoPath) -> Result<(), CacheError> {
        refuse_reserved(path)?;
        descend(&self.root, &Path::new(NOTES).join("download").join(parent(path)), true)?;
        match descend(&self.root, &parent(path), false) {
            Err(CacheError::FileInTheWay { path }) if self.is_noted_file(&path) => {}
            looked => drop(looked?),
        }
        let file = self.file(path);
        match fs::symlink_metadata(&file) {
            Ok(found) if found.is_dir() && !self.is_noted_folder(&file) => {
                Err(CacheError::FolderInTheWay { path: file })
            }
            _ => Ok(()),
        }
    }

    /// Whether a pull left this file here and nobody has changed it: where the repository has a folder of that name now, it
    /// may go.
    fn is_noted_file(&self, file: &Path) -> bool {
        let path = file.strip_prefix(&self.root).ok().and_then(Path::to_str);
        path.and_then(|path| path.replace('\\', "/").parse().ok()).is_some_and(|path| self.record(&path).is_some())
    }

    /// Whether a folder holds nothing but such files.
    fn is_noted_folder(&self, folder: &Path) -> bool {
        let is_empty = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
        !is_empty && holds_only(folder, &|file| self.is_noted_file(file))
    }

    /// Whether putting a file in its place replaces something that no pull left there.
    pub(super) fn is_strange(&self, path: &RepoPath) -> bool {
        fs::symlink_metadata(self.file(path)).is_ok_and(|found| !found.is_dir()) && self.record(path).is_none()
    }

    /// Removes what killed runs left beside the unfinished content of files.
    pub(super) fn sweep<'a>(&self, files: impl Iterator<Item = &'a RepoFile>) {
        let folders: BTreeSet<PathBuf> = files.map(|file| parent(&file.path)).collect();
        for folder in folders {
            debris::remove(debris::beside_content(&self.notes(Path::new("download").join(folder))));
        }
    }

    /// Where a file of the repository stands.
    #[must_use]
    pub(crate) fn file(&self, path: &RepoPath) -> PathBuf {
        layout::fit(self.root.join(path.to_path()))
    }

    /// Where its unfinished content stands: another one for each version, and for each of two files with one content.
    #[must_use]
    pub(crate) fn partial(&self, file: &RepoFile) -> PathBuf {
        self.beside(&file.path, &format!("{}.gatedl.incomplete", prefix(file)))
    }

    /// Which segments of the unfinished content are finished.
    #[must_use]
    pub(crate) fn journal(&self, file: &RepoFile) -> PathBuf {
        self.beside(&file.path, &format!("{}.gatedl.journal", prefix(file)))
    }

    /// The lock that `huggingface_hub` takes for the file and its note.
    #[must_use]
    pub(crate) fn lock(&self, path: &RepoPath) -> PathBuf {
        self.beside(path, &note_name(path, ".lock"))
    }

    /// What is known about the file here. `huggingface_hub`'s notes do not count: they are made without a look at the
    /// content, cover whatever is written within a second, and may be of the future.
    #[must_use]
    pub(crate) fn verdict(&self, file: &RepoFile) -> ContentState {
        self.notes.judge(file, &self.file(&file.path))
    }

    /// Hashes what stands in a file's place; `told` hears of each piece that was read.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) fn examine(&self, file: &RepoFile, told: &dyn Fn(u64)) -> Result<bool, CacheError> {
        self.notes.examine(&file.digest, file.size, &self.file(&file.path), told)
    }

    /// Whether a file was hashed and is something else than what its note says, whatever its time.
    pub(super) fn is_spoilt(&self, file: &RepoFile) -> bool {
        self.verdict(file) == ContentState::Wrong
            && self.record(&file.path).is_some_and(|known| known.etag == file.digest.hex())
    }

    /// Brings what was put in place to the disk, and notes what was hashed.
    ///
    /// # Errors
    /// Where it cannot be brought to the disk, the notes cannot be written, or a link leads out of the folder.
    pub(crate) fn keep_notes(&self) -> Result<(), CacheError> {
        descend(&self.root, &Path::new(NOTES).join(".gatedl"), true)?;
        self.notes.keep(&self.root)
    }

    /// Puts verified content in its place; a file that the user had there is replaced.
    ///
    /// # Errors
    /// As [`Self::prepare_file`], and [`CacheError::Replaced`] where the partial file is no longer the one verified.
    pub(crate) fn publish(&self, mut verified: Verified, path: &RepoPath) -> Result<(), CacheError> {
        let target = self.make_place(path)?;
        if blob::still_in_place(&verified)? {
            let copied = content::put(verified.path(), &target, verified.digest(), verified.size())?;
            if copied.is_none() {
                verified.was_renamed();
            }
            blob::note(&self.notes, &verified, copied.or_else(|| verified.noted()), &target);
        } else if blob::is_content(&target, &verified)? {
            blob::note(&self.notes, &verified, HashedState::of(&target), &target);
        } else {
            return Err(CacheError::Replaced { path: verified.path().to_path_buf() });
        }
        verified.spend();
        Ok(())
    }

    /// Puts a copy of a blob of the main cache in a file's place. The copy is hashed as it is made: `false`, and nothing
    /// left behind, where the blob is not what its name says.
    ///
    /// # Errors
    /// As [`Self::prepare_file`], and where the blob cannot be read or copied.
    pub(crate) fn place_copy(&self, blob: &Path, file: &RepoFile) -> Result<bool, CacheError> {
        if place::regular_size(blob) != Some(file.size) {
            return Ok(false);
        }
        self.prepare_file(&file.path)?;
        let staging = descend(&self.root, &Path::new(NOTES).join("download").join(parent(&file.path)), true)?;
        let mut copy = place::temporary(&staging, &format!("{}.", prefix(file)), ".gatedl.incomplete")?;
        let path = copy.path().to_path_buf();
        if !content::copy_checked(blob, copy.as_file_mut(), &path, &file.digest, file.size)? {
            return Ok(false);
        }
        let (handle, copy) = copy.into_parts();
        let target = self.make_place(&file.path)?;
        let copied = content::put(&copy, &target, &file.digest, file.size)?;
        let stamp = copied.or_else(|| HashedState::of_open(&handle));
        self.notes.add(&file.digest, stamp, &target);
        Ok(true)
    }

    /// Notes that the file is, at this moment, that of the commit. A note that says so already is left alone.
    ///
    /// # Errors
    /// As [`Self::prepare_file`].
    pub(crate) fn write_metadata(&self, commit: &Commit, file: &RepoFile) -> Result<(), CacheError> {
        if self.is_noted(commit, file) {
            return Ok(());
        }
        self.prepare_file(&file.path)?;
        let record = SidecarRecord::now(commit.as_str(), &file.digest.hex()).render();
        place::write_whole(&self.metadata(&file.path), &self.notes(""), record.as_bytes())
    }

    /// Whether a note that still covers the file names both this commit and this digest.
    pub(super) fn is_noted(&self, commit: &Commit, file: &RepoFile) -> bool {
        let is_it = |record: SidecarRecord| record.commit == commit.as_str() && record.etag == file.digest.hex();
        self.record(&file.path).is_some_and(is_it)
    }

    /// The listing of a commit, where an earlier pull of any tool left one here that can be trusted.
    #[must_use]
    pub(crate) fn listing(&self, commit: &Commit) -> Option<Listing> {
        listing::parse(&regular_file::read(&self.tree(commit), regular_file::LISTING).ok()?)
    }

    /// Keeps the whole listing of a commit; `false`, and nothing written, where an entry is masked or lacks its git id.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn write_listing(&self, commit: &Commit, kept: &Listing) -> Result<bool, CacheError> {
        let Some(bytes) = listing::render(kept) else { return Ok(false) };
        descend(&self.root, &Path::new(NOTES).join("trees"), true)?;
        place::write_whole(&self.tree(commit), &self.notes(""), &bytes)?;
        Ok(true)
    }

    /// The note about a file, where there is one and the file has not changed since.
    fn record(&self, path: &RepoPath) -> Option<SidecarRecord> {
        let record = SidecarRecord::parse(&regular_file::read_text(&self.metadata(path), regular_file::NOTE).ok()?)?;
        let modified = fs::metadata(self.file(path)).ok()?.modified().ok()?;
        record.covers(modified).then_some(record)
    }

    fn metadata(&self, path: &RepoPath) -> PathBuf {
        self.beside(path, &note_name(path, ".metadata"))
    }

    fn tree(&self, commit: &Commit) -> PathBuf {
        self.notes(format!("trees/{}.json", commit.as_str()))
    }

    fn notes(&self, below: impl AsRef<Path>) -> PathBuf {
        layout::fit(self.root.join(NOTES).join(below))
    }

    fn beside(&self, path: &RepoPath, name: &str) -> PathBuf {
        self.notes(Path::new("download").join(parent(path)).join(name))
    }

    /// The place of a file, once the folders above it are made.
    fn make_place(&self, path: &RepoPath) -> Result<PathBuf, CacheError> {
        refuse_reserved(path)?;
        let file = self.file(path);
        if fs::symlink_metadata(&file).is_ok_and(|found| found.is_dir()) && self.is_noted_folder(&file) {
            fs::remove_dir_all(&file).map_err(CacheError::at("remove", &file))?;
        }
        while let Err(error) = descend(&self.root, &parent(path), true) {
            match error {
                CacheError::FileInTheWay { path } if self.is_noted_file(&path) => {
                    fs::remove_file(&path).map_err(CacheError::at("remove", &path))?;
                }
                error => return Err(error),
            }
        }
        Ok(file)
    }
}

/// How long a name may be, in bytes, on nearly every file system.
const LONGEST_NAME: usize = 255;

/// The folder of the notes within the destination.
const NOTES: &str = ".cache/huggingface";

/// The folders above a file within its repository; empty for a file at the top.
fn parent(path: &RepoPath) -> PathBuf {
    path.to_path().parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The name of a note beside a file. Where the file's own name leaves no room for it, the note has the short hash instead;
/// `huggingface_hub` cannot keep one at all then.
fn note_name(path: &RepoPath, ending: &str) -> String {
    let name = path.file_name();
    let stem = if name.len() + ending.len() > LONGEST_NAME { short_hash(name) } else { name.to_owned() };
    stem + ending
}

fn prefix(file: &RepoFile) -> String {
    format!("{}.{}", short_hash(file.path.file_name()), file.digest.hex())
}

fn refuse_reserved(path: &RepoPath) -> Result<(), CacheError> {
    if Folder::is_reserved(path) { Err(CacheError::ReservedPath { path: path.to_string() }) } else { Ok(()) }
}
