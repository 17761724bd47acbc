//! Attacks on destination folders: links out of them, forged notes, the user's own files, rotten blobs.

use crate::manifest::Listing;
use std::time::{Duration, SystemTime};

use super::super::notes::{HashedState, Notes};
use super::super::{CacheError, ContentState, Folder};
use super::*;

fn folder() -> (TempDir, Folder) {
    let home = tempdir().unwrap();
    let folder = Folder::open(&home.path().join("model"));
    folder.prepare().unwrap();
    (home, folder)
}

fn proof(folder: &Folder, file: &RepoFile, content: &[u8]) -> Verified {
    folder.prepare_file(&file.path).unwrap();
    let (partial, journal) = (folder.partial(file), folder.journal(file));
    fs::write(&partial, content).unwrap();
    fs::write(&journal, "segments").unwrap();
    Verified::for_tests(partial, journal, file)
}

fn note(folder: &Folder, name: &str) -> PathBuf {
    folder.root().join(".cache/huggingface/download").join(format!("{name}.metadata"))
}

#[test]
fn a_file_and_its_note_stand_where_huggingface_hub_puts_them() {
    let (_home, folder) = folder();
    let (file, target) = (small("sub/c.json", b"{}"), commit("5b"));
    assert_eq!(folder.verdict(&file), ContentState::Absent);
    folder.publish(proof(&folder, &file, b"{}"), &file.path).unwrap();
    folder.write_metadata(&target, &file).unwrap();
    let text = fs::read_to_string(note(&folder, "sub/c.json")).unwrap();
    assert!(text.starts_with(&format!("{target}\n{}\n", file.digest.hex())) && text.ends_with('\n'));
    assert_eq!(folder.verdict(&file), ContentState::Right);
    assert!(folder.write_listing(&target, &Listing::default()).unwrap());
    assert_eq!(folder.listing(&target), Some(Listing::default()));
    assert_eq!(folder.lock(&file.path), note(&folder, "sub/c.json").with_extension("lock"));
    let notes = Path::new(".cache/huggingface");
    let expected = [".gitignore", "CACHEDIR.TAG", "download/sub/c.json.metadata"].map(|name| notes.join(name));
    let tree = notes.join(format!("trees/{target}.json"));
    assert_eq!(files_below(folder.root()), [&expected[..], &[tree, "sub/c.json".into()]].concat());
    assert_eq!(fs::read(folder.root().join(notes).join(".gitignore")).unwrap(), b"*");

    folder.write_metadata(&target, &file).unwrap();
    assert_eq!(fs::read_to_string(note(&folder, "sub/c.json")).unwrap(), text, "a note that holds is left alone");
    folder.write_metadata(&commit("6c"), &file).unwrap();
    assert_ne!(fs::read_to_string(note(&folder, "sub/c.json")).unwrap(), text);
}

#[test]
fn without_a_note_the_content_decides() {
    let (_home, folder) = folder();
    for file in [small("c.json", b"{}"), lfs("w.bin", b"{}")] {
        fs::write(folder.file(&file.path), "{}").unwrap();
        assert_eq!(folder.verdict(&file), ContentState::Unknown);
        assert!(folder.examine(&file, &|_| {}).unwrap());
        assert_eq!(folder.verdict(&file), ContentState::Right);
        fs::remove_file(folder.file(&file.path)).unwrap();
        fs::write(folder.file(&file.path), "[]").unwrap();
        assert_eq!(folder.verdict(&file), ContentState::Unknown);
        assert!(!folder.examine(&file, &|_| {}).unwrap());
        assert_eq!(folder.verdict(&file), ContentState::Wrong);
    }
}

#[test]
fn a_note_does_not_cover_what_was_changed_at_whatever_time() {
    let (_home, folder) = folder();
    let (file, target) = (lfs("w.bin", b"weights"), commit("5b"));
    folder.publish(proof(&folder, &file, b"weights"), &file.path).unwrap();
    folder.write_metadata(&target, &file).unwrap();
    folder.keep_notes().unwrap();
    let again = Folder::open(folder.root());
    assert_eq!(again.verdict(&file), ContentState::Right);
    // whoever writes may set the time back, or forth, but not the time of change
    for time in [SystemTime::UNIX_EPOCH, SystemTime::now() + Duration::from_secs(5)] {
        let before = HashedState::of(&folder.file(&file.path));
        loop {
            fs::write(folder.file(&file.path), "Weights").unwrap();
            let handle = fs::File::options().write(true).open(folder.file(&file.path)).unwrap();
            handle.set_modified(time).unwrap();
            // the clock of the file system goes in ticks
            if HashedState::of(&folder.file(&file.path)) != before {
                break;
            }
        }
        assert_eq!(again.verdict(&file), ContentState::Unknown);
        assert!(!again.examine(&file, &|_| {}).unwrap());
    }
    // Nor does it help a file of another length, however old.
    fs::write(folder.file(&file.path), "weight").unwrap();
    assert_eq!(again.verdict(&file), ContentState::Wrong);
}

#[test]
fn a_bit_that_the_disk_turned_takes_its_note_with_it() {
    let (_home, folder) = folder();
    let (file, other) = (lfs("w.bin", b"weights"), lfs("o.bin", b"other"));
    folder.prepare().unwrap();
    let notes = Notes::at(folder.root().join(".cache/huggingface/.gatedl/verified"));
    for (file, content) in [(&file, "Weights"), (&other, "other")] {
        let path = folder.file(&file.path);
        fs::write(&path, content).unwrap();
        notes.add(&file.digest, HashedState::of(&path), &path);
    }
    notes.keep(folder.root()).unwrap();
    assert_eq!(Folder::open(folder.root()).verdict(&file), ContentState::Right, "nothing shows it");
    assert!(!folder.examine(&file, &|_| {}).unwrap());
    assert_eq!(folder.verdict(&file), ContentState::Wrong);
    let again = Folder::open(folder.root());
    assert_eq!(again.verdict(&file), ContentState::Unknown);
    assert_eq!(again.verdict(&other), ContentState::Right);
}

