//! Links begin and end: HELLO, PELLO, REFRESH, BYE.

use std::time::{Duration, Instant};

use mp2p::frame::{Buffermap, ByeReason, Frame, Hello, MapUpdate, Refresh, VERSION};
use mp2p::id::PeerId;
use mp2p::message::bound::Text;

use crate::exchange::engine::Engine;
use crate::exchange::event::{LinkId, LinkInfo, Output};
use crate::exchange::link::{Link, Stage};
use crate::exchange::neighbours::{Ban, LONG};

/// A link that nothing was heard on for so long gives way to a new one.
const SILENT: Duration = Duration::from_secs(20);

impl Engine {
    pub(crate) fn greet(&mut self, id: LinkId, info: LinkInfo, now: Instant) {
        let Ok(map) = Buffermap::empty(self.pieces.count()) else { return };
        let peer = info.peer.clone();
        self.neighbours.linked(&peer);
        self.group.back(&peer);
        let other = self.by_peer.get(&peer).copied();
        let stays = other.is_some_and(|other| self.other_stays(other, &info, now));
        let (dialled, passes_relay) =
            (info.dialled, other.is_some_and(|it| self.passes(it, &info)));
        // Numbers of receipts end at 2^53.
        let epoch = self.random.u64(1..1 << 53);
        self.links.insert(id, Link::new(info, map, epoch, now));
        if stays {
            return self.close(id, ByeReason::Duplicate, now);
        }
        if let Some(other) = other.filter(|_| !passes_relay) {
            self.close(other, ByeReason::Duplicate, now);
        }
        self.by_peer.insert(peer, id);
        if dialled {
            let hello = self.own_hello();
            self.send(id, Frame::Hello(Box::new(hello)), now);
        }
    }

    /// Whether a new link does without the relay of an old one: that one stays until both have
    /// greeted on the new one, and then for what is on its way.
    fn passes(&self, other: LinkId, new: &LinkInfo) -> bool {
        let relayed = self.links.get(&other).is_some_and(|old| old.info.via.is_some());
        relayed && new.via.is_none()
    }

    /// A link without a relay stays, whoever dialled. Of two alike between the same peers, both
    /// ends keep the one that the peer with the lower id
    /// dialled; of two that the same one dialled, the later.
    fn other_stays(&self, other: LinkId, new: &LinkInfo, now: Instant) -> bool {
        let Some(old) = self.links.get(&other) else { return false };
        if old.info.via.is_some() != new.via.is_some() {
            return new.via.is_some() && now < old.heard + SILENT;
        }
        let winner_is_me = self.me < new.peer;
        old.info.dialled != new.dialled
            && old.info.dialled == winner_is_me
            && now < old.heard + SILENT
    }

    fn own_hello(&self) -> Hello {
        Hello {
            version: VERSION,
            overlay_id: self.content.overlay.clone(),
            content_id: self.content.id.clone(),
            passkey: self.notary.passkey().and_then(|passkey| Text::new(passkey).ok()),
            buffermap: self.pieces.have.clone(),
            up_limit: self.config.up_limit,
            listen_port: self.config.listen_port,
        }
    }

    pub(crate) fn hello(&mut self, id: LinkId, hello: Hello, answer: bool, now: Instant) {
        let Some(link) = self.links.get(&id) else { return };
        let (peer, dialled) = (link.info.peer.clone(), link.info.dialled);
        if link.is_ready() || dialled != answer {
            return self.close(id, ByeReason::Fault, now);
        }
        if let Some(stop) = self.stopped.clone() {
            self.send(id, Frame::Stop(stop), now);
            return self.close(id, ByeReason::Stopped, now);
        }
        let known = hello.version == VERSION
            && hello.overlay_id == self.content.overlay
            && hello.content_id == self.content.id
            && hello.buffermap.fragments() == self.pieces.count();
        if !known {
            return self.close(id, ByeReason::Mismatch, now);
        }
        let ban = self.neighbours.ban_of(&peer);
        if ban.is_some_and(|ban| ban == Ban::Proved || hello.passkey.is_none()) {
            return self.close(id, ByeReason::Expelled, now);
        }
        let ready = self.links.values().filter(|link| link.is_ready()).count();
        if ready >= self.config.links && !answer {
            return self.close(id, ByeReason::Full, now);
        }
        let passkey = hello.passkey.as_deref().map(str::to_owned);
        let certificate = link.info.certificate.clone();
        let Some(class) = self.notary.admit(&peer, &certificate, passkey.as_deref()) else {
            return self.close(id, ByeReason::Refused, now);
        };
        // Passkeys of before an expulsion are void: OMS has made this one since.
        self.neighbours.pardon(&peer);
        if let Some(link) = self.links.get_mut(&id) {
            link.stage = Stage::Ready;
            (link.class, link.passkey, link.listen_port) = (class, passkey, hello.listen_port);
            link.had_all = hello.buffermap.is_full();
            link.map = hello.buffermap;
        }
        if !answer {
            let hello = self.own_hello();
            self.send(id, Frame::Pello(Box::new(hello)), now);
        }
        self.ready(id, answer, now);
    }

    fn ready(&mut self, id: LinkId, answer: bool, now: Instant) {
        // Nothing of it is counted yet.
        self.situate(id);
        let Some(link) = self.links.get(&id) else { return };
        let at_hand = link.is_at_hand();
        for fragment in link.map.iter() {
            self.pieces.count_holder(fragment, at_hand, 1);
        }
        self.count_useful(id);
        self.fetching.due = true;
        self.retire_others(id, now);
        if answer {
            // What came between HELLO and PELLO.
            self.send(id, Frame::Buffermap(MapUpdate::Whole(self.pieces.have.clone())), now);
        }
        if self.is_of_no_use(id) {
            return self.close(id, ByeReason::Done, now);
        }
        self.tell_claims(id, now);
    }

