//! One blob from its plan to its place.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::conductor::Conductor;
use super::open::Open;
use super::{Engine, FetchError, Job, blocking};
use crate::cache::{BlobLock, CacheError, Here, Mismatch, Partial, Ranges};
use crate::manifest::RepoFile;
use crate::report::Wait;

/// How often a lock that another process holds is tried.
const LOCK_POLL: Duration = Duration::from_millis(100);

/// How often a file is begun anew because another process took its partial file away.
const MOST_TURNS: usize = 8;

/// Brings a blob to its place.
pub(super) async fn bring(engine: Arc<Engine>, job: Job) -> Result<(), FetchError> {
    if !take_here(&engine, &job, job.here.clone()).await? {
        let lock = lock(&engine, &job).await?;
        // only where locks lie is there more than one turn: another process replaced the partial file
        let mut turns = 1;
        while !look_again(&engine, &job).await? {
            match fetch(&engine, &job).await {
                Err(FetchError::Cache(CacheError::Replaced { .. })) if turns < MOST_TURNS => turns += 1,
                fetched => {
                    fetched?;
                    break;
                }
            }
        }
        drop(lock);
    }
    settle_others(&engine, &job).await?;
    engine.reporter.finished(job.id);
    Ok(())
}

/// Uses content that is on this machine, if it is and proves right.
async fn take_here(engine: &Arc<Engine>, job: &Job, here: Option<Here>) -> Result<bool, FetchError> {
    let Some(here) = here else { return Ok(false) };
    let (destination, file) = (Arc::clone(&engine.destination), job.file.clone());
    Ok(blocking(move || destination.take(&file, &here)).await??)
}

/// Somebody may have published the blob while the lock was waited for.
async fn look_again(engine: &Arc<Engine>, job: &Job) -> Result<bool, FetchError> {
    if engine.options.force {
        return Ok(false);
    }
    let (destination, file) = (Arc::clone(&engine.destination), job.file.clone());
    Ok(blocking(move || match destination.find(&file) {
        _ if destination.is_in_place(&file) => Ok(true),
        Some(Here::Blob) => destination.take(&file, &Here::Blob),
        _ => Ok::<_, CacheError>(false),
    })
    .await??)
}

async fn lock(engine: &Arc<Engine>, job: &Job) -> Result<BlobLock, FetchError> {
    let path: PathBuf = engine.destination.lock(&job.file);
    let mut told = false;
    loop {
        let path = path.clone();
        if let Some(lock) = blocking(move || BlobLock::try_acquire(&path)).await?? {
            return Ok(lock);
        }
        if !std::mem::replace(&mut told, true) {
            let (path, held) = (job.file.path.to_string(), engine.destination.lock(&job.file));
            let holder = blocking(move || BlobLock::holder(&held)).await?;
            engine.reporter.waiting(&Wait::Locked { path, holder });
        }
        tokio::time::sleep(LOCK_POLL).await;
    }
}

/// Fetches, verifies and publishes. Content that does not verify is fetched again once if some of it was left by an
/// earlier run: a power cut can leave holes that the journal does not know of.
async fn fetch(engine: &Arc<Engine>, job: &Job) -> Result<(), FetchError> {
    let (partial, here) = open(engine, &job.file).await?;
    let resumed = here.total();
    engine.reporter.started(job.id, job.file.path.as_str(), job.file.size, resumed);
    match complete(engine, job, partial, here).await? {
        Ok(()) => Ok(()),
        Err(_) if resumed > 0 => {
            engine.reporter.discarded(job.id, job.file.size);
            engine
                .reporter
                .warn(&format!("what an earlier run left of `{}` was damaged; fetching it again", job.file.path));
            let (partial, here) = open(engine, &job.file).await?;
            complete(engine, job, partial, here).await?.map_err(|source| corrupt(&job.file, source))
        }
        Err(mismatch) => Err(corrupt(&job.file, mismatch)),
    }
}

fn corrupt(file: &RepoFile, source: Mismatch) -> FetchError {
    FetchError::Corrupt { path: file.path.clone(), source }
}

async fn open(engine: &Arc<Engine>, file: &RepoFile) -> Result<(Partial, Ranges), FetchError> {
    let (place, file, force) = (engine.destination.partial(file), file.clone(), engine.options.force);
    Ok(blocking(move || {
        let (partial, here) = Partial::open(place.clone(), &file)?;
        if force && here.total() > 0 {
            partial.discard()?;
            return Partial::open(place, &file);
        }
        Ok::<_, CacheError>((partial, here))
    })
    .await??)
}

/// Fetches what is missing, then verifies and publishes. The inner error is the verdict that the content is wrong.
async fn complete(
    engine: &Arc<Engine>,
    job: &Job,
    partial: Partial,
    here: Ranges,
) -> Result<Result<(), Mismatch>, FetchError> {
    let open = Arc::new(Open::new(partial, here, job.file.size));
    let partial = Arc::clone(&open.partial);
    Conductor::new(engine, job, open).run().await?;
    let (destination, file) = (Arc::clone(&engine.destination), job.file.clone());
    // every stream and every write of theirs has ended, so this handle is the last
    let partial = Arc::into_inner(partial).ok_or(CacheError::Replaced { path: destination.partial(&file).path })?;
    Ok(blocking(move || match partial.verify()? {
        Ok(verified) => destination.publish(verified, &file).map(Ok),
        Err(mismatch) => Ok::<_, CacheError>(Err(mismatch)),
    })
    .await??)
}

/// Gives the content its other names.
async fn settle_others(engine: &Arc<Engine>, job: &Job) -> Result<(), FetchError> {
    if job.also.is_empty() {
        return Ok(());
    }
    let (destination, files) = (Arc::clone(&engine.destination), job.also.clone());
    Ok(blocking(move || files.iter().try_for_each(|file| destination.settle(file))).await??)
}
