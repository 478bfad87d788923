//! Receipts: given for what came, demanded for what went (Req-User-060).

use std::time::{Duration, Instant};

use mp2p::frame::{ByeReason, Frame};

use crate::exchange::engine::Engine;
use crate::exchange::event::{LinkId, Output};
use crate::exchange::notary::ReceiptClaim;

/// Who gives no receipt for so long is left.
const UNSIGNED_END: Duration = Duration::from_secs(120);

impl Engine {
    /// A receipt for all that came on a link, where the last one does not tell of all of it.
    pub(crate) fn give_receipt(&mut self, id: LinkId, now: Instant) {
        let Some(link) = self.links.get(&id) else { return };
        let all = link.taking.fragments + link.taking.rejected;
        if all <= link.taking.told {
            return;
        }
        let claim = ReceiptClaim {
            contributor: &link.info.peer,
            epoch: link.taking.epoch,
            seq: link.taking.seq + 1,
            bytes: link.taking.bytes,
            fragments: link.taking.fragments,
            rejected: link.taking.rejected,
            via: link.info.via.as_ref(),
        };
        let Some(receipt) = self.notary.sign_receipt(&claim) else { return };
        let receipt = receipt.into_boxed_str();
        if let Some(link) = self.links.get_mut(&id) {
            link.taking.seq += 1;
            (link.taking.told, link.taking.told_at) = (all, now);
        }
        self.send(id, Frame::Receipt(receipt.clone()), now);
        self.put(Output::Receipt(receipt));
    }

    pub(crate) fn receipt_by_count(&mut self, id: LinkId, now: Instant) {
        let Some(link) = self.links.get(&id) else { return };
        let taking = &link.taking;
        if taking.fragments + taking.rejected >= taking.told + self.config.receipt_fragments {
            self.give_receipt(id, now);
        }
    }

    pub(crate) fn receipts_due(&mut self, now: Instant) {
        let after = self.config.receipt_after;
        let due = self.links.iter().filter(|(_, link)| now >= link.taking.told_at + after);
        let ids: Vec<LinkId> = due.map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.give_receipt(id, now));
        let ids: Vec<LinkId> = self.links.keys().copied().collect();
        ids.into_iter().for_each(|id| self.demand_receipt(id, now));
    }

    /// Beyond a window without receipt nothing more is started.
    pub(crate) fn demand_receipt(&mut self, id: LinkId, now: Instant) {
        let fragments = self.config.unsigned_fragments;
        let window = fragments * u64::from(self.content.cut.fragment_size());
        let window = window.max(self.config.unsigned_bytes);
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.giving.bytes < link.giving.signed.saturating_add(window) {
            link.giving.unsigned_since = None;
            return;
        }
        let since = *link.giving.unsigned_since.get_or_insert(now);
        if now >= since + UNSIGNED_END {
            self.close(id, ByeReason::Fault, now);
        }
    }

    pub(crate) fn receipt_frame(&mut self, id: LinkId, text: &str, now: Instant) {
        let Some(link) = self.links.get(&id) else { return };
        let Some((epoch, bytes)) = self.notary.open_receipt(text, &link.info.peer) else {
            return self.close(id, ByeReason::Fault, now);
        };
        let Some(link) = self.links.get_mut(&id) else { return };
        // One epoch per link, and never less or more than before.
        let first = *link.giving.signed_epoch.get_or_insert(epoch);
        if first != epoch || bytes < link.giving.signed || bytes > link.giving.bytes {
            return self.close(id, ByeReason::Fault, now);
        }
        link.giving.signed = bytes;
        self.demand_receipt(id, now);
        self.put(Output::Receipt(text.into()));
    }
}
