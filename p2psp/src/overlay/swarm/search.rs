//! Candidates for a list, near to far: what their order needs of them, for that of the rest is
//! looked up for those that are in the list alone.
//!
//! ```text
//!  PIDs near to far ─► members ─► fronts of their seats ─► scores ─► enough? ─► the next PIDs
//! ```

use std::borrow::Borrow;

use netmap::Pid;
use smallvec::SmallVec;

use crate::isp::NO_COST;
use crate::overlay::placing::{NOWHERE, Placing, Stop};
use crate::overlay::seat::Front;
use crate::overlay::store::Ask;
use crate::overlay::swarm::Swarm;
use crate::overlay::swarm::arrange::STAY;
use crate::ranking::{Enough, Sketch};
use crate::scores::{Brief, Hint, Reading};

/// Caches that a list is offered besides the nearest members.
pub(crate) const MAX_CACHES: usize = 4;
/// Candidates of a PID for each entry that they may have: scores choose among them. Where but a few
/// bridges are to come from a crowd, not all of it is looked at.
pub(crate) const PER_ENTRY: usize = 3;
/// What is known of so many members is in the processor's cache anyway. Tests, which hold lists
/// against the plain way, come by both sides of it.
pub(crate) const CACHED: usize = if cfg!(test) { 16 } else { 4096 };
/// No slot.
const NOBODY: u32 = u32::MAX;

/// One candidate: 24 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Near {
    pub(crate) slot: u32,
    /// Its PID's index, or [`NOWHERE`].
    pid: u32,
    /// How long ago it told how it stands, seconds; [`SILENT`] where it did not.
    age_s: u32,
    /// What its order needs.
    pub(crate) sketch: Sketch,
}

const SILENT: u32 = u32::MAX;

/// Those of most lists stay off the heap.
pub(crate) type Nearest = SmallVec<[Near; 160]>;

impl Near {
    pub(crate) fn pid(&self) -> Option<Pid> {
        (self.pid != NOWHERE).then(|| Pid::new(self.pid))
    }

    /// How it stands, where PAMS is asked in this process and says so.
    pub(crate) fn brief(&self) -> Option<Brief> {
        let Sketch { score, is_overloaded, .. } = self.sketch;
        let age_s = u64::from(self.age_s);
        (self.age_s != SILENT).then_some(Brief { score, is_overloaded, age_s })
    }
}

impl Borrow<Sketch> for Near {
    fn borrow(&self) -> &Sketch {
        &self.sketch
    }
}

/// Candidates so far.
pub(crate) struct Search<'a> {
    swarm: &'a Swarm,
    ask: &'a Ask<'a>,
    /// The asker's slot, or [`NOBODY`].
    own: u32,
    reading: Option<Reading<'a>>,
    enough: Option<Enough<'a>>,
    /// How far the last ones are, and how many of a PID as far as that are looked at.
    share: (u32, usize),
    near: &'a mut Nearest,
}

impl<'a> Search<'a> {
    /// Into an empty `near`; it ends where more would not change a list, where that is said.
    pub(crate) fn new(
        swarm: &'a Swarm,
        ask: &'a Ask<'a>,
        enough: Option<Enough<'a>>,
        near: &'a mut Nearest,
    ) -> Self {
        near.reserve(ask.most.min(swarm.len()) + MAX_CACHES);
        Self {
            swarm,
            ask,
            own: swarm.slot(ask.asker).unwrap_or(NOBODY),
            reading: ask.scores.map(|scores| scores.read(ask.now)),
            enough,
            share: (0, per_pid(ask, enough.as_ref())),
            near,
        }
    }

    pub(crate) fn run(&mut self) {
        let (swarm, ask) = (self.swarm, self.ask);
        match swarm.placing(ask.outlook) {
            None => return self.take_any(),
            Some(placing) if swarm.len() <= CACHED => self.take_each(placing),
            Some(placing) => self.take_many(placing),
        }
        self.add_caches();
    }

    /// Members PID by PID.
    fn take_each(&mut self, placing: &Placing) {
        let mut last = NO_COST;
        placing.tour(self.ask.outlook, |stop| {
            // Equally near ones belong together.
            if last != stop.distance && self.is_enough() {
                return false;
            }
            last = stop.distance;
            self.take_all(stop);
            self.near.len() < self.ask.most
        });
    }

    /// The same with several PIDs at a time, as many as should be enough: what is read of their
    /// members comes quicker where all is asked for at once than one by one.
    fn take_many(&mut self, placing: &'a Placing) {
        let ask = self.ask;
        let mut stops: SmallVec<[Stop<'a>; 64]> = SmallVec::new();
        let (mut expected, mut last, mut per_pid) = (0, NO_COST, ask.per_pid);
        let mut goal = self.enough.map_or(ask.most, |enough| enough.size().min(ask.most));
        placing.tour(ask.outlook, |stop| {
            // Equally near ones belong together.
            if expected >= goal && last != stop.distance {
                self.take_touched(&mut stops);
                (expected, per_pid) = (self.near.len(), self.per_pid());
                goal = (expected + 1 + ask.most / 8).min(ask.most);
                if self.is_enough() {
                    return false;
                }
            }
            last = stop.distance;
            stops.push(stop);
            expected += stop.members.len().min(per_pid);
            if expected >= ask.most {
                self.take_touched(&mut stops);
                expected = self.near.len();
            }
            self.near.len() < ask.most
        });
        self.take_touched(&mut stops);
    }

    fn is_enough(&self) -> bool {
        self.enough.is_some_and(|enough| enough.is_reached())
    }

    /// Members wherever they are, for nobody knows.
    fn take_any(&mut self) {
        for slot in anywhere(self.swarm.seats.len(), self.ask.random) {
            if self.near.len() == self.ask.most {
                break;
            }
            self.take(slot, NOWHERE, NO_COST);
        }
    }

    /// Members of a PID, as far as asked for.
    #[inline]
    fn take_all(&mut self, stop: Stop<'_>) {
        // Equally near ones have equal shares.
        if stop.distance != self.share.0 {
            self.share = (stop.distance, self.per_pid());
        }
        let mut left = self.share.1.min(self.ask.most - self.near.len());
        let mut taken = 0;
        'all: for slots in turn(stop.members, self.ask.random) {
            for slot in slots {
                if left == 0 {
                    break 'all;
                }
                let Some(near) = self.judge(*slot, stop.pid, stop.distance) else { continue };
                taken += usize::from(self.is_taken(&near));
                left -= 1;
                self.near.push(near);
            }
        }
        self.note(stop.distance, taken);
    }

