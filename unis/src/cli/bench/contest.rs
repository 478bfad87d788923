//! Two ways to do the same work, in turns, so that whatever else the machine does falls on both.

use std::time::{Duration, Instant};

/// Calls in a round at most.
const CALLS_MAX: u32 = 1_000_000;

/// How often and how long.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli::bench) struct Contest {
    /// Rounds of each way.
    pub(in crate::cli::bench) rounds: usize,
    /// About how long a round is; at least one call.
    pub(in crate::cli::bench) round: Duration,
}

/// What came of it, by one unit of work.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli::bench) struct Outcome {
    /// Nanoseconds of our way, median.
    pub(in crate::cli::bench) ours_ns: f64,
    /// Nanoseconds of the plain way, median.
    pub(in crate::cli::bench) plain_ns: f64,
    /// Plain by ours, round by round: lowest, median, highest.
    pub(in crate::cli::bench) ratio: [f64; 3],
}

impl Contest {
    /// Lets both ways have their rounds: ours, plain, ours, plain, … A call does `units` units of
    /// work. `passed` is told after each round of both.
    pub(in crate::cli::bench) fn hold(
        &self,
        units: u64,
        ours: &mut dyn FnMut(),
        plain: &mut dyn FnMut(),
        passed: impl Fn(),
    ) -> Outcome {
        let calls = [self.calls(ours), self.calls(plain)];
        let mut rounds = Vec::with_capacity(self.rounds);
        for _ in 0..self.rounds {
            let ns = |way: &mut dyn FnMut(), calls: u32| {
                let begin = Instant::now();
                (0..calls).for_each(|_| way());
                begin.elapsed().as_nanos() as f64 / f64::from(calls) / units.max(1) as f64
            };
            rounds.push((ns(ours, calls[0]), ns(plain, calls[1])));
            passed();
        }
        let ratios = sorted(rounds.iter().map(|(ours, plain)| plain / ours));
        Outcome {
            ours_ns: median(&sorted(rounds.iter().map(|(ours, _)| *ours))),
            plain_ns: median(&sorted(rounds.iter().map(|(_, plain)| *plain))),
            ratio: [
                ratios.first().copied().unwrap_or(f64::NAN),
                median(&ratios),
                ratios.last().copied().unwrap_or(f64::NAN),
            ],
        }
    }

    /// How many calls make a round, after two to warm up.
    fn calls(&self, way: &mut dyn FnMut()) -> u32 {
        way();
        let begin = Instant::now();
        way();
        let one = begin.elapsed().as_nanos().max(1);
        (self.round.as_nanos() / one).clamp(1, u128::from(CALLS_MAX)) as u32
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Of ascending values.
fn median(values: &[f64]) -> f64 {
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn both_ways_have_their_rounds_in_turns() {
        let contest = Contest { rounds: 4, round: Duration::ZERO };
        let (ours, plain, passed) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let outcome = contest.hold(
            10,
            &mut || ours.set(ours.get() + 1),
            &mut || {
                plain.set(plain.get() + 1);
                let ahead = ours.get() - plain.get();
                assert!((0..=2).contains(&ahead), "not in turns: {ahead}");
            },
            || passed.set(passed.get() + 1),
        );
        // Two calls to warm up, then one a round.
        assert_eq!([ours.get(), plain.get(), passed.get()], [6, 6, 4]);
        let [low, middle, high] = outcome.ratio;
        assert!(low <= middle && middle <= high);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&sorted([3.0, 1.0, 2.0].into_iter())), 2.0);
        assert_eq!(median(&sorted([4.0, 1.0, 2.0, 3.0].into_iter())), 2.5);
    }
}
