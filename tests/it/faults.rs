//! The fault matrix: every way in which an answer with a file can be wrong, for a small file and a large one, on a first
//! pull and on one that goes on, once and for ever. Each ends in verified bytes or in the right exit status with nothing
//! half-named, and where it failed, the next run without the fault mends it.
//!
//! What may come of a fault is written as a set where an engine has a choice: one that asks for many ranges meets
//! another answer than one that asks for the whole.

use crate::forward::idle_authority;
use crate::in_cache::{self, InCache};
use crate::sandbox::Sandbox;
use crate::support::{
    Access, Account, At, Fault, Gate, Hub, Place, Repository, Target, Times, generated, token_of, until,
};
use bytes::Bytes;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

const ID: &str = "org/model";
const NAME: &str = "model.data";
const MIB: usize = 1 << 20;
/// How far the run got that was interrupted before a large file is gone on with.
const STOPPED_AT: usize = 4 * MIB;
/// Most of a case is waiting, for a stall or for the end of patience.
const AT_ONCE: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Small,
    Large,
}

use Size::{Large, Small};

/// What is pulled, made once for all cases.
struct Stage {
    small: Bytes,
    large: Bytes,
    authority: String,
}

/// One square of the matrix.
#[derive(Clone, Debug)]
struct Case {
    size: Size,
    resumes: bool,
    place: Place,
    fault: Fault,
    times: Times,
}

impl Stage {
    fn new() -> Self {
        Self { small: generated(1, 1_900), large: generated(2, 6 * MIB), authority: idle_authority() }
    }

    fn content(&self, size: Size) -> &Bytes {
        match size {
            Small => &self.small,
            Large => &self.large,
        }
    }

    /// Gated, so that a token travels and the hub sees where to.
    fn hub(&self, size: Size) -> Hub {
        let repository = Repository::model(ID).gated(Gate::Manual);
        let repository = match size {
            Small => repository.file(NAME, self.small.clone()),
            Large => repository.lfs(NAME, self.large.clone()),
        };
        Hub::start(vec![repository]).account(Account::new("bob")).access("bob", ID, Access::Granted)
    }

    /// A cache that an interrupted run left.
    fn interrupted(&self, size: Size) -> Sandbox {
        let (hub, stop) = (self.hub(size), if size == Small { 700 } else { STOPPED_AT });
        let sandbox = Sandbox::new(&hub);
        hub.fault(At::content(NAME), Fault::StallAt(stop as u64), Times::Always);
        let process = sandbox.args(["pull", ID]).env("HF_TOKEN", token_of("bob")).spawn();
        hub.until("all before the stall is out", |requests| in_cache::sent(requests) >= stop as u64);
        let missing = || {
            let plan = sandbox.args(["pull", ID, "--dry-run", "--json"]).env("HF_TOKEN", token_of("bob"));
            plan.any_stdout().run().json()["bytes_to_fetch"].as_u64().expect("a number")
        };
        // what is written while the line pauses is noted as well
        until("the journal knows most of it", || size == Small || missing() < (3 * MIB) as u64);
        assert_eq!(stop_politely(process), 130);
        assert!(size == Small || missing() < (3 * MIB) as u64);
        hub.clear_faults();
        sandbox
    }

