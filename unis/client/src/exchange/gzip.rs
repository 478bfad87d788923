//! Undoing `Content-Encoding: gzip` (RFC 1952) without being blown up by it.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;

/// Why a body was not unpacked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GzipError {
    #[error("larger than {max_bytes} bytes when unpacked")]
    TooLarge { max_bytes: usize },
    #[error("not gzip: {0}")]
    Broken(#[from] io::Error),
}

/// Unpacks a body to `max_bytes` at most.
pub(crate) fn unpack(packed: &[u8], max_bytes: usize) -> Result<Bytes, GzipError> {
    let mut whole = Vec::new();
    let room = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(packed).take(room).read_to_end(&mut whole)?;
    if whole.len() > max_bytes {
        return Err(GzipError::TooLarge { max_bytes });
    }
    Ok(whole.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn pack(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_body_comes_out_as_it_went_in() {
        assert_eq!(unpack(&pack(b"{\"meta\":{}}"), 11).unwrap(), "{\"meta\":{}}");
    }

    #[test]
    fn a_bomb_is_dropped_at_the_bound() {
        let bomb = pack(&vec![b' '; 1 << 20]);
        assert!(bomb.len() < 4096);
        assert!(matches!(unpack(&bomb, (1 << 20) - 1), Err(GzipError::TooLarge { .. })));
    }

    #[test]
    fn a_part_is_not_taken_for_the_whole() {
        let packed = pack(b"{\"meta\":{}}");
        let cut = &packed[..packed.len() - 4];
        assert!(matches!(unpack(cut, 1024), Err(GzipError::Broken(_))));
        assert!(matches!(unpack(b"{}", 1024), Err(GzipError::Broken(_))));
    }
}
