//! Searching the nodes of a tree for several keys in lockstep, with AVX2 where the processor has
//! it. Of this package the one module with `unsafe` code.
//!
//! A group of keys goes down one layer at a time, so that the loads of a layer, which do not
//! depend on each other, overlap; one by one, each load would wait for the one above it.
#![allow(unsafe_code, reason = "SIMD loads, and calls behind run-time detection; proofs below")]

/// How many addresses go down together: enough for their loads to overlap, few enough for the
/// group to stay in the first cache.
pub(crate) const GROUP: usize = 64;

/// What a processor can do; only [`Isa::detect`] makes one with AVX2.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Isa {
    #[cfg(target_arch = "x86_64")]
    avx2: bool,
}

impl Isa {
    /// Asks the processor.
    pub(crate) fn detect() -> Self {
        Self {
            #[cfg(target_arch = "x86_64")]
            avx2: is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt"),
        }
    }

    /// What every processor can do.
    #[cfg(test)]
    pub(crate) fn portable() -> Self {
        Self {
            #[cfg(target_arch = "x86_64")]
            avx2: false,
        }
    }
}

/// A node: a cache line of words. An inner one is all keys, ascending; a leaf has some keys first
/// and their values packed behind them, so that it takes one line to get both. Words are signed,
/// as the compare instructions are.
#[derive(Copy, Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct Node<K, const KEYS: usize>(pub(crate) [K; KEYS]);

/// The layers of a tree, root first, leaves last.
pub(crate) struct Layers<'a, K, const KEYS: usize> {
    /// All nodes, layer behind layer.
    pub(crate) nodes: &'a [Node<K, KEYS>],
    /// Where each layer starts.
    pub(crate) starts: &'a [usize],
}

/// Keys that nodes are made of.
pub(crate) trait Key<const KEYS: usize>: Copy + Ord {
    /// What is searched for.
    type Address: Copy;
    /// The greatest key; what is left of a node is filled with it.
    const GREATEST: Self;
    /// How many keys a leaf has.
    const LEAF_KEYS: usize;

    /// The key of an address; it keeps the order.
    fn of(address: Self::Address) -> Self;

    /// Puts a value behind the keys of a leaf.
    fn set_value(leaf: &mut Node<Self, KEYS>, place: usize, value: u32);

    /// The value that belongs to the key at this place of a leaf.
    fn value(leaf: &Node<Self, KEYS>, place: usize) -> u32;

    /// For each address the value of the first key in the leaves that is not less. Panics if
    /// there is none; there is one where the greatest key stands last.
    fn search(
        isa: Isa,
        layers: &Layers<'_, Self, KEYS>,
        addresses: &[Self::Address],
        found: &mut [u32],
    );
}

/// 16 words of 32 bits, for IPv4 addresses. A leaf: 8 keys, 8 values.
impl Key<16> for i32 {
    type Address = u32;
    const GREATEST: Self = i32::MAX;
    const LEAF_KEYS: usize = 8;

    #[inline]
    fn of(address: u32) -> Self {
        (address ^ (1 << 31)) as i32
    }

    fn set_value(leaf: &mut Node<Self, 16>, place: usize, value: u32) {
        leaf.0[Self::LEAF_KEYS + place] = value as i32;
    }

    #[inline]
    fn value(leaf: &Node<Self, 16>, place: usize) -> u32 {
        leaf.0[Self::LEAF_KEYS + place] as u32
    }

    #[inline]
    fn search(isa: Isa, layers: &Layers<'_, Self, 16>, addresses: &[u32], found: &mut [u32]) {
        #[cfg(target_arch = "x86_64")]
        if isa.avx2 {
            // SAFETY: `avx2` is true only where `Isa::detect` found AVX2 and POPCNT.
            unsafe { avx2::search_i32(layers, addresses, found) };
            return;
        }
        let _ = isa;
        descend(layers, addresses, found, less_portable, less_in_leaf_portable);
    }
}

/// 8 words of 64 bits, for upper halves of IPv6 addresses. A leaf: 5 keys, then 6 values of which
/// 5 are used, two to a word.
impl Key<8> for i64 {
    type Address = u128;
    const GREATEST: Self = i64::MAX;
    const LEAF_KEYS: usize = 5;

    #[inline]
    fn of(address: u128) -> Self {
        ((address >> 64) as u64 ^ (1 << 63)) as i64
    }

    fn set_value(leaf: &mut Node<Self, 8>, place: usize, value: u32) {
        let shift = place % 2 * 32;
        let word = &mut leaf.0[Self::LEAF_KEYS + place / 2];
        *word = *word & !(0xffff_ffff << shift) | i64::from(value) << shift;
    }

