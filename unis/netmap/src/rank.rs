//! Ranking: one source's candidates in the order of their costs (RFC 7285 §11.5).
//!
//! The ordinals are ready, so nothing is compared for a long list: it is put in order digit by
//! digit (an LSD radix sort), and ranks are counted along it. A short list is sorted.

use crate::matrix::row::{NO_COST_WIDE, Row};
use crate::pid::Pid;

/// From so many candidates on, counting the digits that occur costs less than sorting.
const DIGITS_FROM_CANDIDATES: usize = 64;
/// Ordinals are put in order by so many bits at a time.
const DIGIT_BITS: u32 = 8;
/// Values of a digit.
const DIGITS: usize = 1 << DIGIT_BITS;

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
    let keys = row.gather(candidates);
    let keys = if keys.len() < DIGITS_FROM_CANDIDATES { sorted(keys) } else { by_digits(keys) };
    ranked(&keys)
}

/// An ordinal and, behind it, whose it is: the index keeps ties as given, the sentinel comes last.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Key(u64);

impl Key {
    pub(crate) const fn new(ordinal: u32, index: u32) -> Self {
        Self((ordinal as u64) << 32 | index as u64)
    }

    const fn ordinal(self) -> u32 {
        (self.0 >> 32) as u32
    }

    const fn index(self) -> usize {
        (self.0 & u32::MAX as u64) as usize
    }

    /// A digit of the ordinal, from the lowest.
    const fn digit(self, place: u32) -> usize {
        (self.0 >> (32 + place * DIGIT_BITS)) as usize % DIGITS
    }
}

fn sorted(mut keys: Vec<Key>) -> Vec<Key> {
    keys.sort_unstable();
    keys
}

/// From the lowest digit to the highest that tells any two apart; each pass keeps the order of
/// those that it finds alike.
fn by_digits(mut keys: Vec<Key>) -> Vec<Key> {
    let first = keys.first().map_or(0, |key| key.ordinal());
    let differ = keys.iter().fold(0, |differ, key| differ | (key.ordinal() ^ first));
    let mut other = vec![Key::new(0, 0); keys.len()];
    for place in (0..u32::BITS / DIGIT_BITS).filter(|at| differ >> (at * DIGIT_BITS) != 0) {
        let mut next = [0_u32; DIGITS];
        keys.iter().for_each(|key| next[key.digit(place)] += 1);
        let mut before = 0;
        for count in &mut next {
            before += std::mem::replace(count, before);
        }
        for key in &keys {
            let at = &mut next[key.digit(place)];
            other[*at as usize] = *key;
            *at += 1;
        }
        std::mem::swap(&mut keys, &mut other);
    }
    keys
}

/// Counts ranks along keys in order.
fn ranked(keys: &[Key]) -> Vec<Ranked> {
    let (mut dense, mut last) = (0, None);
    let ranked = |key: &Key| {
        let (index, ordinal) = (key.index(), key.ordinal());
        if ordinal == NO_COST_WIDE {
            return unranked(index);
        }
        dense += u32::from(last != Some(ordinal));
        last = Some(ordinal);
        Ranked { index, ordinal: Some(ordinal), rank: Some(dense) }
    };
    keys.iter().map(ranked).collect()
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
            let keys = matrix.row(Pid::new(0)).gather(&candidates);
            let ways = [
                rank(matrix.row(Pid::new(0)), &candidates),
                ranked(&sorted(keys.clone())),
                ranked(&by_digits(keys)),
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

        /// Ordinals of all sizes, the sentinel among them.
        #[test]
        fn digits_put_ordinals_in_the_order_of_a_sort(
            ordinals in prop::collection::vec(prop::option::weighted(0.9, any::<u32>()), 0..200),
            bits in 0..=32_u32,
        ) {
            let cut = |n: u32| u32::try_from(u64::from(n) & ((1 << bits) - 1)).unwrap();
            let ordinals = ordinals.into_iter().map(|n| n.map_or(NO_COST_WIDE, cut));
            let keys: Vec<Key> = ordinals.zip(0..).map(|(n, index)| Key::new(n, index)).collect();
            prop_assert_eq!(by_digits(keys.clone()), sorted(keys));
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
