//! The second step: what is missing of many pulls arrives by one engine, over one pool of connections, after one look at
//! the disk. One that fails does not stop the others.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Prepared, in_cache};
use crate::digest::Digest;
use crate::error::{Error, FileError};
use crate::event::{Listener, Warning};
use crate::fetch::{self, FetchError, Need, Options, TransferPart};
use crate::file_thread;
use crate::session::{Connection, RepoRequest, Session};
use crate::store::cache::space::Room;
use crate::store::cache::{CacheError, Destination, Mismatch};

/// Pulls on their way. Dropped, it puts down what it holds; what has arrived is kept.
pub(crate) struct PullTransfer {
    /// Those that ended before they began.
    ended: Vec<(usize, Result<u64, Error>)>,
    running: fetch::Transfer,
    owners: Vec<Owner>,
}

/// The pull that a part of the transfer is of.
struct Owner {
    /// Its place among those that were prepared.
    place: usize,
    request: RepoRequest,
    expect: Option<Digest>,
    /// Who explains a refusal.
    connection: Arc<Connection>,
    cache: PathBuf,
}

/// Begins to bring what is missing. Those for which there is no room are refused before the first byte.
///
/// # Errors
/// When a thread is lost.
pub(crate) async fn transfer(prepared: &mut [Prepared], session: &Session) -> Result<PullTransfer, Error> {
    let needs =
        |prepared: &mut Prepared| (std::mem::take(&mut prepared.draft.needs), Arc::clone(&prepared.draft.destination));
    let needs: Vec<_> = prepared.iter_mut().map(needs).collect();
    let listener = Arc::clone(session.listener());
    let made = file_thread::run(move || make_room(needs, listener.as_ref())).await?;
    let (mut ended, mut shares, mut owners) = (Vec::new(), Vec::new(), Vec::new());
    for (place, (prepared, made)) in prepared.iter().zip(made).enumerate() {
        match (made, &prepared.connection) {
            (Err(error), _) => ended.push((place, Err(in_cache(error.into(), &prepared.pull.provider.cache)))),
            (Ok(needs), Some(connection)) if !needs.is_empty() => {
                shares.push(share(prepared, connection, needs));
                owners.push(Owner {
                    place,
                    request: prepared.request().wanted.clone(),
                    expect: prepared.request().expect,
                    connection: Arc::clone(connection),
                    cache: prepared.pull.provider.cache.clone(),
                });
            }
            (Ok(_), _) => ended.push((place, Ok(0))),
        }
    }
    let begun = owners.iter().map(|owner: &Owner| &prepared[owner.place]);
    let begun = begun.filter(|one| one.pull.has_reference(&one.draft.commit));
    let marks =
        begun.map(|one| (one.pull.cache.clone(), one.request().wanted.revision.clone(), one.draft.commit.clone()));
    let marks: Vec<_> = marks.collect();
    file_thread::run(move || {
        for (cache, revision, commit) in marks {
            cache.mark_unfinished(&revision, &commit);
        }
    })
    .await?;
    // taken from the end
    ended.reverse();
    let network = &session.settings().network;
    let options = Options {
        jobs: network.jobs,
        small_jobs: network.small_jobs,
        connections: network.connections,
        limit_rate: network.limit_rate,
        patience: network.patience,
    };
    Ok(PullTransfer { ended, running: fetch::fetch(shares, Arc::clone(session.listener()), options), owners })
}

impl PullTransfer {
    /// The next pull that ends, by its place among those that were prepared, and how many bytes came over the network
    /// for it.
    pub(crate) async fn next(&mut self) -> Option<(usize, Result<u64, Error>)> {
        if let Some(ended) = self.ended.pop() {
            return Some(ended);
        }
        let (share, outcome) = self.running.next().await?;
        let Owner { place, request, expect, connection, cache } = &self.owners[share];
        let outcome = match outcome {
            Err(FetchError::Transfer { path, source }) => {
                Err(connection.explain_transfer(request.subject(), path, source).await)
            }
            // it may be the caller's hash alone, and not the publisher's
            Err(FetchError::Corrupt { path, source: Mismatch { expected, actual } }) if *expect == Some(expected) => {
                Err(FileError::OtherContent { path, found: actual, expected }.into())
            }
            outcome => outcome.map_err(|error| in_cache(error.into(), cache)),
        };
        Some((*place, outcome))
    }
}

/// Takes the room for each, and makes what its first byte needs.
fn make_room(needs: Vec<(Vec<Need>, Arc<Destination>)>, listener: &dyn Listener) -> Vec<Result<Vec<Need>, CacheError>> {
    let (mut room, mut counted) = (Room::default(), HashSet::new());
    let make = |(needs, destination): (Vec<Need>, Arc<Destination>)| {
        if needs.is_empty() {
            return Ok(needs);
        }
        let counts = |need: &&Need| counted.insert(need.file.digest) || !destination.shares_content();
        room.take(&destination.root(), needs.iter().filter(counts).map(Need::bytes).sum())?;
        destination.prepare(needs.iter().map(|need| &need.file))?;
        for path in destination.strange(needs.iter().map(|need| &need.file)) {
            listener.event(&Warning::Replaced { path: path.clone() }.into());
        }
        Ok(needs)
    };
    needs.into_iter().map(make).collect()
}

fn share(prepared: &Prepared, connection: &Connection, needs: Vec<Need>) -> TransferPart {
    let (provider, repo) = (Arc::clone(connection.provider()), prepared.request().wanted.repo.clone());
    let commit = prepared.draft.commit.clone();
    TransferPart {
        needs,
        destination: Arc::clone(&prepared.draft.destination),
        transport: connection.transport(),
        link: Box::new(move |file| provider.link(&repo, &commit, file)),
        force: prepared.request().force,
    }
}
