//! Numbers for distinct costs, in the order in which they are first seen.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZero;

use crate::cost::Cost;

/// Largest multiple of the step that has a place of its own: bounds the places to 64 MiB.
const PLACES_MAX: u64 = 1 << 24;
/// Largest step: with it whatever is no multiple lies beyond the places.
const STEP_MAX: u64 = u64::MAX / PLACES_MAX;
/// A place without number.
const UNSEEN: u32 = u32::MAX;

/// A number for each distinct cost.
///
/// Sums of thousandths have a place by how many steps they are, costs of any kind are found by
/// their bits; a sum that is seen for the first time is looked for among the costs, so that equal
/// ones have one number however they came.
#[derive(Debug)]
pub(crate) struct Numbers {
    by_bits: HashMap<u64, u32, BuildHasherDefault<CostHasher>>,
    /// By multiple of the step.
    places: Vec<u32>,
    step: Step,
    /// By number.
    costs: Vec<Cost>,
}

impl Default for Numbers {
    fn default() -> Self {
        Self::with_step(NonZero::<u64>::MIN)
    }
}

impl Numbers {
    pub(crate) fn with_step(step: NonZero<u64>) -> Self {
        let step = if step.get() > STEP_MAX { NonZero::<u64>::MIN } else { step };
        let (by_bits, places, costs) = (HashMap::default(), Vec::new(), Vec::new());
        Self { by_bits, places, step: Step::new(step), costs }
    }

    /// The distinct costs so far, by number.
    pub(crate) fn costs(&self) -> &[Cost] {
        &self.costs
    }

    /// The number of a cost.
    pub(crate) fn of(&mut self, cost: Cost) -> u32 {
        let next = self.costs.len() as u32;
        let number = *self.by_bits.entry(cost.bits()).or_insert(next);
        if number == next {
            self.costs.push(cost);
        }
        number
    }

    /// The number of a sum of thousandths.
    #[inline]
    pub(crate) fn of_thousandths(&mut self, sum: u64) -> u32 {
        let place = self.step.multiple(sum);
        match self.places.get(place as usize) {
            Some(number) if *number != UNSEEN => *number,
            _ => self.first(sum, place),
        }
    }

    /// As [`Numbers::of_thousandths`], for what has no number at its place.
    #[cold]
    fn first(&mut self, sum: u64, place: u64) -> u32 {
        let number = self.of(Cost::from_thousandths(sum));
        if place < PLACES_MAX {
            let place = place as usize;
            if place >= self.places.len() {
                self.places.resize((place + 1).next_power_of_two(), UNSEEN);
            }
            self.places[place] = number;
        }
        number
    }

    /// The costs ascending, and for each number the place of its cost among them.
    pub(crate) fn in_order(self) -> (Vec<Cost>, Vec<u32>) {
        let Self { by_bits, places, mut costs, .. } = self;
        drop((by_bits, places));
        let mut by_cost: Vec<u32> = (0..costs.len() as u32).collect();
        by_cost.sort_unstable_by_key(|number| costs[*number as usize]);
        let mut ordinals = vec![0; costs.len()];
        for (ordinal, number) in (0..).zip(by_cost) {
            ordinals[number as usize] = ordinal;
        }
        costs.sort_unstable();
        (costs, ordinals)
    }
}

/// Division by a step without dividing, after T. Granlund, P. L. Montgomery, "Division by
/// invariant integers using multiplication", PLDI 1994, §9: the product with the inverse modulo
/// 2^64 is the quotient of a multiple, and above every quotient for all other numbers.
#[derive(Clone, Copy, Debug)]
struct Step {
    /// Of the step without its factors of two.
    inverse: u64,
    twos: u32,
}

impl Step {
    fn new(step: NonZero<u64>) -> Self {
        let twos = step.trailing_zeros();
        let odd = step.get() >> twos;
        // Each round of Newton's doubles the bits that are right; three are from the start.
        let inverse = (0..5).fold(odd, |inverse, _| {
            inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)))
        });
        Self { inverse, twos }
    }

    /// How many steps a sum is; more than 2^64 by the step where it is not a whole number.
    #[inline]
    fn multiple(self, sum: u64) -> u64 {
        sum.wrapping_mul(self.inverse).rotate_right(self.twos)
    }
}

/// Hashes the bits of a cost. They come from the operator's own files, so a quick hash is right: a
/// folded multiplication.
#[derive(Debug, Default)]
pub(crate) struct CostHasher(u64);

impl Hasher for CostHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, bits: u64) {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15; // 2^64 divided by the golden ratio
        let product = u128::from(self.0 ^ bits) * u128::from(ODD);
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_multiples_have_a_small_quotient() {
        for step in [1, 2, 7, 1_000, 24_000, STEP_MAX] {
            let by = Step::new(NonZero::new(step).unwrap());
            for quotient in [0, 1, 3, 999, 1 << 23] {
                assert_eq!(by.multiple(quotient * step), quotient, "{step}");
                if step > 1 {
                    let no_multiple = by.multiple(quotient * step + 1);
                    assert!(no_multiple >= u64::MAX / step, "{quotient} * {step} + 1");
                }
            }
        }
    }

    #[test]
    fn equal_costs_have_one_number_however_they_came() {
        let mut numbers = Numbers::with_step(NonZero::new(500).unwrap());
        let cost = |value| Cost::new(value).unwrap();
        assert_eq!(numbers.of(cost(2.5)), 0);
        assert_eq!(numbers.of_thousandths(2_500), 0);
        assert_eq!(numbers.of_thousandths(7_000), 1);
        assert_eq!(numbers.of(cost(7.0)), 1);
        assert_eq!(numbers.of_thousandths(7_001), 2, "no multiple of the step");
        assert_eq!(numbers.of_thousandths(7_001), 2);
        assert_eq!(numbers.of_thousandths(1 << 60), 3, "far beyond the places");
        assert_eq!(numbers.of_thousandths(7_000), 1);
        let (costs, ordinals) = numbers.in_order();
        assert_eq!(costs[..3], [cost(2.5), cost(7.0), cost(7.001)]);
        assert_eq!(ordinals, [0, 1, 2, 3]);
    }
}
