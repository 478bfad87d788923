//! Memory that what comes is read into. A block is used again once nobody has any of its frames:
//! the system gives new memory page by page, which costs as much as to copy what it is for.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;
use mp2p::frame::HEADER_BYTES;

/// A record of TLS fits in whatever room there is.
const RECORD_BYTES: usize = 16 << 10;
/// Four long slices, and the begin of a fifth, which alone is copied to the next block.
const BLOCK_BYTES: usize = 280 << 10;
/// The first block of a link, which may never have more to read.
const FIRST_BYTES: usize = 32 << 10;
/// Blocks that are kept, by all links together: 16 MiB.
const MAX_KEPT: usize = (16 << 20) / BLOCK_BYTES;

static KEPT: Mutex<Kept> = Mutex::new(Kept(Vec::new()));

/// Blocks that were read, the last ones at the end; somebody may still have frames of them.
#[derive(Debug)]
struct Kept(Vec<BytesMut>);

/// The blocks of one link.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    /// The one that is read into is one of those that are kept.
    is_whole: bool,
}

impl Blocks {
    /// Makes room for the rest of a frame that has begun, and for a record of TLS. A frame that is
    /// there is to be taken out first.
    pub(crate) fn make_room(&mut self, buffer: &mut BytesMut) {
        let begun = buffer.first_chunk::<HEADER_BYTES>().map_or(0, |[length @ .., _kind]| {
            let whole = (u32::from_be_bytes(*length) as usize).saturating_add(HEADER_BYTES - 1);
            // Those that are longer than any may be are refused on their header.
            whole.min(BLOCK_BYTES)
        });
        let needed = begun.max(buffer.len() + RECORD_BYTES);
        if buffer.capacity() >= needed || (1..=buffer.len()).contains(&begun) {
            return;
        }
        let is_first = buffer.capacity() == 0;
        let spare = if is_first { None } else { kept().take() };
        let bytes = if is_first { FIRST_BYTES } else { BLOCK_BYTES };
        let mut next = spare.unwrap_or_else(|| BytesMut::with_capacity(bytes.max(needed)));
        next.extend_from_slice(buffer);
        let last = std::mem::replace(buffer, next);
        if std::mem::replace(&mut self.is_whole, !is_first) {
            kept().put(last);
        }
    }
}

impl Kept {
    /// The last block that nobody has any of.
    fn take(&mut self) -> Option<BytesMut> {
        let place = self.0.iter_mut().rposition(|block| block.try_reclaim(BLOCK_BYTES))?;
        Some(self.0.remove(place))
    }

    fn put(&mut self, mut block: BytesMut) {
        block.clear();
        if self.0.len() >= MAX_KEPT {
            self.0.remove(0);
        }
        self.0.push(block);
    }
}

fn kept() -> MutexGuard<'static, Kept> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use bytes::{BufMut, Bytes};
    use mp2p::frame::{Data, Frame, decode};

    use super::*;

    /// 40 slices of 64 KiB come in pieces of 10,000 bytes, and each is dropped when the sixth after
    /// it has come: none is overwritten before.
    #[test]
    fn no_block_is_used_again_while_somebody_has_a_frame_of_it() {
        let slice = |number: u32| {
            let bytes = Bytes::from(vec![number as u8; 64 << 10]);
            Frame::Data(Data { fragment: number, offset: 0, delivery: None, bytes })
        };
        let mut all = BytesMut::new();
        for number in 0..40 {
            let payload = slice(number).encode(&mut all).unwrap();
            all.put(payload);
        }
        let (mut blocks, mut buffer) = (Blocks::default(), BytesMut::new());
        let (mut held, mut count) = (VecDeque::new(), 0);
        for piece in all.chunks(10_000) {
            blocks.make_room(&mut buffer);
            assert!(buffer.capacity() - buffer.len() >= piece.len());
            buffer.extend_from_slice(piece);
            loop {
                blocks.make_room(&mut buffer);
                let Some(frame) = decode(&mut buffer).unwrap() else { break };
                held.push_back(frame);
                if held.len() > 6 {
                    assert_eq!(held.pop_front(), Some(slice(count)), "{count}");
                    count += 1;
                }
            }
        }
        let rest: Vec<Frame> = held.into();
        assert_eq!(rest, (34..40).map(slice).collect::<Vec<_>>());
    }

    #[test]
    fn the_last_block_that_is_free_is_used_next_and_so_many_are_kept() {
        let mut kept = Kept(Vec::new());
        let mut block = |number: u8| {
            let mut block = BytesMut::with_capacity(BLOCK_BYTES);
            block.put_bytes(number, 1000);
            let frame = block.split_to(1000).freeze();
            let place = frame.as_ptr();
            kept.put(block);
            (frame, place)
        };
        let (first, (_second, _)) = (block(1), block(2));
        assert!(kept.take().is_none(), "somebody has a frame of each");
        drop(first.0);
        let again = kept.take().unwrap();
        assert_eq!((again.as_ptr(), again.capacity(), again.len()), (first.1, BLOCK_BYTES, 0));
        assert!(kept.take().is_none());
        (0..100).for_each(|_| kept.put(BytesMut::with_capacity(BLOCK_BYTES)));
        assert_eq!(kept.0.len(), 58, "16 MiB");
    }
}
