//! Progress on standard error: bars on a terminal, a plain line every ten seconds elsewhere.
//!
//! The total is known before the first byte and never changes. `hf` counts a file only when it starts, so its percentage
//! jumped from 38 to 13 to 0 to 60 in one run (hub-protocol §6.2); and into a pipe it shows next to nothing.

mod bars;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use self::bars::Bars;
use super::terminal::{ProgressStyle, Terminal};
use super::{size, wording};
use crate::event::{Event, FileId, Listener, Note, Wait, Warning};
use crate::text::visible;

/// How often a line is written where there are no bars.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Waits shorter than this pass before anyone has read about them.
const WORTH_TELLING: Duration = Duration::from_secs(1);
/// How often a wait for gates says that it goes on, where there are no bars: CI systems end jobs that are silent for ten
/// minutes.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5 * 60);

/// The listener of the command line.
pub(super) struct Progress {
    terminal: Terminal,
    counts: Arc<Counts>,
    bars: Option<Bars>,
    /// Warnings that were given: each is worth its line once.
    warned: Mutex<HashSet<String>>,
    heartbeat: Mutex<Option<(Sender<()>, JoinHandle<()>)>>,
    /// The last line about closed gates, and when it was written.
    told: Mutex<Option<(String, Instant)>>,
    /// Up to when each host was said to be waited for: whoever is refused says it, and so does whoever is held back.
    limits: Mutex<HashMap<String, Instant>>,
}

/// What is known about the whole run.
struct Counts {
    files: AtomicUsize,
    finished: AtomicUsize,
    bytes: AtomicU64,
    done: AtomicU64,
    resumed: AtomicU64,
    since: Mutex<Instant>,
}

impl Progress {
    pub(super) fn new(terminal: &Terminal) -> Self {
        let counts = Arc::new(Counts {
            files: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            done: AtomicU64::new(0),
            resumed: AtomicU64::new(0),
            since: Mutex::new(Instant::now()),
        });
        let bars = (terminal.progress == ProgressStyle::Bars).then(Bars::new);
        Self {
            terminal: terminal.clone(),
            counts,
            bars,
            warned: Mutex::default(),
            heartbeat: Mutex::new(None),
            told: Mutex::new(None),
            limits: Mutex::default(),
        }
    }

    /// Ends the drawing; what is written after this stands below it.
    pub(super) fn close(&self) {
        if let Some(bars) = &self.bars {
            bars.close();
        }
        if let Some((stop, thread)) = lock(&self.heartbeat).take() {
            drop(stop);
            // it ends at once, and a panic in it has been printed
            drop(thread.join());
        }
    }

    /// A line that stays, above the bars if there are any.
    fn say(&self, label: &str, message: &str) {
        let text = format!("{} {}", self.terminal.label(label), visible(message));
        match &self.bars {
            Some(bars) => bars.suspend(|| Terminal::say(&text)),
            None => Terminal::say(&text),
        }
    }

    /// Whether nobody has said yet that a host is waited for as long as this.
    fn is_news(&self, host: &str, wait: Duration) -> bool {
        let (until, mut limits) = (Instant::now() + wait, lock(&self.limits));
        let told = limits.get(host).is_some_and(|told| until < *told + Duration::from_secs(1));
        if !told {
            limits.insert(host.to_owned(), until);
        }
        !told
    }

    /// Gates that are asked again and again: one line that changes on a terminal, a line where something changes
    /// elsewhere.
    fn watch(&self, repos: &[String], wait: Duration, left: Duration) {
        let names = match repos {
            [] => return,
            [only] => format!("`{only}`"),
            [first, rest @ ..] => format!("`{first}` and {} more", rest.len()),
        };
        let text = format!("waiting for access to {names}");
        match (&self.bars, self.terminal.progress) {
            (Some(bars), _) => {
                let (wait, left) = (size::time(wait), size::time(left));
                bars.watch(format!("{names}: no access yet; asking again in {wait}, {left} left"));
            }
            (None, ProgressStyle::Lines | ProgressStyle::Waits) => {
                let mut told = lock(&self.told);
                if told.as_ref().is_none_or(|(last, at)| *last != text || at.elapsed() >= SIGN_OF_LIFE) {
                    Terminal::say(&format!("{text}, for {} at most", size::time(left)));
                    *told = Some((text, Instant::now()));
                }
            }
            _ => {}
        }
    }

    fn start_heartbeat(&self) {
        let (stop, stopped) = mpsc::channel();
        let counts = Arc::clone(&self.counts);
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(LINE_EVERY) == Err(RecvTimeoutError::Timeout) {
                Terminal::say(&counts.line());
            }
        });
        *lock(&self.heartbeat) = Some((stop, thread));
    }
}

