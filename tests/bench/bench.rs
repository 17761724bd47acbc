//! The bench from start to end: what all rows share, the rows in order, and the page at the end.

use crate::arguments::Arguments;
use crate::files::{MEGABYTE, Repository};
use crate::machine::{self, Peers};
use crate::measure::INTERRUPTED;
use crate::place::Place;
use crate::report::Page;
use crate::serve::certificate::Certificate;
use crate::{Problem, rows};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::runtime::{Handle, Runtime};
use tokio::signal::unix::{SignalKind, signal};

/// The data sets. Rows share them, because gigabytes take seconds to make and memory to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Data {
    /// 4 × 512 MB
    Shards,
    /// 1 × 1 GB
    Single,
    /// 2 × 64 MB
    Pair,
    /// 2,000 × 1–20 KB
    Small,
}

pub struct Bench {
    arguments: Arguments,
    peers: Peers,
    runtime: Runtime,
    repositories: Mutex<HashMap<Data, Arc<Repository>>>,
    certificate: OnceLock<Certificate>,
    // Last, so that it goes after everything that has files in it.
    place: Place,
}

impl Bench {
    pub fn runs(&self) -> usize {
        self.arguments.runs
    }

    pub fn peers(&self) -> &Peers {
        &self.peers
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    pub fn runtime(&self) -> &Handle {
        self.runtime.handle()
    }

    pub fn repository(&self, data: Data) -> Result<Arc<Repository>, Problem> {
        let mut made = self.repositories.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(repository) = made.get(&data) {
            return Ok(Arc::clone(repository));
        }
        let folder = self.place.path();
        let repository = Arc::new(match data {
            Data::Shards => Repository::of_large("shards", folder, 4, 512 * MEGABYTE)?,
            Data::Single => Repository::of_large("single", folder, 1, 1000 * MEGABYTE)?,
            Data::Pair => Repository::of_large("pair", folder, 2, 64 * MEGABYTE)?,
            Data::Small => Repository::of_small("small", 2000),
        });
        made.insert(data, Arc::clone(&repository));
        Ok(repository)
    }

    pub fn certificate(&self) -> Result<&Certificate, Problem> {
        if self.certificate.get().is_none() {
            let made = Certificate::make(&self.place.fresh("certificate")?)?;
            // Rows run one after the other, so nobody else has set it meanwhile.
            self.certificate.set(made).ok();
        }
        self.certificate.get().ok_or_else(|| "no certificate".into())
    }
}

/// Runs the rows asked for and prints the page.
pub fn run(words: Vec<OsString>) -> Result<(), Problem> {
    let Some(arguments) = Arguments::parse(words)? else {
        eprintln!("this is a bench: cargo bench");
        return Ok(());
    };
    let chosen: Vec<_> = rows::ALL.iter().filter(|row| arguments.wants(row.name)).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = rows::ALL.iter().map(|row| row.name).collect();
        return Err(format!("no such row; there are {}", names.join(", ")).into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.spawn(heed_signals());
    let place = Place::choose(arguments.keep)?;
    let bench = Bench {
        peers: Peers::find(),
        runtime,
        repositories: Mutex::default(),
        certificate: OnceLock::new(),
        arguments,
        place,
    };
    let mut page = Page::new(&bench, &machine::line());
    for row in chosen {
        eprintln!("{}: {}", row.name, row.about);
        page.add(row, (row.run)(&bench));
        if INTERRUPTED.load(Ordering::Relaxed) {
            break;
        }
    }
    page.print();
    if bench.arguments.keep {
        eprintln!("kept: {}", bench.place.path().display());
    } else {
        fs::remove_dir_all(bench.place.path())?;
    }
    if INTERRUPTED.load(Ordering::Relaxed) { Err("interrupted".into()) } else { Ok(()) }
}

/// Ends what runs and leaves the tidying to the usual way out.
async fn heed_signals() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    INTERRUPTED.store(true, Ordering::Relaxed);
}
