//! Frames that are written together: few calls, and records of TLS that are full.

use std::collections::VecDeque;
use std::io;

use bytes::{Bytes, BytesMut};
use mp2p::frame::{Frame, FrameError};

use crate::wire::outgoing::Outgoing;

/// Bytes after which no more frames are taken in.
const BATCH_BYTES: usize = 256 << 10;

/// Frames as bytes; those of DATA are not copied.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// What was said since the last DATA.
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
        let before = self.head.len();
        let payload = frame.encode(&mut self.head)?;
        let length = self.head.len() - before + payload.len();
        if !payload.is_empty() {
            self.pieces.push_back(self.head.split().freeze());
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
    pub(crate) async fn write(&mut self, out: &mut Outgoing) -> io::Result<usize> {
        for piece in self.pieces.drain(..) {
            out.seal(&piece).map_err(io::Error::other)?;
        }
        out.seal(&self.head.split()).map_err(io::Error::other)?;
        out.flush().await?;
        (self.bytes, self.frames) = (0, 0);
        Ok(std::mem::take(&mut self.data))
    }
}
