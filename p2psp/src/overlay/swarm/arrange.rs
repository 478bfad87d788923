//! Members of one PID side by side in memory: a list looks at some fifty of a PID, which come in a
//! few lines of the processor's cache where each would come in one of its own.
//!
//! ```text
//!  seats as they came:  0 Berlin   1 Hamburg   2 Berlin   3 Hamburg   4 Berlin
//!  arranged:            0 Berlin   1 Berlin    2 Berlin   3 Hamburg   4 Hamburg
//! ```
//!
//! Who is told of whom, and in what order, is the same before and after.

use crate::overlay::swarm::Swarm;

/// Fewer members are in the processor's cache anyway.
const MANY: usize = 4096;
/// Those that came first stay where they are: they stand for the overlay
/// ([`Swarm::population`]).
pub(crate) const STAY: u32 = 512;

impl Swarm {
    /// Arranges seats where there are many and half of them were taken since that was done: so it
    /// costs each member little.
    pub(crate) fn arrange_if_due(&mut self) {
        if self.len() >= MANY && self.settled >= self.len() / 2 {
            self.arrange(STAY);
        }
    }

    /// Seats members anew, PID by PID of the first ISP that asks, but for the first `stay` seats.
    pub(crate) fn arrange(&mut self, stay: u32) {
        let Some(placing) = self.placings.first() else { return };
        let to = places(self.seats.len(), stay, placing.all());
        for placing in &mut self.placings {
            placing.renumber(&to);
        }
        for slot in self.by_peer.iter_mut().chain(&mut self.caches) {
            *slot = to[*slot as usize];
        }
        let vias = std::mem::take(&mut self.vias).into_iter();
        self.vias = vias.map(|(slot, via)| (to[slot as usize], via)).collect();
        self.seats.arrange(to);
        self.settled = 0;
    }
}

/// Where each of `count` seats goes: the first `stay` nowhere, then `order`, then the free ones.
fn places(count: u32, stay: u32, order: impl Iterator<Item = u32>) -> Vec<u32> {
    const FREE: u32 = u32::MAX;
    let mut to = vec![FREE; count as usize];
    let stay = stay.min(count);
    for slot in 0..stay {
        to[slot as usize] = slot;
    }
    let mut next = stay;
    for slot in order.filter(|slot| *slot >= stay) {
        to[slot as usize] = next;
        next += 1;
    }
    for place in to.iter_mut().filter(|place| **place == FREE) {
        *place = next;
        next += 1;
    }
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: seats 1 and 4 are free.
    #[test]
    fn members_go_in_their_order_behind_those_that_stay_and_free_seats_last() {
        let to = places(6, 1, [5, 0, 3, 2].into_iter());
        assert_eq!(to, [0, 4, 3, 2, 5, 1]);
        assert_eq!(places(2, 512, [1, 0].into_iter()), [0, 1]);
    }
}
