//! DIR-24-8: a table with an entry for each of the 2^24 IPv4 /24s, and a block of 256 entries for
//! each /24 that is cut up further. One load answers, seldom two; 33 MB, or 67 MB with more than
//! 32,767 PIDs.

use crate::lookup::interval::{Interval, NO_PID};
use crate::lookup::search::prefetch;

/// How many /24s there are.
const SLOTS: usize = 1 << 24;
/// How many addresses a /24 has.
const BLOCK: usize = 1 << 8;

/// The table, with entries as narrow as they can be.
#[derive(Debug)]
pub(crate) enum Direct {
    Narrow(Table<u16>),
    Wide(Table<u32>),
}

impl Direct {
    /// Paints the intervals, which cover the whole address space.
    pub(crate) fn build(intervals: &[Interval<u32>]) -> Self {
        let pids = intervals.iter().map(|interval| interval.pid);
        let greatest = pids.filter(|pid| *pid != NO_PID).max().unwrap_or(0);
        let narrow = greatest < u16::NONE && cut_slots(intervals) <= u16::CUT as usize;
        if narrow {
            Direct::Narrow(Table::build(intervals))
        } else {
            Direct::Wide(Table::build(intervals))
        }
    }

    /// Memory held, bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        match self {
            Direct::Narrow(table) => table.memory_bytes(),
            Direct::Wide(table) => table.memory_bytes(),
        }
    }

    /// Asks for the memory of this address's entry.
    #[inline]
    pub(crate) fn announce(&self, address: u32) {
        match self {
            Direct::Narrow(table) => prefetch(&table.slots, address as usize / BLOCK),
            Direct::Wide(table) => prefetch(&table.slots, address as usize / BLOCK),
        }
    }

    /// The PID of each address, [`NO_PID`] where it has none.
    #[inline]
    pub(crate) fn look_up(&self, addresses: &[u32], pids: &mut [u32]) {
        match self {
            Direct::Narrow(table) => table.look_up(addresses, pids),
            Direct::Wide(table) => table.look_up(addresses, pids),
        }
    }
}

/// An entry: a PID, none, or with the top bit the number of a block.
pub(crate) trait Entry: Copy + From<u16> {
    /// The bit that says "block".
    const CUT: u32;
    /// The entry for no PID: all bits but that one.
    const NONE: u32 = Self::CUT - 1;
    /// Keeps the bits that fit.
    fn cut_from(bits: u32) -> Self;
    /// All bits.
    fn bits(self) -> u32;
}

impl Entry for u16 {
    const CUT: u32 = 1 << 15;

    fn cut_from(bits: u32) -> Self {
        bits as u16
    }

    #[inline]
    fn bits(self) -> u32 {
        u32::from(self)
    }
}

impl Entry for u32 {
    const CUT: u32 = 1 << 31;

    fn cut_from(bits: u32) -> Self {
        bits
    }

    #[inline]
    fn bits(self) -> u32 {
        self
    }
}

/// Entries of one width.
#[derive(Debug)]
pub(crate) struct Table<E> {
    slots: Vec<E>,
    blocks: Vec<[E; BLOCK]>,
}

impl<E: Entry> Table<E> {
    fn build(intervals: &[Interval<u32>]) -> Self {
        let mut table = Self { slots: vec![E::from(0); SLOTS], blocks: Vec::new() };
        let mut first = 0;
        for interval in intervals {
            // NO_PID is NONE with more bits.
            table.paint(first, interval.last, E::cut_from(interval.pid & E::NONE));
            first = interval.last.saturating_add(1);
        }
        table
    }

    fn memory_bytes(&self) -> usize {
        size_of_val(&*self.slots) + size_of_val(&*self.blocks)
    }

    /// Paints the addresses from `first` to `last`, and perhaps some behind them: what comes next
    /// is painted over those.
    fn paint(&mut self, first: u32, last: u32, entry: E) {
        let (mut slot, last_slot) = (first as usize / BLOCK, last as usize / BLOCK);
        let inside = first as usize % BLOCK;
        if inside != 0 {
            self.block(slot)[inside..].fill(entry);
            slot += 1;
        }
        if slot <= last_slot {
            self.slots[slot..=last_slot].fill(entry);
        }
    }

    /// The block of a slot; a new one begins with what the slot says so far.
    fn block(&mut self, slot: usize) -> &mut [E; BLOCK] {
        let entry = self.slots[slot];
        let mut number = (entry.bits() & E::NONE) as usize;
        if entry.bits() & E::CUT == 0 {
            number = self.blocks.len();
            self.blocks.push([entry; BLOCK]);
            self.slots[slot] = E::cut_from(E::CUT | number as u32);
        }
        &mut self.blocks[number]
    }

    #[inline]
    fn look_up(&self, addresses: &[u32], pids: &mut [u32]) {
        for (address, pid) in addresses.iter().zip(pids) {
            let mut entry = self.slots[*address as usize / BLOCK].bits();
            if entry & E::CUT != 0 {
                let block = &self.blocks[(entry & E::NONE) as usize];
                entry = block[*address as usize % BLOCK].bits();
            }
            *pid = if entry == E::NONE { NO_PID } else { entry };
        }
    }
}

/// How many /24s are cut up: those in which an interval ends before the end.
fn cut_slots(intervals: &[Interval<u32>]) -> usize {
    let cut = intervals.iter().filter(|interval| interval.last as usize % BLOCK != BLOCK - 1);
    let mut slots: Vec<_> = cut.map(|interval| interval.last as usize / BLOCK).collect();
    slots.dedup();
    slots.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked_up(direct: &Direct, addresses: &[u32]) -> Vec<u32> {
        let mut pids = vec![0; addresses.len()];
        direct.look_up(addresses, &mut pids);
        pids
    }

    #[test]
    fn the_widest_pid_of_each_width_is_not_taken_for_none() {
        for (pid, narrow) in [(32_766, true), (32_767, false), (1 << 20, false)] {
            let intervals = [
                Interval { last: 300, pid },
                Interval { last: 511, pid: NO_PID },
                Interval { last: u32::MAX, pid: 0 },
            ];
            let direct = Direct::build(&intervals);
            assert_eq!(matches!(direct, Direct::Narrow(_)), narrow);
            let found = looked_up(&direct, &[0, 255, 256, 300, 301, 511, 512, u32::MAX]);
            assert_eq!(found, [pid, pid, pid, pid, NO_PID, NO_PID, 0, 0]);
        }
    }

    #[test]
    fn more_blocks_than_fit_15_bits_make_the_entries_wide() {
        // Every /24 of the lowest 32,769 is cut in two.
        let halves = (0..2 * 32_769_u32).map(|n| Interval { last: n * 128 + 127, pid: n % 2 });
        let rest = Interval { last: u32::MAX, pid: NO_PID };
        let intervals: Vec<_> = halves.chain([rest]).collect();
        let direct = Direct::build(&intervals);
        assert!(matches!(direct, Direct::Wide(_)));
        let last = 32_769 * 256;
        assert_eq!(looked_up(&direct, &[0, 128, last - 129, last - 1, last]), [0, 1, 0, 1, NO_PID]);
        let one_less = Direct::build(&intervals[2..]);
        assert!(matches!(one_less, Direct::Narrow(_)));
    }
}