    /// Runs the cases at once and says what was wrong, with the case in front.
    fn play(&self, cases: Vec<Case>) {
        let count = cases.len();
        assert!(count > 20, "a matrix of {count}");
        let interrupted =
            cases.iter().any(|case| case.resumes).then(|| [Small, Large].map(|size| self.interrupted(size)));
        let (queue, complaints) = (Mutex::new(cases), Mutex::new(Vec::new()));
        let next = || queue.lock().expect("a queue").pop();
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some(case) = next() {
                        let before = interrupted.as_ref().filter(|_| case.resumes);
                        let before = before.map(|[small, large]| if case.size == Small { small } else { large });
                        let judged = catch_unwind(AssertUnwindSafe(|| self.judge(&case, before)));
                        if let Err(complaint) = judged.unwrap_or_else(|_| Err("panicked, see above".to_owned())) {
                            complaints.lock().expect("a list").push(format!("{case:?}: {complaint}\n"));
                        }
                    }
                });
            }
        });
        let complaints = complaints.into_inner().expect("a list");
        assert!(complaints.is_empty(), "{} of {count}:\n{}", complaints.len(), complaints.concat());
    }

    fn judge(&self, case: &Case, before: Option<&Sandbox>) -> Result<(), String> {
        let hub = self.hub(case.size);
        let sandbox = Sandbox::new(&hub);
        if let Some(before) = before {
            in_cache::copy(&before.cache(), &sandbox.cache());
        }
        let allowed = case.allowed();
        hub.fault(At::new(case.place, NAME), case.fault.clone(), case.times);
        // patience only where it must end: a busy machine is no fault
        let timeout = if allowed.contains(&0) { "40" } else { "2" };
        let finished = self.pull(&sandbox, timeout);
        let (cached, etag) = (InCache::of(&sandbox, &hub, ID), hub.etag(ID, NAME));
        let (status, said) = (finished.status, sandbox.redact(&finished.stderr));
        if !allowed.contains(&status) || said.contains("panicked") {
            return Err(format!("exit {status}, not {allowed:?}\n{said}"));
        }
        if status == 0 {
            return cached.is_whole(NAME, &etag, self.content(case.size));
        }
        cached.is_nameless().map_err(|problem| format!("exit {status} but {problem}\n{said}"))?;
        if status == 6 && !cached.unfinished().is_empty() {
            return Err(format!("what did not verify is still there: {:?}", cached.unfinished()));
        }
        if !said.starts_with("error: ") && !said.contains("\nerror: ") {
            return Err(format!("exit {status} without an error:\n{said}"));
        }
        hub.clear_faults();
        let mended = self.pull(&sandbox, "40");
        if mended.status != 0 {
            return Err(format!("after exit {status} the next run ended in {}\n{}", mended.status, mended.stderr));
        }
        cached.is_whole(NAME, &etag, self.content(case.size)).map_err(|problem| format!("the next run: {problem}"))
    }

    fn pull(&self, sandbox: &Sandbox, timeout: &str) -> crate::sandbox::Finished {
        let authority = sandbox.write("authority.pem", &self.authority);
        let run = sandbox.args(["pull", ID, "--timeout", timeout]).env("HF_TOKEN", token_of("bob"));
        let run = run.env("SSL_CERT_FILE", authority);
        run.env("HF_HUB_DOWNLOAD_TIMEOUT", "1").spawn().wait()
    }
}

/// Ctrl-C where there is one.
fn stop_politely(process: crate::sandbox::Process) -> i32 {
    #[cfg(unix)]
    {
        process.interrupt();
        process.wait().status
    }
    #[cfg(not(unix))]
    {
        process.kill();
        130
    }
}

