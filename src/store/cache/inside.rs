//! Walking into a folder that belongs to the user without being led out of it.
//!
//! The trap: `create_dir_all("DIR/sub")` is content with `DIR/sub` being a link to `/etc`. So each part
//! is looked at by itself, and a link is followed only where it ends inside the folder again. This guards against what
//! lies in the folder, not against a program that exchanges it during the walk: that one may write there itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{CacheError, layout, place};

/// Walks from `root` down along `below`, part by part, and makes what is missing if asked to. Returns where that is.
pub(super) fn descend(root: &Path, below: &Path, create: bool) -> Result<PathBuf, CacheError> {
    let mut place = root.to_path_buf();
    let mut missing = false;
    for part in below.components() {
        place.push(part);
        if missing {
            continue;
        }
        match fs::symlink_metadata(layout::fit(place.clone())) {
            Ok(found) if found.is_symlink() => stay_inside(root, &place)?,
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(CacheError::FileInTheWay { path: place }),
            Err(error) if error.kind() == io::ErrorKind::NotFound && create => {
                place::make_folder(&layout::fit(place.clone()))?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing = true,
            Err(error) => return Err(CacheError::at("look at", &place)(error)),
        }
    }
    Ok(layout::fit(place))
}

fn stay_inside(root: &Path, link: &Path) -> Result<(), CacheError> {
    let root = fs::canonicalize(root).map_err(CacheError::at("look at", root))?;
    match fs::canonicalize(link) {
        Ok(target) if !target.starts_with(&root) => {
            Err(CacheError::LeadsOutside { path: link.to_path_buf(), target: layout::plain(target) })
        }
        Ok(target) if target.is_dir() => Ok(()),
        _ => Err(CacheError::FileInTheWay { path: link.to_path_buf() }),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::tempdir;

    use super::*;

    #[test]
    fn a_walk_makes_folders_only_when_asked() {
        let root = tempdir().unwrap();
        let below = Path::new("a/b");
        assert_eq!(descend(root.path(), below, false).unwrap(), root.path().join(below));
        assert!(!root.path().join("a").exists());
        descend(root.path(), below, true).unwrap();
        assert!(root.path().join(below).is_dir());
    }

    #[test]
    fn links_are_followed_only_within() {
        let (root, outside) = (tempdir().unwrap(), tempdir().unwrap());
        fs::create_dir(root.path().join("real")).unwrap();
        symlink("real", root.path().join("within")).unwrap();
        symlink(outside.path(), root.path().join("out")).unwrap();
        symlink("..", root.path().join("up")).unwrap();
        symlink("nowhere", root.path().join("broken")).unwrap();
        descend(root.path(), Path::new("within/x"), true).unwrap();
        assert!(root.path().join("real/x").is_dir());
        for (name, leads_outside) in [("out/x", true), ("up/x", true), ("broken/x", false)] {
            let error = descend(root.path(), Path::new(name), true).unwrap_err();
            assert_eq!(matches!(error, CacheError::LeadsOutside { .. }), leads_outside, "{error}");
        }
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    }
}
