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

    proptest! {
        #[test]
        fn a_set_lets_the_same_through(keys in prop::collection::vec(any::<u8>(), 0..99)) {
            let mut seen = HashSet::new();
            let expected: Vec<u8> = keys.iter().copied().filter(|key| seen.insert(*key)).collect();
            let mut rest = keys.clone();
            remove(&mut rest, &repeats(&keys));
            assert_eq!(rest, expected);
        }
    }
}
