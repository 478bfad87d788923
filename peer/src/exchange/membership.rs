//! Whom to be linked to: dials, trials, replacements, keeping alive, peer exchange.

use std::time::{Duration, Instant};

use mp2p::frame::{ByeReason, Frame, Pex, PexEntry, Refresh};
use mp2p::id::PeerId;
use mp2p::message::bound::{List, Text};
use mp2p::message::join::PeerAddress;

use crate::exchange::engine::Engine;
use crate::exchange::event::{Candidate, LinkId, Output, ReportKind};
use crate::exchange::link::Link;

/// HELLO or PELLO has to come within.
const GREETING: Duration = Duration::from_secs(10);
/// Something is said at least so often…
const REFRESH: Duration = Duration::from_secs(45);
/// … and who says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(150);
/// A link that gave way to a better one has so long for what is on its way.
const RETIREMENT: Duration = Duration::from_secs(20);
/// Links are looked over so often.
const REVIEW: Duration = Duration::from_secs(10);
/// A far peer is tried so often, whether it is better than those at hand.
const TRIAL: Duration = Duration::from_secs(30);
/// Others are told of neighbours first after so long, near or far: a newcomer that OMS has not
/// told us of yet counts as far, and may know nobody else…
const PEX_FIRST: Duration = Duration::from_millis(1500);
const FAR_PEX_FIRST: Duration = Duration::from_secs(3);
/// … then so often, and heard so often.
const PEX_EVERY: Duration = Duration::from_secs(60);
const PEX_HEARD: Duration = Duration::from_secs(20);
/// Neighbours told of, to a near peer and to a far one: each is as long as its passkey.
const PEX_SIZE: usize = 16;
const FAR_PEX_SIZE: usize = 4;
/// Far peers dialled in the largest group.
const FAR_LINKS: usize = 3;
/// Dials that failed: OMS is told at the second.
const FAILS_TOLD: u32 = 2;

impl Engine {
    /// Dials whom it wants to meet.
    pub(crate) fn meet(&mut self, now: Instant) {
        if self.stopped.is_some() || self.pieces.missing == 0 {
            return;
        }
        let trial = now >= self.tried + TRIAL;
        let dialling: Vec<bool> =
            self.neighbours.dialling().map(|peer| self.group.is_near(peer)).collect();
        let far = self.links.values().filter(|link| !link.near).count();
        let mut far = far + dialling.iter().filter(|near| !**near).count();
        let mut all = self.links.len() + dialling.len();
        let mut room = self.config.dials.saturating_sub(dialling.len());
        // Some room is left for those who come.
        let most = self.config.links - self.config.links / 4;
        let far_links = self.far_links();
        let lacks_source = !self.links.values().any(|link| !link.near && link.map.is_full());
        let mut chosen = Vec::new();
        let mut left = Vec::new();
        for candidate in self.neighbours.candidates(now) {
            if room == 0 || all >= most {
                break;
            }
            if self.by_peer.contains_key(&candidate.peer) || candidate.peer == self.me {
                continue;
            }
            let near = self.group.is_near(&candidate.peer);
            let is_source = lacks_source && self.neighbours.is_named(&candidate.peer);
            if !near && far >= far_links && !is_source {
                left.push(candidate.clone());
                continue;
            }
            far += usize::from(!near);
            (all, room) = (all + 1, room - 1);
            chosen.push(candidate.clone());
        }
        if trial && room > 0 {
            self.tried = now;
            let bridges = left.iter().any(|candidate| candidate.bridge);
            left.retain(|candidate| candidate.bridge || !bridges);
            if !left.is_empty() {
                let place = self.random.usize(..left.len());
                chosen.push(left.swap_remove(place));
            }
        }
        for candidate in chosen {
            self.neighbours.dial(&candidate.peer);
            self.put(Output::Dial(candidate));
        }
    }

    /// How many far peers are dialled: a large group needs fewer for each member.
    fn far_links(&self) -> usize {
        let shared = self.config.far_links as f64 / self.group.crowd();
        self.config.far_links.min((shared as usize).max(FAR_LINKS))
    }

    pub(crate) fn undialled(&mut self, peer: &PeerId, now: Instant) {
        if self.neighbours.failed(peer, now) == FAILS_TOLD {
            self.group.gone(peer);
            self.report(ReportKind::Unreachable, peer.clone(), None);
        }
    }

