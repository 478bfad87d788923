//! Fragments against BLAKE3 of the whole, by the library and by its authors' test vectors.

use proptest::prelude::{ProptestConfig, proptest};

use crate::fragment::{Cut, CutError, FragmentHash, MAX_FRAGMENTS, MIN_FRAGMENT_BYTES};

/// The input of BLAKE3's test vectors: 0, 1, … 250, 0, 1, ….
fn standard(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

fn hashes(cut: &Cut, bytes: &[u8]) -> Vec<FragmentHash> {
    let fragment = |index: u32| {
        let from = usize::try_from(cut.offset(index).unwrap()).unwrap();
        let length = usize::try_from(cut.length(index).unwrap()).unwrap();
        cut.hash(index, &bytes[from..from + length]).unwrap()
    };
    (0..cut.count()).map(fragment).collect()
}

/// `test_vectors.json` of BLAKE3, 1, 1, 2 and 7 fragments of 16 KiB.
#[test]
fn the_fragments_fold_to_what_b3sum_prints() {
    for (length, count, expected) in [
        (1, 1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"),
        (16384, 1, "f875d6646de28985646f34ee13be9a576fd515f76b5b0a26bb324735041ddde4"),
        (31744, 2, "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47"),
        (102_400, 7, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"),
    ] {
        let cut = Cut::new(length, MIN_FRAGMENT_BYTES).unwrap();
        assert_eq!(cut.count(), count);
        let hashes = hashes(&cut, &standard(usize::try_from(length).unwrap()));
        assert_eq!(cut.content_id(&hashes).unwrap().as_str(), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_length_folds_to_the_hash_of_the_whole(length in 1_usize..1_200_000, seed: u8) {
        let mut bytes = standard(length);
        bytes[length / 2] ^= seed;
        let cut = Cut::new(u64::try_from(length).unwrap(), MIN_FRAGMENT_BYTES).unwrap();
        let folded = cut.content_id(&hashes(&cut, &bytes)).unwrap();
        assert_eq!(folded.as_str(), blake3::hash(&bytes).to_hex().as_str());
    }
}

#[test]
fn a_fragment_is_hashed_in_any_slices_and_only_whole() {
    let cut = Cut::new(40_000, MIN_FRAGMENT_BYTES).unwrap();
    let bytes = standard(40_000);
    let second = &bytes[16_384..32_768];
    let whole = cut.hash(1, second).unwrap();
    let mut hasher = cut.hasher(1).unwrap();
    second.chunks(1000).for_each(|slice| hasher.update(slice));
    assert_eq!(hasher.finish(), Some(whole));
    assert_eq!(cut.hash(1, &second[1..]), None);
    assert_eq!(cut.hash(1, &bytes[16_384..]), None);
    assert_eq!((cut.length(2), cut.length(3)), (Some(7_232), None));
    assert_ne!(cut.hash(0, second).unwrap(), whole, "a fragment has its place");
}

#[test]
fn a_list_with_a_hash_more_fewer_or_changed_is_another_content() {
    let cut = Cut::new(100_000, MIN_FRAGMENT_BYTES).unwrap();
    let mut hashes = hashes(&cut, &standard(100_000));
    let id = cut.content_id(&hashes);
    hashes.swap(0, 1);
    assert_ne!(cut.content_id(&hashes), id);
    hashes.pop();
    assert_eq!(cut.content_id(&hashes), None);
}

#[test]
fn cuts_have_their_bounds() {
    assert_eq!(Cut::new(0, MIN_FRAGMENT_BYTES), Err(CutError::Empty));
    for size in [0, 1, 8 << 10, 17 << 10, 32 << 20] {
        assert_eq!(Cut::new(1, size), Err(CutError::FragmentSize(size)));
    }
    let most = u64::from(MAX_FRAGMENTS) * u64::from(MIN_FRAGMENT_BYTES);
    assert_eq!(Cut::new(most, MIN_FRAGMENT_BYTES).unwrap().count(), MAX_FRAGMENTS);
    assert!(matches!(Cut::new(most + 1, MIN_FRAGMENT_BYTES), Err(CutError::TooMany { .. })));
    assert!(Cut::usual(u64::MAX).is_err());
    for (size, fragment) in [
        (1, 128 << 10),
        ((64 << 20) - 1, 128 << 10),
        (64 << 20, 1 << 20),
        (8 << 30, 1 << 20),
        ((8 << 30) + 1, 4 << 20),
        (1 << 40, 16 << 20),
    ] {
        assert_eq!(Cut::usual(size).unwrap().fragment_size(), fragment, "{size}");
    }
}