#[test]
fn notes_of_hf_are_not_believed() {
    let (_home, folder) = folder();
    let (file, target) = (lfs("w.bin", b"weights"), commit("5b"));
    fs::write(folder.file(&file.path), "WEIGHTS").unwrap();
    for (commit, etag, time) in [
        (target.to_string(), file.digest.hex(), "32503680000.0"),
        (target.to_string(), "unknown".to_owned(), "1795319391.5"),
        ("6c".repeat(20), file.digest.hex(), "1795319391.5"),
    ] {
        fs::write(note(&folder, "w.bin"), format!("{commit}\n{etag}\n{time}\n")).unwrap();
        assert_ne!(Folder::open(folder.root()).verdict(&file), ContentState::Right, "{commit} {etag}");
    }
    fs::write(note(&folder, "w.bin"), b"\xff\xfe").unwrap();
    assert!(!folder.examine(&file, &|_| {}).unwrap());
}

#[test]
fn the_users_file_stays_until_the_new_one_is_verified() {
    let (_home, folder) = folder();
    let file = small("c.json", b"{}");
    fs::write(folder.file(&file.path), "mine").unwrap();
    let exchanged = proof(&folder, &file, b"{}");
    fs::rename(folder.journal(&file), folder.partial(&file)).unwrap();
    assert!(matches!(folder.publish(exchanged, &file.path), Err(CacheError::Replaced { .. })));
    assert!(!folder.place_copy(&folder.file(&file.path), &file).unwrap());
    assert_eq!(fs::read(folder.file(&file.path)).unwrap(), b"mine");
    folder.publish(proof(&folder, &file, b"{}"), &file.path).unwrap();
    assert_eq!(fs::read(folder.file(&file.path)).unwrap(), b"{}");
}

#[test]
fn a_blob_of_the_main_cache_is_hashed_while_it_is_copied() {
    let ((_home, folder), (_hub, cache)) = (folder(), world(Links::WherePossible));
    let file = lfs("sub/w.bin", b"weights");
    let blob = cache.layout().blob(&file.digest);
    fs::write(&blob, "Weights").unwrap();
    assert!(!folder.place_copy(&blob, &file).unwrap());
    assert!(!folder.place_copy(&blob.with_extension("gone"), &file).unwrap());
    assert!(!folder.file(&file.path).exists());
    fs::write(&blob, "weights").unwrap();
    assert!(folder.place_copy(&blob, &file).unwrap());
    assert_eq!(fs::read(folder.file(&file.path)).unwrap(), b"weights");
    let names = files_below(folder.root());
    assert!(!names.iter().any(|name| name.to_string_lossy().contains("incomplete")), "{names:?}");
    fs::write(folder.file(&file.path), "changed").unwrap();
    assert_eq!(fs::read(&blob).unwrap(), b"weights", "the copy is a file of its own");
}

#[test]
fn a_repository_cannot_write_notes_or_over_folders() {
    let (_home, folder) = folder();
    for hostile in [".cache/huggingface/download/w.bin.metadata", ".CACHE/HuggingFace/x", ".cache/huggingface"] {
        let error = folder.prepare_file(&hostile.parse().unwrap()).unwrap_err();
        assert!(matches!(error, CacheError::ReservedPath { .. }), "{hostile}: {error}");
    }
    fs::create_dir(folder.root().join("sub")).unwrap();
    fs::write(folder.root().join("plain"), "x").unwrap();
    assert!(matches!(folder.prepare_file(&"sub".parse().unwrap()), Err(CacheError::FolderInTheWay { .. })));
    assert!(matches!(folder.prepare_file(&".cache".parse().unwrap()), Err(CacheError::FolderInTheWay { .. })));
    assert!(matches!(folder.prepare_file(&"plain/x".parse().unwrap()), Err(CacheError::FileInTheWay { .. })));
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_not_followed() {
    use std::os::unix::fs::symlink;
    let (home, folder) = folder();
    let outside = home.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("w.bin"), "precious").unwrap();
    let blob = home.path().join("blob");
    fs::write(&blob, "weights").unwrap();
    symlink(&outside, folder.root().join("sub")).unwrap();
    let deep = lfs("sub/w.bin", b"weights");
    assert!(matches!(folder.prepare_file(&deep.path), Err(CacheError::LeadsOutside { .. })));
    assert!(matches!(folder.place_copy(&blob, &deep), Err(CacheError::LeadsOutside { .. })));

    // The last part may be a link: it is replaced, not followed.
    let top = lfs("w.bin", b"weights");
    symlink(outside.join("w.bin"), folder.file(&top.path)).unwrap();
    assert!(folder.place_copy(&blob, &top).unwrap());
    assert!(fs::symlink_metadata(folder.file(&top.path)).unwrap().is_file());
    assert_eq!(fs::read(outside.join("w.bin")).unwrap(), b"precious");
    assert_eq!(files_below(&outside), [Path::new("w.bin")]);

    // Nor are the notes written into another folder.
    fs::remove_dir_all(folder.root().join(".cache")).unwrap();
    symlink(&outside, folder.root().join(".cache")).unwrap();
    assert!(matches!(folder.prepare(), Err(CacheError::LeadsOutside { .. })));
    assert!(matches!(folder.write_metadata(&commit("5b"), &top), Err(CacheError::LeadsOutside { .. })));
    assert_eq!(files_below(&outside), [Path::new("w.bin")]);
}
