//! Which fragments a peer has (ITU-T X.609.7 buffermap: bit 1, it has the fragment).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Fragments of a content at most.
pub const MAX_FRAGMENTS: u32 = 1 << 17;
const WORD_BITS: u32 = u64::BITS;
/// Bytes of the number of fragments before the bits.
const COUNT_BYTES: usize = 4;

/// One bit per fragment. On the wire: the number of fragments (u32, big endian), then the bits,
/// fragment 0 in the highest bit of the first byte, the last byte filled up with 0; in JSON the
/// same bytes as base64url.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Buffermap {
    fragments: u32,
    /// How many bits are 1.
    held: u32,
    /// Fragment 0 is the highest bit of the first word.
    words: Box<[u64]>,
}

/// Bytes that are no map.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("these bytes are no buffermap: {0}")]
pub struct MapError(pub(crate) &'static str);

impl Buffermap {
    /// A map with nothing in it.
    ///
    /// # Errors
    /// More than [`MAX_FRAGMENTS`], or none.
    pub fn empty(fragments: u32) -> Result<Self, MapError> {
        if !(1..=MAX_FRAGMENTS).contains(&fragments) {
            return Err(MapError("1 to 131072 fragments make a content"));
        }
        let words = fragments.div_ceil(WORD_BITS) as usize;
        Ok(Self { fragments, held: 0, words: vec![0; words].into() })
    }

    /// A map with all of them.
    ///
    /// # Errors
    /// As [`Buffermap::empty`].
    pub fn full(fragments: u32) -> Result<Self, MapError> {
        let mut map = Self::empty(fragments)?;
        for fragment in 0..fragments {
            map.insert(fragment);
        }
        Ok(map)
    }

    /// Fragments of the content.
    #[must_use]
    pub const fn fragments(&self) -> u32 {
        self.fragments
    }

    /// Fragments that are there.
    #[must_use]
    pub const fn held(&self) -> u32 {
        self.held
    }

    /// Whether all are there.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.held == self.fragments
    }

    /// Whether a fragment is there; one beyond the end never is.
    #[must_use]
    pub fn has(&self, fragment: u32) -> bool {
        let (word, bit) = place(fragment);
        fragment < self.fragments && self.words[word] & bit != 0
    }

    /// Notes a fragment; whether it is new. One beyond the end is not taken.
    pub fn insert(&mut self, fragment: u32) -> bool {
        let (word, bit) = place(fragment);
        let new = fragment < self.fragments && self.words[word] & bit == 0;
        if new {
            self.words[word] |= bit;
            self.held += 1;
        }
        new
    }

    /// Forgets a fragment; whether it was there.
    pub fn remove(&mut self, fragment: u32) -> bool {
        let had = self.has(fragment);
        if had {
            let (word, bit) = place(fragment);
            self.words[word] &= !bit;
            self.held -= 1;
        }
        had
    }

    /// The fragments that are there, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let words = self.words.iter().enumerate();
        words.flat_map(|(index, &word)| bits(word).map(move |bit| index as u32 * WORD_BITS + bit))
    }

    /// Those of this map that are not in `other`, in order.
    pub fn iter_without<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = u32> + 'a {
        let words = self.words.iter().zip(&other.words).enumerate();
        words.flat_map(|(index, (&mine, &theirs))| {
            bits(mine & !theirs).map(move |bit| index as u32 * WORD_BITS + bit)
        })
    }

    /// The map as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.fragments.to_be_bytes().to_vec();
        bytes.extend(self.words.iter().flat_map(|word| word.to_be_bytes()));
        bytes.truncate(COUNT_BYTES + self.fragments.div_ceil(8) as usize);
        bytes
    }

    /// Reads what [`Buffermap::to_bytes`] writes.
    ///
    /// # Errors
    /// Another length than the number of fragments says, a bit beyond the last fragment.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MapError> {
        let (count, bits) = bytes.split_first_chunk().ok_or(MapError("they are too few"))?;
        let mut map = Self::empty(u32::from_be_bytes(*count))?;
        if bits.len() != map.fragments.div_ceil(8) as usize {
            return Err(MapError("as many bits as fragments are needed"));
        }
        for (word, part) in map.words.iter_mut().zip(bits.chunks(8)) {
            let mut filled = [0; 8];
            filled[..part.len()].copy_from_slice(part);
            *word = u64::from_be_bytes(filled);
        }
        let last = map.words.last().copied().unwrap_or_default();
        let used = (map.fragments - 1) % WORD_BITS + 1;
        if used < WORD_BITS && last << used != 0 {
            return Err(MapError("a bit lies beyond the last fragment"));
        }
        map.held = map.words.iter().map(|word| word.count_ones()).sum();
        Ok(map)
    }
}

