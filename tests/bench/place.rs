//! Where data and downloads lie: in memory when there is room, because a disk would be measured otherwise.

use crate::Problem;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The data of all rows (3.2 GB), the largest download (2 GB) beside it, and something to spare.
const ROOM: u64 = 7 << 30;

pub struct Place {
    folder: TempDir,
    pub is_memory: bool,
}

impl Place {
    pub fn choose(keep: bool) -> Result<Self, Problem> {
        let memory = Path::new("/dev/shm");
        let is_memory = fs4::available_space(memory).is_ok_and(|space| space >= ROOM) && memory_available() >= ROOM;
        let parent = if is_memory { memory.to_owned() } else { std::env::temp_dir() };
        let mut folder = TempDir::with_prefix_in("gatedl-bench-", parent)?;
        folder.disable_cleanup(keep);
        Ok(Self { folder, is_memory })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// An empty folder of this name; what was there is removed.
    pub fn fresh(&self, name: &str) -> Result<PathBuf, Problem> {
        let folder = self.path().join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

/// A memory file system may promise more than the machine has left. Where the kernel does not say, there is nothing.
fn memory_available() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() << 10
}
