//! Fragments come: DATA, BUSY, and what does not come.

use std::time::{Duration, Instant};

use mp2p::frame::{Busy, ByeReason, Data, Frame, MapUpdate};

use crate::exchange::engine::Engine;
use crate::exchange::event::{LinkId, Output, Report, ReportKind, StoreError};
use crate::exchange::link::{Claim, Kind};

/// Shortest and longest time for which a busy peer is left alone.
const BUSY_MS: (u32, u32) = (200, 30_000);
/// Busy so often in a row: OMS is told.
const BUSY_TOLD: u32 = 5;
/// Stalls after which a link is closed.
const MAX_STALLS: u32 = 2;
/// A fragment of which less than this part (a quarter) has come from afar is left to others.
const LEFT_PART: u32 = 4;
/// A far peer that serves a crowd has a long queue: it is given so much more time to begin.
const FAR_PATIENCE: u32 = 2;
/// A claim is said again so often.
const CLAIM_AGAIN: Duration = Duration::from_secs(10);
/// After trouble with the disk nothing is fetched for so long.
const DISK_PAUSE: Duration = Duration::from_secs(5);

impl Engine {
    pub(crate) fn data(&mut self, id: LinkId, data: Data, now: Instant) {
        let length = Frame::data_len(&data);
        self.fetching.unpaid += length as u64;
        let Some(link) = self.links.get_mut(&id) else { return };
        link.taking.rate.add(length, now);
        self.fetching.all_rate.add(length, now);
        if !link.near {
            self.fetching.far_rate.add(length, now);
        }
        link.taking.bucket.spend(length as u64, now);
        link.taking.busy_in_a_row = 0;
        let size = self.content.len(data.fragment);
        let end = u64::from(data.offset) + data.bytes.len() as u64;
        let mut requests = link.taking.requests.iter_mut();
        let place = requests.position(|request| request.fragment == data.fragment);
        let expected = place.map(|place| link.taking.requests[place].offset);
        let Some(place) = place.filter(|_| expected == Some(data.offset)) else {
            return self.stray(id, &data, now);
        };
        // The last slice, and only it, is signed.
        if end > u64::from(size) || data.delivery.is_some() != (end == u64::from(size)) {
            return self.close(id, ByeReason::Fault, now);
        }
        let request = &mut link.taking.requests[place];
        let first = request.begun.is_none();
        request.take(data.bytes, now);
        if let Some(delivery) = data.delivery {
            let request = link.taking.requests.remove(place);
            self.whole(id, request, &delivery, now);
        } else if first {
            link.taking.cancelled.remove(&data.fragment);
            self.cancel_others(id, data.fragment, true, now);
            self.fetching.due = true;
        }
    }

