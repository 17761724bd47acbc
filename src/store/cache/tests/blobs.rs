//! Attacks on blobs: shared stores, other repositories, two writers, things in the way.

use super::super::{CacheError, ContentState};
use super::*;
use crate::manifest::Listing;

#[test]
fn publishing_moves_the_bytes_and_forgets_the_journal() {
    let (_folder, cache) = world(Links::WherePossible);
    let wanted = lfs("w.bin", b"weights");
    assert!(!cache.has_blob(&wanted));
    let proof = verified(&cache, &wanted, b"weights");
    assert!(!cache.has_blob(&wanted));
    cache.publish(proof).unwrap();
    assert!(cache.has_blob(&wanted));
    let files = files_below(&cache.layout().folder());
    assert_eq!(files, [Path::new("blobs").join(wanted.digest.hex())]);
}

#[test]
fn only_a_regular_file_of_the_right_length_is_a_blob() {
    let (_folder, cache) = world(Links::WherePossible);
    let wanted = small("c.json", b"{}");
    let blob = cache.layout().blob(&wanted.digest);
    fs::write(&blob, "{} ").unwrap();
    assert!(!cache.has_blob(&wanted));
    fs::remove_file(&blob).unwrap();
    fs::create_dir(&blob).unwrap();
    fs::create_dir(cache.layout().partial(&wanted.digest)).unwrap();
    assert!(!cache.has_blob(&wanted));
    fs::remove_dir(cache.layout().partial(&wanted.digest)).unwrap();
    let error = cache.publish(verified(&cache, &wanted, b"{}")).unwrap_err();
    assert!(matches!(error, CacheError::FolderInTheWay { path } if path == blob));
    assert!(cache.layout().partial(&wanted.digest).exists(), "verified bytes are kept");
}

#[cfg(unix)]
#[test]
fn the_shared_store_is_read_through_links_and_never_written_through() {
    use std::os::unix::fs::symlink;
    let (_folder, cache) = world(Links::WherePossible);
    let wanted = lfs("w.bin", b"weights");
    let store = cache.layout().root().join("blobs/ab/abcd");
    fs::create_dir_all(store.parent().unwrap()).unwrap();
    fs::write(&store, "rotten!").unwrap();
    let blob = cache.layout().blob(&wanted.digest);
    symlink("../../blobs/ab/abcd", &blob).unwrap();
    assert_eq!(cache.verdict_on_blob(&wanted), ContentState::Unknown, "the length is right");
    assert!(!cache.examine(&wanted, &blob, &|_| {}).unwrap());
    assert_eq!(cache.verdict_on_blob(&wanted), ContentState::Wrong);

    cache.publish(verified(&cache, &wanted, b"weights")).unwrap();
    assert_eq!(fs::read(&store).unwrap(), b"rotten!", "the store's own bytes are untouched");
    assert!(fs::symlink_metadata(&blob).unwrap().is_file(), "the link is replaced");
    assert_eq!(fs::read(&blob).unwrap(), b"weights");

    fs::remove_file(&blob).unwrap();
    symlink("../../blobs/ab/gone", &blob).unwrap();
    assert!(!cache.has_blob(&wanted), "a broken link is nothing");
    cache.publish(verified(&cache, &wanted, b"weights")).unwrap();
    assert!(!store.with_file_name("gone").exists(), "nothing was made at the end of the broken link");
}

