//! Ctrl-C and SIGTERM: the work is dropped where it stands, which keeps what has arrived (see `fetch`).

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
