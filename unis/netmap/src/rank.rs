//! Ranking: one source's candidates in the order of their costs (RFC 7285 §11.5).
//!
//! The ordinals are ready, so nothing is compared for a long list: a bitmap of the ordinals that
//! occur gives each its dense rank by counting bits, and a counting pass puts the candidates in
//! order. A short list is sorted.

use crate::matrix::row::{NO_COST_WIDE, Row};
use crate::pid::Pid;

/// From so many candidates on, clearing the bitmap (1,024 words at most for a narrow row) costs
/// less than sorting would.
const BITMAP_FROM_CANDIDATES: usize = 64;
/// At most so many words of bitmap for a candidate: a wide row may have millions of ordinals.
const MAX_WORDS_PER_CANDIDATE: usize = 16;

/// One candidate's place in a ranking.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Ranked {
    /// Which of the candidates given, from 0.
    pub index: usize,
    /// Its ordinal cost over all pairs of the map; `None` where it has no cost.
    pub ordinal: Option<u32>,
    /// Its rank among these candidates, from 1 and without gaps; ties share it. `None` where it
    /// has no cost.
    pub rank: Option<u32>,
}

/// Puts candidates in order, best first.
///
/// Ties keep the order given and share a rank. Candidates without a PID, or without a cost from
/// this source, come last, in the order given.
pub fn rank(row: Row<'_>, candidates: &[Option<Pid>]) -> Vec<Ranked> {
    let ordinals = row.gather(candidates);
    let highest = ordinals.iter().copied().filter(|n| *n != NO_COST_WIDE).max().unwrap_or(0);
    let words = highest as usize / 64 + 1;
    let bitmap_pays = candidates.len() >= BITMAP_FROM_CANDIDATES
        && words <= candidates.len() * MAX_WORDS_PER_CANDIDATE;
    if bitmap_pays { by_bitmap(&ordinals, words) } else { by_sorting(&ordinals) }
}

/// Sorts (ordinal, index) pairs; the index keeps ties as given, the sentinel comes last.
fn by_sorting(ordinals: &[u32]) -> Vec<Ranked> {
    let mut order: Vec<(u32, usize)> = ordinals.iter().copied().zip(0..).collect();
    order.sort_unstable();
    let (mut dense, mut last) = (0, None);
    let ranked = |(ordinal, index)| {
        if ordinal == NO_COST_WIDE {
            return unranked(index);
        }
        dense += u32::from(last != Some(ordinal));
        last = Some(ordinal);
        Ranked { index, ordinal: Some(ordinal), rank: Some(dense) }
    };
    order.into_iter().map(ranked).collect()
}

/// Counts instead of comparing: O(candidates + words).
fn by_bitmap(ordinals: &[u32], words: usize) -> Vec<Ranked> {
    let marks = Marks::of(ordinals, words);
    let dense: Vec<u32> = ordinals.iter().map(|ordinal| marks.rank(*ordinal)).collect();
    let mut places = marks.places(&dense);
    let mut ranked = vec![unranked(0); ordinals.len()];
    for (index, (ordinal, dense)) in ordinals.iter().zip(&dense).enumerate() {
        let place = &mut places[*dense as usize];
        ranked[*place] = match *ordinal {
            NO_COST_WIDE => unranked(index),
            ordinal => Ranked { index, ordinal: Some(ordinal), rank: Some(dense + 1) },
        };
        *place += 1;
    }
    ranked
}

/// The set of ordinals that occur, with how many there are before each word.
struct Marks {
    words: Vec<u64>,
    before: Vec<u32>,
    distinct: u32,
}

impl Marks {
    fn of(ordinals: &[u32], words: usize) -> Self {
        let mut marks = vec![0_u64; words];
        for ordinal in ordinals.iter().filter(|ordinal| **ordinal != NO_COST_WIDE) {
            marks[*ordinal as usize / 64] |= 1 << (ordinal % 64);
        }
        let mut distinct = 0;
        let before = marks.iter().map(|word| {
            let before = distinct;
            distinct += word.count_ones();
            before
        });
        let before = before.collect();
        Self { words: marks, before, distinct }
    }

    /// How many distinct ordinals are lower; for the sentinel, all.
    fn rank(&self, ordinal: u32) -> u32 {
        let at = ordinal as usize / 64;
        let Some(word) = self.words.get(at) else { return self.distinct };
        let lower = word & ((1 << (ordinal % 64)) - 1);
        self.before[at] + lower.count_ones()
    }

