//! Reads along with HTTP/1.1 to refuse a head that has both `Content-Length` and
//! `Transfer-Encoding` (RFC 9112 §6.3: it "ought to be handled as an error").
//!
//! hyper goes by the chunks, drops the length before anybody can see it, serves the request and
//! closes then. So the bytes are looked at before hyper has them: the second of the two names loses
//! its colon, and hyper answers 400 and closes, as to any malformed head.
//!
//! ```text
//!  ┌──► head ──► content of a length ─────────┐
//!  │     ├─────► chunk size ⇄ chunk           │
//!  │     │           └─────► trailer ─────────┤
//!  └─────┴────────────────────────────────────┘
//! ```
//!
//! Where a message is not what this takes it for, hyper refuses it and nothing follows.

const TRANSFER_ENCODING: &[u8] = b"transfer-encoding";
const CONTENT_LENGTH: &[u8] = b"content-length";
/// Longest name that is looked for.
const NAME_BYTES: usize = TRANSFER_ENCODING.len();
/// Carriage return and line feed behind a chunk.
const CHUNK_END_BYTES: u64 = 2;

/// How far the messages of one connection have come in.
#[derive(Debug)]
pub struct Framing {
    part: Part,
    /// Bytes of the line so far, without its end.
    line_bytes: usize,
}

#[derive(Copy, Clone, Debug)]
enum Part {
    Head(Head),
    /// What is left of a content, or of a chunk and its end.
    Content {
        left: u64,
        chunked: bool,
    },
    /// The line that begins a chunk.
    ChunkSize {
        size: u64,
        in_digits: bool,
    },
    Trailer,
    /// Refused: what follows does not matter.
    Over,
}

/// A head that is coming in.
#[derive(Copy, Clone, Debug, Default)]
struct Head {
    /// The request line is complete.
    requested: bool,
    /// The name of the line's field in lower case, as far as it fits.
    name: [u8; NAME_BYTES],
    field: Field,
    length: Option<u64>,
    chunked: bool,
}

/// What the line's field is.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
enum Field {
    /// Its name is not complete.
    #[default]
    Unknown,
    ContentLength,
    Other,
}

impl Default for Framing {
    fn default() -> Self {
        Self { part: Part::Head(Head::default()), line_bytes: 0 }
    }
}

impl Framing {
    /// Takes the next bytes of the connection, in whatever pieces they come, and spoils a head that
    /// has both fields; everything else stays as it is.
    pub fn pass(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while at < bytes.len() {
            match &mut self.part {
                Part::Over => return,
                Part::Content { left, chunked } => {
                    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len() - at);
                    *left -= here as u64;
                    at += here;
                    if *left == 0 {
                        self.part = after_content(*chunked);
                    }
                }
                _ => {
                    self.take(&mut bytes[at]);
                    at += 1;
                }
            }
        }
    }

    /// One byte of a line.
    fn take(&mut self, byte: &mut u8) {
        if *byte == b'\n' {
            self.part = self.part.after_line(self.line_bytes == 0);
            self.line_bytes = 0;
            return;
        }
        // A carriage return is a part of the line's end; hyper refuses it anywhere else.
        if *byte == b'\r' {
            return;
        }
        let place = self.line_bytes;
        self.line_bytes = place.saturating_add(1);
        if let Part::Head(head) = &mut self.part {
            if head.has_both_with(*byte, place) {
                *byte = 0;
                self.part = Part::Over;
            }
        } else if let Part::ChunkSize { size, in_digits: in_digits @ true } = &mut self.part {
            match char::from(*byte).to_digit(16) {
                Some(digit) => *size = size.saturating_mul(16).saturating_add(digit.into()),
                None => *in_digits = false,
            }
        }
    }
}

