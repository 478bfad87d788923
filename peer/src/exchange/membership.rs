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
/// A far peer is tried so often, whether it is better than those at hand. In a crowd less often:
/// each costs a handshake between ISPs.
const TRIAL: Duration = Duration::from_secs(30);
/// Others are told of neighbours first after so long, or of whoever has all…
const PEX_FIRST: Duration = Duration::from_millis(1500);
const FAR_PEX_FIRST: Duration = Duration::from_secs(3);
const SOURCE_FIRST: Duration = Duration::from_millis(200);
/// … then so often, and heard so often.
const PEX_EVERY: Duration = Duration::from_secs(60);
const PEX_HEARD: Duration = Duration::from_secs(20);
/// Neighbours told of to a near peer, and to a far one: each is as long as its passkey.
const PEX_SIZE: usize = 16;
const FAR_PEX_SIZE: usize = 4;
/// Of those so many far ones that have all, and no others that are far.
const SOURCES_TOLD: usize = 2;
/// Far peers dialled at least, and by all of a group together.
const FAR_LINKS: usize = 3;
const GROUP_FAR_LINKS: usize = 24;
/// Far peers dialled at a time: handshakes of a whole group at once fill a link between ISPs.
const FAR_DIALS: usize = 2;
/// Dials that failed: OMS is told at the second.
const FAILS_TOLD: u32 = 2;

impl Engine {
    /// Dials whom it wants to meet.
    pub(crate) fn meet(&mut self, now: Instant) {
        if self.stopped.is_some() || self.pieces.missing == 0 {
            return;
        }
        let trial = now >= self.tried + TRIAL.mul_f64(self.group.crowd());
        let dialling: Vec<bool> =
            self.neighbours.dialling().map(|peer| self.group.is_near(peer)).collect();
        let lacks_source = !self.links.values().any(|link| !link.near && link.map.is_full());
        // Who comes by itself ends no search for somebody who has all.
        let counts = |link: &&Link| !link.near && (link.info.dialled || !lacks_source);
        let far = self.links.values().filter(counts).count();
        let mut far_dials = dialling.iter().filter(|near| !**near).count();
        let mut far = far + far_dials;
        let mut all = self.links.len() + dialling.len();
        let mut room = self.config.dials.saturating_sub(dialling.len());
        // Some room is left for those who come.
        let most = self.config.links - self.config.links / 4;
        let far_links = self.far_links();
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
            if !near && far_dials >= FAR_DIALS {
                continue;
            }
            let is_source = lacks_source
                && self.group.is_known()
                && self.neighbours.is_named(&candidate.peer, |by| self.group.is_near(by));
            if !near && far >= far_links && !is_source {
                left.push(candidate.clone());
                continue;
            }
            far += usize::from(!near);
            far_dials += usize::from(!near);
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
        self.config.far_links.min((GROUP_FAR_LINKS / self.group.size()).max(FAR_LINKS))
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
        let has_source = self.group.is_known()
            && self.links.values().any(|link| link.is_ready() && !link.near && link.map.is_full());
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
                // Who had all before we had does not know that we have: others need the place.
                match self.is_of_no_use(id) {
                    true => self.close(id, ByeReason::Done, now),
                    false => self.send(id, Frame::Refresh(Refresh::default()), now),
                }
            } else if self.is_to_be_told(link, has_source) && now >= link.pex_due(has_source) {
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

    /// Who came to us and is far, though OMS has not told us of it, may be a newcomer of the own
    /// group that knows nobody else. Whom OMS has told us of has had a list, too. Who has all
    /// needs nobody, and a member that has a list of all others needs whoever has all.
    fn is_to_be_told(&self, link: &Link, has_source: bool) -> bool {
        let is_new = !link.info.dialled && !self.neighbours.is_listed(&link.info.peer);
        let lacks = !self.group.is_known() || !link.near || !self.group.is_listed();
        let may_gain = !link.map.is_full() && (has_source || lacks);
        link.is_ready() && may_gain && (link.near || is_new)
    }

    fn tell_neighbours(&mut self, id: LinkId, now: Instant) {
        let Some(link) = self.links.get(&id) else { return };
        let (near, peer) = (link.near, link.info.peer.clone());
        let mut others: Vec<&Link> = self.links.values().filter(|link| link.is_ready()).collect();
        others.retain(|link| link.info.peer != peer);
        self.random.shuffle(&mut others);
        let told: Vec<&Link> = match self.group.is_known() {
            true => {
                let sources = others.iter().filter(|link| !link.near && link.map.is_full());
                // Who is in the group is in every list, where lists have room for all of it.
                let lacks = !near || !self.group.is_listed();
                let members = others.iter().filter(|link| link.near && lacks);
                sources.take(SOURCES_TOLD).chain(members).copied().collect()
            }
            false => others,
        };
        let most = if near { PEX_SIZE } else { FAR_PEX_SIZE };
        let entries = told.into_iter().filter_map(entry).take(most).collect();
        if let Ok(entries) = List::new(entries)
            && !entries.is_empty()
        {
            if let Some(link) = self.links.get_mut(&id) {
                link.news.pex_at = Some(now);
            }
            self.send(id, Frame::Pex(Pex { entries }), now);
        }
    }

    pub(crate) fn pex(&mut self, id: LinkId, pex: Pex, now: Instant) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.news.pex_heard.is_some_and(|at| now < at + PEX_HEARD) {
            return self.close(id, ByeReason::Fault, now);
        }
        link.news.pex_heard = Some(now);
        let by = link.info.peer.clone();
        for entry in pex.entries.iter() {
            if entry.peer_id != self.me && self.notary.vouches(&entry.passkey, &entry.peer_id) {
                let addresses = entry.peer_addr.to_vec();
                let candidate = Candidate::unlisted(entry.peer_id.clone(), addresses);
                let group = &self.group;
                self.neighbours.named(candidate, &by, |peer| group.is_near(peer));
            }
        }
    }
}

impl Link {
    /// When the other end is to be told of neighbours next.
    fn pex_due(&self, has_source: bool) -> Instant {
        let first = match self.near {
            true if has_source => SOURCE_FIRST,
            true => PEX_FIRST,
            false => FAR_PEX_FIRST,
        };
        let first = self.since + first;
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
