//! Holes in what an earlier run left: after a power cut a file has its length, and zeros where the bytes never reached the
//! disk. Zeros that belong there look the same; to fetch those again costs a little and harms nobody.

use std::fs::File;
use std::io;

use super::ranges::Ranges;
use crate::system::files::read_at;

/// What a file system forgets at once, in bytes, at least.
const BLOCK: u64 = 4096;
/// How much is read at once.
const READ: u64 = 64 * BLOCK;

/// Those of the `ranges` of a file that are in blocks of nothing but zeros. Reads them all.
pub(super) fn find(file: &File, ranges: &Ranges) -> io::Result<Ranges> {
    let mut holes = Ranges::default();
    let mut buffer = vec![0; usize::try_from(READ).unwrap_or(usize::MAX)];
    for range in ranges.iter() {
        let mut position = range.start;
        while position < range.end {
            // up to the end of a block of the file, so that the next reads begin with one
            let end = (position / BLOCK * BLOCK + READ).min(range.end);
            let wanted = usize::try_from(end - position).unwrap_or(usize::MAX);
            let read = read_at(file, &mut buffer[..wanted], position)?;
            if read == 0 {
                holes.insert(position..range.end);
                break;
            }
            let mut rest = &buffer[..read];
            while !rest.is_empty() {
                let in_block = usize::try_from(BLOCK - position % BLOCK).unwrap_or(usize::MAX).min(rest.len());
                let (block, after) = rest.split_at(in_block);
                if block.iter().all(|byte| *byte == 0) {
                    holes.insert(position..position + in_block as u64);
                }
                position += in_block as u64;
                rest = after;
            }
        }
    }
    Ok(holes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn blocks_of_zeros_are_holes_where_something_should_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mut content = vec![1; 40_000];
        content[8192..20_480].fill(0);
        content[30_000..30_100].fill(0);
        fs::write(&path, content).unwrap();
        let file = File::open(&path).unwrap();
        let of = |ranges: &[(u64, u64)]| {
            let mut set = Ranges::default();
            for (start, end) in ranges {
                set.insert(*start..*end);
            }
            find(&file, &set).unwrap().iter().map(|range| (range.start, range.end)).collect::<Vec<_>>()
        };
        assert_eq!(of(&[(0, 40_000)]), [(8192, 20_480)]);
        assert_eq!(of(&[(0, 9_000), (20_000, 50_000)]), [(8192, 9_000), (20_000, 20_480), (40_000, 50_000)]);
        assert_eq!(of(&[(0, 8192)]), []);
        assert_eq!(of(&[]), []);
    }
}
