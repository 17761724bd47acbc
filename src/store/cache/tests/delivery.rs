//! Deliveries into folders that belong to somebody: every way of arriving, what may stand in the way, and what is never
//! followed, replaced or believed.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::{TempDir, tempdir};

use super::{lfs, small};
use crate::manifest::RepoFile;
use crate::store::cache::delivery::{Arrival, Delivery, Hashed, LinkMode, Occupant};
use crate::store::cache::{CacheError, RepoCache};

const CONTENT: &[u8] = b"weights";

struct Stage {
    folder: TempDir,
    file: RepoFile,
    blob: PathBuf,
}

fn stage_with(content: &[u8]) -> Stage {
    let folder = tempdir().unwrap();
    let file = lfs("sub/m.safetensors", content);
    let blob = folder.path().join("blob");
    fs::write(&blob, content).unwrap();
    fs::create_dir(folder.path().join("app")).unwrap();
    Stage { folder, file, blob }
}

fn stage() -> Stage {
    stage_with(CONTENT)
}

impl Stage {
    fn delivery(&self, mode: LinkMode, force: bool) -> Delivery {
        Delivery::into_folder(&self.folder.path().join("app"), mode, force)
    }

    fn bring(&self, mode: LinkMode) -> Result<Arrival, CacheError> {
        self.delivery(mode, false).bring(&self.file, &self.blob, Hashed::Before)
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("app/sub/m.safetensors")
    }

    fn put(&self, content: &[u8]) {
        fs::create_dir_all(self.place().parent().unwrap()).unwrap();
        fs::write(self.place(), content).unwrap();
    }

