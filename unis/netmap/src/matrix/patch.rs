//! A matrix from another of which few pairs have another cost: rows without any are shared.
//!
//! Ordinals count the distinct costs of the whole map (RFC 7285 §6.2), so where the set of these
//! changes, the ordinals above the change move, and with them the rows that hold them.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use crate::cost::Cost;
use crate::matrix::build::{MAX_DISTINCT_COSTS, MatrixError};
use crate::matrix::dense::CostMatrix;
use crate::matrix::number::CostHasher;
use crate::matrix::row::{MAX_NARROW_COSTS, NO_COST_WIDE, Ordinal, Rows};
use crate::matrix::table::CostTable;
use crate::pid::Pid;

/// The costs from one PID that are not what they were.
#[derive(Clone, Debug, PartialEq)]
pub struct RowPatch {
    /// The source.
    pub from: Pid,
    /// Destinations, ascending, each once, and the cost to them; `None` where there is none now.
    pub costs: Vec<(Pid, Option<Cost>)>,
}

impl CostMatrix {
    /// The matrix with other costs for some pairs, as if it had been built from all costs: the
    /// ordinals are the same. `patches` ascend by source, each once.
    ///
    /// # Errors
    /// Refuses more than [`MAX_DISTINCT_COSTS`] distinct costs.
    ///
    /// # Panics
    /// Where a PID is not of this snapshot and its index is beyond the matrix.
    pub fn patched(&self, patches: &[RowPatch]) -> Result<CostMatrix, MatrixError> {
        let numbered = Numbered::new(self, patches);
        let gone = numbered.gone(self.rows());
        let table = self.table();
        let count = table.len() + numbered.new.len() - gone.len();
        if count > MAX_DISTINCT_COSTS {
            return Err(MatrixError::TooManyCosts { metric: self.metric().to_owned() });
        }
        let pairs = (self.pairs() as isize + numbered.more_pairs) as usize;
        let metric = self.metric().to_owned();
        if numbered.new.is_empty() && gone.is_empty() {
            let mapping =
                Mapping { patches: &numbered.rows, ordinal: |n| n, first_moved: u32::MAX };
            let rows = mapping.of(self.rows(), matches!(self.rows(), Rows::Narrow(_)));
            return Ok(CostMatrix::from_rows(metric, rows, Arc::clone(self.shared_table()), pairs));
        }
        let (costs, ordinals) = merged(table, &numbered.new, &gone);
        let first_moved = (0..).zip(&ordinals).find(|(number, ordinal)| number != *ordinal);
        let first_moved = first_moved.map_or(u32::MAX, |(number, _)| number);
        let ordinal = |number| ordinals[number as usize];
        let mapping = Mapping { patches: &numbered.rows, ordinal, first_moved };
        let rows = mapping.of(self.rows(), count <= MAX_NARROW_COSTS);
        Ok(CostMatrix::from_rows(metric, rows, CostTable::from_ascending(costs), pairs))
    }
}

/// A row's new numbers, ascending by destination.
type NumberedRow = (Pid, Vec<(Pid, u32)>);

/// Patches with numbers for costs: the ordinals so far, and from their end on those of new costs.
struct Numbered {
    rows: Vec<NumberedRow>,
    new: Vec<Cost>,
    /// Ordinals that some pair had and no patched pair has now, ascending.
    lost: Vec<u32>,
    more_pairs: isize,
}

impl Numbered {
    fn new(matrix: &CostMatrix, patches: &[RowPatch]) -> Self {
        let table = matrix.table();
        let mut known = HashMap::<u64, u32, BuildHasherDefault<CostHasher>>::default();
        let mut new = Vec::new();
        let mut lost = vec![false; table.len()];
        let (mut rows, mut more_pairs) = (Vec::with_capacity(patches.len()), 0);
        for patch in patches {
            let mut number = |cost: Cost| {
                *known.entry(cost.bits()).or_insert_with(|| {
                    table.find(cost).unwrap_or_else(|| {
                        new.push(cost);
                        (table.len() + new.len() - 1) as u32
                    })
                })
            };
            let row = matrix.row(patch.from);
            let mut numbers = Vec::with_capacity(patch.costs.len());
            for (to, cost) in &patch.costs {
                let before = row.ordinal(*to);
                more_pairs += isize::from(cost.is_some()) - isize::from(before.is_some());
                if let Some(before) = before {
                    lost[before as usize] = true;
                }
                numbers.push((*to, cost.map_or(NO_COST_WIDE, &mut number)));
            }
            rows.push((patch.from, numbers));
        }
        for number in known.into_values() {
            if let Some(lost) = lost.get_mut(number as usize) {
                *lost = false;
            }
        }
        let lost = (0..).zip(lost).filter(|(_, lost)| *lost).map(|(ordinal, _)| ordinal).collect();
        Self { rows, new, lost, more_pairs }
    }

