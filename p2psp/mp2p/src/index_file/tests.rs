//! Index files that fit together, and such that do not.

use crate::fragment::{Cut, CutError, FragmentHash, MAX_FRAGMENTS, MIN_FRAGMENT_BYTES};
use crate::id::OverlayId;
use crate::index_file::{About, FileEntry, Hashes, IndexFile, IndexFileError};
use crate::message::bound::{List, Text};
use crate::message::overlay::ServiceKind;
use crate::signed::{Kind, PeerKey, SignedError, SigningKey, seal};

fn key() -> SigningKey {
    SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap()
}

fn about() -> About {
    About {
        version: 1,
        overlay_id: OverlayId::parse("film").unwrap(),
        title: Text::new("A film").unwrap(),
        description: Text::default(),
        rights: None,
        issued: 1_800_000_000,
    }
}

fn file(path: &str, size: u64) -> FileEntry {
    FileEntry { path: Text::new(path).unwrap(), size }
}

/// 40,000 bytes in two files: three fragments, the second of which has a part of each.
fn film(key: &SigningKey) -> IndexFile {
    let bytes: Vec<u8> = (0..=250).cycle().take(40_000).collect();
    let cut = Cut::new(40_000, MIN_FRAGMENT_BYTES).unwrap();
    let parts = bytes.chunks(16_384).zip(0..);
    let hashes = parts.map(|(part, index)| cut.hash(index, part).unwrap()).collect();
    let files = vec![file("film.mkv", 20_000), file("subtitles/de.srt", 20_000)];
    IndexFile::build(about(), files, cut, hashes, key).unwrap()
}

/// Signed by `key` as it is, which [`IndexFile::build`] would not do.
fn refused(index: &IndexFile, key: &SigningKey) -> IndexFileError {
    IndexFile::open(&seal(Kind::IndexFile, index, key).unwrap()).unwrap_err()
}

#[test]
fn what_a_publisher_builds_opens_and_is_named_by_its_bytes() {
    let key = key();
    let built = film(&key);
    let bytes: Vec<u8> = (0..=250).cycle().take(40_000).collect();
    assert_eq!(built.content_id.as_str(), blake3::hash(&bytes).to_hex().as_str());
    let opened = IndexFile::open(&built.seal(&key).unwrap()).unwrap();
    assert_eq!((&opened, opened.size()), (&built, 40_000));
    assert_eq!(opened.cut().unwrap().count(), 3);
}

#[test]
fn what_does_not_fit_together_is_refused_though_it_is_signed() {
    let key = key();
    let good = film(&key);
    let mut swapped = good.clone();
    swapped.fragments.0.swap(0, 1);
    assert!(matches!(refused(&swapped, &key), IndexFileError::OtherContent { .. }));
    let mut fewer = good.clone();
    fewer.fragments.0.pop();
    let error = refused(&fewer, &key);
    assert!(matches!(error, IndexFileError::Count { hashes: 2, fragments: 3 }));
    let outside = List::new(vec![file("../film.mkv", 40_000)]).unwrap();
    let outside = IndexFile { files: outside, ..good.clone() };
    assert!(matches!(refused(&outside, &key), IndexFileError::Files(_)));
    let odd = IndexFile { fragment_size: 20_000, ..good.clone() };
    assert!(matches!(refused(&odd, &key), IndexFileError::Cut(CutError::FragmentSize(20_000))));
    let empty = IndexFile { files: List::new(vec![file("a", 0)]).unwrap(), ..good };
    assert!(matches!(refused(&empty, &key), IndexFileError::Cut(CutError::Empty)));
}

#[test]
fn nobody_publishes_in_anothers_name() {
    let (publisher, thief) = (key(), key());
    let good = film(&publisher);
    assert!(good.seal(&thief).is_err());
    let error = refused(&good, &thief);
    assert!(matches!(error, IndexFileError::Signed(SignedError::Signature)));
    let publisher_key = PeerKey::of(&thief).unwrap();
    let error = refused(&IndexFile { publisher_key, ..good }, &thief);
    assert!(matches!(error, IndexFileError::Signed(SignedError::Signer)));
}

#[test]
fn a_service_is_named_by_its_overlay_and_has_no_bytes() {
    let key = key();
    let radio = IndexFile::service(about(), ServiceKind::Live, &key).unwrap();
    // Of the text `service:film`, by b3sum's algorithm.
    assert_eq!(radio.content_id.as_str(), blake3::hash(b"service:film").to_hex().as_str());
    let opened = IndexFile::open(&radio.seal(&key).unwrap()).unwrap();
    assert_eq!((opened.size(), opened.cut()), (0, None));
    let with_file = IndexFile { files: film(&key).files, ..radio.clone() };
    assert!(matches!(refused(&with_file, &key), IndexFileError::Service));
    let named = IndexFile { content_id: film(&key).content_id, ..radio };
    assert!(matches!(refused(&named, &key), IndexFileError::OtherContent { .. }));
    assert!(IndexFile::service(about(), ServiceKind::File, &key).is_err());
}

/// The longest that may be registered can also be signed and read.
#[test]
fn the_longest_list_of_fragments_fits_into_a_signed_object() {
    let key = key();
    let most = MAX_FRAGMENTS;
    let cut = Cut::new(u64::from(most) * u64::from(MIN_FRAGMENT_BYTES), MIN_FRAGMENT_BYTES);
    let hashes = (0..most).map(|n| FragmentHash([u8::try_from(n % 251).unwrap(); 32])).collect();
    let files = vec![file("large", cut.unwrap().size())];
    let built = IndexFile::build(about(), files, cut.unwrap(), hashes, &key).unwrap();
    assert_eq!(IndexFile::open(&built.seal(&key).unwrap()).unwrap(), built);
    let longer = format!("\"{}\"", "A".repeat((2 << 20) * 4 / 3 + 8));
    assert!(serde_json::from_str::<Hashes>(&longer).is_err());
    assert!(serde_json::from_str::<Hashes>("\"AAAA\"").is_err());
}
