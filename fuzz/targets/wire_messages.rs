//! What comes over the wire besides frames: messages of relays, the event stream and bodies of
//! requests to the provider. What is read is written and read again as the same.
#![no_main]

use std::fmt::Debug;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use mp2p::message::event::Event;
use mp2p::message::join::JoinRequest;
use mp2p::message::overlay::OverlayRequest;
use mp2p::message::status::{PeerReport, StatusReport};
use mp2p::relay::{Ask, Say, decode, encode};
use mp2p::sse::{Reader, Received, write};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn relay<T: Debug + DeserializeOwned + PartialEq + Serialize>(bytes: &[u8]) {
    let mut buffer = BytesMut::from(bytes);
    while let Ok(Some(message)) = decode::<T>(&mut buffer) {
        let mut written = BytesMut::new();
        encode(&message, &mut written).expect("what was read is no longer than it was");
        assert_eq!(decode::<T>(&mut written).expect("read").as_ref(), Some(&message));
        assert!(written.is_empty());
    }
}

/// The events of a stream that comes in pieces of this many bytes.
fn events(bytes: &[u8], piece: usize) -> Option<Vec<Received>> {
    let mut reader = Reader::default();
    let mut events = Vec::new();
    for piece in bytes.chunks(piece) {
        events.extend(reader.push(piece).ok()?);
    }
    Some(events)
}

fn stream(bytes: &[u8]) {
    let whole = events(bytes, usize::MAX);
    assert_eq!(events(bytes, 1), whole);
    for Received { seq, event } in whole.into_iter().flatten() {
        let Some(event) = event else { continue };
        let again = write(seq, &event).expect("what was read can be written");
        let again = events(again.as_bytes(), usize::MAX).expect("it has an end");
        let [again] = again.as_slice() else { panic!("one event is {}", again.len()) };
        assert_eq!(again.seq, seq);
        // A list has scores, and JSON does not have all numbers of a float.
        if !matches!(event, Event::Reorganised { .. }) {
            assert_eq!(again.event.as_ref(), Some(&event));
        }
    }
}

fn body<T: Debug + DeserializeOwned + PartialEq + Serialize>(
    bytes: &[u8],
    is_sensible: impl Fn(&T) -> bool,
) {
    let Ok(body) = serde_json::from_slice::<T>(bytes) else { return };
    if is_sensible(&body) {
        let written = serde_json::to_vec(&body).expect("what was read can be written");
        assert_eq!(serde_json::from_slice::<T>(&written).expect("and read again"), body);
    }
}

fuzz_target!(|bytes: &[u8]| {
    relay::<Ask>(bytes);
    relay::<Say>(bytes);
    stream(bytes);
    body::<JoinRequest>(bytes, |_| true);
    body::<OverlayRequest>(bytes, |_| true);
    body::<StatusReport>(bytes, |report| {
        let load_is_share = |told: &PeerReport| (0.0..=1.0).contains(&told.status.load());
        report.reports.iter().all(|told| told.is_sensible() && load_is_share(told))
    });
});
