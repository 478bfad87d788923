//! Complete linkage: of all groups the two merge whose farthest members are nearest to each other,
//! until nothing may merge.
//!
//! By the nearest-neighbour chain (F. Murtagh, "A survey of recent advances in hierarchical
//! clustering algorithms", Computer Journal 26(4), 1983): exact, in a time that goes by the square
//! of the number. It depends on nothing but the order of the distances.

/// They never merge.
pub(super) const NEVER: u32 = u32::MAX;

/// Distances between all of so many, each pair once.
pub(super) struct Distances {
    count: usize,
    /// `below[two * (two - 1) / 2 + one]` for `one < two`.
    below: Vec<u32>,
}

impl Distances {
    pub(super) fn new(count: usize, distance: impl Fn(usize, usize) -> u32) -> Self {
        let pairs = (0..count).flat_map(|two| (0..two).map(move |one| (one, two)));
        let mut below = Vec::with_capacity(count * count.saturating_sub(1) / 2);
        below.extend(pairs.map(|(one, two)| distance(one, two)));
        Self { count, below }
    }

    fn at(&self, one: usize, two: usize) -> u32 {
        self.below[Self::index(one, two)]
    }

    fn index(one: usize, two: usize) -> usize {
        let (low, high) = (one.min(two), one.max(two));
        high * (high - 1) / 2 + low
    }
}

/// Two groups become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Merge {
    /// Between their farthest members.
    pub(super) distance: u32,
    /// A member of each.
    pub(super) one: usize,
    pub(super) two: usize,
}

/// All merges, each behind those that made its groups.
pub(super) fn merges(mut distances: Distances) -> Vec<Merge> {
    let mut open: Vec<usize> = (0..distances.count).collect();
    let mut merges = Vec::new();
    let mut chain: Vec<usize> = Vec::new();
    while let Some(last) = chain.last().or(open.first()).copied() {
        if chain.is_empty() {
            chain.push(last);
        }
        let before = chain.len().checked_sub(2).map(|at| chain[at]);
        match nearest(&distances, &open, last, before) {
            None => {
                chain.pop();
                open.retain(|group| *group != last);
            }
            Some((distance, next)) if before == Some(next) => {
                chain.truncate(chain.len() - 2);
                let (kept, gone) = (last.min(next), last.max(next));
                merges.push(Merge { distance, one: kept, two: gone });
                open.retain(|group| *group != gone);
                for &other in open.iter().filter(|other| **other != kept) {
                    let farther = distances.at(kept, other).max(distances.at(gone, other));
                    distances.below[Distances::index(kept, other)] = farther;
                }
            }
            Some((_, next)) => chain.push(next),
        }
    }
    merges
}

/// The nearest of the open groups; of several the one before in the chain, then the lowest.
fn nearest(
    distances: &Distances,
    open: &[usize],
    group: usize,
    before: Option<usize>,
) -> Option<(u32, usize)> {
    let others = open.iter().filter(|other| **other != group);
    let near = others.map(|other| (distances.at(group, *other), before != Some(*other), *other));
    let (distance, _, other) = near.min()?;
    (distance != NEVER).then_some((distance, other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_a_line(places: &[u32]) -> Vec<Merge> {
        merges(Distances::new(places.len(), |one, two| places[one].abs_diff(places[two])))
    }

    fn ascending(mut merges: Vec<Merge>) -> Vec<(u32, usize, usize)> {
        merges.sort_by_key(|merge| merge.distance);
        merges.iter().map(|merge| (merge.distance, merge.one, merge.two)).collect()
    }

    #[test]
    fn the_farthest_members_count() {
        // 0 and 1 become one, then 8 and 10; 5 is 5 from either end and goes with the lower.
        let merged = ascending(on_a_line(&[0, 1, 5, 8, 10]));
        assert_eq!(merged, [(1, 0, 1), (2, 3, 4), (5, 0, 2), (10, 0, 3)]);
    }

    #[test]
    fn what_never_merges_stays_apart() {
        let distance = |one: usize, two: usize| if one % 2 == two % 2 { 1 } else { NEVER };
        let merged = ascending(merges(Distances::new(5, distance)));
        assert_eq!(merged, [(1, 0, 2), (1, 0, 4), (1, 1, 3)]);
        assert_eq!(merges(Distances::new(1, |_, _| 0)), []);
        assert_eq!(merges(Distances::new(0, |_, _| 0)), []);
    }

    #[test]
    fn merges_are_those_of_the_slow_way() {
        let mut mixed = 7u64;
        for count in 2..40 {
            let mut table = vec![vec![0; count]; count];
            // Distinct, so that there is one answer.
            for (two, one) in (0..count).flat_map(|two| (0..two).map(move |one| (two, one))) {
                mixed = mixed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let distance = (mixed >> 44) as u32 * 2_000 + (two * count + one) as u32;
                (table[one][two], table[two][one]) = (distance, distance);
            }
            let quick: Vec<u32> =
                ascending(merges(Distances::new(count, |one, two| table[one][two])))
                    .iter()
                    .map(|merge| merge.0)
                    .collect();
            assert_eq!(quick, slow(&table), "{count}");
        }
    }

    /// Each time all pairs of groups and all pairs of their members.
    fn slow(table: &[Vec<u32>]) -> Vec<u32> {
        let mut groups: Vec<Vec<usize>> = (0..table.len()).map(|at| vec![at]).collect();
        let mut heights = Vec::new();
        while groups.len() > 1 {
            let pairs = (0..groups.len()).flat_map(|two| (0..two).map(move |one| (one, two)));
            let farthest = |(one, two): (usize, usize)| {
                let members = groups[one].iter().flat_map(|a| groups[two].iter().map(|b| (*a, *b)));
                (members.map(|(a, b)| table[a][b]).max().unwrap(), one, two)
            };
            let (height, one, two) = pairs.map(farthest).min().unwrap();
            heights.push(height);
            let gone = groups.swap_remove(two);
            groups[one].extend(gone);
        }
        heights
    }
}
