//! Bars on a terminal: one for the run, and one for each file under way above it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle as BarStyle};

use super::lock;
use crate::event::FileId;

/// What is drawn.
pub(super) struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    files: Mutex<HashMap<FileId, ProgressBar>>,
    waits: AtomicBool,
}

impl Bars {
    pub(super) fn new() -> Self {
        let all = MultiProgress::new();
        let total = ProgressBar::hidden();
        Self { all, total, files: Mutex::default(), waits: AtomicBool::new(false) }
    }

    pub(super) fn plan(&self, bytes: u64, resumed: u64) {
        self.clear_files();
        self.all.remove(&self.total);
        self.all.add(self.total.clone());
        self.total.set_length(bytes);
        self.total.set_style(style("{bar:30} {percent:>3}%  {decimal_bytes}/{decimal_total_bytes}  {decimal_bytes_per_sec}  {eta} left  {wide_msg}"));
        self.total.set_position(resumed);
        self.total.reset_eta();
        self.total.enable_steady_tick(Duration::from_millis(100));
    }

    pub(super) fn start(&self, file: FileId, path: &str, size: u64, have: u64) {
        let bar = ProgressBar::new(size).with_style(style("  {percent:>3}%  {decimal_total_bytes:>10}  {wide_msg}"));
        let bar = self.all.insert_before(&self.total, bar);
        bar.set_message(path.to_owned());
        bar.set_position(have);
        lock(&self.files).insert(file, bar);
    }

    pub(super) fn advance(&self, file: FileId, bytes: u64) {
        if self.waits.swap(false, Ordering::Relaxed) {
            self.total.set_message("");
        }
        self.total.inc(bytes);
        if let Some(bar) = lock(&self.files).get(&file) {
            bar.inc(bytes);
        }
    }

    pub(super) fn discard(&self, file: FileId, bytes: u64) {
        self.total.set_position(self.total.position().saturating_sub(bytes));
        if let Some(bar) = lock(&self.files).get(&file) {
            bar.set_position(bar.position().saturating_sub(bytes));
        }
    }

    pub(super) fn finish(&self, file: FileId) {
        if let Some(bar) = lock(&self.files).remove(&file) {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }

    pub(super) fn tell(&self, text: String) {
        self.waits.store(true, Ordering::Relaxed);
        self.total.set_message(text);
    }

    /// Runs what writes a line that stays, above the bars.
    pub(super) fn suspend(&self, say: impl FnOnce()) {
        self.all.suspend(say);
    }

    /// A line without a bar, where nothing is fetched.
    pub(super) fn watch(&self, text: String) {
        if self.total.is_hidden() {
            self.all.add(self.total.clone());
            self.total.set_style(style("{spinner} {wide_msg}"));
            self.total.enable_steady_tick(Duration::from_millis(100));
        }
        self.total.set_message(text);
    }

    /// A plan that failed leaves bars behind.
    fn clear_files(&self) {
        for (_, bar) in lock(&self.files).drain() {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }

    pub(super) fn close(&self) {
        self.clear_files();
        self.total.finish_and_clear();
        // a terminal that is gone needs no clearing
        drop(self.all.clear());
    }
}

fn style(template: &str) -> BarStyle {
    BarStyle::with_template(template).unwrap_or_else(|_| BarStyle::default_bar()).progress_chars("█▌ ")
}
