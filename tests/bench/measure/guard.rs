//! The process between the bench and a client: it measures the client with all its children, and takes them along when
//! the bench ends, however it ends.
//!
//! A process of its own, because the kernel counts the memory of the process that forks as the child's first; this one
//! is small. It is this very program, started with [`GUARD`].

use crate::Problem;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, killpg};
use nix::sys::time::TimeValLike as _;
use nix::unistd::Pid;
use serde_json::json;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Instant;
use std::{fs, io, thread};

/// The first word of a command line that is a guard's; the file for the report and the client's command follow.
pub const GUARD: &str = "--guard";

/// Runs a command to its end and writes what it used.
pub fn guard(words: &[OsString]) -> Result<(), Problem> {
    let [report, program, arguments @ ..] = words else {
        return Err("a guard needs a report and a command".into());
    };
    let begin = Instant::now();
    let mut client = Command::new(program).args(arguments).stdin(Stdio::null()).process_group(0).spawn()?;
    let group = Pid::from_raw(client.id().try_into()?);
    thread::spawn(move || end_with_the_bench(group));
    let status = client.wait()?;
    let wall = begin.elapsed();
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let processor = used.user_time().num_microseconds() + used.system_time().num_microseconds();
    // Bytes on macOS, where everybody else says kilobytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    let report_text = json!({
        "wall": wall.as_secs_f64(), "processor": std::time::Duration::from_micros(processor.try_into()?).as_secs_f64(),
        "peak": used.max_rss() * unit, "status": status.code(),
    });
    fs::write(report, report_text.to_string())?;
    Ok(())
}

/// The bench holds the other end of this input: it ends when the bench lets go, or is gone.
fn end_with_the_bench(group: Pid) {
    io::copy(&mut io::stdin(), &mut io::sink()).ok();
    // The client and whatever it started; the guard is in another group and sees them end.
    killpg(group, Signal::SIGKILL).ok();
}
