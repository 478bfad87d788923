//! IPv6: a tree over the upper 64 bits, and where a /64 is cut up, a search in the lower 64.
//!
//! On the Internet hardly any prefix is longer than /64, so the tree alone answers nearly always,
//! with keys of half the size.

use crate::lookup::interval::Interval;
use crate::lookup::search::{Isa, Key};
use crate::lookup::tree::Tree;

/// The bit that says: not a PID but the number of a /64 that is cut up.
const CUT: u32 = 1 << 31;

/// The compiled form for IPv6.
#[derive(Debug)]
pub(crate) struct V6 {
    /// For each interval of upper halves its PID, or with [`CUT`] the number of a cut /64.
    uppers: Tree<i64, 8>,
    /// Where the intervals of each cut /64 end in `lowers`.
    cut_ends: Vec<u32>,
    /// The intervals inside all cut /64s, each group up to the greatest lower half.
    lowers: Vec<Interval<u64>>,
}

impl V6 {
    /// Memory held, bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let inside = size_of_val(&*self.cut_ends) + size_of_val(&*self.lowers);
        self.uppers.memory_bytes() + inside
    }

    pub(crate) fn compile(intervals: &[Interval<u128>], isa: Isa) -> Self {
        let mut halves = Halves::default();
        let mut first = 0;
        for interval in intervals {
            halves.add(first, *interval);
            first = interval.last.saturating_add(1);
        }
        let Halves { uppers, cut_ends, lowers } = halves;
        let key = |upper: u64| i64::of(u128::from(upper) << 64);
        let entries = uppers.iter().map(|interval| (key(interval.last), interval.pid));
        Self { uppers: Tree::build(entries, isa), cut_ends, lowers }
    }

    /// The PID of each address, `NO_PID` where it has none.
    #[inline]
    pub(crate) fn look_up(&self, addresses: &[u128], found: &mut [u32]) {
        self.uppers.search(addresses, found);
        for (found, address) in found.iter_mut().zip(addresses) {
            if *found & CUT != 0 {
                *found = self.in_cut(*found ^ CUT, *address);
            }
        }
    }

    #[cold]
    fn in_cut(&self, number: u32, address: u128) -> u32 {
        let at = number as usize;
        let start = if at == 0 { 0 } else { self.cut_ends[at - 1] };
        let group = &self.lowers[start as usize..self.cut_ends[at] as usize];
        let place = group.partition_point(|interval| interval.last < address as u64);
        group[place].pid
    }
}

/// Intervals of whole addresses, taken apart.
#[derive(Default)]
struct Halves {
    uppers: Vec<Interval<u64>>,
    cut_ends: Vec<u32>,
    lowers: Vec<Interval<u64>>,
}

impl Halves {
    /// Adds the next interval, which runs from `first`.
    fn add(&mut self, first: u128, interval: Interval<u128>) {
        let Interval { last, pid } = interval;
        let mut whole_from = upper(first);
        if first as u64 != 0 {
            // It begins inside a /64 that the interval before it has cut.
            let ends_here = upper(last) == whole_from;
            self.lowers
                .push(Interval { last: if ends_here { last as u64 } else { u64::MAX }, pid });
            if ends_here && last as u64 != u64::MAX {
                return;
            }
            self.close_cut(whole_from);
            if ends_here {
                return;
            }
            // No overflow: a higher upper half exists, the last one's.
            whole_from += 1;
        }
        if last as u64 == u64::MAX {
            self.uppers.push(Interval { last: upper(last), pid });
            return;
        }
        if upper(last) > whole_from {
            self.uppers.push(Interval { last: upper(last) - 1, pid });
        }
        self.lowers.push(Interval { last: last as u64, pid });
    }

    fn close_cut(&mut self, upper: u64) {
        self.uppers.push(Interval { last: upper, pid: CUT | self.cut_ends.len() as u32 });
        self.cut_ends.push(self.lowers.len() as u32);
    }
}

fn upper(address: u128) -> u64 {
    (address >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup::interval::NO_PID;

    #[test]
    fn a_cut_slash_64_between_whole_ones_is_searched_inside() {
        let half = 1_u128 << 64;
        let intervals = [
            Interval { last: 3 * half - 1, pid: 1 }, // upper halves 0 to 2
            Interval { last: 3 * half + 9, pid: 2 }, // cuts 3
            Interval { last: 5 * half + 9, pid: 3 }, // the rest of 3, all of 4, cuts 5
            Interval { last: 6 * half - 1, pid: NO_PID }, // the rest of 5
            Interval { last: 6 * half, pid: 4 },     // one address of 6
            Interval { last: u128::MAX, pid: NO_PID },
        ];
        let v6 = V6::compile(&intervals, Isa::detect());
        assert_eq!(v6.cut_ends.len(), 3);
        for (place, interval) in intervals.iter().enumerate() {
            let next = intervals.get(place + 1).unwrap_or(&intervals[place]);
            let mut found = [0; 2];
            v6.look_up(&[interval.last, interval.last.saturating_add(1)], &mut found);
            assert_eq!(found, [interval.pid, next.pid], "around interval {place}");
        }
    }
}