    /// Older links to the same peer give way to this one.
    fn retire_others(&mut self, id: LinkId, now: Instant) {
        let Some(peer) = self.links.get(&id).map(|link| link.info.peer.clone()) else { return };
        let others = self.links.iter_mut().filter(|(other, link)| {
            **other != id && link.info.peer == peer && link.retired.is_none()
        });
        others.for_each(|(_, link)| link.retired = Some(now));
    }

    /// Both have all: there is nothing to exchange.
    pub(crate) fn is_of_no_use(&self, id: LinkId) -> bool {
        self.pieces.have.is_full() && self.links.get(&id).is_some_and(|link| link.map.is_full())
    }

    /// Finds out how near a link is; its fragments are counted anew where that changed.
    pub(crate) fn place(&mut self, id: LinkId) {
        let Some(before) = self.links.get(&id).map(Link::is_at_hand) else { return };
        self.situate(id);
        self.recount(id, before);
    }

    fn situate(&mut self, id: LinkId) {
        if let Some(link) = self.links.get_mut(&id) {
            link.rank = self.neighbours.rank(&link.info.peer);
            link.near = self.group.is_near(&link.info.peer);
        }
    }

    /// Counts what a link holds anew, where it was at hand and is not any more, or is now.
    pub(crate) fn recount(&mut self, id: LinkId, before: bool) {
        let Some(link) = self.links.get(&id) else { return };
        let at_hand = link.is_at_hand();
        if before != at_hand && link.is_ready() {
            for fragment in link.map.iter() {
                self.pieces.count_holder(fragment, before, -1);
                self.pieces.count_holder(fragment, at_hand, 1);
            }
        }
    }

    pub(crate) fn count_useful(&mut self, id: LinkId) {
        if let Some(link) = self.links.get_mut(&id) {
            let missing = link.map.iter_without(&self.pieces.have);
            let useful = missing.filter(|&fragment| self.pieces.want.has(fragment)).count();
            link.useful = u32::try_from(useful).unwrap_or(u32::MAX);
        }
    }

    pub(crate) fn refreshed(&mut self, id: LinkId, refresh: Refresh, now: Instant) {
        let (Some(passkey), Some(link)) = (refresh.passkey, self.links.get(&id)) else { return };
        let (peer, certificate) = (link.info.peer.clone(), link.info.certificate.clone());
        match self.notary.admit(&peer, &certificate, Some(&passkey)) {
            None => self.close(id, ByeReason::Refused, now),
            Some(class) => {
                if let Some(link) = self.links.get_mut(&id) {
                    (link.class, link.passkey) = (class, Some(passkey.to_string()));
                }
            }
        }
    }

    pub(crate) fn bye(&mut self, id: LinkId, reason: ByeReason, now: Instant) {
        let Some(peer) = self.links.get(&id).map(|link| link.info.peer.clone()) else { return };
        let rest = match reason {
            ByeReason::Duplicate => Duration::from_secs(1),
            ByeReason::Full => Duration::from_secs(20),
            // Who is let in again by OMS is taken as soon as the other one has heard of it.
            ByeReason::Replaced | ByeReason::Timeout | ByeReason::Expelled | ByeReason::Other => {
                Duration::from_secs(60)
            }
            _ => LONG,
        };
        // A duplicate that ends says nothing about the link that stays.
        if reason != ByeReason::Duplicate {
            self.neighbours.rest(&peer, now + rest);
            if reason == ByeReason::Shutdown {
                self.group.gone(&peer);
            }
        }
        self.forget(id, now);
        self.put(Output::Close { link: id, reason });
    }

    /// Takes a link out of all books; whether it was there.
    pub(crate) fn forget(&mut self, id: LinkId, now: Instant) -> bool {
        self.give_receipt(id, now);
        let Some(link) = self.links.remove(&id) else { return false };
        if self.by_peer.get(&link.info.peer) == Some(&id) {
            self.by_peer.remove(&link.info.peer);
            // One that was to be replaced, and is not.
            let mut others =
                self.links.iter().filter(|(_, other)| other.info.peer == link.info.peer);
            if let Some(other) =
                others.find(|(_, other)| other.retired.is_none()).map(|(id, _)| *id)
            {
                self.by_peer.insert(link.info.peer.clone(), other);
            }
        }
        if link.is_ready() {
            for fragment in link.map.iter() {
                self.pieces.count_holder(fragment, link.is_at_hand(), -1);
            }
        }
        for fragment in link.news.claims.keys() {
            self.unclaim(id, *fragment, now);
        }
        for request in &link.taking.requests {
            self.unasked(request.fragment, link.kind(), now);
        }
        self.fetching.due = true;
        true
    }

    /// The class of a peer was confirmed after it was let in.
    pub fn set_class(&mut self, peer: &PeerId, class: u8) {
        if let Some(link) = self.by_peer.get(peer).and_then(|id| self.links.get_mut(id)) {
            link.class = class;
        }
    }

    /// A fresh passkey is told to all that are linked since `since`: those before were shown
    /// another certificate, which it is not bound to.
    pub fn passkey_changed(&mut self, since: Instant, now: Instant) {
        let passkey = self.notary.passkey().and_then(|passkey| Text::new(passkey).ok());
        let refresh = Refresh { passkey, up_limit: self.config.up_limit };
        let ready = self.links.iter().filter(|(_, link)| link.is_ready() && link.since >= since);
        let ids: Vec<LinkId> = ready.map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.send(id, Frame::Refresh(refresh.clone()), now));
    }
}
