//! Pages of what is forbidden: as they come, and with whatever content under a good signature. What
//! opens goes on where the known ones end, is of the provider and not of the future, and is sealed
//! and opened again as the same.
#![no_main]

use std::sync::LazyLock;

use mp2p::denylist::{DenylistPage, PageCheck};
use mp2p::message::content::{MAX_DIGESTS, SignedDenylist};
use mp2p::signed::{Kind, SigningKey, VerifyingKey, seal};

const NOW: u64 = 1_800_000_000;
/// How far the clock of the provider may be ahead, seconds.
const LEEWAY_S: u64 = 300;
/// The last change that is known.
const KNOWN: u64 = 4;

static KEY: LazyLock<(SigningKey, VerifyingKey)> = LazyLock::new(|| {
    let der = SigningKey::generate_ed25519().expect("randomness");
    let key = SigningKey::from_pkcs8(&der).expect("a key");
    let public = key.verifying().expect("its other half");
    (key, public)
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (key, public) = &*KEY;
    let check = PageCheck { issuer: "p2psp.example", after: KNOWN, now: NOW };
    if let Ok(text) = std::str::from_utf8(bytes) {
        // Nobody guesses a signature.
        assert!(DenylistPage::open(text, public, &check).is_err());
    }
    let _ = serde_json::from_slice::<SignedDenylist>(bytes);
    let Ok(content) = serde_json::from_slice::<serde_json::Value>(bytes) else { return };
    let Ok(text) = seal(Kind::Denylist, &content, key) else { return };
    let Ok(page) = DenylistPage::open(&text, public, &check) else { return };
    assert!(page.iss == "p2psp.example" && page.after == KNOWN && page.seq >= KNOWN);
    assert!(page.iat <= NOW + LEEWAY_S && page.digests.len() <= MAX_DIGESTS);
    let again = page.seal(key).expect("what was read can be written");
    assert_eq!(DenylistPage::open(&again, public, &check).expect("and read again"), page);
});