/// Word and bit of a fragment.
const fn place(fragment: u32) -> (usize, u64) {
    ((fragment / WORD_BITS) as usize, 1 << (WORD_BITS - 1 - fragment % WORD_BITS))
}

/// Bits of a word that are 1, the highest is 0.
fn bits(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = word.leading_zeros();
        (bit < WORD_BITS).then(|| {
            word &= !(1 << (WORD_BITS - 1 - bit));
            bit
        })
    })
}

impl Serialize for Buffermap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.to_bytes()))
    }
}

impl<'de> Deserialize<'de> for Buffermap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(serde::de::Error::custom)?;
        Self::from_bytes(&bytes).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// ITU-T X.609.7: bit 1 says that the fragment is there. Ten fragments, 0, 7 and 9 there:
    /// 1000_0001 01 and six bits of filling.
    #[test]
    fn the_first_fragment_is_the_highest_bit() {
        let mut map = Buffermap::empty(10).unwrap();
        for fragment in [0, 7, 9] {
            assert!(map.insert(fragment));
            assert!(!map.insert(fragment));
        }
        assert_eq!(map.to_bytes(), [0, 0, 0, 10, 0b1000_0001, 0b0100_0000]);
        assert_eq!(map.held(), 3);
        assert!(!map.has(10) && !map.insert(10) && !map.insert(u32::MAX));
    }

    #[test]
    fn bytes_of_another_length_or_with_bits_beyond_are_no_map() {
        for bad in [
            &[][..],
            &[0, 0, 0, 0],
            &[0, 0, 0, 9, 0],
            &[0, 0, 0, 8, 0, 0],
            &[0, 0, 0, 9, 0, 0b0100_0000],
            &[0xff, 0xff, 0xff, 0xff, 0],
        ] {
            assert!(Buffermap::from_bytes(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn a_map_is_a_set_of_numbers(
            fragments in 1..500u32,
            picks in proptest::collection::btree_set(0..500u32, 0..80),
            gone in proptest::collection::btree_set(0..500u32, 0..80),
        ) {
            let mut map = Buffermap::empty(fragments).unwrap();
            for &pick in &picks {
                map.insert(pick);
            }
            for &pick in &gone {
                map.remove(pick);
            }
            let inside = |pick: &&u32| **pick < fragments;
            let wanted: Vec<u32> = picks.difference(&gone).filter(inside).copied().collect();
            prop_assert_eq!(map.iter().collect::<Vec<_>>(), wanted.clone());
            prop_assert_eq!(map.held() as usize, wanted.len());
            prop_assert_eq!(&Buffermap::from_bytes(&map.to_bytes()).unwrap(), &map);
            let json = serde_json::to_string(&map).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Buffermap>(&json).unwrap(), &map);
            let full = Buffermap::full(fragments).unwrap();
            let rest: Vec<u32> = (0..fragments).filter(|pick| !map.has(*pick)).collect();
            prop_assert_eq!(full.iter_without(&map).collect::<Vec<_>>(), rest);
            prop_assert!(full.is_full());
        }
    }
}
