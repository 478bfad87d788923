//! A progress bar while large files are read, on a terminal only.

use std::path::Path;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};
use topology::Progress;

/// Files below this are read before a bar could be seen, bytes.
const WORTH_A_BAR_BYTES: u64 = 1024 * 1024;

/// One bar, for one file after the other.
#[derive(Debug, Default)]
pub struct Bar {
    shown: Mutex<Option<ProgressBar>>,
}

impl Progress for Bar {
    fn reading(&self, path: &Path, done_bytes: u64, total_bytes: u64) {
        if total_bytes < WORTH_A_BAR_BYTES {
            return;
        }
        let Ok(mut shown) = self.shown.lock() else { return };
        // The read that finds the end of the file has nothing more to show.
        if shown.is_none() && done_bytes >= total_bytes {
            return;
        }
        let bar = shown.get_or_insert_with(|| new_bar(path, total_bytes));
        bar.set_position(done_bytes);
        if done_bytes >= total_bytes {
            bar.finish_and_clear();
            *shown = None;
        }
    }
}

fn new_bar(path: &Path, total_bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(total_bytes);
    let template = "{msg} [{bar:40}] {percent} % {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    bar
}
