//! Candidates for a list, near to far: what their order needs of them, for that of the rest is
//! looked up for those that are in the list alone.
//!
//! ```text
//!  PIDs near to far ─► members ─► fronts of their seats ─► scores ─► enough? ─► the next PIDs
//! ```
//!
//! What is read of them is all over memory: it comes quicker where all of several PIDs is asked for
//! at once than where each is asked for when it is needed.

use netmap::Pid;

use crate::overlay::placing::Stop;
use crate::overlay::store::Ask;
use crate::overlay::swarm::Swarm;
use crate::overlay::swarm::arrange::STAY;
use crate::ranking::{Enough, Sketch};
use crate::scores::{Brief, Reading};

/// Caches that a list is offered besides the nearest members.
pub(crate) const MAX_CACHES: usize = 4;

/// One candidate.
#[derive(Clone, Copy)]
pub(crate) struct Near {
    pub(crate) slot: u32,
    pub(crate) pid: Option<Pid>,
    /// The ordinal cost to there.
    pub(crate) ordinal: Option<u32>,
    /// How it stands, where PAMS is asked in this process and says so.
    pub(crate) brief: Option<Brief>,
}

/// Candidates so far.
pub(crate) struct Search<'a> {
    swarm: &'a Swarm,
    ask: &'a Ask<'a>,
    own: Option<u32>,
    reading: Option<Reading<'a>>,
    enough: Option<Enough<'a>>,
    pub(crate) near: Vec<Near>,
    /// Of each candidate.
    pub(crate) sketches: Vec<Sketch>,
}

impl<'a> Search<'a> {
    /// Nobody yet; it ends where more would not change a list, where that is said.
    pub(crate) fn new(swarm: &'a Swarm, ask: &'a Ask<'a>, enough: Option<Enough<'a>>) -> Self {
        let most = ask.most.min(swarm.len()) + MAX_CACHES;
        Self {
            swarm,
            ask,
            own: swarm.slot(ask.asker),
            reading: ask.scores.map(|scores| scores.read(ask.now)),
            enough,
            near: Vec::with_capacity(most),
            sketches: Vec::with_capacity(most),
        }
    }

