//! Frames that are written together: few calls, and records of TLS that are full.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::{Buf, Bytes, BytesMut};
use mp2p::frame::{Frame, FrameError};
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// Bytes after which no more frames are taken in.
pub(crate) const BATCH_BYTES: usize = 256 << 10;
/// Pieces that are handed over in one call.
const MAX_PIECES: usize = 32;

/// Frames as bytes; those of DATA are not copied.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    head: BytesMut,
    pieces: VecDeque<Bytes>,
    bytes: usize,
    frames: u32,
    /// Bytes of DATA frames.
    data: usize,
}

impl Batch {
    /// Takes a frame in.
    ///
    /// # Errors
    /// It is longer than its type may be.
    pub(crate) fn push(&mut self, frame: &Frame) -> Result<(), FrameError> {
        let payload = frame.encode(&mut self.head)?;
        let head = self.head.split().freeze();
        let length = head.len() + payload.len();
        self.pieces.push_back(head);
        if !payload.is_empty() {
            self.pieces.push_back(payload);
        }
        self.bytes += length;
        self.frames += 1;
        self.data += if matches!(frame, Frame::Data(_)) { length } else { 0 };
        Ok(())
    }

    /// Whether it is to be written before more comes in.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes >= BATCH_BYTES
    }

    /// How many frames it has.
    pub(crate) fn frames(&self) -> u32 {
        self.frames
    }

    /// Writes all of it, down to the connection; how many bytes of DATA frames there were. It is
    /// empty then.
    ///
    /// # Errors
    /// The connection breaks.
    pub(crate) async fn write(&mut self, out: &mut (impl AsyncWrite + Unpin)) -> io::Result<usize> {
        while !self.pieces.is_empty() {
            let mut slices = [IoSlice::new(&[]); MAX_PIECES];
            let mut count = 0;
            for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
                *slice = IoSlice::new(piece);
                count += 1;
            }
            match out.write_vectored(&slices[..count]).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => self.written(written),
            }
        }
        out.flush().await?;
        (self.bytes, self.frames) = (0, 0);
        Ok(std::mem::take(&mut self.data))
    }

    fn written(&mut self, mut bytes: usize) {
        while let Some(piece) = self.pieces.front_mut() {
            if bytes < piece.len() {
                return piece.advance(bytes);
            }
            bytes -= piece.len();
            self.pieces.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use mp2p::frame::{Data, Get, decode};
    use tokio::io::AsyncReadExt;

    use super::*;

    /// Through a pipe that takes 1,000 bytes at a time: all frames arrive as they were.
    #[tokio::test]
    async fn what_is_written_in_parts_arrives_whole() {
        let (mut near, mut far) = tokio::io::duplex(1000);
        let data = |fragment: u32, size: usize| {
            let bytes = Bytes::from(vec![fragment as u8; size]);
            Frame::Data(Data { fragment, offset: 0, delivery: None, bytes })
        };
        let frames =
            [data(1, 5000), Frame::Get(Get { fragment: 7, offset: 8 }), data(2, 1), data(3, 999)];
        let mut batch = Batch::default();
        frames.iter().for_each(|frame| batch.push(frame).unwrap());
        assert_eq!(batch.frames(), 4);
        let written = tokio::spawn(async move {
            let written = batch.write(&mut near).await.unwrap();
            (written, batch.frames())
        });
        let mut all = Vec::new();
        far.read_to_end(&mut all).await.unwrap();
        // Header of 5 and fields of 10 bytes before those of each of the three DATA.
        assert_eq!(written.await.unwrap(), (6000 + 3 * 15, 0));
        let mut buffer = BytesMut::from(&*all);
        for frame in frames {
            assert_eq!(decode(&mut buffer).unwrap(), Some(frame));
        }
        assert!(buffer.is_empty());
    }
}
