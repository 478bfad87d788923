//! A place in an operator's file: what every error and warning points at.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::told::told;

/// A file and, where known, a line in it (from 1). Displays as `FILE:LINE` or `FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    file: Arc<Path>,
    line: Option<u64>,
}

impl Spot {
    /// The file as a whole.
    pub(crate) fn file(file: &Arc<Path>) -> Self {
        Self { file: Arc::clone(file), line: None }
    }

    /// One line of the file, counted from 1.
    pub(crate) fn line(file: &Arc<Path>, line: u64) -> Self {
        Self { file: Arc::clone(file), line: Some(line) }
    }

    /// The path as it was given.
    pub(crate) fn path(&self) -> &Path {
        &self.file
    }

    /// The line, counted from 1, where one is known.
    pub(crate) fn line_number(&self) -> Option<u64> {
        self.line
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&told(&self.file.display().to_string()))?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// Turns byte offsets of one text into lines, counting each byte once as long as the offsets do
/// not fall back far.
pub(crate) struct LineCursor<'a> {
    text: &'a str,
    offset: usize,
    line: u64,
}

impl<'a> LineCursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, offset: 0, line: 1 }
    }

    /// The line, counted from 1, that holds the byte at `offset`.
    pub(crate) fn line_at(&mut self, offset: usize) -> u64 {
        let offset = offset.min(self.text.len());
        let newlines = |range: &[u8]| range.iter().filter(|byte| **byte == b'\n').count() as u64;
        let bytes = self.text.as_bytes();
        if offset >= self.offset {
            self.line += newlines(&bytes[self.offset..offset]);
        } else {
            self.line -= newlines(&bytes[offset..self.offset]);
        }
        self.offset = offset;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_counts_forwards_and_backwards() {
        let mut cursor = LineCursor::new("a\nbc\n\nd");
        assert_eq!(cursor.line_at(0), 1);
        assert_eq!(cursor.line_at(6), 4);
        assert_eq!(cursor.line_at(3), 2);
        assert_eq!(cursor.line_at(999), 4);
    }
}
