//! Partial files under interruption, repetition and rivals.

use std::fs;
use std::ops::Range;
use std::path::Path;

use proptest::prelude::*;

use super::super::CacheError;
use super::super::partial::{Partial, PartialPlace};
use crate::digest::{ContentHasher, Digest};
use crate::manifest::RepoFile;

fn place(folder: &Path) -> PartialPlace {
    PartialPlace { path: folder.join("x.gatedl.incomplete"), journal: folder.join(".gatedl/x.journal") }
}

fn file_of(content: &[u8]) -> RepoFile {
    let kind = Digest::Sha256([0; 32]);
    let mut hasher = ContentHasher::like(&kind, content.len() as u64);
    hasher.update(content);
    RepoFile { path: "m".parse().unwrap(), size: content.len() as u64, digest: hasher.finish(), id: None }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any split of the content, in any order, with any repetition, and with a new start at any point, ends right.
    #[test]
    fn any_order_and_any_interruption_ends_in_the_right_bytes(
        content in prop::collection::vec(any::<u8>(), 1..2_000),
        writes in prop::collection::vec((0usize..2_000, 1usize..700), 0..20),
        reopen_after in 0usize..20,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let file = file_of(&content);
        let (mut partial, mut here) = Partial::open(place(folder.path()), &file).unwrap();
        for (count, (start, length)) in writes.into_iter().enumerate() {
            let start = start % content.len();
            let end = (start + length).min(content.len());
            partial.write(start as u64, &[&content[start..end]]).unwrap();
            partial.note(&(start as u64..end as u64)).unwrap();
            here.insert(start as u64..end as u64);
            if count == reopen_after {
                drop(partial);
                let (reopened, found) = Partial::open(place(folder.path()), &file).unwrap();
                prop_assert_eq!(&found, &here);
                partial = reopened;
            }
        }
        for range in here.missing(file.size) {
            let bytes = &content[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()];
            partial.write(range.start, &[bytes]).unwrap();
        }
        let verified = partial.verify().unwrap().unwrap();
        prop_assert_eq!(fs::read(verified.path()).unwrap(), content);
    }
}

#[test]
fn wrong_content_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let file = file_of(b"right");
    let (partial, _) = Partial::open(place(folder.path()), &file).unwrap();
    partial.write(0, &[b"wrong"]).unwrap();
    partial.note(&(0..5)).unwrap();
    let mismatch = partial.verify().unwrap().unwrap_err();
    assert_eq!(mismatch.expected, file.digest);
    assert!(!place(folder.path()).path.exists() && !place(folder.path()).journal.exists());
}

#[test]
fn a_swept_partial_file_takes_its_journal_along() {
    let folder = tempfile::tempdir().unwrap();
    let file = file_of(b"content");
    let (partial, _) = Partial::open(place(folder.path()), &file).unwrap();
    partial.write(0, &[b"cont"]).unwrap();
    partial.note(&(0..4)).unwrap();
    drop(partial);
    fs::remove_file(place(folder.path()).path).unwrap();
    let (_, here) = Partial::open(place(folder.path()), &file).unwrap();
    assert_eq!(here.total(), 0);
}

#[test]
fn nothing_is_written_into_a_file_that_got_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = file_of(b"content");
    let (partial, _) = Partial::open(place(folder.path()), &file).unwrap();
    partial.write(0, &[b"content"]).unwrap();
    let named = folder.path().join("named");
    fs::rename(place(folder.path()).path, &named).unwrap();
    assert!(matches!(partial.write(0, &[b"CONTENT"]), Err(CacheError::Replaced { .. })));
    assert_eq!(fs::read(named).unwrap(), b"content");
}

#[test]
fn bytes_beyond_the_end_do_not_survive() {
    let folder = tempfile::tempdir().unwrap();
    let file = file_of(b"content");
    fs::write(place(folder.path()).path, b"something longer").unwrap();
    let (partial, here) = Partial::open(place(folder.path()), &file).unwrap();
    assert_eq!(here.total(), 0, "no journal vouches for it");
    partial.write(3, &[b"tent"]).unwrap();
    partial.write(0, &[b"con"]).unwrap();
    let verified = partial.verify().unwrap().unwrap();
    assert_eq!(fs::read(verified.path()).unwrap(), b"content");
}

#[test]
fn a_second_writer_under_a_lock_that_lies_makes_no_hole() {
    let folder = tempfile::tempdir().unwrap();
    let file = file_of(b"content");
    let (first, _) = Partial::open(place(folder.path()), &file).unwrap();
    first.write(0, &[b"con"]).unwrap();
    let (second, _) = Partial::open(place(folder.path()), &file).unwrap();
    first.write(3, &[b"tent"]).unwrap();
    let named = folder.path().join("named");
    let verified = first.verify().unwrap().unwrap();
    fs::rename(verified.path(), &named).unwrap();
    assert!(matches!(second.write(0, &[b"con"]), Err(CacheError::Replaced { .. })));
    assert_eq!(fs::read(named).unwrap(), b"content");
}

/// A crash after any write, with or without its line in the journal, costs no more than what was not noted.
#[test]
fn a_crash_after_any_write_resumes_to_the_right_bytes() {
    let content: Vec<u8> = (0..=99).collect();
    let file = file_of(&content);
    let pieces: Vec<Range<u64>> = [40..60, 0..20, 80..100, 20..40, 60..80].into();
    let bytes = |range: &Range<u64>| {
        content[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].to_vec()
    };
    for crash in 0..=pieces.len() {
        for noted in [crash, crash.saturating_sub(1)] {
            let folder = tempfile::tempdir().unwrap();
            let (partial, _) = Partial::open(place(folder.path()), &file).unwrap();
            pieces[..crash].iter().for_each(|range| partial.write(range.start, &[bytes(range)]).unwrap());
            pieces[..noted].iter().for_each(|range| partial.note(range).unwrap());
            drop(partial);
            let (partial, here) = Partial::open(place(folder.path()), &file).unwrap();
            assert_eq!(here.total(), 20 * noted as u64);
            here.missing(100).iter().for_each(|range| partial.write(range.start, &[bytes(range)]).unwrap());
            assert_eq!(fs::read(partial.verify().unwrap().unwrap().path()).unwrap(), content);
        }
    }
}
