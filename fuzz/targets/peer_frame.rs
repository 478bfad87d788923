//! Frames between peers: any bytes are a frame, or not yet, or an error; what is read is written
//! again (but where the defaults of what was left out make it too long) and read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mp2p::frame::decode;

fuzz_target!(|data: &[u8]| {
    let mut buffer = bytes::BytesMut::from(data);
    while let Ok(Some(frame)) = decode(&mut buffer) {
        let mut written = bytes::BytesMut::new();
        let Ok(payload) = frame.encode(&mut written) else { return };
        written.extend_from_slice(&payload);
        let again = decode(&mut written).expect("read").expect("whole");
        assert_eq!(again, frame);
    }
});
