//! Whether what is on this machine is what it says: the use case behind `gatedl verify`.
//!
//! Everything is hashed, from the disk, whatever was noted about it: a note knows of every program that wrote, and of no
//! bit that the disk turned. What is right is noted anew, so that a restored cache is paid for once. No connection is
//! opened, unless what is wrong is to be fetched again.

mod folder;
mod inventory;
mod repair;
mod snapshots;

use std::path::PathBuf;
use std::sync::Arc;

use self::inventory::Inventory;
use crate::error::Error;
use crate::file_thread;
use crate::ops::cache::{CachedTarget, roots};
use crate::repo::{Commit, Repo, RepoPath};
use crate::session::Session;
use crate::store::cache::Folder;
use crate::store::scan;

/// What is looked at.
#[derive(Debug, Clone)]
pub(crate) enum VerifyScope {
    /// All repositories in the caches of all providers.
    Everything,
    /// Some of what is in the caches.
    Named(Vec<CachedTarget>),
    /// A folder that `--local-dir` filled.
    Folder {
        /// The folder.
        at: PathBuf,
        /// What it was filled with, where what is wrong may have to be fetched again.
        with: Option<Box<CachedTarget>>,
    },
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct VerifyRequest {
    /// What is looked at.
    pub(crate) scope: VerifyScope,
    /// Fetch again what is wrong.
    pub(crate) repair: bool,
}

/// What came of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileVerdict {
    /// It was hashed, and is what it should be.
    Right,
    /// It is something else, for the reason given.
    Wrong(&'static str),
    /// It was wrong, and was fetched again or taken away.
    Repaired,
    /// It is listed, and not here. A pull may have left it out.
    Missing,
    /// It is here, and not listed.
    Extra,
    /// Nothing tells what it should be.
    Unknown,
    /// It could not be read, for the reason given.
    Unreadable(String),
}

/// A file that was looked at.
#[derive(Debug, Clone)]
pub(crate) struct CheckedFile {
    /// The provider and the repository; none in a folder that does not tell.
    pub(crate) owner: Option<(String, Repo)>,
    /// The commit, of a file that has a name in one.
    pub(crate) commit: Option<Commit>,
    /// Its name, as far as it can be shown.
    pub(crate) name: String,
    /// The same as a path of the repository.
    pub(crate) path: Option<RepoPath>,
    /// Where it stands.
    pub(crate) at: PathBuf,
    /// The same with all links resolved: what files share that are one content.
    pub(crate) content: PathBuf,
    /// Its length in bytes, if it is here.
    pub(crate) size: Option<u64>,
    /// What came of it.
    pub(crate) verdict: FileVerdict,
}

/// What came of all of them.
#[derive(Debug, Default)]
pub(crate) struct VerifyReport {
    /// The files, by repository, commit and name.
    pub(crate) files: Vec<CheckedFile>,
    /// How many bytes were hashed; content under several names is hashed once.
    pub(crate) bytes_hashed: u64,
}

/// Looks at all that was asked for, and mends it where that was asked for too.
///
/// # Errors
/// When something that was named is not here, or cannot be read, or fetched again. What is wrong is part of the report.
pub(crate) async fn verify(request: &VerifyRequest, session: &Session) -> Result<VerifyReport, Error> {
    let (scope, roots, listener) = (request.scope.clone(), roots(session.settings()), Arc::clone(session.listener()));
    let report = file_thread::run(move || {
        let mut inventory = Inventory::default();
        match scope {
            VerifyScope::Everything => {
                for root in roots {
                    scan::check(&root.path)?;
                    for folder in scan::repositories(&root.path) {
                        inventory.add_repository(&root.provider_of(&folder), &folder, None);
                    }
                }
            }
            VerifyScope::Named(targets) => {
                for target in targets {
                    scan::check(&target.provider.cache)?;
                    let folder = target.folder().filter(|folder| !target.commits(folder).is_empty());
                    let folder = folder.ok_or_else(|| Error::NotCached { what: target.text.clone() })?;
                    inventory.add_repository(&target.provider.name, &folder, Some(&target));
                }
            }
            VerifyScope::Folder { at, with } => {
                std::fs::read_dir(&at).map_err(|source| Error::Input { path: at.clone(), source })?;
                let owner = with.map(|target| (target.provider.name.clone(), target.repo));
                inventory.add_folder(&Folder::open(&at), owner.as_ref());
            }
        }
        Ok::<_, Error>(inventory.judge(listener.as_ref()))
    });
    let mut report = report.await??;
    if request.repair {
        repair::repair(&mut report, &request.scope, session).await?;
    }
    Ok(report)
}
