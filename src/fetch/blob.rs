//! One blob from its plan to its place.
//!
//! File work happens in two visits to a thread, before the first byte and after the last: of thousands of small files the
//! handing over between threads is what costs.

use std::sync::Arc;
use std::time::Duration;

use super::conductor::Conductor;
use super::open::OpenFile;
use super::share::Job;
use super::tiny::{gather, is_tiny};
use super::watch::Watch;
use super::{Engine, FetchError};
use crate::event::{Event, Wait, Warning};
use crate::file_thread;
use crate::store::cache::{BlobLock, CacheError, Judgement, LocalContent, Mismatch, Partial, Presence, Ranges};

/// How often a lock that another process holds is tried.
const LOCK_POLL: Duration = Duration::from_millis(100);
/// How often a file is begun anew because another process took its partial file away. Only where locks lie is there more
/// than one turn.
const MOST_TURNS: usize = 8;
/// How many of these turns use the partial file that is shared with others.
const FEW_TURNS: usize = 4;

/// Brings a blob to its place.
pub(super) async fn bring(engine: Arc<Engine>, job: Job) -> Result<(), FetchError> {
    let job = Arc::new(job);
    let taken = match job.here().await {
        Some(here) => visit(&job, move |job| take(job, &here)).await?,
        None => false,
    };
    if !taken {
        fetch(&engine, &job).await?;
    }
    engine.tell(Event::Verified { file: job.id, path: job.file.path.to_string() });
    job.done();
    Ok(())
}

/// Fetches, verifies and publishes. Content that does not verify is fetched again once if some of it was left by an
/// earlier run, or if another process had a hand in it: what is wrong need not have come from the server. With a rival that
/// writes other bytes or takes the file away again and again, the file is fetched where nobody else can reach it.
async fn fetch(engine: &Arc<Engine>, job: &Arc<Job>) -> Result<(), FetchError> {
    let (mut turns, mut forgiven, mut alone, mut mended) = (0, false, false, None);
    let path = &job.file.path;
    loop {
        turns += 1;
        let begun = match mended.take() {
            Some(mended) => mended,
            None => match begin(engine, job, alone).await? {
                Some(begun) => begun,
                None => return Ok(()),
            },
        };
        let resumed = begun.here.total();
        engine.tell(Event::Start { file: job.id, path: path.to_string(), size: job.file.size, have: resumed });
        let (mismatch, rivals) = match complete(engine, job, begun).await {
            Ok(FileOutcome::Done) => return Ok(()),
            Ok(FileOutcome::Mended(begun)) => {
                engine.tell(Event::Discard { file: job.id, bytes: job.file.size - begun.here.total() });
                engine.tell(Warning::HolesFound { path: path.clone() });
                mended = Some(*begun);
                continue;
            }
            Ok(FileOutcome::Wrong { mismatch, rivals }) => (mismatch, rivals),
            Err(FetchError::Cache(CacheError::Replaced { .. })) if turns < MOST_TURNS => {
                alone = turns >= FEW_TURNS;
                continue;
            }
            Err(error) => return Err(error),
        };
        let warning = if rivals && !alone {
            alone = true;
            Warning::RivalWrote { path: path.clone() }
        } else if resumed > 0 && !forgiven {
            forgiven = true;
            Warning::RemainsDamaged { path: path.clone() }
        } else {
            return Err(FetchError::Corrupt { path: path.clone(), source: mismatch });
        };
        engine.tell(Event::Discard { file: job.id, bytes: job.file.size });
        engine.tell(warning);
    }
}

/// A file that is ours to fetch.
struct LockedFile {
    /// Held by whatever may still write, and until the names are given.
    lock: Arc<BlobLock>,
    /// Where its bytes go; made only at the end for a tiny file.
    partial: Option<Partial>,
    here: Ranges,
}

/// How far a file came.
enum FileOutcome {
    /// It is in its place.
    Done,
    /// It has holes that are to be fetched.
    Mended(Box<LockedFile>),
    /// Its content is wrong.
    Wrong { mismatch: Mismatch, rivals: bool },
}

/// What the first visit finds.
enum Beginning {
    /// Another process holds the lock.
    Held,
    /// Somebody was faster: the file is in its place.
    InPlace,
    /// The file is ours.
    Ours(Box<LockedFile>),
}

/// Takes the lock, waiting for it if need be; none where the file is in its place by then. A process that holds it and does
/// not get on is waited for as long as for a server. Then its bytes are fetched beside it.
async fn begin(engine: &Arc<Engine>, job: &Arc<Job>, alone: bool) -> Result<Option<LockedFile>, FetchError> {
    let mut watch = None;
    let mut without_lock = false;
    loop {
        match visit(job, move |job| look(job, without_lock, alone)).await? {
            Beginning::Ours(begun) => return Ok(Some(*begun)),
            Beginning::InPlace => return Ok(None),
            Beginning::Held => {}
        }
        let watch = match &mut watch {
            Some(watch) => watch,
            None => {
                let lock = job.share.destination.lock(&job.file);
                let holder = file_thread::run(move || BlobLock::holder(&lock)).await?;
                engine.tell(Event::Wait(Wait::Locked { path: job.file.path.clone(), holder }));
                watch.insert(Watch::new(job.share.destination.partial(&job.file), engine.options.patience))
            }
        };
        if watch.has_stalled().await? {
            let (path, waited) = (job.file.path.clone(), engine.options.patience);
            engine.tell(Warning::HolderStuck { path, waited });
            without_lock = true;
        } else {
            tokio::time::sleep(LOCK_POLL).await;
        }
    }
}

