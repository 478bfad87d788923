//! At the end, and for players: what waits on one link is asked for on another as well, and
//! whichever begins first ends the other.

use std::time::{Duration, Instant};

use crate::exchange::config::Order;
use crate::exchange::engine::Engine;
use crate::exchange::event::LinkId;
use crate::exchange::link::Link;
use crate::exchange::request::{HELD_UP, Request};

/// What has waited in one queue for so long may be asked for in another.
const SECOND_AFTER: Duration = Duration::from_millis(500);
/// … from afar: for so long.
const FAR_SECOND_AFTER: Duration = Duration::from_secs(2);

/// A link is quick where it takes less than so many times what is usual.
const QUICK: f64 = 0.5;

impl Engine {
    /// Whether all that is missing and can be had is asked for.
    pub(crate) fn lacks_nothing_to_ask(&self) -> bool {
        let missing = self.pieces.want.iter_without(&self.pieces.have);
        let mut open = missing.filter(|&fragment| {
            let piece = self.pieces.of(fragment);
            piece.asked == 0 && !piece.storing && piece.near + piece.far > 0
        });
        open.next().is_none()
    }

    /// A near link that has nothing to do, and is quick, is asked for what waits on others.
    pub(crate) fn move_to_idle(&mut self, peer_down: Option<u64>, now: Instant) {
        if self.is_left_alone(now) {
            return;
        }
        let quick = self.fetching.usual.of(true) * QUICK;
        for id in self.askable(now) {
            let idle = self.links.get(&id).is_some_and(|link| {
                let is_quick = link.taking.took.is_none_or(|took| took < quick);
                link.is_at_hand() && link.taking.requests.is_empty() && is_quick
            });
            if !idle || !self.has_room(id, peer_down, now) {
                continue;
            }
            let waits = |request: &Request| request.begun.is_none();
            if let Some(fragment) = self.waiting_elsewhere(id, SECOND_AFTER, now, waits) {
                self.ask(id, fragment, now);
            }
        }
    }

    pub(crate) fn ask_twice(&mut self, peer_down: Option<u64>, now: Instant) {
        for id in self.askable(now) {
            if !self.has_room(id, peer_down, now) {
                continue;
            }
            let Some(link) = self.links.get(&id).filter(|link| !link.is_slow()) else { continue };
            let far = !link.near;
            let extra = self.group.extra(self.pieces.count(), self.config.extra_percent);
            let spent = self.fetching.extra >= extra;
            if far && self.group.is_known() && spent {
                continue;
            }
            let after = if far { FAR_SECOND_AFTER } else { SECOND_AFTER };
            let Some(fragment) = self.waiting_elsewhere(id, after, now, |_| true) else { continue };
            self.fetching.extra += u32::from(far);
            self.ask(id, fragment, now);
        }
    }

    /// What a player waits for and somebody is late with is asked for at the best of the others
    /// too, even where much is asked for there already.
    pub(crate) fn ask_for_players(&mut self, now: Instant) {
        if self.config.order == Order::Rarest {
            return;
        }
        // Who still brings what was taken back brings this next.
        let alone = self.is_left_alone(now);
        let is_silent = |link: &&Link| !alone || now >= link.heard + HELD_UP;
        for fragment in self.fetching.positions.clone() {
            let piece = self.pieces.of(fragment);
            let links = self.links.values().filter(is_silent);
            let late = links.flat_map(|link| link.taking.requests.iter()).any(|one| {
                let waited = now >= one.since + FAR_SECOND_AFTER;
                one.fragment == fragment && waited && self.is_late(one, now)
            });
            if piece.asked != 1 || !late {
                continue;
            }
            let other = self.askable(now).into_iter().find(|id| {
                let link = self.links.get(id);
                link.is_some_and(|link| link.map.has(fragment) && !link.asks_for(fragment))
            });
            if let Some(id) = other {
                self.ask(id, fragment, now);
            }
        }
    }

    /// What has waited longest on another link, or goes very slowly there.
    fn waiting_elsewhere(
        &self,
        id: LinkId,
        after: Duration,
        now: Instant,
        which: fn(&Request) -> bool,
    ) -> Option<u32> {
        let link = self.links.get(&id)?;
        let others = self.links.iter().filter(|(other, _)| **other != id);
        let requests = others.flat_map(|(_, other)| other.taking.requests.iter());
        let may = |request: &&Request| {
            let once = self.pieces.of(request.fragment).asked == 1;
            let late = now >= request.since + after;
            once && late
                && which(request)
                && link.map.has(request.fragment)
                && self.is_late(request, now)
        };
        requests.filter(may).min_by_key(|request| request.since).map(|request| request.fragment)
    }
}
