//! Running what talks to a network: the threads, Ctrl-C, and progress that is put away before anything else is said.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::diagnose;
use super::document::EventWriter;
use super::flags::Output;
use super::progress::Progress;
use super::terminal::Terminal;
use crate::error::{Error, ExitStatus};
use crate::event::{Event, Listener};
use crate::hub::auth::TokenChoice;
use crate::lasting_task;
use crate::session::Session;
use crate::settings::Settings;
use crate::settings::env::Env;
use crate::system::process;

/// How long tasks may take to put down what they hold once the run has ended.
const CLOSING_TIME: Duration = Duration::from_millis(500);
/// How long the work may take to be dropped after a signal. Whoever pressed Ctrl-C expects an end within a second.
const DROPPING_TIME: Duration = Duration::from_millis(900);
/// How long the end of the run waits for tasks that last, before it says so and after it.
const UNNOTICED_TIME: Duration = Duration::from_millis(200);
const LASTING_TIME: Duration = Duration::from_secs(10);
/// Two threads move the bytes; hashing and writing have threads of their own, as many as keep a slow disk busy.
const WORKERS: usize = 2;
const FILE_WORKERS: usize = 16;

/// What runs until it is done, fails, or the process is asked to stop.
pub(super) struct Runner {
    terminal: Terminal,
    progress: Arc<Progress>,
    events: Arc<EventWriter>,
}

/// People are told, and programs as well.
struct Both(Arc<Progress>, Arc<EventWriter>);

impl Listener for Both {
    fn event(&self, event: &Event) {
        self.0.event(event);
        self.1.event(event);
    }
}

impl Runner {
    /// Nothing runs yet, and nothing is drawn.
    pub(super) fn new(terminal: &Terminal) -> Self {
        Self { terminal: terminal.clone(), progress: Arc::new(Progress::new(terminal)), events: Arc::default() }
    }

    /// The run as a value, which tells this terminal what happens.
    pub(super) fn session(&self, settings: Settings, env: &Env, token: TokenChoice) -> Session {
        let progress = Arc::clone(&self.progress);
        let listener: Arc<dyn Listener> = match self.terminal.output {
            Output::Ndjson => Arc::new(Both(progress, Arc::clone(&self.events))),
            Output::Text | Output::Json => progress,
        };
        Session::new(settings, env.clone(), token, listener)
    }

    /// Runs the work to its end.
    pub(super) fn finish<T>(self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .max_blocking_threads(FILE_WORKERS)
            .enable_all()
            .build();
        let runtime = runtime.map_err(|source| Error::Stream { action: "start the threads", source })?;
        runtime.spawn(last_resort(self.terminal, Arc::clone(&self.progress), Arc::clone(&self.events)));
        let ended = runtime.block_on(async {
            process::survive_file_size_limit();
            let ended = tokio::select! {
                ended = work => ended,
                () = process::asked_to_stop() => Err(Error::Interrupted),
            };
            wait_for_lasting_tasks(&self.progress).await;
            ended
        });
        runtime.shutdown_timeout(CLOSING_TIME);
        self.progress.close();
        self.events.close();
        ended
    }
}

/// Waits, within bounds and until the next signal, for what must not be dropped; says so where that takes a moment.
async fn wait_for_lasting_tasks(progress: &Progress) {
    if timeout(UNNOTICED_TIME, lasting_task::ended()).await.is_ok() {
        return;
    }
    progress.close();
    let most = LASTING_TIME.as_secs();
    Terminal::say(&format!(
        "waiting for the next token of a login, for {most} s at most; without it the login is lost"
    ));
    tokio::select! {
        _ = timeout(LASTING_TIME, lasting_task::ended()) => {}
        () = process::asked_to_stop() => {}
    }
}

/// Ends the process where a signal finds the work in the middle of something that cannot be dropped: reading a folder on
/// a server that does not answer, hashing what should have had a thread of its own. What has arrived is kept all the same:
/// journals are written as it comes.
#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "the thread that would return the status is the one that does not answer"
)]
async fn last_resort(terminal: Terminal, progress: Arc<Progress>, events: Arc<EventWriter>) {
    process::asked_to_stop().await;
    let _ = timeout(UNNOTICED_TIME + LASTING_TIME, lasting_task::ended()).await;
    tokio::time::sleep(DROPPING_TIME).await;
    progress.close();
    events.close();
    diagnose::end(&Error::Interrupted, terminal.output != Output::Text, &terminal);
    std::process::exit(i32::from(ExitStatus::Interrupted.code()));
}
