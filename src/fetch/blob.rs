//! One blob from its plan to its place.
//!
//! File work happens in two visits to a thread, before the first byte and after the last: of thousands of small files the
//! handing over between threads is what costs.

use std::sync::Arc;
use std::time::Duration;

use super::conductor::Conductor;
use super::open::Open;
use super::tiny::{gather, is_tiny};
use super::{Engine, FetchError, Job, blocking};
use crate::cache::{BlobLock, CacheError, Here, Mismatch, Partial, Ranges};
use crate::manifest::RepoFile;
use crate::report::Wait;

/// How often a lock that another process holds is tried.
const LOCK_POLL: Duration = Duration::from_millis(100);
/// How often a file is begun anew because another process took its partial file away. Only where locks lie is there more
/// than one turn.
const MOST_TURNS: usize = 8;

/// Brings a blob to its place.
pub(super) async fn bring(engine: Arc<Engine>, job: Job) -> Result<(), FetchError> {
    let job = Arc::new(job);
    let taken = match job.here.clone() {
        Some(here) => visit(&engine, &job, move |engine, job| take(engine, job, &here)).await?,
        None => false,
    };
    if !taken {
        fetch(&engine, &job).await?;
    }
    engine.reporter.finished(job.id);
    Ok(())
}

/// Fetches, verifies and publishes. Content that does not verify is fetched again once if some of it was left by an
/// earlier run: a power cut can leave holes that the journal does not know of.
async fn fetch(engine: &Arc<Engine>, job: &Arc<Job>) -> Result<(), FetchError> {
    let (mut turns, mut forgiven) = (0, false);
    loop {
        turns += 1;
        let Some(begun) = begin(engine, job).await? else { return Ok(()) };
        let resumed = begun.here.total();
        engine.reporter.started(job.id, job.file.path.as_str(), job.file.size, resumed);
        match complete(engine, job, begun).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(_)) if resumed > 0 && !forgiven => {
                forgiven = true;
                engine.reporter.discarded(job.id, job.file.size);
                let path = &job.file.path;
                engine.reporter.warn(&format!("what an earlier run left of `{path}` was damaged; fetching it again"));
            }
            Ok(Err(source)) => return Err(FetchError::Corrupt { path: job.file.path.clone(), source }),
            Err(FetchError::Cache(CacheError::Replaced { .. })) if turns < MOST_TURNS => {}
            Err(error) => return Err(error),
        }
    }
}

/// A file that is ours to fetch.
struct Begun {
    lock: BlobLock,
    /// Where its bytes go; opened only at the end for a tiny file.
    partial: Option<Partial>,
    here: Ranges,
}

/// What the first visit finds.
enum Beginning {
    /// Another process holds the lock.
    Held,
    /// Somebody was faster: the file is in its place.
    InPlace,
    /// The file is ours.
    Ours(Box<Begun>),
}

/// Takes the lock, waiting for it if need be; none where the file is in its place by then.
async fn begin(engine: &Arc<Engine>, job: &Arc<Job>) -> Result<Option<Begun>, FetchError> {
    let mut told = false;
    loop {
        match visit(engine, job, look).await? {
            Beginning::Ours(begun) => return Ok(Some(*begun)),
            Beginning::InPlace => return Ok(None),
            Beginning::Held => {}
        }
        if !std::mem::replace(&mut told, true) {
            let lock = engine.destination.lock(&job.file);
            let holder = blocking(move || BlobLock::holder(&lock)).await?;
            engine.reporter.waiting(&Wait::Locked { path: job.file.path.to_string(), holder });
        }
        tokio::time::sleep(LOCK_POLL).await;
    }
}

/// The first visit: the lock, a second look under it, the partial file.
fn look(engine: &Engine, job: &Job) -> Result<Beginning, CacheError> {
    let (destination, file) = (&engine.destination, &job.file);
    let Some(lock) = BlobLock::try_acquire(&destination.lock(file))? else { return Ok(Beginning::Held) };
    if !engine.options.force {
        if destination.is_in_place(file) {
            settle_others(engine, job)?;
            return Ok(Beginning::InPlace);
        }
        if destination.find(file) == Some(Here::Blob) && take(engine, job, &Here::Blob)? {
            return Ok(Beginning::InPlace);
        }
    }
    if is_tiny(file) {
        return Ok(Beginning::Ours(Box::new(Begun { lock, partial: None, here: Ranges::default() })));
    }
    let (partial, here) = open(engine, file)?;
    Ok(Beginning::Ours(Box::new(Begun { lock, partial: Some(partial), here })))
}

/// The partial file and what is in it; with `force` that is nothing.
fn open(engine: &Engine, file: &RepoFile) -> Result<(Partial, Ranges), CacheError> {
    let place = engine.destination.partial(file);
    let (partial, here) = Partial::open(place.clone(), file)?;
    if engine.options.force && here.total() > 0 {
        partial.discard()?;
        return Partial::open(place, file);
    }
    Ok((partial, here))
}

/// Fetches what is missing, then verifies and publishes. The inner error is the verdict that the content is wrong.
async fn complete(engine: &Arc<Engine>, job: &Arc<Job>, begun: Begun) -> Result<Result<(), Mismatch>, FetchError> {
    let Begun { lock, partial, here } = begun;
    let Some(partial) = partial else {
        let pieces = gather(engine, job).await?;
        return visit(engine, job, move |engine, job| {
            let (partial, _) = open(engine, &job.file)?;
            partial.write(0, &pieces)?;
            publish(engine, job, partial, &lock)
        })
        .await;
    };
    let open = Arc::new(Open::new(partial, here, job.file.size));
    let partial = Arc::clone(&open.partial);
    Conductor::new(engine, job, open).run().await?;
    // every stream and every write of theirs has ended, so this handle is the last
    let replaced = || CacheError::Replaced { path: engine.destination.partial(&job.file).path };
    let partial = Arc::into_inner(partial).ok_or_else(replaced)?;
    visit(engine, job, move |engine, job| publish(engine, job, partial, &lock)).await
}

/// The last visit: the verdict, and if it is good, the names. The lock is held until then.
fn publish(engine: &Engine, job: &Job, partial: Partial, _lock: &BlobLock) -> Result<Result<(), Mismatch>, CacheError> {
    match partial.verify()? {
        Ok(verified) => engine.destination.publish(verified, &job.file)?,
        Err(mismatch) => return Ok(Err(mismatch)),
    }
    settle_others(engine, job).map(Ok)
}

/// Uses content that is on this machine; `false` where it is not what its name says.
fn take(engine: &Engine, job: &Job, here: &Here) -> Result<bool, CacheError> {
    let taken = engine.destination.take(&job.file, here)?;
    if taken {
        settle_others(engine, job)?;
    }
    Ok(taken)
}

/// Gives the content its other names.
fn settle_others(engine: &Engine, job: &Job) -> Result<(), CacheError> {
    job.also.iter().try_for_each(|file| engine.destination.settle(file))
}

/// File work of a blob, on a thread that may block.
async fn visit<T: Send + 'static>(
    engine: &Arc<Engine>,
    job: &Arc<Job>,
    work: impl FnOnce(&Engine, &Job) -> Result<T, CacheError> + Send + 'static,
) -> Result<T, FetchError> {
    let (engine, job) = (Arc::clone(engine), Arc::clone(job));
    Ok(blocking(move || work(&engine, &job)).await??)
}
