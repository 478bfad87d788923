//! Hashes of digests, for tables of peers.

use std::hash::{BuildHasher, RandomState};

use mp2p::id::PeerId;

/// A hash of peers with keys of its own, in a few steps of the processor, for a list needs several.
///
/// A peer's id is a digest, but whoever tries many keys chooses what its first bits are. So these
/// are multiplied in pairs with numbers that nobody knows: pair-multiply-shift, which is universal
/// (M. Thorup, High Speed Hashing for Integers and Strings, §3.3), so that two ids meet in a table
/// no more often than by chance, whoever chose them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DigestHash {
    keys: [u128; 2],
}

impl Default for DigestHash {
    fn default() -> Self {
        let random = RandomState::new();
        let half = |number: u128| u128::from(random.hash_one(number));
        Self { keys: [0, 2].map(|first| half(first) << 64 | half(first + 1)) }
    }
}

impl DigestHash {
    /// Of the first half of a peer's id: other peers do not share that.
    pub(crate) fn of(&self, peer: &PeerId) -> u64 {
        let half = u128::from_le_bytes(*peer.digest().first_chunk().unwrap_or(&[0; 16]));
        let (low, high) = (half & u128::from(u64::MAX), half >> 64);
        let product = self.keys[0].wrapping_add(high).wrapping_mul(self.keys[1].wrapping_add(low));
        (product >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever chooses ids cannot know where they meet: no two tables have the same keys.
    #[test]
    fn each_table_has_keys_of_its_own() {
        let peer = PeerId::of_digest([7; 32]);
        let [first, second] = [(); 2].map(|()| DigestHash::default());
        assert_ne!(first.of(&peer), second.of(&peer));
        assert!(first.keys.iter().all(|key| *key != 0 && key >> 64 != key & u128::from(u64::MAX)));
        assert_ne!(first.keys[0], first.keys[1]);
    }

    /// The digits of pi behind the point, in hexadecimal: numbers that nobody chose.
    const PI: [u128; 4] = [
        0x243f_6a88_85a3_08d3_1319_8a2e_0370_7344,
        0xa409_3822_299f_31d0_082e_fa98_ec4e_6c89,
        0x4528_21e6_38d0_1377_be54_66cf_34e9_0c6c,
        0xc0ac_29b7_c97c_50dd_3f84_d5b5_b547_0917,
    ];

    /// Ids with but a few bits of their own, as somebody might choose them, are spread like dice:
    /// of 4,096 in as many places none has more than 16, by high bits and by low ones. Of keys that
    /// are drawn a few in a hundred are worse, hence these.
    #[test]
    fn ids_that_are_alike_are_spread() {
        for keys in [[PI[0], PI[1]], [PI[2], PI[3]]] {
            let hash = DigestHash { keys };
            for byte in [0, 7, 8, 14] {
                let most = most_in_one_place(hash, byte);
                assert!(most <= 16, "{byte}: {most}");
            }
        }
    }

    /// Of ids that have two bytes of their own, from one place on.
    fn most_in_one_place(hash: DigestHash, byte: usize) -> u32 {
        let (mut low, mut high) = ([0; 4096], [0; 4096]);
        for number in 0..4096_u16 {
            let mut digest = [7; 32];
            digest[byte..byte + 2].copy_from_slice(&number.to_le_bytes());
            let hash = hash.of(&PeerId::of_digest(digest));
            low[hash as usize % 4096] += 1;
            high[(hash >> 52) as usize] += 1;
        }
        low.into_iter().chain(high).max().unwrap_or_default()
    }
}