#[test]
fn a_blob_of_another_repository_is_adopted_without_a_copy() {
    let (folder, cache) = world(Links::WherePossible);
    let other = RepoCache::open(&folder.path().join("hub"), &repo("org/fork"), Links::WherePossible);
    other.prepare().unwrap();
    let wanted = lfs("w.bin", b"weights");
    let early = RepoCache::open(&folder.path().join("hub"), &repo("org/m"), Links::WherePossible);
    assert_eq!(early.find_elsewhere(&wanted), None);
    other.publish(verified(&other, &wanted, b"weights")).unwrap();
    assert_eq!(other.find_elsewhere(&wanted), None, "its own folder is not elsewhere");
    let found = cache.find_elsewhere(&wanted).unwrap();
    assert!(cache.adopt(&wanted, &found).unwrap());
    assert!(cache.adopt(&wanted, &found).unwrap(), "again, over the same inode");
    let files = files_below(&cache.layout().folder());
    assert_eq!(files, [Path::new("blobs").join(wanted.digest.hex())], "no temporary name is left");
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let inode = |path: &Path| fs::metadata(path).unwrap().ino();
        assert_eq!(inode(&found), inode(&cache.layout().blob(&wanted.digest)));
    }
    // A later forced download replaces our name; the other repository's bytes stay what they were.
    cache.publish(verified(&cache, &wanted, b"WEIGHTS")).unwrap();
    assert_eq!(fs::read(&found).unwrap(), b"weights");
    assert_eq!(cache.find_elsewhere(&small("c", b"{}")), None);
}

#[test]
fn a_rotten_blob_of_another_repository_gets_no_name_here() {
    let (folder, cache) = world(Links::WherePossible);
    let wanted = lfs("w.bin", b"weights");
    let rotten = folder.path().join("hub/datasets--o--d/blobs").join(wanted.digest.hex());
    fs::create_dir_all(rotten.parent().unwrap()).unwrap();
    fs::write(&rotten, "Weights").unwrap();
    let found = cache.find_elsewhere(&wanted).unwrap();
    assert!(!cache.adopt(&wanted, &found).unwrap());
    assert!(!cache.has_blob(&wanted));
    assert_eq!(files_below(&cache.layout().folder()), NOTHING);
    assert_eq!(fs::read(&rotten).unwrap(), b"Weights");
    fs::write(&rotten, "short").unwrap();
    assert_eq!(cache.find_elsewhere(&wanted), None);
    assert!(!cache.adopt(&wanted, &folder.path().join("nothing")).unwrap());
}

#[cfg(unix)]
#[test]
fn what_is_adopted_through_a_link_is_a_file_of_its_own() {
    let (folder, cache) = world(Links::WherePossible);
    let wanted = lfs("w.bin", b"weights");
    let (store, link) = (folder.path().join("store"), folder.path().join("link"));
    fs::write(&store, "weights").unwrap();
    set_mode(&store, 0o400);
    std::os::unix::fs::symlink(&store, &link).unwrap();
    assert!(cache.adopt(&wanted, &link).unwrap());
    assert!(fs::symlink_metadata(cache.layout().blob(&wanted.digest)).unwrap().is_file());
}

#[test]
fn content_crosses_file_systems_as_a_copy_that_is_hashed() {
    use super::super::content;
    let Some(other) = other_file_system() else { return };
    let (_folder, cache) = world(Links::WherePossible);
    let wanted = lfs("w.bin", b"weights");
    let (source, blob) = (other.path().join("w"), cache.layout().blob(&wanted.digest));
    fs::write(&source, "Weights").unwrap();
    assert!(!cache.adopt(&wanted, &source).unwrap());
    assert!(matches!(content::put(&source, &blob, &wanted.digest, 7), Err(CacheError::Replaced { .. })));
    assert_eq!(files_below(&cache.layout().folder()), NOTHING);
    fs::write(&source, "weights").unwrap();
    assert!(cache.adopt(&wanted, &source).unwrap());
    content::put(&source, &blob, &wanted.digest, 7).unwrap();
    assert_eq!(fs::read(&blob).unwrap(), b"weights");
    assert!(!source.exists(), "a move leaves nothing behind");
    assert_eq!(files_below(&cache.layout().folder()).len(), 1);
}

#[test]
fn a_partial_file_that_was_exchanged_is_not_published() {
    let (_folder, cache) = world(Links::WherePossible);
    let wanted = lfs("w.bin", b"weights");
    let proof = verified(&cache, &wanted, b"weights");
    let partial = cache.layout().partial(&wanted.digest);
    let decoy = partial.with_extension("decoy");
    fs::write(&decoy, "trojans").unwrap();
    fs::rename(&decoy, &partial).unwrap();
    assert!(matches!(cache.publish(proof), Err(CacheError::Replaced { .. })));
    assert!(!cache.has_blob(&wanted));
}

