//! Files of one piece: gathered in memory, then written, verified and published in one visit to a thread.
//!
//! A model has a few large files, a data set thousands of these; what they cost is not their bytes but each step that is
//! taken for each of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::stream::PIECE;
use super::transport::Link;
use super::{Engine, FetchError, Job};
use crate::http::{Failure, Patience};
use crate::manifest::RepoFile;

/// Whether a file is fetched this way.
pub(super) const fn is_tiny(file: &RepoFile) -> bool {
    file.size <= PIECE as u64
}

/// All bytes of a tiny file.
pub(super) async fn gather(engine: &Arc<Engine>, job: &Job) -> Result<Vec<Bytes>, FetchError> {
    // an empty file has no bytes to ask for
    if job.file.size == 0 {
        return Ok(Vec::new());
    }
    let mut patience = Patience::new(engine.options.patience);
    loop {
        let failure = match once(engine, job).await {
            Ok(pieces) => return Ok(pieces),
            Err(failure) => failure,
        };
        let Some(wait) = patience.after(&failure) else {
            return Err(FetchError::Transfer { path: job.file.path.clone(), source: failure });
        };
        engine.reporter.waiting(&failure.to_wait(wait));
        tokio::time::sleep(wait).await;
    }
}

async fn once(engine: &Arc<Engine>, job: &Job) -> Result<Vec<Bytes>, Failure> {
    let mut pieces = Vec::new();
    let mut gathered = 0;
    let opened = engine.transport.open(&job.file, 0..job.file.size, &Link::default(), true).await?;
    let Some(mut body) = opened else { return Ok(pieces) };
    loop {
        let next = body.next().await;
        let received = body.take_received();
        engine.received.fetch_add(received, Ordering::Relaxed);
        match next {
            Ok(Some(bytes)) => {
                gathered += bytes.len() as u64;
                engine.reporter.advanced(job.id, bytes.len() as u64);
                engine.limit.take(received).await;
                pieces.push(bytes);
            }
            Ok(None) => return Ok(pieces),
            Err(failure) => {
                engine.reporter.discarded(job.id, gathered);
                return Err(failure);
            }
        }
    }
}
