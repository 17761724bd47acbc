//! Sizes and times as people read them: powers of 1000, as on the pages of the hub.

use std::time::Duration;

use indicatif::DecimalBytes;

/// `1.20 GB`.
pub(super) fn bytes(count: u64) -> String {
    DecimalBytes(count).to_string()
}

/// `12 s`, `3 m 20 s`, `2 h 5 m`.
pub(super) fn time(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} m {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `1 file`, `2 files`.
pub(super) fn files(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([bytes(0), bytes(999), bytes(1_200_000_000)], ["0 B", "999 B", "1.20 GB"]);
        let times = [59, 200, 7_500].map(|seconds| time(Duration::from_secs(seconds)));
        assert_eq!(times, ["59 s", "3 m 20 s", "2 h 5 m"]);
        assert_eq!([files(1), files(0)], ["1 file", "0 files"]);
    }
}
