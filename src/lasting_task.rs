//! Tasks that are not dropped with the run: their question has changed something at a server already, and only the answer
//! tells what, as with the next token of a login, for which the last one was used up.

use std::sync::LazyLock;

use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How many of them this process has under way.
static UNDER_WAY: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// One of them, until it is dropped.
struct Counted;

impl Counted {
    fn new() -> Self {
        UNDER_WAY.send_modify(|count| *count += 1);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        UNDER_WAY.send_modify(|count| *count -= 1);
    }
}

/// Begins work that whoever waits for it may give up, and the end of the run waits for.
pub(crate) fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    let counted = Counted::new();
    tokio::spawn(async move {
        let _counted = counted;
        work.await
    })
}

/// Waits until none is under way.
pub(crate) async fn ended() {
    // the sender lives as long as the process
    let _ = UNDER_WAY.subscribe().wait_for(|count| *count == 0).await;
}