    /// Ends what is dead, says that this peer is alive, replaces the worst.
    pub(crate) fn look_after_links(&mut self, now: Instant) {
        let ids: Vec<LinkId> = self.links.keys().copied().collect();
        for id in ids {
            let Some(link) = self.links.get(&id) else { continue };
            let peer = link.info.peer.clone();
            if link.retired.is_some_and(|at| link.is_idle() || now >= at + RETIREMENT) {
                self.close(id, ByeReason::Duplicate, now);
            } else if !link.is_ready() && now >= link.since + GREETING {
                self.neighbours.failed(&peer, now);
                self.close(id, ByeReason::Timeout, now);
            } else if now >= link.heard + SILENCE {
                self.report(ReportKind::Timeout, peer.clone(), None);
                self.group.gone(&peer);
                self.neighbours.failed(&peer, now);
                self.close(id, ByeReason::Timeout, now);
            } else if link.is_ready() && now >= link.said + REFRESH {
                self.send(id, Frame::Refresh(Refresh::default()), now);
            } else if link.is_ready() && now >= link.pex_due() {
                self.tell_neighbours(id, now);
            }
        }
        if now >= self.reviewed + REVIEW {
            self.reviewed = now;
            self.review(now);
        }
    }

    /// With one far link more than wanted, the trial is over: the one that gives least goes.
    fn review(&mut self, now: Instant) {
        let dialled = |link: &Link| link.is_ready() && !link.near && link.info.dialled;
        let tried = |link: &Link| now >= link.since + REVIEW;
        let far = self.links.iter().filter(|(_, link)| dialled(link) && tried(link));
        let mut far: Vec<_> = far
            .map(|(id, link)| {
                let rate = link.taking.rate.at(now) + link.giving.rate.at(now);
                (link.useful > 0, rate as u64, std::cmp::Reverse(link.rank), *id)
            })
            .collect();
        if far.len() <= self.far_links() || self.pieces.missing == 0 {
            return;
        }
        far.sort_unstable();
        if let Some((_, _, _, id)) = far.first().copied() {
            let peer = self.links.get(&id).map(|link| link.info.peer.clone());
            if let Some(peer) = peer {
                self.neighbours.rest(&peer, now + TRIAL * 2);
            }
            self.close(id, ByeReason::Replaced, now);
        }
    }

    fn tell_neighbours(&mut self, id: LinkId, now: Instant) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.news.pex_at = Some(now);
        if link.map.is_full() {
            return;
        }
        let (near, peer) = (link.near, link.info.peer.clone());
        let others = self.links.values().filter(|link| link.is_ready() && link.info.peer != peer);
        // Near peers are told of far ones that have all, where there are any.
        let is_source = |link: &&Link| !link.near && link.map.is_full();
        let mut entries: Vec<PexEntry> = match near && others.clone().any(|link| is_source(&link)) {
            true => others.filter(is_source).filter_map(entry).collect(),
            false => others.filter_map(entry).collect(),
        };
        self.random.shuffle(&mut entries);
        entries.truncate(if near { PEX_SIZE } else { FAR_PEX_SIZE });
        if let Ok(entries) = List::new(entries)
            && !entries.is_empty()
        {
            self.send(id, Frame::Pex(Pex { entries }), now);
        }
    }

    pub(crate) fn pex(&mut self, id: LinkId, pex: Pex, now: Instant) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.news.pex_heard.is_some_and(|at| now < at + PEX_HEARD) {
            return self.close(id, ByeReason::Fault, now);
        }
        link.news.pex_heard = Some(now);
        let near = link.near && self.group.is_known();
        for entry in pex.entries.iter() {
            if entry.peer_id != self.me && self.notary.vouches(&entry.passkey, &entry.peer_id) {
                let candidate = Candidate {
                    peer: entry.peer_id.clone(),
                    addresses: entry.peer_addr.to_vec(),
                    rank: None,
                    bridge: false,
                    overloaded: false,
                };
                self.neighbours.heard_of(candidate, near);
            }
        }
    }
}

impl Link {
    /// When the other end is to be told of neighbours next.
    fn pex_due(&self) -> Instant {
        let first = self.since + if self.near { PEX_FIRST } else { FAR_PEX_FIRST };
        self.news.pex_at.map_or(first, |at| at + PEX_EVERY)
    }
}

/// A neighbour, as others are told of it; `None` where it cannot be dialled or is not vouched for.
fn entry(link: &Link) -> Option<PexEntry> {
    let (passkey, address) = (link.passkey.as_ref()?, link.info.address.as_ref()?);
    let port = link.listen_port.or(link.info.dialled.then_some(address.port))?;
    let address = PeerAddress { port, ..address.clone() };
    Some(PexEntry {
        peer_id: link.info.peer.clone(),
        peer_addr: List::new(vec![address]).ok()?,
        passkey: Text::new(passkey.clone()).ok()?,
    })
}
