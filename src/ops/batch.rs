//! Many pulls as one: asked and chosen, then brought by one transfer, then ended, each for itself.
//!
//! Scripts that pull a list line by line pay for each line: a run of the program, a token, a question to a hub that rations
//! them. Here each of these is had once, however many lines want it. What one line asks for in vain stops no other.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};

use super::pull::{self, Prepared, PullRequest, Pulled, prepare, transfer};
use crate::digest::Digest;
use crate::error::Error;
use crate::session::{RepoRequest, Session};
use crate::store::cache::CacheError;

/// How many repositories are asked about at once: enough to hide the way to the hub, too few to be a burden.
const AT_ONCE: usize = 4;

/// What became of a line. Lines about one repository may share a refusal.
pub(crate) type Outcome = Result<Pulled, Arc<Error>>;

/// Pulls all, by one transfer; of a dry run, what each would do. The outcomes are in the order of the requests.
///
/// # Errors
/// When a thread is lost. What happens to one pull is in its outcome.
pub(crate) async fn pull_all(requests: &[PullRequest], session: &Session) -> Result<Vec<Outcome>, Error> {
    let mut outcomes: Vec<Option<Outcome>> = requests.iter().map(|_| None).collect();
    let (mut places, mut prepared) = (Vec::new(), Vec::new());
    let mut taken = Taken::new();
    for (place, one) in prepare_all(requests, session).await {
        match one.and_then(|one| alone(one, &mut taken).map_err(Arc::new)) {
            Ok(one) if requests[place].dry_run => outcomes[place] = Some(one.foresee().map_err(Arc::new)),
            Ok(one) => {
                places.push(place);
                prepared.push(one);
            }
            Err(error) => outcomes[place] = Some(Err(error)),
        }
    }
    let mut transfer = transfer(&mut prepared, session).await?;
    let mut prepared: Vec<Option<Prepared>> = prepared.into_iter().map(Some).collect();
    while let Some((number, outcome)) = transfer.next().await {
        let Some(one) = prepared[number].take() else { continue };
        let request = &requests[places[number]];
        outcomes[places[number]] = Some(end(request, one, outcome, session).await.map_err(Arc::new));
    }
    Ok(outcomes.into_iter().map(|outcome| outcome.expect("of each pull is told what became of it")).collect())
}

async fn end(
    request: &PullRequest,
    prepared: Prepared,
    outcome: Result<u64, Error>,
    session: &Session,
) -> Result<Pulled, Error> {
    match pull::end(prepared, outcome, session).await {
        // another program removed a file meanwhile, which a pull alone knows how to mend
        Err(Error::Cache(CacheError::Removed { .. })) => {
            pull::pull(&PullRequest { force: false, ..request.clone() }, session).await
        }
        outcome => outcome,
    }
}

/// Asks about all: several repositories at once, the lines of one after the other, so that each knows what was answered to
/// those before it.
pub(super) async fn prepare_all(
    requests: &[PullRequest],
    session: &Session,
) -> Vec<(usize, Result<Prepared, Arc<Error>>)> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (place, request) in requests.iter().enumerate() {
        let is_same = |group: &&mut Vec<usize>| is_of_one_repository(&requests[group[0]].wanted, &request.wanted);
        match groups.iter_mut().find(is_same) {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    let asked = groups.into_iter().map(|group| prepare_group(group, requests, session));
    let mut prepared = stream::iter(asked).buffered(AT_ONCE).concat().await;
    prepared.sort_by_key(|(place, _)| *place);
    prepared
}

fn is_of_one_repository(one: &RepoRequest, other: &RepoRequest) -> bool {
    let place = |wanted: &RepoRequest| (wanted.provider.clone(), wanted.repo.clone(), wanted.site.clone());
    place(one) == place(other)
}

async fn prepare_group(
    group: Vec<usize>,
    requests: &[PullRequest],
    session: &Session,
) -> Vec<(usize, Result<Prepared, Arc<Error>>)> {
    let mut refusals: Vec<(&RepoRequest, Arc<Error>)> = Vec::new();
    let mut prepared = Vec::new();
    for place in group {
        let wanted = &requests[place].wanted;
        let known = refusals.iter().find(|(refused, _)| *refused == wanted).map(|(_, error)| Arc::clone(error));
        let one = match known {
            Some(error) => Err(error),
            None => prepare(&requests[place], session).await.map_err(Arc::new),
        };
        if let Err(error) = &one
            && is_about_the_repository(error)
        {
            refusals.push((wanted, Arc::clone(error)));
        }
        prepared.push((place, one));
    }
    prepared
}

/// Whether asking again about another of its files would be answered alike.
fn is_about_the_repository(error: &Error) -> bool {
    match error {
        Error::Refused(refused) => refused.path.is_none(),
        Error::Provider { .. } | Error::Auth(_) | Error::Identity(_) | Error::Client(_) => true,
        _ => false,
    }
}

/// What files go into folders of the user's, and which pull they are of.
type Taken = HashMap<PathBuf, (Option<Digest>, String)>;

/// The pull, unless one of its files would be written where another pull's file of other content goes.
fn alone(one: Prepared, taken: &mut Taken) -> Result<Prepared, Error> {
    let files: Vec<(PathBuf, Option<Digest>)> = one.files_of_folder().collect();
    for (path, digest) in &files {
        if let Some((_, first)) = taken.get(path).filter(|(other, _)| other != digest) {
            let path = path.display();
            return Err(Error::Usage(format!(
                "`{path}` is where another file goes, that of `{first}` in the same run"
            )));
        }
    }
    let name = format!("{}@{}", one.request().wanted.repo, one.request().wanted.revision);
    taken.extend(files.into_iter().map(|(path, digest)| (path, (digest, name.clone()))));
    Ok(one)
}
