//! BUFFERMAP: what is here is told to others, what others tell is noted.

use std::time::{Duration, Instant};

use mp2p::frame::{Buffermap, ByeReason, Frame, MAX_UPDATE, MapUpdate};

use crate::exchange::engine::Engine;
use crate::exchange::event::LinkId;
use crate::exchange::link::{Link, LinkView};

/// News for far peers are gathered for so long: each frame costs the link between ISPs. In a
/// crowd longer.
const FAR_NEWS: Duration = Duration::from_secs(2);

/// How far an engine has come.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Fragments that are wanted.
    pub wanted: u32,
    /// Those of them that are not stored yet.
    pub missing: u32,
    /// Links that exchange.
    pub links: usize,
    /// Bytes a second received and sent now.
    pub rates: (u64, u64),
}

impl Engine {
    /// What is stored here.
    #[must_use]
    pub const fn have(&self) -> &Buffermap {
        &self.pieces.have
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self, now: Instant) -> Progress {
        let mut rates = (0.0, 0.0);
        for link in self.links.values() {
            rates.0 += link.taking.rate.at(now);
            rates.1 += link.giving.rate.at(now);
        }
        Progress {
            wanted: self.pieces.want.held(),
            missing: self.pieces.missing,
            links: self.links.values().filter(|link| link.is_ready()).count(),
            rates: (rates.0 as u64, rates.1 as u64),
        }
    }

    /// Whether anybody who is linked has something that is missing here.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.links.values().any(|link| link.is_ready() && link.useful > 0)
    }

    /// The links that exchange.
    #[must_use]
    pub fn links(&self, now: Instant) -> Vec<LinkView> {
        let open = self.links.values().filter(|link| link.is_ready() && link.retired.is_none());
        open.map(|link| link.view(now)).collect()
    }

    pub(crate) fn updated(&mut self, id: LinkId, update: MapUpdate, now: Instant) {
        match update {
            MapUpdate::Whole(map) if map.fragments() == self.pieces.count() => {
                let Some(link) = self.links.get(&id) else { return };
                let new: Vec<u32> = map.iter_without(&link.map).collect();
                let gone: Vec<u32> = link.map.iter_without(&map).collect();
                gone.into_iter().for_each(|fragment| self.holder_lost(id, fragment));
                self.holder_gained(id, &new, now);
            }
            MapUpdate::Have(new) => self.holder_gained(id, &new, now),
            MapUpdate::Claim(claimed) => {
                claimed.into_iter().for_each(|fragment| self.claimed(id, fragment, now));
            }
            MapUpdate::Drop(gone) => {
                for fragment in gone {
                    self.unclaim(id, fragment, now);
                    self.holder_lost(id, fragment);
                }
                self.fetching.due = true;
            }
            MapUpdate::Whole(_) => self.close(id, ByeReason::Fault, now),
        }
    }

    fn holder_gained(&mut self, id: LinkId, new: &[u32], now: Instant) {
        for &fragment in new {
            let Some(link) = self.links.get_mut(&id) else { return };
            if fragment >= link.map.fragments() {
                return self.close(id, ByeReason::Fault, now);
            }
            if !link.map.insert(fragment) {
                continue;
            }
            let near = link.near;
            let at_hand = link.is_at_hand();
            if self.group.owner(fragment) == Some(&link.info.peer) {
                link.news.share_at = Some(now);
            }
            if self.pieces.lacks(fragment) {
                link.useful += 1;
                self.fetching.due = true;
            }
            self.pieces.count_holder(fragment, at_hand, 1);
            self.unclaim(id, fragment, now);
            if !near && let Some(piece) = self.pieces.at(fragment).filter(|piece| piece.far == 1) {
                piece.freed = Some(now);
            }
            if at_hand {
                self.leave_to_near(fragment, now);
            }
        }
        if self.is_of_no_use(id) {
            self.close(id, ByeReason::Done, now);
        }
    }

    fn holder_lost(&mut self, id: LinkId, fragment: u32) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.map.remove(fragment) {
            let at_hand = link.is_at_hand();
            if self.pieces.lacks(fragment) {
                link.useful = link.useful.saturating_sub(1);
            }
            self.pieces.count_holder(fragment, at_hand, -1);
        }
    }

    /// A fragment is here: all who have it not are told, the near ones at once.
    pub(crate) fn announce(&mut self, fragment: u32, now: Instant) {
        let mut at_once = Vec::new();
        let later = now + FAR_NEWS.mul_f64(self.group.crowd());
        for (id, link) in &mut self.links {
            if link.is_ready() && !link.map.has(fragment) {
                link.news.have.push(fragment);
                match link.near {
                    true => at_once.push(*id),
                    false => drop(link.news.due.get_or_insert(later)),
                }
            }
        }
        at_once.into_iter().for_each(|id| self.tell_news(id, now));
    }

    pub(crate) fn flush_news(&mut self, now: Instant) {
        let due = |link: &Link| link.news.due.is_some_and(|at| now >= at);
        let ids: Vec<LinkId> =
            self.links.iter().filter(|(_, link)| due(link)).map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.tell_news(id, now));
    }

    fn tell_news(&mut self, id: LinkId, now: Instant) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.news.due = None;
        let mut news = std::mem::take(&mut link.news.have);
        news.retain(|&fragment| !link.map.has(fragment) && self.pieces.have.has(fragment));
        for part in news.chunks(MAX_UPDATE) {
            self.send(id, Frame::Buffermap(MapUpdate::Have(part.to_vec())), now);
        }
    }

    /// All is here: others were told of what they lacked alone, and would not know.
    pub(crate) fn tell_whole(&mut self, now: Instant) {
        if !self.pieces.have.is_full() {
            return;
        }
        let lacks = |link: &Link| link.is_ready() && !link.map.is_full();
        let mut told = Vec::new();
        for (id, link) in self.links.iter_mut().filter(|(_, link)| lacks(link)) {
            link.news.due = None;
            link.news.have.clear();
            told.push(*id);
        }
        for id in told {
            let whole = MapUpdate::Whole(self.pieces.have.clone());
            self.send(id, Frame::Buffermap(whole), now);
        }
    }

    /// Near peers are told something about a fragment.
    pub(crate) fn tell_near(&mut self, update: &MapUpdate, now: Instant) {
        let told = |link: &Link| link.is_ready() && link.near && !link.map.is_full();
        let ids: Vec<LinkId> =
            self.links.iter().filter(|(_, link)| told(link)).map(|(id, _)| *id).collect();
        ids.into_iter().for_each(|id| self.send(id, Frame::Buffermap(update.clone()), now));
    }

    /// A fragment that was here is lost.
    pub(crate) fn announce_loss(&mut self, fragment: u32, now: Instant) {
        let ready = self.links.iter().filter(|(_, link)| link.is_ready());
        let ids: Vec<LinkId> = ready.map(|(id, _)| *id).collect();
        for id in ids {
            self.send(id, Frame::Buffermap(MapUpdate::Drop(vec![fragment])), now);
            self.count_useful(id);
        }
    }
}
