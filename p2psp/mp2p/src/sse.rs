//! The event stream as text: server-sent events (WHATWG HTML §9.2), as far as both ends need it.
//!
//! ```text
//!  id: 1921               a number that rises: what was seen is not sent again
//!  event: reorganised
//!  data: {"overlay-id":"film","failed":[…]}
//!                   a blank line ends an event; a line that begins with a colon says: alive
//! ```

use std::mem;

use crate::message::event::Event;

/// Longest event read, bytes.
pub const MAX_EVENT_BYTES: usize = 256 << 10;

/// The comment that says that both ends are there.
pub const KEEP_ALIVE: &str = ":\n\n";

/// One event with its number, as it goes out.
///
/// # Errors
/// The event is no JSON.
pub fn write(seq: u64, event: &Event) -> Result<String, serde_json::Error> {
    Ok(format!("id: {seq}\nevent: {}\ndata: {}\n\n", event.name(), event.data()?))
}

/// An event that came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// Its number, to acknowledge and to come back with.
    pub seq: u64,
    /// What it says; none where its name is of a newer provider, or its data is not of its name.
    pub event: Option<Event>,
}

/// What came in is longer than any event.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("more than {MAX_EVENT_BYTES} bytes came without the end of an event")]
pub struct Endless;

/// Takes the stream apart, however its bytes are cut.
#[derive(Debug, Default)]
pub struct Reader {
    line: Vec<u8>,
    /// A line ended with CR: an LF after it belongs to it.
    after_cr: bool,
    fields: Fields,
}

#[derive(Debug, Default)]
struct Fields {
    bytes: usize,
    id: Option<u64>,
    name: String,
    data: String,
}

impl Reader {
    /// Takes bytes in; the events that they complete.
    ///
    /// # Errors
    /// [`Endless`]: the stream is none of ours, and is to be closed.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Received>, Endless> {
        let mut complete = Vec::new();
        for &byte in bytes {
            let ends = matches!(byte, b'\n' | b'\r');
            let is_second_half = byte == b'\n' && mem::take(&mut self.after_cr);
            self.after_cr = byte == b'\r';
            if is_second_half {
                continue;
            }
            if !ends {
                self.line.push(byte);
            } else {
                let line = mem::take(&mut self.line);
                complete.extend(self.fields.take(&String::from_utf8_lossy(&line)));
            }
            if self.line.len() + self.fields.bytes > MAX_EVENT_BYTES {
                return Err(Endless);
            }
        }
        Ok(complete)
    }
}

impl Fields {
    /// Takes a line in; an event where it ends one.
    fn take(&mut self, line: &str) -> Option<Received> {
        if line.is_empty() {
            let done = mem::take(self);
            let seq = done.id?;
            return Some(Received { seq, event: Event::read(&done.name, &done.data).ok() });
        }
        self.bytes += line.len();
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => self.id = value.parse().ok(),
            "event" => self.name = value.to_owned(),
            "data" => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            // A comment, or a field that nobody here knows.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pieces: &[&str]) -> Vec<Received> {
        let mut reader = Reader::default();
        pieces.iter().flat_map(|piece| reader.push(piece.as_bytes()).unwrap()).collect()
    }

    const REQUEST: Event = Event::StatusRequest {};

    #[test]
    fn what_is_written_is_read_wherever_it_is_cut() {
        let text = [KEEP_ALIVE, &write(7, &REQUEST).unwrap(), KEEP_ALIVE].concat();
        assert_eq!(text, ":\n\nid: 7\nevent: status-request\ndata: {}\n\n:\n\n");
        for at in 0..text.len() {
            let (before, after) = text.split_at(at);
            let expected = [Received { seq: 7, event: Some(REQUEST) }];
            assert_eq!(read(&[before, after]), expected, "{at}");
        }
    }

    /// WHATWG HTML §9.2.6: lines end with CR, LF or both; the space after the colon is optional;
    /// data of several lines is one text.
    #[test]
    fn other_writers_of_the_format_are_understood() {
        let text = "id:8\r\nevent:status-request\rdata: {\ndata:}\r\nretry: 5\n\n";
        assert_eq!(read(&[text]), [Received { seq: 8, event: Some(REQUEST) }]);
        // Of a newer provider: acknowledged, and not understood.
        assert_eq!(read(&["id: 9\nevent: new\ndata: {}\n\n"]), [Received { seq: 9, event: None }]);
        assert_eq!(read(&["event: status-request\ndata: {}\n\n"]), []);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut reader = Reader::default();
        let piece = [b'x'; 1024];
        let refused = (0..=MAX_EVENT_BYTES / piece.len()).find_map(|_| reader.push(&piece).err());
        assert_eq!(refused, Some(Endless));
        let mut lines = Reader::default();
        let piece = "data: x\n".repeat(128);
        let most = 2 * MAX_EVENT_BYTES / piece.len();
        assert!((0..most).any(|_| lines.push(piece.as_bytes()).is_err()));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(pieces: Vec<Vec<u8>>) {
            let mut reader = Reader::default();
            for piece in pieces {
                let _ = reader.push(&piece);
            }
        }
    }
}
