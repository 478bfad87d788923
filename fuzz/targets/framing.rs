//! Heads with a length and a coding against httparse, by which hyper reads them (RFC 9112 §6.3).
#![no_main]

use link::server::Framing;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let whole = passed(bytes, usize::MAX);
    for piece_bytes in [1, 5] {
        assert_eq!(passed(bytes, piece_bytes), whole, "in pieces");
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    if let Ok(httparse::Status::Complete(end)) = request.parse(bytes) {
        let has =
            |name: &str| request.headers.iter().any(|field| field.name.eq_ignore_ascii_case(name));
        let both = has("content-length") && has("transfer-encoding");
        assert_eq!(whole[..end] != bytes[..end], both);
    }
});

fn passed(bytes: &[u8], piece_bytes: usize) -> Vec<u8> {
    let mut passed = bytes.to_vec();
    let mut framing = Framing::default();
    passed.chunks_mut(piece_bytes).for_each(|piece| framing.pass(piece));
    passed
}
