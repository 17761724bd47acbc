//! Attacks on destination folders: links out of them, forged notes, the user's own files, rotten blobs.

use std::time::{Duration, SystemTime};

use super::super::{CacheError, Folder};
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
    assert!(!folder.is_current(&target, &file));
    folder.publish(proof(&folder, &file, b"{}"), &file.path).unwrap();
    folder.write_metadata(&target, &file).unwrap();
    let text = fs::read_to_string(note(&folder, "sub/c.json")).unwrap();
    assert!(text.starts_with(&format!("{target}\n{}\n", file.digest.hex())) && text.ends_with('\n'));
    assert!(folder.is_current(&target, &file));
    assert!(folder.write_listing::<crate::manifest::Entry>(&target, &[]).unwrap());
    assert_eq!(folder.listing(&target), Some(Vec::new()));
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
        assert!(folder.is_current(&commit("5b"), &file));
        fs::write(folder.file(&file.path), "[]").unwrap();
        assert!(!folder.is_current(&commit("5b"), &file));
    }
}

#[test]
fn a_note_does_not_cover_what_was_changed_later() {
    let (_home, folder) = folder();
    let (file, target) = (lfs("w.bin", b"weights"), commit("5b"));
    folder.publish(proof(&folder, &file, b"weights"), &file.path).unwrap();
    folder.write_metadata(&target, &file).unwrap();
    fs::write(folder.file(&file.path), "Weights").unwrap();
    let handle = fs::File::options().write(true).open(folder.file(&file.path)).unwrap();
    handle.set_modified(SystemTime::now() + Duration::from_secs(5)).unwrap();
    assert!(!folder.is_current(&target, &file));
    // Nor does it help a file of another length, however old.
    fs::write(folder.file(&file.path), "weight").unwrap();
    handle.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    assert!(!folder.is_current(&target, &file));
}

#[test]
fn notes_of_another_commit_or_digest_are_weighed() {
    let (_home, folder) = folder();
    let (file, target) = (lfs("w.bin", b"weights"), commit("5b"));
    fs::write(folder.file(&file.path), "WEIGHTS").unwrap();
    for (commit, etag, believed) in [
        (target.to_string(), "unknown".to_owned(), true),
        ("6c".repeat(20), file.digest.hex(), true),
        ("6c".repeat(20), "unknown".to_owned(), false),
        ("not a note".to_owned(), String::new(), false),
    ] {
        fs::write(note(&folder, "w.bin"), format!("{commit}\n{etag}\n32503680000.0\n")).unwrap();
        assert_eq!(folder.is_current(&target, &file), believed, "{commit} {etag}");
    }
    fs::write(note(&folder, "w.bin"), b"\xff\xfe").unwrap();
    assert!(!folder.is_current(&target, &file));
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
