//! Attacks on snapshots: wrong and broken links, things in the way, caches without links.

use super::super::CacheError;
#[cfg(unix)]
use super::super::RepoLayout;
use super::*;

fn publish(cache: &RepoCache, file: &RepoFile, content: &[u8]) {
    cache.publish(verified(cache, file, content)).unwrap();
}

#[test]
fn a_blob_that_is_not_here_gets_no_link() {
    for links in [Links::WherePossible, Links::Never] {
        let (_folder, cache) = world(links);
        let wanted = small("c.json", b"{}");
        let error = cache.link(&commit("5b"), &wanted.path, &wanted.digest).unwrap_err();
        assert!(matches!(error, CacheError::MissingBlob { .. }));
        assert_eq!(files_below(&cache.layout().snapshots()), NOTHING, "no broken link");
    }
}

#[cfg(unix)]
#[test]
fn wrong_and_broken_links_are_replaced_and_their_targets_left_alone() {
    use std::os::unix::fs::symlink;
    let (folder, cache) = world(Links::WherePossible);
    let (wanted, target) = (small("sub/c.json", b"{}"), commit("5b"));
    publish(&cache, &wanted, b"{}");
    let pointer = cache.layout().pointer(&target, &wanted.path);
    let victim = folder.path().join("victim");
    fs::write(&victim, "[]").unwrap();
    fs::create_dir_all(pointer.parent().unwrap()).unwrap();
    for hostile in [victim.clone(), "../../../../../victim".into(), "nowhere".into(), "c.json".into()] {
        symlink(&hostile, &pointer).unwrap();
        assert!(!cache.is_complete(&target, &wanted), "{}", hostile.display());
        cache.link(&target, &wanted.path, &wanted.digest).unwrap();
        assert!(cache.is_complete(&target, &wanted));
        assert_eq!(fs::read_link(&pointer).unwrap(), RepoLayout::link_target(&wanted.path, &wanted.digest));
        assert_eq!(fs::read(&victim).unwrap(), b"[]");
        fs::remove_file(&pointer).unwrap();
    }
    symlink(cache.layout().blob(&wanted.digest), &pointer).unwrap();
    assert!(cache.is_complete(&target, &wanted), "an absolute link to the right blob is right");
    assert_eq!(files_below(&cache.layout().private()), NOTHING);
}

#[cfg(unix)]
#[test]
fn a_right_link_is_left_alone() {
    use std::os::unix::fs::MetadataExt as _;
    let (_folder, cache) = world(Links::WherePossible);
    let (wanted, target) = (small("c.json", b"{}"), commit("5b"));
    publish(&cache, &wanted, b"{}");
    let inode = || fs::symlink_metadata(cache.layout().pointer(&target, &wanted.path)).unwrap().ino();
    cache.link(&target, &wanted.path, &wanted.digest).unwrap();
    let before = inode();
    cache.link(&target, &wanted.path, &wanted.digest).unwrap();
    assert_eq!(inode(), before);
}

#[test]
fn files_and_folders_in_the_way_are_named() {
    for links in [Links::WherePossible, Links::Never] {
        let (_folder, cache) = world(links);
        let (wanted, target) = (small("a/b", b"{}"), commit("5b"));
        publish(&cache, &wanted, b"{}");
        let parent = cache.layout().snapshot(&target).join("a");
        fs::create_dir_all(parent.parent().unwrap()).unwrap();
        fs::write(&parent, "in the way").unwrap();
        let error = cache.link(&target, &wanted.path, &wanted.digest).unwrap_err();
        assert!(matches!(error, CacheError::FileInTheWay { path } if path == parent));
        fs::remove_file(&parent).unwrap();
        fs::create_dir_all(parent.join("b/c")).unwrap();
        let error = cache.link(&target, &wanted.path, &wanted.digest).unwrap_err();
        assert!(matches!(error, CacheError::FolderInTheWay { path } if path == parent.join("b")));
        assert!(!cache.is_complete(&target, &wanted));
        assert_eq!(files_below(&cache.layout().private()), NOTHING);
    }
}

#[test]
fn readers_always_find_a_file_while_its_link_is_replaced() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let (_folder, cache) = world(Links::WherePossible);
    let (old, new, target) = (small("c.json", b"[]"), small("c.json", b"{}"), commit("5b"));
    publish(&cache, &old, b"[]");
    publish(&cache, &new, b"{}");
    cache.link(&target, &old.path, &old.digest).unwrap();
    let (pointer, done) = (cache.layout().pointer(&target, &old.path), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                assert!(["[]", "{}"].contains(&fs::read_to_string(&pointer).unwrap().as_str()));
            }
        });
        for _ in 0..200 {
            for file in [&new, &old] {
                cache.link(&target, &file.path, &file.digest).unwrap();
            }
        }
        done.store(true, Ordering::SeqCst);
        reader.join().unwrap();
    });
}

#[test]
fn without_links_a_new_blob_is_moved_and_its_second_name_is_a_copy() {
    let (_folder, cache) = world(Links::Never);
    let target = commit("5b");
    let (one, two) = (small("one.json", b"{}"), small("sub/two.json", b"{}"));
    publish(&cache, &one, b"{}");
    for file in [&one, &two, &one] {
        cache.link(&target, &file.path, &file.digest).unwrap();
        assert!(cache.is_complete(&target, file));
    }
    assert_eq!(files_below(&cache.layout().blobs()), NOTHING, "nothing is stored twice for nothing");
    assert_eq!(files_below(&cache.snapshot_folder(&target)), [Path::new("one.json"), Path::new("sub/two.json")]);

    // The next run: nothing is left to do, and nothing is lost by asking.
    cache.keep_notes().unwrap();
    let next = RepoCache::open(cache.layout().root(), &repo("org/m"), Links::Never);
    assert!(next.is_complete(&target, &one) && next.is_complete(&target, &two));
    next.link(&target, &one.path, &one.digest).unwrap();

    // A forced download arrives over the old file.
    publish(&next, &one, b"{}");
    next.link(&target, &one.path, &one.digest).unwrap();
    assert_eq!(files_below(&next.layout().blobs()), NOTHING);
}

#[test]
fn without_links_an_older_blob_is_copied_and_stays() {
    let (_folder, linked) = world(Links::WherePossible);
    let (file, target) = (small("c.json", b"{}"), commit("5b"));
    publish(&linked, &file, b"{}");
    linked.keep_notes().unwrap();
    let cache = RepoCache::open(linked.layout().root(), &repo("org/m"), Links::Never);
    cache.link(&target, &file.path, &file.digest).unwrap();
    assert!(fs::symlink_metadata(cache.layout().pointer(&target, &file.path)).unwrap().is_file());
    assert!(cache.layout().blob(&file.digest).is_file());
    assert!(cache.is_complete(&target, &file));
    fs::write(cache.layout().pointer(&target, &file.path), "{").unwrap();
    assert!(!cache.is_complete(&target, &file), "a file of another length is not the file");
}