impl Part {
    /// What comes after a line.
    fn after_line(self, is_empty: bool) -> Self {
        match self {
            Self::Head(head) if is_empty && head.requested => match head.length {
                _ if head.chunked => Self::ChunkSize { size: 0, in_digits: true },
                Some(left) if left > 0 => Self::Content { left, chunked: false },
                _ => Self::Head(Head::default()),
            },
            // Empty lines before a request are passed over (RFC 9112 §2.2).
            Self::Head(head) => {
                let requested = head.requested || !is_empty;
                Self::Head(Head { requested, field: Field::Unknown, ..head })
            }
            Self::ChunkSize { size: 0, .. } => Self::Trailer,
            Self::ChunkSize { size, .. } => {
                Self::Content { left: size.saturating_add(CHUNK_END_BYTES), chunked: true }
            }
            Self::Trailer if is_empty => Self::Head(Head::default()),
            Self::Trailer | Self::Content { .. } | Self::Over => self,
        }
    }
}

fn after_content(chunked: bool) -> Part {
    if chunked { Part::ChunkSize { size: 0, in_digits: true } } else { Part::Head(Head::default()) }
}

impl Head {
    /// Takes the byte at a place of a field's line; true where it completes the second of the two
    /// names.
    fn has_both_with(&mut self, byte: u8, place: usize) -> bool {
        match self.field {
            _ if !self.requested => {}
            Field::Other => {}
            Field::ContentLength if byte.is_ascii_digit() => {
                let digit = u64::from(byte - b'0');
                let length = self.length.unwrap_or(0).saturating_mul(10).saturating_add(digit);
                self.length = Some(length);
            }
            Field::ContentLength => {}
            Field::Unknown if byte != b':' => {
                if let Some(slot) = self.name.get_mut(place) {
                    *slot = byte.to_ascii_lowercase();
                }
            }
            Field::Unknown => {
                self.field = Field::Other;
                let name = self.name.get(..place);
                if name == Some(TRANSFER_ENCODING) {
                    self.chunked = true;
                } else if name == Some(CONTENT_LENGTH) {
                    self.field = Field::ContentLength;
                    self.length = Some(0);
                }
                return self.chunked && self.length.is_some();
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a text that comes in pieces of so many bytes.
    fn passed(text: &str, piece_bytes: usize) -> String {
        let mut bytes = text.as_bytes().to_vec();
        let mut framing = Framing::default();
        bytes.chunks_mut(piece_bytes).for_each(|piece| framing.pass(piece));
        String::from_utf8(bytes).unwrap()
    }

    const BOTH: &str = "POST / HTTP/1.1\r\nhost: x\r\nContent-Length: 4\r\nX: y\r\n\
                        Transfer-ENCODING: chunked\r\n\r\n";

    #[test]
    fn the_second_name_loses_its_colon_however_the_bytes_come() {
        let spoilt = BOTH.replace("ENCODING:", "ENCODING\0");
        for piece_bytes in [1, 2, 3, 7, 1000] {
            assert_eq!(passed(BOTH, piece_bytes), spoilt);
        }
        let other = "GET http://a:1/ HTTP/1.1\ntransfer-encoding:chunked\ncontent-length:4\n\n";
        assert_eq!(passed(other, 5), other.replace("length:", "length\0"));
    }

    #[test]
    fn what_has_one_of_them_stays_and_what_follows_is_seen() {
        let chunks = "4;a=content-length:\r\nabcd\r\n00\r\ntrailer: content-length: 1\r\n\r\n";
        for first in [
            "\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
            "POST / HTTP/1.1\r\ncontent-length: 12\r\n\r\nhost: x\r\n\r\ny".to_owned(),
            "POST / HTTP/1.1\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n\n\n".to_owned(),
            "POST / HTTP/1.1\r\nx-content-length: 2\r\nx: content-length: 9\r\n\r\n".to_owned(),
            format!("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"),
        ] {
            for piece_bytes in [1, 3, 1000] {
                assert_eq!(passed(&first, piece_bytes), first);
                let both = format!("{first}{BOTH}");
                let spoilt = both.replace("ENCODING:", "ENCODING\0");
                assert_eq!(passed(&both, piece_bytes), spoilt, "{first}");
            }
        }
    }
}
