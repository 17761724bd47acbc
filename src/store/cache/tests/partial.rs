//! Partial files under interruption, repetition and rivals.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::thread;

use proptest::prelude::*;

use super::super::partial::{Judgement, Mismatch, Partial, PartialPlace, Verified};
use super::super::{CacheError, Links};
use super::world;
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

#[track_caller]
fn right(partial: Partial) -> Verified {
    right_of(partial.verify().unwrap())
}

#[track_caller]
fn right_of(verdict: Judgement) -> Verified {
    match verdict {
        Judgement::Right(verified) => verified,
        other => panic!("{other:?}"),
    }
}

/// Why it is wrong, and whether somebody else may be why.
#[track_caller]
fn wrong(partial: Partial) -> (Mismatch, bool) {
    match partial.verify().unwrap() {
        Judgement::Wrong { mismatch, rivals } => (mismatch, rivals),
        other => panic!("{other:?}"),
    }
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
        let verified = right(partial);
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
    let mismatch = wrong(partial).0;
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
    let verified = right(partial);
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
    let verified = right(first);
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
            assert_eq!(fs::read(right(partial).path()).unwrap(), content);
        }
    }
}

/// What is hashed in memory and what is in the file are two things as soon as there are two writers.
#[test]
fn what_a_rival_wrote_is_seen_before_there_is_a_name() {
    let file = file_of(b"content");
    for (theirs, is_right) in [(b"CONTENT", false), (b"content", true)] {
        let folder = tempfile::tempdir().unwrap();
        let (ours, _) = Partial::open(place(folder.path()), &file).unwrap();
        ours.write(0, &[b"cont"]).unwrap();
        let (rival, _) = Partial::open(place(folder.path()), &file).unwrap();
        rival.write(0, &[theirs]).unwrap();
        ours.write(4, &[b"ent"]).unwrap();
        if !is_right {
            let (mismatch, rivals) = wrong(ours);
            assert!(rivals && mismatch.expected == file.digest && mismatch.actual != file.digest);
            continue;
        }
        let verified = right(ours);
        assert!(matches!(rival.write(0, &[b"CONTENT"]), Err(CacheError::Replaced { .. })));
        assert_eq!(fs::read(verified.path()).unwrap(), b"content");
        assert!(verified.still_in_place().unwrap());
    }
}

#[test]
fn a_rival_that_came_first_is_known_to_who_comes_second() {
    let folder = tempfile::tempdir().unwrap();
    let file = file_of(b"content");
    let (first, _) = Partial::open(place(folder.path()), &file).unwrap();
    fs::remove_file(place(folder.path()).journal).unwrap();
    let (second, _) = Partial::open(place(folder.path()), &file).unwrap();
    second.write(0, &[b"content"]).unwrap();
    first.write(0, &[b"CON"]).unwrap();
    assert!(wrong(second).1);
}

/// No program of ours: an editor, a script, another tool that takes the file for its own.
#[test]
fn a_strange_hand_in_the_file_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let file = file_of(b"content");
    let (partial, _) = Partial::open(place(folder.path()), &file).unwrap();
    partial.write(0, &[b"content"]).unwrap();
    let other = fs::OpenOptions::new().write(true).open(place(folder.path()).path).unwrap();
    other.set_len(3).unwrap();
    assert!(wrong(partial).1);
    let (partial, here) = Partial::open(place(folder.path()), &file).unwrap();
    here.missing(7).iter().for_each(|_| partial.write(0, &[b"content"]).unwrap());
    right(partial);
}

#[test]
fn a_run_that_was_killed_before_the_verdict_lost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = file_of(b"content");
    let (partial, _) = Partial::open(place(folder.path()), &file).unwrap();
    partial.write(0, &[b"content"]).unwrap();
    partial.note(&(0..7)).unwrap();
    let aside = right(partial).path().to_path_buf();
    assert!(aside != place(folder.path()).path && aside.exists());
    let (partial, here) = Partial::open(place(folder.path()), &file).unwrap();
    assert_eq!(here.missing(7), []);
    right(partial);
}

#[test]
fn a_whole_file_without_a_journal_is_hashed() {
    let folder = tempfile::tempdir().unwrap();
    let content = vec![7; 20_000];
    let file = file_of(&content);
    fs::write(place(folder.path()).path, &content).unwrap();
    let (partial, here) = Partial::open(place(folder.path()), &file).unwrap();
    assert_eq!(here.missing(file.size), []);
    assert_eq!(fs::read(right(partial).path()).unwrap(), content);
}

/// As a power cut leaves it: the length and the journal reached the disk, some of the bytes did not.
#[test]
fn a_hole_costs_itself_and_not_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let content = vec![7; 40_000];
    let file = file_of(&content);
    let (partial, _) = Partial::open(place(folder.path()), &file).unwrap();
    partial.write(0, &[&content]).unwrap();
    partial.note(&(0..40_000)).unwrap();
    drop(partial);
    let mut damaged = content.clone();
    damaged[8192..16_384].fill(0);
    fs::write(place(folder.path()).path, &damaged).unwrap();
    let (partial, here) = Partial::open(place(folder.path()), &file).unwrap();
    assert_eq!(here.missing(file.size), []);
    let Judgement::Holes(partial, here) = partial.verify().unwrap() else { panic!("there is a hole") };
    assert_eq!((here.total(), here.frontier()), (40_000 - 8192, 8192));
    assert_eq!(place(folder.path()).finished(&file), here, "the journal knows of it");
    partial.write(8192, &[&content[8192..16_384]]).unwrap();
    assert_eq!(fs::read(right(partial).path()).unwrap(), content);
}

/// Where locks lie, a writer can be at any point when another one takes the file away or takes it back. It ends with the
/// content in its place, or is told that it has lost the file, and nothing else.
#[test]
fn writers_that_take_the_file_from_each_other_lose_it_or_end_well() {
    let (_folder, cache) = world(Links::WherePossible);
    let content = vec![7; 30_000];
    let file = file_of(&content);
    let (path, journal) = (cache.layout().partial(&file.digest), cache.layout().journal(&file.digest));
    let place = PartialPlace { path, journal };
    let bring = || {
        let (partial, _) = Partial::open(place.clone(), &file)?;
        for (start, piece) in (0..).step_by(10_000).zip(content.chunks(10_000)) {
            partial.write(start, &[piece])?;
        }
        cache.publish(right_of(partial.verify()?))
    };
    let publish_often = || {
        for _ in 0..100 {
            while let Err(error) = bring() {
                assert!(matches!(error, CacheError::Replaced { .. }), "{error:?}");
            }
        }
    };
    thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(publish_often))));
    assert_eq!(fs::read(cache.layout().blob(&file.digest)).unwrap(), content);
    assert_eq!(fs::read_dir(cache.layout().blobs()).unwrap().count(), 1, "nothing else is left");
}