    /// What is in the folder of the file.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.place().parent().unwrap()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

#[test]
fn a_file_arrives_as_asked_and_nothing_else_is_left() {
    for (mode, arrivals) in [
        (LinkMode::Auto, vec![Arrival::Reflink, Arrival::HardLink]),
        (LinkMode::HardLink, vec![Arrival::HardLink]),
        (LinkMode::Copy, vec![Arrival::Copy]),
        #[cfg(unix)]
        (LinkMode::Symlink, vec![Arrival::Symlink]),
    ] {
        let stage = stage();
        let arrival = stage.bring(mode).unwrap();
        assert!(arrivals.contains(&arrival), "{mode:?}: {arrival:?}");
        assert_eq!(fs::read(stage.place()).unwrap(), CONTENT);
        assert_eq!(stage.names(), ["m.safetensors"]);
        assert_eq!(stage.place().is_symlink(), arrival == Arrival::Symlink);
        assert_eq!(stage.bring(mode).unwrap(), Arrival::InPlace);
    }
}

#[test]
fn a_reflink_is_a_file_of_its_own_or_an_error_that_says_so() {
    let stage = stage();
    match stage.bring(LinkMode::Reflink) {
        Ok(arrival) => {
            assert_eq!(arrival, Arrival::Reflink);
            fs::write(stage.place(), "written in place").unwrap();
            assert_eq!(fs::read(&stage.blob).unwrap(), CONTENT);
        }
        Err(error) => {
            assert!(error.to_string().contains("could not make the reflink"), "{error}");
            assert!(stage.names().is_empty());
        }
    }
}

#[cfg(unix)]
#[test]
fn a_hard_link_is_the_same_file_and_a_copy_is_not() {
    use std::os::unix::fs::MetadataExt as _;
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();
    for (mode, same) in [(LinkMode::HardLink, true), (LinkMode::Copy, false)] {
        let stage = stage();
        stage.bring(mode).unwrap();
        assert_eq!(inode(&stage.place()) == inode(&stage.blob), same);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn between_file_systems_it_is_a_copy_and_a_hard_link_is_an_error() {
    let Ok(other) = tempfile::tempdir_in("/dev/shm") else { return };
    let stage = stage();
    let device = |path: &Path| std::os::unix::fs::MetadataExt::dev(&fs::metadata(path).unwrap());
    if device(other.path()) == device(&stage.blob) {
        return;
    }
    let into = |mode| Delivery::into_folder(other.path(), mode, false);
    assert!(into(LinkMode::Auto).copies_from(&stage.blob) && !into(LinkMode::HardLink).copies_from(&stage.blob));
    assert!(!stage.delivery(LinkMode::Auto, false).copies_from(&stage.blob));
    let error = into(LinkMode::HardLink).bring(&stage.file, &stage.blob, Hashed::Before).unwrap_err();
    assert!(error.to_string().contains("could not make the hard link"), "{error}");
    assert_eq!(into(LinkMode::Auto).bring(&stage.file, &stage.blob, Hashed::Before).unwrap(), Arrival::Copy);
}

#[test]
fn what_is_there_and_right_stays_whoever_put_it_there() {
    let stage = stage();
    stage.put(CONTENT);
    let before = fs::metadata(stage.place()).unwrap().modified().unwrap();
    assert_eq!(stage.delivery(LinkMode::Auto, false).look(&stage.file, None).unwrap(), Occupant::Right);
    assert_eq!(stage.bring(LinkMode::Copy).unwrap(), Arrival::InPlace);
    assert_eq!(fs::metadata(stage.place()).unwrap().modified().unwrap(), before);
}

#[test]
fn what_is_there_and_different_is_replaced_only_by_force() {
    for theirs in [&b"another model"[..], b"weightS"] {
        let stage = stage();
        stage.put(theirs);
        let error = stage.bring(LinkMode::Auto).unwrap_err();
        assert!(matches!(&error, CacheError::Occupied { path } if path.ends_with("sub/m.safetensors")), "{error}");
        assert_eq!(fs::read(stage.place()).unwrap(), theirs);
        let forced = stage.delivery(LinkMode::Copy, true).bring(&stage.file, &stage.blob, Hashed::Before);
        assert_eq!(forced.unwrap(), Arrival::Copy);
        assert_eq!(fs::read(stage.place()).unwrap(), CONTENT);
        assert_eq!(stage.names(), ["m.safetensors"]);
    }
}

#[test]
fn a_large_copy_is_known_by_its_age_and_a_changed_one_is_not() {
    let content = vec![7; 1 << 20];
    let stage = stage_with(&content);
    stage.bring(LinkMode::Copy).unwrap();
    let time = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    assert_eq!(time(&stage.place()), time(&stage.blob));
    // What only a look can tell: the content is wrong, the age is right, and nobody hashes.
    fs::write(stage.place(), vec![8; 1 << 20]).unwrap();
    let file = fs::File::options().write(true).open(stage.place()).unwrap();
    file.set_modified(time(&stage.blob)).unwrap();
    assert_eq!(stage.bring(LinkMode::Copy).unwrap(), Arrival::InPlace);
    file.set_modified(time(&stage.blob) + std::time::Duration::from_nanos(100)).unwrap();
    assert!(matches!(stage.bring(LinkMode::Copy), Err(CacheError::Occupied { .. })));
}

#[test]
fn damaged_content_gets_no_name() {
    for mode in [LinkMode::Auto, LinkMode::HardLink, LinkMode::Copy] {
        let stage = stage();
        fs::write(&stage.blob, "weightz").unwrap();
        let error = stage.bring(mode).unwrap_err();
        assert!(matches!(error, CacheError::Damaged { .. }), "{error}");
        assert!(stage.names().is_empty(), "{mode:?}");
    }
}

#[test]
fn what_a_killed_copy_left_is_removed_and_what_another_copies_stays() {
    let stage = stage();
    fs::create_dir_all(stage.place().parent().unwrap()).unwrap();
    let beside = |name: &str| stage.place().with_file_name(name);
    let (left, live) = (beside(".a.gatedl.copy.incomplete"), beside(".b.gatedl.copy.incomplete"));
    fs::write(&left, "half").unwrap();
    let theirs = fs::File::create(&live).unwrap();
    theirs.try_lock().unwrap();
    stage.bring(LinkMode::Copy).unwrap();
    assert!(!left.exists() && live.exists() && stage.place().exists());
}

/// Hashing a link to a large file takes as long as copying it, so that a kill may leave one as well.
#[cfg(unix)]
#[test]
fn what_a_killed_look_at_a_link_left_is_removed_and_what_another_looks_at_stays() {
    let stage = stage();
    fs::create_dir_all(stage.place().parent().unwrap()).unwrap();
    let beside = |name: &str| stage.place().with_file_name(name);
    let (hard, soft) = (beside(".a.gatedl.copy.incomplete"), beside(".b.gatedl.copy.incomplete"));
    fs::hard_link(&stage.blob, &hard).unwrap();
    std::os::unix::fs::symlink(&stage.blob, &soft).unwrap();
    let theirs = fs::File::open(&hard).unwrap();
    theirs.try_lock_shared().unwrap();
    stage.bring(LinkMode::Copy).unwrap();
    assert!(hard.exists() && soft.exists());
    drop(theirs);
    stage.delivery(LinkMode::Copy, true).bring(&other(&stage), &stage.blob, Hashed::Before).unwrap();
    assert!(!hard.exists() && !soft.exists() && stage.blob.exists());
}

/// The same content under another name.
#[cfg(unix)]
fn other(stage: &Stage) -> RepoFile {
    RepoFile { path: "sub/other.safetensors".parse().unwrap(), ..stage.file.clone() }
}

#[test]
fn a_folder_in_the_place_of_a_file_is_named() {
    let stage = stage();
    fs::create_dir_all(stage.place()).unwrap();
    let forced = stage.delivery(LinkMode::Auto, true).bring(&stage.file, &stage.blob, Hashed::Before);
    assert!(matches!(forced, Err(CacheError::FolderInTheWay { .. })));
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_folder_that_leads_out_is_refused() {
        let (stage, outside) = (stage(), tempdir().unwrap());
        symlink(outside.path(), stage.folder.path().join("app/sub")).unwrap();
        let forced = stage.delivery(LinkMode::Auto, true).bring(&stage.file, &stage.blob, Hashed::Before);
        assert!(matches!(forced, Err(CacheError::LeadsOutside { .. })));
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_link_in_the_place_of_a_file_is_replaced_and_not_followed() {
        let (stage, outside) = (stage(), tempdir().unwrap());
        let precious = outside.path().join("precious");
        fs::write(&precious, "another model").unwrap();
        fs::create_dir(stage.place().parent().unwrap()).unwrap();
        symlink(&precious, stage.place()).unwrap();
        assert!(matches!(stage.bring(LinkMode::Copy), Err(CacheError::Occupied { .. })));
        stage.delivery(LinkMode::Copy, true).bring(&stage.file, &stage.blob, Hashed::Before).unwrap();
        assert!(!stage.place().is_symlink());
        assert_eq!(fs::read(&precious).unwrap(), b"another model");
    }

    #[test]
    fn a_link_whose_cache_is_gone_is_made_anew() {
        let stage = stage();
        fs::create_dir(stage.place().parent().unwrap()).unwrap();
        symlink("/nowhere/blob", stage.place()).unwrap();
        assert_eq!(stage.bring(LinkMode::Symlink).unwrap(), Arrival::Symlink);
        assert_eq!(fs::canonicalize(stage.place()).unwrap(), fs::canonicalize(&stage.blob).unwrap());
    }

    #[test]
    fn a_snapshot_is_a_source_too() {
        let (folder, cache): (_, RepoCache) = super::super::world(crate::store::cache::Links::WherePossible);
        let file = small("config.json", b"{}\n");
        cache.publish(super::super::verified(&cache, &file, b"{}\n")).unwrap();
        let commit = super::super::commit("5b");
        cache.link(&commit, &file.path, &file.digest).unwrap();
        let pointer = cache.layout().pointer(&commit, &file.path);
        let delivery = Delivery::into_folder(&folder.path().join("models/org/m"), LinkMode::HardLink, false);
        assert_eq!(delivery.bring(&file, &pointer, Hashed::ByThisRun).unwrap(), Arrival::HardLink);
        let place = folder.path().join("models/org/m/config.json");
        assert!(!place.is_symlink(), "of the blob, not of the link");
        assert_eq!(fs::read(place).unwrap(), b"{}\n");
    }
}
