//! Signals, limits, and the processes that this one starts.

use std::process::{Child, Command};

/// Ends when the process is asked to stop: Ctrl-C and SIGTERM; on Windows also Ctrl-Break, a console that is closed, and
/// the end of the session. The work is dropped where it stands, which keeps what has arrived (see `fetch`).
pub(crate) async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{Signal, SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).ok();
        tokio::select! {
            Some(()) = heard(terminate.as_mut().map(Signal::recv)) => {}
            () = interrupt() => {}
        }
    }
    #[cfg(windows)]
    {
        use tokio::signal::windows::{ctrl_break, ctrl_close, ctrl_logoff, ctrl_shutdown};
        let (mut key, mut close) = (ctrl_break().ok(), ctrl_close().ok());
        let (mut logoff, mut shutdown) = (ctrl_logoff().ok(), ctrl_shutdown().ok());
        tokio::select! {
            Some(()) = heard(key.as_mut().map(|signal| signal.recv())) => {}
            Some(()) = heard(close.as_mut().map(|signal| signal.recv())) => {}
            Some(()) = heard(logoff.as_mut().map(|signal| signal.recv())) => {}
            Some(()) = heard(shutdown.as_mut().map(|signal| signal.recv())) => {}
            () = interrupt() => {}
        }
    }
}

/// Waits for a signal; for ever where there is no handler: then the system's own remains, and ends the process.
async fn heard(signal: Option<impl Future<Output = Option<()>>>) -> Option<()> {
    match signal {
        Some(signal) => signal.await,
        None => std::future::pending().await,
    }
}

async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Lets a write beyond the process's limit of file sizes (`ulimit -f`) fail like any other, instead of ending the process
/// by SIGXFSZ, with a core dump and without a word.
pub(crate) fn survive_file_size_limit() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // once made, a handler stays; where there can be none, things are as they were
        drop(signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())));
    }
}

/// More open files than this are never needed, and a limit of a billion makes some programs that gatedl starts close each
/// of them.
#[cfg(unix)]
const ENOUGH: u64 = 4_096;

/// Raises the soft limit of open files as far as the hard one allows, and says what it is then; none where the system has
/// no such limit (Windows bounds handles by memory alone). A login shell usually gives 1,024 and may be asked for far more;
/// macOS gives 256, some batch systems 64. Running out in the middle is an error about whichever file was next.
pub(crate) fn raise_open_files() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        let wanted = limit.maximum.unwrap_or(u64::MAX).min(ENOUGH);
        let before = limit.current;
        if before.is_some_and(|before| before < wanted) {
            limit.current = Some(wanted);
            // a system that refuses leaves what there was
            return setrlimit(Resource::Nofile, limit).map_or(before, |()| Some(wanted));
        }
        before
    }
    #[cfg(windows)]
    None
}

/// A program that is started so that it can be ended with what it starts itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProcessGroup {
    is_own: bool,
}

impl ProcessGroup {
    /// Gives the command a process group of its own. Not where this process is in the foreground of a terminal: from
    /// another group the command could not ask for a passphrase there, and Ctrl-C reaches both as it is. Windows has no
    /// such groups.
    pub(crate) fn of(command: &mut Command) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt as _;
            let foreground = std::fs::File::open("/dev/tty").ok().and_then(|tty| rustix::termios::tcgetpgrp(tty).ok());
            let is_own = foreground != Some(rustix::process::getpgrp());
            if is_own {
                command.process_group(0);
            }
            Self { is_own }
        }
        #[cfg(windows)]
        {
            let _ = command;
            Self { is_own: false }
        }
    }

    /// Asks what was started to end. Where there is no way to ask, nothing happens.
    pub(crate) fn ask_to_end(self, child: &Child) {
        self.signal(child, false);
    }

    /// Ends what was started.
    pub(crate) fn kill(self, child: &mut Child) {
        self.signal(child, true);
        // it may have ended by itself this very moment; either way it is over
        let _ = child.kill();
    }

    fn signal(self, child: &Child, kill: bool) {
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal, kill_process, kill_process_group};
            let signal = if kill { Signal::KILL } else { Signal::TERM };
            let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return };
            // who has gone already needs no signal
            let _ = if self.is_own { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
        }
        #[cfg(windows)]
        let _ = (self.is_own, child, kill);
    }
}
