//! Signed objects of peers, by the receipt: as they come, and with whatever content under a good
//! signature.
#![no_main]

use std::sync::LazyLock;

use mp2p::receipt::{MAX_NUMBER, Receipt};
use mp2p::signed::{Kind, PeerKey, SigningKey, seal};

const NOW: u64 = 1_800_000_000;
const DAY_S: u64 = 86_400;

static KEY: LazyLock<(SigningKey, PeerKey)> = LazyLock::new(|| {
    let der = SigningKey::generate_ed25519().expect("randomness");
    let key = SigningKey::from_pkcs8(&der).expect("a key");
    let public = PeerKey::of(&key).expect("its other half");
    (key, public)
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        // Nobody guesses a signature.
        assert!(Receipt::open(text, NOW, DAY_S).is_err());
    }
    let Ok(mut content) = serde_json::from_slice::<serde_json::Value>(bytes) else { return };
    let (key, public) = &*KEY;
    if let Some(object) = content.as_object_mut() {
        object.insert("consumer".to_owned(), public.peer_id().to_string().into());
        object.insert("consumer-key".to_owned(), public.to_string().into());
    }
    let Ok(text) = seal(Kind::Receipt, &content, key) else { return };
    let Ok(receipt) = Receipt::open(&text, NOW, DAY_S) else { return };
    assert!(receipt.contributor != receipt.consumer && receipt.seq > 0);
    let numbers = [receipt.epoch, receipt.bytes, receipt.fragments, receipt.rejected, receipt.ts];
    assert!(numbers.into_iter().all(|number| number <= MAX_NUMBER));
    let again = receipt.seal(key).expect("what was read can be written");
    assert_eq!(Receipt::open(&again, NOW, DAY_S).expect("and read again"), receipt);
});
