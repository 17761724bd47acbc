//! What a journal says after whatever may have happened to it.

use super::*;
use crate::digest::Digest;

fn file() -> RepoFile {
    RepoFile { path: "m".parse().unwrap(), size: 100, digest: Digest::from_hex(&"a1".repeat(32)).unwrap(), id: None }
}

#[test]
fn what_was_noted_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x/journal");
    let mut journal = Journal::open(&path, &file()).unwrap();
    assert!(journal.is_new && !journal.has_rivals());
    journal.note(&(0..10)).unwrap();
    journal.note(&(50..60)).unwrap();
    drop(journal);
    let mut journal = Journal::open(&path, &file()).unwrap();
    assert!(!journal.is_new && !journal.has_rivals(), "what this process wrote before is no rival's");
    journal.note(&(10..20)).unwrap();
    assert_eq!(read(&path, &file()).unwrap().missing(100), [20..50, 60..100]);
    journal.discard().unwrap();
    assert_eq!(read(&path, &file()), None);
}

#[test]
fn whoever_else_writes_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let open = || Journal::open(&path, &file()).unwrap();
    let (first, second) = (open(), open());
    assert!(first.has_rivals() && !second.has_rivals(), "the first sees the mark of the second");
    forget(&path).unwrap();
    assert!(second.has_rivals(), "a journal that is gone");
    let third = open();
    assert!(second.has_rivals() && !third.has_rivals());
    second.discard().unwrap();
    assert!(path.exists(), "only its own");
    // a writer of another machine, of which nothing is known
    forget(&path).unwrap();
    fs::write(&path, format!("{}{} 0\n", title(&file()), u64::MAX - 1)).unwrap();
    assert!(open().has_rivals());
}

#[test]
fn a_torn_line_does_not_swallow_a_mark() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    fs::write(&path, format!("{}0 10\n20 3", title(&file()))).unwrap();
    let mut journal = Journal::open(&path, &file()).unwrap();
    journal.note(&(30..40)).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.ends_with(&format!("\n0 10\n{}30 40\n", mark())), "{text}");
    // as a power cut leaves it
    fs::write(&path, format!("{}0 10\n\0\0\n50 60\n", title(&file()))).unwrap();
    Journal::open(&path, &file()).unwrap().note(&(30..40)).unwrap();
    assert_eq!(read(&path, &file()).unwrap().missing(100), [10..30, 40..100]);
}

#[test]
fn what_had_not_reached_the_disk_is_believed_only_until_the_machine_starts_anew() {
    let cases: &[(&str, &[(u64, u64)])] = &[
        // earlier versions, and systems that tell no start
        ("5 0\n0 10\n", &[(0, 10)]),
        ("5 0\n0 10\n5 0\n8 1\n20 30\n", &[(0, 10), (20, 30)]),
        ("5 0\n0 10\n5 0\n7 1\n20 30\n", &[(0, 10)]),
        // this start: a kill loses nothing
        ("5 0\n8 1\n0 10\n20 30\n9 2\n", &[(0, 10), (20, 30)]),
        // an earlier one: up to where the line says, which is in bytes, and not a byte further
        ("5 0\n7 1\n0 10\n", &[]),
        ("5 0\n7 1\n0 10\n20 30\n111 2\n40 50\n", &[(0, 10)]),
        ("5 0\n7 1\n0 10\n20 30\n110 2\n40 50\n", &[]),
        ("5 0\n7 1\n0 10\n111 2\n20 30\n123 2\n40 50\n", &[(0, 10), (20, 30)]),
        ("5 0\n7 1\n0 10\n18446744073709551615 2\n", &[(0, 10)]),
        ("5 0\n7 1\n0 10\n0 2\n", &[]),
        // what a run after a power cut syncs says nothing about what the one before it wrote
        ("5 0\n7 1\n0 10\n5 0\n8 1\n20 30\n999 2\n", &[(20, 30)]),
        ("5 0\n6 1\n0 10\n5 0\n7 1\n20 30\n999 2\n", &[(20, 30)]),
        // a run that was killed and gone on with, then the power cut: the second one synced for both
        ("5 0\n7 1\n0 10\n5 0\n7 1\n20 30\n999 2\n", &[(0, 10), (20, 30)]),
    ];
    for &(lines, expected) in cases {
        let found = believed(lines, 98, 100, Some(8));
        let found: Vec<(u64, u64)> = found.iter().map(|range| (range.start, range.end)).collect();
        assert_eq!(found, expected, "{lines:?}");
        let elsewhere = believed(lines, 98, 100, None);
        assert_eq!(elsewhere, believed(lines, 98, 100, Some(9)), "{lines:?}: not to know is no reason to believe");
    }
}

#[test]
fn what_was_synced_is_what_was_named_when_the_sync_began() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = Journal::open(&path, &file()).unwrap();
    journal.note(&(0..10)).unwrap();
    let length = journal.length();
    journal.note(&(20..30)).unwrap();
    journal.note_synced(length).unwrap();
    assert!(!journal.has_rivals(), "its own line is no rival's");
    let text = fs::read_to_string(&path).unwrap();
    let lines = text.strip_prefix(&title(&file())).unwrap();
    let after_power_cut = believed(lines, title(&file()).len(), 100, None);
    assert_eq!(after_power_cut.total(), if process::boot().is_some() { 10 } else { 20 });
    assert_eq!(read(&path, &file()).unwrap().total(), 20);
}

#[test]
fn torn_hostile_and_foreign_lines_do_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let title = title(&file());
    for (text, total) in [
        (format!("{title}0 10\n20 3"), 10),
        (format!("{title}0 10\n20 30"), 10),
        (format!("{title}0 101\n5 6\n"), 1),
        (format!("{title}9 3\n"), 0),
        (format!("{title}0 10\nx y\n20 30\n"), 10),
        (title[..title.len() - 3].to_owned(), 0),
        (title.replace("a1", "b2") + "0 10\n", 0),
        (String::new(), 0),
    ] {
        fs::write(&path, &text).unwrap();
        assert_eq!(read(&path, &file()).unwrap_or_default().total(), total, "{text:?}");
    }
    assert_eq!(read(Path::new("/no/such/journal"), &file()), None);
}
