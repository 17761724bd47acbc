//! What is the same on every system, and what of the others is logic.

use std::fs;

use tempfile::tempdir;

use super::*;

#[test]
fn a_file_is_known_by_all_its_names_and_told_from_one_made_anew() {
    let folder = tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
    fs::write(&one, "x").unwrap();
    let opened = File::open(&one).unwrap();
    assert!(is_at(&opened, &one).unwrap() && !is_at(&opened, &other).unwrap());
    assert!(!has_more_names(&one));
    fs::hard_link(&one, &other).unwrap();
    assert!(has_more_names(&one) && has_more_names(&other));
    assert_eq!(FileIdentity::of(&one).unwrap(), FileIdentity::of_name(&other).unwrap());
    fs::remove_file(&one).unwrap();
    fs::write(&one, "x").unwrap();
    assert!(!is_at(&opened, &one).unwrap() && is_at(&opened, &other).unwrap());
    assert!(is_one_file_system(&one, &folder.path().join("yet/to/be/made")));
}

#[test]
fn bytes_go_to_their_offset_also_by_parts() {
    let mut taken = Vec::new();
    let parts = |bytes: &[u8], offset: u64| {
        taken.push((bytes.len(), offset));
        if taken.len() == 2 { Err(io::ErrorKind::Interrupted.into()) } else { Ok(bytes.len().min(2)) }
    };
    write_all(parts, b"12345", 7).unwrap();
    assert_eq!(taken, [(5, 7), (3, 9), (3, 9), (1, 11)]);
    assert_eq!(write_all(|_, _| Ok(0), b"1", 0).unwrap_err().kind(), io::ErrorKind::WriteZero);

    let folder = tempdir().unwrap();
    let path = folder.path().join("x");
    let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    write_all_at(&file, b"end", 4).unwrap();
    write_all_at(&file, b"fore", 0).unwrap();
    let mut buffer = [0; 3];
    assert_eq!(read_at(&file, &mut buffer, 3).unwrap(), 3);
    assert_eq!((&buffer, fs::read(&path).unwrap()), (b"een", b"foreend".to_vec()));
    sync(&path).unwrap();
    sync_file_system(folder.path()).unwrap();
}

#[test]
fn the_table_of_locks_tells_who_holds_one_and_not_who_waits() {
    let table = "1: POSIX  ADVISORY  WRITE 7 fd:01:42 0 EOF\n2: FLOCK  ADVISORY  WRITE 815 fd:01:42 0 EOF\n\
        2: -> FLOCK  ADVISORY  WRITE 816 fd:01:42 0 EOF\n3: FLOCK  ADVISORY  READ 0 00:2a:43 0 EOF\n";
    assert_eq!([42, 43, 44].map(|inode| lock_holder_in(table, inode)), [Some(815), None, None]);
}
