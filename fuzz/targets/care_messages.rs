//! What a peer and its super peer say to each other. What is read is written and read again as the
//! same; what comes in pieces is read as what comes at once.
#![no_main]

use std::fmt::Debug;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use mp2p::care::{Answer, Report, decode, encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// All messages until the first that is none, of bytes that come in pieces of so many.
fn messages<T: DeserializeOwned>(bytes: &[u8], piece: usize) -> Vec<T> {
    let (mut buffer, mut messages) = (BytesMut::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        buffer.extend_from_slice(piece);
        loop {
            match decode(&mut buffer) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(_) => return messages,
            }
        }
    }
    messages
}

fn read<T: Debug + DeserializeOwned + PartialEq + Serialize>(
    bytes: &[u8],
    is_sensible: impl Fn(&T) -> bool,
) {
    let whole: Vec<T> = messages(bytes, usize::MAX);
    assert_eq!(messages::<T>(bytes, 3), whole);
    for message in whole.iter().filter(|message| is_sensible(message)) {
        let mut written = BytesMut::new();
        // The defaults of what was left out may make it too long.
        if encode(message, &mut written).is_ok() {
            assert_eq!(decode::<T>(&mut written).expect("read").as_ref(), Some(message));
            assert!(written.is_empty());
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    read::<Answer>(bytes, |_| true);
    // JSON does not have all numbers of a float.
    read::<Report>(bytes, |told| {
        let is_sensible = told.report.is_sensible();
        assert!(!is_sensible || (0.0..=1.0).contains(&told.report.status.load()));
        is_sensible
    });
});