    #[inline]
    fn value(leaf: &Node<Self, 8>, place: usize) -> u32 {
        (leaf.0[Self::LEAF_KEYS + place / 2] >> (place % 2 * 32)) as u32
    }

    #[inline]
    fn search(isa: Isa, layers: &Layers<'_, Self, 8>, addresses: &[u128], found: &mut [u32]) {
        #[cfg(target_arch = "x86_64")]
        if isa.avx2 {
            // SAFETY: `avx2` is true only where `Isa::detect` found AVX2 and POPCNT.
            unsafe { avx2::search_i64(layers, addresses, found) };
            return;
        }
        let _ = isa;
        descend(layers, addresses, found, less_portable, less_in_leaf_portable);
    }
}

/// Takes all addresses down, a group at a time.
#[inline(always)]
fn descend<K: Key<KEYS>, const KEYS: usize>(
    layers: &Layers<'_, K, KEYS>,
    addresses: &[K::Address],
    found: &mut [u32],
    less: impl Fn(&Node<K, KEYS>, K) -> usize,
    less_in_leaf: impl Fn(&Node<K, KEYS>, K) -> usize,
) {
    let groups = addresses.chunks(GROUP).zip(found.chunks_mut(GROUP));
    for (addresses, found) in groups {
        let mut keys = [K::GREATEST; GROUP];
        keys.iter_mut().zip(addresses).for_each(|(key, address)| *key = K::of(*address));
        descend_group(layers, &keys, found, &less, &less_in_leaf);
    }
}

/// Takes a group down layer by layer; `found` holds the nodes on the way. A node has one child
/// more than keys; child `i` is where exactly `i` of the node's keys are less.
#[inline(always)]
fn descend_group<K: Key<KEYS>, const KEYS: usize>(
    layers: &Layers<'_, K, KEYS>,
    keys: &[K],
    found: &mut [u32],
    less: impl Fn(&Node<K, KEYS>, K) -> usize,
    less_in_leaf: impl Fn(&Node<K, KEYS>, K) -> usize,
) {
    found.fill(0);
    for pair in layers.starts.windows(2) {
        let (layer, below) = (&layers.nodes[pair[0]..pair[1]], &layers.nodes[pair[1]..]);
        for (place, key) in found.iter_mut().zip(keys) {
            let node = *place as usize;
            let child = node * (KEYS + 1) + less(&layer[node], *key);
            prefetch(below, child);
            *place = child as u32;
        }
    }
    let Some(leaves) = layers.starts.last() else { return };
    let leaves = &layers.nodes[*leaves..];
    for (place, key) in found.iter_mut().zip(keys) {
        let leaf = &leaves[*place as usize];
        *place = K::value(leaf, less_in_leaf(leaf, *key));
    }
}

/// How many of a node's keys are less.
fn less_portable<K: Ord, const KEYS: usize>(node: &Node<K, KEYS>, key: K) -> usize {
    node.0.partition_point(|other| *other < key)
}

/// How many of a leaf's keys are less.
fn less_in_leaf_portable<K: Key<KEYS>, const KEYS: usize>(leaf: &Node<K, KEYS>, key: K) -> usize {
    leaf.0[..K::LEAF_KEYS].partition_point(|other| *other < key)
}

