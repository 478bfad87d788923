//! A player goes to another place: what it waits for comes first, and for a moment alone. With
//! fragments from everywhere at once each takes as long as all of them.

use std::time::{Duration, Instant};

use crate::exchange::config::Order;
use crate::exchange::engine::Engine;
use crate::exchange::event::LinkId;
use crate::exchange::request::Request;

/// Until it is here nothing else is asked for, for so many times what a fragment takes at the rate
/// at which all comes, for others are still on their way; at least and at most for so long.
const ALONE_TIMES: f64 = 4.0;
const ALONE_S: (f64, f64) = (1.5, 6.0);
/// What no player is about to come to is taken back, unless less than this part of it (an eighth)
/// is still to come; of what comes after what is played, all that has not begun.
const LEFT_PART: u32 = 8;
/// Fragments from this length on are not on their way whole.
const LONG_BYTES: u32 = 512 << 10;

impl Engine {
    /// Players are at these fragments: from now on those and `ahead` after each are fetched first.
    pub fn play_from(&mut self, fragments: &[u32], ahead: u32, now: Instant) {
        let order = std::mem::replace(&mut self.config.order, Order::Stream { ahead });
        let before = std::mem::replace(&mut self.fetching.positions, fragments.to_vec());
        self.fetching.due = true;
        let was_next = |fragment: u32| match order {
            Order::Rarest => false,
            Order::Stream { ahead } => {
                let mut distances = before.iter().filter_map(|at| fragment.checked_sub(*at));
                distances.any(|distance| distance < ahead)
            }
        };
        if fragments.iter().any(|fragment| !was_next(*fragment) && self.pieces.lacks(*fragment)) {
            self.make_way(now);
        }
    }

    /// Whether something is missing that a player is about to come to.
    #[must_use]
    pub fn lacks_next(&self) -> bool {
        let Order::Stream { ahead } = self.config.order else { return false };
        let mut next = self.fetching.positions.iter().flat_map(|at| *at..at.saturating_add(ahead));
        next.any(|fragment| self.pieces.lacks(fragment))
    }

    /// Nothing more is asked for until then. Of what waits, short fragments come still: they may be
    /// on their way already.
    pub fn pause(&mut self, until: Instant, now: Instant) {
        self.fetching.paused = self.fetching.paused.max(Some(until));
        self.take_back(now, |engine, request| {
            request.begun.is_none() && engine.content.len(request.fragment) >= LONG_BYTES
        });
    }

    /// Whether a player waits that has gone to another place just now.
    pub(crate) fn is_left_alone(&self, now: Instant) -> bool {
        let comes = |at: &u32| {
            let piece = self.pieces.of(*at);
            self.pieces.lacks(*at) && piece.near + piece.far > 0
        };
        let is_alone = self.fetching.alone_until.is_some_and(|until| now < until);
        is_alone && self.fetching.positions.iter().any(comes)
    }

    fn make_way(&mut self, now: Instant) {
        let rate = self.fetching.all_rate.at(now).max(1.0);
        let takes = f64::from(self.content.cut.fragment_size()) / rate;
        let alone_s = (takes * ALONE_TIMES).clamp(ALONE_S.0, ALONE_S.1);
        self.fetching.alone_until = Some(now + Duration::from_secs_f64(alone_s));
        self.take_back(now, |engine, request| {
            let length = engine.content.len(request.fragment);
            let left = length.saturating_sub(request.offset);
            match engine.is_urgent(request.fragment) {
                true => {
                    request.begun.is_none()
                        && !engine.fetching.positions.contains(&request.fragment)
                }
                false => left >= length / LEFT_PART,
            }
        });
    }

    fn take_back(&mut self, now: Instant, which: fn(&Self, &Request) -> bool) {
        let asked = self.links.iter().flat_map(|(id, link)| {
            let requests = link.taking.requests.iter().filter(|request| which(self, request));
            requests.map(|request| (*id, request.fragment))
        });
        let asked: Vec<(LinkId, u32)> = asked.collect();
        asked.into_iter().for_each(|(id, fragment)| self.cancel(id, fragment, now));
    }
}
