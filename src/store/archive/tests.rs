//! Archives as they are in use, and as nobody should meet them.

use std::io::Cursor;

use tempfile::tempdir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        if name.ends_with('/') {
            writer.add_directory(*name, SimpleFileOptions::default()).unwrap();
        } else {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

fn sha256(content: &[u8]) -> Digest {
    let mut hasher = ContentHasher::like(&Digest::Sha256([0; 32]), 0);
    hasher.update(content);
    hasher.finish()
}

/// Unpacks into a fresh folder and lists what is there in the end.
fn unpacked(zip: &[u8], members: &[(&str, Digest)]) -> Result<Vec<String>, ArchiveError> {
    let folder = tempdir().unwrap();
    let archive = folder.path().join("blob");
    fs::write(&archive, zip).unwrap();
    let place = folder.path().join("models/pack.zip");
    let members = members.iter().map(|(name, digest)| (name.parse().unwrap(), *digest)).collect();
    let staging = Staging::beside(&place)?;
    let outcome = unpack(&archive, &staging.hidden(), &place, &members);
    let published = outcome.and_then(|unpacked| unpacked.publish(&staging, false));
    drop(staging);
    let mut found = Vec::new();
    list(&folder.path().join("models"), "", &mut found);
    found.sort();
    match published {
        Ok(_) => Ok(found),
        Err(error) => {
            assert_eq!(found, Vec::<String>::new(), "{error}");
            Err(error)
        }
    }
}

fn list(folder: &Path, below: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            list(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push(name);
        }
    }
}

