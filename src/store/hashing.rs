//! Many files at once through a hash, with progress.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use super::cache::CacheError;
use crate::event::{Event, FileId, Listener};

/// How many files are hashed at once: enough for the disks of today, and cores are left for others.
const MOST_AT_ONCE: usize = 4;

/// Does the work of every item, each with its name, its length in bytes, and whoever hears of the pieces that were read. The
/// work says whether the content is what it should be.
/// Blocks.
///
/// # Errors
/// The first that an item ended with; no other is begun then.
pub(crate) fn each<T: Sync>(
    items: &[T],
    listener: &dyn Listener,
    describe: impl Fn(&T) -> (&str, u64) + Sync,
    work: impl Fn(&T, &dyn Fn(u64)) -> Result<bool, CacheError> + Sync,
) -> Result<(), CacheError> {
    if items.is_empty() {
        return Ok(());
    }
    // a file with holes may be as long as numbers go
    let bytes = items.iter().fold(0, |sum: u64, item| sum.saturating_add(describe(item).1));
    listener.event(&Event::Hash { files: items.len(), bytes });
    let (next, (failed, failures)) = (AtomicUsize::new(0), mpsc::channel());
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_AT_ONCE).min(items.len());
    thread::scope(|scope| {
        for _ in 0..threads {
            let (next, describe, work, failed) = (&next, &describe, &work, failed.clone());
            scope.spawn(move || {
                loop {
                    let id = FileId(next.fetch_add(1, Ordering::Relaxed));
                    let Some(item) = items.get(id.0) else { return };
                    let (name, size) = describe(item);
                    let path = name.to_owned();
                    listener.event(&Event::Start { file: id, path: path.clone(), size, have: 0 });
                    let done = work(item, &|bytes| listener.event(&Event::Advance { file: id, bytes }));
                    listener.event(&match done {
                        Ok(true) => Event::Verified { file: id, path },
                        Ok(false) | Err(_) => Event::Unverified { file: id, path },
                    });
                    if let Err(error) = done {
                        next.store(items.len(), Ordering::Relaxed);
                        return drop(failed.send(error));
                    }
                }
            });
        }
    });
    drop(failed);
    failures.into_iter().next().map_or(Ok(()), Err)
}
