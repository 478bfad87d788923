//! Which contents of a block have a word: numbers of contents, 65,536 at a time.
//!
//! ```text
//!  number 145,000 = block 2, place 13,928    few have it:  68 36 ..           two bytes a place
//!                                            many:         ..1....1 1.......  a bit a place
//! ```

/// Places of a block, as many as two bytes tell apart: bits for all are eight kilobytes.
pub(crate) const PLACES: usize = 1 << 16;
/// A bit a place.
const BITS_BYTES: usize = PLACES / 8;
const WORD_BITS: usize = u64::BITS as usize;

/// A set of places.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Places([u64; PLACES / WORD_BITS]);

/// The block of a content's number, and its place there.
pub(crate) fn split(number: i64) -> (i64, u16) {
    // Less than `PLACES`: it fits.
    let place = number.rem_euclid(PLACES as i64) as u16;
    (number.div_euclid(PLACES as i64), place)
}

/// The number of the content at `place` of `block`.
pub(crate) const fn number(block: i64, place: usize) -> i64 {
    block.saturating_mul(PLACES as i64).saturating_add(place as i64)
}

impl Places {
    pub(crate) const NONE: Self = Self([0; PLACES / WORD_BITS]);

    pub(crate) fn insert(&mut self, place: u16) {
        let place = usize::from(place);
        self.0[place / WORD_BITS] |= 1 << (place % WORD_BITS);
    }

    pub(crate) fn remove(&mut self, place: u16) {
        let place = usize::from(place);
        self.0[place / WORD_BITS] &= !(1 << (place % WORD_BITS));
    }

    /// Takes in what is [`stored`](Self::stored).
    pub(crate) fn insert_all(&mut self, stored: &[u8]) {
        if stored.len() == BITS_BYTES {
            let words = stored.chunks_exact(size_of::<u64>()).map(|bytes| {
                bytes.iter().rev().fold(0, |word, byte| (word << u8::BITS) | u64::from(*byte))
            });
            self.0.iter_mut().zip(words).for_each(|(mine, theirs)| *mine |= theirs);
        } else {
            let places = stored.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            places.for_each(|place| self.insert(place));
        }
    }

    /// In bytes: a bit a place where that is shorter than the places one by one.
    pub(crate) fn stored(&self) -> Vec<u8> {
        if 2 * self.count() >= BITS_BYTES {
            return self.0.iter().flat_map(|word| word.to_le_bytes()).collect();
        }
        self.newest_first().flat_map(|place| (place as u16).to_le_bytes()).collect()
    }

    pub(crate) fn retain(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| *mine &= theirs);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// From the last place to the first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().rev().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.checked_ilog2()?;
                left ^= 1 << bit;
                Some(at * WORD_BITS + bit as usize)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn places(of: &BTreeSet<u16>) -> Places {
        let mut places = Places::NONE;
        of.iter().for_each(|place| places.insert(*place));
        places
    }

    /// By hand.
    #[test]
    fn a_number_is_a_block_and_a_place() {
        for (of, block, place) in [(0, 0, 0), (65_535, 0, 65_535), (65_536, 1, 0), (-1, -1, 65_535)]
        {
            assert_eq!(split(of), (block, place));
            assert_eq!(number(block, usize::from(place)), of);
        }
        assert_eq!(split(145_000), (2, 13_928));
    }

    /// By hand: little-endian, the last place first; bits from the lowest of the first byte.
    #[test]
    fn few_places_take_two_bytes_each_and_many_a_bit() {
        let few = BTreeSet::from([13_928, 1]);
        assert_eq!(places(&few).stored(), [0x68, 0x36, 1, 0]);
        assert_eq!(places(&(0..4095).collect()).stored().len(), 8190);
        let many = places(&(0..4096).map(|n| 2 * n).collect()).stored();
        assert_eq!((many.len(), many[0], many[1023], many[1024]), (8192, 0x55, 0x55, 0));
    }

    /// A file that somebody else wrote.
    #[test]
    fn bytes_that_are_no_places_do_no_harm() {
        for stored in [&[7][..], &[1, 0, 7], &[0xff; 8191], &[0xff; 8193]] {
            let mut places = Places::NONE;
            places.insert_all(stored);
            assert!(places.count() <= stored.len());
        }
    }

    proptest::proptest! {
        #[test]
        fn they_are_a_set(
            one in proptest::collection::btree_set(proptest::num::u16::ANY, 0..6000),
            other in proptest::collection::btree_set(proptest::num::u16::ANY, 0..6000),
        ) {
            let told = |places: &Places| {
                places.newest_first().map(|place| place as u16).collect::<Vec<_>>()
            };
            let sorted = |of: &mut dyn Iterator<Item = &u16>| {
                of.copied().collect::<BTreeSet<_>>().into_iter().rev().collect::<Vec<_>>()
            };
            let mut both = Places::NONE;
            both.insert_all(&places(&one).stored());
            proptest::prop_assert_eq!(told(&both), sorted(&mut one.iter()));
            both.insert_all(&places(&other).stored());
            proptest::prop_assert_eq!(told(&both), sorted(&mut one.union(&other)));
            proptest::prop_assert_eq!(both.count(), one.union(&other).count());
            both.retain(&places(&one));
            one.intersection(&other).for_each(|place| both.remove(*place));
            proptest::prop_assert_eq!(told(&both), sorted(&mut one.difference(&other)));
        }
    }
}