fn problem(zip: &[u8]) -> String {
    match unpacked(zip, &[]).expect_err("a hostile archive") {
        ArchiveError::Unusable { problem, .. } => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_top_folder_stays_and_anything_else_gets_the_name_of_the_archive() {
    for (files, expected) in [
        (
            &[("faces/", &b""[..]), ("faces/a.onnx", b"a"), ("faces/sub/b.onnx", b"b")][..],
            vec!["faces/a.onnx", "faces/sub/b.onnx"],
        ),
        (&[("a.onnx", b"a"), ("b.onnx", b"b")], vec!["pack/a.onnx", "pack/b.onnx"]),
        (&[("one/a", b"a"), ("two/b", b"b")], vec!["pack/one/a", "pack/two/b"]),
        (&[("only", b"a")], vec!["pack/only"]),
    ] {
        assert_eq!(unpacked(&zip_of(files), &[]).unwrap(), expected);
    }
}

#[test]
fn members_are_held_to_their_hashes_before_anything_has_a_name() {
    let zip = zip_of(&[("a.onnx", b"a"), ("b.onnx", b"b")]);
    assert!(unpacked(&zip, &[("a.onnx", sha256(b"a"))]).is_ok());
    let wrong = unpacked(&zip, &[("a.onnx", sha256(b"b"))]).unwrap_err().to_string();
    assert!(wrong.contains("`a.onnx`") && wrong.contains(&sha256(b"b").to_string()), "{wrong}");
    let missing = unpacked(&zip, &[("c.onnx", sha256(b"c"))]).unwrap_err().to_string();
    assert!(missing.contains("`c.onnx`") && missing.contains("missing"), "{missing}");
    // Visionatrix looks in the folder with the archive's name: with that top folder members are there, with another not
    assert!(unpacked(&zip_of(&[("pack/a", b"a")]), &[("a", sha256(b"a"))]).is_ok());
    assert!(unpacked(&zip_of(&[("other/a", b"a")]), &[("a", sha256(b"a"))]).is_err());
}

#[test]
fn no_name_leads_out_of_the_folder() {
    for (name, reason) in [
        ("../evil", "`..`"),
        ("a/../../evil", "`..`"),
        ("/etc/evil", "absolute"),
        ("a\\..\\evil", "backslash"),
        ("C:evil", "`:`"),
        ("a\n", "control character"),
        ("node/__init__.py", "program"),
    ] {
        // the writer is too polite to write such names, so a polite one of the same length is replaced
        let polite = "x".repeat(name.len());
        let mut zip = zip_of(&[(&polite, b"evil")]);
        for at in 0..zip.len() - name.len() {
            if zip[at..].starts_with(polite.as_bytes()) {
                zip[at..at + name.len()].copy_from_slice(name.as_bytes());
            }
        }
        let problem = problem(&zip);
        assert!(problem.contains(reason), "{name:?}: {problem}");
    }
}

#[test]
fn links_are_not_made() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("link", "/etc", SimpleFileOptions::default()).unwrap();
    writer.start_file("link2", SimpleFileOptions::default()).unwrap();
    let problem = problem(&writer.finish().unwrap().into_inner());
    assert!(problem.contains("`link` is neither a file nor a folder"), "{problem}");
}

#[test]
fn two_entries_of_one_name_are_refused() {
    let mut twins = zip_of(&[("a1", b"one"), ("a2", b"two")]);
    for at in 0..twins.len() - 2 {
        if &twins[at..at + 2] == b"a2" {
            twins[at..at + 2].copy_from_slice(b"a1");
        }
    }
    assert!(problem(&twins).contains("one name"), "{}", problem(&twins));
    assert!(problem(&zip_of(&[("Model", b"1"), ("model", b"2")])).contains("twice"));
}

#[test]
fn what_comes_out_is_counted_and_not_what_the_header_says() {
    let bomb = zip_of(&[("zeros", &vec![0; 8 << 20])]);
    assert!((bomb.len() as u64) * MOST_INFLATION < 8 << 20, "{}", bomb.len());
    assert!(problem(&bomb).contains("100 times"), "{}", problem(&bomb));
    // the sizes in its headers say 1 byte
    let mut liar = bomb;
    let size = u32::to_le_bytes(8 << 20);
    for at in 0..liar.len() - 4 {
        if liar[at..at + 4] == size {
            liar[at..at + 4].copy_from_slice(&u32::to_le_bytes(1));
        }
    }
    assert!(unpacked(&liar, &[]).is_err());
}

#[test]
fn what_is_no_archive_is_refused() {
    for bytes in [&b""[..], b"PK\x05\x06", b"<html>please log in</html>"] {
        assert!(matches!(unpacked(bytes, &[]), Err(ArchiveError::Unusable { .. })));
    }
    let mut cut = zip_of(&[("a", &[7; 5_000])]);
    cut[33] ^= 0xff;
    assert!(unpacked(&cut, &[]).is_err());
}

#[test]
fn a_folder_that_is_there_stays_unless_it_is_to_be_replaced() {
    let folder = tempdir().unwrap();
    let (archive, place) = (folder.path().join("blob"), folder.path().join("pack.zip"));
    fs::write(&archive, zip_of(&[("new", b"new")])).unwrap();
    fs::create_dir(folder.path().join("pack")).unwrap();
    fs::write(folder.path().join("pack/mine"), "mine").unwrap();
    for force in [false, true] {
        let staging = Staging::beside(&place).unwrap();
        let unpacked = unpack(&archive, &staging.hidden(), &place, &BTreeMap::new()).unwrap();
        assert_eq!(unpacked.publish(&staging, force).is_ok(), force);
        assert_eq!(folder.path().join("pack/mine").exists(), !force);
    }
    let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    left.sort();
    assert_eq!(left, ["blob", "pack"]);
}

#[test]
fn a_folder_that_only_the_archive_names_is_never_replaced() {
    let folder = tempdir().unwrap();
    let (archive, place) = (folder.path().join("blob"), folder.path().join("pack.zip"));
    fs::write(&archive, zip_of(&[("checkpoints/x", b"new")])).unwrap();
    fs::create_dir(folder.path().join("checkpoints")).unwrap();
    fs::write(folder.path().join("checkpoints/mine"), "mine").unwrap();
    let staging = Staging::beside(&place).unwrap();
    let unpacked = unpack(&archive, &staging.hidden(), &place, &BTreeMap::new()).unwrap();
    let error = unpacked.publish(&staging, true).unwrap_err();
    assert!(matches!(error, ArchiveError::Occupied { replaceable: false, .. }), "{error}");
    assert!(folder.path().join("checkpoints/mine").exists());
}

#[test]
fn what_is_unpacked_already_stays() {
    let folder = tempdir().unwrap();
    let (archive, place) = (folder.path().join("blob"), folder.path().join("pack.zip"));
    fs::write(&archive, zip_of(&[("a", b"1"), ("sub/b", b"2")])).unwrap();
    let publish = || {
        let staging = Staging::beside(&place).unwrap();
        unpack(&archive, &staging.hidden(), &place, &BTreeMap::new()).unwrap().publish(&staging, false)
    };
    assert!(!publish().unwrap().was_there);
    assert!(publish().unwrap().was_there);
    fs::write(folder.path().join("pack/sub/b"), "3").unwrap();
    assert!(matches!(publish(), Err(ArchiveError::Occupied { replaceable: true, .. })));
}

#[cfg(unix)]
#[test]
fn an_archive_gives_no_rights() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempdir().unwrap();
    let (archive, place) = (folder.path().join("blob"), folder.path().join("pack.zip"));
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("run", SimpleFileOptions::default().unix_permissions(0o4777)).unwrap();
    fs::write(&archive, writer.finish().unwrap().into_inner()).unwrap();
    let staging = Staging::beside(&place).unwrap();
    let to =
        unpack(&archive, &staging.hidden(), &place, &BTreeMap::new()).unwrap().publish(&staging, false).unwrap().path;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&to.join("run")) & 0o7111, 0);
    fs::create_dir(folder.path().join("probe")).unwrap();
    assert_eq!(mode(&to), mode(&folder.path().join("probe")));
}
