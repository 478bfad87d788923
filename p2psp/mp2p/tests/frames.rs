//! Frames between peers: what is written is read again, whatever the pieces it comes in; what is
//! too long or malformed ends the link before it costs anything.

use bytes::{Bytes, BytesMut};
use mp2p::frame::{
    Buffermap, Busy, Bye, ByeReason, Data, Frame, FrameError, Get, HEADER_BYTES, Hello,
    MAX_SLICE_BYTES, MapUpdate, Pex, PexEntry, Refresh, VERSION, decode,
};
use mp2p::id::{ContentId, OverlayId, PeerId};
use mp2p::message::bound::{List, Text};
use proptest::prelude::*;

fn bytes_of(frame: &Frame) -> BytesMut {
    let mut out = BytesMut::new();
    let payload = frame.encode(&mut out).expect("good");
    out.extend_from_slice(&payload);
    out
}

fn passkey() -> impl Strategy<Value = Text<4096>> {
    "[A-Za-z0-9_.-]{1,300}".prop_map(|text| Text::new(text).expect("good"))
}

fn map() -> impl Strategy<Value = Buffermap> {
    (1..300u32, proptest::collection::vec(0..300u32, 0..40)).prop_map(|(fragments, held)| {
        let mut map = Buffermap::empty(fragments).expect("good");
        for fragment in held {
            map.insert(fragment);
        }
        map
    })
}

fn hello() -> impl Strategy<Value = Hello> {
    let digest = "[0-9a-f]{64}";
    let rest = (proptest::option::of(passkey()), any::<Option<u64>>(), any::<Option<u16>>());
    ("[A-Za-z0-9_-]{1,64}", digest, map(), rest).prop_map(|(overlay, content, map, rest)| Hello {
        version: VERSION,
        overlay_id: OverlayId::parse(&overlay).expect("good"),
        content_id: ContentId::parse(&content).expect("good"),
        passkey: rest.0,
        buffermap: map,
        up_limit: rest.1,
        listen_port: rest.2,
    })
}

fn update() -> impl Strategy<Value = MapUpdate> {
    let numbers = || proptest::collection::vec(0..100_000u32, 1..1024);
    prop_oneof![
        map().prop_map(MapUpdate::Whole),
        numbers().prop_map(MapUpdate::Have),
        numbers().prop_map(MapUpdate::Claim),
        numbers().prop_map(MapUpdate::Drop),
    ]
}

fn pex() -> impl Strategy<Value = Pex> {
    let entry = ("[0-9a-f]{64}", passkey()).prop_map(|(peer, passkey)| PexEntry {
        peer_id: PeerId::parse(&peer).expect("good"),
        peer_addr: List::default(),
        passkey,
    });
    let entries = proptest::collection::vec(entry, 0..Pex::MAX_ENTRIES);
    entries.prop_map(|entries| Pex { entries: List::new(entries).expect("good") })
}

fn data() -> impl Strategy<Value = Data> {
    let bytes = proptest::collection::vec(any::<u8>(), 1..2000);
    let delivery = proptest::option::of("[A-Za-z0-9_.-]{1,900}");
    (any::<u32>(), any::<u32>(), delivery, bytes).prop_map(|(fragment, offset, delivery, bytes)| {
        let delivery = delivery.map(String::into_boxed_str);
        Data { fragment, offset, delivery, bytes: Bytes::from(bytes) }
    })
}

fn frame() -> impl Strategy<Value = Frame> {
    let reason = prop_oneof![Just(ByeReason::Done), Just(ByeReason::Full)];
    let signed = || "[A-Za-z0-9_.-]{1,900}".prop_map(String::into_boxed_str);
    let refresh = (proptest::option::of(passkey()), any::<Option<u64>>());
    prop_oneof![
        hello().prop_map(|hello| Frame::Hello(Box::new(hello))),
        hello().prop_map(|hello| Frame::Pello(Box::new(hello))),
        refresh.prop_map(|(passkey, up_limit)| Frame::Refresh(Refresh { passkey, up_limit })),
        update().prop_map(Frame::Buffermap),
        (any::<u32>(), any::<u32>())
            .prop_map(|(fragment, offset)| Frame::Get(Get { fragment, offset })),
        (any::<u32>(), any::<u32>())
            .prop_map(|(fragment, retry_ms)| Frame::Busy(Busy { fragment, retry_ms })),
        data().prop_map(Frame::Data),
        any::<u32>().prop_map(|fragment| Frame::Cancel { fragment }),
        reason.prop_map(|reason| Frame::Bye(Bye { reason })),
        pex().prop_map(Frame::Pex),
        signed().prop_map(Frame::Stop),
        signed().prop_map(Frame::Receipt),
    ]
}

