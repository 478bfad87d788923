//! `Authorization: Digest …` (RFC 7616 §3.4).
#![no_main]

use link::digest::Credentials;

libfuzzer_sys::fuzz_target!(|value: &[u8]| {
    let Ok(read) = Credentials::parse(value) else { return };
    assert!(Credentials::is_digest(value) && read.nc > 0);
    // Written plainly, it is read as the same.
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let written = format!(
        "Digest username=\"{}\", userhash={}, realm=\"{}\", nonce=\"{}\", uri=\"{}\", \
         response=\"{}\", cnonce=\"{}\", nc={:08x}, qop=auth, algorithm=SHA-256",
        quoted(&read.username),
        read.userhash,
        quoted(&read.realm),
        quoted(&read.nonce),
        quoted(&read.uri),
        quoted(&read.response),
        quoted(&read.cnonce),
        read.nc
    );
    // Escapes may make it longer than what is read at all.
    if written.len() <= 4096 {
        assert_eq!(Credentials::parse(written.as_bytes()), Ok(read));
    }
});
