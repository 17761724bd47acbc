//! Running what talks to a network: the threads, Ctrl-C, and progress that is put away before anything else is said.

use std::sync::Arc;
use std::time::Duration;

use super::progress::Progress;
use super::signal;
use super::terminal::Terminal;
use crate::error::Error;
use crate::report::Reporter;

/// How long tasks may take to put down what they hold once the run has ended.
const CLOSING_TIME: Duration = Duration::from_millis(500);
/// Two threads move the bytes; hashing and writing have threads of their own, as many as keep a slow disk busy.
const WORKERS: usize = 2;
const FILE_WORKERS: usize = 16;

/// Runs until the work is done, fails, or the process is asked to stop.
pub(super) fn to_its_end<T, Work: Future<Output = Result<T, Error>>>(
    terminal: &Terminal,
    work: impl FnOnce(Arc<dyn Reporter>) -> Work,
) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(FILE_WORKERS)
        .enable_all()
        .build();
    let runtime = runtime.map_err(|source| Error::Stream { action: "start the threads", source })?;
    let progress = Arc::new(Progress::new(terminal));
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = work(Arc::<Progress>::clone(&progress)) => ended,
            () = signal::asked_to_stop() => Err(Error::Interrupted),
        }
    });
    runtime.shutdown_timeout(CLOSING_TIME);
    progress.close();
    ended
}
