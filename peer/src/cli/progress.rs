//! Progress on a terminal: a bar for each content, with rate, peers and how near they are.

use std::collections::HashMap;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use mp2p::id::ContentId;

use crate::control::message::TransferStatus;

const TEMPLATE: &str = "{prefix:20!} [{bar:30}] {bytes}/{total_bytes} {msg}";

/// Bars, where standard error is a terminal; nothing elsewhere.
#[derive(Default)]
pub(crate) struct Bars {
    all: MultiProgress,
    of: HashMap<ContentId, ProgressBar>,
}

impl Bars {
    pub(crate) fn show(&mut self, transfers: &[TransferStatus]) {
        for transfer in transfers {
            let bar = self.of.entry(transfer.content_id.clone()).or_insert_with(|| {
                let style = ProgressStyle::with_template(TEMPLATE)
                    .unwrap_or_else(|_| ProgressStyle::default_bar())
                    .progress_chars("=> ");
                let bar = self.all.add(ProgressBar::new(transfer.size).with_style(style));
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
}

fn line(transfer: &TransferStatus) -> String {
    let whole = transfer.by_rank.iter().map(|share| share.bytes).sum::<u64>();
    let near = transfer.by_rank.iter().filter(|share| share.rank == Some(1));
    let near = near.map(|share| share.bytes).sum::<u64>();
    let share = match whole {
        0 => String::new(),
        whole => format!(", {} % from near by", near * 100 / whole),
    };
    let rate = indicatif::HumanBytes(transfer.down_rate);
    let note = transfer.message.as_deref().map_or_else(String::new, |text| format!(" - {text}"));
    format!(
        "{rate}/s from {} of {} peers{share}{note}",
        transfer.neighbours.len(),
        transfer.members
    )
}
