//! Reports of success (TR 20002 §8.3.8 step 2): what this peer received since the last one, and
//! from how far.
//!
//! How far it was at the last report is kept on the disk with the report itself, in one file: after
//! a crash the next report tells what this one did not, and this one is told again under its
//! number.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mp2p::id::{ContentId, OverlayId};
use mp2p::message::bound::List;
use mp2p::message::report::SuccessReport;
use serde::{Deserialize, Serialize};

use crate::control::message::FromRank;
use crate::home::{read_json, replace};
use crate::report::{Kind, Reports};

/// Longest note read back.
const MAX_NOTE_BYTES: u64 = 256 << 10;

/// What was told, as it stands on the disk.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Note {
    bytes: u64,
    fragments: u64,
    is_complete: bool,
    /// The last report: number and text.
    last: Option<(u64, String)>,
}

/// What was told, and when the next is due.
pub(crate) struct Success {
    note: PathBuf,
    interval: Duration,
    due: Instant,
    since: Instant,
    bytes: u64,
    fragments: u64,
    by_distance: BTreeMap<u32, u64>,
    is_complete: bool,
}

/// How far a transfer is.
pub(crate) struct Standing {
    pub(crate) bytes: u64,
    pub(crate) fragments: u64,
    pub(crate) by_rank: Vec<FromRank>,
    pub(crate) is_complete: bool,
}

impl Success {
    /// Of a transfer that begins with some of the content here; what an earlier run told, and what
    /// it may not have told any more, stands in `folder`.
    pub(crate) fn resume(
        folder: &Path,
        (bytes, fragments): (u64, u64),
        is_complete: bool,
        reports: &Reports,
        now: Instant,
    ) -> Self {
        let path = folder.join("success.json");
        let note = read_json(&path, MAX_NOTE_BYTES).unwrap_or_else(|_| {
            // Whatever is here first was not received from anybody.
            let note = Note { bytes, fragments, is_complete, last: None };
            write(&path, &note);
            note
        });
        if let Some((seq, text)) = &note.last {
            reports.put(Kind::Success, &name(*seq), text);
        }
        let interval = Duration::from_secs(60);
        Self {
            note: path,
            interval,
            due: now + interval,
            since: now,
            // What is gone since will be received anew.
            bytes: note.bytes.min(bytes),
            fragments: note.fragments.min(fragments),
            by_distance: BTreeMap::new(),
            is_complete: note.is_complete && is_complete,
        }
    }

    /// As often as the provider asks.
    pub(crate) fn every(&mut self, seconds: u64, now: Instant) {
        self.interval = Duration::from_secs(seconds.clamp(1, 86_400));
        self.due = self.due.min(now + self.interval);
    }

    /// Whether a report is due: its time has come, or the content is whole.
    pub(crate) fn is_due(&self, is_complete: bool, now: Instant) -> bool {
        now >= self.due || (is_complete && !self.is_complete)
    }

    /// Reports what is new, where there is something.
    pub(crate) fn report(
        &mut self,
        (overlay, content): (&OverlayId, &ContentId),
        standing: Standing,
        reports: &Reports,
        now: Instant,
    ) {
        self.due = now + self.interval;
        let bytes = standing.bytes.saturating_sub(self.bytes);
        if bytes == 0 && standing.is_complete == self.is_complete {
            return;
        }
        let Ok(seq) = reports.spool.number() else { return };
        let told_before = self.by_distance.clone();
        let mut by_distance = BTreeMap::new();
        for share in &standing.by_rank {
            let rank = share.rank.unwrap_or_default();
            let told = self.by_distance.insert(rank, share.bytes).unwrap_or_default();
            by_distance.insert(rank, share.bytes.saturating_sub(told));
        }
        // What came before a crash came from nobody knows how far.
        let known: u64 = by_distance.values().sum();
        *by_distance.entry(0).or_default() += bytes.saturating_sub(known);
        by_distance.retain(|_, bytes| *bytes > 0);
        let report = SuccessReport {
            overlay_id: overlay.clone(),
            content_id: content.clone(),
            seq,
            fragments: standing.fragments.saturating_sub(self.fragments),
            bytes,
            seconds: now.saturating_duration_since(self.since).as_secs(),
            complete: standing.is_complete,
            by_distance,
            partners: List::default(),
        };
        let Ok(text) = serde_json::to_string(&report) else { return };
        let note = Note {
            bytes: standing.bytes,
            fragments: standing.fragments,
            is_complete: standing.is_complete,
            last: Some((seq, text.clone())),
        };
        if !write(&self.note, &note) {
            // Told later, with what comes until then.
            self.by_distance = told_before;
            return;
        }
        reports.put(Kind::Success, &name(seq), &text);
        (self.bytes, self.fragments) = (standing.bytes, standing.fragments);
        (self.since, self.is_complete) = (now, standing.is_complete);
    }
}

fn name(seq: u64) -> String {
    format!("success {seq}")
}

fn write(path: &Path, note: &Note) -> bool {
    let written = serde_json::to_vec(note).map(|text| replace(path, &text));
    let is_kept = matches!(written, Ok(Ok(())));
    if !is_kept {
        tracing::warn!("what was received cannot be noted on the disk");
    }
    is_kept
}