    /// What was sent before a CANCEL arrived.
    fn stray(&mut self, id: LinkId, data: &Data, now: Instant) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if !link.taking.cancelled.contains(&data.fragment) {
            return self.close(id, ByeReason::Fault, now);
        }
        if data.delivery.is_some() {
            link.taking.cancelled.remove(&data.fragment);
        }
    }

    /// Ends the requests for a fragment on other links; `waiting`: only those that have not begun.
    pub(crate) fn cancel_others(&mut self, id: LinkId, fragment: u32, waiting: bool, now: Instant) {
        let asked = self.links.iter().filter(|(other, link)| {
            let mut requests = link.taking.requests.iter();
            **other != id
                && requests.any(|r| r.fragment == fragment && !(waiting && r.begun.is_some()))
        });
        let ids: Vec<LinkId> = asked.map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.cancel(id, fragment, now));
    }

    pub(crate) fn cancel(&mut self, id: LinkId, fragment: u32, now: Instant) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let kind = link.kind();
        let before = link.taking.requests.len();
        link.taking.requests.retain(|request| request.fragment != fragment);
        if link.taking.requests.len() < before {
            link.taking.cancelled.insert(fragment);
            self.send(id, Frame::Cancel { fragment }, now);
            self.unasked(fragment, kind, now);
        }
    }

    /// A request is over, whatever came of it.
    pub(crate) fn unasked(&mut self, fragment: u32, kind: Kind, now: Instant) {
        self.fetching.due = true;
        let Some(piece) = self.pieces.at(fragment) else { return };
        piece.asked = piece.asked.saturating_sub(u8::from(!kind.slow));
        let mut far = self.links.values().filter(|link| !link.near);
        let goes_on = far.any(|link| link.taking.requests.iter().any(|r| r.fragment == fragment));
        if !kind.near && !goes_on && self.group.is_known() && self.pieces.lacks(fragment) {
            self.tell_near(&MapUpdate::Drop(vec![fragment]), now);
        }
    }

    pub(crate) fn busy(&mut self, id: LinkId, busy: Busy, now: Instant) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let (kind, peer) = (link.kind(), link.info.peer.clone());
        let before = link.taking.requests.len();
        link.taking.requests.retain(|request| request.fragment != busy.fragment);
        let wait = Duration::from_millis(busy.retry_ms.clamp(BUSY_MS.0, BUSY_MS.1).into());
        link.taking.busy_until = Some(now + wait);
        link.taking.busy_in_a_row += 1;
        let told = link.taking.busy_in_a_row == BUSY_TOLD;
        if link.taking.requests.len() < before {
            self.unasked(busy.fragment, kind, now);
        }
        if told {
            self.report(ReportKind::Overload, peer, None);
        }
    }

    /// Somebody near has it, or fetches it: it need not come from afar, unless much of it has come.
    pub(crate) fn leave_to_near(&mut self, fragment: u32, now: Instant) {
        if !self.group.is_known() {
            return;
        }
        let most = self.content.len(fragment) / LEFT_PART;
        let waits = self.links.iter().filter(|(_, link)| {
            let mut requests = link.taking.requests.iter();
            !link.near && requests.any(|r| r.fragment == fragment && r.offset < most)
        });
        let ids: Vec<LinkId> = waits.map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.cancel(id, fragment, now));
    }

    /// A near peer fetches a fragment from afar. Of two at the same time the one whose share it is
    /// goes on, else the one with the lower id.
    pub(crate) fn claimed(&mut self, id: LinkId, fragment: u32, now: Instant) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if !link.near || fragment >= self.pieces.count() {
            return;
        }
        let claim = link.news.claims.entry(fragment).or_insert(Claim { first: now, last: now });
        claim.last = now;
        let (claim, peer) = (*claim, link.info.peer.clone());
        let mine = self.group.owner(fragment) == Some(&self.me);
        let theirs = self.group.owner(fragment) == Some(&peer);
        if theirs {
            link.news.share_at = Some(now);
        }
        if let Some(piece) = self.pieces.at(fragment) {
            piece.claim = Some((id, claim));
        }
        if theirs || (!mine && peer < self.me) {
            self.leave_to_near(fragment, now);
        }
    }

    pub(crate) fn unclaim(&mut self, id: LinkId, fragment: u32, now: Instant) {
        if let Some(link) = self.links.get_mut(&id) {
            link.news.claims.remove(&fragment);
        }
        let claims = |(other, link): (&LinkId, &crate::exchange::link::Link)| {
            link.news.claims.get(&fragment).map(|claim| (*other, *claim))
        };
        let latest = self.links.iter().filter_map(claims).max_by_key(|(_, claim)| claim.last);
        if let Some(piece) = self.pieces.at(fragment).filter(|p| p.claim.is_some_and(|c| c.0 == id))
        {
            piece.claim = latest;
            piece.freed = Some(now);
            self.fetching.due = true;
        }
    }

    /// A new neighbour of the group hears what is fetched from afar.
    pub(crate) fn tell_claims(&mut self, id: LinkId, now: Instant) {
        let claims = self.claims();
        let near = self.links.get(&id).is_some_and(|link| link.near);
        if near && self.group.is_known() && !claims.is_empty() {
            self.send(id, Frame::Buffermap(MapUpdate::Claim(claims)), now);
        }
    }

    fn claims(&self) -> Vec<u32> {
        let far = self.links.values().filter(|link| !link.near);
        far.flat_map(|link| &link.taking.requests).map(|request| request.fragment).collect()
    }

    /// What does not come in time is asked for elsewhere; who lets us wait again and again is left.
    pub(crate) fn check_requests(&mut self, now: Instant) {
        // In a crowd everybody waits longer, and nobody is at fault.
        let crowd = self.group.crowd();
        let (stall, patience) =
            (self.config.stall.mul_f64(crowd), self.config.patience.mul_f64(crowd));
        let mut late = Vec::new();
        for (id, link) in &self.links {
            let patience = if link.near { patience } else { patience * FAR_PATIENCE };
            let flows = link.taking.requests.iter().any(|request| request.begun.is_some());
            for request in &link.taking.requests {
                match request.begun {
                    Some(_) if now >= request.last + stall => late.push((*id, request.fragment)),
                    None if !flows && now >= request.since + patience => {
                        late.push((*id, request.fragment));
                    }
                    _ => {}
                }
            }
        }
        for (id, fragment) in late {
            self.stalled(id, fragment, now);
        }
        self.find_slow(now);
        let again = now >= self.serving.claimed_at.map_or(now, |at| at + CLAIM_AGAIN);
        let claims = self.claims();
        if again && self.group.is_known() && !claims.is_empty() {
            self.serving.claimed_at = Some(now);
            self.tell_near(&MapUpdate::Claim(claims), now);
        }
    }

    pub(crate) fn stalled(&mut self, id: LinkId, fragment: u32, now: Instant) {
        self.cancel(id, fragment, now);
        if let Some(piece) = self.pieces.at(fragment) {
            piece.failed = piece.failed.saturating_add(1);
        }
        let Some(link) = self.links.get_mut(&id) else { return };
        link.taking.stalls += 1;
        link.taking.busy_until = Some(now + self.config.stall);
        let (peer, stalls) = (link.info.peer.clone(), link.taking.stalls);
        if stalls >= MAX_STALLS {
            self.report(ReportKind::Timeout, peer.clone(), Some(fragment));
            self.neighbours.rest(&peer, now + self.config.patience);
            self.close(id, ByeReason::Replaced, now);
        } else {
            self.report(ReportKind::Slow, peer, Some(fragment));
        }
    }

    pub(crate) fn report(
        &mut self,
        kind: ReportKind,
        peer: mp2p::id::PeerId,
        fragment: Option<u32>,
    ) {
        self.put(Output::Report(Report { kind, peer, fragment, evidence: None }));
    }

    pub(crate) fn kept(&mut self, fragment: u32, stored: Result<(), StoreError>, now: Instant) {
        self.fetching.due = true;
        if let Err(error) = stored {
            self.pieces.lost(fragment);
            // It was counted as here when it had passed its check.
            let ids: Vec<LinkId> = self.links.keys().copied().collect();
            ids.into_iter().for_each(|id| self.count_useful(id));
            if error == StoreError::Trouble {
                self.fetching.paused = Some(now + DISK_PAUSE);
            }
            return;
        }
        if self.pieces.stored(fragment) {
            self.announce(fragment, now);
            self.check_finished(now);
        }
    }
}
