//! Pieces in memory that go to one place of a file in few calls, none of which is large.

use std::fs::File;
use std::io::{self, IoSlice};

use bytes::Bytes;
use rustix::io::{Errno, pwritev};

/// Pieces written in one call.
const MAX_PIECES: usize = 64;
/// Bytes written in one call. For larger ones the system takes pieces of memory as large as that,
/// which it seldom has at hand: a virtual machine has to ask its host for them, and a gibibyte then
/// takes some seconds of processor time where it takes half a second otherwise.
const STEP: usize = 16 << 10;

/// Pieces, and how far they are written.
pub(crate) struct Gather<'a> {
    pieces: &'a [Bytes],
    /// Bytes of the first piece that are written.
    done: usize,
}

impl<'a> Gather<'a> {
    pub(crate) fn of(pieces: &'a [Bytes]) -> Self {
        Self { pieces, done: 0 }
    }

    /// Writes the next `length` bytes to a file, from `offset` on.
    ///
    /// # Errors
    /// The disk refuses; `UnexpectedEof` where the pieces are shorter.
    pub(crate) fn write(&mut self, file: &File, offset: u64, length: usize) -> io::Result<()> {
        let (mut offset, mut left) = (offset, length);
        while left > 0 {
            let slices = self.next(left.min(STEP));
            if slices.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let written = match pwritev(file, &slices, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => written,
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            self.advance(written);
            (offset, left) = (offset + written as u64, left - written);
        }
        Ok(())
    }

    /// As much of the next `most` bytes as one call takes.
    fn next(&self, most: usize) -> Vec<IoSlice<'a>> {
        let (mut left, mut skip) = (most, self.done);
        let mut slices = Vec::new();
        for piece in self.pieces.iter().take(MAX_PIECES) {
            if left == 0 {
                break;
            }
            let piece = &piece[skip.min(piece.len())..];
            let piece = &piece[..piece.len().min(left)];
            (left, skip) = (left - piece.len(), 0);
            if !piece.is_empty() {
                slices.push(IoSlice::new(piece));
            }
        }
        slices
    }

    /// A copy of the next `length` bytes, or of as many as there are.
    pub(crate) fn next_bytes(&self, length: usize) -> Vec<u8> {
        let bytes = self.pieces.iter().flat_map(|piece| piece.iter().copied());
        bytes.skip(self.done).take(length).collect()
    }

    /// Goes on behind so many bytes.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.done += bytes;
        while let Some((first, rest)) = self.pieces.split_first() {
            if self.done < first.len() {
                return;
            }
            self.done -= first.len();
            self.pieces = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    /// 200 pieces of 0 to 6 bytes, 594 in all, in two parts that end within pieces.
    #[test]
    fn pieces_go_where_they_belong_however_they_are_cut() {
        let pieces: Vec<Bytes> =
            (0..200_u32).map(|n| vec![n as u8; n as usize % 7].into()).collect();
        let whole: Vec<u8> = pieces.concat();
        assert_eq!(whole.len(), 594);
        let file = tempfile::tempfile().unwrap();
        let mut gather = Gather::of(&pieces);
        gather.write(&file, 1000, 100).unwrap();
        gather.write(&file, 0, 494).unwrap();
        let (mut first, mut second) = (vec![0; 100], vec![0; 494]);
        file.read_exact_at(&mut first, 1000).unwrap();
        file.read_exact_at(&mut second, 0).unwrap();
        assert_eq!([first, second].concat(), whole);
        let short = gather.write(&file, 0, 1).unwrap_err();
        assert_eq!(short.kind(), io::ErrorKind::UnexpectedEof);
    }
}
