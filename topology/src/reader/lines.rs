//! Lines of a text that is read piece by piece, whatever ends them: a line feed, a carriage return
//! before one, or a carriage return alone, as spreadsheets write "CSV (Macintosh)".

use std::io::{self, BufRead, ErrorKind};

/// Appends the next line, its end included, to `bytes`, at most `bytes_max` of it; the number of
/// bytes read, 0 at the end of the text.
pub(crate) fn read(
    input: &mut impl BufRead,
    bytes: &mut Vec<u8>,
    bytes_max: usize,
) -> io::Result<usize> {
    let before = bytes.len();
    let mut returned = false;
    loop {
        let left = bytes_max - (bytes.len() - before);
        let buffered = match input.fill_buf() {
            Ok(buffered) => &buffered[..buffered.len().min(left)],
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = if returned {
            Some(usize::from(buffered.first() == Some(&b'\n')))
        } else {
            buffered.iter().position(|byte| is_end(*byte)).map(|at| at + 1)
        };
        let taken = end.unwrap_or(buffered.len());
        bytes.extend_from_slice(&buffered[..taken]);
        let over = buffered.is_empty() || returned || bytes.last() == Some(&b'\n');
        input.consume(taken);
        if over {
            return Ok(bytes.len() - before);
        }
        returned = end.is_some();
    }
}

/// Whether a line as it was read has its end.
pub(crate) fn is_whole(bytes: &[u8]) -> bool {
    bytes.last().is_some_and(|byte| is_end(*byte))
}

fn is_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// The lines of a text that comes `capacity` bytes at a time, each at most `bytes_max` long.
    fn lines(text: &str, capacity: usize, bytes_max: usize) -> Vec<String> {
        let mut input = BufReader::with_capacity(capacity, text.as_bytes());
        let (mut lines, mut bytes) = (Vec::new(), Vec::new());
        while read(&mut input, &mut bytes, bytes_max).unwrap() > 0 {
            lines.push(String::from_utf8(std::mem::take(&mut bytes)).unwrap());
        }
        lines
    }

    #[test]
    fn a_line_ends_by_a_line_feed_a_carriage_return_or_both_however_the_bytes_come() {
        for capacity in 1..20 {
            assert_eq!(
                lines("ab\nc\r\n\r\rd\n\r\ne\r", capacity, 99),
                ["ab\n", "c\r\n", "\r", "\r", "d\n", "\r\n", "e\r"]
            );
            assert_eq!(lines("a\r\nb", capacity, 99), ["a\r\n", "b"]);
        }
        assert!(lines("", 1, 99).is_empty());
    }

    #[test]
    fn a_line_has_an_end_where_the_text_has_none() {
        assert_eq!(lines("abcdef\n", 2, 3), ["abc", "def", "\n"]);
        assert!(!is_whole(b"abc") && !is_whole(b"") && is_whole(b"c\r") && is_whole(b"c\n"));
    }
}
