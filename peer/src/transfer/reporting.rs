//! What a driver has to tell the provider.

use std::time::Instant;

use mp2p::message::bound::Text;
use mp2p::message::failure::{Failure, FailureKind};
use mp2p::receipt::Receipt;

use crate::exchange::{Report, ReportKind};
use crate::report::Kind;
use crate::transfer::driver::Driver;
use crate::transfer::notary::{MAX_RECEIPT_AGE_S, unix_s};
use crate::transfer::success::Standing;

impl Driver {
    /// What went wrong with another is for OMS (TR 20002 §8.3.8 step 3).
    pub(crate) fn failed(&self, report: Report) {
        self.node.metrics.failed(report.kind);
        let fragment = report.fragment;
        let name = format!("{} {:?} {fragment:?}", report.peer, report.kind);
        let failure = Failure {
            kind: match report.kind {
                ReportKind::Unreachable => FailureKind::Unreachable,
                ReportKind::Slow => FailureKind::Slow,
                ReportKind::Timeout => FailureKind::Timeout,
                ReportKind::BadFragment => FailureKind::BadFragment,
                ReportKind::Overload => FailureKind::Overload,
            },
            peer_id: report.peer,
            fragment: fragment.map(u64::from),
            evidence: report.evidence.and_then(|text| Text::new(text).ok()),
            at: unix_s(),
        };
        if let Ok(text) = serde_json::to_string(&(&self.kept.index.overlay_id, &failure)) {
            self.node.reports.put(Kind::Failure, &name, &text);
        }
    }

    /// A receipt says all that was received since its epoch began: the last one is enough.
    pub(crate) fn receipt(&self, text: &str) {
        if let Ok(receipt) = Receipt::open(text, unix_s(), MAX_RECEIPT_AGE_S) {
            let (from, to) = (&receipt.contributor, &receipt.consumer);
            let name = format!("{from} {to} {} {}", receipt.overlay_id, receipt.epoch);
            self.node.reports.put(Kind::Receipt, &name, text);
        }
    }

    pub(crate) fn report_success(&mut self, now: Instant) {
        let (bytes, all) = self.store.progress();
        let is_complete = bytes == all;
        if self.success.is_due(is_complete, now) {
            let standing = Standing {
                bytes,
                fragments: u64::from(self.engine.have().held()),
                by_rank: self.counts.by_rank(),
                is_complete,
            };
            let index = &self.kept.index;
            let place = (&index.overlay_id, &index.content_id);
            self.success.report(place, standing, &self.node.reports, now);
        }
    }
}