/// The first visit: the lock, a second look under it, the partial file.
fn look(job: &Job, without_lock: bool, alone: bool) -> Result<Beginning, CacheError> {
    let (destination, file) = (&job.share.destination, &job.file);
    let lock = match BlobLock::try_acquire(&destination.lock(file))? {
        Some(lock) => Arc::new(lock),
        None if without_lock => Arc::new(BlobLock::none()),
        None => return Ok(Beginning::Held),
    };
    if !job.share.force {
        // another tool may have published it since the plan was made
        let mut found = destination.look(file);
        if let Presence::Unhashed(path) = &found {
            destination.examine(file, path, &|_| {})?;
            found = destination.look(file);
        }
        match found {
            Presence::InPlace => {
                settle_others(job)?;
                return Ok(Beginning::InPlace);
            }
            Presence::Local(LocalContent::Blob) if take(job, &LocalContent::Blob)? => return Ok(Beginning::InPlace),
            _ => {}
        }
    }
    if is_tiny(file) {
        return Ok(Beginning::Ours(Box::new(LockedFile { lock, partial: None, here: Ranges::default() })));
    }
    let (partial, here) = open(job, alone)?;
    let partial = partial.under(Arc::clone(&lock));
    Ok(Beginning::Ours(Box::new(LockedFile { lock, partial: Some(partial), here })))
}

/// The partial file and what is in it; with `force` that is nothing.
fn open(job: &Job, alone: bool) -> Result<(Partial, Ranges), CacheError> {
    let (file, place) = (&job.file, job.share.destination.partial(&job.file));
    if alone {
        return Ok((Partial::private(&place, file)?, Ranges::default()));
    }
    let (partial, here) = Partial::open(place.clone(), file)?;
    if job.share.force && here.total() > 0 {
        partial.discard()?;
        return Partial::open(place, file);
    }
    Ok((partial, here))
}

/// Fetches what is missing, then verifies and publishes.
async fn complete(engine: &Arc<Engine>, job: &Arc<Job>, begun: LockedFile) -> Result<FileOutcome, FetchError> {
    let LockedFile { lock, partial, here } = begun;
    let Some(partial) = partial else {
        let pieces = gather(engine, job).await?;
        return visit(job, move |job| {
            let partial = Partial::private(&job.share.destination.partial(&job.file), &job.file)?;
            partial.write(0, &pieces)?;
            publish(job, partial, lock)
        })
        .await;
    };
    let open = Arc::new(OpenFile::new(partial, here, job.file.size));
    let partial = Arc::clone(&open.partial);
    Conductor::new(engine, job, open).run().await?;
    // every stream and every write of theirs has ended, so this handle is the last
    let replaced = || CacheError::Replaced { path: job.share.destination.partial(&job.file).path };
    let partial = Arc::into_inner(partial).ok_or_else(replaced)?;
    visit(job, move |job| publish(job, partial, lock)).await
}

/// The last visit: the verdict, and if it is good, the names. The lock is held until then.
fn publish(job: &Job, partial: Partial, lock: Arc<BlobLock>) -> Result<FileOutcome, CacheError> {
    match partial.verify()? {
        Judgement::Right(verified) => job.share.destination.publish(verified, &job.file)?,
        Judgement::Wrong { mismatch, rivals } => return Ok(FileOutcome::Wrong { mismatch, rivals }),
        Judgement::Holes(partial, here) => {
            return Ok(FileOutcome::Mended(Box::new(LockedFile { lock, partial: Some(partial), here })));
        }
    }
    settle_others(job)?;
    Ok(FileOutcome::Done)
}

/// Uses content that is on this machine; `false` where it is not what its name says.
fn take(job: &Job, here: &LocalContent) -> Result<bool, CacheError> {
    let destination = &job.share.destination;
    // an earlier job of the same repository may have brought it
    let here = if destination.find(&job.file) == Some(LocalContent::Blob) { &LocalContent::Blob } else { here };
    let taken = destination.take(&job.file, here)?;
    if taken {
        settle_others(job)?;
    }
    Ok(taken)
}

/// Gives the content its other names.
fn settle_others(job: &Job) -> Result<(), CacheError> {
    job.also.iter().try_for_each(|file| job.share.destination.settle(file))
}

/// File work of a blob, on a thread that may block.
async fn visit<T: Send + 'static>(
    job: &Arc<Job>,
    work: impl FnOnce(&Job) -> Result<T, CacheError> + Send + 'static,
) -> Result<T, FetchError> {
    let job = Arc::clone(job);
    Ok(file_thread::run(move || work(&job)).await??)
}
