//! The terminal: whether it obeys escapes, and the modes of the one that a password is typed at.

/// Whether what is written to standard error may hold escapes, if it is a terminal. The console of Windows before 2019 has
/// to be asked, and that before 2016 cannot.
pub(crate) fn obeys_escapes() -> bool {
    #[cfg(unix)]
    return true;
    #[cfg(windows)]
    return winapi_util::console::Console::stderr()
        .and_then(|mut console| console.set_virtual_terminal_processing(true))
        .is_ok();
}

/// The modes of the terminal, given back when this is dropped. The prompt gives the echo back when it ends, and with
/// SIGTERM the run ends before it: the user's shell would show nothing that is typed any more.
pub(crate) struct TerminalModes {
    #[cfg(unix)]
    saved: Option<(std::fs::File, rustix::termios::Termios)>,
}

impl TerminalModes {
    /// As they are now.
    pub(crate) fn save() -> Self {
        #[cfg(unix)]
        {
            let terminal = std::fs::File::open("/dev/tty").ok();
            let saved =
                terminal.and_then(|terminal| rustix::termios::tcgetattr(&terminal).ok().map(|modes| (terminal, modes)));
            Self { saved }
        }
        // there they belong to the prompt's own handle
        #[cfg(windows)]
        Self {}
    }
}

impl Drop for TerminalModes {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some((terminal, modes)) = &self.saved {
            // a terminal that has gone away needs no modes
            let _ = rustix::termios::tcsetattr(terminal, rustix::termios::OptionalActions::Now, modes);
        }
    }
}
