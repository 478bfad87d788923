//! Finding what repeats: by sorting, which no choice of input makes slow.

/// Indexes, ascending, of the keys that came before.
pub(crate) fn repeats<K: Ord + Copy>(keys: impl IntoIterator<Item = K>) -> Vec<usize> {
    let keys: Vec<K> = keys.into_iter().collect();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    if sorted.windows(2).all(|pair| pair.first() != pair.last()) {
        return Vec::new();
    }
    // A stable sort: of equal keys, the one that came first stays in front.
    let mut order: Vec<(usize, K)> = keys.into_iter().enumerate().collect();
    order.sort_by_key(|(_, key)| *key);
    let mut found: Vec<usize> = order
        .windows(2)
        .filter_map(|pair| match pair {
            [(_, former), (index, latter)] if former == latter => Some(*index),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found
}

/// Whether all keys are different. Quick where they are; where it says no, it may be wrong:
/// keys chosen to collide end the search, and [`repeats`] decides.
pub(crate) fn are_distinct<K: Eq>(keys: &[K], bits: impl Fn(&K) -> u64) -> bool {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15; // 2^64 divided by the golden ratio
    const EMPTY: u32 = 0;
    // A quarter full at most: most keys find their place free, which needs no comparison.
    let slots = (4 * keys.len()).next_power_of_two().max(2);
    let (mut table, mask) = (vec![EMPTY; slots], slots - 1);
    let shift = u64::BITS - slots.trailing_zeros();
    let mut steps_left = 4 * keys.len();
    for (key, number) in keys.iter().zip(1_u32..) {
        let mut slot = (bits(key).wrapping_mul(ODD) >> shift) as usize;
        while table[slot & mask] != EMPTY {
            let other = &keys[table[slot & mask] as usize - 1];
            if other == key || steps_left == 0 {
                return false;
            }
            steps_left -= 1;
            slot += 1;
        }
        table[slot & mask] = number;
    }
    true
}

/// Removes the items at these ascending indexes; the others keep their order.
pub(crate) fn remove<T>(items: &mut Vec<T>, indexes: &[usize]) {
    let (mut index, mut next) = (0, indexes.iter().peekable());
    items.retain(|_| {
        let remove = next.next_if(|at| **at == index).is_some();
        index += 1;
        !remove
    });
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::{any, prop, proptest};

    use super::*;

    #[test]
    fn the_first_of_its_kind_is_no_repeat() {
        assert_eq!(repeats(["b", "a", "b", "c", "b", "a"]), [2, 4, 5]);
        assert!(repeats::<u8>([]).is_empty());
        let mut items = vec!["b", "a", "b2", "c", "b3", "a2"];
        remove(&mut items, &[2, 4, 5]);
        assert_eq!(items, ["b", "a", "c"]);
    }

    #[test]
    fn keys_chosen_to_collide_end_the_search() {
        let keys: Vec<u32> = (0..10_000).collect();
        assert!(are_distinct(&keys, |key| u64::from(*key)));
        assert!(!are_distinct(&keys, |_| 7));
        assert!(repeats(keys).is_empty());
    }

    proptest! {
        #[test]
        fn a_set_lets_the_same_through(keys in prop::collection::vec(any::<u8>(), 0..99)) {
            let mut seen = HashSet::new();
            let expected: Vec<u8> = keys.iter().copied().filter(|key| seen.insert(*key)).collect();
            let mut rest = keys.clone();
            remove(&mut rest, &repeats(&keys));
            assert_eq!(rest, expected);
            assert_eq!(are_distinct(&keys, |key| u64::from(*key)), expected.len() == keys.len());
        }
    }
}