#[test]
fn a_second_publisher_of_the_same_inode_finds_the_work_done() {
    let (_folder, cache) = world(Links::WherePossible);
    let wanted = lfs("w.bin", b"weights");
    let first = verified(&cache, &wanted, b"weights");
    // Where flock lies, two processes hold the same partial file.
    let second = Verified::for_tests(first.path().into(), cache.layout().journal(&wanted.digest), &wanted);
    let third = Verified::for_tests(first.path().into(), cache.layout().journal(&wanted.digest), &wanted);
    cache.publish(first).unwrap();
    cache.publish(second).unwrap();
    fs::write(cache.layout().blob(&wanted.digest), "rotten!").unwrap();
    assert!(matches!(cache.publish(third), Err(CacheError::Replaced { .. })), "a name alone is no content");
}

#[test]
fn threads_that_publish_one_blob_at_once_all_succeed() {
    let (_folder, cache) = world(Links::WherePossible);
    let wanted = lfs("w.bin", b"weights");
    let target = commit("5b");
    for _ in 0..50 {
        let proofs: Vec<Verified> = (0..4)
            .map(|writer| {
                let partial = cache.layout().blobs().join(format!("{writer}.gatedl.incomplete"));
                fs::write(&partial, "weights").unwrap();
                Verified::for_tests(partial, cache.layout().journal(&wanted.digest), &wanted)
            })
            .collect();
        std::thread::scope(|scope| {
            for proof in proofs {
                scope.spawn(|| {
                    cache.publish(proof).unwrap();
                    cache.link(&target, &wanted.path, &wanted.digest).unwrap();
                    // another one's, between its rename and its note, is known to nobody yet
                    let verdict = cache.verdict_at_name(&target, &wanted);
                    assert!(matches!(verdict, ContentState::Right | ContentState::Unknown), "{verdict:?}");
                });
            }
        });
        assert!(cache.is_complete(&target, &wanted));
        assert_eq!(files_below(&cache.layout().folder()).len(), 2);
        fs::remove_dir_all(cache.layout().snapshots()).unwrap();
        fs::remove_file(cache.layout().blob(&wanted.digest)).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_cache_that_cannot_be_written_is_still_read_and_says_what_it_refuses() {
    let (_folder, cache) = world(Links::WherePossible);
    let wanted = lfs("w.bin", b"weights");
    let target = commit("5b");
    cache.publish(verified(&cache, &wanted, b"weights")).unwrap();
    cache.link(&target, &wanted.path, &wanted.digest).unwrap();
    cache.write_reference(&"main".parse().unwrap(), &target).unwrap();
    let layout = cache.layout();
    let folders = [layout.blobs(), layout.references(), layout.private(), layout.snapshot(&target), layout.folder()];
    for folder in &folders {
        set_mode(folder, 0o555);
    }
    let toothless = modes_mean_nothing(&layout.blobs());
    assert!(cache.is_complete(&target, &wanted));
    cache.prepare().unwrap();
    cache.link(&target, &wanted.path, &wanted.digest).unwrap();
    cache.write_reference(&"main".parse().unwrap(), &target).unwrap();
    if !toothless {
        for refused in [
            cache.write_reference(&"main".parse().unwrap(), &commit("6c")),
            cache.link(&target, &"v.bin".parse().unwrap(), &wanted.digest),
            cache.write_listing(&target, &Listing::default()).map(|_| ()),
            cache.adopt(&wanted, &layout.blob(&wanted.digest)).map(|_| ()),
        ] {
            assert!(matches!(refused, Err(CacheError::Io { .. })));
        }
    }
    for folder in folders.iter().rev() {
        set_mode(folder, 0o755);
    }
}