/// Asks for the cache line of an element that will be needed soon. An index beyond the slice
/// does no harm.
#[inline(always)]
pub(crate) fn prefetch<T>(slice: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let element = slice.as_ptr().wrapping_add(index);
        // SAFETY: every x86-64 processor has this instruction. It is a hint that reads nothing
        // into the program and never faults, whatever the address; the address is computed by
        // wrapping arithmetic, which is defined for every index.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(element.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (slice, index);
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256i, _mm256_castsi256_pd, _mm256_castsi256_ps, _mm256_cmpgt_epi32, _mm256_cmpgt_epi64,
        _mm256_load_si256, _mm256_movemask_epi8, _mm256_movemask_pd, _mm256_movemask_ps,
        _mm256_packs_epi32, _mm256_set1_epi32, _mm256_set1_epi64x,
    };

    use crate::lookup::search::{Layers, Node, descend};

    #[target_feature(enable = "avx2,popcnt")]
    pub(super) fn search_i32(layers: &Layers<'_, i32, 16>, addresses: &[u32], found: &mut [u32]) {
        let less = |node: &Node<i32, 16>, key| {
            let key = _mm256_set1_epi32(key);
            let [low, high] = halves(node).map(|half| _mm256_cmpgt_epi32(key, half));
            // Packing shuffles the lanes; only their number counts. Two bits a key.
            let both = _mm256_packs_epi32(low, high);
            _mm256_movemask_epi8(both).count_ones() as usize / 2
        };
        descend(layers, addresses, found, less, |leaf, key| {
            let less = _mm256_cmpgt_epi32(_mm256_set1_epi32(key), halves(leaf)[0]);
            _mm256_movemask_ps(_mm256_castsi256_ps(less)).count_ones() as usize
        });
    }

    #[target_feature(enable = "avx2,popcnt")]
    pub(super) fn search_i64(layers: &Layers<'_, i64, 8>, addresses: &[u128], found: &mut [u32]) {
        let less = |node: &Node<i64, 8>, key| {
            let key = _mm256_set1_epi64x(key);
            let [low, high] = halves(node).map(|half| _mm256_cmpgt_epi64(key, half));
            // Packing shuffles the lanes; only their number counts.
            let both = _mm256_packs_epi32(low, high);
            _mm256_movemask_ps(_mm256_castsi256_ps(both)).count_ones() as usize
        };
        descend(layers, addresses, found, less, |leaf, key| {
            let four = _mm256_cmpgt_epi64(_mm256_set1_epi64x(key), halves(leaf)[0]);
            let four = _mm256_movemask_pd(_mm256_castsi256_pd(four)).count_ones() as usize;
            four + usize::from(leaf.0[4] < key)
        });
    }

    /// The 64 bytes of a node as two vectors.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn halves<K, const KEYS: usize>(node: &Node<K, KEYS>) -> [__m256i; 2] {
        const { assert!(size_of::<Node<K, KEYS>>() == 64 && size_of::<[K; KEYS]>() == 64) };
        let start: *const __m256i = std::ptr::from_ref(node).cast();
        // SAFETY: a node is 64 bytes long, all of them initialised integers of its array (both
        // asserted above: no padding; only i32 and i64 come here), and borrowed for the call. It
        // is aligned to 64, so both 32-byte loads lie inside it and are aligned.
        unsafe { [_mm256_load_si256(start), _mm256_load_si256(start.add(1))] }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    /// The number of the leaf key that each way finds, among this many and the greatest.
    fn places<K: Key<N>, const N: usize>(keys: &[K], address: K::Address) -> [u32; 2] {
        let mut leaf = Node([K::GREATEST; N]);
        leaf.0[..keys.len()].copy_from_slice(keys);
        (0..K::LEAF_KEYS).for_each(|place| K::set_value(&mut leaf, place, 1 << 31 | place as u32));
        let layers = Layers { nodes: &[leaf], starts: &[0] };
        [Isa::detect(), Isa::portable()].map(|isa| {
            let mut found = [u32::MAX];
            K::search(isa, &layers, &[address], &mut found);
            found[0] ^ 1 << 31
        })
    }

    /// The child that each way takes in an inner node.
    fn children<K: Key<N>, const N: usize>(keys: [K; N], address: K::Address) -> [u32; 2] {
        let mut nodes = vec![Node(keys)];
        for child in 0..=N {
            let mut leaf = Node([K::GREATEST; N]);
            (0..K::LEAF_KEYS).for_each(|place| K::set_value(&mut leaf, place, child as u32));
            nodes.push(leaf);
        }
        let layers = Layers { nodes: &nodes, starts: &[0, 1] };
        [Isa::detect(), Isa::portable()].map(|isa| {
            let mut found = [u32::MAX];
            K::search(isa, &layers, &[address], &mut found);
            found[0]
        })
    }

    proptest! {
        #[test]
        fn both_ways_find_the_right_place_in_32_bits(
            mut addresses in any::<[u32; 16]>(), other in any::<u32>(), at in 0..16_usize,
        ) {
            addresses.sort_unstable();
            let keys = addresses.map(i32::of);
            for address in [other, addresses[at], 0, u32::MAX] {
                let less = |among: usize| {
                    addresses[..among].iter().filter(|a| **a < address).count() as u32
                };
                prop_assert_eq!(places(&keys[..7], address), [less(7); 2]);
                prop_assert_eq!(children(keys, address), [less(16); 2]);
            }
        }

        #[test]
        fn both_ways_find_the_right_place_in_64_bits(
            mut uppers in any::<[u64; 8]>(), other in any::<u64>(), at in 0..8_usize,
        ) {
            uppers.sort_unstable();
            let address = |upper: u64| u128::from(upper) << 64 | 77;
            let keys = uppers.map(|upper| i64::of(address(upper)));
            for upper in [other, uppers[at], 0, u64::MAX] {
                let less = |among: usize| {
                    uppers[..among].iter().filter(|u| **u < upper).count() as u32
                };
                prop_assert_eq!(places(&keys[..4], address(upper)), [less(4); 2]);
                prop_assert_eq!(children(keys, address(upper)), [less(8); 2]);
            }
        }
    }
}
