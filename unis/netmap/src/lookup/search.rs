//! Searching the nodes of a tree for several keys in lockstep, with AVX2 where the processor has
//! it. This is the one module with `unsafe` code.
//!
//! A group of keys goes down one layer at a time, so that the loads of a layer, which do not
//! depend on each other, overlap; one by one, each load would wait for the one above it.
#![allow(unsafe_code, reason = "SIMD loads, and calls behind run-time detection; proofs below")]

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

/// Keys of one node: a cache line of them, ascending. Signed, as the compare instructions are.
#[derive(Copy, Clone, Debug)]
#[repr(C, align(64))]
pub(crate) struct Node<K, const KEYS: usize>(pub(crate) [K; KEYS]);

/// The layers of a tree, root first, and what is to be found.
pub(crate) struct Layers<'a, K, const KEYS: usize> {
    /// All nodes, layer behind layer.
    pub(crate) nodes: &'a [Node<K, KEYS>],
    /// Where each layer starts.
    pub(crate) starts: &'a [usize],
    /// What belongs to each key of the lowest layer.
    pub(crate) values: &'a [u32],
}

/// Keys that nodes are made of.
pub(crate) trait Key<const KEYS: usize>: Copy + Ord {
    /// What is searched for.
    type Address: Copy;
    /// The greatest key; what is left of a node is filled with it.
    const GREATEST: Self;

    /// The key of an address; it keeps the order.
    fn of(address: Self::Address) -> Self;

    /// For each address the value of the first key in the lowest layer that is not less. Panics
    /// if there is none; there is one where the greatest key stands last.
    fn search(
        isa: Isa,
        layers: &Layers<'_, Self, KEYS>,
        addresses: &[Self::Address],
        found: &mut [u32],
    );
}

/// 16 keys of 32 bits: IPv4 addresses.
impl Key<16> for i32 {
    type Address = u32;
    const GREATEST: Self = i32::MAX;

    #[inline]
    fn of(address: u32) -> Self {
        (address ^ (1 << 31)) as i32
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
        descend(layers, addresses, found, less_portable);
    }
}

/// 8 keys of 64 bits: upper halves of IPv6 addresses.
impl Key<8> for i64 {
    type Address = u128;
    const GREATEST: Self = i64::MAX;

    #[inline]
    fn of(address: u128) -> Self {
        ((address >> 64) as u64 ^ (1 << 63)) as i64
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
        descend(layers, addresses, found, less_portable);
    }
}

/// Takes all addresses down layer by layer; `found` holds their nodes on the way. A node has one
/// child more than keys; child `i` is where exactly `i` of the node's keys are less.
#[inline(always)]
fn descend<K: Key<KEYS>, const KEYS: usize>(
    layers: &Layers<'_, K, KEYS>,
    addresses: &[K::Address],
    found: &mut [u32],
    less: impl Fn(&Node<K, KEYS>, K) -> usize,
) {
    found.fill(0);
    for pair in layers.starts.windows(2) {
        let (layer, below) = (&layers.nodes[pair[0]..pair[1]], &layers.nodes[pair[1]..]);
        let is_above_lowest = Some(&pair[1]) == layers.starts.last();
        for (place, address) in found.iter_mut().zip(addresses) {
            let node = *place as usize;
            let child = node * (KEYS + 1) + less(&layer[node], K::of(*address));
            prefetch(below, child);
            if is_above_lowest {
                // Its values lie together too: both misses at once instead of one by one.
                prefetch(layers.values, child * KEYS);
            }
            *place = child as u32;
        }
    }
    let Some(lowest) = layers.starts.last() else { return };
    let layer = &layers.nodes[*lowest..];
    for (place, address) in found.iter_mut().zip(addresses) {
        let node = *place as usize;
        let key = node * KEYS + less(&layer[node], K::of(*address));
        *place = layers.values[key];
    }
}

/// How many keys of the node are less: a binary search without branches.
#[inline(always)]
fn less_portable<K: Copy + Ord, const KEYS: usize>(node: &Node<K, KEYS>, key: K) -> usize {
    let mut less = 0;
    let mut half = KEYS / 2;
    while half > 0 {
        less += half * usize::from(node.0[less + half - 1] < key);
        half /= 2;
    }
    less + usize::from(node.0[less] < key)
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
        _mm256_load_si256, _mm256_movemask_pd, _mm256_movemask_ps, _mm256_set1_epi32,
        _mm256_set1_epi64x,
    };

    use crate::lookup::search::{Layers, Node, descend};

    #[target_feature(enable = "avx2,popcnt")]
    pub(super) fn search_i32(layers: &Layers<'_, i32, 16>, addresses: &[u32], found: &mut [u32]) {
        descend(layers, addresses, found, |node, key| {
            let key = _mm256_set1_epi32(key);
            let [low, high] = halves(node);
            let low = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(key, low)));
            let high = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(key, high)));
            (low | high << 8).count_ones() as usize
        });
    }

    #[target_feature(enable = "avx2,popcnt")]
    pub(super) fn search_i64(layers: &Layers<'_, i64, 8>, addresses: &[u128], found: &mut [u32]) {
        descend(layers, addresses, found, |node, key| {
            let key = _mm256_set1_epi64x(key);
            let [low, high] = halves(node);
            let low = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(key, low)));
            let high = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(key, high)));
            (low | high << 4).count_ones() as usize
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

    /// How many keys of a node are less, each way.
    fn counted<K: Key<N>, const N: usize>(node: Node<K, N>, address: K::Address) -> [u32; 2] {
        let values: Vec<u32> = (0..=N as u32).collect();
        let layers = Layers { nodes: &[node], starts: &[0], values: &values };
        [Isa::detect(), Isa::portable()].map(|isa| {
            let mut found = [u32::MAX];
            K::search(isa, &layers, &[address], &mut found);
            found[0]
        })
    }

    proptest! {
        #[test]
        fn both_ways_count_what_is_less_in_32_bits(
            mut addresses in any::<[u32; 16]>(), other in any::<u32>(), at in 0..16_usize,
        ) {
            addresses.sort_unstable();
            let node = Node(addresses.map(i32::of));
            for address in [other, addresses[at], 0, u32::MAX] {
                let expected = addresses.iter().filter(|a| **a < address).count() as u32;
                prop_assert_eq!(counted(node, address), [expected; 2]);
            }
        }

        #[test]
        fn both_ways_count_what_is_less_in_64_bits(
            mut uppers in any::<[u64; 8]>(), other in any::<u64>(), at in 0..8_usize,
        ) {
            uppers.sort_unstable();
            let address = |upper: u64| u128::from(upper) << 64 | 77;
            let node = Node(uppers.map(|upper| i64::of(address(upper))));
            for upper in [other, uppers[at], 0, u64::MAX] {
                let expected = uppers.iter().filter(|u| **u < upper).count() as u32;
                prop_assert_eq!(counted(node, address(upper)), [expected; 2]);
            }
        }
    }
}
