//! Progress on a terminal: a bar for each content, with rate, peers and how near they are.
//! Elsewhere only what is in the way is told, in lines.

use std::collections::HashMap;
use std::io::{self, IsTerminal};
use std::path::Path;

use indicatif::{HumanBytes, HumanDuration, MultiProgress, ProgressBar, ProgressStyle};
use mp2p::id::ContentId;

use crate::control::message::{Hashing, State, TransferStatus};

const FETCHING: &str = "{prefix}\n  [{wide_bar}] {percent:>3} % of {total_bytes}\n  {wide_msg}";
const HASHING: &str = "{prefix} [{wide_bar}] {bytes}/{total_bytes}";
/// Distances that a line has room for.
const MAX_SHARES: usize = 4;

/// Bars, where standard error is a terminal.
#[derive(Default)]
pub(crate) struct Bars {
    all: MultiProgress,
    of: HashMap<ContentId, ProgressBar>,
    told: HashMap<ContentId, String>,
}

impl Bars {
    pub(crate) fn show(&mut self, transfers: &[TransferStatus]) {
        if !io::stderr().is_terminal() {
            return self.tell(transfers);
        }
        for transfer in transfers {
            let bar = self.of.entry(transfer.content_id.clone()).or_insert_with(|| {
                let bar = self.all.add(bar(FETCHING, transfer.size));
                bar.set_prefix(transfer.title.clone());
                bar
            });
            bar.set_length(transfer.size);
            bar.set_position(transfer.have);
            bar.set_message(line(transfer));
        }
    }

    pub(crate) fn clear(&self) {
        let _ = self.all.clear();
    }

    /// What a transfer waits for, when that changes.
    fn tell(&mut self, transfers: &[TransferStatus]) {
        for transfer in transfers.iter().filter(|transfer| transfer.state == State::Fetching) {
            let message = transfer.message.clone().unwrap_or_default();
            let told = self.told.entry(transfer.content_id.clone()).or_default();
            if *told != message && !message.is_empty() && transfer.size > 0 {
                eprintln!("{}: {message}", transfer.title);
            }
            *told = message;
        }
    }
}

/// The progress of hashing one file or folder.
#[derive(Default)]
pub(crate) struct HashBar(Option<ProgressBar>);

impl HashBar {
    pub(crate) fn show(&mut self, all: &[Hashing], path: &Path) {
        let Some(work) = all.iter().find(|work| work.path == *path && work.size > 0) else {
            return self.clear();
        };
        let bar = self.0.get_or_insert_with(|| {
            let bar = bar(HASHING, work.size);
            bar.set_prefix("hashing");
            bar
        });
        bar.set_position(work.done);
    }

    pub(crate) fn clear(&mut self) {
        if let Some(bar) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}

fn bar(template: &str, size: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ");
    ProgressBar::new(size).with_style(style)
}

/// `2.1 MiB/s, 12 seconds left, 3 of 7 others; 83 % rank 1, 17 % rank 2`.
fn line(transfer: &TransferStatus) -> String {
    let mut parts = vec![format!("{}/s", HumanBytes(transfer.down_rate))];
    let left = transfer.size.saturating_sub(transfer.have).checked_div(transfer.down_rate);
    if let Some(seconds) = left.filter(|_| transfer.state == State::Fetching) {
        let left = std::time::Duration::from_secs(seconds.max(1));
        parts.push(format!("{:#} left", HumanDuration(left)));
    }
    parts.push(format!("{} of {} others", transfer.neighbours.len(), transfer.others()));
    let shares = shares(transfer);
    let shares = if shares.is_empty() { shares } else { format!("; {shares}") };
    let note = transfer.message.as_deref().map_or_else(String::new, |text| format!(" - {text}"));
    format!("{}{shares}{note}", parts.join(", "))
}

/// Shares of the bytes by network distance.
fn shares(transfer: &TransferStatus) -> String {
    let whole = transfer.by_rank.iter().map(|share| share.bytes).sum::<u64>().max(1);
    let share = |share: &crate::control::message::FromRank| {
        let from = share.rank.map_or_else(|| "rank ?".to_owned(), |rank| format!("rank {rank}"));
        format!("{} % {from}", share.bytes * 100 / whole)
    };
    let shares: Vec<String> = transfer.by_rank.iter().take(MAX_SHARES).map(share).collect();
    shares.join(", ")
}
