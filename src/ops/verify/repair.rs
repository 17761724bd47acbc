//! What is wrong is fetched again, and nothing else: each file by a pull of its commit that names it alone. Content that no
//! name leads to is of use to nobody, and is taken away.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use super::{CheckedFile, FileVerdict, VerifyReport, VerifyScope};
use crate::error::Error;
use crate::file_thread;
use crate::ops::pull::{PullRequest, pull};
use crate::pattern::Selection;
use crate::reference::ReferenceError;
use crate::repo::{Commit, NameError, Repo, RepoPath, Revision};
use crate::session::{RepoRequest, Session};
use crate::store::removal::remove_blob;

type FileSource = (String, Repo, Commit);

/// Mends what the report calls wrong, and says so in it.
///
/// # Errors
/// What a pull ends with.
pub(super) async fn repair(report: &mut VerifyReport, scope: &VerifyScope, session: &Session) -> Result<(), Error> {
    let mut wanted: BTreeMap<FileSource, Vec<RepoPath>> = BTreeMap::new();
    let (mut seen, mut nameless) = (HashSet::new(), Vec::new());
    for file in report.files.iter().filter(|file| is_wrong(file)) {
        match (&file.owner, &file.commit, &file.path) {
            // a blob that two commits name is fetched for one of them
            (Some((provider, repo)), Some(commit), Some(path)) if seen.insert(file.content.clone()) => {
                let owner = (provider.clone(), repo.clone(), commit.clone());
                wanted.entry(owner).or_default().push(path.clone());
            }
            (Some(_), None, None) => nameless.push(file.at.clone()),
            _ => {}
        }
    }
    let local_dir = match scope {
        VerifyScope::Folder { at, .. } => Some(at.clone()),
        VerifyScope::Everything | VerifyScope::Named(_) => None,
    };
    let mut mended = HashSet::new();
    for ((provider, repo, commit), paths) in wanted {
        let names = paths.iter().map(ToString::to_string).collect();
        let request = request(&provider, &repo, &commit, local_dir.clone())?;
        pull(&PullRequest { selection: Selection::of_names(names), ..request }, session).await?;
        mended.extend(paths.into_iter().map(|path| (repo.clone(), commit.clone(), path)));
    }
    let taken: HashSet<PathBuf> =
        file_thread::run(move || nameless.into_iter().filter(|blob| remove_blob(blob).unwrap_or(false)).collect())
            .await?;
    settle(report, &mended, &taken);
    Ok(())
}

fn is_wrong(file: &CheckedFile) -> bool {
    matches!(file.verdict, FileVerdict::Wrong(_))
}

fn request(provider: &str, repo: &Repo, commit: &Commit, local_dir: Option<PathBuf>) -> Result<PullRequest, Error> {
    let text = commit.as_number().map_or_else(|| commit.to_string(), |number| number.to_string());
    let revision: Revision = text.parse().map_err(|error: NameError| Error::Reference(ReferenceError::Name(error)))?;
    let wanted = RepoRequest { provider: provider.to_owned(), repo: repo.clone(), revision, site: None, token: None };
    Ok(PullRequest { local_dir, ..PullRequest::about(wanted) })
}

/// Whoever shares a blob that was mended is mended with it.
fn settle(report: &mut VerifyReport, mended: &HashSet<(Repo, Commit, RepoPath)>, taken: &HashSet<PathBuf>) {
    let is_mended = |file: &CheckedFile| {
        let (Some((_, repo)), Some(commit), Some(path)) = (&file.owner, &file.commit, &file.path) else {
            return taken.contains(&file.at);
        };
        mended.contains(&(repo.clone(), commit.clone(), path.clone()))
    };
    let wrong = report.files.iter().filter(|file| is_wrong(file) && is_mended(file));
    let contents: HashSet<PathBuf> = wrong.map(|file| file.content.clone()).collect();
    for file in report.files.iter_mut().filter(|file| is_wrong(file) && contents.contains(&file.content)) {
        file.verdict = FileVerdict::Repaired;
    }
}
