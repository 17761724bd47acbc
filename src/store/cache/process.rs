//! This process as others can tell it, and whether another one is still there: for marks on files that several may write.
//!
//! A process number says something only on its own machine, since its last start, and within one container; so each mark
//! carries all of that. Where the system does not tell it (no `/proc`), nobody is ever known to be gone, which is the
//! safe answer.

#[cfg(target_os = "linux")]
use std::fs;
use std::hash::{BuildHasher as _, RandomState};
#[cfg(target_os = "linux")]
use std::path::Path;
use std::sync::OnceLock;

use sha1::{Digest as _, Sha1};

/// A number for this process: never 0, and where the system tells, the same in all of its parts.
pub(super) fn writer() -> u64 {
    static WRITER: OnceLock<u64> = OnceLock::new();
    *WRITER.get_or_init(|| {
        place().map_or_else(
            || RandomState::new().hash_one(std::process::id()).max(1),
            |place| u64::from(place) << 32 | u64::from(std::process::id()),
        )
    })
}

/// Whether the process of this number is known to have ended, or is this one.
pub(super) fn is_gone(writer: u64) -> bool {
    let process = u32::try_from(writer & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    let here = place().is_some_and(|place| u64::from(place) == writer >> 32);
    here && (process == std::process::id() || !is_alive(process))
}

/// The machine since its last start and the container, in 32 bits.
fn place() -> Option<u32> {
    #[cfg(target_os = "linux")]
    {
        static PLACE: OnceLock<Option<u32>> = OnceLock::new();
        let look = || {
            let hash = Sha1::digest(format!("{} {}", boot_id()?, namespace()?));
            Some(u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]))
        };
        *PLACE.get_or_init(look)
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// A number for the time since the machine was last started, where the system tells it: never below 2^32.
pub(super) fn boot() -> Option<u64> {
    static BOOT: OnceLock<Option<u64>> = OnceLock::new();
    let number = |id: &str| {
        let hash = Sha1::digest(id);
        hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)) | 1 << 32
    };
    *BOOT.get_or_init(|| boot_id().map(number))
}

/// The system's own name for that time. Once it is known it does not change.
fn boot_id() -> Option<&'static str> {
    static ID: OnceLock<Option<String>> = OnceLock::new();
    let id = ID.get_or_init(|| {
        #[cfg(target_os = "linux")]
        let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        // There is no way to ask for it in safe Rust. (Not run on macOS.)
        #[cfg(target_os = "macos")]
        let text = {
            let asked = std::process::Command::new("/usr/sbin/sysctl").args(["-n", "kern.bootsessionuuid"]).output();
            String::from_utf8(asked.ok()?.stdout).ok()?
        };
        // NTFS reads as zeros what had not reached the disk, and those are found (see `holes`)
        #[cfg(not(any(target_os = "linux", target_os = "macos")))]
        let text = String::new();
        Some(text.trim().to_owned()).filter(|id| !id.is_empty())
    });
    id.as_deref()
}

/// The name of this machine as Python's filelock writes it into a soft lock; a container's own processes have a mark in it.
pub(super) fn host_name() -> Option<String> {
    #[cfg(target_os = "linux")]
    {
        /// The processes that are in no container, on every Linux.
        const OUTSIDE: u64 = 0xEFFF_FFFC;
        let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?.trim().to_owned();
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'?';
        let mark = Some(namespace()?).filter(|space| *space != OUTSIDE).map(|space| format!("?pidns-{space:x}"));
        let whole = name.clone() + &mark.unwrap_or_default();
        (!name.is_empty() && name.bytes().all(is_plain) && whole.len() <= 253).then_some(whole)
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// Whether a process of this machine and container runs; also where that cannot be seen.
pub(super) fn is_alive(process: u32) -> bool {
    #[cfg(target_os = "linux")]
    {
        // a `/proc` that hides what belongs to others hides the first process as well
        Path::new("/proc").join(process.to_string()).exists() || !Path::new("/proc/1").exists()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = process;
        true
    }
}

#[cfg(target_os = "linux")]
fn namespace() -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::ino(&fs::metadata("/proc/self/ns/pid").ok()?))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn who_has_ended_is_known_only_of_this_machine() {
        let own = writer();
        assert_ne!(own, 0);
        assert!(is_gone(own), "what an earlier part of this process wrote is finished");
        let with = |process: u32| own >> 32 << 32 | u64::from(process);
        assert!(!is_gone(with(1)), "the first process runs");
        assert!(is_gone(with(u32::MAX)), "no process has that number");
        assert!(!is_gone(with(u32::MAX) ^ 1 << 40), "another machine's");
    }
}
