//! A fragment is whole: is it what the publisher made, and did its sender sign for it?

use std::time::Instant;

use mp2p::frame::ByeReason;

use crate::exchange::engine::Engine;
use crate::exchange::event::{LinkId, Output, Report, ReportKind};
use crate::exchange::neighbours::Ban;
use crate::exchange::notary::DeliveryClaim;
use crate::exchange::request::{HELD_UP, Request};

impl Engine {
    pub(crate) fn whole(&mut self, id: LinkId, request: Request, delivery: &str, now: Instant) {
        let fragment = request.fragment;
        let Some(link) = self.links.get(&id) else { return };
        let (kind, sender) = (link.kind(), link.info.peer.clone());
        let took = now.saturating_duration_since(request.since);
        let expected = self.content.hash(fragment).copied();
        let (Some(expected), Some(found)) = (expected, request.hasher.finish()) else { return };
        let claim =
            DeliveryClaim { fragment, hash: &expected, sender: &sender, receiver: &self.me };
        let signed = self.notary.open_delivery(delivery, &claim);
        let proof = signed.is_some_and(|signed| signed != expected);
        if signed != Some(expected) || found != expected {
            if let Some(piece) = self.pieces.at(fragment) {
                piece.failed = piece.failed.saturating_add(1);
            }
            if let Some(link) = self.links.get_mut(&id) {
                link.taking.rejected += 1;
            }
            self.unasked(fragment, kind, now);
            let evidence = proof.then(|| Box::from(delivery));
            let kind = ReportKind::BadFragment;
            let report = Report { kind, peer: sender.clone(), fragment: Some(fragment), evidence };
            self.put(Output::Report(report));
            self.neighbours.ban(&sender, Ban::Proved);
            self.group.gone(&sender);
            return self.close(id, ByeReason::Fault, now);
        }
        if let Some(piece) = self.pieces.at(fragment) {
            piece.storing = true;
            piece.failed = 0;
        }
        if let Some(link) = self.links.get_mut(&id) {
            link.taking.bytes += u64::from(self.content.len(fragment));
            link.taking.fragments += 1;
            link.taking.stalls = 0;
            let seconds = took.as_secs_f64();
            let before = link.taking.took.unwrap_or(seconds);
            link.taking.took = Some((before + seconds) / 2.0);
        }
        self.unasked(fragment, kind, now);
        self.note_quick(id, took);
        self.fetching.usual.add(kind.near, took);
        self.cancel_others_for_good(fragment, now);
        self.no_longer_useful(fragment);
        self.put(Output::Write { fragment, bytes: request.slices });
        self.receipt_by_count(id, now);
    }

    fn cancel_others_for_good(&mut self, fragment: u32, now: Instant) {
        let mut asked = Vec::new();
        for (id, link) in &self.links {
            let mut requests = link.taking.requests.iter();
            if let Some(request) = requests.find(|request| request.fragment == fragment) {
                let held_up = request.begun.is_some() && now >= request.last + HELD_UP;
                asked.push((*id, held_up));
            }
        }
        for (id, held_up) in asked {
            match held_up {
                true => self.stalled(id, fragment, now),
                false => self.cancel(id, fragment, now),
            }
        }
    }

    fn no_longer_useful(&mut self, fragment: u32) {
        for link in self.links.values_mut() {
            if link.map.has(fragment) {
                link.useful = link.useful.saturating_sub(1);
            }
        }
    }
}
