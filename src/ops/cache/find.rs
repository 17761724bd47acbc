//! Where something that is here stands.

use std::path::PathBuf;

use super::CachedTarget;
use crate::error::Error;
use crate::file_thread;
use crate::reference::Within;
use crate::repo::Revision;
use crate::store::scan;

/// The path of what a reference means: the folder of the snapshot, or the file in it. Without a revision it is that of
/// `main`; where nothing is called so, of the only one that is here.
///
/// # Errors
/// When it is not here.
pub(crate) async fn find(target: CachedTarget) -> Result<PathBuf, Error> {
    file_thread::run(move || {
        scan::check(&target.provider.cache)?;
        let missing = || Error::NotCached { what: target.text.clone() };
        let folder = target.folder().ok_or_else(missing)?;
        let main =
            CachedTarget { revision: Some(target.revision.clone().unwrap_or_else(Revision::main)), ..target.clone() };
        let commits = main.commits(&folder);
        let all = if target.revision.is_none() { target.commits(&folder) } else { Vec::new() };
        let ((Some(commit), _) | (None, [commit])) = (commits.first(), all.as_slice()) else {
            return Err(missing());
        };
        let path = match &target.within {
            None => folder.layout.snapshot(commit),
            Some(Within::File(path) | Within::Folder(path)) => folder.layout.pointer(commit, path),
        };
        if path.exists() { Ok(path) } else { Err(missing()) }
    })
    .await?
}