proptest! {
    #[test]
    fn frames_are_read_as_they_were_written_whatever_the_pieces(
        frames in proptest::collection::vec(frame(), 1..6),
        piece in 1..5000usize,
    ) {
        let stream: Vec<u8> = frames.iter().flat_map(|frame| bytes_of(frame).to_vec()).collect();
        let mut buffer = BytesMut::new();
        let mut read = Vec::new();
        for piece in stream.chunks(piece) {
            buffer.extend_from_slice(piece);
            while let Some(frame) = decode(&mut buffer).unwrap() {
                read.push(frame);
            }
        }
        prop_assert!(buffer.is_empty());
        prop_assert_eq!(read, frames);
    }

    #[test]
    fn any_bytes_are_a_frame_or_not_yet_or_an_error(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut buffer = BytesMut::from(&bytes[..]);
        while let Ok(Some(frame)) = decode(&mut buffer) {
            bytes_of(&frame);
        }
    }
}

/// By hand: GET 7 from byte 65536: length 9, type 5, two numbers of four bytes.
#[test]
fn a_get_is_thirteen_bytes() {
    let written = bytes_of(&Frame::Get(Get { fragment: 7, offset: 1 << 16 }));
    assert_eq!(&written[..], [0, 0, 0, 9, 5, 0, 0, 0, 7, 0, 1, 0, 0]);
}

/// The bound is checked on the header: none of the body has come.
#[test]
fn a_frame_that_is_too_long_is_refused_on_its_header() {
    for (kind, body) in [(1, 48 << 10), (5, 8), (7, 68_000), (9, 1024), (10, 256 << 10)] {
        let mut header = (body + 2u32).to_be_bytes().to_vec();
        header.push(kind);
        let refused = decode(&mut BytesMut::from(&header[..]));
        assert!(matches!(refused, Err(FrameError::TooLong { .. })), "{kind}");
    }
    let huge = [0xff, 0xff, 0xff, 0xff, 7];
    assert!(decode(&mut BytesMut::from(&huge[..])).is_err());
}

#[test]
fn malformed_frames_are_refused() {
    let long = vec![0; MAX_SLICE_BYTES + 1];
    let frame = |kind: u8, body: &[u8]| {
        let mut bytes = (u32::try_from(body.len()).unwrap() + 1).to_be_bytes().to_vec();
        bytes.push(kind);
        bytes.extend_from_slice(body);
        decode(&mut BytesMut::from(&bytes[..]))
    };
    let slice = |bytes: &[u8]| [&[0; 10][..], bytes].concat();
    for (kind, body) in [
        (0, &[][..]),
        (13, &[]),
        (1, b"{}"),
        (4, &[]),
        (4, &[1, 0, 0, 0]),
        (4, &[1]),
        (4, &[9, 0, 0, 0, 1]),
        (4, &[1, 0xff, 0, 0, 0]),
        (5, &[0; 7]),
        (7, &[0; 9]),
        (7, &[0; 10]),
        (7, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, b'a']),
        (7, &slice(&long)),
        (8, &[0; 3]),
        (11, &[]),
        (12, &[0xff, 0xfe]),
    ] {
        assert!(frame(kind, body).is_err(), "{kind} {:?}", &body[..body.len().min(16)]);
    }
    assert!(matches!(decode(&mut BytesMut::from(&[0, 0, 0, 0, 5][..])), Err(FrameError::Empty)));
}

#[test]
fn what_is_too_long_to_be_read_is_not_written() {
    let bytes = Bytes::from(vec![0; MAX_SLICE_BYTES + 4096]);
    let data = Data { fragment: 0, offset: 0, delivery: None, bytes };
    let mut out = BytesMut::from(&b"before"[..]);
    assert!(Frame::Data(data).encode(&mut out).is_err());
    assert_eq!(&out[..], b"before");
}

#[test]
fn the_bytes_of_data_are_not_copied() {
    let bytes = Bytes::from(vec![9; 1000]);
    let data = Data { fragment: 1, offset: 2, delivery: None, bytes: bytes.clone() };
    let mut buffer = bytes_of(&Frame::Data(data.clone()));
    assert_eq!(buffer.len(), Frame::data_len(&data));
    let place = buffer[HEADER_BYTES + 10..].as_ptr();
    let Some(Frame::Data(read)) = decode(&mut buffer).unwrap() else { panic!("no DATA") };
    assert_eq!(read.bytes.as_ptr(), place);
    assert_eq!(read.bytes, bytes);
}

/// A newer peer's reason is one that is not known here, and no error.
#[test]
fn an_unknown_reason_is_taken() {
    let body = br#"{"reason":"tired","since":3}"#;
    let mut bytes = vec![0, 0, 0, u8::try_from(body.len()).unwrap() + 1, 9];
    bytes.extend_from_slice(body);
    let read = decode(&mut BytesMut::from(&bytes[..])).unwrap();
    assert_eq!(read, Some(Frame::Bye(Bye { reason: ByeReason::Other })));
}