    pub(crate) fn run(&mut self) {
        let (swarm, ask) = (self.swarm, self.ask);
        let Some(placing) = swarm.placing(ask.outlook) else { return self.take_any() };
        // Members of several PIDs at a time, as many as should be enough.
        let (mut stops, mut expected, mut last) = (Vec::<Stop<'a>>::new(), 0, None);
        let mut goal = self.enough.map_or(ask.most, |enough| enough.size().min(ask.most));
        placing.tour(ask.outlook, |stop| {
            // Equally near ones belong together.
            if expected >= goal && last != Some(stop.ordinal) {
                self.take_all(&stops);
                stops.clear();
                expected = self.near.len();
                goal = (expected + 1 + ask.most / 8).min(ask.most);
                if self.enough.is_some_and(|enough| enough.is_reached()) {
                    return false;
                }
            }
            last = Some(stop.ordinal);
            stops.push(stop);
            expected += stop.members.len().min(ask.per_pid);
            if expected >= ask.most {
                self.take_all(&stops);
                stops.clear();
                expected = self.near.len();
            }
            self.near.len() < ask.most
        });
        self.take_all(&stops);
        self.add_caches();
    }

    /// Members wherever they are, for nobody knows.
    fn take_any(&mut self) {
        for slot in anywhere(self.swarm.seats.len(), self.ask.random) {
            if self.near.len() == self.ask.most {
                break;
            }
            if self.is_candidate(slot) {
                self.near.push(Near { slot, pid: None, ordinal: None, brief: None });
            }
        }
        self.score(0);
    }

    /// Members of PIDs, as far as asked for.
    fn take_all(&mut self, stops: &[Stop<'_>]) {
        let (seats, random, per_pid) = (&self.swarm.seats, self.ask.random, self.ask.per_pid);
        let mut touched = 0;
        for stop in stops {
            for slot in turn(stop.members, random).take(per_pid) {
                touched ^= seats.front(slot).map_or(0, |front| front.touch());
            }
        }
        std::hint::black_box(touched);
        let begin = self.near.len();
        for stop in stops {
            let mut left = per_pid.min(self.ask.most - self.near.len());
            for slot in turn(stop.members, random) {
                if left == 0 {
                    break;
                }
                if self.is_candidate(slot) {
                    let (pid, ordinal) = (stop.pid, stop.ordinal);
                    self.near.push(Near { slot, pid, ordinal, brief: None });
                    left -= 1;
                }
            }
        }
        self.score(begin);
    }

    /// Whether others are sent to a member.
    fn is_candidate(&self, slot: u32) -> bool {
        let Some(front) = self.swarm.seats.front(slot) else { return false };
        let is_reached = || {
            front.is_reachable()
                || self.swarm.via(slot, front, self.ask.now).is_some()
                || front.met_from(self.ask.behind).is_some()
        };
        front.counts(self.ask.now) && Some(slot) != self.own && is_reached()
    }

    /// What PAMS says of candidates from `begin` on, where it is asked in this process, and what
    /// the order needs of them.
    fn score(&mut self, begin: usize) {
        let (seats, now) = (&self.swarm.seats, self.ask.now);
        if let Some(reading) = &self.reading {
            let fronts = self.near[begin..].iter().filter_map(|near| seats.front(near.slot));
            reading.touch(fronts.map(|front| front.hint()));
        }
        for near in &mut self.near[begin..] {
            let Some(front) = seats.front(near.slot) else { continue };
            if let Some(reading) = &self.reading {
                let known = front.hint();
                let (hint, brief) = reading.brief(known, || seats.seat(near.slot).map(|s| &s.peer));
                if hint != known {
                    front.hinted(hint);
                }
                near.brief = brief;
            }
            let is_doubted = front.may_be_doubted()
                && seats.seat(near.slot).is_some_and(|seat| seat.is_doubted(now));
            let sketch = Sketch {
                is_doubted,
                is_cache: front.is_cache(),
                class_floor: front.class_floor,
                ..Sketch::of(near.ordinal, near.brief)
            };
            if let Some(enough) = &mut self.enough {
                enough.note(&sketch);
            }
            self.sketches.push(sketch);
        }
    }

    /// Some caches, wherever they are.
    fn add_caches(&mut self) {
        let (swarm, outlook) = (self.swarm, self.ask.outlook);
        let begin = self.near.len();
        for slot in turn(&swarm.caches, self.ask.random).take(MAX_CACHES) {
            let is_known = self.near.iter().any(|near| near.slot == slot);
            let Some(seat) = swarm.seats.seat(slot) else { continue };
            if !is_known && self.is_candidate(slot) {
                let pid = outlook.place(seat.address.ip_address);
                self.near.push(Near { slot, pid, ordinal: outlook.ordinal(pid), brief: None });
            }
        }
        self.score(begin);
    }
}

/// All of so many slots, beginning somewhere. Where those of one PID may be side by side, the next
/// is far away: nobody is told of one region alone.
fn anywhere(all: u32, random: u64) -> impl Iterator<Item = u32> {
    let is_mixed = all <= STAY;
    let all = u64::from(all.max(1));
    let step = if is_mixed { 1 } else { stride(all) };
    let begin = random % all;
    (0..all).map(move |turn| ((begin + turn * step) % all) as u32)
}

/// A step by which all of so many are come by, neighbours in turn being far from each other: next
/// to the golden section, and without a divisor in common.
fn stride(all: u64) -> u64 {
    let golden = all * 618 / 1000;
    (golden.max(1)..all).find(|step| divisor(*step, all) == 1).unwrap_or(1)
}

/// The greatest in common (Euclid).
const fn divisor(mut one: u64, mut other: u64) -> u64 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// All of `slots`, beginning somewhere.
fn turn(slots: &[u32], random: u64) -> impl Iterator<Item = u32> {
    let begin = (random % slots.len().max(1) as u64) as usize;
    slots[begin..].iter().chain(&slots[..begin]).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_nowhere_comes_by_everybody_once_and_by_neighbours_far_apart() {
        for all in [1_u32, 2, 512, 513, 1000, 1024, 65_537] {
            let mut seen = vec![false; all as usize];
            anywhere(all, 77).for_each(|slot| seen[slot as usize] = true);
            assert!(seen.iter().all(|seen| *seen), "{all}");
            assert_eq!(anywhere(all, 77).count(), all as usize);
        }
        assert!(anywhere(512, 9).take(3).eq([9, 10, 11]));
        let first: Vec<u32> = anywhere(100_000, 0).take(50).collect();
        // Of a hundred regions side by side at least forty.
        let regions: std::collections::HashSet<u32> = first.iter().map(|at| at / 1000).collect();
        assert!(regions.len() >= 40, "{first:?}");
    }
}
