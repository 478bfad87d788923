//! Records of an MRT file, one after the other (RFC 6396 §2).

use std::io::{self, ErrorKind, Read};

/// Longest record read: many times what a prefix with a thousand routes takes.
const RECORD_BYTES_MAX: u32 = 16 << 20;
const HEADER_BYTES: usize = 12;

/// One record.
pub(super) struct Record<'a> {
    /// Its type and subtype (RFC 6396 §4).
    pub(super) kind: u16,
    pub(super) subtype: u16,
    pub(super) body: &'a [u8],
}

/// Where records end before the file should.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cut {
    #[error("the file ends inside it")]
    Early,
    #[error("it claims {0} bytes, more than {RECORD_BYTES_MAX}")]
    TooLong(u32),
    #[error("cannot read: {0}")]
    Read(#[source] io::Error),
}

/// Reads record after record into one buffer.
#[derive(Default)]
pub(super) struct Frames {
    buffer: Vec<u8>,
}

impl Frames {
    /// The next record; `None` at the end. After a cut nothing more can be told apart.
    pub(super) fn next(&mut self, input: &mut dyn Read) -> Result<Option<Record<'_>>, Cut> {
        self.fill(input, HEADER_BYTES)?;
        let Some(header) = self.buffer.first_chunk::<HEADER_BYTES>() else {
            return if self.buffer.is_empty() { Ok(None) } else { Err(Cut::Early) };
        };
        let [_, _, _, _, k0, k1, s0, s1, length @ ..] = *header;
        let (kind, subtype) = (u16::from_be_bytes([k0, k1]), u16::from_be_bytes([s0, s1]));
        let length = u32::from_be_bytes(length);
        if length > RECORD_BYTES_MAX {
            return Err(Cut::TooLong(length));
        }
        self.fill(input, length as usize)?;
        if self.buffer.len() < length as usize {
            return Err(Cut::Early);
        }
        Ok(Some(Record { kind, subtype, body: &self.buffer }))
    }

    /// Up to so many bytes; what a header claims is not reserved before it is there.
    fn fill(&mut self, input: &mut dyn Read, bytes: usize) -> Result<(), Cut> {
        self.buffer.clear();
        match input.take(bytes as u64).read_to_end(&mut self.buffer) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(Cut::Early),
            Err(error) => Err(Cut::Read(error)),
        }
    }
}
