//! BUFFERMAP: what a peer has, has got since, or has asked others for.

use bytes::{BufMut, BytesMut};

use crate::frame::FrameError;
use crate::frame::map::{Buffermap, MAX_FRAGMENTS};

/// Fragments that one update names at most.
pub const MAX_UPDATE: usize = 1024;
/// Longest body: a kind, and either a whole map or a list of numbers.
pub(crate) const MAX_UPDATE_BYTES: usize = 1 + 4 + MAX_FRAGMENTS as usize / 8;
const NAME: &str = "BUFFERMAP";

/// Body: a kind (u8), then a map or numbers of fragments (u32 each, big endian).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MapUpdate {
    /// 0: all that the sender has.
    Whole(Buffermap),
    /// 1: what it has besides. At most [`MAX_UPDATE`].
    Have(Vec<u32>),
    /// 2: what it fetches from outside its group now; the others of the group need not.
    Claim(Vec<u32>),
    /// 3: what it no longer fetches from outside, or no longer has.
    Drop(Vec<u32>),
}

impl MapUpdate {
    pub(crate) fn encode(&self, out: &mut BytesMut) {
        let (kind, numbers) = match self {
            Self::Whole(map) => {
                out.put_u8(0);
                out.put_slice(&map.to_bytes());
                return;
            }
            Self::Have(numbers) => (1, numbers),
            Self::Claim(numbers) => (2, numbers),
            Self::Drop(numbers) => (3, numbers),
        };
        out.put_u8(kind);
        numbers.iter().take(MAX_UPDATE).for_each(|&number| out.put_u32(number));
    }

    pub(crate) fn decode(body: &[u8]) -> Result<Self, FrameError> {
        let malformed = |why| FrameError::Body { kind: NAME, why };
        let (&kind, rest) = body.split_first().ok_or_else(|| malformed("it has no kind"))?;
        if kind == 0 {
            return Buffermap::from_bytes(rest).map(Self::Whole).map_err(|e| malformed(e.0));
        }
        let (numbers, left) = rest.as_chunks::<4>();
        if !left.is_empty() || !(1..=MAX_UPDATE).contains(&numbers.len()) {
            return Err(malformed("1 to 1024 numbers of 4 bytes are needed"));
        }
        let numbers: Vec<u32> = numbers.iter().map(|bytes| u32::from_be_bytes(*bytes)).collect();
        if numbers.iter().any(|&number| number >= MAX_FRAGMENTS) {
            return Err(malformed("no content has so many fragments"));
        }
        match kind {
            1 => Ok(Self::Have(numbers)),
            2 => Ok(Self::Claim(numbers)),
            3 => Ok(Self::Drop(numbers)),
            _ => Err(malformed("its kind is none of 0 to 3")),
        }
    }
}
