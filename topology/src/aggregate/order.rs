//! How often a source prefers another destination than before.

/// Sources whose order is compared; of more, so many are taken at even steps through the names.
const SOURCES_MAX: usize = 256;

/// What became of the order of each two destinations, over some or all sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderError {
    /// Sources that were looked at.
    pub sources: usize,
    /// Sources that there are.
    pub sources_all: usize,
    /// Pairs of two destinations, over these sources.
    pub pairs: u64,
    /// Of two destinations the other one is cheaper now.
    pub reversed: u64,
    /// Two destinations cost the same that did not.
    pub tied: u64,
    /// Two destinations cost not the same any more.
    pub parted: u64,
}

impl OrderError {
    /// The part of the pairs whose order is not what it was.
    pub fn share(&self) -> f64 {
        match self.pairs {
            0 => 0.0,
            pairs => (self.reversed + self.tied + self.parted) as f64 / pairs as f64,
        }
    }
}

/// Collects source after source.
pub(super) struct Orders {
    order: OrderError,
}

impl Orders {
    pub(super) fn among(sources_all: usize) -> Self {
        Self { order: OrderError { sources_all, ..OrderError::default() } }
    }

    /// Whether the source at this place among all is one of those looked at.
    pub(super) fn wants(&self, at: usize) -> bool {
        let (all, taken) = (self.order.sources_all, self.order.sources);
        taken < SOURCES_MAX.min(all) && at == taken * all / SOURCES_MAX.min(all)
    }

    /// Takes what each destination of one source costs before and after.
    pub(super) fn add(&mut self, mut costs: Vec<(u64, u64)>) {
        costs.sort_unstable();
        let pairs = pairs_among(costs.len() as u64);
        let same_before = pairs_in_runs(costs.iter().map(|(before, _)| *before));
        let same_both = pairs_in_runs(costs.iter().copied());
        let mut after: Vec<u64> = costs.into_iter().map(|(_, after)| after).collect();
        self.order.reversed += inversions(&mut after);
        let same_after = pairs_in_runs(after.into_iter());
        self.order.sources += 1;
        self.order.pairs += pairs;
        self.order.tied += same_after - same_both;
        self.order.parted += same_before - same_both;
    }

    pub(super) fn finish(self) -> OrderError {
        self.order
    }
}

fn pairs_among(count: u64) -> u64 {
    count * count.saturating_sub(1) / 2
}

/// Pairs of equals among values that are in order.
fn pairs_in_runs<T: PartialEq>(ordered: impl Iterator<Item = T>) -> u64 {
    let (mut pairs, mut run, mut last) = (0, 0, None);
    for value in ordered {
        run = if last.as_ref() == Some(&value) { run + 1 } else { 0 };
        pairs += run;
        last = Some(value);
    }
    pairs
}

/// Puts values in order and counts the pairs that were in the reverse one.
fn inversions(values: &mut [u64]) -> u64 {
    if values.len() < 2 {
        return 0;
    }
    let (low, high) = values.split_at_mut(values.len() / 2);
    let mut count = inversions(low) + inversions(high);
    let mut merged = Vec::with_capacity(low.len() + high.len());
    let (mut left, mut right) = (&*low, &*high);
    while let (Some(one), Some(two)) = (left.first(), right.first()) {
        if one <= two {
            merged.push(*one);
            left = &left[1..];
        } else {
            count += left.len() as u64;
            merged.push(*two);
            right = &right[1..];
        }
    }
    merged.extend_from_slice(left);
    merged.extend_from_slice(right);
    values.copy_from_slice(&merged);
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_is_what_the_plain_way_says() {
        let mut mixed = 3u64;
        for count in 0..60 {
            let mut costs = Vec::new();
            for _ in 0..count {
                mixed = mixed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                costs.push((mixed >> 60, mixed >> 40 & 7));
            }
            let mut plain = OrderError { sources: 1, sources_all: 1, ..OrderError::default() };
            for (at, one) in costs.iter().enumerate() {
                for two in &costs[..at] {
                    let (before, after) = (one.0.cmp(&two.0), one.1.cmp(&two.1));
                    plain.pairs += 1;
                    plain.reversed += u64::from(before.is_ne() && after == before.reverse());
                    plain.tied += u64::from(before.is_ne() && after.is_eq());
                    plain.parted += u64::from(before.is_eq() && after.is_ne());
                }
            }
            let mut orders = Orders::among(1);
            orders.add(costs);
            assert_eq!(orders.finish(), plain);
        }
    }

    #[test]
    fn of_many_sources_some_are_taken_at_even_steps() {
        let mut orders = Orders::among(1_000);
        let mut taken = Vec::new();
        for at in 0..1_000 {
            if orders.wants(at) {
                orders.add(Vec::new());
                taken.push(at);
            }
        }
        assert_eq!((taken.len(), &taken[..4]), (256, &[0, 3, 7, 11][..]));
        let few = Orders::among(3);
        assert!(few.wants(0) && !few.wants(1));
    }
}