    /// The ordinals that no pair has any more, ascending.
    fn gone(&self, rows: &Rows) -> Vec<u32> {
        match rows {
            Rows::Narrow(rows) => self.not_in(rows),
            Rows::Wide(rows) => self.not_in(rows),
        }
    }

    /// Looks for the lost ordinals among all pairs that are not patched, until each is found.
    fn not_in<T: Ordinal>(&self, rows: &[Arc<[T]>]) -> Vec<u32> {
        let Some(last) = self.lost.last() else { return Vec::new() };
        let mut sought = vec![false; *last as usize + 1];
        self.lost.iter().for_each(|ordinal| sought[*ordinal as usize] = true);
        let mut left = self.lost.len();
        let mut look = |row: &[T]| {
            for ordinal in row {
                let place = sought.get_mut(ordinal.widen() as usize);
                if let Some(sought) = place.filter(|sought| **sought) {
                    *sought = false;
                    left -= 1;
                }
            }
            left == 0
        };
        let mut patched = self.rows.iter().peekable();
        for (row, from) in rows.iter().zip((0..).map(Pid::new)) {
            let mut begin = 0;
            if let Some((_, numbers)) = patched.next_if(|(other, _)| *other == from) {
                for (to, _) in numbers {
                    look(&row[begin..to.index()]);
                    begin = to.index() + 1;
                }
            }
            if look(&row[begin..]) {
                return Vec::new();
            }
        }
        self.lost.iter().copied().filter(|ordinal| sought[*ordinal as usize]).collect()
    }
}

/// All costs ascending without those `gone`, and for each number the ordinal of its cost; that of
/// one that is gone is never asked for.
fn merged(table: &CostTable, new: &[Cost], gone: &[u32]) -> (Vec<Cost>, Vec<u32>) {
    let mut gone = gone.iter().peekable();
    let kept = table.iter().zip(0..).filter(|(_, number)| gone.next_if_eq(&number).is_none());
    let mut numbered: Vec<(Cost, u32)> = kept.collect();
    numbered.extend(new.iter().copied().zip(table.len() as u32..));
    // Two ascending stretches or nearly so: the stable sort finds them.
    numbered.sort_by_key(|(cost, _)| *cost);
    let mut ordinals = vec![0; table.len() + new.len()];
    for (ordinal, (_, number)) in (0..).zip(&numbered) {
        ordinals[*number as usize] = ordinal;
    }
    (numbered.into_iter().map(|(cost, _)| cost).collect(), ordinals)
}

/// How the numbers of old rows become the ordinals of new ones.
struct Mapping<'a, F> {
    patches: &'a [NumberedRow],
    ordinal: F,
    /// Numbers below are their own ordinals: a row of these alone, without patch, is shared.
    first_moved: u32,
}

impl<F: Fn(u32) -> u32> Mapping<'_, F> {
    /// All rows with the patches in place, narrow or wide.
    fn of(&self, rows: &Rows, narrow: bool) -> Rows {
        match (rows, narrow) {
            (Rows::Narrow(rows), true) => Rows::Narrow(self.of_same_width(rows)),
            (Rows::Wide(rows), false) => Rows::Wide(self.of_same_width(rows)),
            (Rows::Narrow(rows), false) => Rows::Wide(self.rows(rows, |_| None)),
            (Rows::Wide(rows), true) => Rows::Narrow(self.rows(rows, |_| None)),
        }
    }

    /// Shares what stays.
    fn of_same_width<T: Ordinal>(&self, rows: &[Arc<[T]>]) -> Vec<Arc<[T]>> {
        self.rows(rows, |row| {
            let stays = |number: &T| number.widen() < self.first_moved || *number == T::NONE;
            (self.first_moved == u32::MAX || row.iter().all(stays)).then(|| Arc::clone(row))
        })
    }

    /// `stays` gives the row itself where nothing in it moves.
    fn rows<T: Ordinal, U: Ordinal>(
        &self,
        rows: &[Arc<[T]>],
        stays: impl Fn(&Arc<[T]>) -> Option<Arc<[U]>>,
    ) -> Vec<Arc<[U]>> {
        let map = |number: u32| match number {
            NO_COST_WIDE => U::NONE,
            number => U::narrow((self.ordinal)(number)),
        };
        let mut patches = self.patches.iter().peekable();
        let row = |(row, from): (&Arc<[T]>, u32)| {
            let patch = patches.next_if(|(other, _)| *other == Pid::new(from));
            let Some((_, numbers)) = patch else {
                let mapped = || row.iter().map(|number| map(number.widen())).collect();
                return stays(row).unwrap_or_else(mapped);
            };
            let mut mapped: Vec<U> = row.iter().map(|number| map(number.widen())).collect();
            for (to, number) in numbers {
                mapped[to.index()] = map(*number);
            }
            mapped.into()
        };
        rows.iter().zip(0..).map(row).collect()
    }
}