impl Listener for Progress {
    fn event(&self, event: &Event) {
        match event {
            Event::Plan { files, bytes, resumed } => self.plan(*files, *bytes, *resumed),
            Event::Hash { files, bytes } => self.hash(*files, *bytes),
            Event::Start { file, path, size, have } => self.start(*file, path.as_str(), *size, *have),
            Event::Advance { file, bytes } => self.advance(*file, *bytes),
            Event::Discard { file, bytes } => self.discard(*file, *bytes),
            Event::Verified { file, .. } | Event::Unverified { file, .. } => self.finish(*file),
            Event::Wait(wait) => self.wait(wait),
            Event::Retry { reason, wait } => self.retry(reason, *wait),
            Event::Note(note) => self.note(note),
            Event::Warning(warning) => self.warn(warning),
        }
    }
}

impl Progress {
    // one run may have several plans, one after the other; each is counted by itself
    fn plan(&self, files: usize, bytes: u64, resumed: u64) {
        *lock(&self.counts.since) = Instant::now();
        self.counts.finished.store(0, Ordering::Relaxed);
        self.counts.files.store(files, Ordering::Relaxed);
        self.counts.bytes.store(bytes + resumed, Ordering::Relaxed);
        self.counts.done.store(resumed, Ordering::Relaxed);
        self.counts.resumed.store(resumed, Ordering::Relaxed);
        if resumed > 0 && matches!(self.terminal.progress, ProgressStyle::Bars | ProgressStyle::Lines) {
            Terminal::say(&format!("going on from {} that an earlier run fetched", size::bytes(resumed)));
        }
        match &self.bars {
            Some(bars) => bars.plan(bytes + resumed, resumed),
            None if self.terminal.progress == ProgressStyle::Lines => self.start_heartbeat(),
            None => {}
        }
    }

    fn hash(&self, files: usize, bytes: u64) {
        if self.terminal.progress != ProgressStyle::Hidden {
            Terminal::say(&format!(
                "hashing {} that {} here ({})",
                size::files(files),
                if files == 1 { "is" } else { "are" },
                size::bytes(bytes)
            ));
        }
        self.plan(files, bytes, 0);
    }

    fn start(&self, file: FileId, path: &str, size: u64, have: u64) {
        if let Some(bars) = &self.bars {
            bars.start(file, path, size, have);
        }
    }

    fn advance(&self, file: FileId, bytes: u64) {
        self.counts.done.fetch_add(bytes, Ordering::Relaxed);
        if let Some(bars) = &self.bars {
            bars.advance(file, bytes);
        }
    }

    fn discard(&self, file: FileId, bytes: u64) {
        self.counts.done.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(bars) = &self.bars {
            bars.discard(file, bytes);
        }
    }

    fn finish(&self, file: FileId) {
        self.counts.finished.fetch_add(1, Ordering::Relaxed);
        if let Some(bars) = &self.bars {
            bars.finish(file);
        }
    }

    fn wait(&self, wait: &Wait) {
        let text = match wait {
            Wait::RateLimited { host, wait } => (*wait >= WORTH_TELLING && self.is_news(host, *wait))
                .then(|| format!("{host}: rate limited, going on in {}", size::time(*wait))),
            Wait::Locked { path, holder: Some(process) } => {
                Some(format!("waiting for process {process}, which fetches `{path}`"))
            }
            Wait::Locked { path, holder: None } => Some(format!("waiting for another process that fetches `{path}`")),
            Wait::Gates { repos, wait, left } => return self.watch(repos, *wait, *left),
        };
        if let Some(text) = text {
            self.tell(text);
        }
    }

    fn retry(&self, reason: &str, wait: Duration) {
        if wait >= WORTH_TELLING {
            self.tell(format!("{reason}; trying again in {}", size::time(wait)));
        }
    }

    /// Why nothing moves: beside the bar, or a line of its own.
    fn tell(&self, text: String) {
        match &self.bars {
            Some(bars) => bars.tell(text),
            None if self.terminal.progress != ProgressStyle::Hidden => Terminal::say(&text),
            None => {}
        }
    }

    fn note(&self, note: &Note) {
        if self.terminal.summary {
            self.say("note", &wording::note(note));
        }
    }

    fn warn(&self, warning: &Warning) {
        for line in wording::warning(warning) {
            if lock(&self.warned).insert(line.clone()) {
                self.say("warning", &line);
            }
        }
    }
}

impl Counts {
    /// `3/12 files, 1.20 GB of 4.50 GB, 30.00 MB/s, 1 m 50 s left`
    fn line(&self) -> String {
        let (done, bytes) = (self.done.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        let elapsed = lock(&self.since).elapsed().as_secs().max(1);
        let rate = done.saturating_sub(self.resumed.load(Ordering::Relaxed)) / elapsed;
        let left = match bytes.saturating_sub(done).checked_div(rate) {
            Some(seconds) => format!("{} left", size::time(Duration::from_secs(seconds))),
            None => "waiting for bytes".to_owned(),
        };
        format!(
            "{}/{} files, {} of {}, {}/s, {left}",
            self.finished.load(Ordering::Relaxed),
            self.files.load(Ordering::Relaxed),
            size::bytes(done),
            size::bytes(bytes),
            size::bytes(rate),
        )
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