    /// Candidates of a PID that is farther than those so far.
    fn per_pid(&self) -> usize {
        per_pid(self.ask, self.enough.as_ref())
    }

    fn is_taken(&self, near: &Near) -> bool {
        self.enough.is_some_and(|enough| enough.takes(&near.sketch))
    }

    fn note(&mut self, distance: u32, taken: usize) {
        if let Some(enough) = &mut self.enough {
            enough.note(distance, taken);
        }
    }

    /// The same of some PIDs, which are done with then.
    fn take_touched(&mut self, stops: &mut SmallVec<[Stop<'_>; 64]>) {
        let (seats, random) = (&self.swarm.seats, self.ask.random);
        // No fewer than are taken, but of a PID as far as the last one.
        let per_pid = self.per_pid();
        let mut hints: SmallVec<[Hint; 128]> = SmallVec::new();
        for stop in &**stops {
            let mut left = per_pid;
            for slots in turn(stop.members, random) {
                let slots = &slots[..slots.len().min(left)];
                left -= slots.len();
                let hint = |slot: &u32| seats.front(*slot).map_or(Hint::NONE, Front::hint);
                hints.extend(slots.iter().map(hint));
            }
        }
        if let Some(reading) = &self.reading {
            reading.touch(&hints);
        }
        std::hint::black_box(&hints);
        for stop in stops.drain(..) {
            self.take_all(stop);
        }
    }

    /// Takes a member, where others are sent to it.
    #[inline(never)]
    fn take(&mut self, slot: u32, pid: u32, distance: u32) {
        let Some(near) = self.judge(slot, pid, distance) else { return };
        self.note(distance, usize::from(self.is_taken(&near)));
        self.near.push(near);
    }

    /// A member, where others are sent to it, with what PAMS says of it, where that is asked in
    /// this process. A part of what goes through many: else each waits for the one before.
    #[inline(always)]
    fn judge(&self, slot: u32, pid: u32, distance: u32) -> Option<Near> {
        let seats = &self.swarm.seats;
        let front = seats.front(slot)?;
        let is_reached = front.is_reachable() || self.is_met(slot, front);
        if !front.counts(self.ask.now) || slot == self.own || !is_reached {
            return None;
        }
        let brief = self.reading.as_ref().and_then(|reading| {
            let known = front.hint();
            let (hint, brief) = reading.brief(known, || seats.seat(slot).map(|seat| &seat.peer));
            if hint != known {
                front.hinted(hint);
            }
            brief
        });
        let is_doubted = front.may_be_doubted()
            && seats.seat(slot).is_some_and(|seat| seat.is_doubted(self.ask.now));
        let sketch = Sketch {
            is_doubted,
            is_cache: front.is_cache(),
            class_floor: front.class_floor,
            ..Sketch::at(distance, brief)
        };
        let age_s = brief.map_or(SILENT, |brief| brief.age_s.min(u64::from(SILENT - 1)) as u32);
        Some(Near { slot, pid, age_s, sketch })
    }

    /// Whether others are sent to a member that cannot be dialled.
    #[inline(never)]
    fn is_met(&self, slot: u32, front: &Front) -> bool {
        self.swarm.via(slot, front, self.ask.now).is_some()
            || front.met_from(self.ask.behind).is_some()
    }

    /// Some caches, wherever they are.
    fn add_caches(&mut self) {
        let (swarm, outlook) = (self.swarm, self.ask.outlook);
        for slot in turn(&swarm.caches, self.ask.random).into_iter().flatten().take(MAX_CACHES) {
            let slot = *slot;
            let is_known = self.near.iter().any(|near| near.slot == slot);
            let Some(seat) = swarm.seats.seat(slot).filter(|_| !is_known) else { continue };
            let pid = outlook.place(seat.address.ip_address);
            let distance = outlook.ordinal(pid).unwrap_or(NO_COST);
            self.take(slot, pid.map_or(NOWHERE, |pid| pid.index() as u32), distance);
        }
    }
}

fn per_pid(ask: &Ask<'_>, enough: Option<&Enough<'_>>) -> usize {
    let open = enough.and_then(Enough::open);
    open.map_or(ask.per_pid, |open| ask.per_pid.min(open.max(1) * PER_ENTRY))
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
#[inline]
fn turn(slots: &[u32], random: u64) -> [&[u32]; 2] {
    // A division is slow, and most PIDs have few members.
    let begin = if slots.len() > 1 { (random % slots.len() as u64) as usize } else { 0 };
    let (last, first) = slots.split_at(begin);
    [first, last]
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