    /// For each dense rank, and last for those without cost, where its first candidate goes.
    fn places(&self, dense: &[u32]) -> Vec<usize> {
        let mut places = vec![0; self.distinct as usize + 1];
        dense.iter().for_each(|rank| places[*rank as usize] += 1);
        let mut next = 0;
        for place in &mut places {
            next += std::mem::replace(place, next);
        }
        places
    }
}

fn unranked(index: usize) -> Ranked {
    Ranked { index, ordinal: None, rank: None }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, proptest};

    use super::*;
    use crate::cost::Cost;
    use crate::matrix::build::MatrixBuilder;
    use crate::matrix::dense::CostMatrix;

    /// One source's row, as the first of a matrix in which the other rows are empty.
    fn matrix(row: &[Option<Cost>]) -> CostMatrix {
        let mut builder = MatrixBuilder::new("routingcost", row.len());
        builder.push_row(row.iter().copied()).unwrap();
        for _ in 1..row.len() {
            builder.push_row(row.iter().map(|_| None)).unwrap();
        }
        builder.finish().unwrap()
    }

    /// The order by a plain stable sort of the costs: (candidate, rank).
    fn plain(row: &[Option<Cost>], candidates: &[Option<Pid>]) -> Vec<(usize, Option<u32>)> {
        let cost = |at: usize| candidates[at].and_then(|pid| row[pid.index()]);
        let distinct: BTreeSet<_> = (0..candidates.len()).filter_map(cost).collect();
        let mut order: Vec<_> = (0..candidates.len()).collect();
        order.sort_by_key(|at| (cost(*at).is_none(), cost(*at)));
        let rank = |cost| distinct.iter().filter(|other| **other <= cost).count() as u32;
        order.into_iter().map(|at| (at, cost(at).map(rank))).collect()
    }

    fn scene() -> impl Strategy<Value = (Vec<Option<Cost>>, Vec<Option<Pid>>)> {
        let row = |distinct: u64| {
            let cost = prop::option::weighted(0.9, (0..distinct).prop_map(Cost::from_thousandths));
            prop::collection::vec(cost, 1..200)
        };
        let row = prop::sample::select(vec![1, 5, 70, u64::MAX]).prop_flat_map(row);
        let candidate = |pids| prop::option::weighted(0.9, (0..pids).prop_map(Pid::new));
        row.prop_flat_map(move |row| {
            let candidates = prop::collection::vec(candidate(row.len() as u32), 0..300);
            (Just(row), candidates)
        })
    }

    proptest! {
        #[test]
        fn both_ways_rank_as_a_plain_stable_sort((row, candidates) in scene()) {
            let matrix = matrix(&row);
            let expected = plain(&row, &candidates);
            let ordinals = matrix.row(Pid::new(0)).gather(&candidates);
            let words = matrix.table().len() / 64 + 1;
            let ways = [
                rank(matrix.row(Pid::new(0)), &candidates),
                by_sorting(&ordinals),
                by_bitmap(&ordinals, words),
            ];
            for ranked in ways {
                let places: Vec<_> = ranked.iter().map(|r| (r.index, r.rank)).collect();
                prop_assert_eq!(&places, &expected);
                for ranked in ranked {
                    let to = candidates[ranked.index];
                    let ordinal = to.and_then(|to| matrix.ordinal(Pid::new(0), to));
                    prop_assert_eq!(ranked.ordinal, ordinal);
                }
            }
        }

        #[test]
        fn sparse_ordinals_rank_alike_both_ways(ordinals in prop::collection::vec(
            prop::option::weighted(0.9, 0..100_000_u32), 0..200,
        ), all_alike in any::<bool>()) {
            let sentinel = |n: Option<u32>| n.map_or(NO_COST_WIDE, |n| n * u32::from(!all_alike));
            let ordinals: Vec<_> = ordinals.into_iter().map(sentinel).collect();
            prop_assert_eq!(by_bitmap(&ordinals, 100_000 / 64 + 1), by_sorting(&ordinals));
        }
    }

    #[test]
    fn nothing_to_rank_is_no_ranking() {
        let matrix = matrix(&[None]);
        assert_eq!(rank(matrix.row(Pid::new(0)), &[]), []);
    }

    #[test]
    fn a_pid_beyond_the_row_has_no_cost() {
        let matrix = matrix(&[Some(Cost::ZERO)]);
        let ranked = rank(matrix.row(Pid::new(0)), &[Some(Pid::new(9)), Some(Pid::new(0))]);
        assert_eq!(ranked[0], Ranked { index: 1, ordinal: Some(0), rank: Some(1) });
        assert_eq!(ranked[1], unranked(0));
    }
}