impl Case {
    /// The exit statuses that keep the promises.
    fn allowed(&self) -> &'static [i32] {
        const DONE: &[i32] = &[0];
        const CORRUPT: &[i32] = &[6];
        const FAILED: &[i32] = &[7];
        const DONE_OR_CORRUPT: &[i32] = &[0, 6];
        const DONE_OR_FAILED: &[i32] = &[0, 7];
        let (once, own) = (self.times != Times::Always, self.size == Small || self.place == Place::Resolve);
        match self.fault {
            // said by the hub itself it is the last word: about the token, the gate, the file
            Fault::Status(401) if own => &[3],
            Fault::Status(403) if own => &[4],
            Fault::Status(404) if own => &[5],
            Fault::Status(400) if own => FAILED,
            Fault::Status(416) if own => {
                if once {
                    DONE_OR_FAILED
                } else {
                    FAILED
                }
            }
            // bytes that come, though too few at a time, are progress
            Fault::Cut(1..) | Fault::Stall(1..) => DONE,
            Fault::IgnoreRange | Fault::HostileEtag(_) => DONE,
            // some proxies never send it (text-embeddings-inference#895), so it must not end a pull
            Fault::NoContentRange => DONE,
            // a redirect has no range and no length worth believing, and nothing in its body
            Fault::FlipBit(_) | Fault::ShortBody(_) | Fault::LongBody(_) | Fault::WrongContentRange
                if self.place == Place::Resolve && self.size == Large =>
            {
                DONE
            }
            Fault::FlipBit(at) => match (self.size, self.resumes, once) {
                (Small, false, _) => CORRUPT,
                (Small, true, _) => DONE_OR_CORRUPT,
                // the bytes before are here already
                (Large, true, _) if at < STOPPED_AT as u64 - 2 * MIB as u64 => DONE,
                (Large, true, true) => DONE,
                (Large, false, true) => DONE_OR_CORRUPT,
                (Large, _, false) => CORRUPT,
            },
            _ if once => DONE,
            // harmless to an engine that does not look, or does not ask for a range
            Fault::WrongContentRange | Fault::LongBody(_) | Fault::LyingLength(_) => DONE_OR_FAILED,
            _ => FAILED,
        }
    }
}

/// All faults, scaled to the size of the file.
fn faults(size: Size) -> Vec<Fault> {
    let all = Fault::all_for_files().into_iter();
    let scale = |fault| match fault {
        Fault::Cut(700) => Fault::Cut(2 * MIB as u64 + 1),
        Fault::Stall(700) => Fault::Stall(2 * MIB as u64 + 1),
        Fault::FlipBit(700) => Fault::FlipBit(5 * MIB as u64),
        Fault::ShortBody(700) => Fault::ShortBody(700_000),
        fault => fault,
    };
    all.map(|fault| if size == Large { scale(fault) } else { fault }).collect()
}

fn cases(place: Place, resumes: bool, times: Times) -> Vec<Case> {
    let of = |size| faults(size).into_iter().map(move |fault| Case { size, resumes, place, fault, times });
    [Small, Large].into_iter().flat_map(of).collect()
}

#[test]
fn a_fault_that_passes_costs_time_and_no_file() {
    Stage::new().play(cases(Place::Content, false, Times::Next(1)));
}

#[test]
fn a_fault_that_stays_ends_a_first_pull_with_nothing_half_named() {
    Stage::new().play(cases(Place::Content, false, Times::Always));
}

#[test]
fn a_fault_that_passes_does_not_keep_a_pull_from_going_on() {
    Stage::new().play(cases(Place::Content, true, Times::Next(1)));
}

#[test]
fn a_fault_that_stays_costs_a_partial_file_nothing_but_what_is_wrong() {
    Stage::new().play(cases(Place::Content, true, Times::Always));
}

/// The answer that only points to a large file; of a small one it is the file itself, which the others have tried.
#[test]
fn a_broken_way_to_a_large_file_is_taken_again() {
    let large = |times| cases(Place::Resolve, false, times).into_iter().filter(|case| case.size == Large);
    // a body that is cut, late or short is no loss where only the headers count
    let matters =
        |case: &Case| !matches!(case.fault, Fault::Cut(_) | Fault::Stall(_) | Fault::Gzip | Fault::LyingLength(_));
    let mut cases: Vec<Case> = large(Times::Next(1)).collect();
    cases.extend(large(Times::Always).filter(matters));
    Stage::new().play(cases);
}

#[test]
fn a_redirect_loop_ends_at_once() {
    let stage = Stage::new();
    let hub = stage.hub(Small);
    let sandbox = Sandbox::new(&hub);
    hub.fault(At::content(NAME), Fault::Redirect(Target::Itself), Times::Always);
    let finished = stage.pull(&sandbox, "40");
    assert_eq!(finished.status, 7, "{}", finished.stderr);
    assert!(finished.stderr.contains("more than 10 redirects"), "{}", finished.stderr);
    assert!(in_cache::gets(&hub.requests()) <= 40, "{}", hub.log());
}
