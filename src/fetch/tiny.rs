//! Files of one piece: gathered in memory, then written, verified and published in one visit to a thread.
//!
//! A model has a few large files, a data set thousands of these; what they cost is not their bytes but each step that is
//! taken for each of them. Nothing of a tiny file is kept for the next run, and nothing is written before it is whole.

use std::sync::Arc;

use bytes::Bytes;

use super::share::Job;
use super::stream::PIECE;
use super::transport::FileLink;
use super::{Engine, FetchError};
use crate::event::Event;
use crate::hub::http::{Failure, Patience};
use crate::manifest::RepoFile;

/// Whether a file is fetched this way.
pub(super) const fn is_tiny(file: &RepoFile) -> bool {
    file.size <= PIECE as u64
}

/// All bytes of a tiny file. A try that breaks off is gone on from.
pub(super) async fn gather(engine: &Arc<Engine>, job: &Job) -> Result<Vec<Bytes>, FetchError> {
    let mut gathered = TinyBody::default();
    let mut patience = Patience::new(engine.options.patience);
    while gathered.length < job.file.size {
        let before = gathered.length;
        let Err(failure) = go_on(engine, job, &mut gathered).await else { continue };
        if gathered.length > before {
            patience.progress();
        }
        let Some(wait) = patience.after(&failure) else {
            return Err(FetchError::Transfer { path: job.file.path.clone(), source: failure });
        };
        engine.tell(failure.to_event(wait));
        tokio::time::sleep(wait).await;
    }
    Ok(gathered.pieces)
}

/// What has come of a tiny file, from its first byte on.
#[derive(Default)]
struct TinyBody {
    pieces: Vec<Bytes>,
    length: u64,
    link: FileLink,
}

async fn go_on(engine: &Arc<Engine>, job: &Job, gathered: &mut TinyBody) -> Result<(), Failure> {
    let missing = gathered.length..job.file.size;
    let Some(mut body) = job.share.transport.open(&job.link(), &job.file, missing, &gathered.link, true).await? else {
        return Ok(());
    };
    loop {
        let next = body.next().await;
        let received = body.take_received();
        engine.received(job, received);
        let Some(bytes) = next? else { return Ok(()) };
        gathered.length += bytes.len() as u64;
        engine.tell(Event::Advance { file: job.id, bytes: bytes.len() as u64 });
        gathered.pieces.push(bytes);
        engine.limit.take(received).await;
    }
}
