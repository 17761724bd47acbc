//! Ctrl-C and SIGTERM: the work is dropped where it stands, which keeps what has arrived (see `fetch`).
//!
//! The trap: a write beyond `ulimit -f` does not fail but ends the process by SIGXFSZ, with a core dump and without a
//! word. With a handler it fails like any other write.

/// Ends when the process is asked to stop.
pub(super) async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    () = interrupt() => {}
                }
            }
            Err(_) => interrupt().await,
        }
    }
    #[cfg(not(unix))]
    interrupt().await;
}

async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        // without a handler the system's own remains, and ends the process
        std::future::pending::<()>().await;
    }
}

/// Lets a write beyond the process's limit of file sizes fail instead of ending the process.
pub(super) fn survive_file_size_limit() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // once made, a handler stays; where there can be none, things are as they were
        let _ = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()));
    }
}
